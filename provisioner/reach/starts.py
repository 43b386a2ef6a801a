"""Where connections begin, and how their first packet gets going."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from provisioner.reach import balancers, ranges, routes, transit, walk
from provisioner.reach.ends import End
from provisioner.reach.groups import ANYBODY
from provisioner.reach.intent import listens_on, lost
from provisioner.reach.needs import Attached, Made, Placed, RouteTo
from provisioner.reach.packet import Arrival, Packet
from provisioner.reach.routes import Found
from provisioner.reach.snapshot import Snapshot
from provisioner.reach.things import OTHER, Attachment, Interface, Subnet
from provisioner.reach.trail import Stopped, Trail, Unseen

_MOST = 16
"""Parts of a network that are judged one by one."""
_TLS = 443


@dataclass(frozen=True)
class Start:
    """An interface, or an address outside: on the internet, or behind something that VPCs are attached to.

    `why` says why it begins there, where that is not plain.
    """

    interface: Interface | None
    address: str = ""
    why: str = ""

    @property
    def behind(self) -> bool:
        return self.interface is None and self.address != "" and ranges.is_private(self.address)


def shown(snapshot: Snapshot, start: Start) -> str:
    """Where it begins, for people."""
    one = start.interface
    if one is None:
        if start.behind:
            return start.address
        return (
            f"the internet{f', for {start.why}' if start.why else ''}; its address is taken to be {start.address}"
        )
    return f"{one.id or 'an interface that is not there yet'}, {one.address} in {snapshot.named(one.subnet)}"


def of(snapshot: Snapshot, end: End) -> Iterator[Start]:
    """All places where the connections of an end may begin."""
    yield from (Start(one) for one in end.interfaces)
    for cidr in end.networks:
        for address in ranges.pieces(cidr, snapshot.network.told, _MOST):
            if (start := _at(snapshot, address)) is not None:
                yield replace(start, why=_why(end))


def _why(end: End) -> str:
    return f"{end.name} is not in the VPC" if end.kind == "function outside of VPCs" else ""


def _at(snapshot: Snapshot, address: str) -> Start | None:
    """The interface that has the address, or whoever may get it, or somebody outside.

    None for an address that nobody can get: of a VPC, and in none of its subnets.
    """
    vpc = snapshot.network.vpc_with(address)
    if vpc is None:
        held = snapshot.network.public_holder(address)
        return Start(held) if held else Start(None, address)
    if held := snapshot.network.holder(vpc.id, address):
        return Start(held)
    place = snapshot.network.subnet_with(vpc.id, address)
    if place is None:
        return None
    return Start(Interface("", vpc.id, place.id, (address,), kind=ANYBODY))


def goal(snapshot: Snapshot, begin: End, meant: End) -> End:
    """The end as those who begin here reach it.

    Tasks reach a service's tasks directly, and so does its load balancer; everybody else by the load balancer.
    """
    direct = begin.kind in ("service", "task", "load balancer")
    if meant.kind != "service" or not meant.hosts:
        return meant
    if direct:
        return replace(meant, hosts=(), groups=(), balancer=None)
    listeners = balancers.sends_to(meant.balancer, meant.groups) if meant.balancer else []
    ports = tuple(one.port for one in listeners) or (listens_on(snapshot),)
    return replace(meant, interfaces=(), ports=ports)


def missing(snapshot: Snapshot, end: End) -> Stopped | Unseen:
    """Why there is no place where an end begins, or at which it could be asked."""
    if end.kind == "load balancer":
        return balancers.without_nodes(end.balancer) if end.balancer else lost(snapshot)
    if end.kind == "database":
        return Unseen(end.name, "none of the interfaces of the VPC can be told to be its own")
    at = snapshot.owned.ids.get(end.name, end.name)
    if end.networks:
        return Stopped(at, "nobody is there: it is in no subnet of the VPC")
    if end.kind == "endpoint":
        return Stopped(at, "it has no interface: it is in no subnet", Placed(at))
    step = _step(snapshot, end)
    at = snapshot.owned.ids.get(step, at)
    return Stopped(at, "it has no interface: its subnets, or it itself, are gone", Made(step) if step else None)


def _step(snapshot: Snapshot, end: End) -> str:
    """The step that made an end, nothing if none did: also of one that is called by the stack file's name."""
    known = snapshot.owned.ids
    of_part = (f"{kind}-{end.part}" for kind in ("function", "service") if end.part)
    named = (one for one in (end.name, *of_part) if one in known)
    return next(named, "") or snapshot.owned.step_of(end.name)


def usual_port(meant: End) -> int | None:
    """Where an end listens if it is not said: with TLS if it can."""
    return next((port for port in meant.ports if port == _TLS), next(iter(meant.ports), None))


def names(snapshot: Snapshot, start: Start, meant: End) -> Iterator[str]:
    """The names or addresses at which those who begin here would ask."""
    if meant.hosts:
        yield from meant.hosts
    elif meant.interfaces:
        outside = start.interface is None and not start.behind
        yield from (one.public if outside and one.public else one.address for one in meant.interfaces)
    else:
        for cidr in meant.networks:
            yield from ranges.pieces(cidr, snapshot.network.told, _MOST)


def packet(snapshot: Snapshot, trail: Trail, start: Start, target: str, port: int, client: str = "") -> Packet:
    """The first packet of a connection; one that is made for a client bears the client's address."""
    source = client or (start.interface.address if start.interface else start.address)
    return Packet(snapshot, trail, target, port, source, guided=bool(client))


def send(packet: Packet, start: Start) -> Arrival:
    """Where it gets to. Raises Stopped, Unseen."""
    if start.interface is not None:
        return walk.leave(packet, start.interface)
    if start.behind and ranges.is_private(packet.target):
        return _from_behind(packet)
    return walk.from_internet(packet)


def _from_behind(packet: Packet) -> Arrival:
    """In through a transit gateway, from a network that is not seen."""
    network = packet.network
    vpc = network.vpc_with(packet.target)
    place = network.subnet_with(vpc.id, packet.target) if vpc else None
    if vpc is None or place is None:
        raise Unseen(packet.target, "it is in no VPC that is seen here")
    if (other := _other_way(packet, place)) is not None:
        return _through(packet, other, place)
    gateways = sorted(network.transit_routes(packet.source)) or _gateways(packet, vpc.id)
    table = network.table_of(place.id)
    if not gateways:
        why = f"no way back: no route fits {packet.source} ({place.id})"
        raise Stopped(
            table.id if table else vpc.id, why, RouteTo(table.id if table else "", place.id, packet.source)
        )
    return _entered(packet, gateways[0], vpc.id, place.id)


def _other_way(packet: Packet, place: Subnet) -> Found | None:
    """The route by which the answer leaves the subnet, where it leads into something that is not looked into."""
    try:
        found = routes.find(packet.network, packet.trail, place, packet.source, back=True)
    except Stopped:
        return None
    return found if found.route.kind == OTHER else None


def _through(packet: Packet, way: Found, place: Subnet) -> Arrival:
    """In through a peering or the like, of which this side is seen."""
    held = packet.network.holder(place.vpc, packet.target)
    if held is None:
        raise Stopped(place.vpc, f"nobody has {packet.target}")
    routes.check(packet.network, way, place, back=True)
    packet.trail.doubt(way.route.target, f"what is behind it, where {packet.source} is, is not seen")
    packet.subnet = place
    packet.cross(place, out=False)
    return Arrival(packet, held)


def _gateways(packet: Packet, vpc: str) -> list[str]:
    known = packet.network.attachments.values()
    return [one.gateway for one in known if one.kind == "vpc" and one.resource == vpc and one.alive]


def _entered(packet: Packet, gateway: str, vpc: str, place: str) -> Arrival:
    network = packet.network
    found = next((one for one in network.attachments_of(vpc, gateway) if one.alive), None)
    if found is None:
        why = f"{vpc} has no available attachment to {gateway}"
        raise Stopped(gateway, why, Attached(gateway, vpc, place))
    packet.trail.doubt(gateway, f"what is behind it, where {packet.source} is, is not seen")
    packet.trail.passed(gateway, f"brings it from {packet.source} into {vpc}", by=found.id)
    packet.answers.append(partial(_finds_back, packet, found, packet.source))
    packet.attachment = found
    packet.subnet = transit.landing(network, found, network.subnets[place].zone)
    return walk.follow(packet)


def _finds_back(packet: Packet, entered: Attachment, source: str) -> None:
    transit.leave(packet.network, packet.trail, entered.gateway, entered, source, back=True)
