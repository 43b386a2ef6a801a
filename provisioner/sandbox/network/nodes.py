"""The nodes of load balancers: where they are, and which targets each of them sends to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.elbv2.models import FakeLoadBalancer

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.elb import balancers, targets

_CROSS_ZONE = "load_balancing.cross_zone.enabled"
_PRESERVES = "preserve_client_ip.enabled"

Target = tuple[str, int]


def addresses(site: Site, balancer: FakeLoadBalancer) -> list[str]:
    """What DNS tells: the public addresses of an internet-facing one, the private ones of an internal one."""
    public = balancer.scheme == "internet-facing"
    known = [one.public_ip if public else one.private_ip_address for one in _told(site, balancer)]
    return [str(address) for address in known if address]


class Turns:
    """Which target of each group is the next."""

    def __init__(self) -> None:
        self.of: dict[str, int] = {}


def next_target(site: Site, balancer: FakeLoadBalancer, interface: NetworkInterface, group: str) -> Target | None:
    """Where a node sends next what it forwards to a target group; None if there is nobody."""
    known = targets_of(site, balancer, interface, group)
    if not known:
        return None
    turns = site.ledger(Turns).of
    turns[group] = turns.get(group, -1) + 1
    return known[turns[group] % len(known)]


def preserves_client(site: Site, group: str) -> bool:
    """Whether the targets of a network load balancer's group see the client's address instead of the node's."""
    found = backends.elbv2(site).target_groups.get(group)
    if found is None:
        return False
    told = found.attributes.get(_PRESERVES)
    return str(told) == "true" if told is not None else found.target_type == "instance"


def targets_of(site: Site, balancer: FakeLoadBalancer, interface: NetworkInterface, group: str) -> list[Target]:
    """Where a node may send what it forwards to a target group."""
    return [target for target, zone in _targets(site, group) if _reaches(site, balancer, interface, group, zone)]


def _told(site: Site, balancer: FakeLoadBalancer) -> Iterable[NetworkInterface]:
    """The nodes that DNS tells of: those of a network load balancer that have somebody to send to, if any has."""
    known = list(balancers.interfaces_of(site, balancer.arn))
    if balancer.type != "network":
        return known
    groups = {
        group
        for listener in balancer.listeners.values()
        for action in listener.default_actions
        for group in balancers.groups_in(action.data)
    }
    useful = [one for one in known if any(targets_of(site, balancer, one, group) for group in groups)]
    return useful or known


def _reaches(site: Site, balancer: FakeLoadBalancer, interface: NetworkInterface, group: str, zone: str) -> bool:
    return _crosses(site, balancer, group) or zone in ("", interface.subnet.availability_zone)


def _crosses(site: Site, balancer: FakeLoadBalancer, group: str) -> bool:
    """Whether nodes send to other zones too: a target group decides, or else the load balancer."""
    found = backends.elbv2(site).target_groups.get(group)
    own = str(found.attributes.get(_CROSS_ZONE, "")) if found is not None else ""
    if own in ("true", "false"):
        return own == "true"
    return balancer.type == "application" or str(balancer.attrs.get(_CROSS_ZONE)) == "true"


def _targets(site: Site, group: str) -> Iterator[tuple[Target, str]]:
    """The targets of a group that are healthy enough, with their zones, nothing for one outside of the VPC."""
    found = backends.elbv2(site).target_groups.get(group)
    for target, port in targets.healthy(site, group):
        address = targets.address_of(site, target)
        zone = targets.zone_of(site, found.vpc_id, address) if found is not None and found.vpc_id else None
        yield (address, port), zone or ""
