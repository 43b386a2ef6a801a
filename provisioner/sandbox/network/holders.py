"""Who has an address."""

from __future__ import annotations

from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface

from provisioner.sandbox import backends


def interface_at(ec2: EC2Backend, vpc: str, address: str) -> NetworkInterface | None:
    """The interface that has a private address in a VPC."""
    for interface in ec2.enis.values():
        if interface.subnet.vpc_id == vpc and address in addresses(interface):
            return interface
    return None


def addresses(interface: NetworkInterface) -> set[str]:
    """The private addresses of an interface."""
    several = {str(one["PrivateIpAddress"]) for one in interface.private_ip_addresses}
    return several | {str(interface.private_ip_address)}


def public(address: str) -> NetworkInterface | None:
    """The interface that has a public address, whosever it is."""
    for ec2 in backends.every_ec2():
        for interface in ec2.enis.values():
            if interface.public_ip == address:
                return interface
    return None
