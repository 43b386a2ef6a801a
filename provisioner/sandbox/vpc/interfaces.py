"""Network interfaces that AWS's services place in our subnets.

They are what holds subnets and security groups: whoever places one here needs no rule of its own about what may
not be deleted.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.utils import random_public_ip

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site

# The first four addresses of a subnet and the last one are AWS's.
_RESERVED = 4
# Who asked for interfaces of each kind, and whose machine they are attached to. Account numbers are made up.
_REQUESTERS: Mapping[str, tuple[str, str]] = {
    "nat_gateway": ("074197160000", "amazon-aws"),
    "vpc_endpoint": ("727180480000", "amazon-aws"),
    "transit_gateway": ("513750640000", "amazon-aws"),
    "network_load_balancer": ("amazon-elb", "amazon-aws"),
    "lambda": ("AROAWJEXAMPLELAMBDAVPC:eni", "amazon-aws"),
}
_OTHERS = ("578734480000", "amazon-aws")


class Full(ValueError):
    """A subnet without a free address."""


@dataclass(frozen=True)
class Attachment:
    """To a machine of AWS's."""

    attachment_id: str
    instance_owner_id: str
    attach_time: datetime.datetime
    device_index: int = 1
    network_card_index: int = 0
    delete_on_termination: bool = False
    status: str = "attached"


class Placed(NetworkInterface):
    """One that a service has placed, with what AWS tells of it."""

    @property
    def attachment(self) -> Any:
        if self.status != "in-use":
            return None
        _, owner = _REQUESTERS.get(self.interface_type, _OTHERS)
        return Attachment(f"ela-attach-{self.id.removeprefix('eni-')}", owner, self.attach_time or utcnow())

    @property
    def association(self) -> dict[str, Any]:
        told = super().association
        if told and "allocationId" not in told:
            told["ipOwnerId"] = "amazon-elb" if self.requester_id == "amazon-elb" else "amazon"
        return told

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        if filter_name == "attachment.instance-owner-id":
            return self.attachment.instance_owner_id if self.attachment else None
        return super().get_filter_value(filter_name, method_name)


def place(
    call: Site,
    subnet: str,
    groups: Iterable[str],
    description: str,
    *,
    kind: str = "interface",
    public: bool = False,
) -> NetworkInterface:
    """An interface in use in that subnet, with an address from it; a `public` one has a public address too.

    Raises Full where no address is left.
    """
    ec2 = backends.ec2(call)
    address = free_address(ec2, subnet)
    interface = Placed(  # type: ignore[abstract]  # what it lacks is CloudFormation's
        ec2, subnet, address, group_ids=list(groups), description=description
    )
    ec2.enis[interface.id] = interface
    interface.attach_time = utcnow()
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
    interface.requester_id = _REQUESTERS.get(kind, _OTHERS)[0]


def free_address(ec2: EC2Backend, subnet: str) -> str:
    """The lowest address of the subnet that nobody has; Full if there is none."""
    network = ipaddress.ip_network(ec2.get_subnet(subnet).cidr_block, strict=False)
    taken = addresses(ec2, subnet)
    for number in range(_RESERVED, network.num_addresses - 1):
        if (address := str(network[number])) not in taken:
            return address
    raise Full(f"no free address in {subnet}")


def addresses(ec2: EC2Backend, subnet: str) -> set[str]:
    """Those that interfaces have, first and further ones."""
    taken: set[str] = set()
    for interface in in_subnet(ec2, subnet):
        further = (one["PrivateIpAddress"] for one in interface.private_ip_addresses if not one.get("Primary"))
        taken.update((str(interface.private_ip_address), *further))
    return taken


def remove(ec2: EC2Backend, interface: NetworkInterface) -> None:
    """Take it away, if it is still there."""
    ec2.enis.pop(interface.id, None)


def remover(call: Site, interfaces: Iterable[NetworkInterface]) -> Callable[[], None]:
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
