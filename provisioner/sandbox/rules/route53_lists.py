"""Route 53: lists in the order of names read from their end, a page at a time, and limits.

The order is that of texts with a dot at the end, `com.example.www.`: what comes before a dot in ASCII, such as a
hyphen, comes before the names below (API Reference: ListResourceRecordSets).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import dropwhile
from typing import Any

from moto.route53 import urls
from moto.route53.responses import Route53

from provisioner.sandbox.call import Call
from provisioner.sandbox.dns import hosted_zones
from provisioner.sandbox.dns.hosted_zones import Zone
from provisioner.sandbox.dns.records import Record, canonical, labels
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, instead
from provisioner.sandbox.rules.route53 import describe, find

# moto has no such pages.
for _path in (r"accountlimit/(?P<type>[^/]+)$", r"hostedzonelimit/(?P<id>[^/]+)/(?P<type>[^/]+)$"):
    urls.url_paths[rf"{{0}}/(?P<api_version>[\d_-]+)/{_path}"] = Route53.dispatch

_LIMITS: Mapping[str, int] = {
    "MAX_HEALTH_CHECKS_BY_OWNER": 200,
    "MAX_HOSTED_ZONES_BY_OWNER": 500,
    "MAX_REUSABLE_DELEGATION_SETS_BY_OWNER": 100,
    "MAX_TRAFFIC_POLICIES_BY_OWNER": 50,
    "MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER": 5,
    "MAX_RRSETS_BY_ZONE": 10_000,
    "MAX_VPCS_ASSOCIATED_BY_ZONE": 300,
}
_MOST_RECORDS = 300
_MOST_ZONES = 100


@instead("route53", "ListResourceRecordSets", source="Route 53 API Reference: ListResourceRecordSets")
def records_in_order(call: Call) -> Answer:
    """By name from its end, then by type; InvalidInput for a type to start with without a name."""
    given = call.parameters
    zone = find(call, given["HostedZoneId"])
    if "StartRecordType" in given and "StartRecordName" not in given:
        raise Refusal("InvalidInput", "The input is not valid: a record type to start with needs a record name")
    name = canonical(given["StartRecordName"]) if "StartRecordName" in given else ""
    start = _place(name, given.get("StartRecordType", ""), given.get("StartRecordIdentifier", ""))
    records = sorted(zone.records.values(), key=_place_of)
    page, rest = _page(list(dropwhile(lambda record: _place_of(record) < start, records)), given, _MOST_RECORDS)
    answer: Answer = {
        "ResourceRecordSets": [record.told() for record in page],
        **_pages(given, rest, _MOST_RECORDS),
    }
    if rest:
        answer |= {"NextRecordName": rest[0].name, "NextRecordType": rest[0].type}
        answer |= {"NextRecordIdentifier": rest[0].set_identifier} if rest[0].set_identifier else {}
    return answer


@instead("route53", "ListHostedZonesByName", source="Route 53 API Reference: ListHostedZonesByName")
def zones_by_name(call: Call) -> Answer:
    """All from the given name on, by name from its end: the first need not have that name."""
    given = call.parameters
    start = (_reversed(canonical(given["DNSName"])) if "DNSName" in given else "", given.get("HostedZoneId", ""))

    def place(zone: Zone) -> tuple[str, str]:
        return _reversed(zone.name), zone.id

    found = sorted((zone for zone in hosted_zones.of(call).all.values() if place(zone) >= start), key=place)
    page, rest = _page(found, given, _MOST_ZONES)
    answer: Answer = {"HostedZones": [describe(zone) for zone in page], **_pages(given, rest, _MOST_ZONES)}
    answer |= {key: given[key] for key in ("DNSName", "HostedZoneId") if key in given}
    return {**answer, "NextDNSName": rest[0].name, "NextHostedZoneId": rest[0].id} if rest else answer


@instead("route53", "GetAccountLimit", source="Route 53 Developer Guide: quotas")
def limits_of_an_account(call: Call) -> Answer:
    """How many zones there may be, and are; of other things there are none here."""
    kind = call.parameters["Type"]
    count = len(hosted_zones.of(call).all) if kind == "MAX_HOSTED_ZONES_BY_OWNER" else 0
    return _limit(kind, count)


@instead("route53", "GetHostedZoneLimit", source="Route 53 Developer Guide: quotas")
def limits_of_a_zone(call: Call) -> Answer:
    """How many records or VPCs there may be, and are; HostedZoneNotPrivate for the VPCs of a public zone."""
    zone, kind = find(call, call.parameters["HostedZoneId"]), call.parameters["Type"]
    if kind == "MAX_RRSETS_BY_ZONE":
        return _limit(kind, len(zone.records))
    if not zone.moto.private_zone:
        raise Refusal("HostedZoneNotPrivate", f"The hosted zone {zone.id} is public.")
    return _limit(kind, len(zone.vpcs))


def _limit(kind: str, count: int) -> Answer:
    if kind not in _LIMITS:
        raise Refusal("InvalidInput", f"{kind} is no limit")
    return {"Limit": {"Type": kind, "Value": _LIMITS[kind]}, "Count": count}


def _reversed(name: str) -> str:
    return ".".join([*labels(name), ""])


def _place(name: str, kind: str, identifier: str) -> tuple[str, str, str]:
    return _reversed(name) if name else "", kind, identifier


def _place_of(record: Record) -> tuple[str, str, str]:
    return _place(record.name, record.type, record.set_identifier)


def _page(found: Sequence[Any], given: Mapping[str, Any], most: int) -> tuple[Sequence[Any], Sequence[Any]]:
    size = min(int(given.get("MaxItems", most)), most)
    return found[:size], found[size:]


def _pages(given: Mapping[str, Any], rest: Sequence[Any], most: int) -> Answer:
    return {"IsTruncated": bool(rest), "MaxItems": str(min(int(given.get("MaxItems", most)), most))}
