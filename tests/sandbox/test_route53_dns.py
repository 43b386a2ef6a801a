"""What DNS answers from hosted zones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from provisioner.sandbox.call import Site
from provisioner.sandbox.dns import elb_zones, hosted_zones, zones
from provisioner.sandbox.dns.hosted_zones import Zone
from provisioner.sandbox.dns.records import Alias, Record
from provisioner.sandbox.embedded import embedded
from provisioner.sandbox.world import World
from tests.sandbox_fixture import REGION

HERE = "123456789012"
THERE = "999999999999"


class Names:
    """Zones in two accounts of an embedded sandbox, and how they are asked."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.here = Site(HERE, REGION, world)
        self.there = Site(THERE, REGION, world)

    def zone(self, site: Site, name: str, *records: Record, vpc: str = "") -> Zone:
        where = {"VPCId": vpc, "VPCRegion": REGION} if vpc else None
        zone = hosted_zones.create(site, name, f"{name}/{len(hosted_zones.of(site).references)}", vpc=where)
        self.put(site, zone, *records)
        return zone

    def put(self, site: Site, zone: Zone, *records: Record) -> None:
        hosted_zones.put(zone, [*zone.records.values(), *records])
        hosted_zones.submit(site, zone)
        self.world.clock.catch_up()

    def delegate(self, site: Site, parent: Zone, child: Zone) -> None:
        self.put(site, parent, Record(child.name, "NS", 60, tuple(f"{server}." for server in child.servers)))

    def ask(self, name: str, kind: str = "A") -> zones.Found:
        return zones.public_answer(self.world, name, kind)


@pytest.fixture
def names() -> Iterator[Names]:
    with embedded() as world:
        yield Names(world)


def address(name: str, *values: str) -> Record:
    return Record(name, "A", 60, values)


def test_a_registered_zone_answers(names: Names) -> None:
    names.zone(names.here, "example.test", address("www.example.test.", "192.0.2.1", "192.0.2.2"))
    assert names.ask("WWW.example.test") == ["192.0.2.1", "192.0.2.2"]
    assert names.ask("www.example.test", "TXT") == []
    assert names.ask("no.example.test") is None
    assert names.ask("www.elsewhere.test") is None


def test_a_zone_that_nobody_delegates_is_not_heard(names: Names) -> None:
    names.zone(names.here, "sub.example.test", address("www.sub.example.test.", "192.0.2.1"))
    assert names.ask("www.sub.example.test") is None
    zones.delegate(names.world, "sub.example.test")
    assert names.ask("www.sub.example.test") == ["192.0.2.1"]


def test_delegation_across_accounts(names: Names) -> None:
    parent = names.zone(names.there, "example.test")
    child = names.zone(names.here, "sub.example.test", address("www.sub.example.test.", "192.0.2.1"))
    assert names.ask("www.sub.example.test") is None
    names.delegate(names.there, parent, child)
    assert names.ask("www.sub.example.test") == ["192.0.2.1"]
    assert names.ask("sub.example.test", "NS") == [f"{server}." for server in child.servers]


def test_of_two_zones_of_a_name_the_delegated_one_is_heard(names: Names) -> None:
    parent = names.zone(names.here, "example.test")
    for value in ("192.0.2.1", "192.0.2.2"):
        child = names.zone(names.here, "sub.example.test", address("www.sub.example.test.", value))
    names.delegate(names.here, parent, child)
    assert names.ask("www.sub.example.test") == ["192.0.2.2"]


def test_wrong_name_servers_hide_the_zone(names: Names) -> None:
    parent = names.zone(names.here, "example.test", address("www.sub.example.test.", "192.0.2.9"))
    names.zone(names.here, "sub.example.test", address("www.sub.example.test.", "192.0.2.1"))
    names.put(names.here, parent, Record("sub.example.test.", "NS", 60, ("ns-1.awsdns-01.com.",)))
    assert names.ask("www.sub.example.test") is None


def test_the_registrar_can_name_the_name_servers(names: Names) -> None:
    names.zone(names.here, "example.test", address("www.example.test.", "192.0.2.1"))
    second = names.zone(names.here, "example.test", address("www.example.test.", "192.0.2.2"))
    assert names.ask("www.example.test") == ["192.0.2.1"]
    zones.delegate(names.world, "example.test", second.servers)
    assert names.ask("www.example.test") == ["192.0.2.2"]


def test_wildcards(names: Names) -> None:
    names.zone(
        names.here,
        "example.test",
        address("\\052.example.test.", "192.0.2.1"),
        address("a.there.example.test.", "192.0.2.2"),
    )
    assert names.ask("any.example.test") == ["192.0.2.1"]
    assert names.ask("any.depth.example.test") == ["192.0.2.1"]
    assert names.ask("there.example.test") == []
    assert names.ask("b.there.example.test") is None
    assert names.ask("example.test") == []


def test_cnames_are_followed_through_zones(names: Names) -> None:
    names.zone(
        names.here,
        "example.test",
        Record("a.example.test.", "CNAME", 60, ("b.other.test",)),
        Record("loop.example.test.", "CNAME", 60, ("loop.example.test.",)),
        Record("lost.example.test.", "CNAME", 60, ("no.other.test.",)),
        Record("out.example.test.", "CNAME", 60, ("web.eu-central-1.elb.amazonaws.com",)),
    )
    names.zone(names.there, "other.test", address("b.other.test.", "192.0.2.1"))
    assert names.ask("a.example.test") == ["192.0.2.1"]
    assert names.ask("a.example.test", "CNAME") == ["b.other.test"]
    assert names.ask("loop.example.test") is None
    assert names.ask("lost.example.test") is None
    assert names.ask("out.example.test") == Alias("web.eu-central-1.elb.amazonaws.com.")


def test_aliases(names: Names) -> None:
    zone = names.zone(names.here, "example.test", address("b.example.test.", "192.0.2.1"))
    balancer = Alias("dualstack.web.eu-central-1.elb.amazonaws.com.", elb_zones.ALB[REGION])
    names.put(
        names.here,
        zone,
        Record("a.example.test.", "A", alias=Alias("b.example.test.", zone.id)),
        Record("example.test.", "A", alias=balancer),
    )
    assert names.ask("a.example.test") == ["192.0.2.1"]
    assert names.ask("example.test") == balancer


def test_records_under_several_identifiers_are_one_answer(names: Names) -> None:
    names.zone(
        names.here,
        "example.test",
        *(Record("a.example.test.", "A", 60, (f"192.0.2.{n}",), set_identifier=str(n)) for n in (1, 2)),
    )
    assert names.ask("a.example.test") == ["192.0.2.1", "192.0.2.2"]


def test_private_zones_answer_in_their_vpcs_only(names: Names) -> None:
    names.zone(names.here, "example.test", address("www.example.test.", "192.0.2.1"))
    names.zone(names.here, "example.test", address("db.example.test.", "10.0.0.1"), vpc="vpc-1")
    names.zone(names.there, "sub.example.test", address("db.sub.example.test.", "10.0.0.2"), vpc="vpc-1")

    def ask(vpc: str, name: str) -> zones.Found:
        return zones.private_answer(names.here, vpc, name, "A")

    assert names.ask("db.example.test") is None
    assert ask("vpc-1", "db.example.test") == ["10.0.0.1"]
    assert ask("vpc-1", "www.example.test") is None
    assert ask("vpc-1", "db.sub.example.test") == ["10.0.0.2"]
    assert ask("vpc-2", "db.example.test") is None
    assert ask("vpc-2", "www.example.test") == ["192.0.2.1"]


def test_a_change_is_heard_when_it_is_in_sync() -> None:
    with embedded("scaled=1") as world:
        client: Any = boto3.Session(region_name=REGION).client("route53")
        made = client.create_hosted_zone(Name="example.test", CallerReference="r")
        world.clock.advance(31)
        for action, value in (("CREATE", "192.0.2.1"), ("UPSERT", "192.0.2.2")):
            record = {"Name": "a.example.test", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": value}]}
            batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
            client.change_resource_record_sets(HostedZoneId=made["HostedZone"]["Id"], ChangeBatch=batch)
            world.clock.advance(20)
            client.get_hosted_zone_count()
        assert zones.public_answer(world, "a.example.test", "A") == ["192.0.2.1"]
        world.clock.advance(11)
        client.get_hosted_zone_count()
        assert zones.public_answer(world, "a.example.test", "A") == ["192.0.2.2"]
