"""The network as AWS describes it: what there is, one class each, under ids of AWS. Nothing decides anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Ports = tuple[int, int]
ALL_PORTS: Ports = (0, 65535)
TCP = ("tcp", "6", "-1")
"""Protocols of rules and entries that speak of TCP."""


@dataclass(frozen=True)
class Vpc:
    id: str
    blocks: tuple[str, ...]
    dns_support: bool = True
    dns_hostnames: bool = True


@dataclass(frozen=True)
class Subnet:
    id: str
    vpc: str
    cidr: str
    zone: str


@dataclass(frozen=True)
class Route:
    """`destination` is a network or the id of a prefix list; `kind` says what `target` is."""

    destination: str
    kind: str
    target: str
    blackhole: bool = False


LOCAL, INTERNET, NAT, ENDPOINT, TRANSIT, OTHER = "local", "internet", "nat", "endpoint", "transit", "other"


@dataclass(frozen=True)
class RouteTable:
    id: str
    vpc: str
    main: bool
    subnets: tuple[str, ...]
    routes: tuple[Route, ...]


@dataclass(frozen=True)
class AclEntry:
    number: int
    egress: bool
    allows: bool
    protocol: str
    cidr: str
    ports: Ports = ALL_PORTS


@dataclass(frozen=True)
class Acl:
    id: str
    vpc: str
    subnets: tuple[str, ...]
    entries: tuple[AclEntry, ...]


@dataclass(frozen=True)
class Rule:
    """A rule of a security group: one of `cidr`, `peer` (a group, maybe another account's) and `prefix_list`."""

    id: str
    group: str
    egress: bool
    protocol: str
    ports: Ports = ALL_PORTS
    cidr: str = ""
    peer: str = ""
    peer_account: str = ""
    prefix_list: str = ""


@dataclass(frozen=True)
class Group:
    id: str
    name: str
    vpc: str
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Interface:
    """`kind` is EC2's InterfaceType. One that is only expected (of a task that does not run) has no id."""

    id: str
    vpc: str
    subnet: str
    addresses: tuple[str, ...]
    groups: tuple[str, ...] = ()
    public: str = ""
    kind: str = "interface"
    description: str = ""
    instance: str = ""

    @property
    def address(self) -> str:
        return self.addresses[0]


@dataclass(frozen=True)
class NatGateway:
    id: str
    vpc: str
    subnet: str
    state: str
    interface: str
    address: str
    public: str = ""


@dataclass(frozen=True)
class Endpoint:
    """`names` are those by which it is known; the private ones count where `private_dns` is on."""

    id: str
    vpc: str
    service: str
    kind: str
    state: str
    private_dns: bool = False
    names: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()

    @property
    def available(self) -> bool:
        return self.state == "available"

    @property
    def own_names(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if ".vpce." in name)

    @property
    def private_names(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if ".vpce." not in name)


@dataclass(frozen=True)
class PrefixList:
    """`cidrs` is None where they may not be read."""

    id: str
    name: str
    cidrs: tuple[str, ...] | None


@dataclass(frozen=True)
class Attachment:
    """What is attached to a transit gateway; `table` is the route table with which it is associated.

    `subnets` are known only where the account that asks may see them.
    """

    id: str
    gateway: str
    kind: str
    resource: str
    state: str
    table: str = ""
    subnets: tuple[str, ...] = ()

    @property
    def alive(self) -> bool:
        return self.state in ("available", "modifying")


@dataclass(frozen=True)
class TransitRoute:
    cidr: str
    attachment: str
    static: bool
    blackhole: bool = False


@dataclass(frozen=True)
class TransitGateway:
    """`tables` holds routes by route table, None where those may not all be read; and is None itself where the
    gateway is another account's. One that `passes_groups` lets rules speak of the groups of other VPCs. `usual` is
    the route table with which it associates what is attached to it, nothing where it leaves that to its owner."""

    id: str
    account: str
    state: str
    tables: Mapping[str, tuple[TransitRoute, ...] | None] | None
    passes_groups: bool = False
    usual: str = ""


@dataclass(frozen=True)
class Instance:
    id: str
    state: str
    interfaces: tuple[str, ...]
