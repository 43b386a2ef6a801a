"""What AWS must tell before a stack's steps can be listed. Asked once, kept in the state file, shown to the user.

Nothing is changed here. What cannot be is told as a problem of the stack file, before the first mutating call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import count
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.blueprint import Site
from provisioner.events import Notice
from provisioner.model import Network, Parent, Stack
from provisioner.stack_file.errors import Problem, StackError
from steps.aws.context import Aws
from steps.aws.errors import verdict
from steps.aws.remedies import next_move
from steps.base import StepFailed
from steps.dns import NoSuchZone, find_zone
from steps.endpoints import endpoints_of
from steps.existing_network import FoundNetwork, Unfit, Wanted, find_network
from steps.network import availability_zones
from steps.transit import gateway_is_there

Tell = Callable[[Notice], None]
_STEP = 100


@dataclass(frozen=True)
class Surveyor:
    """Asks AWS. `facts` are those of earlier runs, and then of this one as well."""

    aws: Aws
    stack: Stack
    facts: dict[str, Any]
    tell: Tell
    file: Path
    """To name where something in it cannot be."""

    def survey(self) -> Site:
        """Where the stack is to stand.

        Raises StackError where it cannot stand there, StepFailed where AWS does not answer.
        """
        try:
            return self._survey()
        except (ClientError, BotoCoreError) as error:
            found = verdict(error)
            raise StepFailed(str(found), next_move(found), found.call, found.code) from error

    def _survey(self) -> Site:
        self._transit_gateway()
        found = self._given_network() if self.stack.network.given else None
        zones = tuple(one.zone for one in found.private or found.public) if found else self._zones()
        parent = self.stack.dns.parent if self.stack.dns else None
        zone = self._parent_zone(parent) if parent else ""
        return Site(
            self.aws.account,
            self.aws.region,
            self.aws.partition,
            zones,
            found,
            zone,
            self._priorities(),
            frozenset(self.facts.get("network", {}).get("served", ())) if found else frozenset(),
        )

    def _priorities(self) -> dict[str, int]:
        """Of the listener rules of services that name none: kept, and the next hundred for new ones."""
        kept: dict[str, int] = dict(self.facts.get("priorities", {}))
        named = {one.priority for one in self.stack.balanced.values() if one.priority}
        for name, service in self.stack.balanced.items():
            if not service.is_default and not service.priority and kept.get(name) in (None, *named):
                free = count(max(kept.values(), default=0) + _STEP, _STEP)
                kept[name] = next(one for one in free if one not in named)
        if kept:
            self.facts["priorities"] = kept
        return kept

    def _zones(self) -> tuple[str, ...]:
        """The stack's zones: named in the stack file, else the region's first ones."""
        asked: Any = self.stack.network.availability_zones
        if not isinstance(asked, int):
            return tuple(asked)
        kept = self.facts.get("availability_zones", ())
        if len(kept) != asked:
            kept = availability_zones(self.aws)[:asked]
            self.facts["availability_zones"] = kept
        return tuple(kept)

    def _given_network(self) -> FoundNetwork:
        """The VPC and the subnets that the stack file names; asked for again when it names others."""
        network = self.stack.network
        asked = network.model_dump(
            mode="json",
            include={name for name in Network.model_fields if name.startswith(("vpc_", "private_", "public_"))},
        )
        kept = self.facts.get("network", {})
        if kept.get("asked") == asked:
            return FoundNetwork.from_json(kept["found"])
        try:
            found = find_network(
                self.aws,
                Wanted((network.vpc_id,) if network.vpc_id else (), network.vpc_tags),
                Wanted(network.private_subnet_ids, network.private_subnet_tags),
                Wanted(network.public_subnet_ids, network.public_subnet_tags),
            )
        except Unfit as error:
            raise StackError(self.file, [_problem(network, *one) for one in error.problems]) from None
        if problems := list(_does_not_fit(self.stack, found)):
            raise StackError(self.file, problems)
        self.tell(Notice(f"in the given VPC {found.vpc}", details=tuple(_chosen(found))))
        served = sorted(set(endpoints_of(self.aws, found.vpc)) & set(network.all_endpoints))
        if served:
            self.tell(Notice(f"{found.vpc} has endpoints already, which are used", details=tuple(served)))
        self.facts["network"] = {"asked": asked, "found": found.to_json(), "served": served}
        return found

    def _transit_gateway(self) -> None:
        """Of a mistyped one AWS says the same as of one that is not shared yet: better told than waited for."""
        wanted = self.stack.network.transit_gateway
        if wanted is None or self.facts.get("transit_gateway") == wanted.id:
            return
        if not gateway_is_there(self.aws, wanted.id):
            what = f"account {self.aws.account} sees no such transit gateway in {self.aws.region}"
            fix = "correct it, or have its owner share it with this account (AWS RAM)"
            raise StackError(self.file, [Problem("network.transit_gateway.id", wanted.id, what, fix)])
        self.facts["transit_gateway"] = wanted.id

    def _parent_zone(self, parent: Parent) -> str:
        """The id of the zone that is to delegate to ours, maybe in another account."""
        if parent.zone_id:
            return parent.zone_id
        asked = [parent.zone, parent.way]
        kept = self.facts.get("parent_zone", {})
        if kept.get("asked") == asked:
            return str(kept["id"])
        assert parent.zone is not None  # checked with the stack file
        try:
            zone = find_zone(self.aws, parent.zone, parent.way)
        except NoSuchZone as error:
            raise StackError(self.file, [Problem("dns.parent.zone", parent.zone, error.what, error.fix)]) from None
        self.facts["parent_zone"] = {"asked": asked, "id": zone}
        return zone


def _problem(network: Network, name: str, what: str, fix: str) -> Problem:
    """Of the key that names it, by ids or by tags."""
    stem = {"vpc": "vpc", "private_subnets": "private_subnet", "public_subnets": "public_subnet"}[name]
    keys = [key for key in (f"{stem}_id", f"{stem}_ids", f"{stem}_tags") if getattr(network, key, None)]
    key = keys[0] if keys else f"{stem}_tags"
    value = getattr(network, key)
    return Problem(f"network.{key}", list(value) if isinstance(value, tuple) else value, what, fix)


def _chosen(found: FoundNetwork) -> Iterator[str]:
    for tier, subnets in (("private", found.private), ("public", found.public)):
        for one in subnets:
            yield f"{tier} subnet {one.id} in {one.zone} ({one.cidr})"
    yield from found.passed_over


def _does_not_fit(stack: Stack, found: FoundNetwork) -> Iterator[Problem]:
    """What the given VPC would have to be, and we must not make it."""
    off = [name for name, on in _dns_settings(found).items() if not on]
    if off and stack.network.all_endpoints:
        what = f"VPC endpoints answer under the services' own names only where the VPC has {' and '.join(off)}"
        yield Problem("network.endpoints", None, what, "switch it on (aws ec2 modify-vpc-attribute)")
    for one in found.public:
        if not one.public:
            what = f"{one.id} is no public subnet: its route table {one.route_table} has no internet gateway"
            yield Problem("network.public_subnet_ids", one.id, what, "name another, or give it that route")
    if stack.network.way_out == "existing" and _must_go_out(stack):
        for one in found.private:
            if not one.outward:
                table = f"its route table {one.route_table} has no default route that leads anywhere"
                what = f"nothing in {one.id} gets out: {table}"
                fix = 'give it one (to a NAT gateway), or use egress = "endpoints"'
                yield Problem("network.egress", "existing", what, fix)
    yield from _overlaps(stack, found)


def _dns_settings(found: FoundNetwork) -> Mapping[str, bool]:
    return {"enableDnsSupport": found.dns_support, "enableDnsHostnames": found.dns_hostnames}


def _must_go_out(stack: Stack) -> bool:
    """Whether anything in the private subnets fetches something from outside."""
    tasks = any(not stack.public_ip(name) for name in stack.services)
    return tasks or (stack.database is not None and stack.database.engine == "mongodb")


def _overlaps(stack: Stack, found: FoundNetwork) -> Iterator[Problem]:
    transit = stack.network.transit_gateway
    for route in transit.routes if transit else ():
        for one in found.private:
            if route in one.routes:
                what = f"the route table of {one.id}, {one.route_table}, has a route for {route} already"
                yield Problem("network.transit_gateway.routes", route, what, "leave it out, or remove that one")
        for cidr in found.cidrs:
            if IPv4Network(route).overlaps(IPv4Network(cidr)) and route != "0.0.0.0/0":
                what = f"{route} overlaps the VPC's own network {cidr}, which is always reached locally"
                yield Problem(
                    "network.transit_gateway.routes", route, what, "leave it out, or name smaller networks"
                )
