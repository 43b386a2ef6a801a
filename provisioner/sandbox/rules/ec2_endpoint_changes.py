"""Changes of VPC endpoints."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.ec2.models.vpcs import VPCEndPoint

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before, instead
from provisioner.sandbox.rules import ec2_endpoint_checks as checks
from provisioner.sandbox.rules import ec2_endpoints as making
from provisioner.sandbox.vpc import endpoints, interfaces
from provisioner.sandbox.vpc.endpoints import INTERFACE, Endpoint

_SOURCE = "EC2 API Reference: ModifyVpcEndpoint"


@before("ec2", "ModifyVpcEndpoint", source="ansible-collections/amazon.aws#700")
def must_be_there(call: Call) -> None:
    """InvalidVpcEndpointId.NotFound for an unknown endpoint, and for one that is on its way out."""
    name = call.parameters["VpcEndpointId"]
    endpoint = backends.ec2(call).vpc_end_points.get(name)
    if endpoint is None or endpoint.state in ("deleting", "deleted"):
        raise Refusal("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{name}' does not exist")


@before("ec2", "ModifyVpcEndpoint", source="terraform-aws-modules/terraform-aws-vpc#583")
def additions_must_fit(call: Call) -> None:
    """The same refusals as of the creation, for subnets, groups and route tables that are added."""
    endpoint, asked = _endpoint(call), call.parameters
    present = set(endpoint.subnet_ids or ()) - set(asked.get("RemoveSubnetIds", ()))
    checks.check_subnets(call, endpoint.vpc_id, asked.get("AddSubnetIds", ()), present)
    checks.check_groups(call, endpoint.vpc_id, asked.get("AddSecurityGroupIds", ()))
    checks.check_tables(call, endpoint.vpc_id, endpoint.service_name, asked.get("AddRouteTableIds", ()))


@before("ec2", "ModifyVpcEndpoint", source=_SOURCE)
def new_names_must_be_free(call: Call) -> None:
    """InvalidParameter for private names in a VPC without DNS, or where another endpoint has them."""
    endpoint = _endpoint(call)
    if call.parameters.get("PrivateDnsEnabled") and not endpoint.private_dns_enabled:
        checks.check_names(call, endpoint.vpc_id, endpoint.service_name, endpoint.id)


@instead("ec2", "ModifyVpcEndpoint", source=_SOURCE)
def changes(call: Call) -> Answer:
    """Subnets, groups, route tables, names and the policy change at once; the interface of a subnet goes later."""
    endpoint = _endpoint(call)
    for parameter, change in _CHANGES.items():
        if parameter in call.parameters:
            change(call, endpoint, call.parameters[parameter])
    if endpoint.vpc_endpoint_type == INTERFACE:
        endpoint.dns_entries = endpoints.dns_entries(call, endpoint)
    return {"Return": True}


def _endpoint(call: Call) -> Endpoint:
    found = backends.ec2(call).vpc_end_points[call.parameters["VpcEndpointId"]]
    assert isinstance(found, Endpoint)  # none is made elsewhere
    return found


def _add_subnets(call: Call, endpoint: VPCEndPoint, subnets: list[str]) -> None:
    endpoint.subnet_ids = [*(endpoint.subnet_ids or ()), *subnets]
    making.place(call.site, endpoint, subnets)


def _remove_subnets(call: Call, endpoint: VPCEndPoint, subnets: list[str]) -> None:
    endpoint.subnet_ids = [one for one in endpoint.subnet_ids or () if one not in subnets]
    enis = backends.ec2(call).enis
    doomed = [enis[name] for name in endpoint.network_interface_ids if enis[name].subnet.id in subnets]
    names = {interface.id for interface in doomed}
    endpoint.network_interface_ids = [one for one in endpoint.network_interface_ids if one not in names]
    call.later("endpoint.interface.deleted", interfaces.remover(call.site, doomed))


def _add_groups(call: Call, endpoint: VPCEndPoint, groups: list[str]) -> None:
    _set_groups(call, endpoint, list(dict.fromkeys([*endpoint.security_group_ids, *groups])))


def _remove_groups(call: Call, endpoint: VPCEndPoint, groups: list[str]) -> None:
    _set_groups(call, endpoint, [one for one in endpoint.security_group_ids if one not in groups])


def _set_groups(call: Call, endpoint: VPCEndPoint, groups: list[str]) -> None:
    ec2 = backends.ec2(call)
    endpoint.security_group_ids = groups
    found = [ec2.get_security_group_from_id(group) for group in groups]
    for interface in endpoint.network_interface_ids:
        ec2.enis[interface]._group_set = [group for group in found if group is not None]


def _add_tables(call: Call, endpoint: VPCEndPoint, tables: list[str]) -> None:
    endpoint.route_table_ids = [*endpoint.route_table_ids, *tables]
    for table in tables:
        making.route(call.site, endpoint, table)


def _remove_tables(call: Call, endpoint: VPCEndPoint, tables: list[str]) -> None:
    endpoint.route_table_ids = [one for one in endpoint.route_table_ids if one not in tables]
    for table in tables:
        making.unroute(call.site, endpoint, table)


def _private_dns(call: Call, endpoint: VPCEndPoint, wanted: bool) -> None:
    if endpoint.private_dns_enabled and not wanted:
        endpoints.release_names(call.site, endpoint)
    endpoint.private_dns_enabled = wanted


def _policy(call: Call, endpoint: VPCEndPoint, document: str) -> None:
    endpoint.policy_document = document


def _usual_policy(call: Call, endpoint: VPCEndPoint, wanted: bool) -> None:
    if wanted:
        endpoint.policy_document = json.dumps(VPCEndPoint.DEFAULT_POLICY)


_CHANGES: Mapping[str, Callable[[Call, VPCEndPoint, Any], None]] = {
    "RemoveSubnetIds": _remove_subnets,
    "AddSubnetIds": _add_subnets,
    "RemoveSecurityGroupIds": _remove_groups,
    "AddSecurityGroupIds": _add_groups,
    "RemoveRouteTableIds": _remove_tables,
    "AddRouteTableIds": _add_tables,
    "PrivateDnsEnabled": _private_dns,
    "ResetPolicy": _usual_policy,
    "PolicyDocument": _policy,
}
