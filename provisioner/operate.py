"""Carries out an operation before the user's eyes: signals, reporter, the end of it, the exit code."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from provisioner import exits, report
from provisioner.exits import Exit, Situation
from provisioner.options import Common
from provisioner.report.base import Reporter
from provisioner.report.life import Life
from provisioner.report.screen import Screen
from provisioner.stop import Stop, listening
from provisioner.targets import FOLDER

if TYPE_CHECKING:
    from provisioner.events import Listener
    from provisioner.recorded import Options
    from provisioner.sandbox.control import Status, Wish
    from state.record import StackState
    from state.store import StateError


class Operations(Protocol):
    """What `provisioner.operation` offers."""

    def provision(
        self,
        file: Path,
        overrides: Sequence[str],
        name: str | None,
        options: Options,
        listener: Listener,
        stop: Stop,
    ) -> StackState: ...

    def resume(self, name: str | None, options: Options, listener: Listener, stop: Stop) -> StackState: ...

    def destroy(self, name: str | None, options: Options, listener: Listener, stop: Stop) -> StackState: ...

    def find(self, name: str | None, options: Options) -> StackState: ...

    def every(self, options: Options) -> list[tuple[Path, StackState | StateError]]: ...

    def state_path(self, name: str, options: Options) -> Path: ...

    def outputs_of(self, state: StackState) -> Mapping[str, str]: ...


class Sandbox(Protocol):
    """What `provisioner.sandbox.control` offers."""

    def start(self, home: Path, wish: Wish | None = None) -> Status: ...

    def stop(self, home: Path) -> bool: ...

    def status(self, home: Path) -> Status | None: ...

    def reset(self, home: Path) -> Status: ...

    def identify(self, endpoint: str) -> str | None: ...


def _operations() -> Operations:
    from provisioner import operation

    return cast("Operations", operation)


def _sandbox() -> Sandbox:
    from provisioner.sandbox import control

    return cast("Sandbox", control)


@dataclass(frozen=True)
class Tools:
    """What the commands work with. Imported when a command needs it; `end` leaves the process there and then."""

    operations: Callable[[], Operations] = _operations
    sandbox: Callable[[], Sandbox] = _sandbox
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    end: Callable[[int], Any] = os._exit
    given: tuple[str, ...] = ()
    """The command line as it was typed, for whoever must type it again."""

    def screen(self, common: Common) -> Screen:
        return Screen(sys.stdout, sys.stderr, self.environ, as_json=common.as_json, quiet=common.quiet)


Work = Callable[[Operations, "Options", Reporter, Stop], "StackState"]


def operate(tools: Tools, common: Common, name: Callable[[], str | None], work: Work) -> int:
    """Run `work` and show it to the end; returns the exit code.

    `name` tells which stack is meant where the run has not come far enough to say so itself.
    """
    chosen = report.style(sys.stdout, tools.environ, as_json=common.as_json, quiet=common.quiet)
    reporter, stop = report.reporter(chosen), Stop()
    try:
        with listening(stop, reporter.announce, lambda: _at_once(common, reporter)):
            state = work(tools.operations(), common.options(), reporter, stop)
        reporter.done(_outputs(tools, state), _moves(common, state))
        return Exit.DONE
    except Exception as error:
        return _failed(tools, common, reporter, error, _situation(tools, common, reporter, stop, name))
    finally:
        reporter.close()


def life_of(tools: Tools, common: Common, state: StackState, path: Path | None = None) -> Life:
    """Whether somebody works on a recorded stack now, and whether its sandbox still is: AWS is not asked."""
    from state.lock import held

    holder = held(path or tools.operations().state_path(state.stack, common.options()))
    return Life(str(holder) if holder else "", _emptied(tools, state))


def _emptied(tools: Tools, state: StackState) -> bool:
    """Whether a stack lived in a sandbox that is neither this folder's nor the one that the environment names."""
    kind, _, recorded = state.pin.endpoint.partition(":")
    if kind != "sandbox" or state.destroyed or not state.records:
        return False
    running = tools.sandbox().status(FOLDER)
    if running is not None and running.id == recorded:
        return False
    endpoint = tools.environ.get("AWS_ENDPOINT_URL")
    return not endpoint or tools.sandbox().identify(endpoint) != recorded


def _at_once(common: Common, reporter: Reporter) -> None:
    """The last words before the process is ended in a signal handler: no buffer, no lock."""
    reporter.at_once()
    line = (
        command_line(common, "resume", reporter.tally.stack) if reporter.tally.stack else "the same command again"
    )
    with suppress(OSError):
        os.write(2, f"ended at once; nothing is lost\n  next  {line}\n".encode())


def _outputs(tools: Tools, state: StackState) -> Mapping[str, str]:
    return {} if state.destroyed else tools.operations().outputs_of(state)


def _moves(common: Common, state: StackState) -> list[tuple[str, str]]:
    """What to type next."""
    if state.destroyed:
        return []
    return [
        (command_line(common, "verify", state.stack), "proves that it connects"),
        (command_line(common, "status", state.stack), "every resource with its id"),
        (command_line(common, "destroy", state.stack), "takes it all down again"),
    ]


def command_line(common: Common, command: str, stack: str) -> str:
    """A line to type."""
    return shlex.join(["provisioner", command, stack, *common.again()])


def _situation(
    tools: Tools, common: Common, reporter: Reporter, stop: Stop, name: Callable[[], str | None]
) -> Situation:
    begun = reporter.tally.started is not None
    stack = reporter.tally.stack or _meant(name)
    again = shlex.join(["provisioner", *tools.given])
    return Situation(
        stack=stack,
        begun=begun,
        recorded=begun or _recorded(tools, common, stack),
        resume=command_line(common, "resume", stack) if stack else "",
        again=again,
        changed=again if tools.given[:1] == ("provision",) else "",
        signal_exit=stop.exit_code,
        verbose=common.verbose,
    )


def _meant(name: Callable[[], str | None]) -> str:
    """The name of the stack, or nothing: why there is none, the run's error tells."""
    try:
        return name() or ""
    except Exception:
        return ""


def _recorded(tools: Tools, common: Common, stack: str) -> bool:
    """Whether anything is recorded of this stack that is not destroyed."""
    try:
        return bool(stack) and not tools.operations().find(stack, common.options()).destroyed
    except Exception:
        return False


def _failed(tools: Tools, common: Common, reporter: Reporter, error: Exception, situation: Situation) -> int:
    problem = exits.explain(error, situation)
    reporter.failed(problem)
    if problem.unanswered:  # their threads hang in a read, and an ordinary exit would wait for them
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # nobody reads any more
                stream.flush()
        tools.end(problem.exit)
    return problem.exit
