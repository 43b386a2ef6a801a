"""NAT gateways as they are on AWS: they hold an interface and an address, and fail late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.core.utils import iso_8601_datetime_with_milliseconds, utcnow
from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_ip_addresses import ElasticAddress
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.nat_gateways import NatGateway
from moto.ec2.utils import random_nat_gateway_id

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.clock import Action
from provisioner.sandbox.vpc import gone, interfaces

_MESSAGES: Mapping[str, str] = {
    "Gateway.NotAttached": "Network {vpc} has no Internet gateway attached",
    "InsufficientFreeAddressesInSubnet": "Subnet has insufficient free addresses to create this NAT gateway",
    "InternalError": "Network interface {interface}, created and used internally by this NAT gateway is in an "
    "invalid state. Please try again.",
    "InvalidAllocationID.NotFound": "Elastic IP address {allocation} could not be associated with this NAT "
    "gateway",
    "InvalidSubnetID.NotFound": "The specified subnet {subnet} does not exist or could not be found.",
    "Resource.AlreadyAssociated": "Elastic IP address {allocation} is already associated",
}
"""What a gateway that has failed says of why. Source: EC2 API Reference, NatGateway."""


class Gateway(NatGateway):
    """One whose address and interface come from where AWS takes them.

    moto's serialiser finds what is told of it by these names.
    """

    failure_code: str | None = None
    failure_message: str | None = None
    delete_time: str | None = None

    def __init__(self, site: Site, subnet: str, allocation: str, kind: str, tags: Mapping[str, str]) -> None:
        # Not moto's: it takes any address for its interface, and the allocated one at once.
        self.id = random_nat_gateway_id()
        self.site = site
        self.ec2_backend = backends.ec2(site)
        self.subnet_id, self.allocation, self.connectivity_type = subnet, allocation, kind
        self.vpc_id = self.ec2_backend.get_subnet(subnet).vpc_id
        self.address_set = [{"allocationId": allocation}] if allocation else []
        self.state, self.private_ip = "pending", ""
        self.checked = False
        self.interface: NetworkInterface | None = None
        self._created_at = utcnow()
        self.add_tags(dict(tags))

    @property
    def _eni(self) -> NetworkInterface | None:
        return self.interface

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        if filter_name == "nat-gateway-id":
            return self.id
        return super().get_filter_value(filter_name, method_name)


def begin(gateway: Gateway) -> None:
    """Take an interface in the subnet, and plan what comes of it."""
    site = gateway.site
    backends.ec2(site).nat_gateways[gateway.id] = gateway
    try:
        description = f"Interface for NAT Gateway {gateway.id}"
        gateway.interface = interfaces.place(site, gateway.subnet_id, (), description, kind="nat_gateway")
    except interfaces.Full:
        gateway.interface = None
    else:
        gateway.interface._group_set = []  # moto gives it the VPC's default group
        gateway.private_ip = str(gateway.interface.private_ip_address)
    site.later("nat_gateway.checked", lambda: _check(gateway))
    site.later("nat_gateway.available", lambda: _arrive(gateway))


def end(gateway: Gateway) -> None:
    """Have it go, slowly; only then are its address and interface free."""
    gateway.state = "deleting"
    gateway.delete_time = iso_8601_datetime_with_milliseconds(utcnow())
    gateway.site.later("nat_gateway.deleted", lambda: _leave(gateway))


def _check(gateway: Gateway) -> None:
    if gateway.checked or gateway.state != "pending":
        return
    gateway.checked = True
    problem = _injected(gateway.site) or _problem(gateway)
    ours = _allocated(gateway)
    if ours is not None and ours.eni is None and gateway.interface is not None:
        gateway.ec2_backend.associate_address(eni=gateway.interface, allocation_id=gateway.allocation)
    if problem:
        _fail(gateway, problem)
    else:
        _tell_addresses(gateway)


def _arrive(gateway: Gateway) -> None:
    _check(gateway)
    if gateway.state == "pending":
        gateway.state = "available"


def _fail(gateway: Gateway, code: str) -> None:
    """Its address and interface stay until it is deleted, or is forgotten."""
    gateway.state, gateway.failure_code = "failed", code
    gateway.failure_message = _MESSAGES.get(code, code).format(
        vpc=gateway.vpc_id,
        subnet=gateway.subnet_id,
        allocation=gateway.allocation,
        interface=gateway.interface.id if gateway.interface else "",
    )
    gone.forget(gateway.site, _forget(gateway))


def _leave(gateway: Gateway) -> None:
    gateway.state = "deleted"
    _let_go(gateway)
    gone.forget(gateway.site, _forget(gateway))


def _forget(gateway: Gateway) -> Action:
    state = gateway.state

    def act() -> None:
        if gateway.state == state:
            _let_go(gateway)
            gateway.ec2_backend.nat_gateways.pop(gateway.id, None)

    return act


def _let_go(gateway: Gateway) -> None:
    ec2, interface = gateway.ec2_backend, gateway.interface
    if interface is None:
        return
    for address in ec2.addresses:
        if address.eni is interface:
            ec2.disassociate_address(address=address.public_ip)
    interfaces.remove(ec2, interface)


def _injected(site: Site) -> str:
    fault = site.world.faults.strike("nat-fails", "ec2")
    return fault.code if fault else ""


def _problem(gateway: Gateway) -> str:
    """The failure code of what is wrong, if anything is."""
    if gateway.interface is None:
        return "InsufficientFreeAddressesInSubnet"
    if gateway.connectivity_type == "private":
        return ""
    ours = _allocated(gateway)
    if ours is None:
        return "InvalidAllocationID.NotFound"
    if ours.eni is not None:
        return "Resource.AlreadyAssociated"
    return "" if _has_internet(gateway.ec2_backend, gateway.vpc_id) else "Gateway.NotAttached"


def _allocated(gateway: Gateway) -> ElasticAddress | None:
    known: list[ElasticAddress] = gateway.ec2_backend.addresses
    return next((one for one in known if gateway.allocation and one.allocation_id == gateway.allocation), None)


def _has_internet(ec2: EC2Backend, vpc: str) -> bool:
    attached = {one["VpcId"] for gateway in ec2.internet_gateways.values() for one in gateway.attachments}
    return vpc in attached


def _tell_addresses(gateway: Gateway) -> None:
    assert gateway.interface is not None
    ours = _allocated(gateway)
    public = {"publicIp": ours.public_ip, "associationId": ours.association_id} if ours else {}
    told = {
        **({"allocationId": gateway.allocation} if gateway.allocation else {}),
        **public,
        "networkInterfaceId": gateway.interface.id,
        "privateIp": gateway.private_ip,
        "isPrimary": True,
        "status": "succeeded",
    }
    gateway.address_set = [told]
