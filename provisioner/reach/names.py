"""What a name stands for, as seen from a VPC or from outside."""

from __future__ import annotations

import re
from dataclasses import dataclass

from provisioner.reach import balancers, intent, mesh, ranges, services, zones
from provisioner.reach.mesh import Address
from provisioner.reach.needs import Placed, VpcAttribute
from provisioner.reach.parts import Zone
from provisioner.reach.snapshot import Snapshot
from provisioner.reach.things import Endpoint, Interface, Vpc
from provisioner.reach.trail import Stopped, Trail, Unseen
from provisioner.reach.verdict import UNRESOLVED

_LONGEST_CHAIN = 8
_INTERNAL = re.compile(r"ip-(\d+)-(\d+)-(\d+)-(\d+)\.([a-z0-9-]+\.compute|ec2)\.internal")
_NOBODY_HAS = frozenset({"example", "home", "internal", "invalid", "lan", "local", "localhost", "onion", "test"})
"""Source: RFC 6761 and RFC 9476, and ICANN's board for `internal`: names that are never public."""


def resolve(snapshot: Snapshot, trail: Trail, source: Interface | None, host: str, port: int) -> list[Address]:
    """The addresses of a name as an interface's resolver tells them; None asks on the internet.

    Raises Stopped where there is no such name, Unseen where who knows it keeps it to himself.
    """
    name = host.lower().removesuffix(".")
    if ranges.is_address(name):
        return [Address(name)]
    vpc = snapshot.network.vpcs.get(source.vpc) if source else None
    if source is not None and (found := mesh.connected(snapshot, source, name, port)):
        trail.passed(source.id or "the task", f"Service Connect sends {name}:{port} on to {_shown(found)}")
        return found
    if vpc is not None and not vpc.dns_support:
        why = f"{name} is not resolved: the VPC's resolver is off"
        raise Stopped(vpc.id, why, VpcAttribute(vpc.id, "enableDnsSupport"), fails=UNRESOLVED)
    return _Resolver(snapshot, trail, vpc).ask(name)


def _shown(found: list[Address]) -> str:
    return ", ".join(f"{one.ip}:{one.port}" if one.port else one.ip for one in found)


@dataclass(frozen=True)
class _Resolver:
    """The resolver of a VPC, or (None) one on the internet."""

    snapshot: Snapshot
    trail: Trail
    vpc: Vpc | None

    def ask(self, name: str) -> list[Address]:
        asked = name
        for _ in range(_LONGEST_CHAIN):
            if endpoint := self._endpoint(asked):
                return self._told(name, self._of_endpoint(endpoint, asked), endpoint.id)
            zone = self._zone(asked)
            if zone is None:
                return self._known(name, asked)
            found, asked = zones.answer(zone, asked)
            if found:
                return self._told(name, [Address(one) for one in found], zone.id)
            self.trail.passed(zone.id, f"{name} stands for {asked}")
        raise Stopped(name, "its records go in circles", fails=UNRESOLVED)

    def _told(self, name: str, found: list[Address], who: str) -> list[Address]:
        self.trail.passed(who, f"{name} is {_shown(found)}")
        return found

    def _zone(self, name: str) -> Zone | None:
        """A private zone of the VPC hides the public ones; it needs both DNS attributes.

        Source: Route 53 developer guide, "Considerations when working with a private hosted zone".
        """
        known = self.snapshot.zones
        mine = [one for one in known if one.private and self._inside and self._vpc.id in one.vpcs]
        if found := zones.nearest(mine, name):
            return found
        if "zones" in self.snapshot.network.hidden and services.named(name, self.snapshot.partition) is None:
            self.trail.doubt("DNS", f"hosted zones, one of which may answer for {name}, may not be listed")
        public = [one for one in known if not one.private]
        found = zones.nearest(public, name)
        if found is not None:
            zones.delegated(self.trail, public, found)
        return found

    @property
    def _inside(self) -> bool:
        """Whether names are answered that exist in the VPC only."""
        return self.vpc is not None and self.vpc.dns_hostnames

    @property
    def _vpc(self) -> Vpc:
        assert self.vpc is not None
        return self.vpc

    def _endpoint(self, name: str) -> Endpoint | None:
        """The interface endpoint that has taken the name over in this VPC."""
        if not self._inside:
            return None
        for one in self.snapshot.network.endpoints.values():
            mine = one.vpc == self._vpc.id and one.private_dns and one.available
            if mine and any(_fits(pattern, name) for pattern in one.private_names):
                return one
        return None

    def _of_endpoint(self, endpoint: Endpoint, name: str) -> list[Address]:
        """All its addresses, or the one of the zone in the name. Raises Stopped where it has none."""
        network = self.snapshot.network
        held = [network.interfaces[one] for one in endpoint.interfaces if one in network.interfaces]
        if not held:
            why = f"{name} has no address: the endpoint has no interface, for it is in no subnet"
            raise Stopped(endpoint.id, why, Placed(endpoint.id), fails=UNRESOLVED)
        zonal = [one for one in held if f"-{network.subnets[one.subnet].zone}." in name]
        return [Address(one.address) for one in zonal or held]

    def _known(self, name: str, asked: str) -> list[Address]:
        """What everybody knows without hosted zones."""
        if asked == intent.known_name(self.snapshot) and intent.live(self.snapshot) is None:
            raise intent.lost(self.snapshot)
        for find in (self._balancer, self._own_name, self._database, self._internal):
            if found := find(asked):
                return self._told(name, found, "DNS")
        if found := self._service(asked):
            return found
        if "." not in asked or asked.rpartition(".")[2] in _NOBODY_HAS:
            raise Stopped("DNS", f"nobody has the name {asked}", fails=UNRESOLVED)
        if asked.endswith(f".{services.domain(self.snapshot.partition)}"):
            raise Unseen("DNS", f"{asked} is of something on AWS that is not in this VPC")
        self.trail.passed("DNS", f"{name} is taken for a host on the internet, at {self._somewhere}")
        return [Address(self._somewhere)]

    @property
    def _somewhere(self) -> str:
        return ranges.somewhere(self.snapshot.network.told)

    def _balancer(self, name: str) -> list[Address]:
        """An internal one is at its private addresses for everybody, an internet-facing one at its public ones."""
        found = next((one for one in self.snapshot.balancers if one.dns_name == name), None)
        if found is None:
            return []
        nodes = balancers.told(self.snapshot, found)
        at = [Address(one.address if found.internal else one.public) for one in nodes]
        if not any(one.ip for one in at):
            raise balancers.without_nodes(found)
        return [one for one in at if one.ip]

    def _own_name(self, name: str) -> list[Address]:
        for one in self.snapshot.network.endpoints.values():
            if any(_fits(pattern, name) for pattern in one.own_names):
                return self._of_endpoint(one, name)
        return []

    def _database(self, name: str) -> list[Address]:
        """One with a public address is known by that outside of its VPC.

        Source: RDS user guide, "Hiding a DB instance in a VPC from the internet".
        """
        found = next((one for one in self.snapshot.databases if one.host == name), None)
        if found is None:
            return []
        held = self.snapshot.interfaces_of(found)
        if not held:
            raise Unseen(found.id, "none of the interfaces of the VPC can be told to be its own")
        inside = self.vpc is not None and self.vpc.id == found.vpc
        return [Address(one.address if inside else one.public or one.address) for one in held]

    def _internal(self, name: str) -> list[Address]:
        match = _INTERNAL.fullmatch(name)
        address = ".".join(match.groups()[:4]) if match and self.vpc else ""
        inside = ranges.is_address(address) and any(ranges.contains(one, address) for one in self._vpc.blocks)
        return [Address(address)] if inside else []

    def _service(self, name: str) -> list[Address]:
        """Some public address; one in each part of the prefix list where the service has one."""
        found = services.named(name, self.snapshot.partition)
        if found is None:
            return []
        listed = f"com.amazonaws.{found.region or self.snapshot.region}.{found.service}"
        known = (one for one in self.snapshot.network.prefix_lists.values() if one.name == listed)
        cidrs = next((one.cidrs for one in known), None)
        if cidrs:
            self.trail.passed("DNS", f"{name} is at public addresses in {', '.join(cidrs)}")
            return [Address(ranges.first(cidr), found.service) for cidr in cidrs]
        unnamed = endpoint_without_name(self.snapshot, self.vpc, found.service) if self.vpc else None
        because = unnamed.why if unnamed else ""
        self.trail.passed("DNS", f"{name} is at a public address, {self._somewhere}{because and f': {because}'}")
        return [Address(self._somewhere, found.service, instead=because)]


@dataclass(frozen=True)
class Unnamed:
    """An endpoint that does not have its service's name in the VPC, and why; what it takes, where it is the VPC's
    `attribute`."""

    endpoint: Endpoint
    why: str
    attribute: str = ""


def endpoint_without_name(snapshot: Snapshot, vpc: Vpc, service: str) -> Unnamed | None:
    """The usable interface endpoint for a service that is asked at public addresses all the same.

    Source: AWS PrivateLink guide, "Access an AWS service using an interface VPC endpoint", private DNS.
    """
    for one in snapshot.network.endpoints.values():
        mine = one.vpc == vpc.id and one.available and one.interfaces
        if not mine or one.service != f"com.amazonaws.{snapshot.region}.{service}":
            continue
        if not one.private_dns:
            return Unnamed(one, f"the private DNS of {snapshot.named(one.id)} is off")
        if not vpc.dns_hostnames:
            name, shown = "enableDnsHostnames", snapshot.named(one.id)
            return Unnamed(one, f"the VPC's {name} is off, without which {shown} does not have the name", name)
    return None


def _fits(pattern: str, name: str) -> bool:
    return name.endswith(pattern[1:]) if pattern.startswith("*.") else name == pattern
