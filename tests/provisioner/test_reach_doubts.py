"""What was judged wrongly once: peerings, names of endpoints, public databases, tables too long to read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provisioner.reach import Outcome, Snapshot, judge, zones
from provisioner.reach.parts import Database, Owned, RecordSet, Task, Zone
from provisioner.reach.reading import network as reading
from provisioner.reach.things import (
    ENDPOINT,
    OTHER,
    TRANSIT,
    AclEntry,
    Attachment,
    Endpoint,
    PrefixList,
    Route,
    Subnet,
    TransitGateway,
    TransitRoute,
    Vpc,
)
from provisioner.reach.trail import Unseen
from tests.provisioner.reach_snapshots import (
    ALL,
    INSIDE,
    acl,
    ask,
    balanced,
    blocked,
    group,
    interface,
    named,
    network,
    owned,
    public,
    rule,
    settings,
    snapshot,
    table,
)

REMOTE = "10.9.0.1"


def peered(**more: Any) -> Snapshot:
    """A VPC with a route into a peering."""
    return snapshot(network(tables=named(table(Route("10.9.0.0/16", OTHER, "pcx-1"))), **more))


def test_what_comes_through_a_peering_may_get_in() -> None:
    opened = {"groups": named(group("sg-a"), group("sg-b", rule("sg-b", "10.9.0.0/16", port=80)))}
    found = ask(peered(**opened), "eni-b", REMOTE)
    assert (found.outcome, found.telling.doubts[0].at) == (Outcome.UNKNOWN, "pcx-1")
    blocked(ask(peered(), "eni-b", REMOTE), "no rule lets tcp 80 in from 10.9.0.1")
    shut = acl(AclEntry(100, True, True, "-1", ALL), AclEntry(100, False, False, "-1", ALL))
    blocked(ask(peered(**opened, acls=named(shut)), "eni-b", REMOTE), "does not let tcp 80 in from 10.9.0.1")


def test_members_of_a_peers_group_are_not_seen() -> None:
    theirs = rule("sg-b", peer="sg-9", peer_account="999999999999", port=80)
    found = peered(groups=named(group("sg-a"), group("sg-b", theirs)))
    assert ask(found, "eni-b", REMOTE).outcome is Outcome.UNKNOWN
    out = rule("sg-a", peer="sg-9", peer_account="999999999999", egress=True)
    found = peered(groups=named(group("sg-a", out), group("sg-b")))
    assert ask(found, REMOTE).outcome is Outcome.UNKNOWN
    blocked(ask(found), "no rule lets tcp 80 out")  # in the VPC nobody is a member


def joined(*, passes_groups: bool = False, routes: tuple[TransitRoute, ...] | None = ()) -> Snapshot:
    """Two VPCs at a transit gateway; b admits the other one's group."""
    tables = {"rtb-1": table(Route("10.9.0.0/16", TRANSIT, "tgw-1"))}
    there = replace(tables["rtb-1"], id="rtb-9", vpc="vpc-9")
    away = replace(there, routes=(Route("10.9.0.0/16", "local", "local"), Route(INSIDE, TRANSIT, "tgw-1")))
    far = replace(
        interface("a"), id="eni-z", vpc="vpc-9", subnet="subnet-z", addresses=(REMOTE,), groups=("sg-z",)
    )
    usual = network()
    known = (
        Attachment("tgw-attach-1", "tgw-1", "vpc", "vpc-1", "available", "tgw-rtb", ("subnet-b",)),
        Attachment("tgw-attach-9", "tgw-1", "vpc", "vpc-9", "available", "tgw-rtb", ("subnet-z",)),
    )
    both = (TransitRoute(INSIDE, "tgw-attach-1", False), TransitRoute("10.9.0.0/16", "tgw-attach-9", False))
    learnt = None if routes is None else (*both, *routes)
    gateway = TransitGateway("tgw-1", "111111111111", "available", {"tgw-rtb": learnt}, passes_groups)
    return snapshot(
        replace(
            usual,
            vpcs={**usual.vpcs, "vpc-9": Vpc("vpc-9", ("10.9.0.0/16",))},
            subnets={**usual.subnets, "subnet-z": Subnet("subnet-z", "vpc-9", "10.9.0.0/24", "zb")},
            tables={**tables, "rtb-9": away},
            acls={**usual.acls, "acl-9": replace(acl(), id="acl-9", vpc="vpc-9", subnets=("subnet-z",))},
            groups=named(group("sg-b", rule("sg-b", peer="sg-z", port=80)), replace(group("sg-z"), vpc="vpc-9")),
            interfaces={**usual.interfaces, "eni-z": far},
            attachments=named(*known),
            transit_gateways=named(gateway),
        )
    )


def test_groups_of_other_vpcs_count_where_the_transit_gateway_passes_them_on() -> None:
    blocked(ask(joined(), "eni-b", "eni-z"), "no rule lets tcp 80 in from 10.9.0.1")
    found = ask(joined(passes_groups=True), "eni-b", "eni-z")
    assert (found.outcome, found.stop) == (Outcome.UNKNOWN, None)


def test_a_route_table_that_is_too_long_to_be_read() -> None:
    found = ask(joined(routes=None), "eni-b", "eni-z")
    assert (found.outcome, found.telling.doubts[0].at) == (Outcome.UNKNOWN, "tgw-rtb")


def with_endpoint(*, private_dns: bool = True, hostnames: bool = True, mine: Owned | None = None) -> Snapshot:
    """A service without a way to the internet, and an endpoint for its log."""
    there = Endpoint(
        *("vpce-1", "vpc-1", "com.amazonaws.us-east-1.logs", "Interface", "available"),
        private_dns=private_dns,
        names=("vpce-1.logs.us-east-1.vpce.amazonaws.com", "logs.us-east-1.amazonaws.com"),
        interfaces=("eni-e",),
    )
    found = balanced()
    held = {**found.network.interfaces, "eni-e": replace(interface("a"), id="eni-e", addresses=("10.0.0.20",))}
    opened = named(group("sg-a", rule("sg-a", INSIDE)), group("sg-b"))
    vpc = Vpc("vpc-1", (INSIDE,), dns_hostnames=hostnames)
    changed = replace(found.network, interfaces=held, endpoints=named(there), vpcs=named(vpc), groups=opened)
    return replace(found, network=changed, owned=mine or replace(owned(), settings=cut_off()))


def cut_off() -> dict[str, Any]:
    return settings(network={"egress": "none", "endpoints": ["logs"]})


def test_an_endpoint_that_does_not_have_its_services_name() -> None:
    """Its service is asked at public addresses, to which nothing leads: another way out is not what is missing."""
    assert ask(with_endpoint(), "logs", "web", None).outcome is Outcome.REACHES
    change = "aws ec2 modify-vpc-endpoint --vpc-endpoint-id vpce-1 --private-dns-enabled"
    off = ask(with_endpoint(private_dns=False), "logs", "web", None)
    blocked(off, "no route fits 198.51.100.1 (an example) (subnet-b); the private DNS of vpce-1 is off", change)
    assert "the private DNS of vpce-1 is off" in off.telling.hops[0].what
    change = "aws ec2 modify-vpc-attribute --vpc-id vpc-1 --enable-dns-hostnames"
    nameless = ask(with_endpoint(hostnames=False), "logs", "web", None)
    blocked(nameless, "no route fits", change)
    assert "enableDnsHostnames is off" in nameless.telling.hops[0].what


@pytest.mark.parametrize(
    ("off", "step"),
    [({"private_dns": False}, "endpoint-logs"), ({"hostnames": False}, "vpc's enableDnsHostnames")],
)
def test_an_endpoint_of_the_stacks_own_gets_its_name_back(off: dict[str, bool], step: str) -> None:
    ids = {"endpoint-logs": "vpce-1", "vpc": "vpc-1"}
    mine = owned(ids=ids, kinds={"endpoint-logs": "vpc_endpoint", "vpc": "vpc"})
    found = with_endpoint(**off, mine=replace(mine, settings=cut_off()))
    stopped = blocked(ask(found, "logs", "web", None), "no route fits", "provisioner resume demo")
    assert stopped.fix is not None
    assert stopped.fix.besides == (f"sets {step} right again",)


def test_a_public_database_is_reached_from_the_internet() -> None:
    """Its name stands for its public address outside of its VPC, and for the private one within."""
    host = "db.x.us-east-1.rds.amazonaws.com"
    database = Database("database", "db", host, 5432, "available", "vpc-1", ("subnet-b",), ("sg-b",))
    held = replace(interface("b", public="203.0.113.77"), description="RDSNetworkInterface")
    opened = named(group("sg-a"), group("sg-b", rule("sg-b", ALL, port=5432)))
    found = snapshot(public(interfaces=named(interface("a"), held), groups=opened), databases=(database,))
    outside = judge(found, "internet", "database")
    assert (outside.outcome, outside.telling.target) == (Outcome.REACHES, "203.0.113.77")
    assert judge(found, "eni-a", "database").telling.target == "10.0.1.10"


def test_a_rule_that_forwards_to_nobody_is_told() -> None:
    """All of its target groups have the weight 0."""
    found = balanced()
    (front,) = found.balancers
    (heard,) = front.listeners
    nobody = {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "tg-web", "Weight": 0}]}}
    changed = replace(heard, rules=(replace(heard.rules[0], actions=(nobody,)),))
    mine = replace(found.owned, ids={"load-balancer": front.arn})
    found = replace(found, owned=mine)
    seen = replace(found, balancers=(replace(front, listeners=(changed,)),))
    blocked(judge(seen, "eni-c", "web"), "no rule of the load balancer sends anything to web")
    assert judge(seen, "eni-c", front.dns_name, 80).ways


@pytest.mark.parametrize(
    ("source", "to", "why"),
    [
        ("10.0.99.0/24", "eni-b", "nobody is there"),
        ("eni-a", "10.0.99.9", "nobody has 10.0.99.9"),
        ("empty", "eni-b", "it has no interface"),
    ],
)
def test_where_nobody_is_nothing_begins_and_nothing_ends(source: str, to: str, why: str) -> None:
    (service,) = balanced().services
    empty = replace(service, step="service-empty", arn="arn:empty", subnets=("subnet-gone",), target_groups=())
    mine = Owned("demo", settings=settings(load_balancer=None))
    found = blocked(ask(snapshot(services=(empty,), owned=mine), to, source), why)
    assert found.telling.source


def test_an_address_that_stands_for_others_is_called_an_example() -> None:
    """The rest of the internet, a host, a service of AWS's; not what somebody has, nor what was typed."""
    opened = named(group("sg-a", rule("sg-a", ALL, port=443, egress=True)), group("sg-b"))
    lent = named(interface("a", public="203.0.113.50"), interface("b"))
    found = snapshot(public(groups=opened, interfaces=lent))
    for to in ("internet", "www.example.org", "secretsmanager"):
        way = judge(found, "eni-a", to).telling
        assert (way.target, way.example) == ("198.51.100.1", True)
        assert any("198.51.100.1 (an example)" in hop.what for hop in way.hops)
    typed = judge(found, "eni-a", "198.51.100.1", 443).telling
    assert not typed.example
    assert not any("an example" in hop.what for hop in typed.hops)
    real = blocked(judge(found, "internet", "eni-a", 80), "no rule lets tcp 80 in from 198.51.100.1 (an example)")
    assert (real.telling.target, real.telling.example) == ("203.0.113.50", False)


def test_the_address_of_a_task_that_is_not_there_is_called_an_example() -> None:
    (service,) = balanced().services
    alone = replace(service, target_groups=(), public=True)
    opened = named(group("sg-a"), group("sg-b", rule("sg-b", ALL, port=80)))
    mine = Owned("demo", settings=settings(load_balancer=None))
    there = public(groups=opened, interfaces=named(interface("b", public="203.0.113.50")))
    found = snapshot(there, services=(alone,), owned=mine)
    expected = blocked(judge(found, "internet", "web"), "the task is not there yet").telling
    assert expected.example
    running = replace(alone, tasks=(Task("arn:task", "RUNNING", "eni-b"),))
    real = judge(replace(found, services=(running,)), "internet", "web").telling
    assert (real.target, real.example) == ("203.0.113.50", False)


def test_addresses_of_a_service_with_a_prefix_list_are_examples_of_it() -> None:
    lists = {"pl-1": PrefixList("pl-1", "com.amazonaws.us-east-1.s3", ("52.216.0.0/15",))}
    opened = named(group("sg-a", rule("sg-a", prefix_list="pl-1", port=443, egress=True)), group("sg-b"))
    routes = named(table(Route("pl-1", ENDPOINT, "vpce-s3")))
    gateway = Endpoint("vpce-s3", "vpc-1", "com.amazonaws.us-east-1.s3", "Gateway", "available", tables=("rtb-1",))
    found = network(groups=opened, tables=routes, endpoints=named(gateway), prefix_lists=lists)
    way = judge(snapshot(found), "eni-a", "s3").telling
    assert (way.outcome, way.target, way.example) == (Outcome.REACHES, "52.216.0.1", True)
    assert any("sends 52.216.0.1 (an example) to vpce-s3" in hop.what for hop in way.hops)


class Ec2:
    """Describes what it is given, in one page."""

    def __init__(self, **known: list[dict[str, Any]]) -> None:
        self.known = known

    def can_paginate(self, _: str) -> bool:
        return False

    def describe_subnets(self, **_: Any) -> dict[str, Any]:
        return {"Subnets": self.known["subnets"]}

    def describe_network_interfaces(self, **_: Any) -> dict[str, Any]:
        return {"NetworkInterfaces": self.known["interfaces"]}


def test_what_has_ipv6_addresses_only_is_left_out() -> None:
    place = {"VpcId": "vpc-1", "AvailabilityZone": "za"}
    both = [{"SubnetId": "subnet-4", "CidrBlock": "10.0.0.0/24", **place}, {"SubnetId": "subnet-6", **place}]
    assert [one.id for one in reading.subnets(Ec2(subnets=both), ["vpc-1"])] == ["subnet-4"]
    where = {"VpcId": "vpc-1", "SubnetId": "subnet-6"}
    held: list[dict[str, Any]] = [
        {"NetworkInterfaceId": "eni-6", **where},
        {"NetworkInterfaceId": "eni-4", "PrivateIpAddress": "10.0.0.4", **where},
    ]
    assert [one.id for one in reading.interfaces(Ec2(interfaces=held), ["vpc-1"])] == ["eni-4"]


def zone(*records: RecordSet) -> Zone:
    return Zone("Z1", "example.org.", False, records)


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ((RecordSet("a.b.example.org.", "AAAA", ("2001:db8::1",)),), "has IPv6 addresses only"),
        ((RecordSet("b.example.org.", "NS", ("ns-1.elsewhere.",)),), "delegates b.example.org. to others"),
        (
            (
                RecordSet("a.b.example.org.", "A", (), "one.elb.amazonaws.com."),
                RecordSet("a.b.example.org.", "A", (), "two.elb.amazonaws.com."),
            ),
            "has several aliases",
        ),
    ],
)
def test_names_of_which_it_is_not_seen_what_they_stand_for(records: tuple[RecordSet, ...], why: str) -> None:
    with pytest.raises(Unseen, match=why):
        zones.answer(zone(*records), "a.b.example.org")
