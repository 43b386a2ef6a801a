"""The VPC: whether its subnets fit, what a given one leaves to decide, and what is behind the transit gateway."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from provisioner.checks.base import GIVEN, Check, Tier, is_set, named_subnets, twice
from provisioner.model import Stack
from provisioner.model.balancing import ANYWHERE
from provisioner.model.network import ENDPOINTS
from provisioner.stack_file.errors import Problem, listed

GATEWAY_SERVICES = ("s3", "dynamodb")
"""Whose endpoints are routes, without an interface in any subnet."""
_OWN = ("cidr", "availability_zones", "subnet_prefix", "nat_gateways")
_TIERS: tuple[Tier, Tier] = ("private", "public")
_SUBNETS = tuple(f"network.{tier}_subnet_{how}" for tier in _TIERS for how in ("ids", "tags.?"))


def _subnets_fit(stack: Stack, _: str) -> Iterator[Problem]:
    network = stack.network
    if network.given:
        return
    zones = network.availability_zones
    wanted = 2 * (zones if isinstance(zones, int) else len(zones))
    prefix, own = network.subnet_prefix, IPv4Network(network.cidr).prefixlen
    room = 2 ** (prefix - own) if prefix >= own else 0
    if wanted > room:
        smallest = own + (wanted - 1).bit_length()
        fix = f"use a subnet_prefix of at least {smallest}" if smallest <= 28 else "use a larger network.cidr"
        what = f"{wanted} subnets of /{prefix} do not fit into {network.cidr}, which has room for {room}"
        yield Problem("network.subnet_prefix", prefix, what, fix)


def _zones_in_region(stack: Stack, _: str) -> Iterator[Problem]:
    zones = stack.network.availability_zones
    named = () if isinstance(zones, int) else zones
    foreign = [zone for zone in named if stack.region and zone[:-1] != stack.region]
    if foreign:
        what = f"{listed(foreign)} is not in region {stack.region}"
        fix = f'name zones such as "{stack.region}a"'
        yield Problem("network.availability_zones", zones, what, fix)


def _egress_fits(stack: Stack, _: str) -> Iterator[Problem]:
    network = stack.network
    if network.egress == "existing" and not network.given:
        what = "there is no given VPC whose own routes could be used"
        fix = 'name a VPC with vpc_id or vpc_tags, or use "nat", "endpoints", "public-ip" or "none"'
        yield Problem("network.egress", "existing", what, fix)
    if network.egress == "nat" and network.given:
        what = "NAT gateways are not added to a VPC that is yours"
        fix = 'use "existing" where it has them already, else "endpoints" or "public-ip"'
        yield Problem("network.egress", "nat", what, fix)


def _given_is_left_alone(stack: Stack, _: str) -> Iterator[Problem]:
    network = stack.network
    for key in _OWN if network.given else ():
        if is_set(network, key):
            what = "is for a VPC of the stack's own; the given one has its own, and is left as it is"
            fix = f"remove {key}, or remove vpc_id and vpc_tags so that a VPC is made"
            yield Problem(f"network.{key}", getattr(network, key), what, fix)


def _named_one_way(stack: Stack, _: str) -> Iterator[Problem]:
    network = stack.network
    if network.vpc_id and network.vpc_tags:
        what = "the VPC is named twice, by its id and by its tags"
        yield Problem("network.vpc_tags", network.vpc_tags, what, "remove vpc_id or vpc_tags")
    for tier in _TIERS:
        ids, tags = f"{tier}_subnet_ids", f"{tier}_subnet_tags"
        if getattr(network, ids) and getattr(network, tags):
            what = f"the {tier} subnets are named twice, by their ids and by their tags"
            yield Problem(f"network.{tags}", getattr(network, tags), what, f"remove {ids} or {tags}")


def _subnets_of_a_given_vpc(stack: Stack, _: str) -> Iterator[Problem]:
    for tier in _TIERS if not stack.network.given else ():
        for how in ("ids", "tags"):
            key = f"{tier}_subnet_{how}"
            if value := getattr(stack.network, key):
                what = "subnets are named, but not the VPC that they are in"
                yield Problem(f"network.{key}", value, what, f"add vpc_id or vpc_tags, or remove {key}")


def _subnets_once(stack: Stack, _: str) -> Iterator[Problem]:
    network = stack.network
    for tier in _TIERS:
        key = f"network.{tier}_subnet_ids"
        for one in twice(getattr(network, f"{tier}_subnet_ids")):
            yield Problem(key, one, "is named twice", "name each subnet once")
    for one in network.private_subnet_ids:
        if one in network.public_subnet_ids:
            what = "is named as private and as public; it is public if its route table has an internet gateway"
            yield Problem("network.public_subnet_ids", one, what, "name it in one of the two lists")


def _subnets_named(stack: Stack, _: str) -> Iterator[Problem]:
    for tier in _TIERS if stack.network.given else ():
        users = list(_users(stack, tier))
        if users and not named_subnets(stack, tier):
            key = f"{tier}_subnet_ids"
            what = f"no {tier} subnets of the given VPC are named, and these must be in them: {', '.join(users)}"
            fix = f"add {key} = [...] or {tier}_subnet_tags = {{ ... }} to [network]"
            yield Problem(f"network.{key}", None, what, fix)


def _users(stack: Stack, tier: Tier) -> Iterator[str]:
    """What stands in the subnets of this tier."""
    if stack.load_balancer and stack.load_balancer.tier == tier:
        yield f"the {stack.load_balancer.scheme} load balancer"
    for name in stack.services:
        if stack.public_ip(name) == (tier == "public"):
            yield f'the {"public-IP " if tier == "public" else ""}tasks of service "{name}"'
    if tier == "public":
        return
    yield from (f'function "{name}"' for name, one in stack.functions.items() if one.vpc)
    others = {
        "the database": stack.database,
        "the interface endpoints": set(stack.network.all_endpoints) - set(GATEWAY_SERVICES),
        "the transit gateway's attachment": stack.network.transit_gateway,
    }
    yield from (who for who, there in others.items() if there)


def _endpoints_once(stack: Stack, _: str) -> Iterator[Problem]:
    network = stack.network
    for one in twice(network.endpoints):
        yield Problem("network.endpoints", one, "is listed twice", "list each service once")
    implied = ENDPOINTS if network.way_out == "endpoints" else ()
    for one in dict.fromkeys(network.endpoints):
        if one in implied:
            yield Problem("network.endpoints", one, 'is there with egress = "endpoints" anyway', "remove it")


def _routes_apart(stack: Stack, _: str) -> Iterator[Problem]:
    transit, key = stack.network.transit_gateway, "network.transit_gateway.routes"
    routes = transit.routes if transit else ()
    for one in twice(routes):
        yield Problem(key, one, "is listed twice, and a route table has one route to a network", "list it once")
    for one in dict.fromkeys(routes):
        own = stack.network.cidr
        if not stack.network.given and one != ANYWHERE and IPv4Network(one).overlaps(IPv4Network(own)):
            what = f"overlaps the VPC's own network {own}, whose addresses are always reached inside the VPC"
            yield Problem(key, one, what, "use another network.cidr, or list only networks outside it")


def _one_default_route(stack: Stack, _: str) -> Iterator[Problem]:
    transit = stack.network.transit_gateway
    if transit and ANYWHERE in transit.routes and stack.network.way_out == "nat":
        what = "the private subnets have a default route already, to the NAT gateway"
        fix = 'remove it, or set egress = "none" so that everything goes through the transit gateway'
        yield Problem("network.transit_gateway.routes", ANYWHERE, what, fix)


_NAMED = ("network.private_subnet_ids", "network.public_subnet_ids")
CHECKS = (
    Check(
        "`network.cidr` has room for a public and a private subnet of /`subnet_prefix` in each zone.",
        _subnets_fit,
        (*GIVEN, "network.cidr", "network.availability_zones", "network.subnet_prefix"),
    ),
    Check(
        "Zones that are named are zones of `region`.",
        _zones_in_region,
        ("network.availability_zones", "region"),
    ),
    Check(
        '`egress = "existing"` is for a given VPC; `egress = "nat"` is not, for nothing is added to a VPC that is '
        "yours but what the stack itself needs.",
        _egress_fits,
        (*GIVEN, "network.egress"),
    ),
    Check(
        "With `vpc_id` or `vpc_tags` the keys for a VPC of the stack's own (`cidr`, `availability_zones`, "
        "`subnet_prefix`, `nat_gateways`) have no place.",
        _given_is_left_alone,
        GIVEN,
    ),
    Check(
        "A given VPC, and each kind of its subnets, is named by ids or by tags, not by both.",
        _named_one_way,
        (*GIVEN, *_SUBNETS),
    ),
    Check("Subnets are named only with the VPC that they are in.", _subnets_of_a_given_vpc, (*GIVEN, *_SUBNETS)),
    Check("A subnet is named once: it is private or public.", _subnets_once, _NAMED),
    Check(
        "A given VPC has the subnets that are needed named: private ones for an internal load balancer, tasks "
        "without public addresses, functions in the VPC, the database, interface endpoints and the transit "
        "gateway; public ones for an internet-facing load balancer and public-IP tasks.",
        _subnets_named,
        (
            *(*GIVEN, *_SUBNETS, "network.egress", "network.endpoints", "network.transit_gateway"),
            *("load_balancer.scheme", "services.?.public_ip", "functions.?.vpc", "database"),
        ),
    ),
    Check(
        'An endpoint is listed once, and not at all where `egress = "endpoints"` implies it.',
        _endpoints_once,
        (*GIVEN, "network.egress", "network.endpoints"),
    ),
    Check(
        "Networks behind the transit gateway are listed once and do not overlap `network.cidr`: addresses of the "
        "VPC are always looked for inside it.",
        _routes_apart,
        (*GIVEN, "network.cidr", "network.transit_gateway.routes"),
    ),
    Check(
        "There is one default route: through the transit gateway (0.0.0.0/0 in its `routes`) or through NAT.",
        _one_default_route,
        (*GIVEN, "network.egress", "network.transit_gateway.routes"),
    ),
)
