"""Where a packet gets to: it follows route tables from subnet to subnet, to somebody's interface or outside.

On the way it is made sure that the answer finds back.
"""

from __future__ import annotations

from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.subnets import Subnet

from provisioner.sandbox.call import Site
from provisioner.sandbox.network import holders, ranges, routes, transit
from provisioner.sandbox.network.packet import Arrival, Lost, Walk
from provisioner.sandbox.network.routes import Hop
from provisioner.sandbox.vpc import endpoints
from provisioner.sandbox.vpc.attachments import VpcAttachment

_FARTHEST = 8


def follow(walk: Walk) -> Arrival:
    """Where a packet gets that is in a subnet. Raises Lost."""
    assert walk.subnet is not None
    walk.steps += 1
    if walk.steps > _FARTHEST:
        raise Lost(f"packets go in circles: {walk.notes[-1]}")
    hop = routes.hop(walk.ec2, walk.subnet, walk.target)
    if hop is None:
        raise Lost(f"no route of {_table(walk)} fits {walk.target}")
    if hop.dead:
        raise Lost(f"{hop.why}: {hop.dead}")
    walk.notes.append(hop.why)
    return _NEXT[hop.kind](walk, hop)


def from_internet(walk: Walk) -> Arrival:
    """Where a packet gets that is on the internet, under the public address that it has there."""
    interface = holders.public(walk.target)
    if interface is None:
        if ranges.is_private(walk.target):
            raise Lost(f"{walk.target} is a private address, which nobody has on the internet")
        return Arrival(walk, walk.site)
    ec2: EC2Backend = interface.ec2_backend
    there = Site(ec2.account_id, ec2.region_name, walk.site.world)
    if interface.interface_type == "nat_gateway":
        raise Lost(f"{walk.target} belongs to a NAT gateway, which accepts no connections")
    walk.site, walk.sender, walk.attachment, walk.subnet = there, None, None, interface.subnet
    walk.cross(interface.subnet, out=False)
    _returns(walk, interface.subnet, routes.INTERNET)
    return Arrival(walk, there, interface)


def _local(walk: Walk, hop: Hop) -> Arrival:
    subnet = _here(walk)
    interface = holders.interface_at(walk.ec2, subnet.vpc_id, walk.target)
    if interface is None:
        raise Lost(f"nobody has {walk.target} in {subnet.vpc_id}")
    _move(walk, interface.subnet)
    return Arrival(walk, walk.site, interface)


def _internet(walk: Walk, hop: Hop) -> Arrival:
    if walk.public is None:
        raise Lost(f"{hop.why}, but {_who(walk)} has no public address")
    walk.cross(_here(walk), out=True)
    walk.source = walk.public
    return from_internet(walk)


def _nat(walk: Walk, hop: Hop) -> Arrival:
    """On with the gateway's own address, from the gateway's subnet."""
    gateway = walk.ec2.nat_gateways[hop.target]
    interface: NetworkInterface = gateway._eni
    if walk.ec2.get_subnet(gateway.subnet_id).vpc_id != _here(walk).vpc_id:
        raise Lost(f"{hop.why}: {gateway.id} is in another VPC")
    _move(walk, interface.subnet)
    public = interface.public_ip if gateway.connectivity_type != "private" else None
    walk.source, walk.sender, walk.public = str(interface.private_ip_address), interface, public
    walk.attachment = None
    arrival = follow(walk)
    if walk.source == public and arrival.interface is None and not arrival.service:
        walk.notes.append(f"{gateway.id} lends {public}")
    return arrival


def _endpoint(walk: Walk, hop: Hop) -> Arrival:
    """A gateway endpoint is for what is in its own VPC."""
    if walk.attachment is not None:
        raise Lost(f"{hop.why}: a gateway endpoint is not for what comes from outside of its VPC")
    walk.cross(_here(walk), out=True)
    return Arrival(walk, walk.site, service=_service(walk, hop.target))


def _service(walk: Walk, endpoint: str) -> str:
    return endpoints.short(walk.site, walk.ec2.vpc_end_points[endpoint].service_name)


def _transit(walk: Walk, hop: Hop) -> Arrival:
    here = _here(walk)
    try:
        entered = transit.entrance(walk.site, hop.target, here)
        exit_ = transit.leave(walk.site, hop.target, entered, walk.target)
    except transit.Closed as closed:
        raise Lost(f"{hop.why}: {closed}") from closed
    walk.notes.append(exit_.why)
    _into_transit(walk, here, transit.landing(walk.site, entered, here.availability_zone))
    if exit_.attachment is None:
        return Arrival(walk, walk.site)
    if exit_.attachment.id == entered.id:
        raise Lost(f"{exit_.why}, which is where it came from")
    _check_way_back(walk, hop, exit_, entered)
    walk.site, walk.attachment, walk.public = exit_.site, exit_.attachment, None
    walk.subnet = transit.landing(exit_.site, exit_.attachment, here.availability_zone)
    return follow(walk)


def _into_transit(walk: Walk, here: Subnet, landing: Subnet) -> None:
    """Through the interface of the attachment, whose answers are not judged within one subnet."""
    apart = here.id != landing.id
    walk.cross(here, out=True, answers=apart)
    walk.cross(landing, out=False, answers=apart)


def _check_way_back(walk: Walk, hop: Hop, exit_: transit.Exit, entered: VpcAttachment) -> None:
    assert exit_.attachment is not None
    try:
        back = transit.leave(exit_.site, hop.target, exit_.attachment, walk.source)
    except transit.Closed as closed:
        raise Lost(f"no way back: {closed}") from closed
    if back.attachment is None or back.attachment.id != entered.id:
        raise Lost(f"no way back: {back.why}")


def _move(walk: Walk, subnet: Subnet) -> None:
    """Into a subnet of the same VPC, from which answers have to find back."""
    here = _here(walk)
    if walk.attachment is not None:
        _out_of_transit(walk, here, subnet)
        _returns(walk, subnet, routes.TRANSIT)
    else:
        if here.id != subnet.id:
            walk.cross(here, out=True)
            walk.cross(subnet, out=False)
        _returns(walk, subnet, routes.LOCAL)
    walk.subnet = subnet


def _out_of_transit(walk: Walk, landing: Subnet, subnet: Subnet) -> None:
    """From the interface of the attachment; within one subnet only the answers are judged."""
    if landing.id != subnet.id:
        walk.cross(landing, out=True, answers=False)
        walk.cross(subnet, out=False, answers=False)
    walk.answer_crosses(landing, out=False)
    walk.answer_crosses(subnet, out=True)


def _returns(walk: Walk, subnet: Subnet, kind: str) -> None:
    """Check that answers from a subnet go back the way that the packet came. Raises Lost."""
    if walk.guided:
        return
    hop = routes.hop(walk.ec2, subnet, walk.source)
    if hop is None:
        table = routes.table_of(walk.ec2, subnet)
        raise Lost(f"no way back: no route of {table.id if table else subnet.id} fits {walk.source}")
    if hop.kind != kind or hop.dead:
        raise Lost(f"no way back: {hop.why}{': ' + hop.dead if hop.dead else ''}")
    if kind == routes.TRANSIT and walk.attachment is not None:
        if hop.target != walk.attachment.transit_gateway_id:
            raise Lost(f"no way back: {hop.why}")
        try:
            transit.entrance(walk.site, hop.target, subnet)
        except transit.Closed as closed:
            raise Lost(f"no way back: {hop.why}: {closed}") from closed


def _here(walk: Walk) -> Subnet:
    assert walk.subnet is not None
    return walk.subnet


def _who(walk: Walk) -> str:
    return walk.sender.id if walk.sender is not None else walk.source


def _table(walk: Walk) -> str:
    table = routes.table_of(walk.ec2, _here(walk))
    return table.id if table is not None else _here(walk).id


_NEXT = {
    routes.LOCAL: _local,
    routes.INTERNET: _internet,
    routes.NAT: _nat,
    routes.ENDPOINT: _endpoint,
    routes.TRANSIT: _transit,
}
