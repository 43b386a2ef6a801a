"""Where a packet gets to: it follows route tables from subnet to subnet, to somebody's interface or outside.

On the way it is made sure that the answer finds back.
"""

from __future__ import annotations

from functools import partial

from provisioner.reach import groups, ranges, routes, transit
from provisioner.reach.groups import Peer
from provisioner.reach.needs import InVpc, PublicAddress
from provisioner.reach.packet import Arrival, Packet
from provisioner.reach.routes import Found
from provisioner.reach.things import ENDPOINT, INTERNET, LOCAL, NAT, OTHER, TRANSIT, Interface, Subnet
from provisioner.reach.trail import Stopped, Unseen

_FARTHEST = 8


def leave(packet: Packet, interface: Interface) -> Arrival:
    """Where a packet of an interface gets to, past its groups. Raises Stopped, Unseen."""
    snapshot, near = packet.snapshot, packet.network.holder(interface.vpc, packet.target)
    peer = Peer(packet.target, near.groups if near else (), _is_foreign(packet, interface.vpc, packet.target))
    groups.check(snapshot, packet.trail, interface, peer, packet.port, egress=True)
    packet.sender, packet.subnet = interface, packet.network.subnets[interface.subnet]
    # The interfaces of functions never use a public address.
    # Source: Lambda developer guide, "Enable internet access for VPC-connected Lambda functions".
    packet.public = "" if interface.kind == "lambda" else interface.public
    return follow(packet)


def enter(arrival: Arrival) -> None:
    """Let what has arrived past the groups of the interface, and its answer back. Raises Stopped, Unseen."""
    packet, interface = arrival.packet, arrival.interface
    if arrival.within:
        return
    if interface is not None:
        sender = packet.sender
        near = sender is not None and sender.vpc == interface.vpc
        told = sender.groups if sender else ()
        peer = Peer(
            packet.source,
            told if near else (),
            _is_foreign(packet, interface.vpc, packet.source),
            () if near else told if _passes_groups(packet) else (),
        )
        groups.check(packet.snapshot, packet.trail, interface, peer, packet.port, egress=False)
    packet.answer()


def _is_foreign(packet: Packet, vpc: str, address: str) -> bool:
    """Whether an address is in another private network: behind a transit gateway, a peering or the like."""
    blocks = packet.network.vpcs[vpc].blocks if vpc in packet.network.vpcs else ()
    return ranges.is_private(address) and not any(ranges.contains(one, address) for one in blocks)


def _passes_groups(packet: Packet) -> bool:
    """Whether it came through a transit gateway that tells one VPC of the groups of another."""
    gateway = packet.attachment.gateway if packet.attachment else ""
    found = packet.network.transit_gateways.get(gateway)
    return found is not None and found.passes_groups


def follow(packet: Packet) -> Arrival:
    """Where a packet gets that is in a subnet. Raises Stopped, Unseen."""
    packet.steps += 1
    found = routes.find(packet.network, packet.trail, packet.here, packet.target)
    if packet.steps > _FARTHEST:
        raise Stopped(found.table.id, f"packets go in circles: {found.by}", by=found.by)
    routes.check(packet.network, found, packet.here)
    if found.route.kind != LOCAL:
        target = packet.snapshot.named(found.route.target)
        packet.trail.passed(found.table.id, f"sends {packet.target} to {target}", by=found.by)
    return _NEXT[found.route.kind](packet, found)


def from_internet(packet: Packet) -> Arrival:
    """Where a packet gets that is on the internet. Raises Stopped."""
    interface = packet.network.public_holder(packet.target)
    if interface is None:
        if ranges.is_private(packet.target):
            vpc = packet.network.vpc_with(packet.target)
            why = f"{packet.target} is a private address: nobody has it on the internet"
            raise Stopped("internet", why, InVpc(vpc.id) if vpc else None)
        packet.trail.passed("internet", f"{packet.target} is outside of the VPC")
        return Arrival(packet)
    if interface.kind == "nat_gateway":
        raise Stopped(interface.id, f"{packet.target} is a NAT gateway's, which accepts no connections")
    packet.trail.passed("internet", f"{packet.target} is the public address of {interface.id}")
    packet.sender, packet.attachment, packet.subnet = None, None, packet.network.subnets[interface.subnet]
    packet.cross(packet.here, out=False)
    _returns(packet, packet.here, INTERNET)
    return Arrival(packet, interface)


def _local(packet: Packet, found: Found) -> Arrival:
    here = packet.here
    interface = packet.network.holder(here.vpc, packet.target)
    if interface is None:
        raise Stopped(here.vpc, f"nobody has {packet.target}")
    _move(packet, packet.network.subnets[interface.subnet])
    return Arrival(packet, interface)


def _internet(packet: Packet, found: Found) -> Arrival:
    if not packet.public:
        sender = packet.sender
        who = sender.id or "it" if sender else packet.source
        by_lambda = sender is not None and sender.kind == "lambda"
        why = f"{found.by}, but {who} has no public address"
        if by_lambda:
            why = f"{found.by}, but a function's interface never uses a public address"
        need = PublicAddress(sender.id if sender else "", packet.here.id, by_lambda)
        raise Stopped(found.route.target, why, need, by=found.by)
    packet.cross(packet.here, out=True)
    packet.source = packet.public
    return from_internet(packet)


def _nat(packet: Packet, found: Found) -> Arrival:
    """On with the gateway's own address, from the gateway's subnet."""
    gateway = packet.network.nat_gateways[found.route.target]
    if gateway.vpc != packet.here.vpc:
        raise Stopped(gateway.id, "it is in another VPC", by=found.by)
    place = packet.network.subnets[gateway.subnet]
    _move(packet, place)
    packet.trail.passed(gateway.id, f"sends it on from {gateway.subnet}, as {gateway.address}")
    known = packet.network.interfaces.get(gateway.interface)
    packet.sender = known or Interface(
        gateway.interface or gateway.id, gateway.vpc, place.id, (gateway.address,), kind="nat_gateway"
    )
    packet.source, packet.public, packet.attachment = gateway.address, gateway.public, None
    return follow(packet)


def _endpoint(packet: Packet, found: Found) -> Arrival:
    """A gateway endpoint is for what is in its own VPC.

    Source: AWS PrivateLink guide, "Gateway endpoints", considerations.
    """
    endpoint = packet.network.endpoints[found.route.target]
    if packet.attachment is not None:
        raise Stopped(endpoint.id, "a gateway endpoint is not for what comes from outside of its VPC", by=found.by)
    packet.cross(packet.here, out=True)
    return Arrival(packet, service=endpoint.service)


def _transit(packet: Packet, found: Found) -> Arrival:
    network, here, gateway = packet.network, packet.here, found.route.target
    entered = transit.entrance(network, gateway, here)
    into = transit.landing(network, entered, here.zone)
    _into_transit(packet, here, into)
    there = transit.leave(network, packet.trail, gateway, entered, packet.target)
    if there.id == entered.id:
        raise Stopped(entered.table, f"{packet.target} is sent back to where it came from")
    if there.kind != "vpc" or there.resource not in network.vpcs:
        raise Unseen(
            there.id, f"what is behind it ({there.kind} {there.resource}) may not be read".replace(" )", ")")
        )
    source, trail = packet.source, packet.trail
    packet.answers.append(partial(_finds_back, packet, gateway, there.id, entered.id, source))
    trail.passed(there.id, f"leads into {there.resource}")
    packet.attachment, packet.public = there, ""
    packet.subnet = transit.landing(network, there, here.zone)
    return follow(packet)


def _finds_back(packet: Packet, gateway: str, there: str, entered: str, source: str) -> None:
    network = packet.network
    back = transit.leave(network, packet.trail, gateway, network.attachments[there], source, back=True)
    if back.id != entered:
        raise Stopped(network.attachments[there].table, f"no way back: {source} is sent to {back.id}")


def _other(packet: Packet, found: Found) -> Arrival:
    raise Unseen(found.route.target, f"what is behind it may not be read ({found.by} in {found.table.id})")


def _into_transit(packet: Packet, here: Subnet, into: Subnet) -> None:
    """Through the interface of the attachment.

    Where that is in the same subnet, entries are asked in both directions for what goes to the gateway, and not at
    all for what comes from it. Source: Transit gateway guide, "How network ACLs work with transit gateways".
    """
    apart = here.id != into.id
    packet.cross(here, out=True, answers=apart)
    packet.cross(into, out=False, answers=apart)


def _out_of_transit(packet: Packet, landing: Subnet, subnet: Subnet) -> None:
    if landing.id != subnet.id:
        packet.cross(landing, out=True, answers=False)
        packet.cross(subnet, out=False, answers=False)
    packet.answer_crosses(landing, out=False)
    packet.answer_crosses(subnet, out=True)


def _move(packet: Packet, subnet: Subnet) -> None:
    """Into a subnet of the same VPC, from which the answer has to find back."""
    here = packet.here
    if packet.attachment is not None:
        _out_of_transit(packet, here, subnet)
        _returns(packet, subnet, TRANSIT)
    else:
        if here.id != subnet.id:
            packet.cross(here, out=True)
            packet.cross(subnet, out=False)
        _returns(packet, subnet, LOCAL)
    packet.subnet = subnet


def _returns(packet: Packet, subnet: Subnet, kind: str) -> None:
    """Have the answer find the way from a subnet, once it is on its way."""
    if not packet.guided:
        packet.answers.append(partial(_goes_back, packet, subnet, kind, packet.source, packet.attachment))


def _goes_back(packet: Packet, subnet: Subnet, kind: str, source: str, came: object) -> None:
    network = packet.network
    found = routes.find(network, packet.trail, subnet, source, back=True)
    if found.route.kind == OTHER:
        raise Unseen(
            found.route.target, f"the answer goes there ({found.by} in {found.table.id}), and on is not seen"
        )
    gateway = getattr(came, "gateway", "") if kind == TRANSIT else ""
    routes.expect(network, found, subnet, kind, source, gateway)
    if gateway:
        transit.entrance(network, gateway, subnet, back=True)
    if kind != LOCAL:
        packet.trail.passed(
            found.table.id, f"the answer to {source} goes back by {found.route.target}", by=found.by
        )


_NEXT = {
    LOCAL: _local,
    INTERNET: _internet,
    NAT: _nat,
    ENDPOINT: _endpoint,
    TRANSIT: _transit,
    OTHER: _other,
}
