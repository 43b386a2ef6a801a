"""VPC endpoints: pending at first, deleting for a while, with interfaces in subnets or routes in route tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moto.ec2.exceptions import InvalidVpcEndPointIdError
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ec2.utils import random_vpc_ep_id

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call, Site
from provisioner.sandbox.clock import Action
from provisioner.sandbox.registry import Answer, before, instead
from provisioner.sandbox.vpc import endpoints, gone, interfaces
from provisioner.sandbox.vpc.endpoints import GATEWAY, INTERFACE, Endpoint, Endpoints

_CREATE = "EC2 API Reference: CreateVpcEndpoint"


@instead("ec2", "CreateVpcEndpoint", source=f"{_CREATE}; terraform-provider-aws waits for `available`")
def is_pending_at_first(call: Call) -> Answer:
    """A new endpoint is `pending`; it has an interface in each subnet, or a route in each route table."""
    site, endpoint = call.site, _made(call)
    backends.ec2(site).vpc_end_points[endpoint.id] = endpoint
    if endpoint.vpc_endpoint_type == INTERFACE:
        place(site, endpoint, endpoint.subnet_ids or ())
    for table in endpoint.route_table_ids:
        route(site, endpoint, table)
    endpoint.dns_entries = _entries(site, endpoint)
    site.later(_latency(endpoint, "available"), _arrive(site, endpoint))
    return {"VpcEndpoint": endpoint, "ClientToken": call.parameters.get("ClientToken")}


@before("ec2", "DescribeVpcEndpoints", source="EC2 API Reference: DescribeVpcEndpoints")
def must_exist(call: Call) -> None:
    """InvalidVpcEndpointId.NotFound for an unknown id."""
    for endpoint in call.parameters.get("VpcEndpointIds", ()):
        if endpoint not in backends.ec2(call).vpc_end_points:
            raise InvalidVpcEndPointIdError(endpoint)


@instead("ec2", "DeleteVpcEndpoints", source="EC2 API Reference: DeleteVpcEndpoints")
def fails_one_by_one(call: Call) -> Answer:
    """What cannot be deleted is told in `Unsuccessful` of a success: InvalidVpcEndpoint.NotFound."""
    found = backends.ec2(call).vpc_end_points
    unknown = []
    for name in call.parameters["VpcEndpointIds"]:
        endpoint = found.get(name)
        if endpoint is None or endpoint.state == "deleted":
            unknown.append(_failure(name))
        elif endpoint.state != "deleting":
            _delete(call.site, endpoint)
    return {"Unsuccessful": unknown}


def place(site: Site, endpoint: VPCEndPoint, subnets: Iterable[str]) -> None:
    """Give it an interface in each of these subnets."""
    for subnet in subnets:
        description = f"VPC Endpoint Interface {endpoint.id}"
        groups = endpoint.security_group_ids
        interface = interfaces.place(site, subnet, groups, description, kind="vpc_endpoint")
        endpoint.network_interface_ids.append(interface.id)


def route(site: Site, endpoint: VPCEndPoint, table: str) -> None:
    """Send what goes to the service from subnets of that table to the endpoint."""
    backends.ec2(site).create_route(
        table, None, gateway_id=endpoint.id, destination_prefix_list_id=endpoint.destination_prefix_list_id
    )


def unroute(site: Site, endpoint: VPCEndPoint, table: str) -> None:
    """Take its route out of the table, if that is still there."""
    found = backends.ec2(site).route_tables.get(table)
    if found is not None:
        found._routes.pop(f"{table}~{endpoint.destination_prefix_list_id}", None)


def _made(call: Call) -> Endpoint:
    """The endpoint without anything around it."""
    asked, ec2 = call.parameters, backends.ec2(call)
    kind = asked.get("VpcEndpointType", GATEWAY)
    inside, service = kind == INTERFACE, asked["ServiceName"]
    endpoint = Endpoint(  # type: ignore[abstract]  # as moto makes them, too
        ec2,
        random_vpc_ep_id(),
        asked["VpcId"],
        service,
        kind,
        asked.get("PolicyDocument"),
        asked.get("RouteTableIds", []),
        asked.get("SubnetIds", []),
        client_token=asked.get("ClientToken"),
        security_group_ids=_groups(call) if inside else [],
        tags=_tags(asked.get("TagSpecifications", ())),
        private_dns_enabled=inside and asked.get("PrivateDnsEnabled", True),
        destination_prefix_list_id=None if inside else _prefix_list(call, service),
    )
    endpoint.state = "pending"
    endpoint.ip_address_type = asked.get("IpAddressType", "ipv4")
    endpoint.dns_options = {**endpoint.dns_options, **asked.get("DnsOptions", {})}
    return endpoint


def _prefix_list(site: Site, service: str) -> str:
    return str(endpoints.prefix_list(site, endpoints.short(site, service)).id)


def _groups(call: Call) -> list[str]:
    """The groups that are asked for, or the VPC's default one."""
    default = backends.ec2(call).get_default_security_group(call.parameters["VpcId"])
    return call.parameters.get("SecurityGroupIds") or [default.id for default in [default] if default]


def _tags(specifications: Iterable[Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for specification in specifications for tag in specification.get("Tags", ())}


def _entries(site: Site, endpoint: Endpoint) -> list[dict[str, str]]:
    return endpoints.dns_entries(site, endpoint) if endpoint.vpc_endpoint_type == INTERFACE else []


def _arrive(site: Site, endpoint: VPCEndPoint) -> Action:
    def act() -> None:
        if endpoint.state == "pending":
            endpoint.state = "available"
            inside = endpoint.vpc_endpoint_type == INTERFACE
            wait = site.world.latencies.seconds("endpoint.interface.answers") if inside else 0.0
            site.ledger(Endpoints).answers_at[endpoint.id] = site.world.clock.now() + wait

    return act


def _delete(site: Site, endpoint: VPCEndPoint) -> None:
    """Begin to: its routes go at once, its interfaces only with the endpoint."""
    endpoint.state = "deleting"
    for table in endpoint.route_table_ids:
        unroute(site, endpoint, table)
    site.later(_latency(endpoint, "deleted"), _leave(site, endpoint))


def _leave(site: Site, endpoint: VPCEndPoint) -> Action:
    def act() -> None:
        ec2 = backends.ec2(site)
        endpoint.state = "deleted"
        for interface in endpoint.network_interface_ids:
            ec2.enis.pop(interface, None)
        if endpoint.private_dns_enabled:
            endpoints.release_names(site, endpoint)
        gone.forget(site, _forget(site, endpoint))

    return act


def _forget(site: Site, endpoint: VPCEndPoint) -> Action:
    def act() -> None:
        backends.ec2(site).vpc_end_points.pop(endpoint.id, None)

    return act


def _latency(endpoint: VPCEndPoint, what: str) -> str:
    kind = "interface" if endpoint.vpc_endpoint_type == INTERFACE else "gateway"
    return f"endpoint.{kind}.{what}"


def _failure(endpoint: str) -> dict[str, Any]:
    message = f"The VPC endpoint '{endpoint}' does not exist"
    return {"ResourceId": endpoint, "Error": {"Code": "InvalidVpcEndpoint.NotFound", "Message": message}}
