"""A run as a script of events, and a clock that goes when it is told to."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.events import Member, Outcome, Progress, Started, StepEvent
from provisioner.report.base import Reporter


class FakeClock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def go(self, seconds: float) -> None:
        self.now += seconds


def started(*names: str, family: str = "network", operation: str = "provision", expected: float = 60.0) -> Started:
    return Started("demo", operation, tuple(Member(name, "thing", family) for name in names), expected)


def working(step: str, waited: float = 0.0) -> StepEvent:
    return StepEvent(step, "thing", "network", Progress.WORKING, "creating", waited=waited)


def waiting(step: str, said: str, waited: float = 0.0) -> StepEvent:
    return StepEvent(step, "thing", "network", Progress.WAITING, said, f"id-{step}", waited=waited)


def done(step: str, outcome: Outcome = Outcome.CREATED, waited: float = 0.1) -> StepEvent:
    return StepEvent(step, "thing", "network", Progress.DONE, "", f"id-{step}", outcome, waited)


def failed(step: str, said: str) -> StepEvent:
    return StepEvent(step, "thing", "network", Progress.FAILED, said, waited=2.0)


def play(reporter: Reporter, clock: FakeClock, script: Sequence[object]) -> None:
    """Tell the events of a script; numbers are seconds that pass, in steps of a fifth."""
    for entry in script:
        if isinstance(entry, int | float):
            for _ in range(round(entry * 5)):
                clock.go(0.2)
                reporter.tick()
        else:
            reporter.tell(entry)  # type: ignore[arg-type]
