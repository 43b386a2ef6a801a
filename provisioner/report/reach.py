"""A verdict as people and programs read it: one line a hop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from provisioner.reach.verdict import Hop, Outcome, Stop, Verdict, Way
from provisioner.report import fixes, text

_ACL = "acl-"
_ID = " ("
_MARGIN = 8
"""Columns before places and ends, and before what goes on below them."""


def lines(verdict: Verdict, *, whole: bool = False, columns: int | None = None) -> list[str]:
    """What is answered, the hops of the way that shows why, what stops it and what would open it.

    `whole` shows ids beside names, rules by their ARNs, and every entry of a network ACL. On a terminal of so many
    columns lines are cut between words.
    """
    way = verdict.telling
    rows = [_row("ok", hop, whole) for hop in _shown(way.hops, whole)]
    rows += [("?", doubt.name or text.short_id(doubt.at), doubt.why) for doubt in way.doubts]
    if way.stop:
        rows.append(_row("STOP", way.stop, whole=True))
    ends = (f"  from  {way.source}", f"  to    {way.aim} at {way.port}")
    found = [*text.folded(headline(verdict), columns), *_folded(ends, columns), *_hops(rows, whole, columns)]
    found += fixes.lines(verdict.fix.lines if verdict.fix else (), "  fix   ", columns)
    return [*found, *_folded(_several(verdict), columns)]


def _hops(rows: Sequence[tuple[str, str, str]], whole: bool, columns: int | None) -> list[str]:
    """In columns, unless the places would take more than a third of a terminal.

    Where only what stops it has an id beside its name, no other line makes room for that.
    """
    places = (place if whole else place.partition(_ID)[0] for _, place, _ in rows)
    width = max(map(len, places), default=0)
    hang = _MARGIN + width + 2
    if columns is not None and hang > columns // 3:
        width, hang = 0, _MARGIN
    return _folded((f"  {mark:4}  {place:{width}}  {said}".rstrip() for mark, place, said in rows), columns, hang)


def _folded(said: Iterable[str], columns: int | None, hang: int = _MARGIN) -> list[str]:
    return [line for one in said for line in text.folded(one, columns, hang)]


def headline(verdict: Verdict) -> str:
    """In one sentence: who reaches whom, or how it fails as seen from the source."""
    ends = f"{verdict.destination} at port {verdict.port}"
    if verdict.outcome is Outcome.REACHES:
        return f"{verdict.source} reaches {ends}"
    if verdict.stop is not None:
        return f"{verdict.source} does not reach {ends}: it {verdict.stop.fails}"
    return f"whether {verdict.source} reaches {ends} cannot be told from here: nothing that is seen stops it"


def _shown(hops: tuple[Hop, ...], whole: bool) -> Iterator[Hop]:
    """Without the entries of network ACLs, which are many and mostly the same."""
    asked = [hop for hop in hops if hop.at.startswith(_ACL)]
    yield from (hop for hop in hops if whole or hop not in asked)
    if asked and not whole:
        ids = ", ".join(dict.fromkeys(hop.at for hop in asked))
        yield Hop(ids, f"let it pass, and its answer, at {text.count(len(asked), 'edge')} of subnets")


def _row(mark: str, place: Hop | Stop, whole: bool) -> tuple[str, str, str]:
    """The name that the stack has for a place, or else its id; what it does, and by which rule."""
    at, said = text.short_id(place.at), place.what if isinstance(place, Hop) else place.why
    shown = f"{place.name}{_ID}{at})" if place.name and whole else place.name or at
    by = text.short_id(place.by) if whole or not place.by.startswith("arn:") else ""
    return mark, shown, f"{said}  [{by}]" if by else said


def _several(verdict: Verdict) -> Iterator[str]:
    """Where some ways are open and others are not, it works at times."""
    total = len(verdict.ways)
    if verdict.outcome is not Outcome.REACHES and verdict.open:
        yield f"  note  {verdict.open} of {text.count(total, 'way')} are open: it works at times"
    elif total > 1 and verdict.outcome is Outcome.REACHES:
        yield f"  note  all {total} ways are open; the first is shown"


def as_event(stack: str, verdict: Verdict) -> dict[str, Any]:
    """For programs: the answer, and all ways with all their hops."""
    stop = verdict.stop
    return {
        "stack": stack,
        "from": verdict.source,
        "to": verdict.destination,
        "port": verdict.port,
        "outcome": verdict.outcome.value,
        "fails": stop.fails if stop else None,
        "why": stop.why if stop else None,
        "at": stop.at if stop else None,
        "fix": asdict(verdict.fix) if verdict.fix else None,
        "ways": [_way(way) for way in verdict.ways],
    }


def _way(way: Way) -> dict[str, Any]:
    return {**asdict(way), "outcome": way.outcome.value}
