"""Security groups: they know connections, so that only who begins one needs rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from provisioner.reach import ranges
from provisioner.reach.needs import GroupRule
from provisioner.reach.snapshot import Snapshot
from provisioner.reach.things import TCP, Interface, Rule
from provisioner.reach.trail import Stopped, Trail

ANYBODY = "anybody"
"""The kind of an interface that stands for whoever may be in a subnet: what its own groups say is not known."""
_UNFILTERED = ("nat_gateway", "transit_gateway", ANYBODY)
_MAY_HAVE_NONE = "network_load_balancer"


@dataclass(frozen=True)
class Peer:
    """The other side: its address, and its groups where it is in the same VPC.

    One that is `foreign` is in another network, where it may be a member of groups that nobody sees here; `maybe`
    are those of another VPC that a transit gateway may tell of.
    """

    address: str
    groups: tuple[str, ...] = ()
    foreign: bool = False
    maybe: tuple[str, ...] = ()


def check(snapshot: Snapshot, trail: Trail, interface: Interface, peer: Peer, port: int, *, egress: bool) -> None:
    """Have the groups of an interface judge a connection from it (`egress`) or to it. Raises Stopped."""
    if not is_filtered(interface):
        trail.passed(interface.id or interface.address, "is filtered by no security groups that are known")
        return
    way = "out to" if egress else "in from"
    rules = [rule for rule in _rules(snapshot, interface, egress=egress) if _fits(rule, port)]
    for rule in rules:
        if matched := _matched(snapshot, rule, peer):
            shown = snapshot.named(matched)
            trail.passed(rule.group, f"lets tcp {port} {way} {shown}", by=rule.id)
            return
    if hidden := _hidden(snapshot, rules, peer):
        for rule, why in hidden:
            trail.doubt(rule.id, why)
        return
    raise Stopped(
        next(iter(interface.groups), interface.id),
        f"no rule lets tcp {port} {way} {_told(snapshot, peer)}",
        GroupRule(interface.groups, egress, port, peer.address, peer.groups),
    )


def is_filtered(interface: Interface) -> bool:
    """Whether groups are asked at all: not at gateways, nor at network load balancers that have none.

    Source: NLB user guide, "Security groups for your Network Load Balancer".
    """
    if interface.kind in _UNFILTERED:
        return False
    return bool(interface.groups) or interface.kind != _MAY_HAVE_NONE


def _rules(snapshot: Snapshot, interface: Interface, *, egress: bool) -> Iterable[Rule]:
    known = snapshot.network.groups
    mine = (known[group] for group in interface.groups if group in known)
    return (rule for group in mine for rule in group.rules if rule.egress is egress)


def _fits(rule: Rule, port: int) -> bool:
    return rule.protocol in TCP and rule.ports[0] <= port <= rule.ports[1]


def _matched(snapshot: Snapshot, rule: Rule, peer: Peer) -> str:
    """By what a rule speaks of the peer, nothing if it does not."""
    if rule.cidr:
        return rule.cidr if ranges.contains(rule.cidr, peer.address) else ""
    if rule.peer:
        return rule.peer if rule.peer in peer.groups else ""
    listed = snapshot.network.cidrs(rule.prefix_list) or ()
    return rule.prefix_list if any(ranges.contains(cidr, peer.address) for cidr in listed) else ""


def _hidden(snapshot: Snapshot, rules: Iterable[Rule], peer: Peer) -> list[tuple[Rule, str]]:
    """The rules that may let it pass, as far as one can see."""
    found = []
    for rule in rules:
        if rule.prefix_list and snapshot.network.cidrs(rule.prefix_list) is None:
            why = f"the contents of {rule.prefix_list}, which it lets through, may not be read"
            found.append((rule, why))
        elif rule.peer and peer.foreign and rule.peer not in snapshot.network.groups:
            why = f"it lets members of {rule.peer} of account {rule.peer_account} through, who are not seen here"
            found.append((rule, why))
        elif rule.peer in peer.maybe:
            why = f"whether the transit gateway tells who is a member of {rule.peer} of another VPC is not seen"
            found.append((rule, why))
    return found


def _told(snapshot: Snapshot, peer: Peer) -> str:
    if not peer.groups:
        return peer.address
    return f"{peer.address}, a member of {' and '.join(snapshot.named(group) for group in peer.groups)}"
