"""What EC2 does not delete, release or detach while something still uses it."""

from __future__ import annotations

from collections.abc import Iterator

from moto.ec2.models import EC2Backend

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import before
from provisioner.sandbox.vpc import interfaces

_IN_USE = "DependencyViolation"


@before("ec2", "ReleaseAddress", "DisassociateAddress", source="EC2 API Reference")
def address_is_held(call: Call) -> None:
    """AuthFailure while one of AWS's own interfaces has the address, InvalidIPAddress.InUse while one of ours."""
    for address in backends.ec2(call).addresses:
        names = (address.allocation_id, address.association_id, address.public_ip)
        if address.eni is None or not _asked(call) & set(names):
            continue
        if address.eni.requester_managed:
            raise Refusal("AuthFailure", "You do not have permission to access the specified resource.")
        if call.action == "ReleaseAddress":
            raise Refusal("InvalidIPAddress.InUse", f"Address {address.public_ip} is in use.")


@before("ec2", "DetachInternetGateway", source="EC2 API Reference")
def public_addresses_are_mapped(call: Call) -> None:
    """DependencyViolation while any interface in the VPC has a public address."""
    vpc = call.parameters.get("VpcId", "")
    if any(interface.public_ip for interface in interfaces.in_vpc(backends.ec2(call), vpc)):
        message = f"Network {vpc} has some mapped public address(es). Please unmap those public address(es) before"
        raise Refusal(_IN_USE, f"{message} detaching the gateway.")


@before("ec2", "DeleteSubnet", source="EC2 API Reference")
def subnet_has_interfaces(call: Call) -> None:
    """DependencyViolation while any interface is in the subnet, whoever placed it."""
    subnet = call.parameters["SubnetId"]
    if any(interfaces.in_subnet(backends.ec2(call), subnet)):
        raise Refusal(_IN_USE, f"The subnet '{subnet}' has dependencies and cannot be deleted.")


@before("ec2", "DeleteSecurityGroup", source="EC2 API Reference")
def group_is_used(call: Call) -> None:
    """CannotDelete for a VPC's default group; DependencyViolation for one on an interface or in another's rule."""
    ec2, group = backends.ec2(call), call.parameters.get("GroupId", "")
    found = ec2.get_security_group_from_id(group)
    if found is not None and found.is_default:
        message = f'the specified group: "{group}" name: "default" cannot be deleted by a user'
        raise Refusal("CannotDelete", message)
    if any(interfaces.in_group(ec2, group)) or group in _referenced(ec2, group):
        raise Refusal(_IN_USE, f"resource {group} has a dependent object")


@before("ec2", "DeleteVpc", source="EC2 API Reference")
def vpc_has_parts(call: Call) -> None:
    """DependencyViolation while anything is left but what came with the VPC. AWS does not say what."""
    vpc = call.parameters["VpcId"]
    if any(_parts(backends.ec2(call), vpc)):
        raise Refusal(_IN_USE, f"The vpc '{vpc}' has dependencies and cannot be deleted.")


@before("ec2", "DeleteNetworkInterface", source="EC2 API Reference")
def interface_is_in_use(call: Call) -> None:
    """InvalidParameterValue while the interface is attached."""
    interface = backends.ec2(call).enis.get(call.parameters["NetworkInterfaceId"])
    if interface is not None and interface.status == "in-use":
        raise Refusal("InvalidParameterValue", f"Network interface '{interface.id}' is currently in use.")


def _asked(call: Call) -> set[str]:
    """The names by which the call speaks of an address."""
    names = ("AllocationId", "AssociationId", "PublicIp")
    return {call.parameters[name] for name in names if name in call.parameters}


def _referenced(ec2: EC2Backend, group: str) -> set[str]:
    """Ids of the groups that rules of groups other than this one speak of."""
    others = [other for groups in ec2.groups.values() for other in groups.values() if other.id != group]
    rules = [rule for other in others for rule in (*other.ingress_rules, *other.egress_rules)]
    return {rule.referenced_group_info["GroupId"] for rule in rules if rule.referenced_group_info}


def _parts(ec2: EC2Backend, vpc: str) -> Iterator[str]:
    """What stands in the way of the VPC's end."""
    yield from (gateway.id for gateway in ec2.internet_gateways.values() if gateway.vpc and gateway.vpc.id == vpc)
    yield from (group.id for group in ec2.groups.get(vpc, {}).values() if not group.is_default)
    yield from (interface.id for interface in interfaces.in_vpc(ec2, vpc))
    for zone in ec2.subnets.values():
        yield from (subnet.id for subnet in zone.values() if subnet.vpc_id == vpc)
    tables = (table for table in ec2.route_tables.values() if table.vpc_id == vpc)
    yield from (table.id for table in tables if not table.main_association_id)
    acls = (acl for acl in ec2.network_acls.values() if acl.vpc_id == vpc)
    yield from (acl.id for acl in acls if not acl.default)
    yield from (one.id for one in ec2.egress_only_internet_gateways.values() if one.vpc_id == vpc)
    endpoints = (endpoint for endpoint in ec2.vpc_end_points.values() if endpoint.vpc_id == vpc)
    yield from (endpoint.id for endpoint in endpoints if endpoint.state != "deleted")
