"""Network interfaces of ours, and what is not ours to change of services' ones."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from moto.ec2.models.subnets import Subnet

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before, instead
from provisioner.sandbox.vpc import interfaces
from provisioner.sandbox.vpc.tagging import specified

_SOURCE = "EC2 API Reference: CreateNetworkInterface"
_FULL = "InsufficientFreeAddressesInSubnet"
_RESERVED = 4  # the first addresses of a subnet, beside the last one


@before("ec2", "CreateNetworkInterface", source=f"{_SOURCE}; the wording: that of instances")
def groups_must_fit(call: Call) -> None:
    """InvalidParameter for groups of another VPC."""
    ec2, subnet = backends.ec2(call), _subnet(call)
    for name in call.parameters.get("Groups", ()):
        group = ec2.get_security_group_from_id(name)
        if group is not None and group.vpc_id != subnet.vpc_id:
            message = f"Security group {name} and subnet {subnet.id} belong to different networks."
            raise Refusal("InvalidParameter", message)


@instead("ec2", "CreateNetworkInterface", source=f"{_SOURCE}; error codes")
def takes_addresses_of_the_subnet(call: Call) -> Answer:
    """InsufficientFreeAddressesInSubnet where none is left, InvalidIPAddress.InUse for one that somebody has.

    InvalidParameterValue for an address that is not the subnet's, or is AWS's.
    """
    asked, ec2 = call.parameters, backends.ec2(call)
    chosen = _chosen(call)
    interface = ec2.create_network_interface(
        _subnet(call),
        chosen[0],
        [{"Primary": place == 0, "PrivateIpAddress": address} for place, address in enumerate(chosen)],
        list(asked.get("Groups", ())),
        asked.get("Description"),
        specified(call),
        ipv6_addresses=[one["Ipv6Address"] for one in asked.get("Ipv6Addresses", ())],
        ipv6_address_count=asked.get("Ipv6AddressCount", 0),
    )
    interface.interface_type = asked.get("InterfaceType", "interface")
    return {"NetworkInterface": interface}


@before("ec2", "ModifyNetworkInterfaceAttribute", source="terraform-provider-aws#31520")
def services_choose_their_groups(call: Call) -> None:
    """OperationNotPermitted for the groups of an interface that a service has placed."""
    interface = backends.ec2(call).enis[call.parameters["NetworkInterfaceId"]]
    if interface.requester_managed and "Groups" in call.parameters:
        message = f"You do not have permission to modify the security groups of '{interface.id}'."
        raise Refusal("OperationNotPermitted", message)


@before("ec2", "DetachNetworkInterface", source="public notes of what Terraform met")
def services_detach_themselves(call: Call) -> None:
    """OperationNotPermitted for the attachment of an interface that a service has placed."""
    if call.parameters["AttachmentId"].startswith("ela-attach-"):
        raise Refusal("OperationNotPermitted", "You are not allowed to manage 'ela-attach' attachments.")


def _subnet(call: Call) -> Subnet:
    return backends.ec2(call).get_subnet(call.parameters["SubnetId"])


def _chosen(call: Call) -> list[str]:
    """The addresses, the first one foremost: those that are asked for, or else the lowest that are free."""
    asked, subnet = call.parameters, _subnet(call)
    network = ipaddress.ip_network(subnet.cidr_block, strict=False)
    taken = interfaces.addresses(backends.ec2(call), subnet.id)
    chosen = list(dict.fromkeys(_named(asked)))
    for address in chosen:
        _check(address, network, taken)
    wanted = max(1, len(chosen)) + int(asked.get("SecondaryPrivateIpAddressCount", 0))
    free = (str(network[number]) for number in range(_RESERVED, network.num_addresses - 1))
    left = (address for address in free if address not in taken and address not in chosen)
    chosen += [address for address, _ in zip(left, range(wanted - len(chosen)), strict=False)]
    if len(chosen) < wanted:
        message = "The specified subnet does not have enough free addresses to satisfy the request."
        raise Refusal(_FULL, message)
    return chosen


def _named(asked: dict[str, Any]) -> Iterable[str]:
    if "PrivateIpAddress" in asked:
        yield asked["PrivateIpAddress"]
    listed = sorted(asked.get("PrivateIpAddresses", ()), key=lambda one: not one.get("Primary"))
    yield from (one["PrivateIpAddress"] for one in listed)


def _check(address: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network, taken: set[str]) -> None:
    try:
        number = int(ipaddress.ip_address(address)) - int(network.network_address)
    except ValueError:
        raise Refusal("InvalidParameterValue", f"Invalid IPv4 address: {address}") from None
    if not 0 <= number < network.num_addresses:
        message = f"Address {address} does not fall within the subnet's address range"
        raise Refusal("InvalidParameterValue", message)
    if not _RESERVED <= number < network.num_addresses - 1:
        raise Refusal("InvalidParameterValue", f"Address {address} is in subnet's reserved address range")
    if address in taken:
        raise Refusal("InvalidIPAddress.InUse", "The specified address is already in use.")
