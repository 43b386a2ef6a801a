"""Whether the stack's public name will be found: who delegates to its zone, and who delegates to that one."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.model import Dns, Parent
from provisioner.preflight.base import Check, Finding, Ground, Level
from provisioner.preflight.name_servers import NoAnswer
from steps.aws import route53
from steps.dns import HostedZone

_MADE = "zone"
"""The step of the zone that holds the load balancer's name."""


def delegation(ground: Ground) -> Iterator[Finding]:
    """Only of a zone that this run makes: a given one is delegated already, or is the user's business."""
    dns = ground.stack.dns
    if dns is None or _MADE not in {one.name for one in ground.making(HostedZone)}:
        return
    if dns.parent is None:
        yield _nobody(ground, dns)
    else:
        yield from _parent(ground, dns, dns.parent)


def _nobody(ground: Ground, dns: Dns) -> Finding:
    tls = ground.stack.load_balancer.tls if ground.stack.load_balancer else None
    waits = "; until then no certificate is issued, and the run waits for it" if tls else ""
    what = (
        f"no [dns.parent]: somebody must delegate {dns.zone} to the name servers of the zone that is made{waits}"
    )
    fix = "name the parent zone in [dns.parent], or have its owner add the NS record as soon as the zone is there"
    return Finding(Level.WARNING, what, fix, "dns.parent")


def _parent(ground: Ground, dns: Dns, parent: Parent) -> Iterator[Finding]:
    """Whether what is written into the parent zone will be believed by anybody."""
    key = "dns.parent.zone_id" if parent.zone_id else "dns.parent.zone"
    zone = ground.site.parent_zone
    answer = ground.aws.at(parent.way).clients.dns.get_hosted_zone(Id=zone)
    name = route53.plain(answer["HostedZone"]["Name"])
    if answer["HostedZone"].get("Config", {}).get("PrivateZone"):
        what = f"{name} is a private zone: nobody outside its VPCs finds what it delegates"
        yield Finding(Level.PROBLEM, what, "name the public zone", key, zone)
    elif not dns.zone.endswith(f".{name}"):
        what = f"{dns.zone} is not below {name}"
        yield Finding(Level.PROBLEM, what, "name the zone right above it", key, zone)
    elif ground.name_servers is not None:
        ours = {one.rstrip(".").lower() for one in answer["DelegationSet"]["NameServers"]}
        yield _authority(ground, key, name, zone, ours)


def _authority(ground: Ground, key: str, name: str, zone: str, ours: set[str]) -> Finding:
    assert ground.name_servers is not None
    try:
        public = ground.name_servers(name)
    except NoAnswer as error:
        return Finding(Level.UNKNOWN, f"the delegation of {name}: {error}", key=key)
    if public & ours:
        return Finding(Level.OK, f"{name} is authoritative: the public DNS names its servers", key=key, value=zone)
    told = f"names {', '.join(sorted(public))}" if public else "knows no such zone"
    what = f"zone {zone} is not the one that answers for {name}: the public DNS {told}"
    fix = f"have {name} delegated to {', '.join(sorted(ours))}, or name the zone that answers"
    return Finding(Level.PROBLEM, what, fix, key, zone)


CHECKS: dict[str, Check] = {"delegation": delegation}
