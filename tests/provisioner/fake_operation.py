"""The operations of the command line without AWS: they return, tell or raise what a test gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from provisioner.events import Listener, Outcome
from provisioner.operate import Tools
from provisioner.recorded import NoSuchStack, Options
from provisioner.sandbox.control import Status, Wish
from provisioner.stop import Stop
from state.record import Operation, Phase, Pin, Record, StackState
from state.record import Status as Ended
from state.store import StateError
from tests.provisioner.scripted import done, started

STACK = StackState(
    "demo",
    "0123456789abcdef",
    Pin("123456789012", "us-east-1"),
    status=Ended.DONE,
    records={
        "vpc": Record("vpc", "vpc", Phase.READY, id="vpc-1", intended_at="2026-01-01T10:00:00.000+00:00"),
        "caller": Record(
            "caller", "function", Phase.CREATED, id="arn:aws:lambda:us-east-1:123456789012:function:x"
        ),
    },
    started_at="2026-01-01T10:00:00.000+00:00",
)


@dataclass
class FakeOperations:
    """`error` is raised by every run, after its steps have begun if `begun`; `calls` tells what was asked for."""

    state: StackState | None = STACK
    error: Exception | None = None
    begun: bool = True
    calls: list[tuple[object, ...]] = field(default_factory=list)
    options: Options | None = None

    def provision(
        self,
        file: Path,
        overrides: Sequence[str],
        name: str | None,
        options: Options,
        listener: Listener,
        stop: Stop,
    ) -> StackState:
        return self._run(("provision", str(file), tuple(overrides), name), "provision", options, listener)

    def resume(self, name: str | None, options: Options, listener: Listener, stop: Stop) -> StackState:
        return self._run(("resume", name), "provision", options, listener)

    def destroy(self, name: str | None, options: Options, listener: Listener, stop: Stop) -> StackState:
        return self._run(("destroy", name), "destroy", options, listener)

    def find(self, name: str | None, options: Options) -> StackState:
        if self.state is None or name not in (None, self.state.stack):
            raise NoSuchStack("no such stack is recorded. Fix: name one.")
        return self.state

    def every(self, options: Options) -> list[tuple[Path, StackState | StateError]]:
        return [(Path("demo.json"), self.state)] if self.state else []

    def state_path(self, name: str, options: Options) -> Path:
        return options.folder / f"{name}.json"

    def outputs_of(self, state: StackState) -> Mapping[str, str]:
        return {"vpc.id": "vpc-1"}

    def _run(self, call: tuple[object, ...], operation: str, options: Options, listener: Listener) -> StackState:
        self.calls.append(call)
        self.options = options
        if self.begun:
            listener.tell(started("vpc", "caller", operation=operation))
            listener.tell(done("vpc", Outcome.CREATED))
        if self.error:
            raise self.error
        assert self.state is not None
        return self.state


DESTROYED = StackState("demo", "0123456789abcdef", STACK.pin, Operation.DESTROY, Ended.DONE)


@dataclass
class FakeSandbox:
    """`running` is the one of this folder; `elsewhere` the id of the one that any endpoint names."""

    running: Status | None = None
    elsewhere: str | None = None
    wishes: list[Wish] = field(default_factory=list)
    error: OSError | None = None

    def start(self, home: Path, wish: Wish | None = None) -> Status:
        wish = wish or Wish()
        self.wishes.append(wish)
        if self.error:
            raise self.error
        self.running = self.running or sandbox_that_runs(wish.profile)
        return self.running

    def stop(self, home: Path) -> bool:
        ran, self.running = self.running is not None, None
        return ran

    def status(self, home: Path) -> Status | None:
        return self.running

    def reset(self, home: Path) -> Status:
        assert self.running is not None
        return self.running

    def identify(self, endpoint: str) -> str | None:
        return self.elsewhere


def sandbox_that_runs(profile: str = "scaled=30", name: str = "new") -> Status:
    return Status(True, 1, 5000, "http://127.0.0.1:5000", name, profile, "2026-01-01T10:00:00.000+00:00")


def tools(
    operations: FakeOperations,
    ended: list[int] | None = None,
    sandbox: FakeSandbox | None = None,
    environ: Mapping[str, str] | None = None,
) -> Tools:
    """Tools with these operations; leaving the process at once is only noted."""
    noted = [] if ended is None else ended
    used = sandbox or FakeSandbox()
    return Tools(lambda: operations, lambda: used, {"CI": "true", **(environ or {})}, noted.append)
