"""The five systems and their variants: the example, what it is asked besides, and what it takes for granted."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from provisioner import operation, stack
from provisioner.events import Event, Notice, Outcome, StepEvent
from provisioner.recorded import Options
from provisioner.stop import Stop
from provisioner.surroundings import taken_for_granted
from state.record import StackState
from tests.inventory import inventory
from tests.life.tool import REGION, ROOT
from tests.sandbox_fixture import Sandbox

Inventory = dict[str, list[str]]
ACCOUNT = "123456789012"


@dataclass(frozen=True)
class System:
    """`asked` are overrides of the example's keys, `rewritten` is what stands in its place, if anything does."""

    example: str
    asked: tuple[str, ...] = ()
    rewritten: Path | None = None

    @property
    def file(self) -> Path:
        return self.rewritten or ROOT / "examples" / f"{self.example}.toml"

    def __str__(self) -> str:
        return " ".join([self.example, *(one.partition(".")[2] for one in self.asked if "image" not in one)])


SYSTEMS = (
    System("private-lambda"),
    System("internal-api"),
    System("lambda-database"),
    System("public-api"),
    System("multi-service"),
)
_REGISTRY = f"123456789012.dkr.ecr.{REGION}.amazonaws.com"
_FROM_ECR = tuple(f"services.{name}.image={_REGISTRY}/{name}:1" for name in ("webapp", "backend"))
POSTGRES = System("lambda-database", ("database.engine=postgres",))
FURTHER = (*SYSTEMS[1:], POSTGRES)
VARIANTS = (
    System("private-lambda", ("network.nat_gateways=per-az",)),
    POSTGRES,
    System("multi-service", ("network.egress=nat",)),
    System("multi-service", ("network.egress=nat", 'network.endpoints=["s3"]')),
    System("multi-service", ("network.egress=endpoints", *_FROM_ECR)),
    System("multi-service", ("network.egress=nat", "services.webapp.public_ip=true")),
)


def furnish(sandbox: Sandbox, system: System) -> None:
    """Make what the system takes for granted."""
    wants = taken_for_granted(stack.load(system.file, system.asked))
    sandbox.ask("POST", "furnish", {"account": ACCOUNT, "region": REGION, "wants": wants})


@dataclass(frozen=True)
class Life:
    """What stood, and by which calls it came up and went down."""

    standing: Inventory
    up: list[str]
    down: list[str]


@dataclass
class Told:
    events: list[Event] = field(default_factory=list)
    stop: Stop = field(default_factory=Stop)
    patience: int | None = None
    """After so many events somebody presses ctrl-C."""

    def tell(self, event: Event) -> None:
        self.events.append(event)
        if self.patience is not None and len(self.events) >= self.patience:
            self.stop.signal = signal.SIGINT

    def tick(self) -> None:
        pass

    def outcomes(self) -> dict[str, Outcome]:
        return {one.step: one.outcome for one in self.events if isinstance(one, StepEvent) and one.outcome}

    def notices(self) -> list[str]:
        return [one.text for one in self.events if isinstance(one, Notice)]


class Inside:
    """A system brought up and down in this process, which saves the start of another one.

    The environment must name the sandbox (fixture `bring`).
    """

    def __init__(self, sandbox: Sandbox, folder: Path, system: System) -> None:
        self.sandbox, self.system = sandbox, system
        furnish(sandbox, system)
        self.options = Options(folder=folder / ".provisioner")
        self.told = Told()
        self.patience: int | None = None
        """Of whoever watches the next run, in events: then they press ctrl-C."""
        self.before = self.inventory()

    def up(self, *overrides: str) -> StackState:
        asked = (*self.system.asked, *overrides)
        return operation.provision(self.system.file, asked, None, self.options, *self._listening())

    def down(self, *, force_records: bool = False) -> StackState:
        options = replace(self.options, force_records=force_records)
        return operation.destroy(self.system.example, options, *self._listening())

    def _listening(self) -> tuple[Told, Stop]:
        self.told = Told(patience=self.patience)
        self.patience = None
        return self.told, self.told.stop

    def live(self) -> Life:
        """Up and down, and the sandbox empty again."""
        self.sandbox.forget_calls()
        self.up()
        standing, up = self.inventory(), sorted(set(self.mutations()))
        self.sandbox.forget_calls()
        self.down()
        down = sorted(set(self.mutations()))
        self.sandbox.reset()
        return Life(standing, up, down)

    def parallel(self, lanes: int) -> None:
        """From now on runs work on so many things at once; with 1 in the order of the list."""
        self.options = replace(self.options, parallel=lanes)

    @property
    def state_file(self) -> Path:
        return operation.state_path(self.system.example, self.options)

    def inventory(self) -> Inventory:
        return inventory(self.sandbox.endpoint, REGION)

    def client(self, service: str) -> Any:
        return self.sandbox.client(service, REGION)

    def state(self) -> StackState:
        return operation.find(self.system.example, self.options)

    def id_of(self, step: str) -> str:
        found = self.state().records[step].id
        assert found is not None
        return found

    def mutations(self) -> Sequence[str]:
        return [call["action"] for call in self.sandbox.calls(mutating=True)]

    def reads(self) -> Sequence[str]:
        return [call["action"] for call in self.sandbox.calls(mutating=False)]

    def outputs(self) -> dict[str, str]:
        return operation.outputs_of(self.state())
