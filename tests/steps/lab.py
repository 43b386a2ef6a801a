"""Steps brought up and down by the real engine against the sandbox, in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3

from provisioner import engine
from provisioner.events import Event, Notice, StepEvent
from provisioner.pace import Pace
from provisioner.run import Setting
from provisioner.stop import Stop
from state.ledger import Ledger
from state.record import Operation, Pin, Record, StackState
from state.store import Store
from steps.aws.context import Aws
from steps.aws.owner import Owner
from steps.aws.session import Elsewhere, clients, single_attempt_clients
from steps.base import Step
from steps.registry import KINDS
from tests.sandbox_fixture import Sandbox

ACCOUNT = "123456789012"
REGION = "us-east-1"


@dataclass
class Told:
    events: list[Event] = field(default_factory=list)

    def tell(self, event: Event) -> None:
        self.events.append(event)

    def tick(self) -> None:
        pass


class Lab:
    """A stack of steps with its state file. `up`, `down` and `up` again raise what the engine raises."""

    def __init__(self, sandbox: Sandbox, folder: Path, *, scale: float = 60.0, stack: str = "lab") -> None:
        self.sandbox = sandbox
        made = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION)
        self.aws = Aws(
            clients(made, sandbox.endpoint),
            single_attempt_clients(made, sandbox.endpoint),
            Owner(stack, f"{stack}-id"),
            ACCOUNT,
            REGION,
            elsewhere=Elsewhere(made, sandbox.endpoint),
        )
        pin = Pin(ACCOUNT, REGION, sandbox.endpoint)
        self.ledger = Ledger(Store(folder / f"{stack}.json"), StackState(stack, f"{stack}-id", pin))
        self.pace = Pace(scale=scale)
        self.told = Told()

    def patient(self) -> Lab:
        """For what waits for lost answers: on a busy machine a repeated call takes longer than the patience."""
        self.pace = Pace(scale=60.0)
        return self

    def up(self, steps: Sequence[Step]) -> Lab:
        engine.provision(self._setting(Operation.PROVISION), steps)
        return self

    def down(self, *, forced: frozenset[str] = frozenset()) -> Lab:
        self.aws = replace(self.aws, forced=forced)
        engine.destroy(self._setting(Operation.DESTROY))
        assert not self.ledger.records
        return self

    def _setting(self, operation: Operation) -> Setting:
        self.told.events.clear()
        self.ledger.update(operation=operation)
        return Setting(self.aws, self.ledger, self.told, self.pace, Stop(), 16, KINDS)

    def changed(self, steps: Sequence[Step]) -> list[str]:
        """The mutating calls that bringing these up once more makes."""
        self.sandbox.forget_calls()
        self.up(steps)
        return [str(call["action"]) for call in self.sandbox.calls(mutating=True)]

    def record(self, step: str) -> Record:
        return self.ledger.records[step]

    def id_of(self, step: str) -> str:
        found = self.record(step).id
        assert found is not None
        return found

    def outputs(self, step: str) -> Mapping[str, Any]:
        return self.record(step).outputs

    def client(self, service: str) -> Any:
        return self.sandbox.client(service, REGION)

    def outcomes(self) -> dict[str, str]:
        """What became of each step in the last run."""
        return {
            event.step: event.outcome.value
            for event in self.told.events
            if isinstance(event, StepEvent) and event.outcome
        }

    def said(self, step: str) -> list[str]:
        """What was said while waiting for a step in the last run."""
        return [event.said for event in self.told.events if isinstance(event, StepEvent) and event.step == step]

    def notices(self) -> list[str]:
        return [event.text for event in self.told.events if isinstance(event, Notice)]
