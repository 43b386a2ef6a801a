"""Routes in transit gateways."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from moto.ec2.models.transit_gateway_route_tables import TransitGatewayRouteTable

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before, instead
from provisioner.sandbox.rules.ec2_transit_gateways import filters_of
from provisioner.sandbox.vpc import attachments
from provisioner.sandbox.vpc.attachments import VpcAttachment

_SOURCE = "EC2 API Reference: transit gateway routes"
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@before("ec2", "CreateTransitGatewayRoute", source="EC2 API Reference: error codes")
def routes_are_unique(call: Call) -> None:
    """RouteAlreadyExists for a static route to the same addresses."""
    table, cidr = _table(call), call.parameters["DestinationCidrBlock"]
    if cidr in table.routes:
        message = f"Route {cidr} already exists in Transit Gateway Route Table {table.id}."
        raise Refusal("RouteAlreadyExists", message)


@before("ec2", "DeleteTransitGatewayRoute", source="EC2 API Reference: error codes")
def routes_must_exist(call: Call) -> None:
    """InvalidRoute.NotFound for a route that is not there, or is propagated."""
    table, cidr = _table(call), call.parameters["DestinationCidrBlock"]
    if cidr not in table.routes:
        message = f"Route {cidr} does not exist in Transit Gateway Route Table {table.id}."
        raise Refusal("InvalidRoute.NotFound", message)


@instead("ec2", "SearchTransitGatewayRoutes", source="VPC Transit Gateways Guide: route propagation")
def propagated_routes_are_found(call: Call) -> Answer:
    """The ranges of the VPCs that propagate are routes too, unless a static one is for the same addresses."""
    table, filters = _table(call), filters_of(call.parameters)
    static = list(_static(table))
    taken = {route["DestinationCidrBlock"] for route in static}
    learnt = [route for route in _propagated(call, table) if route["DestinationCidrBlock"] not in taken]
    found = [route for route in (*static, *learnt) if _fits(route, filters)]
    return {"Routes": _longest(found, filters), "AdditionalRoutesAvailable": False}


def _table(call: Call) -> TransitGatewayRouteTable:
    name = call.parameters["TransitGatewayRouteTableId"]
    table = backends.ec2(call).transit_gateways_route_tables.get(name)
    if table is None or table.state == "deleted":
        message = f"Transit Gateway Route Table {name} was deleted or does not exist."
        raise Refusal("InvalidRouteTableID.NotFound", message)
    return table


def _static(table: TransitGatewayRouteTable) -> Iterator[dict[str, Any]]:
    found = {one.id: one for one in table.ec2_backend.transit_gateway_attachments.values()}
    for cidr, route in table.routes.items():
        target: Any = route.get("transitGatewayAttachments") or {}
        one = found.get(target.get("transitGatewayAttachmentId", ""))
        lost = route["state"] == "blackhole" or one is None or one.state in attachments.GONE
        yield _route(cidr, "static", [one] if one else [], "blackhole" if lost else "active")


def _propagated(call: Call, table: TransitGatewayRouteTable) -> Iterator[dict[str, Any]]:
    """Of two VPCs with the same range the first one wins: AWS does not propagate what overlaps."""
    seen: set[str] = set()
    for propagation in table.route_table_propagation:
        one = table.ec2_backend.transit_gateway_attachments.get(propagation.transitGatewayAttachmentId)
        for cidr in _ranges(one) if propagation.state == "enabled" else ():
            if cidr not in seen:
                seen.add(cidr)
                yield _route(cidr, "propagated", [one], "active")


def _ranges(one: Any) -> list[str]:
    if not isinstance(one, VpcAttachment) or one.state not in ("available", "modifying"):
        return []
    vpc = backends.ec2(one.site).get_vpc(one.vpc_id)
    return [block["cidr_block"] for block in vpc.get_cidr_block_association_set(ipv6=False)]


def _route(cidr: str, kind: str, targets: Iterable[Any], state: str) -> dict[str, Any]:
    told = [
        {
            "ResourceId": one.resource_id,
            "ResourceType": one.resource_type,
            "TransitGatewayAttachmentId": one.id,
        }
        for one in targets
    ]
    return {"DestinationCidrBlock": cidr, "Type": kind, "State": state, "TransitGatewayAttachments": told}


def _network(text: str) -> _Network:
    return ipaddress.ip_network(text, strict=False)


def _inside(inner: str, outer: str) -> bool:
    one, other = _network(inner), _network(outer)
    return one.version == other.version and one.subnet_of(other)  # type: ignore[arg-type]


def _ids(route: Mapping[str, Any], member: str) -> set[str]:
    return {target[member] for target in route["TransitGatewayAttachments"]}


_FILTERS: Mapping[str, Callable[[Mapping[str, Any], str], bool]] = {
    "type": lambda route, value: bool(route["Type"] == value),
    "state": lambda route, value: bool(route["State"] == value),
    "attachment.transit-gateway-attachment-id": lambda route, value: (
        value in _ids(route, "TransitGatewayAttachmentId")
    ),
    "attachment.resource-id": lambda route, value: value in _ids(route, "ResourceId"),
    "attachment.resource-type": lambda route, value: value in _ids(route, "ResourceType"),
    "route-search.exact-match": lambda route, value: bool(route["DestinationCidrBlock"] == value),
    "route-search.subnet-of-match": lambda route, value: _inside(route["DestinationCidrBlock"], value),
    "route-search.supernet-of-match": lambda route, value: _inside(value, route["DestinationCidrBlock"]),
    "route-search.longest-prefix-match": lambda route, value: _inside(value, route["DestinationCidrBlock"]),
}


def _fits(route: Mapping[str, Any], filters: Mapping[str, list[str]]) -> bool:
    return all(any(_FILTERS[name](route, value) for value in values) for name, values in filters.items())


def _longest(routes: list[dict[str, Any]], filters: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    if "route-search.longest-prefix-match" not in filters or not routes:
        return routes
    return [max(routes, key=lambda route: _network(route["DestinationCidrBlock"]).prefixlen)]
