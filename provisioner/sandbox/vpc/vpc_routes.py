"""Routes of VPCs, which know whether what they lead to is still there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.route_tables import Route, RouteTable

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.vpc import attachments

_USABLE = ("pending", "available")


class LiveRoute(Route):
    """`blackhole` as soon as its target is gone, or no longer where the route needs it."""

    site: Site

    @property
    def state(self) -> str:
        there = (_THERE[name](self.site, self) for name in _THERE if getattr(self, name) is not None)
        return "active" if all(there) else "blackhole"


def add(site: Site, table: RouteTable, destination: Mapping[str, Any], targets: Mapping[str, Any]) -> LiveRoute:
    """A route in the table, in the place of one to the same destination."""
    route = LiveRoute(  # type: ignore[abstract]  # what it lacks is CloudFormation's
        table, destination.get("cidr"), destination.get("ipv6"), destination.get("prefix_list"), **targets
    )
    route.site = site
    table._routes[route.id] = route
    return route


def targets(site: Site, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the parameters of a call name as the route's target, under moto's names; None for what is unknown."""
    ec2 = backends.ec2(site)
    found = {name: find(ec2, asked[key]) for key, (name, find) in _FOUND.items() if key in asked}
    if "TransitGatewayId" in asked:
        found["transit_gateway"] = attachments.find(site, asked["TransitGatewayId"])
    return found


def is_attached(ec2: EC2Backend, gateway: Any, vpc: str) -> bool:
    """Whether an internet gateway, or one of another kind, is at this VPC."""
    internet = ec2.internet_gateways.get(gateway.id)
    if internet is None:
        return not gateway.id.startswith("igw-")
    return any(one["VpcId"] == vpc for one in internet.attachments)


def _gateway(ec2: EC2Backend, name: str) -> Any:
    known: tuple[Mapping[str, Any], ...] = (ec2.internet_gateways, ec2.vpn_gateways, ec2.vpc_end_points)
    return next((things[name] for things in known if name in things), None)


def _instance(ec2: EC2Backend, name: str) -> Any:
    return next((one for one in ec2.all_instances() if one.id == name), None)


_FOUND: Mapping[str, tuple[str, Callable[[EC2Backend, str], Any]]] = {
    "GatewayId": ("gateway", _gateway),
    "NatGatewayId": ("nat_gateway", lambda ec2, name: ec2.nat_gateways.get(name)),
    "NetworkInterfaceId": ("interface", lambda ec2, name: ec2.enis.get(name)),
    "InstanceId": ("instance", _instance),
    "VpcPeeringConnectionId": ("vpc_pcx", lambda ec2, name: ec2.vpc_pcxs.get(name)),
    "EgressOnlyInternetGatewayId": (
        "egress_only_igw",
        lambda ec2, name: ec2.egress_only_internet_gateways.get(name),
    ),
}


def _gateway_is_there(site: Site, route: Route) -> bool:
    return is_attached(backends.ec2(site), route.gateway, route.route_table.vpc_id)


def _nat_gateway_is_there(site: Site, route: Route) -> bool:
    assert route.nat_gateway is not None
    return route.nat_gateway.id in backends.ec2(site).nat_gateways and route.nat_gateway.state in _USABLE


def _interface_is_there(site: Site, route: Route) -> bool:
    assert route.interface is not None
    return route.interface.id in backends.ec2(site).enis and route.interface.status == "in-use"


def _instance_is_there(site: Site, route: Route) -> bool:
    assert route.instance is not None
    return bool(route.instance.state in ("pending", "running"))


def _transit_gateway_is_there(site: Site, route: Route) -> bool:
    assert route.transit_gateway is not None
    return attachments.available(site, route.route_table.vpc_id, route.transit_gateway.id)


_THERE: Mapping[str, Callable[[Site, Route], bool]] = {
    "gateway": _gateway_is_there,
    "nat_gateway": _nat_gateway_is_there,
    "interface": _interface_is_there,
    "instance": _instance_is_there,
    "transit_gateway": _transit_gateway_is_there,
}
