"""What Route 53 tells: how it writes names, which zones have one, which record sets are in which place.

It allows an account five calls a second, of whatever kind (Route 53 Developer Guide: quotas), so reads are few and
shared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from steps.aws.context import Look
from steps.aws.errors import gone

if TYPE_CHECKING:
    from types_boto3_route53 import Route53Client

RecordSet = Mapping[str, Any]

_CHARACTER = re.compile(r"\\([0-7]{3})|(.)", re.DOTALL)
_PLAIN = re.compile(r"[a-z0-9\-_.]")


def canonical(name: str) -> str:
    """As Route 53 tells names: lower case, a dot at the end, `\\052` for `*` (Developer Guide: name format)."""
    text = "".join(_written(chr(int(octal, 8)) if octal else other) for octal, other in _CHARACTER.findall(name))
    return text if text.endswith(".") else f"{text}."


def _written(character: str) -> str:
    low = character.lower()
    return low if _PLAIN.fullmatch(low) else f"\\{ord(low):03o}"


def plain(name: str) -> str:
    """As people write a name that Route 53 told."""
    return name.removesuffix(".").replace("\\052", "*")


_FORMS: Mapping[str, Callable[[str], str]] = {"CNAME": canonical, "NS": canonical, "PTR": canonical}
"""Types whose values are names: they may come back written otherwise."""


def values(one: RecordSet) -> list[str]:
    """The values of a record set in one spelling and order; none of an alias."""
    form = _FORMS.get(one["Type"], str)
    return sorted(map(form, _raw_values(one)))


def same(one: RecordSet, other: RecordSet) -> bool:
    """Whether both lead to the same place, for however long."""
    return _target(one) == _target(other)


def _target(one: RecordSet) -> tuple[Any, ...]:
    alias = one.get("AliasTarget") or {}
    name = canonical(alias.get("DNSName", ""))
    return (
        values(one),
        alias.get("HostedZoneId"),
        name,
        alias.get("EvaluateTargetHealth"),
        one.get("SetIdentifier"),
    )


def told(one: RecordSet) -> str:
    """One line: name, type and where it leads."""
    alias = one.get("AliasTarget")
    target = f"alias {alias['DNSName']}" if alias else " ".join(_raw_values(one))
    return f"{plain(one['Name'])} {one['Type']} {target}"


def _raw_values(one: RecordSet) -> list[str]:
    return [value["Value"] for value in one.get("ResourceRecords") or ()]


class Place(NamedTuple):
    """What a zone has once; `way` leads to the account that has the zone (`Aws.at`)."""

    zone: str
    name: str
    type: str
    way: str = ""

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Place:
        name = canonical(request["Name"])
        return cls(request["HostedZoneId"], name, request["Type"], request.get("Way", ""))

    @classmethod
    def read(cls, text: str) -> Place:
        return cls(*text.split("|", 3))

    def __str__(self) -> str:
        return "|".join(self if self.way else self[:3])


def found_in(look: Look, places: Iterable[Place]) -> dict[Place, RecordSet]:
    """What is in these places.

    A small zone is read whole, once for all that want something of it. Of one that takes more than a page only
    what is wanted is read, for the zones of companies have thousands of records.
    """
    found: dict[Place, RecordSet] = {}
    for place in sorted(places):
        read = partial(_page, look.aws.at(place.way).clients.dns, HostedZoneId=place.zone)
        page = look.share(f"records of {place.zone} {place.way}", read)
        if page["IsTruncated"]:
            page = read(StartRecordName=place.name, StartRecordType=place.type, MaxItems="1")
        for raw in page["ResourceRecordSets"]:
            if (canonical(raw["Name"]), raw["Type"]) == (place.name, place.type):
                found[place] = raw
    return found


def _page(dns: Route53Client, **start: Any) -> Mapping[str, Any]:
    """A zone that is not there has no records."""
    try:
        return dns.list_resource_record_sets(**start)
    except ClientError as error:
        if gone(error):
            return {"ResourceRecordSets": [], "IsTruncated": False}
        raise


def everything(dns: Route53Client, zone: str) -> list[RecordSet]:
    """All record sets of a zone."""
    pages = dns.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
    return [raw for page in pages for raw in page["ResourceRecordSets"]]


def change(dns: Route53Client, zone: str, action: str, *sets: RecordSet) -> str:
    """Do this with all of them or with none; the change's id. 1000 values at most (Developer Guide: quotas)."""
    changes: Any = [{"Action": action, "ResourceRecordSet": dict(one)} for one in sets]
    answer = dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    return short(answer["ChangeInfo"]["Id"])


def zones_named(dns: Route53Client, name: str) -> Iterator[Mapping[str, Any]]:
    """All hosted zones of exactly that name: a listing that starts with a name tells its zones first."""
    wanted = canonical(name)
    start: Mapping[str, str] = {"DNSName": wanted}
    while start:
        answer: Any = dns.list_hosted_zones_by_name(**start)
        for zone in answer["HostedZones"]:
            if canonical(zone["Name"]) != wanted:
                return
            yield zone
        start = _next(answer) if answer["IsTruncated"] else {}


def _next(answer: Mapping[str, Any]) -> dict[str, str]:
    return {"DNSName": answer["NextDNSName"], "HostedZoneId": answer["NextHostedZoneId"]}


def short(key: str) -> str:
    """An id without `/hostedzone/` or `/change/`."""
    return key.rpartition("/")[2]
