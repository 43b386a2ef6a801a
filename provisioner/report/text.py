"""Words and numbers as all reporters write them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from textwrap import TextWrapper
from typing import TextIO

from provisioner.events import Outcome
from provisioner.report.problem import Cause, Problem
from provisioner.report.tally import Tally

_COMMAND = re.compile(r"\b(?:aws|provisioner) [a-z]")
_NAMED = re.compile(r"  \w{3,4}  ")
_UNDER_NAME = 8
"""Columns before what stands under the name of a part."""
_PAST = {"provision": "provisioned", "destroy": "destroyed"}
_SLOWEST = 3
_WORTH_TELLING = 1.0
"""Seconds from which on a step is worth naming among the slowest."""


class Stream:
    """Lines to a stream that may go away: a run must not fail because nobody reads any more."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._gone = False

    def line(self, text: str = "") -> None:
        if self._gone:
            return
        try:
            self.stream.write(_writable(text, self.stream) + "\n")
            self.stream.flush()
        except (OSError, ValueError):
            self._gone = True

    def lines(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.line(text)


def _writable(text: str, stream: TextIO) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def clock(seconds: float) -> str:
    """A time since the start: `00:12`, `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def span(seconds: float) -> str:
    """How long something took: `0.3 s`, `48 s`, `2 min 05 s`, `1 h 02 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_left:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def remaining(expected: float, elapsed: float) -> str:
    """What the longest chain of usual waits lets expect; empty where it tells nothing."""
    if expected < _WORTH_TELLING:
        return ""
    left = expected - elapsed
    if left >= 1:
        return f"about {span(left) if left >= 10 else f'{left:.0f} s'} left"
    return "a little longer than usual" if left < -1 else "nearly done"


def short_id(found: str) -> str:
    """An id for people: ARNs without what all of one account have in common, the parts of a pair apart."""
    return " | ".join(_short_arn(part) for part in found.split("|"))


def _short_arn(found: str) -> str:
    return found.split(":", 5)[5] if found.startswith("arn:") and found.count(":") >= 5 else found


def closing(tally: Tally) -> list[str]:
    """The summary of a run that went through."""
    counts, steps = tally.counts, count(tally.total, "step")
    if unchanged(tally):
        return [f"{tally.stack}: {steps}, nothing to change ({span(tally.elapsed)})"]
    headline = f"{tally.stack}: {_PAST.get(tally.operation, 'done')} in {span(tally.elapsed)}"
    if not tally.total:
        return [f"{headline}, there was nothing to do"]
    return [headline, f"  {tallied(counts)} of {steps}", *slowest(tally)]


def unchanged(tally: Tally) -> bool:
    """Whether the run found everything as it should be and waited for nothing: there is no news."""
    waited = any(view.waits for view in tally.views.values())
    return set(tally.counts) == {Outcome.UNCHANGED} and not waited


def stopped(tally: Tally) -> list[str]:
    """How far a run came that did not go through; nothing where it had not begun."""
    if tally.started is None:
        return []
    done = f"{tally.stack}: {tally.done} of {count(tally.total, 'step')} done after {span(tally.elapsed)}"
    return [f"{done} ({tallied(tally.counts)})" if tally.counts else done]


def tallied(counts: Mapping[Outcome, int]) -> str:
    return ", ".join(f"{number} {outcome}" for outcome, number in counts.items())


def slowest(tally: Tally) -> list[str]:
    """The steps that took longest, and what they waited for."""
    found = [view for view in tally.slowest(_SLOWEST) if view.waited >= _WORTH_TELLING]
    width = max((len(view.name) for view in found), default=0)
    lines = [f"{view.name:{width}}  {span(view.waited):>12}  {view.longest_wait}".rstrip() for view in found]
    return [f"  {'' if index else 'slowest':7}  {line}" for index, line in enumerate(lines)]


def aligned(rows: Sequence[Sequence[str]], gap: str = "  ") -> list[str]:
    """Rows as lines with equal columns; the last column is as long as it is."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    return [gap.join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def outputs(values: Mapping[str, str], most: int | None = None) -> list[str]:
    """`values` comes with what people ask for most first; `most` leaves the rest to `provisioner outputs`."""
    rows = list(values.items())
    more = [f"  and {len(rows) - most} more: provisioner outputs"] if most is not None and most < len(rows) else []
    return [*_under("outputs", rows[:most]), *more]


def _under(title: str, rows: Sequence[tuple[str, str]]) -> list[str]:
    return [title, *(f"  {line}" for line in aligned(rows))] if rows else []


def moves(commands: Sequence[tuple[str, str]]) -> list[str]:
    """What to type next: command and what it does."""
    return _under("next", commands)


def problem(found: Problem) -> list[str]:
    """What the user reads last: what, why, what to do, and the line to type."""
    lines = _simple(found) or [found.headline, *_causes(found.causes)]
    if found.changed:
        lines.append(f"  file  resume does not read it again; once it is corrected: {found.changed}")
    if found.next:
        lines.append(f"  next  {found.next}")
    return [*found.traceback.splitlines(), *lines]


def room(stream: TextIO) -> int | None:
    """Columns of the terminal that the stream is; None where it is none: lines are whole there."""
    return shutil.get_terminal_size().columns if stream.isatty() else None


def folded(line: str, columns: int | None, hang: int = 0) -> list[str]:
    """A line, cut between words where a terminal would cut within one; what has a command in it stays whole.

    `hang` columns stand before what is cut off; 0 finds them as a problem's lines need them.
    """
    if columns is None or len(line) < columns or _COMMAND.search(line):
        return [line]
    return wrapped(line, columns, hang or _hang(line))


def wrapped(line: str, columns: int, hang: int) -> list[str]:
    """A line, cut between words; the last column stays free: some terminals begin another line as soon as it is
    written."""
    fold = TextWrapper(
        max(columns - 1, 2 * max(hang, _UNDER_NAME)),
        subsequent_indent=" " * hang,
        break_on_hyphens=False,
        break_long_words=False,
    )
    return fold.wrap(line)


def _hang(line: str) -> int:
    indent = len(line) - len(line.lstrip())
    return _UNDER_NAME if _NAMED.match(line) or indent == _UNDER_NAME else indent + 2


def _simple(found: Problem) -> list[str]:
    """One cause that is a sentence is told as one."""
    if len(found.causes) != 1 or found.causes[0].steps or found.causes[0].call or found.causes[0].code:
        return []
    cause = found.causes[0]
    first, *rest = cause.why.splitlines() or [""]
    return [f"{found.headline}: {first}", *rest, *_part("fix", cause.fix)]


def _causes(causes: Sequence[Cause]) -> list[str]:
    """One after the other, with room between them."""
    return [line for index, cause in enumerate(causes) for line in [*[""][: index and 1], *_cause(cause)]]


def _cause(cause: Cause) -> list[str]:
    parts = (
        ("step", ", ".join(cause.steps)),
        ("call", cause.call),
        ("code", cause.code),
        ("why", cause.why),
        ("fix", cause.fix),
    )
    return [line for name, said in parts for line in _part(name, said)]


def _part(name: str, said: str) -> list[str]:
    """A part under its name; a text of several lines keeps them."""
    first, *rest = said.splitlines() or [""]
    return [f"  {name:4}  {first}", *(f"        {line}" for line in rest)] if said else []
