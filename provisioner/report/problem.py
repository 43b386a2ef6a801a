"""What went wrong, as it is told to the user."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """One thing that failed. Steps that failed for the same reason share one."""

    why: str
    fix: str = ""
    steps: tuple[str, ...] = ()
    call: str = ""
    code: str = ""


@dataclass(frozen=True)
class Problem:
    """`next` is the line to type, `traceback` is shown only to those who asked for it."""

    exit: int
    headline: str
    causes: tuple[Cause, ...] = ()
    next: str = ""
    unanswered: tuple[str, ...] = ()
    traceback: str = ""
