"""What is answered: the ways from one end to another, each with its hops, and what stops it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

HANGS = "hangs"
REFUSED = "is refused"
RESET = "is reset"
UNRESOLVED = "does not know the name"
_THEN = {"stack-file": "  (in the stack file; then provision it again)"}
ABSENT = "is not there"


class Outcome(StrEnum):
    REACHES = "reaches"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"
    """Nothing that may be read stops it, and something that matters may not be read."""


@dataclass(frozen=True)
class Hop:
    """A place that lets it pass, by its id: what it does, in words, and by which rule, route or entry.

    `name` is the step that recorded the place, if one did.
    """

    at: str
    what: str
    by: str = ""
    name: str = ""


@dataclass(frozen=True)
class Fix:
    """The smallest change that opens what is closed.

    `kind` says what `change` is: a line of the stack file, a command of this tool, a command of AWS's own, or
    advice where no single command does it. `besides` are lines that go with it.
    """

    kind: Literal["stack-file", "provisioner", "aws", "advice"]
    change: str
    besides: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """What to write or to type."""
        return (f"{self.change}{_THEN.get(self.kind, '')}", *self.besides)


@dataclass(frozen=True)
class Stop:
    """The first place that does not let it pass; `fails` is what the source sees of it."""

    at: str
    why: str
    fails: str
    by: str = ""
    fix: Fix | None = None
    name: str = ""

    def __str__(self) -> str:
        """How it fails as seen from the source, where, and why."""
        return f"it {self.fails}: {self.name or self.at}: {self.why}"


@dataclass(frozen=True)
class Doubt:
    """Something that decides and cannot be read."""

    at: str
    why: str
    name: str = ""


@dataclass(frozen=True)
class Way:
    """From one interface, or from outside, to one address; an `example` where nobody here knows the real one."""

    source: str
    target: str
    port: int
    hops: tuple[Hop, ...]
    stop: Stop | None = None
    doubts: tuple[Doubt, ...] = ()
    example: bool = False

    @property
    def aim(self) -> str:
        """The address to which it leads, for people."""
        return f"{self.target} (an example)" if self.example else self.target

    @property
    def outcome(self) -> Outcome:
        if self.stop is not None:
            return Outcome.BLOCKED
        return Outcome.UNKNOWN if self.doubts else Outcome.REACHES


@dataclass(frozen=True)
class Verdict:
    """Whether one end reaches another: only if every way does, for nobody chooses which one is taken.

    There is always a way, if only one that ends before it begins.
    """

    source: str
    destination: str
    port: int
    ways: tuple[Way, ...]

    @property
    def outcome(self) -> Outcome:
        found = {way.outcome for way in self.ways}
        return next(one for one in (Outcome.BLOCKED, Outcome.UNKNOWN, Outcome.REACHES) if one in found)

    @property
    def telling(self) -> Way:
        """The way that shows why: the first of those that decide."""
        return next(way for way in self.ways if way.outcome is self.outcome)

    @property
    def stop(self) -> Stop | None:
        return self.telling.stop

    @property
    def fix(self) -> Fix | None:
        return self.stop.fix if self.stop else None

    @property
    def open(self) -> int:
        """How many of the ways are open."""
        return sum(way.outcome is Outcome.REACHES for way in self.ways)
