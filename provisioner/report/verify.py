"""What a stack was found to be, a line an expectation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from provisioner.report import fixes, text
from provisioner.verify.expectation import Expectation, Mark, Result

_SHOWN = {Mark.PASS: "pass", Mark.FAIL: "FAIL", Mark.UNKNOWN: "?"}
_WIDEST = 60
"""Characters of what is expected that all lines make room for."""
_LONG = 3.0
"""Seconds of silence that nobody should wonder about."""
_FIX = "        fix  "
_MARGIN = 15
"""Columns below the mark and the time, where a reason goes on."""


def heading(stack: str, expectations: Sequence[Expectation]) -> str:
    lanes: dict[object, float] = {}
    for place, one in enumerate(expectations):
        lanes[one.lane or place] = lanes.get(one.lane or place, 0.0) + one.expected
    longest = max(lanes.values(), default=0.0)
    soon = f", in about {text.span(longest)}" if longest >= _LONG else ""
    return f"{stack}: {text.count(len(expectations), 'expectation')}{soon}"


def lines(result: Result, expectations: Iterable[Expectation], columns: int | None = None) -> list[str]:
    """What is expected and what was found, and below it what would set it right.

    One line, or in a terminal's columns as many as it takes, cut between words.
    """
    finding, what = result.finding, result.expectation.what
    mark, took = _SHOWN[finding.mark], text.span(result.seconds)
    if columns is None:
        width = min(max(len(one.what) for one in expectations), _WIDEST)
        return [f"  {mark:4}  {what:{width}}  {took:>6}  {finding.why}".rstrip(), *fixes.lines(finding.fix, _FIX)]
    said = f"{what}: {finding.why}" if finding.why else what
    return [
        *text.wrapped(f"  {mark:4} {took:>6}  {said}", columns, _MARGIN),
        *fixes.lines(finding.fix, _FIX, columns),
    ]


def closing(results: Sequence[Result], seconds: float) -> str:
    """How it stands, in one line."""
    counts = tally(results)
    said = [f"{counts[Mark.PASS]} pass"]
    said += [f"{counts[Mark.FAIL]} fail"] if counts[Mark.FAIL] else []
    said += [f"{counts[Mark.UNKNOWN]} cannot be told from here"] if counts[Mark.UNKNOWN] else []
    return f"{', '.join(said)} ({text.span(seconds)})"


def tally(results: Iterable[Result]) -> Counter[Mark]:
    return Counter(one.finding.mark for one in results)


def as_event(stack: str, result: Result) -> dict[str, Any]:
    """For programs."""
    finding, asked = result.finding, result.expectation
    return {
        "stack": stack,
        "what": asked.what,
        "about": asked.about,
        "found": finding.mark.value,
        "why": finding.why,
        "fix": list(finding.fix),
        "seconds": round(result.seconds, 3),
    }


def summary(stack: str, results: Sequence[Result], seconds: float) -> dict[str, Any]:
    counts = tally(results)
    return {
        "stack": stack,
        "passed": counts[Mark.PASS],
        "failed": counts[Mark.FAIL],
        "unknown": counts[Mark.UNKNOWN],
        "seconds": round(seconds, 3),
    }
