"""What went wrong, as it is told to the user."""

from __future__ import annotations

from collections.abc import Mapping
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
    """`next` is the line to type, `changed` the one for whoever corrects the stack file first, which `next` would
    not read; `traceback` is shown only to those who asked for it.

    `problems` tells programs one by one what is wrong in a stack file; people read it in the causes.
    """

    exit: int
    headline: str
    causes: tuple[Cause, ...] = ()
    next: str = ""
    changed: str = ""
    unanswered: tuple[str, ...] = ()
    traceback: str = ""
    problems: tuple[Mapping[str, object], ...] = ()
