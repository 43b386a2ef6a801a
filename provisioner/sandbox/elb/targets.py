"""Targets of load balancers and their health, which is found out whenever somebody asks.

moto calls every target healthy at once, and knows each id once. Here a target is probed as things stand, and what
the probe finds has to last for as many intervals as the target group says. Nothing happens between two looks: what
has changed is taken to have changed when the network last did, or else at the look before.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import TYPE_CHECKING

from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance
from moto.elbv2.models import FakeLoadBalancer, FakeTargetGroup

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.elb import balancers
from provisioner.sandbox.elb.target_health import (
    DRAINING,
    ELSEWHERE,
    EVERYWHERE,
    HEALTHY,
    REGISTERING,
    STOPPED,
    TERMINATED,
    UNCHECKED,
    UNKNOWN,
    UNUSED,
    WEB,
    Health,
    Target,
    Targets,
)

if TYPE_CHECKING:
    from provisioner.sandbox.network.health import Probe


def register(site: Site, group_arn: str, address: str, port: int, zone: str = "") -> None:
    """Register one, unless the target group is gone; one that is registered already stays as it is."""
    group = backends.elbv2(site).target_groups.get(group_arn)
    known = _of(site, group_arn)
    if group is None or ((address, port) in known and known[address, port].ends is None):
        return
    slow = 0.0 if group.protocol in WEB else site.world.latencies.seconds("target.network")
    used = bool(balancers.using(site, group_arn))
    known[address, port] = Target(address, port, zone, site.world.clock.now(), slow, used)


def deregister(site: Site, group_arn: str, address: str, port: int | None = None) -> None:
    """Begin to take one away: it drains for as long as its target group says, or goes at once if it is unused."""
    group = backends.elbv2(site).target_groups.get(group_arn)
    for (name, number), target in list(_of(site, group_arn).items()):
        if name == address and port in (None, number) and target.ends is None and group is not None:
            unused = _look(site, group, target).state == "unused"
            delay = float(str(group.attributes.get("deregistration_delay.timeout_seconds", 0)))
            target.ends = site.world.clock.now() + (0.0 if unused else site.world.latencies.scaled(delay))


def health(site: Site, group_arn: str, address: str, port: int | None = None) -> Health:
    """How a target is now."""
    group = backends.elbv2(site).target_groups.get(group_arn)
    for target in list(_of(site, group_arn).values()):
        if group is not None and target.id == address and port in (None, target.port):
            return _look(site, group, target)
    return UNKNOWN


def healthy(site: Site, group_arn: str) -> list[tuple[str, int]]:
    """Where requests go: to the healthy targets, or to all the unhealthy ones if there are no others."""
    known = list(described(site, group_arn))
    for state in ("healthy", "unhealthy"):
        if able := [(target.id, target.port) for target, found in known if found.state == state]:
            return able
    return []


def described(site: Site, group_arn: str) -> Iterator[tuple[Target, Health]]:
    """All that are registered or draining, and how they are now."""
    group = backends.elbv2(site).target_groups.get(group_arn)
    if group is not None:
        for target in list(_of(site, group_arn).values()):
            yield target, _look(site, group, target)


def zone_of(site: Site, vpc: str, address: str) -> str | None:
    """The Availability Zone of an address in a VPC, by its subnet; None if no subnet has it."""
    for zone in backends.ec2(site).subnets.values():
        for subnet in zone.values():
            if subnet.vpc_id == vpc and ipaddress.ip_address(address) in subnet.cidr:
                return str(subnet.availability_zone)
    return None


def _of(site: Site, group_arn: str) -> dict[tuple[str, int], Target]:
    """Those of a target group, without the ones that have drained."""
    known, now = site.ledger(Targets).by_group.setdefault(group_arn, {}), site.world.clock.now()
    for key in [key for key, target in known.items() if target.ends is not None and target.ends <= now]:
        del known[key]
    return known


def _look(site: Site, group: FakeTargetGroup, target: Target) -> Health:
    if target.ends is not None:
        return DRAINING
    users = balancers.using(site, group.arn)
    moment = max(target.looked, site.ledger(Targets).changed)
    begun = target.looked if target.used else moment
    outside = _not_checked(site, group, target, users)
    target.looked, target.used = site.world.clock.now(), outside is None
    if outside is not None:
        target.restart()
        return outside
    active = site.ledger(balancers.Balancers).active.get(users[0].arn, 0.0)
    _judge(site, group, target, _probed(site, group, target, users[0]), max(begun, active), moment)
    return target.health


def _not_checked(
    site: Site, group: FakeTargetGroup, target: Target, users: list[FakeLoadBalancer]
) -> Health | None:
    """Why a target is not probed, if it is not."""
    if not users:
        return UNUSED
    if not group.health_check_enabled:
        return UNCHECKED
    instance = _instance(site, target.id)
    if instance is not None and instance.state != "running":
        return STOPPED if instance.state == "stopped" else TERMINATED
    if _zone(site, group, target) not in (EVERYWHERE, *(subnet.availability_zone for subnet in users[0].subnets)):
        return ELSEWHERE
    return REGISTERING if users[0].state == "provisioning" else None


def _judge(site: Site, group: FakeTargetGroup, target: Target, probe: Probe, begun: float, moment: float) -> None:
    """Let what a probe finds count, once it has been found for long enough."""
    if probe.ok is not target.finds:
        target.since = begun if target.finds is None else moment
        target.finds = probe.ok
    if target.looked - target.since >= _needed(site, group, target):
        target.health = HEALTHY if probe.ok else Health("unhealthy", probe.reason, probe.description)


def _needed(site: Site, group: FakeTargetGroup, target: Target) -> float:
    """Seconds of ours for which probes must find the same. One success makes a new target of an ALB healthy."""
    count = int(group.healthy_threshold_count if target.finds else group.unhealthy_threshold_count)
    slow = 0.0
    if target.finds and target.health.state == "initial":
        count, slow = (1 if group.protocol in WEB else count), target.slow
    return site.world.latencies.scaled(int(group.health_check_interval_seconds) * count) + slow


def _probed(site: Site, group: FakeTargetGroup, target: Target, balancer: FakeLoadBalancer) -> Probe:
    # Late, because what judges the network asks this module where load balancers send their requests.
    from provisioner.sandbox.network import health

    port = group.health_check_port
    return health.probe(
        site,
        _source(site, balancer, _zone(site, group, target)),
        address_of(site, target.id),
        target.port if port in (None, "traffic-port") else int(port),
        str(group.health_check_protocol),
        group.health_check_path or "/",
        getattr(group, "matcher", {}).get("HttpCode", "200"),
    )


def _source(site: Site, balancer: FakeLoadBalancer, zone: str) -> NetworkInterface | None:
    """The load balancer's interface in that zone, or its first."""
    known = list(balancers.interfaces_of(site, balancer.arn))
    near = [interface for interface in known if interface.subnet.availability_zone == zone]
    return next(iter([*near, *known]), None)


def _zone(site: Site, group: FakeTargetGroup, target: Target) -> str:
    if target.zone or group.target_type in ("lambda", "alb"):
        return target.zone or EVERYWHERE
    return zone_of(site, group.vpc_id, address_of(site, target.id)) or EVERYWHERE


def address_of(site: Site, name: str) -> str:
    """The private address of what a target is called by: an address, an instance or a load balancer."""
    if instance := _instance(site, name):
        return str(instance.private_ip)
    interface = next(balancers.interfaces_of(site, name), None) if name.startswith("arn:") else None
    return str(interface.private_ip_address) if interface is not None else name


def _instance(site: Site, name: str) -> Instance | None:
    return backends.ec2(site).get_instance_by_id(name) if name.startswith("i-") else None
