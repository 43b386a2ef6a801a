"""The network configuration of services and tasks, as ECS checks it before it accepts one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.refusal import Refusal

_SUBNETS, _GROUPS = 16, 5
_CODE = "InvalidParameterException"


def of(parameters: Mapping[str, Any]) -> Mapping[str, Any] | None:
    network: Mapping[str, Any] | None = parameters.get("networkConfiguration", {}).get("awsvpcConfiguration")
    return network


def check(site: Site, network: Mapping[str, Any]) -> None:
    """Raises Refusal for too many, unknown or foreign subnets and security groups."""
    subnets, groups = network.get("subnets", []), network.get("securityGroups", [])
    if not subnets:
        raise Refusal(_CODE, "subnets can not be empty.")
    if len(subnets) > _SUBNETS:
        raise Refusal(_CODE, f"subnets can have at most {_SUBNETS} items.")
    if len(groups) > _GROUPS:
        raise Refusal(_CODE, f"securityGroups can have at most {_GROUPS} items.")
    vpcs = {_vpc_of_subnet(site, subnet) for subnet in subnets}
    if len(vpcs) > 1:
        raise Refusal(_CODE, "All subnets must belong to the same VPC.")
    for group in groups:
        if _vpc_of_group(site, group) not in vpcs:
            belongs = "does not appear to belong to the same VPC as the input subnets."
            raise Refusal(_CODE, f"Security group {group} {belongs}")


def _vpc_of_subnet(site: Site, name: str) -> str:
    for zone in backends.ec2(site).subnets.values():
        if name in zone:
            return str(zone[name].vpc_id)
    found = f"The subnet ID '{name}' does not exist (ErrorCode: InvalidSubnetID.NotFound)"
    raise Refusal(_CODE, f"Error retrieving subnet information for [{name}]: {found}")


def _vpc_of_group(site: Site, name: str) -> str:
    group = backends.ec2(site).get_security_group_from_id(name)
    if group is None:
        found = f"The security group '{name}' does not exist (ErrorCode: InvalidGroup.NotFound)"
        raise Refusal(_CODE, f"Error retrieving security group information for [{name}]: {found}")
    return str(group.vpc_id)
