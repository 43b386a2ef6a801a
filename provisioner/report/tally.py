"""What a run has told so far: the one memory behind every way of showing it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import RLock

from provisioner.events import Event, Outcome, Progress, Started, StepEvent
from state.record import Operation

Clock = Callable[[], float]

_ACTIVE = frozenset({Progress.WORKING, Progress.WAITING})


@dataclass
class View:
    """One step as last told. `progress` is None until it begins; `heard` is when it last said something new."""

    name: str
    noun: str
    family: str
    needs: tuple[str, ...] = ()
    progress: Progress | None = None
    said: str = ""
    id: str | None = None
    outcome: Outcome = Outcome.NONE
    began: float = 0.0
    heard: float = 0.0
    waited: float = 0.0
    waits: dict[str, float] = field(default_factory=dict)
    """Seconds spent waiting, by what AWS said meanwhile."""

    @property
    def longest_wait(self) -> str:
        return max(self.waits, key=lambda said: self.waits[said], default="")

    @property
    def active(self) -> bool:
        return self.progress in _ACTIVE

    @property
    def done(self) -> bool:
        return self.progress is Progress.DONE

    def take(self, event: StepEvent, now: float) -> None:
        if self.progress is None:
            self.began = now - event.waited
        if event.said != self.said or event.progress is not self.progress:
            self._turn(now)
        self.progress, self.said = event.progress, event.said
        self.id, self.outcome, self.waited = event.id or self.id, event.outcome, event.waited

    def _turn(self, now: float) -> None:
        """What it said until now lasted until now."""
        if self.progress is Progress.WAITING and self.said:
            self.waits[self.said] = self.waits.get(self.said, 0.0) + now - self.heard
        self.heard = now


class Tally:
    """Told from any thread; read under `lock` by whoever needs several values that belong together."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self.lock = RLock()
        self.clock = clock
        self.began = clock()
        self.started: Started | None = None
        self.begun = self.began
        self.views: dict[str, View] = {}

    def take(self, event: Event) -> None:
        with self.lock:
            if isinstance(event, Started):
                self.started, self.begun = event, self.clock()
                self.views = {one.name: View(one.name, one.noun, one.family, one.needs) for one in event.members}
            elif isinstance(event, StepEvent):
                view = self.views.setdefault(event.step, View(event.step, event.noun, event.family))
                view.take(event, self.clock())

    @property
    def stack(self) -> str:
        return self.started.stack if self.started else ""

    @property
    def operation(self) -> str:
        return self.started.operation if self.started else ""

    @property
    def elapsed(self) -> float:
        return self.clock() - self.began

    @property
    def running(self) -> float:
        """Since the first step could begin: what `Started.expected` is about."""
        return self.clock() - self.begun

    @property
    def total(self) -> int:
        return len(self.views)

    @property
    def done(self) -> int:
        return sum(view.done for view in self.views.values())

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """How many steps ended how, in the order of `Outcome`."""
        ended = [view.outcome for view in self.views.values() if view.done]
        return {outcome: ended.count(outcome) for outcome in Outcome if outcome in ended}

    @property
    def active(self) -> list[View]:
        """What is being worked on or waited for, the longest first."""
        return sorted((view for view in self.views.values() if view.active), key=lambda view: view.began)

    def awaited(self, views: Sequence[View]) -> list[str]:
        """Those worked on now that must be over before these may begin: what they need, or who needs them."""
        down = self.operation == Operation.DESTROY
        queued = [view for view in views if view.progress is None]
        return [
            one.name
            for one in self.active
            if any(view.name in one.needs if down else one.name in view.needs for view in queued)
        ]

    @property
    def families(self) -> dict[str, list[View]]:
        found: dict[str, list[View]] = {}
        for view in self.views.values():
            found.setdefault(view.family, []).append(view)
        return found

    def slowest(self, number: int) -> list[View]:
        ended = [view for view in self.views.values() if view.done]
        return sorted(ended, key=lambda view: -view.waited)[:number]
