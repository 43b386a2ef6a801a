"""What a stack was found to be, a line an expectation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from provisioner.report import text
from provisioner.verify.expectation import Expectation, Mark, Result

_SHOWN = {Mark.PASS: "pass", Mark.FAIL: "FAIL", Mark.UNKNOWN: "?"}
_WIDEST = 60
"""Characters of what is expected that all lines make room for."""


def heading(stack: str, expectations: Sequence[Expectation]) -> str:
    return f"{stack}: {text.count(len(expectations), 'expectation')}"


def lines(result: Result, expectations: Iterable[Expectation]) -> list[str]:
    """One line, and below it what would set it right."""
    width = min(max(len(one.what) for one in expectations), _WIDEST)
    finding, what = result.finding, result.expectation.what
    found = [f"  {_SHOWN[finding.mark]:4}  {what:{width}}  {text.span(result.seconds):>6}  {finding.why}".rstrip()]
    return [*found, *_fix(finding.fix)]


def _fix(fix: Sequence[str]) -> list[str]:
    return [f"        {'fix' if not place else '':3}  {line}" for place, line in enumerate(fix)]


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
