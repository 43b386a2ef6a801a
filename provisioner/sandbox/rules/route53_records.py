"""Route 53: changes of records, all of a batch or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call, Site
from provisioner.sandbox.dns import elb_zones, hosted_zones
from provisioner.sandbox.dns.hosted_zones import Zone
from provisioner.sandbox.dns.records import (
    Alias,
    Key,
    Record,
    complaints_about_name,
    complaints_about_values,
    is_within,
    read,
)
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, instead
from provisioner.sandbox.rules.route53 import editable

_SOURCE = "Route 53 API Reference: ChangeResourceRecordSets; messages from public issue threads"
_MOST_RECORDS = 1000
_LONGEST_TTL = 2**31 - 1
_MOST_VALUES = 400
Records = dict[Key, Record]


@dataclass(frozen=True)
class Wish:
    """One change of a batch."""

    action: str
    record: Record
    name: str  # as it was written

    @property
    def weight(self) -> int:
        """What it counts of the limit of records a batch."""
        return len(self.record.values) * (2 if self.action == "UPSERT" else 1)


@instead("route53", "ChangeResourceRecordSets", source=_SOURCE)
def batches_are_done_whole_or_not_at_all(call: Call) -> Answer:
    """InvalidChangeBatch with everything that is wrong, and nothing is changed; else PENDING for a while."""
    zone = editable(call, call.parameters["HostedZoneId"])
    batch = call.parameters["ChangeBatch"]
    wishes = [_wish(change) for change in batch["Changes"]]
    complaints = [line for wish in wishes for line in _syntax(zone, wish)]
    _refuse(complaints or list(_semantics(wishes)))
    records, complaints = _applied(zone, wishes)
    _refuse([*complaints, *_conflicts(zone, records, wishes), *_lost(call, zone, records, wishes)])
    hosted_zones.put(zone, records.values())
    return {"ChangeInfo": hosted_zones.submit(call.site, zone, batch.get("Comment")).told()}


def _wish(change: Mapping[str, Any]) -> Wish:
    """InvalidInput unless it has either an alias or both a TTL and values."""
    given, action = change["ResourceRecordSet"], change["Action"]
    whole = "TTL" in given and bool(given.get("ResourceRecords"))
    half = "TTL" in given or "ResourceRecords" in given
    if ("AliasTarget" in given and half) or ("AliasTarget" not in given and not whole):
        found = "more than one" if "AliasTarget" in given else "none"
        message = (
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or "
            f"TrafficPolicyInstanceId], but found {found} in Change with [Action={action}, Name={given['Name']}, "
            f"Type={given['Type']}, SetIdentifier={given.get('SetIdentifier', 'null')}]"
        )
        raise Refusal("InvalidInput", message)
    if not 0 <= given.get("TTL", 0) <= _LONGEST_TTL:
        message = (
            f"Invalid XML ; cvc-maxInclusive-valid: Value '{given['TTL']}' is not a TTL (0 to {_LONGEST_TTL})"
        )
        raise Refusal("InvalidInput", message)
    return Wish(action, read(given), given["Name"])


def _syntax(zone: Zone, wish: Wish) -> Iterator[str]:
    """What is wrong with one change, whatever the zone holds."""
    record = wish.record
    yield from complaints_about_name(wish.name)
    if not is_within(record.name, zone.name):
        yield f"RRSet with DNS name {record.name} is not permitted in zone {zone.name}"
    if record.alias is not None:
        yield from complaints_about_name(record.alias.target)
    if len(record.values) > _MOST_VALUES:
        yield f"Cannot have more than {_MOST_VALUES} records in a RRSet."
    yield from complaints_about_values(record)


def _semantics(wishes: list[Wish]) -> Iterator[str]:
    """What is wrong with the changes together, whatever the zone holds."""
    if sum(wish.weight for wish in wishes) > _MOST_RECORDS:
        yield f"Number of records limit of {_MOST_RECORDS} exceeded."
    asked: dict[Key, list[str]] = {}
    for wish in wishes:
        asked.setdefault(wish.record.key, []).append(wish.action)
    for (name, kind, _), actions in asked.items():
        if len(actions) > 1 and actions != ["DELETE", "CREATE"]:
            yield f"The request contains an invalid set of changes for a resource record set '{kind} {name}'"


def _applied(zone: Zone, wishes: list[Wish]) -> tuple[Records, list[str]]:
    """The zone's records after the batch, and what could not be done."""
    records, complaints = dict(zone.records), []
    for wish in wishes:
        if complaint := _COMPLAINTS[wish.action](records.get(wish.record.key), wish.record):
            complaints.append(
                f"Tried to {wish.action.lower()} resource record set {_brief(wish.record)} {complaint}"
            )
        elif wish.action == "DELETE":
            del records[wish.record.key]
        else:
            records[wish.record.key] = wish.record
    return records, complaints


def _to_create(there: Record | None, record: Record) -> str:
    return "but it already exists" if there else ""


def _to_delete(there: Record | None, record: Record) -> str:
    if there is None:
        return "but it was not found"
    return "" if there.equals(record) else "but the values provided do not match the current values"


def _to_upsert(there: Record | None, record: Record) -> str:
    return ""


_COMPLAINTS: Mapping[str, Callable[[Record | None, Record], str]] = {
    "CREATE": _to_create,
    "DELETE": _to_delete,
    "UPSERT": _to_upsert,
}


def _conflicts(zone: Zone, records: Records, wishes: list[Wish]) -> Iterator[str]:
    """What the zone could not hold together."""
    if not any(name == zone.name and kind == "NS" for name, kind, _ in records):
        yield "A HostedZone must contain at least one NS record for the zone itself."
    if not any(name == zone.name and kind == "SOA" for name, kind, _ in records):
        yield "A HostedZone must contain exactly one SOA record."
    for wish in wishes:
        if wish.action != "DELETE":
            yield from _conflict(zone, records, wish.record)
            yield from _mixed(records, wish.record)


def _conflict(zone: Zone, records: Records, record: Record) -> Iterator[str]:
    rrset = f"RRSet of type {record.type} with DNS name {record.name} is not permitted"
    others = {kind for name, kind, _ in records if name == record.name and kind != record.type}
    if record.type == "CNAME" and record.name == zone.name:
        yield f"{rrset} at apex in zone {zone.name}"
    elif record.type == "CNAME" and others:
        yield f"{rrset} as it conflicts with other records with the same DNS name in zone {zone.name}"
    elif "CNAME" in others:
        yield (
            f"{rrset} because a conflicting RRSet of type CNAME with the same DNS name already exists in zone "
            f"{zone.name}"
        )


def _mixed(records: Records, record: Record) -> Iterator[str]:
    """A record set of simple routing is alone; the wording is made up after cert-manager#5388."""
    others = [key for key in records if key[:2] == record.key[:2] and bool(key[2]) != bool(record.set_identifier)]
    if others:
        identifier = f", SetIdentifier {record.set_identifier}" if record.set_identifier else ""
        yield (
            f"RRSet with DNS name {record.name}, type {record.type}{identifier} cannot be created because an "
            "RRSet of another routing policy exists with the same name and type."
        )


def _lost(call: Call, zone: Zone, records: Records, wishes: list[Wish]) -> Iterator[str]:
    """Aliases that lead nowhere."""
    for wish in wishes:
        if wish.record.alias is not None and wish.action != "DELETE":
            yield from _missed(call, zone, records, wish.record.type, wish.record.alias)


def _missed(call: Call, zone: Zone, records: Records, kind: str, alias: Alias) -> Iterator[str]:
    tried = f"Tried to create an alias that targets {alias.target}, type {kind} in zone {alias.zone}, but"
    if alias.zone == zone.id:
        within = is_within(alias.target, zone.name)
        found = any(name == alias.target and of == kind for name, of, _ in records)
    else:
        region, within = _region(alias)
        found = kind in ("A", "AAAA") and any(_targets(call, region, alias))
    if not within:
        yield f"{tried} the alias target name does not lie within the target zone"
    if not found:
        yield f"{tried} that target was not found"


def _region(alias: Alias) -> tuple[str, bool]:
    """The region of a load balancer's name, and whether the alias gives that region's zone."""
    *_, one, two, _, _, _ = ["", "", *alias.target.split(".")]
    region = two if one == "elb" else one
    return region, alias.zone in (elb_zones.zone_of("network", region), elb_zones.zone_of("application", region))


def _targets(call: Call, region: str, alias: Alias) -> Iterator[str]:
    """The load balancers of that name, of any account."""
    name = alias.target.removeprefix("dualstack.").removesuffix(".")
    for account in backends.accounts() if region else ():
        for balancer in backends.elbv2(Site(account, region, call.world)).load_balancers.values():
            kind = balancer.type or "application"
            if balancer.dns_name.lower() == name and alias.zone == elb_zones.zone_of(kind, region):
                yield balancer.arn


def _brief(record: Record) -> str:
    identifier = f", set-identifier='{record.set_identifier}'" if record.set_identifier else ""
    return f"[name='{record.name}', type='{record.type}'{identifier}]"


def _refuse(complaints: list[str]) -> None:
    if complaints:
        raise Refusal("InvalidChangeBatch", f"[{', '.join(complaints)}]")
