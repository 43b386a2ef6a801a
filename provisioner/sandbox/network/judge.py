"""Whether a connection comes about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from moto.ec2.models.elastic_network_interfaces import NetworkInterface

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.elb import balancers
from provisioner.sandbox.network import firewalls, holders, listening, mesh, names, nodes, ranges, walk
from provisioner.sandbox.network.firewalls import Peer
from provisioner.sandbox.network.listening import Balanced, Party
from provisioner.sandbox.network.packet import Arrival, Lost, Walk, check_back, check_there

_PASSING = ("TCP", "TCP_UDP")
Outcome = Literal["open", "hangs", "refused", "unknown name"]


@dataclass(frozen=True)
class Verdict:
    """What becomes of a connection: `open`, or how it fails; `why` names the entry that decided, in one line.

    `address` is what the name stands for from there, the one that was tried.
    """

    outcome: Outcome
    why: str = ""
    address: str = ""

    @property
    def opens(self) -> bool:
        return self.outcome == "open"


@dataclass(frozen=True)
class Trace(Verdict):
    """A verdict with what only the sandbox needs: who accepts the connection, and from what address it comes."""

    party: Party | None = None
    seen: str = ""


def reach(site: Site, source: NetworkInterface | None, host: str, port: int) -> Verdict:
    """A TCP connection from an interface (None: from the internet) to a name or address, as things stand now."""
    addresses = names.resolve(site, source, host)
    if not addresses:
        return Verdict(
            "unknown name", f"{host} is not known {'in ' + source.vpc_id if source else 'on the internet'}"
        )
    found = trace(site, source, addresses[0], port)
    return Verdict(found.outcome, found.why, found.address)


def trace(
    site: Site, source: NetworkInterface | None, address: str, port: int, *, on_behalf_of: str = ""
) -> Trace:
    """A TCP connection from an interface (None: from the internet) to an address.

    A load balancer may connect `on_behalf_of` a client, whose address the other side then sees.
    """
    try:
        return _judged(site, source, address, port, on_behalf_of)
    except Lost as lost:
        return Trace("hangs", str(lost), address)


def _judged(site: Site, source: NetworkInterface | None, address: str, port: int, client: str) -> Trace:
    if source is not None and mesh.knows(address):
        return _by_proxy(site, source, address, port)
    if source is None:
        arrival = walk.from_internet(Walk(site, address, port, client or ranges.CLIENT))
    elif address in holders.addresses(source):
        return _accepted(site, source, Walk(site, address, port, address), f"{source.id} calls itself")
    else:
        arrival = _left(site, source, address, port, client)
    check_there(arrival.walk)
    let_in = _let_in(arrival)
    check_back(arrival.walk)
    why = "; ".join([*arrival.walk.notes, *let_in])
    if arrival.interface is not None:
        return _accepted(arrival.site, arrival.interface, arrival.walk, why)
    party = _beyond(arrival, address, port)
    if party is None:
        return Trace("refused", f"AWS's services listen at 80 and 443, not at {port}", address)
    return Trace("open", why, address, party, arrival.walk.source)


def _by_proxy(site: Site, source: NetworkInterface, address: str, port: int) -> Trace:
    """Through the Service Connect proxy of a task, which makes the connection in the task's name."""
    behind = mesh.behind(site, source, address, port)
    if behind is None:
        return Trace("refused", f"the Service Connect proxy of {source.id} sends nothing on at {port}", address)
    return _judged(site, source, *behind, "")


def _left(site: Site, source: NetworkInterface, address: str, port: int, client: str) -> Arrival:
    """Where a packet from an interface gets to."""
    ec2 = backends.ec2(site)
    if source.id not in ec2.enis:
        raise Lost(f"{source.id} is gone")
    neighbour = holders.interface_at(ec2, source.vpc_id, address)
    groups = firewalls.groups_of(neighbour) if neighbour is not None else ()
    out = firewalls.lets_out(ec2, source, Peer(address, frozenset(group.id for group in groups)), port)
    if not out.passes:
        raise Lost(out.why)
    # The interfaces of functions never use a public address.
    public = source.public_ip if source.interface_type != "lambda" else None
    came_from = client or str(source.private_ip_address)
    return walk.follow(
        Walk(site, address, port, came_from, source, public, source.subnet, notes=[out.why], guided=bool(client)),
    )


def _let_in(arrival: Arrival) -> list[str]:
    """What the security groups at the end say: nothing where there are none. Raises Lost."""
    interface, sender = arrival.interface, arrival.walk.sender
    if interface is None:
        return []
    near = sender is not None and sender.vpc_id == interface.vpc_id
    groups = firewalls.groups_of(sender) if sender is not None and near else ()
    peer = Peer(arrival.walk.source, frozenset(group.id for group in groups))
    let_in = firewalls.lets_in(backends.ec2(arrival.site), interface, peer, arrival.walk.port)
    if not let_in.passes:
        raise Lost(let_in.why)
    return [let_in.why]


def _accepted(site: Site, interface: NetworkInterface, walked: Walk, why: str) -> Trace:
    try:
        party = listening.party(site, interface, walked.port)
    except listening.Silent as silent:
        raise Lost(f"{interface.id} does not answer: {silent}") from silent
    if party is None:
        return Trace("refused", listening.nothing(site, interface, walked.port), walked.target)
    if isinstance(party, Balanced) and party.listener.protocol in _PASSING:
        return _through(party, walked, why)
    return Trace("open", why, walked.target, party, walked.source)


def _through(party: Balanced, walked: Walk, why: str) -> Trace:
    """A network load balancer accepts nothing itself: a connection is what becomes of it at the target."""
    try:
        found = beyond(party, walked.source)
    except Lost as lost:
        raise Lost(f"behind {party.balancer.name}: {lost}") from lost
    behind = f"behind {party.balancer.name}: {found.why}"
    shown = f"{why}; {behind}" if found.opens else behind
    return Trace(found.outcome, shown, walked.target, found.party, found.seen)


def beyond(party: Balanced, client: str) -> Trace:
    """The connection of a network load balancer to its next target, for a client. Raises Lost."""
    site, group = party.site, listener_group(party)
    target = nodes.next_target(site, party.balancer, party.interface, group)
    if target is None:
        return Trace("refused", f"{group.rpartition('targetgroup/')[2]} has no targets for {party.interface.id}")
    return _judged(site, party.interface, *target, client if nodes.preserves_client(site, group) else "")


def listener_group(party: Balanced) -> str:
    """The target group of a network load balancer's listener."""
    named = [arn for action in party.listener.default_actions for arn in balancers.groups_in(action.data)]
    return next(iter(named), "")


def _beyond(arrival: Arrival, address: str, port: int) -> Party | None:
    """Who accepts a connection outside of VPCs; None for a service of AWS's at a port where it does not listen."""
    return listening.outside(arrival.site, address, port, arrival.service)
