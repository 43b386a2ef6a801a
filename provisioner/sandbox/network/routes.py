"""Route tables: of a subnet, of a transit gateway. The longest prefix wins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.route_tables import Route, RouteTable
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPC

from provisioner.sandbox.network import ranges, services

LOCAL, INTERNET, NAT, ENDPOINT, TRANSIT = "local", "internet", "nat", "endpoint", "transit"


@dataclass(frozen=True)
class Hop:
    """Where a route leads: the kind of thing and its id; `why` names the route."""

    kind: str
    target: str
    why: str
    dead: str = ""
    """Why nothing gets through there, if that is so."""


def hop(ec2: EC2Backend, subnet: Subnet, address: str) -> Hop | None:
    """Where the route table of a subnet sends what is for this address; None if no route fits."""
    table = table_of(ec2, subnet)
    if table is None:
        return None
    fitting = [
        (ranges.network(cidr).prefixlen, cidr, route)
        for route in table.routes
        for cidr in _destinations(route)
        if ranges.contains(cidr, address)
    ]
    if not fitting:
        return None
    _, cidr, route = max(fitting, key=lambda item: item[0])
    kind, target = _target(route)
    return Hop(kind, target, f"route {cidr} -> {target} in {table.id}", _dead(ec2, subnet, kind, target))


def table_of(ec2: EC2Backend, subnet: Subnet) -> RouteTable | None:
    """The table with which a subnet is associated, or else its VPC's main one."""
    main: RouteTable | None = None
    for table in ec2.route_tables.values():
        if table.vpc_id == subnet.vpc_id:
            if subnet.id in table._associations.values():
                return table
            main = table if table.main_association_id else main
    return main


def blocks(vpc: VPC) -> list[str]:
    """The IPv4 ranges of a VPC."""
    known = vpc.get_cidr_block_association_set(ipv6=False)
    return [one["cidr_block"] for one in known if one["cidr_block_state"]["state"] == "associated"]


def _destinations(route: Route) -> Iterator[str]:
    if route.destination_cidr_block:
        yield str(route.destination_cidr_block)
    if route.destination_prefix_list is not None:
        yield from (cidr for cidr in services.cidrs(route.destination_prefix_list) if "." in cidr)


def _target(route: Route) -> tuple[str, str]:
    if route.local:
        return LOCAL, "local"
    for kind, thing in (
        (INTERNET, route.gateway),
        (NAT, route.nat_gateway),
        (TRANSIT, route.transit_gateway),
        ("instance", route.instance),
        ("interface", route.interface),
        ("peering", route.vpc_pcx),
    ):
        if thing is not None:
            name: str = thing.id
            return (ENDPOINT, name) if name.startswith("vpce-") else (kind, name)
    return "nothing", str(route.vpc_endpoint_id or "nothing")


def _dead(ec2: EC2Backend, subnet: Subnet, kind: str, target: str) -> str:
    check = _CHECKS.get(kind)
    return check(ec2, subnet, target) if check else f"the sandbox does not follow routes to {target}"


def _dead_internet(ec2: EC2Backend, subnet: Subnet, target: str) -> str:
    gateway = ec2.internet_gateways.get(target)
    if gateway is None:
        return f"blackhole: {target} is no internet gateway that exists"
    vpc: Any = gateway.vpc
    return "" if vpc is not None and vpc.id == subnet.vpc_id else f"blackhole: {target} is not attached"


def _dead_nat(ec2: EC2Backend, subnet: Subnet, target: str) -> str:
    gateway = ec2.nat_gateways.get(target)
    state = "deleted" if gateway is None else gateway.state
    return "" if state == "available" else f"{target} is {state}"


def _dead_endpoint(ec2: EC2Backend, subnet: Subnet, target: str) -> str:
    endpoint = ec2.vpc_end_points.get(target)
    state = "deleted" if endpoint is None else str(endpoint.state).lower()
    return "" if state == "available" else f"{target} is {state}"


def _nothing_dead(ec2: EC2Backend, subnet: Subnet, target: str) -> str:
    return ""


_CHECKS = {
    LOCAL: _nothing_dead,
    TRANSIT: _nothing_dead,  # what is attached to it is looked at on the way
    INTERNET: _dead_internet,
    NAT: _dead_nat,
    ENDPOINT: _dead_endpoint,
}
