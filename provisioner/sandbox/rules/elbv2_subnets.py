"""Where load balancers may be: subnets, Availability Zones, addresses."""

from __future__ import annotations

import ipaddress
from collections import Counter
from dataclasses import dataclass

from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.subnets import Subnet

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.elb import balancers
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import before
from provisioner.sandbox.vpc import interfaces

_CREATE = "ELB API Reference: CreateLoadBalancer"
_INVALID = "InvalidConfigurationRequest"
_ZONES = "At least two subnets in two different Availability Zones must be specified"
# An application load balancer wants subnets of this size, and this many free addresses in each.
_SMALLEST = 27
_FREE = 8
# AWS's own addresses in a subnet.
_RESERVED = 5


@dataclass(frozen=True)
class _Wanted:
    """What kind of load balancer is to be in which subnets, those of them that are new, and in which VPC."""

    kind: str
    public: bool
    subnets: list[Subnet]
    fresh: list[Subnet]
    vpc: str


@before("elbv2", "CreateLoadBalancer", "SetSubnets", source=_CREATE)
def subnets_are_named_once_and_exist(call: Call) -> None:
    """ValidationError without subnets or with both ways to name them; SubnetNotFound for an unknown one."""
    given = call.parameters
    if given.get("Subnets") and given.get("SubnetMappings"):
        raise Refusal("ValidationError", "You must specify either subnets or subnet mappings, but not both")
    wanted = balancers.wanted_subnets(call)
    if not wanted:
        one = "At least one subnet must be specified"
        raise Refusal("ValidationError", _ZONES if given.get("Type", "application") == "application" else one)
    known = {subnet for zone in backends.ec2(call).subnets.values() for subnet in zone}
    for subnet in wanted:
        if subnet not in known:
            raise Refusal("SubnetNotFound", f"The subnet ID '{subnet}' does not exist")


@before("elbv2", "CreateLoadBalancer", "SetSubnets", source=f"{_CREATE}; messages: kasmtech/terraform#5")
def zones_have_one_subnet_each(call: Call) -> None:
    """InvalidConfigurationRequest for two subnets in a zone; ValidationError for an ALB in a single zone."""
    wanted = _wanted(call)
    zones = Counter(subnet.availability_zone for subnet in wanted.subnets)
    if wanted.kind == "application" and len(wanted.subnets) < 2:
        raise Refusal("ValidationError", _ZONES)
    if max(zones.values()) > 1:
        message = "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
        raise Refusal(_INVALID, message)


@before("elbv2", "CreateLoadBalancer", "SetSubnets", source=f"{_CREATE}; wording from memory")
def subnets_are_of_one_vpc(call: Call) -> None:
    """InvalidConfigurationRequest for subnets of different VPCs, or of another than the load balancer's."""
    wanted = _wanted(call)
    strangers = [subnet.id for subnet in wanted.subnets if subnet.vpc_id != wanted.vpc]
    if strangers:
        raise Refusal(_INVALID, f"The following subnets are not in the VPC '{wanted.vpc}': {', '.join(strangers)}")


@before("elbv2", "SetSubnets", source="ELB User Guide: Network Load Balancers: update the Availability Zones")
def network_load_balancers_change_a_zone_in_two_steps(call: Call) -> None:
    """InvalidConfigurationRequest for another subnet in a zone that is enabled: disable it first."""
    balancer = balancers.find(call, call.parameters["LoadBalancerArn"])
    there = {subnet.availability_zone: subnet.id for subnet in balancer.subnets}
    for subnet in _wanted(call).fresh if balancer.type == "network" else ():
        if subnet.availability_zone in there:
            zone = subnet.availability_zone
            message = f"The subnet of Availability Zone '{zone}' must be removed before another one is added"
            raise Refusal(_INVALID, message)


@before(
    "elbv2",
    "CreateLoadBalancer",
    "SetSubnets",
    source="ELB User Guide: subnets for your load balancer; aws-load-balancer-controller#1233",
)
def subnets_have_space(call: Call) -> None:
    """InvalidSubnet for fewer than 8 free addresses; an ALB's subnets are /27 or larger."""
    wanted, ec2 = _wanted(call), backends.ec2(call)
    fixed = {
        item["SubnetId"] for item in call.parameters.get("SubnetMappings", ()) if "PrivateIPv4Address" in item
    }
    for subnet in wanted.fresh:
        small = wanted.kind == "application" and subnet.cidr.prefixlen > _SMALLEST
        if small or (subnet.id not in fixed and _free(ec2, subnet) < _FREE):
            needed = f"ELB requires at least {_FREE} free IP addresses in each subnet."
            raise Refusal("InvalidSubnet", f"Not enough IP space available in {subnet.id}. {needed}")


@before("elbv2", "CreateLoadBalancer", "SetSubnets", source=f"{_CREATE}: InvalidSubnet")
def public_ones_need_an_internet_gateway(call: Call) -> None:
    """InvalidSubnet for an internet-facing one in a VPC without an attached internet gateway."""
    wanted = _wanted(call)
    gateways = backends.ec2(call).internet_gateways.values()
    if wanted.public and not any(gateway.vpc and gateway.vpc.id == wanted.vpc for gateway in gateways):
        raise Refusal("InvalidSubnet", f"VPC {wanted.vpc} has no internet gateway")


@before("elbv2", "CreateLoadBalancer", "SetSubnets", source=f"{_CREATE}; wording from memory")
def mapped_addresses_can_be_had(call: Call) -> None:
    """AllocationIdNotFound for an Elastic IP address that is unknown or taken; only public NLBs can have any."""
    wanted, addresses = _wanted(call), backends.ec2(call).addresses
    here = {interface.id for interface in _interfaces(call)}
    free = {item.allocation_id for item in addresses if item.eni is None or item.eni.id in here}
    for mapping in call.parameters.get("SubnetMappings", ()):
        allocation = mapping.get("AllocationId")
        if allocation and not (wanted.kind == "network" and wanted.public):
            message = f"Elastic IPs are not supported for load balancers with type '{wanted.kind}'"
            raise Refusal(_INVALID, message)
        if allocation and allocation not in free:
            message = f"The allocation IDs '{allocation}' are not available for use"
            raise Refusal("AllocationIdNotFound", message)


@before("elbv2", "CreateLoadBalancer", "SetSubnets", source=f"{_CREATE}; wording from memory")
def mapped_private_addresses_are_in_their_subnets(call: Call) -> None:
    """InvalidConfigurationRequest for a private address of an NLB that is not in its subnet, or taken."""
    ec2, here = backends.ec2(call), {interface.id for interface in _interfaces(call)}
    taken = {str(item.private_ip_address) for item in ec2.enis.values() if item.id not in here}
    for mapping in call.parameters.get("SubnetMappings", ()):
        address, subnet = mapping.get("PrivateIPv4Address"), ec2.get_subnet(mapping["SubnetId"])
        if address and (ipaddress.ip_address(address) not in subnet.cidr or address in taken):
            message = f"The private IPv4 address '{address}' is not available in subnet '{subnet.id}'"
            raise Refusal(_INVALID, message)


def _wanted(call: Call) -> _Wanted:
    ec2 = backends.ec2(call)
    subnets = [ec2.get_subnet(subnet) for subnet in balancers.wanted_subnets(call)]
    if call.action == "CreateLoadBalancer":
        kind = call.parameters.get("Type", "application")
        public = kind != "gateway" and call.parameters.get("Scheme", "internet-facing") == "internet-facing"
        return _Wanted(kind, public, subnets, subnets, subnets[0].vpc_id)
    balancer = balancers.find(call, call.parameters["LoadBalancerArn"])
    there = {subnet.id for subnet in balancer.subnets}
    fresh = [subnet for subnet in subnets if subnet.id not in there]
    public = balancer.type != "gateway" and balancer.scheme == "internet-facing"
    return _Wanted(balancer.type, public, subnets, fresh, str(balancer.vpc_id))


def _interfaces(call: Call) -> list[NetworkInterface]:
    """Those that the load balancer has already."""
    arn = call.parameters.get("LoadBalancerArn")
    return list(balancers.interfaces_of(call, arn)) if arn else []


def _free(ec2: EC2Backend, subnet: Subnet) -> int:
    taken = sum(1 for _ in interfaces.in_subnet(ec2, subnet.id))
    return int(subnet.cidr.num_addresses) - _RESERVED - taken
