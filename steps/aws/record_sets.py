"""The life of one record set, whatever it is for: whose it is, making, keeping and removing it.

A record set bears no tags. It is ours if it was recorded, or if it is what a recorded intent asked for. A listing
tells changes that no name server has yet (Route 53 API reference, ListResourceRecordSets), so what it does not
show is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from state.record import Record
from steps.aws.context import Aws, Look
from steps.aws.errors import Cause, gone, verdict
from steps.aws.route53 import Place, RecordSet, change, found_in, same, told
from steps.base import Gone, Job, Made, Pending, Seen, StepFailed

if TYPE_CHECKING:
    from types_boto3_route53 import Route53Client

RECORDS = "records"
"""The word of `Aws.forced` that lets a zone go with the records that others made in it."""
MUTABLE = frozenset({"TTL", "ResourceRecords", "AliasTarget"})

_OWN = frozenset({"Name", "Type", *MUTABLE})
_APART = 5.0
"""Seconds between two questions for one change."""
_NOTED = "change "
_OWN_ZONE = "hosted_zone"
"""The kind of a zone that goes with the stack."""


def sightings(look: Look, records: Iterable[Record]) -> Iterator[Seen]:
    """The record sets in these records' places.

    One in the place of a step that was never begun is somebody else's. One that leads elsewhere than an intent
    says is not told: the creating call finds it, and destroy has nothing to do with it.
    """
    places = {record.name: place for record in records if (place := _place(record))}
    found = found_in(look, set(places.values()))
    for record in records:
        place = places.get(record.name)
        raw = found.get(place) if place else None
        if raw is None:
            continue
        key = str(place)
        if record.id is not None:
            yield Seen(key, raw, key=key)
        elif not record.request:
            yield Seen(key, raw, {}, key=key)
        elif same(raw, record.request):
            yield Seen(key, raw, look.aws.owner.of(record.name), key=key)


def _place(record: Record) -> Place | None:
    if record.id is None and record.request:
        return Place.of(record.request)
    text = record.id or record.key
    return Place.read(text) if text else None


def create(job: Job, aws: Aws) -> Made:
    """Make the recorded record set, never in place of another. Raises StepFailed where another one is."""
    request = job.record.request
    place = Place.of(request)
    try:
        made = change(aws.once.dns, place.zone, "CREATE", _own(request))
    except ClientError as error:
        found = verdict(error)
        there = found_in(Look(aws), [place]) if found.cause is Cause.EXISTS else {}
        for other in there.values():
            if not same(other, request):
                why = f"there is one already, and it is not this stack's: {told(other)}. It was not touched"
                fix = "remove it or choose another name, then resume"
                raise StepFailed(why, fix, found.call, found.code) from error
        raise
    return Made(str(place), {"change": made})


def _own(request: Mapping[str, Any]) -> dict[str, Any]:
    """Of a request what is the record set itself."""
    return {key: value for key, value in request.items() if key in _OWN}


def settle(job: Job, aws: Aws, request: Mapping[str, Any], seen: Seen | None) -> Pending | None:
    """Bring the record set to what is wanted and wait until all name servers have it; None: so it is."""
    if seen is None:
        return Pending("made, not listed yet")
    if not (same(seen.raw, request) and seen.raw.get("TTL") == request.get("TTL")):
        return _set(job, aws, request, seen)
    noted = [name.removeprefix(_NOTED) for name in job.memo if name.startswith(_NOTED)]
    latest = noted[-1] if noted else job.record.outputs.get("change")
    return _on_its_way(job, aws.clients.dns, latest) if latest else None


def _set(job: Job, aws: Aws, request: Mapping[str, Any], seen: Seen) -> Pending:
    if job.once("value"):
        wanted = _own(request)
        changed = change(aws.clients.dns, request["HostedZoneId"], "UPSERT", wanted)
        job.memo[_NOTED + changed] = job.elapsed
        job.notes.append(f"it was {_told_with_ttl(seen.raw)}, now {_told_with_ttl(wanted)}")
    return Pending("changed, not listed yet")


def _told_with_ttl(one: RecordSet) -> str:
    return f"{told(one)} ({one['TTL']} s)" if "TTL" in one else told(one)


def _on_its_way(job: Job, dns: Route53Client, change: str) -> Pending | None:
    asked = job.memo.get("asked")
    if asked is None or job.elapsed - asked >= _APART:
        job.memo["asked"] = job.elapsed
        if _in_sync(dns, change):
            return None
    return Pending(f"PENDING: not all name servers have change {change}")


def _in_sync(dns: Route53Client, change: str) -> bool:
    """Also of a change that is so old that Route 53 no longer knows it."""
    try:
        return dns.get_change(Id=change)["ChangeInfo"]["Status"] == "INSYNC"
    except ClientError as error:
        if gone(error):
            return True
        raise


def objection(job: Job, seen: Seen, users: str = "") -> StepFailed | None:
    """What is left at destroy, as another's or because of its other `users`, would keep the zone that it is in.

    That is as it should be in a zone of the user's, which stays. The stack's own could not go at its turn.
    """
    zone = Place.read(seen.id).zone
    own = any(need.kind == _OWN_ZONE and need.id == zone for need in job.needs.values())
    if not own or RECORDS in job.aws.forced:
        return None
    if users:
        fix = "delete them, or destroy with --force-records"
        return StepFailed(f"it proves other certificates, too: {users}", fix)
    if same(seen.raw, job.record.request):
        return None
    fix = "provision, which sets it right, or remove it, or destroy with --force-records"
    return StepFailed(f"it was changed by hand, and is now {told(seen.raw)}", fix)


def delete(job: Job, aws: Aws, seen: Seen | None, ours: Callable[[RecordSet, RecordSet], bool] = same) -> Gone:
    """Remove what is there, exactly as it is, if it is `ours` still: what leads elsewhere by now is another's."""
    if seen is None:
        return Gone()
    if not ours(seen.raw, job.record.request):
        return Gone(left=True)
    change(aws.clients.dns, Place.read(seen.id).zone, "DELETE", seen.raw)
    return Gone()
