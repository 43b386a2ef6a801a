"""What is expected of a stack, and what was found: no AWS in it, so that reports can show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "cannot tell"
    """It cannot be found out from here; that fails nothing."""


@dataclass(frozen=True)
class Finding:
    """What came of one expectation: `why` in one sentence, and what would set it right, a line each."""

    mark: Mark
    why: str = ""
    fix: tuple[str, ...] = ()


@dataclass(frozen=True)
class Expectation:
    """One thing that must hold. `what` says it, `about` names the part of the stack that it is about.

    `check` may take long and is called in a thread of its own; `expected` is about how many seconds it takes.
    Those of one `lane` are checked one after the other, in their order.
    """

    what: str
    about: str
    check: Callable[[], Finding]
    expected: float = 0.0
    lane: str = ""


@dataclass(frozen=True)
class Result:
    """`seconds` is how long it took to find out."""

    expectation: Expectation
    finding: Finding
    seconds: float


def passed(why: str = "") -> Finding:
    return Finding(Mark.PASS, why)


def failed(why: str, *fix: str) -> Finding:
    return Finding(Mark.FAIL, why, tuple(one for one in fix if one))


def unknown(why: str, *fix: str) -> Finding:
    return Finding(Mark.UNKNOWN, why, tuple(one for one in fix if one))
