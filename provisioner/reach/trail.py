"""What is written down on the way, and how a way ends before it arrives."""

from __future__ import annotations

from dataclasses import dataclass, field

from provisioner.reach.needs import Need
from provisioner.reach.verdict import HANGS, Doubt, Hop


@dataclass
class Trail:
    """The hops so far, and what could not be read at them."""

    hops: list[Hop] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)

    def passed(self, at: str, what: str, by: str = "") -> None:
        self.hops.append(Hop(at, what, by))

    def doubt(self, at: str, why: str) -> None:
        if Doubt(at, why) not in self.doubts:
            self.doubts.append(Doubt(at, why))

    def branch(self) -> Trail:
        """The same way so far, to go on from in another direction."""
        return Trail(list(self.hops), list(self.doubts))


class Stopped(Exception):
    """It gets no further: where, why, what the source sees of it, and what would have to be there."""

    def __init__(self, at: str, why: str, need: Need = None, *, fails: str = HANGS, by: str = "") -> None:
        super().__init__(why)
        self.at, self.why, self.need, self.fails, self.by = at, why, need, fails, by


class Unseen(Exception):
    """What comes next cannot be read, so that nobody can say where it goes."""

    def __init__(self, at: str, why: str) -> None:
        super().__init__(why)
        self.at, self.why = at, why
