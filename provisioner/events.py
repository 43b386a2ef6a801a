"""What happens in a run, told as it happens. Who shows it, and how, is the reporters' business."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Progress(StrEnum):
    WORKING = "working"
    """A call is being made."""
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class Outcome(StrEnum):
    """What became of a step in this run."""

    NONE = ""
    CREATED = "created"
    FOUND = "found"
    """A killed or unanswered run had made it; it was taken over."""
    COMPLETED = "completed"
    """An earlier run had made it, this one waited until it was ready."""
    REMADE = "made again"
    """It had been deleted by other hands."""
    REPLACED = "replaced"
    SET_RIGHT = "set right"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    ABSENT = "was already gone"
    LEFT = "left as it is"
    """It was there before the stack, and stays."""


@dataclass(frozen=True)
class Member:
    """One step of a run, in the order of the list."""

    name: str
    noun: str
    family: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Started:
    """`expected` is the longest chain of usual waits in real seconds."""

    stack: str
    operation: str
    members: tuple[Member, ...]
    expected: float


@dataclass(frozen=True)
class StepEvent:
    """`waited` counts real seconds since the step began in this run."""

    step: str
    noun: str
    family: str
    progress: Progress
    said: str = ""
    id: str | None = None
    outcome: Outcome = Outcome.NONE
    waited: float = 0.0
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Notice:
    """Something the user should know though nothing has failed."""

    text: str
    step: str | None = None
    details: tuple[str, ...] = field(default=())


Event = Started | StepEvent | Notice


class Listener(Protocol):
    """Is told everything, from any thread; `tick` is called several times a second by the run's own thread."""

    def tell(self, event: Event) -> None: ...

    def tick(self) -> None: ...
