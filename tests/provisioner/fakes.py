"""A world of resources in memory, and kinds of steps in it, for testing the engine without AWS."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from provisioner.events import Event, Notice, StepEvent
from provisioner.pace import Pace
from provisioner.run import Setting
from provisioner.stop import Stop
from state.ledger import Ledger
from state.record import Pin, Record, StackState
from state.store import Store
from steps.aws.context import Aws, Look
from steps.aws.owner import Owner
from steps.base import Change, Gone, Job, Pending, Ready, Retry, Seen, Step

FAST = Pace(scale=500.0)


@dataclass
class Thing:
    id: str
    step: str
    stack_id: str
    request: Mapping[str, Any]
    token: str
    polls: int = 0
    failed: bool = False


@dataclass
class World:
    """What exists, everything that was done, and what is to go wrong."""

    things: dict[str, Thing] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    """By call (`create vpc`): something to call before it is carried out; may raise."""
    after: dict[str, Any] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, call: str) -> None:
        with self.lock:
            self.calls.append(call)

    def act(self, call: str, effect: Any) -> Any:
        if hook := self.before.get(call):
            hook()
        with self.lock:
            self.calls.append(call)
            result = effect()
        if hook := self.after.get(call):
            hook()
        return result

    def named(self, step: str) -> list[Thing]:
        return [thing for thing in self.things.values() if thing.step == step]

    def mutations(self) -> list[str]:
        return [call for call in self.calls if not call.startswith("survey")]


WORLD: dict[str, World] = {}


@dataclass(frozen=True, kw_only=True)
class Fake(Step):
    """A resource that is ready after `polls` looks and gone after `polls_gone`."""

    kind = "fake"
    noun = "fake"
    family = "fakes"
    polls: int = 0
    wish: str = ""
    loose: str = ""
    mutable = frozenset({"loose", "ids"})
    fail_settle: ClassVar[str] = ""

    def request(self, job: Job) -> dict[str, Any]:
        ids = {need.step: job.id_of(need.step) for need in self.needs}
        return {"wish": self.wish, "loose": self.loose, "ids": ids}

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        world = WORLD[look.aws.account]
        world.note(f"survey {cls.kind}")
        for thing in list(world.things.values()):
            if thing.id.startswith(f"{cls.kind}-") and thing.step not in world.hidden:
                tags = {"provisioner:stack-id": thing.stack_id, "provisioner:step": thing.step}
                yield Seen(thing.id, {"thing": thing}, tags, key=thing.step, spent=thing.failed)

    def create(self, job: Job) -> str:
        world = WORLD[job.aws.account]

        def make() -> str:
            number = len(world.calls)
            made = Thing(
                f"{self.kind}-{number}", self.name, job.aws.owner.stack_id, job.record.request, job.record.token
            )
            world.things[made.id] = made
            return made.id

        result: str = world.act(f"create {self.name}", make)
        return result

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is None:
            return Pending("starting")
        thing: Thing = seen.raw["thing"]
        if thing.polls < self.polls:
            thing.polls += 1
            return Pending(f"poll {thing.polls}")
        if thing.request["loose"] != self.loose:
            WORLD[job.aws.account].act(f"tune {self.name}", lambda: None)
            thing.request = {**thing.request, "loose": self.loose}
            job.notes.append(f"loose is {self.loose} now")
        return Ready({"at": thing.id})

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        if seen is None:
            return Gone()
        world = WORLD[job.aws.account]
        world.act(f"delete {job.record.name}", lambda: world.things.pop(seen.id))
        return Pending("deleting")


@dataclass(frozen=True, kw_only=True)
class Token(Fake):
    """Like a NAT gateway: its token is honoured."""

    kind = "token"
    retry = Retry.TOKEN

    def create(self, job: Job) -> str:
        for thing in WORLD[job.aws.account].things.values():
            if thing.token == job.record.token:
                return thing.id
        return super().create(job)


@dataclass(frozen=True, kw_only=True)
class Revision(Fake):
    """Like a task definition: another wish is another resource."""

    kind = "revision"
    change = Change.REMAKE


@dataclass(frozen=True, kw_only=True)
class Bound(Fake):
    """Like a load balancer in its subnets: it cannot be given other ones."""

    kind = "bound"
    mutable = frozenset()


@dataclass(frozen=True, kw_only=True)
class Last(Fake):
    """Like a role: deleted when all others are gone."""

    kind = "last"
    stage = 2


KINDS: dict[str, type[Step]] = {cls.kind: cls for cls in (Fake, Token, Revision, Bound, Last)}


class Told:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def tell(self, event: Event) -> None:
        self.events.append(event)

    def tick(self) -> None:
        pass

    def outcomes(self) -> dict[str, str]:
        steps = [event for event in self.events if isinstance(event, StepEvent)]
        return {event.step: str(event.outcome) for event in steps if event.progress == "done"}

    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]


class Bench:
    """One stack in one world; each `setting` is a fresh process that knows nothing but the state file."""

    def __init__(self, folder: Path) -> None:
        self.world = World()
        self.store = Store(folder / "demo.json")
        self.account = str(id(self.world))
        WORLD[self.account] = self.world
        self.store.save(StackState("demo", "mine", Pin(self.account, "r")))
        self.told = Told()

    def setting(self, parallel: int = 16, pace: Pace = FAST, stop: Stop | None = None) -> Setting:
        state = self.store.load()
        assert state is not None
        self.told = Told()
        nothing: Any = None
        aws = Aws(nothing, nothing, Owner("demo", state.stack_id), self.account, "r")
        return Setting(aws, Ledger(self.store, state), self.told, pace, stop or Stop(), parallel, KINDS)

    def records(self) -> Mapping[str, Record]:
        state = self.store.load()
        assert state is not None
        return state.records

    def alter(self, name: str, **changes: Any) -> None:
        state = self.store.load()
        assert state is not None
        records = {**state.records, name: replace(state.records[name], **changes)}
        self.store.save(replace(state, records=records))
