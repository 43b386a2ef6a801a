"""Lines for pipes, logs and CI: one for each change, a heartbeat while nothing changes, no control codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from provisioner.events import Event, Notice, Outcome, Progress, StepEvent
from provisioner.report import text
from provisioner.report.base import Reporter
from provisioner.report.problem import Problem
from provisioner.report.tally import Tally, View

_HEARTBEAT = 25.0
"""Seconds; CI systems and people get nervous after 30."""
_PATIENT = 2.0
"""Seconds that a step must say the same before its waiting is worth a line."""

_LONG = 40
"""Characters; what is shorter may be repeated."""


class Plain(Reporter):
    def __init__(self, tally: Tally, out: text.Stream, err: text.Stream) -> None:
        super().__init__(tally)
        self.out, self.err = out, err
        self._told: dict[str, str] = {}
        self._failures: dict[str, str] = {}
        """The step that first failed with these words."""
        self._beat = tally.clock()
        self._begun = False

    def show(self, event: Event) -> None:
        if isinstance(event, Notice):
            self._notice(event)
        elif isinstance(event, StepEvent):
            self._step(event)

    def refresh(self) -> None:
        now = self.tally.clock()
        for view in self.tally.active:
            if view.said and view.progress is Progress.WAITING and now - view.heard >= _PATIENT:
                self._waiting(view)
        if now - self._beat >= _HEARTBEAT:
            self._heartbeat(now)

    def _begin(self) -> None:
        """The first line, once there is a second: a run that changes nothing is told in one."""
        event, self._begun = self.tally.started, self._begun or self.tally.started is not None
        if event is not None:
            usual = f", usually {text.span(event.expected)}" if event.expected >= 1 else ""
            steps = text.count(len(event.members), "step")
            self.out.line(f"{text.clock(self.tally.elapsed)}  {event.stack}: {event.operation}, {steps}{usual}")

    def _notice(self, event: Notice) -> None:
        self._line(event.step or "note", event.text)
        self.out.lines(f"         {detail}" for detail in event.details)

    def _step(self, event: StepEvent) -> None:
        if event.progress is Progress.FAILED:
            self._line(event.step, f"failed: {self._failure(event)} ({text.span(event.waited)})")
        elif event.progress is Progress.DONE and event.outcome is not Outcome.UNCHANGED:
            found = f" {text.short_id(event.id)}" if event.id else ""
            self._line(event.step, f"{event.outcome or 'done'}{found} ({text.span(event.waited)})")

    def _failure(self, event: StepEvent) -> str:
        """A long sentence is told once: a full disk fails all steps under way, each in the same words.

        Of several lines it is the first one here; the end of the report has them all.
        """
        first = self._failures.setdefault(event.said, event.step)
        said = event.said.partition("\n")[0]
        return said if first == event.step or len(event.said) <= _LONG else f"like {first}"

    def _waiting(self, view: View) -> None:
        """Once for each new word of AWS."""
        if self._told.get(view.name) != view.said:
            self._told[view.name] = view.said
            self._line(view.name, f"waiting: {view.said}")

    def _heartbeat(self, now: float) -> None:
        self._beat = now
        if self.tally.started is None:
            self.out.line(f"{text.clock(self.tally.elapsed)}  looking at what is there")
        waits = [
            f"{view.name}: {view.said or 'calling'} ({text.span(now - view.began)})" for view in self.tally.active
        ]
        if waits:
            self._line("still", f"{self.tally.done} of {self.tally.total} done; {'; '.join(waits)}")

    def _line(self, who: str, said: str) -> None:
        if not self._begun:
            self._begin()
        width = max((len(name) for name in self.tally.views), default=0)
        self.out.line(f"{text.clock(self.tally.elapsed)}  {who:{width}}  {said}")

    def done(self, outputs: Mapping[str, str], moves: Sequence[tuple[str, str]]) -> None:
        self.close()
        self.out.lines(text.closing(self.tally))
        if not text.unchanged(self.tally):
            self.out.lines([*text.outputs(outputs), *text.moves(moves)])

    def failed(self, problem: Problem) -> None:
        self.close()
        self.out.lines(text.stopped(self.tally))
        self.err.lines(text.problem(problem))
