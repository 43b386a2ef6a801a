"""Hosted zones: the private ones of the VPCs, and the public ones that some name is in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from provisioner.reach.parts import RecordSet, Zone
from provisioner.reach.reading.pages import Raw, hidden, items
from provisioner.reach.zones import is_within


def private(dns: Any, vpcs: Sequence[str], region: str) -> list[Zone]:
    """Those that are associated with one of the VPCs. One of another account may keep its records to itself."""
    found: dict[str, tuple[str, list[str]]] = {}
    for vpc in vpcs:
        for raw in _of_vpc(dns, vpc, region):
            found.setdefault(raw["HostedZoneId"], (raw["Name"], []))[1].append(vpc)
    return [Zone(one, name, True, records(dns, one), tuple(mine)) for one, (name, mine) in found.items()]


def _of_vpc(dns: Any, vpc: str, region: str) -> Iterator[Raw]:
    """The call has pages, and botocore no paginator for it."""
    more: dict[str, str] = {}
    while True:
        answer = dns.list_hosted_zones_by_vpc(VPCId=vpc, VPCRegion=region, **more)
        yield from answer["HostedZoneSummaries"]
        if not answer.get("NextToken"):
            return
        more = {"NextToken": answer["NextToken"]}


def public(dns: Any, names: Collection[str]) -> list[Zone]:
    """This account's own, with the records of those that one of these names is in."""
    found = items(dns, "list_hosted_zones", "HostedZones")
    known = [raw for raw in found if not (raw.get("Config") or {}).get("PrivateZone")]
    return [_public(dns, raw, names) for raw in known]


def _public(dns: Any, raw: Raw, names: Collection[str]) -> Zone:
    zone, name = raw["Id"].rpartition("/")[2], raw["Name"]
    wanted = any(is_within(one, name) for one in names)
    return Zone(zone, name, False, records(dns, zone) if wanted else None)


def elsewhere(dns: Any, zone: str) -> list[Zone]:
    """One public zone by its id, in the account that these clients are of; none where it is hidden."""
    try:
        name = dns.get_hosted_zone(Id=zone)["HostedZone"]["Name"]
    except ClientError as error:
        if hidden(error):
            return []
        raise
    return [Zone(zone, name, False, records(dns, zone))]


def records(dns: Any, zone: str) -> tuple[RecordSet, ...] | None:
    """All of a zone's records; None where they may not be read."""
    try:
        found = list(items(dns, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone))
    except ClientError as error:
        if hidden(error):
            return None
        raise
    return tuple(_kept(found))


def _kept(found: Iterable[Raw]) -> Iterator[RecordSet]:
    for raw in found:
        values = tuple(one["Value"] for one in raw.get("ResourceRecords") or ())
        yield RecordSet(raw["Name"], raw["Type"], values, (raw.get("AliasTarget") or {}).get("DNSName", ""))
