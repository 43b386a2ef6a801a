"""Ways that end early: routes of transit gateways and of other VPCs, ends at which nobody is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioner.reach import Snapshot
from provisioner.reach.parts import Owned
from provisioner.reach.things import TransitRoute
from tests.provisioner.reach_snapshots import ALL, ask, balanced, blocked, group, named, owned, rule, settings
from tests.provisioner.test_reach_doubts import joined, with_endpoint

OURS = {"route-table-private-a": "rtb-1"}
OPEN = named(
    group("sg-b", rule("sg-b", ALL, port=80), rule("sg-b", ALL, egress=True)), replace(group("sg-z"), vpc="vpc-9")
)


def attached(*routes: str, ids: dict[str, str] | None = None) -> Owned:
    """A stack file that sends these networks to the transit gateway."""
    transit = {"id": "tgw-1", "routes": list(routes)}
    return replace(owned(ids=ids or {}), settings=settings(network={"transit_gateway": transit}))


def without_route(vpc: str, mine: Owned) -> Snapshot:
    """Two VPCs at a transit gateway; the route table of one of them sends nothing to the other."""
    found = joined()
    known = found.network.tables
    changed = {name: replace(one, routes=one.routes[: 1 if one.vpc == vpc else 2]) for name, one in known.items()}
    return replace(found, network=replace(found.network, tables=changed, groups=OPEN), owned=mine)


@pytest.mark.parametrize("mine", [attached(), attached("10.9.0.0/16"), attached("10.9.0.0/16", ids=OURS)])
@pytest.mark.parametrize("source", ["10.9.0.0/16", "10.9.0.1", "eni-z"])
def test_another_vpcs_route_table_is_no_business_of_the_stack_file(mine: Owned, source: str) -> None:
    """The route is to lead to all of the stack's VPC."""
    by_hand = "aws ec2 create-route --route-table-id rtb-9 --destination-cidr-block 10.0.0.0/16"
    found = ask(without_route("vpc-9", mine), "eni-b", source)
    blocked(found, "no route fits 10.0.1.10", f"{by_hand} --transit-gateway-id tgw-1")


def test_the_stacks_own_route_table_gets_what_the_stack_file_does_not_say_yet() -> None:
    """A wider network that it sends there already, or a table that it does not use, leaves a command of AWS's."""
    key = 'network.transit_gateway.routes = ["10.9.0.0/16"]'
    blocked(ask(without_route("vpc-1", attached(ids=OURS)), source="eni-b", to="eni-z"), "no route fits", key)
    by_hand = "aws ec2 create-route --route-table-id rtb-1 --destination-cidr-block 10.9.0.0/16"
    for mine in (attached("10.9.0.0/16", ids=OURS), attached("10.8.0.0/14", ids=OURS), attached()):
        found = ask(without_route("vpc-1", mine), source="eni-b", to="eni-z")
        blocked(found, "no route fits 10.9.0.1", f"{by_hand} --transit-gateway-id tgw-1")


def test_endpoints_of_the_stack_lead_nobody_else_to_a_service() -> None:
    found = ask(without_route("vpc-9", attached(ids=OURS)), "logs", "eni-z", None)
    blocked(found, "no route fits", "a route to 0.0.0.0/0 in rtb-9, to a gateway that leads there")


THERE = TransitRoute("10.0.0.0/16", "tgw-attach-1", static=True)
ELSEWHERE = replace(THERE, cidr="10.7.0.0/16")
TABLES = [
    ({"rtb-a": ()}, "", "rtb-a"),
    ({"rtb-a": (), "rtb-b": (ELSEWHERE,)}, "rtb-b", "rtb-b"),
    ({"rtb-a": (ELSEWHERE,), "rtb-b": (THERE,)}, "rtb-a", "rtb-b"),
    ({"rtb-a": (THERE,), "rtb-b": (THERE,)}, "rtb-b", "rtb-b"),
    ({"rtb-a": (replace(THERE, blackhole=True),), "rtb-b": None, "rtb-c": (THERE,)}, "", "rtb-c"),
]


@pytest.mark.parametrize(("tables", "usual", "chosen"), TABLES)
def test_the_route_table_for_an_attachment_that_has_none(
    tables: dict[str, tuple[TransitRoute, ...] | None], usual: str, chosen: str
) -> None:
    """One that knows the way; of several, the one that new attachments get."""
    change = (
        "aws ec2 associate-transit-gateway-route-table --transit-gateway-attachment-id tgw-attach-9 "
        f"--transit-gateway-route-table-id {chosen}"
    )
    blocked(ask(unassociated(tables, usual), "eni-b", "eni-z"), "associated with no route table of tgw-1", change)


def test_a_transit_gateway_without_any_route_table() -> None:
    advice = "a route table of tgw-1 that sends 10.0.1.10 on, for tgw-attach-9"
    blocked(ask(unassociated({}), "eni-b", "eni-z"), "associated with no route table of tgw-1", advice)


def unassociated(tables: dict[str, tuple[TransitRoute, ...] | None], usual: str = "") -> Snapshot:
    """The attachment of the other VPC has no route table."""
    found = joined()
    (gateway,) = found.network.transit_gateways.values()
    known = {name: replace(one, table="") for name, one in found.network.attachments.items()}
    gateways = named(replace(gateway, tables=tables, usual=usual))
    return replace(found, network=replace(found.network, attachments=known, transit_gateways=gateways))


def emptied(mine: Owned | None = None) -> Snapshot:
    """An endpoint that somebody has taken out of all its subnets."""
    found = with_endpoint(mine=mine)
    known = {name: replace(one, interfaces=()) for name, one in found.network.endpoints.items()}
    return replace(found, network=replace(found.network, endpoints=known))


@pytest.mark.parametrize(
    ("mine", "change"),
    [
        (owned(ids={"endpoint-logs": "vpce-1"}), "provisioner resume demo"),
        (owned(), "aws ec2 modify-vpc-endpoint --vpc-endpoint-id vpce-1 --add-subnet-ids subnet-b"),
    ],
)
@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("logs", "logs.us-east-1.amazonaws.com has no address: the endpoint has no interface"),
        ("https://vpce-1.logs.us-east-1.vpce.amazonaws.com/", "has no address: the endpoint has no interface"),
        ("vpce-1", "it has no interface: it is in no subnet"),
    ],
)
def test_an_endpoint_in_no_subnet_answers_nobody(mine: Owned, change: str, to: str, why: str) -> None:
    found = blocked(ask(emptied(mine), to, "web", None), why, change)
    assert found.telling.stop is not None
    assert found.telling.stop.at == "vpce-1"


@pytest.mark.parametrize(("source", "to"), [("web", "eni-c"), ("eni-c", "web"), ("service-web", "eni-c")])
def test_a_service_in_no_subnet_is_made_again(source: str, to: str) -> None:
    mine = replace(owned(ids={"service-web": "arn:aws:ecs:web"}), settings=settings(load_balancer=None))
    found = balanced("", owned=mine, balancers=())
    (service,) = found.services
    gone = replace(found, services=(replace(service, subnets=("subnet-z",)),))
    blocked(
        ask(gone, to, source),
        "it has no interface: its subnets, or it itself, are gone",
        "provisioner resume demo",
    )
