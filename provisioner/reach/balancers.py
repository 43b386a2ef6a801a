"""Load balancers: who listens, which target group is chosen, and which targets a node may send to."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from provisioner.reach import rules
from provisioner.reach.needs import ListenAt, RuleFor, Targets, Wait
from provisioner.reach.parts import Balancer, Listener, Target, TargetGroup
from provisioner.reach.rules import Request
from provisioner.reach.snapshot import Snapshot
from provisioner.reach.things import Interface
from provisioner.reach.trail import Stopped, Trail
from provisioner.reach.verdict import HANGS, REFUSED, RESET

_NOT_TCP = ("UDP", "QUIC")
_PASSES_ON = ("TCP", "TCP_UDP")
_ACTIVE = ("active", "active_impaired")
_EVERYWHERE = ("", "all")
_SILENT = {"Target.Timeout": HANGS, "Target.FailedHealthChecks": REFUSED}
"""What health checks meet. Source: ELB API reference, TargetHealth, Reason."""


@dataclass(frozen=True)
class Front:
    """A listener at one of a load balancer's nodes."""

    balancer: Balancer
    listener: Listener
    node: Interface

    @property
    def passes_on(self) -> bool:
        """Whether the client's connection is the target's: nothing is accepted here."""
        return self.listener.protocol in _PASSES_ON

    def seen(self, fails: str) -> str:
        """What a client sees of a connection to a target that fails.

        Source: ALB user guide, "Troubleshoot your Application Load Balancers" (HTTP 502, 504).
        """
        if self.passes_on:
            return fails
        if self.balancer.kind == "network":
            return RESET
        return "gets HTTP 502" if fails == REFUSED else "gets HTTP 504"


@dataclass(frozen=True)
class Aim:
    """A target of a group, at an address."""

    group: TargetGroup
    target: Target
    address: str

    @property
    def port(self) -> int:
        return self.target.port

    @property
    def silence(self) -> str:
        """How a target fails that nothing keeps from answering, and does not answer its health checks either."""
        asked = self.target.state == "unhealthy" and self.group.probed
        return _SILENT.get(self.target.reason, "") if asked else ""


def listening(snapshot: Snapshot, balancer: Balancer, node: Interface, port: int) -> Front:
    """Who listens at a node of a load balancer. Raises Stopped."""
    if balancer.state not in _ACTIVE:
        raise Stopped(balancer.arn, f"the load balancer is {balancer.state}", Wait(balancer.arn))
    known = [one for one in balancer.listeners if one.protocol not in _NOT_TCP]
    for listener in known:
        if listener.port == port:
            return Front(balancer, listener, node)
    ports = tuple(one.port for one in known)
    heard = f"only at {', '.join(map(str, ports))}" if ports else "at no port"
    need = ListenAt(balancer.arn, port, ports)
    raise Stopped(balancer.arn, f"it listens {heard}, not at {port}", need, fails=REFUSED)


def without_nodes(balancer: Balancer) -> Stopped:
    """The reason where a load balancer has no interfaces yet."""
    return Stopped(balancer.arn, f"the load balancer is {balancer.state} and has no addresses", Wait(balancer.arn))


def chosen(
    snapshot: Snapshot, trail: Trail, front: Front, request: Request, wanted: Collection[str]
) -> list[TargetGroup]:
    """The target groups to which a request is sent; none where the load balancer answers itself.

    `wanted` are those of the service that is meant, if one is. Raises Stopped where another one gets it.
    """
    rule = rules.matching(front.listener, request)
    found, name = rules.action(rule), front.listener.arn
    several = rules.groups(found)
    asked = f"{request.host}{request.path}" if front.balancer.kind == "application" else "everything"
    others = [arn for arn in several if arn not in wanted] if wanted else []
    if wanted and (others or not several):
        what = f"sends {asked} to {_names(snapshot, others)}" if others else f"answers {asked} itself"
        why = f"{_unsent(snapshot, front, wanted)}{rules.named(rule)} {what}"
        need = RuleFor(front.listener.arn, tuple(wanted), request.host, request.path)
        raise Stopped(name, why, need, fails="gets another's answer", by=rule.arn)
    if not several:
        trail.passed(name, f"{rules.named(rule)} answers {asked}: {_answer(found)}", by=rule.arn)
        return []
    trail.passed(name, f"{rules.named(rule)} sends {asked} to {_names(snapshot, several)}", by=rule.arn)
    return [snapshot.target_groups[arn] for arn in several if arn in snapshot.target_groups]


def _unsent(snapshot: Snapshot, front: Front, wanted: Collection[str]) -> str:
    """Where it is not only this request that another one gets."""
    if sends_to(front.balancer, wanted):
        return ""
    return f"no rule of the load balancer sends anything to {_names(snapshot, sorted(wanted))}: "


def _names(snapshot: Snapshot, arns: list[str]) -> str:
    known = snapshot.target_groups
    return ", ".join(known[arn].name if arn in known else arn for arn in arns)


def _answer(found: rules.Raw) -> str:
    if found["Type"] == "forward":
        return "nobody has it, for all of its target groups have the weight 0"
    if found["Type"] == "redirect":
        config = found["RedirectConfig"]
        where = f"{config.get('Protocol', '#{protocol}')} port {config.get('Port', '#{port}')}".lower()
        return f"a redirect to {where}"
    return f"HTTP {found['FixedResponseConfig']['StatusCode']}"


def aims(snapshot: Snapshot, front: Front, group: TargetGroup) -> list[Aim]:
    """Where a node sends what is for a target group. Raises Stopped where it has nobody to send to."""
    known = _usable(group)
    found = [one for one in _aims(snapshot, group, known) if _reaches(snapshot, front, group, one)]
    if found:
        return found
    zone = snapshot.network.subnets[front.node.subnet].zone
    need = Targets(group.arn, zone if known else "")
    fails = REFUSED if front.passes_on else RESET if front.balancer.kind == "network" else "gets HTTP 503"
    raise Stopped(group.arn, _nobody(group, zone, known), need, fails=fails)


def _usable(group: TargetGroup) -> list[Target]:
    """The healthy ones, or all the unhealthy ones if there are no others.

    Source: ELB user guides, "Target group health", fail open.
    """
    for state in ("healthy", "unhealthy"):
        if found := [one for one in group.targets if one.state == state]:
            return found
    return []


def _nobody(group: TargetGroup, zone: str, usable: list[Target]) -> str:
    if usable:
        return f"none of its targets is in {zone}, and it does not send to other zones"
    if not group.targets:
        return "it has no targets"
    said = {f"{one.id} is {one.state}{f' ({one.reason})' if one.reason else ''}" for one in group.targets}
    return f"none of its targets is in use: {', '.join(sorted(said))}"


def _aims(snapshot: Snapshot, group: TargetGroup, targets: list[Target]) -> Iterator[Aim]:
    for target in targets:
        for address in _addresses(snapshot, group, target):
            yield Aim(group, target, address)


def _addresses(snapshot: Snapshot, group: TargetGroup, target: Target) -> list[str]:
    """Of a target that is called by an address, an instance or a load balancer; a function has none."""
    if group.kind == "ip":
        return [target.id]
    if group.kind == "instance":
        instance = snapshot.network.instances.get(target.id)
        held = (
            snapshot.network.interfaces.get(instance.interfaces[0]) if instance and instance.interfaces else None
        )
        return [held.address] if held else []
    balancer = next((one for one in snapshot.balancers if one.arn == target.id), None)
    return [one.address for one in snapshot.nodes(balancer)] if balancer else []


def _reaches(snapshot: Snapshot, front: Front, group: TargetGroup, aim: Aim) -> bool:
    crosses = front.balancer.cross_zone if group.cross_zone is None else group.cross_zone
    place = snapshot.network.subnet_with(group.vpc, aim.address)
    zone = aim.target.zone or (place.zone if place else "")
    return crosses or zone in (*_EVERYWHERE, snapshot.network.subnets[front.node.subnet].zone)


def told(snapshot: Snapshot, balancer: Balancer) -> list[Interface]:
    """The nodes that its name stands for: of a network load balancer those that have somebody to send to, if any.

    Source: NLB user guide, "DNS name", zonal health.
    """
    nodes = list(snapshot.nodes(balancer))
    if balancer.kind != "network":
        return nodes
    useful = [
        node
        for node in nodes
        if any(_has_aims(snapshot, Front(balancer, one, node)) for one in balancer.listeners)
    ]
    return useful or nodes


def _has_aims(snapshot: Snapshot, front: Front) -> bool:
    arns = [arn for rule in front.listener.rules for arn in rules.groups(rules.action(rule))]
    known = (snapshot.target_groups[arn] for arn in arns if arn in snapshot.target_groups)
    return any(
        _reaches(snapshot, front, group, aim) for group in known for aim in _aims(snapshot, group, _usable(group))
    )


def sends_to(balancer: Balancer, wanted: Collection[str]) -> list[Listener]:
    """Its listeners that send something to one of these target groups."""
    ours = set(wanted)
    return [
        one
        for one in balancer.listeners
        if any(ours.intersection(rules.groups(rules.action(rule))) for rule in one.rules)
    ]
