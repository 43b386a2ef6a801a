"""Exit codes, and what is said when something does not go through: one table from error to code."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import IntEnum

from provisioner.report.problem import Cause, Problem


class Exit(IntEnum):
    DONE = 0
    FAILED = 1
    BAD_INPUT = 2
    LOCKED = 3
    REFUSED = 4
    UNTOLD = 5
    INTERRUPTED = 130
    TERMINATED = 143


MEANING: Mapping[Exit, str] = {
    Exit.DONE: "done",
    Exit.FAILED: "an AWS operation failed, `resume` goes on; or it does not connect",
    Exit.BAD_INPUT: "bad input, or the account is not ready; nothing was changed",
    Exit.LOCKED: "another run on this stack holds the lock",
    Exit.REFUSED: "refused for safety: wrong account, foreign resource, no confirmation",
    Exit.UNTOLD: "of `explain`: what decides cannot be read, so nobody can tell",
    Exit.INTERRUPTED: "interrupted by ctrl-C; `resume` goes on from there",
    Exit.TERMINATED: "interrupted by SIGTERM; `resume` goes on from there",
}

_HEADLINE: Mapping[Exit | None, str] = {
    None: "this is a bug in provisioner",
    Exit.FAILED: "the AWS operation failed",
    Exit.BAD_INPUT: "error",
    Exit.LOCKED: "locked",
    Exit.REFUSED: "refused",
}


_CONFIGURE = (
    "correct what boto3 goes by: --profile and --region, AWS_PROFILE and the other AWS_ variables, ~/.aws/config "
    "and ~/.aws/credentials"
)


class BadInput(Exception):
    """The command cannot be carried out as it was given."""


class NotConfirmed(Exception):
    """Nobody said that this may be deleted."""


@dataclass(frozen=True)
class Situation:
    """What is known of a run when it fails: whether its steps have begun, whether anything is recorded.

    `resume` is the line that goes on with it once steps have begun, `again` the one that was typed, `changed` the
    one that reads the stack file again, where one was read.
    """

    stack: str = ""
    begun: bool = False
    recorded: bool = False
    resume: str = ""
    again: str = ""
    changed: str = ""
    signal_exit: int = Exit.INTERRUPTED
    verbose: bool = False


def explain(error: BaseException, situation: Situation) -> Problem:
    """What to tell of an error, and the code to exit with."""
    from provisioner.schedule import Failed, Interrupted

    if isinstance(error, Interrupted):
        return _interrupted(error.unanswered, situation)
    failures = [(one.lane, one.error) for one in error.failures] if isinstance(error, Failed) else [("", error)]
    codes = [_code(one, situation.begun) for _, one in failures]
    code = next((one for one in (Exit.REFUSED, Exit.FAILED, *codes) if one in codes), None)
    return Problem(
        exit=code if code is not None else Exit.FAILED,
        headline=_headline(code, situation),
        causes=_grouped(failures, situation),
        next=_next(code, situation),
        changed=situation.changed if code is Exit.FAILED and situation.begun else "",
        traceback="".join(traceback.format_exception(error)) if situation.verbose else "",
        unanswered=error.unanswered if isinstance(error, Failed) else (),
        problems=_problems(error),
    )


def _problems(error: BaseException) -> tuple[Mapping[str, object], ...]:
    from provisioner.stack import StackError

    return tuple(asdict(one) for one in error.problems) if isinstance(error, StackError) else ()


def _headline(code: Exit | None, situation: Situation) -> str:
    if code is not Exit.FAILED or not situation.stack:
        return _HEADLINE[code]
    if situation.begun:
        return f"{situation.stack} failed"
    return f"{situation.stack} failed before anything was {'changed' if situation.recorded else 'made'}"


def _next(code: Exit | None, situation: Situation) -> str:
    """What did not begin is typed again: resuming would do what the run before it was about."""
    if code not in (None, Exit.FAILED):
        return ""
    if situation.begun:
        return situation.resume
    return situation.again if code is Exit.FAILED else ""


def _code(error: BaseException, begun: bool) -> Exit | None:
    """None for what nobody expected."""
    for code, kinds in _table(begun).items():
        if isinstance(error, kinds):
            return code
    return None


def _table(begun: bool) -> Mapping[Exit, tuple[type[BaseException], ...]]:
    """Imported only when something has failed: `--help` must not wait for all this."""
    from provisioner.function_code.payload import PayloadError
    from provisioner.place import NotSetUp, WrongPlace
    from provisioner.recorded import NoSuchStack
    from provisioner.run import Refused
    from provisioner.sandbox.control import SandboxError
    from provisioner.stack import StackError
    from state.lock import Held
    from state.store import StateError, StateWriteError
    from steps.base import StepFailed
    from steps.lifecycle import Ambiguous, Foreign

    return {
        # What the state file cannot take once calls were made is a failed run, to be resumed; before, it is input.
        Exit.FAILED: (StepFailed, StateWriteError) if begun else (StepFailed,),
        Exit.BAD_INPUT: (
            *(BadInput, StackError, PayloadError, NoSuchStack, NotSetUp, StateError, SandboxError),
            *(() if begun else _misconfigured()),
        ),
        Exit.LOCKED: (Held,),
        Exit.REFUSED: (NotConfirmed, WrongPlace, Refused, Foreign, Ambiguous),
    }


def _misconfigured() -> tuple[type[BaseException], ...]:
    """What boto3 raises of its own configuration before it calls anybody."""
    from botocore import exceptions

    return (
        exceptions.ProfileNotFound,
        exceptions.PartialCredentialsError,
        exceptions.CredentialRetrievalError,
        exceptions.ConfigParseError,
        exceptions.ConfigNotFound,
        exceptions.InvalidConfigError,
        exceptions.InvalidRegionError,
    )


def _grouped(failures: Iterable[tuple[str, BaseException]], situation: Situation) -> tuple[Cause, ...]:
    """One cause for all steps that failed alike: sixteen calls with expired credentials are one."""
    found: dict[Cause, tuple[str, ...]] = {}
    for step, error in failures:
        cause = _cause(error, situation)
        found[cause] = (*found.get(cause, ()), *([step] if step else []))
    return tuple(replace(cause, steps=steps) for cause, steps in found.items())


def _cause(error: BaseException, situation: Situation) -> Cause:
    from steps.base import StepFailed

    if isinstance(error, StepFailed):
        why = error.why.removeprefix(f"{error.code}: ") if error.code else error.why
        return Cause(why, _fitting(error.fix, situation), call=error.call, code=error.code)
    if _code(error, situation.begun) is None:
        fix = (
            "the traceback above is what to report"
            if situation.verbose
            else "run it again with -v for the traceback"
        )
        return Cause(f"{type(error).__name__}: {error}", fix)
    why, _, fix = str(error).partition(" Fix: ")
    fix = _CONFIGURE if isinstance(error, _misconfigured()) else fix
    return Cause(why.strip(), fix.strip().removesuffix("."))


def _fitting(fix: str, situation: Situation) -> str:
    """Steps say `resume`, which is no advice where the run did not begin."""
    return fix if situation.begun else re.sub(r"\bresume\b(?! makes)", "run it again", fix)


def _interrupted(unanswered: tuple[str, ...], situation: Situation) -> Problem:
    causes: tuple[Cause, ...] = ()
    if unanswered:
        why = f"no answer came in time to the calls of {', '.join(unanswered)}; what they asked for is recorded"
        causes = (Cause(why, "resume looks first whether they were done"),)
    return Problem(
        exit=situation.signal_exit,
        headline=f"{situation.stack or 'the run'} was interrupted; nothing is lost",
        causes=causes,
        next=situation.resume if situation.begun else situation.again,
        unanswered=unanswered,
    )
