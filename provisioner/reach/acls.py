"""Network ACLs: they know packets only, so that answers need entries of their own."""

from __future__ import annotations

from collections.abc import Iterable

from provisioner.reach import ranges
from provisioner.reach.needs import AclRule
from provisioner.reach.snapshot import Snapshot
from provisioner.reach.things import TCP, Acl, AclEntry, Ports
from provisioner.reach.trail import Stopped, Trail

EPHEMERAL: Ports = (1024, 65535)
"""Where clients of all kinds wait for answers: NAT gateways, load balancers and functions use all of these.

Source: VPC user guide, "Custom network ACLs", ephemeral ports.
"""
LAST = 32767
"""The number of the entry that is shown as `*`."""


def check(
    snapshot: Snapshot, trail: Trail, subnet: str, *, egress: bool, peer: str, ports: Ports, answer: bool = False
) -> None:
    """Have the network ACL of a subnet judge packets to or from a peer, to all of these ports. Raises Stopped."""
    acl = snapshot.network.acl_of(subnet)
    if acl is None:
        return
    spoken = [one for one in acl.entries if one.egress is egress and _speaks_of(one, peer)]
    denier, allowers = decide(spoken, ports)
    way = f"{'the answer, ' if answer else ''}{_shown(ports)} {'out to' if egress else 'in from'} {peer}"
    if denier is None:
        numbers = ", ".join(str(one.number) for one in allowers)
        trail.passed(acl.id, f"lets {way} ({subnet})", by=f"entry {numbers}")
        return
    some = "" if len(allowers) == 0 or ports[0] == ports[1] else ", not for all of these ports"
    raise Stopped(
        acl.id,
        f"does not let {way} ({subnet}){some}",
        AclRule(acl.id, egress, peer, ports, denier.number, _taken(acl, egress=egress)),
        by=f"entry {'*' if denier.number >= LAST else denier.number}",
    )


def decide(entries: Iterable[AclEntry], ports: Ports) -> tuple[AclEntry | None, list[AclEntry]]:
    """The first entry that denies one of these ports, None if none does; and those that allow some.

    Each port is decided by the first entry that speaks of it.
    """
    left: list[Ports] = [ports]
    allowers: list[AclEntry] = []
    for entry in sorted(entries, key=lambda one: one.number):
        if not any(_overlap(part, entry.ports) for part in left):
            continue
        if not entry.allows:
            return entry, allowers
        allowers.append(entry)
        left = [piece for part in left for piece in _without(part, entry.ports)]
    return (_implied(entries) if left else None), allowers


def _implied(entries: Iterable[AclEntry]) -> AclEntry:
    """What no entry speaks of is denied by the last one."""
    egress = any(one.egress for one in entries)
    return AclEntry(LAST, egress, False, "-1", ranges.EVERYWHERE)


def _speaks_of(entry: AclEntry, peer: str) -> bool:
    return entry.protocol in TCP and ranges.contains(entry.cidr, peer)


def _overlap(one: Ports, other: Ports) -> bool:
    return max(one[0], other[0]) <= min(one[1], other[1])


def _without(part: Ports, taken: Ports) -> list[Ports]:
    rest = [(part[0], min(part[1], taken[0] - 1)), (max(part[0], taken[1] + 1), part[1])]
    return [(low, high) for low, high in rest if low <= high]


def _taken(acl: Acl, *, egress: bool) -> frozenset[int]:
    return frozenset(one.number for one in acl.entries if one.egress is egress)


def _shown(ports: Ports) -> str:
    return f"tcp {ports[0]}" if ports[0] == ports[1] else f"tcp {ports[0]}-{ports[1]}"
