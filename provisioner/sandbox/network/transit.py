"""Transit gateways: from which attachment to which, by the gateway's own route tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from moto.ec2.models import EC2Backend
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.transit_gateway import TransitGateway
from moto.ec2.models.transit_gateway_route_tables import TransitGatewayRouteTable

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.network import ranges, routes
from provisioner.sandbox.vpc import attachments
from provisioner.sandbox.vpc.attachments import VpcAttachment

_ALIVE = ("available", "modifying")


class Closed(Exception):
    """Nothing gets through, and why."""


@dataclass(frozen=True)
class Exit:
    """Where a packet leaves a transit gateway: a VPC of the sandbox, in its owner's site, or what is beyond."""

    attachment: VpcAttachment | None
    site: Site
    why: str


@dataclass(frozen=True)
class _Route:
    cidr: str
    attachment: str
    propagated: bool
    blackhole: bool = False


def gateway(site: Site, name: str) -> TransitGateway:
    found = attachments.find(site, name)
    if found is None or found.state != "available":
        raise Closed(f"{name} is {found.state if found else 'no transit gateway that exists'}")
    return found


def entrance(site: Site, name: str, subnet: Subnet) -> VpcAttachment:
    """The attachment by which packets from a subnet enter: available, with a subnet in the same zone."""
    for attachment in attachments.of_vpc(site, subnet.vpc_id):
        if attachment.transit_gateway_id == name and attachment.state in _ALIVE:
            if _in_zone(site, attachment.subnet_ids, subnet.availability_zone):
                return attachment
            zone = subnet.availability_zone
            raise Closed(f"{attachment.id} of {name} has no subnet in {zone}, where {subnet.id} is")
    raise Closed(f"{subnet.vpc_id} has no available attachment to {name}")


def landing(site: Site, attachment: VpcAttachment, zone: str = "") -> Subnet:
    """The subnet in which an attachment has its interface: the one of that zone if there is one."""
    near = _in_zone(site, attachment.subnet_ids, zone)
    return near or backends.ec2(site).get_subnet(attachment.subnet_ids[0])


def leave(site: Site, name: str, entered: VpcAttachment, address: str) -> Exit:
    """Where the route table of the attachment by which a packet came sends it."""
    owner = gateway(site, name)
    ec2 = owner.ec2_backend
    table = _table(ec2, entered)
    if table is None:
        raise Closed(f"{entered.id} is associated with no route table of {name}")
    known = {one.id: one for one in attachments.of_gateway(owner)}
    fitting = [route for route in _routes(table, known) if ranges.contains(route.cidr, address)]
    if not fitting:
        raise Closed(f"no route of {table.id} fits {address}")
    best = max(fitting, key=lambda route: (ranges.network(route.cidr).prefixlen, not route.propagated))
    why = f"route {best.cidr} -> {best.attachment or 'elsewhere'} in {table.id}"
    if best.blackhole:
        raise Closed(f"{why} is a blackhole")
    if not best.attachment or (
        best.attachment in ec2.transit_gateway_attachments and best.attachment not in known
    ):
        return Exit(None, site, f"{why}: beyond the transit gateway")
    found = known.get(best.attachment)
    if found is None or found.state not in _ALIVE:
        raise Closed(f"{why}: {best.attachment} is {found.state if found else 'gone'}")
    return Exit(found, found.site, why)


def _in_zone(site: Site, subnets: list[str], zone: str) -> Subnet | None:
    ec2 = backends.ec2(site)
    return next((subnet for name in subnets if (subnet := ec2.get_subnet(name)).availability_zone == zone), None)


def _table(ec2: EC2Backend, attachment: VpcAttachment) -> TransitGatewayRouteTable | None:
    """The one with which an attachment is associated."""
    for table in ec2.transit_gateways_route_tables.values():
        association = table.route_table_associations.get(attachment.id)
        if table.state == "available" and association is not None and association.state == "associated":
            return table
    return None


def _routes(table: TransitGatewayRouteTable, known: Mapping[str, VpcAttachment]) -> Iterator[_Route]:
    for cidr, route in table.routes.items():
        target: dict[str, str] = route.get("transitGatewayAttachments") or {}  # type: ignore[assignment]
        name = target.get("transitGatewayAttachmentId", "")
        yield _Route(cidr, name, propagated=False, blackhole=route["state"] == "blackhole")
    for propagation in table.route_table_propagation:
        attachment = known.get(propagation.transitGatewayAttachmentId)
        if attachment is not None and attachment.state in _ALIVE and propagation.state == "enabled":
            for cidr in routes.blocks(backends.ec2(attachment.site).get_vpc(attachment.vpc_id)):
                yield _Route(cidr, attachment.id, propagated=True)
