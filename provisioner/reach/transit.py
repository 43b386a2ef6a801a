"""Transit gateways: from which attachment to which, by the gateway's own route tables."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.reach import ranges
from provisioner.reach.needs import Attached, TransitRouteTo, Wait
from provisioner.reach.snapshot import Network
from provisioner.reach.things import Attachment, Subnet, TransitGateway, TransitRoute
from provisioner.reach.trail import Stopped, Trail, Unseen


def entrance(network: Network, name: str, subnet: Subnet, *, back: bool = False) -> Attachment:
    """The attachment by which a subnet's packets enter: available, with a subnet in the same zone.

    Raises Stopped, Unseen. Source: Transit gateway guide, "Transit gateway attachments to a VPC".
    """
    known = list(network.attachments_of(subnet.vpc, name))
    alive = next((one for one in known if one.alive), None)
    prefix = "no way back: " if back else ""
    if alive is None and "attachments" in network.hidden:
        raise Unseen(name, f"whether {subnet.vpc} is attached to it may not be read")
    if alive is None:
        states = ", ".join(f"{one.id} is {one.state}" for one in known) or "there is none"
        why = f"{prefix}{subnet.vpc} has no available attachment to {name}: {states}"
        raise Stopped(name, why, Wait(known[0].id) if known else Attached(name, subnet.vpc, subnet.id))
    if _in_zone(network, alive, subnet.zone) is None:
        why = f"{prefix}it has no subnet in {subnet.zone}, where {subnet.id} is"
        raise Stopped(alive.id, why, Attached(name, subnet.vpc, subnet.id, alive.id))
    return alive


def landing(network: Network, attachment: Attachment, zone: str) -> Subnet:
    """The subnet in which an attachment has its interface: the one of that zone if there is one. Raises Unseen."""
    near = _in_zone(network, attachment, zone)
    if near is None:
        known = (network.subnets[one] for one in attachment.subnets if one in network.subnets)
        near = next(known, None)
    if near is None:
        raise Unseen(attachment.id, "the subnets in which it has its interfaces may not be read")
    return near


def leave(
    network: Network, trail: Trail, gateway: str, entered: Attachment, address: str, *, back: bool = False
) -> Attachment:
    """Where the table of the attachment by which a packet came sends it. Raises Stopped, Unseen."""
    found = network.transit_gateways.get(gateway)
    if found is None or found.tables is None:
        owner = f"is account {found.account}'s" if found else "may not be read itself"
        raise Unseen(gateway, f"it {owner}: where its route tables send {address} may not be read")
    best = _best(found, entered, address, back=back)
    why = f"{best.cidr} -> {best.attachment or 'nothing'}"
    prefix = "no way back: " if back else ""
    need = TransitRouteTo(entered.id, entered.table, address)
    if best.blackhole:
        raise Stopped(entered.table, f"{prefix}route {why} is a blackhole", need, by=why)
    there = network.attachments.get(best.attachment)
    if there is None or not there.alive:
        state = there.state if there else "gone"
        raise Stopped(entered.table, f"{prefix}route {why}: {best.attachment} is {state}", need, by=why)
    if not back:
        trail.passed(entered.table, f"sends {address} on to {there.id}", by=why)
    return there


def _best(gateway: TransitGateway, entered: Attachment, address: str, *, back: bool) -> TransitRoute:
    """The longest prefix, and of two as long the static route. Raises Stopped, Unseen.

    Source: Transit gateway guide, "Route evaluation order".
    """
    assert gateway.tables is not None
    prefix = "no way back: " if back else ""
    if entered.table not in gateway.tables:
        why = f"{prefix}it is associated with no route table of {gateway.id}"
        raise Stopped(entered.id, why, TransitRouteTo(entered.id, "", address))
    routes = gateway.tables[entered.table]
    if routes is None:
        raise Unseen(entered.table, f"it has more routes than can be read: where it sends {address} is not seen")
    fitting = [one for one in routes if ranges.contains(one.cidr, address)]
    if not fitting:
        need = TransitRouteTo(entered.id, entered.table, address)
        raise Stopped(entered.table, f"{prefix}no route fits {address}", need)
    return max(fitting, key=lambda one: (ranges.network(one.cidr).prefixlen, one.static))


def _in_zone(network: Network, attachment: Attachment, zone: str) -> Subnet | None:
    return next((one for one in _subnets(network, attachment) if one.zone == zone), None)


def _subnets(network: Network, attachment: Attachment) -> Iterator[Subnet]:
    return (network.subnets[one] for one in attachment.subnets if one in network.subnets)
