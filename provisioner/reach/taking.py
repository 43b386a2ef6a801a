"""Takes a snapshot: everything that decides who reaches whom in a stack's VPC, in few describe calls."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from provisioner.reach.parts import Owned, Zone
from provisioner.reach.reading import balancers, compute, lists, network, transit, zones
from provisioner.reach.reading.pages import Readable
from provisioner.reach.snapshot import Network, Snapshot
from provisioner.reach.things import Attachment, Group, PrefixList, RouteTable
from state.record import StackState
from steps.aws.context import Aws

_AT_ONCE = 8
_NETWORKS = ("vpc", "existing_vpc")
_FUNCTION, _SERVICE, _DATABASE, _DELEGATION = "function", "service", "db_instance", "delegation"
T = TypeVar("T")


class NoNetwork(Exception):
    """The stack has no VPC, so that there is nothing to judge."""


class _Named(Protocol):
    @property
    def id(self) -> str: ...


N = TypeVar("N", bound=_Named)


def take(aws: Aws, state: StackState, hosts: Collection[str] = ()) -> Snapshot:
    """The live network of a recorded stack. `hosts` are names besides the stack's own that will be asked for.

    Raises NoNetwork where no VPC is recorded; ClientError where something may not be read without which nothing
    can be judged.
    """
    owned = recorded(state)
    vpc = next(
        (owned.ids[step] for step, kind in owned.kinds.items() if kind in _NETWORKS and step in owned.ids), ""
    )
    if not vpc:
        raise NoNetwork(f"no VPC of '{state.stack}' is recorded. Fix: provision it first.")
    return read(aws, [vpc], owned, hosts, _parents(state))


def recorded(state: StackState) -> Owned:
    """What the state file tells of the live resources."""
    records = state.records
    return Owned(
        state.stack,
        {step: one.id for step, one in records.items() if one.id},
        {step: one.kind for step, one in records.items()},
        state.settings,
        {step: one.outputs for step, one in records.items()},
        {step: one.key for step, one in records.items() if one.key},
    )


def _parents(state: StackState) -> list[tuple[str, str]]:
    """Zones in which the stack's own is delegated, each with the way to its account."""
    found = [one for one in state.records.values() if one.kind == _DELEGATION]
    return [(one.request["HostedZoneId"], one.request.get("Way", "")) for one in found if one.request]


def read(
    aws: Aws,
    vpcs: Sequence[str],
    owned: Owned | None = None,
    hosts: Collection[str] = (),
    parents: Iterable[tuple[str, str]] = (),
) -> Snapshot:
    """A snapshot of these VPCs and of those of this account that share a transit gateway with the first."""
    owned = owned or Owned()
    readable = Readable()
    attached = readable("attachments", transit.attachments, aws.clients.ec2, vpcs[0])
    ids = list(dict.fromkeys([*vpcs, *_neighbours(attached)]))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = _Reading(aws, ids, owned, pool, readable)
        return found.snapshot(attached, {*hosts, *_names(owned)}, list(parents))


def _neighbours(attached: Iterable[Attachment]) -> list[str]:
    """Other VPCs; those of other accounts are not found when they are looked for."""
    return [one.resource for one in attached if one.kind == "vpc" and one.alive]


def _names(owned: Owned) -> set[str]:
    return {
        str(owned.outputs[step]["name"])
        for step, kind in owned.kinds.items()
        if kind == "record_set" and "name" in owned.outputs.get(step, {})
    }


class _Reading:
    """The reads of one snapshot, several at once."""

    def __init__(
        self, aws: Aws, vpcs: list[str], owned: Owned, pool: ThreadPoolExecutor, readable: Readable
    ) -> None:
        self.aws, self.vpcs, self.owned, self.pool, self.readable = aws, vpcs, owned, pool, readable

    def snapshot(self, attached: list[Attachment], names: set[str], parents: list[tuple[str, str]]) -> Snapshot:
        clients, ec2 = self.aws.clients, self.aws.clients.ec2
        seen = {
            kind: self.pool.submit(getattr(network, kind), ec2, self.vpcs)
            for kind in ("vpcs", "subnets", "tables", "acls", "groups", "interfaces", "internet_gateways",
                         "nat_gateways", "endpoints", "instances")
        }  # fmt: skip
        attached_to = sorted({one.gateway for one in attached})
        gateways = self._begin(self.readable, "gateways", transit.gateways, ec2, attached_to, self.aws.account)
        prefixes = self._begin(self.readable, "prefix lists", lists.of_services, ec2)
        fronts = self._begin(balancers.balancers, clients.elbv2, self.vpcs)
        groups = self._begin(balancers.target_groups, clients.elbv2, self.vpcs)
        functions = self._begin(compute.functions, clients.functions, self._of(_FUNCTION))
        services = self._begin(compute.services, clients.ecs, self._of(_SERVICE))
        named = self._begin(self._zones, names, parents)
        told = named()
        known: dict[str, Any] = {kind: one.result() for kind, one in seen.items()}
        found = Network(
            prefix_lists=_by_id(self._lists(prefixes(), known["groups"], known["tables"])),
            attachments=_by_id(attached),
            transit_gateways=_by_id(gateways()),
            hidden=frozenset(self.readable.hidden),
            **{kind: one if isinstance(one, dict) else _by_id(one) for kind, one in known.items()},
        )
        placed = {one.id: one.zone for one in found.subnets.values()}
        return Snapshot(
            self.aws.account,
            self.aws.region,
            found,
            self.aws.partition,
            tuple(fronts()),
            {one.arn: one for one in groups()},
            tuple(functions()),
            tuple(services()),
            tuple(compute.databases(clients.databases, self._of(_DATABASE), placed)),
            tuple(told),
            self.owned,
        )

    def _begin(self, work: Callable[..., T], *given: Any) -> Callable[[], T]:
        return self.pool.submit(work, *given).result

    def _of(self, kind: str) -> Mapping[str, str]:
        """The recorded ids of a kind, by step."""
        ids = self.owned.ids
        return {step: ids[step] for step, one in self.owned.kinds.items() if one == kind and step in ids}

    def _zones(self, names: set[str], parents: list[tuple[str, str]]) -> list[Zone]:
        dns = self.aws.clients.dns
        found = _by_id(self.readable("zones", zones.private, dns, self.vpcs, self.aws.region))
        if names:
            found |= _by_id(self.readable("zones", zones.public, dns, names))
        for zone, way in parents:
            if zone not in found:
                found |= _by_id(zones.elsewhere(self.aws.at(way).clients.dns, zone))
        return list(found.values())

    def _lists(
        self, known: list[PrefixList], groups: Iterable[Group], tables: Iterable[RouteTable]
    ) -> list[PrefixList]:
        """Those of AWS's services, and the others that some rule or route names."""
        named = {rule.prefix_list for group in groups for rule in group.rules}
        routed = {route.destination for table in tables for route in table.routes}
        used = {one for one in named | routed if one.startswith("pl-")} - {one.id for one in known}
        return [*known, *lists.named(self.aws.clients.ec2, used)]


def _by_id(things: Iterable[N]) -> dict[str, N]:
    return {one.id: one for one in things}
