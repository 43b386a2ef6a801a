"""Rules of security groups."""

from __future__ import annotations

from provisioner.reach import ranges
from provisioner.reach.fixes.case import Case, add, aws
from provisioner.reach.needs import GroupRule
from provisioner.reach.verdict import Fix

_RULE = "security_group_rule"
_OUTSIDE = ("internet", "network", "address")


def group_rule(case: Case, need: GroupRule) -> Fix:
    """By the key that opens this group to this peer, or else a rule by hand."""
    if step := _recorded(case, need):
        return case.heal(step)
    if not case.behind:
        for key in (_calls, _clients, _egress):
            if (found := key(case, need)) is not None:
                return found
    return _authorize(case, need)


def _recorded(case: Case, need: GroupRule) -> str:
    """The step whose rule would let it pass, had nobody removed or changed it."""
    way = "egress" if need.egress else "ingress"
    for step, key in case.owned.of_kind(_RULE).items():
        group, direction, protocol, low, high, peer = key.split("|")
        fits = group in need.groups and direction == way and int(low) <= need.port <= int(high)
        if fits and protocol == "tcp" and (peer in need.peer_groups or _holds(peer, need.address)):
            return step
    return ""


def _holds(peer: str, address: str) -> bool:
    return "/" in peer and ranges.contains(peer, address)


def _calls(case: Case, need: GroupRule) -> Fix | None:
    """`calls` opens both ends: of a function the load balancer's group, of a service the other's."""
    known = case.meant.kind in ("service", "task", "database", "load balancer")
    if not known or (case.caller[:1] == ("services",) and case.to_balancer):
        return None
    return case.asks()


def _clients(case: Case, need: GroupRule) -> Fix | None:
    """`load_balancer.clients` admits networks."""
    outside = case.begin.kind in _OUTSIDE and case.to_balancer
    if not outside or need.egress or not case.table("load_balancer"):
        return None
    known = case.table("load_balancer").get("clients") or ()
    return add(("load_balancer", "clients"), known, case.network)


def _egress(case: Case, need: GroupRule) -> Fix | None:
    """`functions.NAME.egress` lets a function go further than what it calls."""
    if not need.egress or case.caller[:1] != ("functions",) or not case.settings:
        return None
    known = case.table(*case.caller).get("egress") or ()
    way = {"cidr": _network(case, need.address), "port": need.port}
    ways = ", ".join(f'{{ cidr = "{one["cidr"]}", port = {one["port"]} }}' for one in (*known, way))
    return Fix("stack-file", f"{'.'.join(case.caller)}.egress = [{ways}]")


def _network(case: Case, address: str) -> str:
    """What an address stands for: the network that was asked for, its subnet, or anywhere."""
    if case.network:
        return case.network
    vpc = case.snapshot.network.vpc_with(address)
    place = case.snapshot.network.subnet_with(vpc.id, address) if vpc else None
    if place is not None:
        return place.cidr
    return f"{address}/32" if ranges.is_private(address) else ranges.EVERYWHERE


def _authorize(case: Case, need: GroupRule) -> Fix:
    """A rule for the peer's group where it has one, so that it goes on fitting when addresses change."""
    group, port = need.groups[0] if need.groups else "GROUP", need.port
    peer = need.peer_groups[0] if need.peer_groups else ""
    if not need.egress:
        source = ("--source-group", peer) if peer else ("--cidr", _network(case, need.address))
        return aws(
            *("ec2", "authorize-security-group-ingress", "--group-id", group),
            *("--protocol", "tcp", "--port", str(port), *source),
        )
    target = (
        f"UserIdGroupPairs=[{{GroupId={peer}}}]"
        if peer
        else f"IpRanges=[{{CidrIp={_network(case, need.address)}}}]"
    )
    return aws(
        *("ec2", "authorize-security-group-egress", "--group-id", group),
        f"--ip-permissions 'IpProtocol=tcp,FromPort={port},ToPort={port},{target}'",
    )
