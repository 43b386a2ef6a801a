"""Routes in VPCs."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from moto.ec2.exceptions import InvalidDestinationCIDRBlockParameterError, InvalidParameterValueErrorReplaceRoute
from moto.ec2.models.route_tables import Route, RouteTable
from moto.ec2.utils import generate_route_id

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before, instead
from provisioner.sandbox.rules.ec2_vpcs import canonical
from provisioner.sandbox.vpc import attachments, vpc_routes

_ROUTES = ("ec2", "CreateRoute", "ReplaceRoute")
_INVALID = "InvalidParameterValue"
_DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
_TARGETS = (
    "GatewayId",
    "NatGatewayId",
    "NetworkInterfaceId",
    "InstanceId",
    "VpcPeeringConnectionId",
    "EgressOnlyInternetGatewayId",
    "TransitGatewayId",
    "CarrierGatewayId",
    "VpcEndpointId",
    "LocalTarget",
)
# What AWS says of targets that are not there.
_MISSING = {
    "GatewayId": ("InvalidGatewayID.NotFound", "gateway ID"),
    "NatGatewayId": ("InvalidNatGatewayID.NotFound", "natGateway ID"),
    "InstanceId": ("InvalidInstanceID.NotFound", "instance ID"),
    "VpcPeeringConnectionId": ("InvalidVpcPeeringConnectionID.NotFound", "vpcPeeringConnection ID"),
    "TransitGatewayId": ("InvalidTransitGatewayID.NotFound", "transitGateway ID"),
    "EgressOnlyInternetGatewayId": ("InvalidGatewayID.NotFound", "egressOnlyInternetGateway ID"),
}
_INSIDE = frozenset({"NatGatewayId", "NetworkInterfaceId", "InstanceId", "VpcEndpointId"})
_GONE = ("deleting", "deleted", "failed")
_SPECIFIC = (
    "This route table is used by a subnet, and doesn't support route destination which are more specific than VPC "
    "local CIDR."
)


@before(*_ROUTES, source="EC2 API Reference: CreateRoute; the wording from memory")
def one_target_must_be_named(call: Call) -> None:
    """MissingParameter without a target, InvalidParameterCombination with two."""
    asked = [name for name in _TARGETS if call.parameters.get(name)]
    names = ", ".join(name[0].lower() + name[1:] for name in _TARGETS)
    if not asked:
        raise Refusal("MissingParameter", f"The request must contain exactly one of {names}")
    if len(asked) > 1:
        raise Refusal("InvalidParameterCombination", f"The request must contain exactly one of {names}")


@before(*_ROUTES, source="kops#944; giantswarm/aws-operator#634; EC2 API Reference: error codes")
def target_must_exist(call: Call) -> None:
    """InvalidNatGatewayID.NotFound, InvalidGatewayID.NotFound and the like; a NAT gateway may be `pending`."""
    found = vpc_routes.targets(call.site, call.parameters)
    for parameter, (code, noun) in _MISSING.items():
        name = call.parameters.get(parameter)
        if name and _is_missing(parameter, found):
            raise Refusal(code, f"The {noun} '{name}' does not exist")


@before(*_ROUTES, source="EC2 API Reference: CreateRoute, VpcEndpointId; moto")
def endpoint_must_balance_gateways(call: Call) -> None:
    """RouteNotSupported for any endpoint but a Gateway Load Balancer's."""
    name = call.parameters.get("VpcEndpointId")
    if not name:
        return
    endpoint = backends.ec2(call).vpc_end_points.get(name)
    if endpoint is None:
        raise Refusal("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{name}' does not exist")
    if endpoint.vpc_endpoint_type != "GatewayLoadBalancer":
        raise Refusal("RouteNotSupported", f"Route table contains unsupported route target: {name}")


@before(*_ROUTES, source="terraform-provider-aws#9222 and #10025")
def vpc_must_be_attached(call: Call) -> None:
    """InvalidTransitGatewayID.NotFound for a transit gateway to which the VPC is not attached, or not yet."""
    gateway = call.parameters.get("TransitGatewayId")
    if gateway and not attachments.available(call, _table(call).vpc_id, gateway):
        raise Refusal("InvalidTransitGatewayID.NotFound", f"The transitGateway ID '{gateway}' does not exist.")


@before(*_ROUTES, source="giantswarm/aws-operator#634")
def target_must_be_in_the_vpc(call: Call) -> None:
    """InvalidParameterValue for an internet gateway that is not attached here, and for targets in other VPCs."""
    table, found = _table(call), vpc_routes.targets(call.site, call.parameters)
    gateway = found.get("gateway")
    if gateway is not None and not vpc_routes.is_attached(backends.ec2(call), gateway, table.vpc_id):
        raise _other_networks(table, "network gateway", gateway.id)
    for name, noun in (("nat_gateway", "nat gateway"), ("interface", "interface"), ("instance", "instance")):
        target = found.get(name)
        if target is not None and target.vpc_id != table.vpc_id:
            raise _other_networks(table, noun, target.id)


@before("ec2", "CreateRoute", source="EC2 API Reference: error codes; public notes of what the console says")
def destination_must_be_free(call: Call) -> None:
    """RouteAlreadyExists for a second route to the same destination, the local one included."""
    destination = _destination(call)
    if destination and generate_route_id(call.parameters["RouteTableId"], destination) in _table(call)._routes:
        raise Refusal("RouteAlreadyExists", f"The route identified by {destination} already exists.")


@before(*_ROUTES, source="VPC User Guide: routing for a middlebox; public notes of what the console says")
def local_addresses_stay_local(call: Call) -> None:
    """InvalidParameterValue for a destination in the VPC, but for a whole subnet's by way of a machine in it."""
    table, destination = _table(call), _destination(call)
    inside = any(_is_inside(destination, str(route.destination_cidr_block)) for route in _local(table))
    if inside and not (destination in _subnets(call, table.vpc_id) and _INSIDE & call.parameters.keys()):
        raise Refusal(_INVALID, _SPECIFIC)


@instead("ec2", "CreateRoute", source="EC2 API Reference: CreateRoute, Route")
def is_kept_in_canonical_form(call: Call) -> Answer:
    """100.68.0.18/18 becomes 100.68.0.0/18; the route is a `blackhole` as soon as its target is gone."""
    _add(call)
    return {"Return": True}


@instead("ec2", "ReplaceRoute", source="EC2 API Reference: ReplaceRoute")
def replaces_one_that_is_there(call: Call) -> Answer:
    """InvalidParameterValue for a destination to which there is no route."""
    destination = _destination(call)
    if generate_route_id(call.parameters["RouteTableId"], destination) not in _table(call)._routes:
        raise InvalidParameterValueErrorReplaceRoute(destination)
    _add(call)
    return {}


@instead("ec2", "DeleteRoute", source="terraform-provider-aws: routes; EC2 API Reference: error codes")
def local_routes_stay(call: Call) -> Answer:
    """InvalidParameterValue for a local route, InvalidRoute.NotFound for one that is not there."""
    table, destination = _table(call), _destination(call)
    name = generate_route_id(table.id, destination)
    route = table._routes.get(name)
    if route is None:
        noun = "destination-prefix-list-id" if destination.startswith("pl-") else "destination-cidr-block"
        message = f"no route with {noun} {destination} in route table {table.id}"
        raise Refusal("InvalidRoute.NotFound", message)
    if route.local:
        raise Refusal(_INVALID, f"cannot remove local route {destination} in route table {table.id}")
    del table._routes[name]
    return {}


def _is_missing(parameter: str, found: Mapping[str, Any]) -> bool:
    if parameter == "NatGatewayId":
        gateway = found["nat_gateway"]
        return gateway is None or gateway.state in _GONE
    if parameter == "GatewayId":
        return found["gateway"] is None
    return any(target is None for target in found.values())


def _other_networks(table: RouteTable, noun: str, name: str) -> Refusal:
    return Refusal(_INVALID, f"route table {table.id} and {noun} {name} belong to different networks")


def _table(call: Call) -> RouteTable:
    return backends.ec2(call).route_tables[call.parameters["RouteTableId"]]


def _destination(call: Call) -> str:
    asked = next((str(call.parameters[name]) for name in _DESTINATIONS if call.parameters.get(name)), "")
    return canonical(asked)


def _local(table: RouteTable) -> Iterator[Route]:
    return (route for route in table.routes if route.local and route.destination_cidr_block)


def _is_inside(inner: str, outer: str) -> bool:
    """Whether a range is a part of another one, and not all of it."""
    try:
        parts = ipaddress.IPv4Network(inner), ipaddress.IPv4Network(outer)
    except ValueError:
        return False
    return parts[0] != parts[1] and parts[0].subnet_of(parts[1])


def _subnets(call: Call, vpc: str) -> set[str]:
    zones = backends.ec2(call).subnets.values()
    return {str(subnet.cidr_block) for zone in zones for subnet in zone.values() if subnet.vpc_id == vpc}


def _add(call: Call) -> None:
    asked, ec2, destination = call.parameters, backends.ec2(call), _destination(call)
    named = next((name for name in _DESTINATIONS if asked.get(name)), "")
    if named == "DestinationPrefixListId":
        where: dict[str, Any] = {"prefix_list": _prefix_list(call, destination)}
    else:
        try:
            ipaddress.ip_network(destination)
        except ValueError:
            raise InvalidDestinationCIDRBlockParameterError(destination) from None
        where = {"cidr" if named == "DestinationCidrBlock" else "ipv6": destination}
    vpc_routes.add(call.site, ec2.route_tables[asked["RouteTableId"]], where, vpc_routes.targets(call.site, asked))


def _prefix_list(call: Call, name: str) -> Any:
    found = backends.ec2(call).managed_prefix_lists.get(name)
    if found is None:
        raise Refusal("InvalidPrefixListID.NotFound", f"The prefix list ID '{name}' does not exist")
    return found
