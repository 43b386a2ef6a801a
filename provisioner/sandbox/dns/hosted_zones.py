"""Hosted zones: what the API tells changes at once, what resolvers hear when the change is in sync."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.route53.models import FakeZone

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.dns.records import Key, Record, canonical
from provisioner.sandbox.world import World

_DOMAINS = ("com", "net", "org", "co.uk")
_PRIVATE_SERVERS = tuple(f"ns-{512 * number}.awsdns-00.{domain}" for number, domain in enumerate(_DOMAINS))


@dataclass
class Zone:
    """One hosted zone: moto's, its records as they are told (`records`) and as resolvers hear them (`heard`)."""

    moto: FakeZone
    servers: tuple[str, ...]
    owner: str = ""  # the ARN of the Cloud Map namespace that it belongs to
    records: dict[Key, Record] = field(default_factory=dict)
    heard: dict[Key, Record] = field(default_factory=dict)
    asked: int = 0  # changes that were submitted
    synced: int = 0

    @property
    def id(self) -> str:
        return str(self.moto.resource_id)

    @property
    def name(self) -> str:
        return str(self.moto.name)

    @property
    def vpcs(self) -> list[str]:
        return [vpc["vpc_id"] for vpc in self.moto.vpcs]


@dataclass
class Change:
    """One submission: PENDING until the name servers have it."""

    id: str
    submitted: datetime
    comment: str | None = None
    status: str = "PENDING"

    def told(self) -> dict[str, Any]:
        """As boto3 gives it."""
        told = {"Id": self.id, "Status": self.status, "SubmittedAt": self.submitted}
        return {**told, "Comment": self.comment} if self.comment else told


class Zones:
    """One account's zones by id, its changes by id, and the caller references that made a zone."""

    def __init__(self) -> None:
        self.all: dict[str, Zone] = {}
        self.changes: dict[str, Change] = {}
        self.references: set[str] = set()


class Watchers:
    """What is to happen whenever resolvers hear something else than before, by who wants it."""

    def __init__(self) -> None:
        self.all: dict[object, Callable[[], None]] = {}


def of(site: Site) -> Zones:
    """The notes of the account; zones have no region."""
    return site.world.ledger(Zones, site.account, "")


def every(world: World) -> Iterator[Zone]:
    """The zones of all accounts."""
    for account in backends.accounts():
        yield from world.ledger(Zones, account, "").all.values()


def create(
    site: Site,
    name: str,
    reference: str,
    *,
    vpc: Mapping[str, str] | None = None,
    comment: str | None = None,
    delegation_set: str | None = None,
    owner: str = "",
) -> Zone:
    """A new zone with its NS and SOA records, private if it begins with a VPC; they are heard after its change."""
    made = backends.zones(site).create_hosted_zone(
        canonical(name),
        private_zone=vpc is not None,
        caller_reference=reference,
        vpcid=vpc["VPCId"] if vpc else None,
        vpcregion=vpc["VPCRegion"] if vpc else None,
        comment=comment,
        delegation_set_id=delegation_set,
    )
    servers = _PRIVATE_SERVERS if vpc else _servers(delegation_set or str(made.resource_id))
    if made.delegation_set is not None:
        made.delegation_set.name_servers = list(servers)
    zone = Zone(made, servers, owner)
    of(site).all[zone.id] = zone
    of(site).references.add(reference)
    put(zone, _first_records(zone))
    return zone


def put(zone: Zone, records: Iterable[Record]) -> None:
    """Let these be all records that the API tells of the zone."""
    zone.records = {record.key: record for record in records}
    zone.moto.rrsets = list(zone.records.values())  # type: ignore[arg-type]  # moto counts them


def submit(site: Site, zone: Zone, comment: str | None = None) -> Change:
    """Have resolvers hear the zone as it is now, after a while."""
    number = site.world.latencies.chance("route53.change").getrandbits(64)
    change = Change(f"/change/C{number:020X}", datetime.now(UTC), comment)
    of(site).changes[change.id] = change
    zone.asked += 1
    turn, records = zone.asked, dict(zone.records)

    def sync() -> None:
        change.status = "INSYNC"
        if turn > zone.synced:  # a later change may have been quicker
            zone.synced, zone.heard = turn, records
        tell(site.world)

    site.later("route53.insync", sync)
    return change


def remove(site: Site, zone: Zone) -> None:
    """Delete it with whatever is in it."""
    of(site).all.pop(zone.id, None)
    backends.zones(site).zones.pop(zone.id, None)
    backends.zones(site).resource_tags.pop(zone.id, None)
    tell(site.world)


def watch(world: World, who: object, action: Callable[[], None]) -> None:
    """Have `action` happen whenever resolvers hear something new."""
    world.ledger(Watchers, "", "").all[who] = action


def tell(world: World) -> None:
    """Resolvers hear something new."""
    for action in list(world.ledger(Watchers, "", "").all.values()):
        action()


def _servers(seed: str) -> tuple[str, ...]:
    """Four name servers, one a top-level domain, as this zone alone has them."""
    digest = hashlib.sha256(seed.encode()).digest()
    numbers = [int.from_bytes(digest[at : at + 2]) for at in range(0, 16, 2)]
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    return tuple(
        f"ns-{512 * order + number % 512}.awsdns-{group % 64:02d}.{domain}"
        for order, (domain, (number, group)) in enumerate(zip(_DOMAINS, pairs, strict=True))
    )


def _first_records(zone: Zone) -> list[Record]:
    soa = f"{zone.servers[-1]}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
    return [
        Record(zone.name, "NS", 172800, tuple(f"{server}." for server in zone.servers)),
        Record(zone.name, "SOA", 900, (soa,)),
    ]
