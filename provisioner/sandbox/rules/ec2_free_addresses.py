"""Subnets without room."""

from __future__ import annotations

import ipaddress
from collections import Counter

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import before
from provisioner.sandbox.vpc import interfaces

# The first four addresses of a subnet and the last one are AWS's.
_RESERVED = 5


@before(
    "ec2",
    "CreateTransitGatewayVpcAttachment",
    "CreateVpcEndpoint",
    "ModifyTransitGatewayVpcAttachment",
    "ModifyVpcEndpoint",
    "RunInstances",
    source="EC2 API Reference: error codes",
)
def subnet_is_full(call: Call) -> None:
    """InsufficientFreeAddressesInSubnet for a subnet with fewer addresses left than are needed."""
    ec2 = backends.ec2(call)
    known = {subnet.id: subnet for in_zone in ec2.subnets.values() for subnet in in_zone.values()}
    for name, needed in _needed(call).items():
        if name in known:
            total = ipaddress.ip_network(known[name].cidr_block).num_addresses - _RESERVED
            if total - sum(1 for _ in interfaces.in_subnet(ec2, name)) < needed:
                message = f"There are not enough free addresses in subnet '{name}' to satisfy the request."
                raise Refusal("InsufficientFreeAddressesInSubnet", message)


def _needed(call: Call) -> Counter[str]:
    """How many addresses of each subnet the call takes."""
    asked = call.parameters
    subnets = [*asked.get("SubnetIds", ()), *asked.get("AddSubnetIds", ())]
    for one in (asked, *asked.get("NetworkInterfaces", ())):
        if "SubnetId" in one:
            subnets += [one["SubnetId"]] * int(asked.get("MaxCount", 1))
    return Counter(subnets)
