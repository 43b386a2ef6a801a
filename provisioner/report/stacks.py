"""Recorded stacks as people and programs read them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from provisioner.report import text
from provisioner.report.life import EMPTIED, Life
from provisioner.report.screen import Table
from state.record import Operation, Phase, Record, StackState, Status

Family = Callable[[str], str]
"""From a kind of resource to the family under which people are shown it."""

_STATES = {
    (Operation.PROVISION, Status.DONE): "ready",
    (Operation.PROVISION, Status.RUNNING): "provision was killed: resume it",
    (Operation.PROVISION, Status.FAILED): "provision failed: resume it",
    (Operation.PROVISION, Status.INTERRUPTED): "provision interrupted: resume it",
    (Operation.DESTROY, Status.DONE): "destroyed",
    (Operation.DESTROY, Status.RUNNING): "destroy was killed: resume it",
    (Operation.DESTROY, Status.FAILED): "destroy failed: resume it",
    (Operation.DESTROY, Status.INTERRUPTED): "destroy interrupted: resume it",
}


_UNDER_WAY = {Operation.PROVISION: "being provisioned", Operation.DESTROY: "being destroyed"}


def condition(state: StackState, life: Life) -> str:
    """In few words, for a column."""
    if life.holder:
        return _UNDER_WAY[state.operation] if state.unfinished else "a run on it has just begun"
    return "gone with its sandbox" if life.emptied else _STATES[state.operation, state.status]


def _condition_whole(state: StackState, life: Life) -> str:
    if life.holder:
        return f"{condition(state, life)}: {life.holder}"
    return EMPTIED if life.emptied else condition(state, life)


def where(state: StackState) -> str:
    """Account, region, and the endpoint where it is not AWS."""
    pin = state.pin
    kind = pin.endpoint.partition(":")[0]
    place = {"aws": "", "sandbox": "the sandbox, "}.get(kind, f"{pin.endpoint}, ")
    return f"{place}account {pin.account}, {pin.region}"


def moment(iso: str | None) -> str:
    """A recorded time as a person's clock shows it."""
    return datetime.fromisoformat(iso).astimezone().strftime("%Y-%m-%d %H:%M:%S") if iso else ""


def _minute(iso: str | None) -> str:
    return datetime.fromisoformat(iso).astimezone().strftime("%b %d %H:%M") if iso else ""


def heading(state: StackState, life: Life) -> list[str]:
    ready = sum(record.phase is Phase.READY for record in state.records.values())
    of = text.count(len(state.records), "recorded resource")
    ended = f", ended {moment(state.ended_at)}" if state.ended_at else ""
    return [
        f"{state.stack}: {_condition_whole(state, life)}",
        f"  {ready} ready of {of}, in {where(state)}",
        f"  begun {moment(state.started_at)}{ended}",
    ]


def steps_table(state: StackState, *, whole: bool) -> Table:
    """Ids as the live view shows them, or `whole`."""
    told = str if whole else text.short_id
    rows = [
        (one.name, _progress(one), told(one.id or ""), _minute(_last(one)), took(one)) for one in _records(state)
    ]
    return Table(("step", "state", "id", "since", "took"), rows)


def _records(state: StackState) -> list[Record]:
    return list(state.records.values())


def _progress(record: Record) -> str:
    return record.phase if record.phase is not Phase.CREATED else "not ready yet"


def _last(record: Record) -> str | None:
    return record.ready_at or record.created_at or record.intended_at


def took(record: Record) -> str:
    """From the intent to being ready."""
    if not record.ready_at or not record.intended_at:
        return ""
    begin, end = datetime.fromisoformat(record.intended_at), datetime.fromisoformat(record.ready_at)
    return text.span(max(0.0, (end - begin).total_seconds()))


def as_event(state: StackState, life: Life) -> dict[str, Any]:
    """What `status --json` tells: everything but settings and code."""
    steps = [
        {key: value for key, value in asdict(one).items() if key not in ("request", "token")}
        for one in state.records.values()
    ]
    return {**brief(state, life), "steps": steps}


def brief(state: StackState, life: Life) -> dict[str, Any]:
    return {
        "stack": state.stack,
        "operation": state.operation,
        "status": state.status,
        "condition": condition(state, life),
        "account": state.pin.account,
        "region": state.pin.region,
        "endpoint": state.pin.endpoint,
        "resources": len(state.records),
        "started_at": state.started_at,
        "ended_at": state.ended_at,
    }


def list_row(state: StackState, life: Life) -> tuple[str, ...]:
    return (
        state.stack,
        condition(state, life),
        str(len(state.records)),
        where(state),
        _minute(state.ended_at or state.started_at),
    )


LIST_COLUMNS = ("stack", "state", "resources", "where", "since")


def plan(state: StackState, family: Family) -> list[str]:
    """What a destroy deletes: by family, with names and ids."""
    groups: dict[str, list[Record]] = {}
    for record in state.records.values():
        groups.setdefault(family(record.kind), []).append(record)
    lines = [f"destroy deletes {text.count(len(state.records), 'resource')} of {state.stack}, in {where(state)}:"]
    width = max((len(name) for name in state.records), default=0)
    for name, records in groups.items():
        lines += ["", f"  {name}: {len(records)}", *_members(records, width)]
    return [*lines, ""]


def _members(records: Sequence[Record], width: int) -> list[str]:
    return [f"    {one.name:{width}}  {text.short_id(one.id) if one.id else '(not known yet)'}" for one in records]
