"""All that decides who reaches whom, as the describe calls returned it: read once, then only looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from provisioner.reach import ranges
from provisioner.reach.numbers import Numbers
from provisioner.reach.parts import Balancer, Database, Function, Owned, Service, TargetGroup, Zone
from provisioner.reach.things import (
    TRANSIT,
    Acl,
    Attachment,
    Endpoint,
    Group,
    Instance,
    Interface,
    NatGateway,
    PrefixList,
    RouteTable,
    Subnet,
    TransitGateway,
    Vpc,
)


@dataclass(frozen=True)
class Network:
    """What EC2 describes, by id: the stack's VPC, and those that are attached to the same transit gateways.

    `internet_gateways` gives the VPC to which each is attached, nothing for one that is not. What the caller may
    not read is named in `hidden`: attachments, zones.
    """

    vpcs: Mapping[str, Vpc] = field(default_factory=dict)
    subnets: Mapping[str, Subnet] = field(default_factory=dict)
    tables: Mapping[str, RouteTable] = field(default_factory=dict)
    acls: Mapping[str, Acl] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    interfaces: Mapping[str, Interface] = field(default_factory=dict)
    internet_gateways: Mapping[str, str] = field(default_factory=dict)
    nat_gateways: Mapping[str, NatGateway] = field(default_factory=dict)
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    prefix_lists: Mapping[str, PrefixList] = field(default_factory=dict)
    attachments: Mapping[str, Attachment] = field(default_factory=dict)
    transit_gateways: Mapping[str, TransitGateway] = field(default_factory=dict)
    instances: Mapping[str, Instance] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()

    @cached_property
    def _held(self) -> Mapping[tuple[str, str], Interface]:
        return {(one.vpc, address): one for one in self.interfaces.values() for address in one.addresses}

    @cached_property
    def _public(self) -> Mapping[str, Interface]:
        return {one.public: one for one in self.interfaces.values() if one.public}

    @cached_property
    def _tables(self) -> Mapping[str, RouteTable]:
        own = {subnet: table for table in self.tables.values() for subnet in table.subnets}
        main = {table.vpc: table for table in self.tables.values() if table.main}
        implicit = {one.id: main[one.vpc] for one in self.subnets.values() if one.vpc in main}
        return {**implicit, **own}

    @cached_property
    def _acls(self) -> Mapping[str, Acl]:
        return {subnet: acl for acl in self.acls.values() for subnet in acl.subnets}

    @cached_property
    def told(self) -> frozenset[str]:
        """Every network that a route, a rule or an entry names: what tells addresses apart."""
        routes = (route.destination for table in self.tables.values() for route in table.routes)
        rules = (rule.cidr for group in self.groups.values() for rule in group.rules if rule.cidr)
        entries = (entry.cidr for acl in self.acls.values() for entry in acl.entries)
        listed = (cidr for one in self.prefix_lists.values() for cidr in one.cidrs or ())
        blocks = (block for vpc in self.vpcs.values() for block in vpc.blocks)
        known = [*routes, *rules, *entries, *listed, *blocks, *(one.cidr for one in self.subnets.values())]
        return frozenset(cidr for cidr in known if "/" in cidr and ":" not in cidr)

    def holder(self, vpc: str, address: str) -> Interface | None:
        """The interface that has a private address in a VPC."""
        return self._held.get((vpc, address))

    def public_holder(self, address: str) -> Interface | None:
        """The interface that has a public address."""
        return self._public.get(address)

    def table_of(self, subnet: str) -> RouteTable | None:
        """The route table with which a subnet is associated, or else its VPC's main one."""
        return self._tables.get(subnet)

    def acl_of(self, subnet: str) -> Acl | None:
        return self._acls.get(subnet)

    def vpc_with(self, address: str) -> Vpc | None:
        """The VPC in whose blocks an address is; the stack's own comes first."""
        return next(
            (one for one in self.vpcs.values() if any(ranges.contains(cidr, address) for cidr in one.blocks)), None
        )

    def subnet_with(self, vpc: str, address: str) -> Subnet | None:
        mine = (one for one in self.subnets.values() if one.vpc == vpc)
        return next((one for one in mine if ranges.contains(one.cidr, address)), None)

    def endpoint_of(self, interface: Interface) -> Endpoint | None:
        return next((one for one in self.endpoints.values() if interface.id in one.interfaces), None)

    def attachments_of(self, vpc: str, gateway: str) -> Iterator[Attachment]:
        for one in self.attachments.values():
            if one.kind == "vpc" and one.resource == vpc and one.gateway == gateway:
                yield one

    def transit_routes(self, address: str) -> set[str]:
        """The transit gateways to which some route table sends an address."""
        return {
            route.target
            for table in self.tables.values()
            for route in table.routes
            if route.kind == TRANSIT and "/" in route.destination and ranges.contains(route.destination, address)
        }

    def cidrs(self, prefix_list: str) -> tuple[str, ...] | None:
        """What a prefix list contains; None where that may not be read."""
        found = self.prefix_lists.get(prefix_list)
        return found.cidrs if found else None


@dataclass(frozen=True)
class Snapshot:
    """The live network of a stack, what uses it, and what the stack's state file tells of either.

    `numbers` are those of the entries that fixes propose for it.
    """

    account: str
    region: str
    network: Network
    partition: str = "aws"
    balancers: tuple[Balancer, ...] = ()
    target_groups: Mapping[str, TargetGroup] = field(default_factory=dict)
    functions: tuple[Function, ...] = ()
    services: tuple[Service, ...] = ()
    databases: tuple[Database, ...] = ()
    zones: tuple[Zone, ...] = ()
    owned: Owned = field(default_factory=Owned)
    numbers: Numbers = field(default_factory=Numbers, compare=False, repr=False)

    def balancer_at(self, interface: Interface) -> Balancer | None:
        """The load balancer whose interface it is."""
        return next((one for one in self.balancers if one.described == interface.description), None)

    def nodes(self, balancer: Balancer) -> tuple[Interface, ...]:
        """A load balancer's interfaces."""
        known = self.network.interfaces.values()
        return tuple(one for one in known if one.description == balancer.described)

    def service_at(self, interface: Interface) -> Service | None:
        """The service one of whose tasks has the interface."""
        known = (one for one in self.services if any(task.interface == interface.id for task in one.tasks))
        return next(known, None) if interface.id else self._expected_at(interface)

    def _expected_at(self, interface: Interface) -> Service | None:
        """The service of which a task that does not run yet would have it."""
        return next((one for one in self.services if one.arn == interface.description), None)

    def database_at(self, interface: Interface) -> Database | None:
        return next((one for one in self.databases if _is_of(one, interface)), None)

    def interfaces_of(self, database: Database) -> tuple[Interface, ...]:
        """RDS does not say which interfaces are its own: those of its description in the right place."""
        return tuple(one for one in self.network.interfaces.values() if _is_of(database, one))

    def named(self, thing: str) -> str:
        """What people call something: the step that recorded it, or else its id."""
        return self.owned.step_of(thing) or thing


_OF_RDS = "RDSNetworkInterface"
"""What RDS writes on its interfaces. Source: Amazon RDS user guide, "Working with a DB instance in a VPC"."""


def _is_of(database: Database, interface: Interface) -> bool:
    here = interface.description == _OF_RDS and interface.subnet in database.subnets
    return here and set(interface.groups) == set(database.groups)
