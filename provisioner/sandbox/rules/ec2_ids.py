"""Ids that EC2 cannot read, and ids of what is not there."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.ec2.models import EC2Backend

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import before
from provisioner.sandbox.rules import visibility

_SOURCE = "EC2 API Reference: error codes"


@dataclass(frozen=True)
class Kind:
    """How ids of one kind look, and what AWS says of others.

    Without `strict` an id of another kind can be read, too: it is not found. `known` is empty where other rules
    say what is there.
    """

    prefix: str
    malformed: str
    missing: str = ""
    noun: str = ""
    known: Callable[[EC2Backend], Collection[str]] | None = None
    strict: bool = True

    def is_readable(self, name: str) -> bool:
        if not self.malformed:
            return True
        prefix = re.escape(self.prefix) if self.strict else "[a-z-]+"
        return re.fullmatch(rf"{prefix}-([0-9a-f]{{8}}|[0-9a-f]{{17}})", name) is not None


def _subnets(ec2: EC2Backend) -> Collection[str]:
    return {name for zone in ec2.subnets.values() for name in zone}


def _groups(ec2: EC2Backend) -> Collection[str]:
    return {name for of_vpc in ec2.groups.values() for name in of_vpc}


_GROUP = Kind("sg", "InvalidGroupId.Malformed", "InvalidGroup.NotFound", "security group", _groups)
_KINDS: Mapping[str, Kind] = {
    "VpcId": Kind(
        "vpc", "InvalidVpcID.Malformed", "InvalidVpcID.NotFound", "vpc ID", lambda ec2: ec2.vpcs, strict=False
    ),
    "SubnetId": Kind(
        "subnet", "InvalidSubnetID.Malformed", "InvalidSubnetID.NotFound", "subnet ID", _subnets, strict=False
    ),
    "GroupId": _GROUP,
    "Group": _GROUP,
    "SecurityGroupId": _GROUP,
    "RouteTableId": Kind(
        "rtb",
        "InvalidRouteTableId.Malformed",
        "InvalidRouteTableID.NotFound",
        "routeTable ID",
        lambda ec2: ec2.route_tables,
    ),
    "InternetGatewayId": Kind(
        "igw",
        "InvalidInternetGatewayId.Malformed",
        "InvalidInternetGatewayID.NotFound",
        "internetGateway ID",
        lambda ec2: ec2.internet_gateways,
    ),
    "NetworkInterfaceId": Kind(
        "eni",
        "InvalidNetworkInterfaceId.Malformed",
        "InvalidNetworkInterfaceID.NotFound",
        "networkInterface ID",
        lambda ec2: ec2.enis,
    ),
    "NetworkAclId": Kind(
        "acl",
        "InvalidNetworkAclId.Malformed",
        "InvalidNetworkAclID.NotFound",
        "networkAcl ID",
        lambda ec2: ec2.network_acls,
    ),
    "AllocationId": Kind(
        "eipalloc",
        "",
        "InvalidAllocationID.NotFound",
        "allocation ID",
        lambda ec2: {str(address.allocation_id) for address in ec2.addresses},
    ),
    "NatGatewayId": Kind("nat", "NatGatewayMalformed"),
    "InstanceId": Kind("i", "InvalidInstanceID.Malformed"),
    "VpcEndpointId": Kind("vpce", "InvalidVpcEndpointId.Malformed"),
    "SecurityGroupRuleId": Kind("sgr", "InvalidSecurityGroupRuleId.Malformed"),
}
# Filters find nothing by a strange id, and tags are no ids.
_NO_IDS = frozenset({"Filters", "Filter", "TagSpecifications", "Tags", "ClientToken"})
# These services' own calls have codes of their own.
_ELSEWHERE = ("VpcEndpoint", "TransitGateway", "Instance")
# A gateway fails later for want of its address.
_LATER = frozenset({("CreateNatGateway", "AllocationId")})


# Both come before DryRun, which is answered for what is there only; the second one told comes before the first.
@before("ec2", "*", source=_SOURCE, first=True)
def named_things_must_exist(call: Call) -> None:
    """InvalidVpcID.NotFound and the like for an id of nothing, or of what is too young to be known everywhere."""
    visibility.young_ids_are_unknown(call)
    if any(word in call.action for word in _ELSEWHERE):
        return
    ec2 = backends.ec2(call)
    for parameter, name in _named(call.parameters):
        kind = _KINDS[parameter]
        if kind.known is not None and (call.action, parameter) not in _LATER and name not in kind.known(ec2):
            raise Refusal(kind.missing, f"The {kind.noun} '{name}' does not exist")


@before("ec2", "*", source=f"{_SOURCE}; the wording: terraform-provider-aws#6104", first=True)
def ids_must_be_readable(call: Call) -> None:
    """InvalidVpcID.Malformed and the like for what is no id."""
    for parameter, name in _named(call.parameters):
        kind = _KINDS[parameter]
        if not kind.is_readable(name):
            raise Refusal(kind.malformed, f'Invalid id: "{name}" (expecting "{kind.prefix}-...")')


def _named(value: Any, parameter: str = "") -> Iterator[tuple[str, str]]:
    """Every id in the parameters, with the parameter that says what it should be an id of."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key not in _NO_IDS:
                yield from _named(item, key.removesuffix("s"))
    elif isinstance(value, list):
        for item in value:
            yield from _named(item, parameter)
    elif parameter in _KINDS and isinstance(value, str):
        yield parameter, value
