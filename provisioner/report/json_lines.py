"""One JSON object a line on standard output, for programs; people read errors on standard error all the same."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from provisioner.events import Event, Notice, Started, StepEvent
from provisioner.report import text
from provisioner.report.base import Reporter
from provisioner.report.problem import Problem
from provisioner.report.tally import Tally
from state.record import Operation


def line(event: str, **fields: Any) -> str:
    """One event. `at` is the time in UTC, ISO 8601. What JSON has no word for (a date of TOML) is told as text."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    return json.dumps({"event": event, "at": at, **fields}, default=str)


def problem_line(problem: Problem) -> str:
    fields = {key: value for key, value in asdict(problem).items() if key not in ("headline", "traceback")}
    said = "; ".join(cause.why for cause in problem.causes)
    return line("error", message=said or problem.headline, **fields)


class JsonLines(Reporter):
    def __init__(self, tally: Tally, out: text.Stream, err: text.Stream) -> None:
        super().__init__(tally)
        self.out, self.err = out, err

    def show(self, event: Event) -> None:
        name, fields = _named(event)
        self.out.line(line(name, **fields))

    def done(self, outputs: Mapping[str, str], moves: Sequence[tuple[str, str]]) -> None:
        self.close()
        self._summary()
        if self.tally.operation != Operation.DESTROY:  # what is gone has none
            self.out.line(line("outputs", stack=self.tally.stack, outputs=dict(outputs)))

    def failed(self, problem: Problem) -> None:
        self.close()
        if self.tally.started:
            self._summary()
        self.out.line(problem_line(problem))
        self.err.lines(text.problem(problem))

    def _summary(self) -> None:
        tally = self.tally
        self.out.line(
            line(
                "summary",
                stack=tally.stack,
                operation=tally.operation,
                steps=tally.total,
                done=tally.done,
                outcomes=tally.counts,
                seconds=round(tally.elapsed, 3),
                slowest=[{"step": view.name, "waited": round(view.waited, 3)} for view in tally.slowest(3)],
            )
        )


def _named(event: Event) -> tuple[str, dict[str, Any]]:
    """The event's name, and its fields as JSON calls them."""
    if isinstance(event, Started):
        steps = [asdict(member) for member in event.members]
        fields = {"stack": event.stack, "operation": event.operation, "expected": event.expected, "steps": steps}
        return "started", fields
    if isinstance(event, StepEvent):
        return "step", asdict(event) | {"waited": round(event.waited, 3)}
    assert isinstance(event, Notice)
    return "notice", asdict(event)
