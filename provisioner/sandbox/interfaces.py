"""Network interfaces that AWS's services place in our subnets.

They are what holds subnets and security groups: whoever places one here needs no rule of its own about what may
not be deleted.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator

from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.utils import random_public_ip

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call

# The first four addresses of a subnet and the last one are AWS's.
_RESERVED = 4


def place(
    call: Call,
    subnet: str,
    groups: Iterable[str],
    description: str,
    *,
    kind: str = "interface",
    public: bool = False,
) -> NetworkInterface:
    """An interface in use in that subnet, with an address from it; a `public` one has a public address too."""
    ec2 = backends.ec2(call)
    address = free_address(ec2, subnet)
    interface = ec2.create_network_interface(subnet, address, group_ids=list(groups), description=description)
    occupy(interface, description, kind)
    if public:
        interface.public_ip = random_public_ip()
    return interface


def occupy(interface: NetworkInterface, description: str, kind: str) -> None:
    """Mark an interface as one of a service's."""
    interface.status = "in-use"
    interface.description = description
    interface.interface_type = kind
    interface.requester_managed = True


def free_address(ec2: EC2Backend, subnet: str) -> str:
    """The lowest address of the subnet that nobody has."""
    network = ipaddress.ip_network(ec2.get_subnet(subnet).cidr_block)
    taken = {str(interface.private_ip_address) for interface in ec2.enis.values()}
    for number in range(_RESERVED, network.num_addresses - 1):
        if (address := str(network[number])) not in taken:
            return address
    raise ValueError(f"no free address in {subnet}")


def remove(ec2: EC2Backend, interface: NetworkInterface) -> None:
    """Take it away, if it is still there."""
    ec2.enis.pop(interface.id, None)


def remover(call: Call, interfaces: Iterable[NetworkInterface]) -> Callable[[], None]:
    """What takes these away when it is called, later."""
    ec2, doomed = backends.ec2(call), list(interfaces)

    def act() -> None:
        for interface in doomed:
            remove(ec2, interface)

    return act


def in_subnet(ec2: EC2Backend, subnet: str) -> Iterator[NetworkInterface]:
    return (interface for interface in ec2.enis.values() if interface.subnet.id == subnet)


def in_vpc(ec2: EC2Backend, vpc: str) -> Iterator[NetworkInterface]:
    return (interface for interface in ec2.enis.values() if interface.subnet.vpc_id == vpc)


def in_group(ec2: EC2Backend, group: str) -> Iterator[NetworkInterface]:
    for interface in ec2.enis.values():
        if any(member.id == group for member in interface.group_set):
            yield interface
