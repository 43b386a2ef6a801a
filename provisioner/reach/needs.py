"""What would have to be there for a closed place to open, in terms of the network."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.reach.things import Ports


@dataclass(frozen=True)
class GroupRule:
    """A rule in one of these groups, for a peer by its address, or by its groups where it has some."""

    groups: tuple[str, ...]
    egress: bool
    port: int
    address: str
    peer_groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class AclRule:
    """An entry that allows these ports, before the one that denies them; `taken` are the numbers in use."""

    acl: str
    egress: bool
    address: str
    ports: Ports
    before: int
    taken: frozenset[int]


@dataclass(frozen=True)
class RouteTo:
    """A route from a subnet to an address: there is none, or it leads to something that is dead.

    `instead` is the destination of the route to be replaced, `gateway` the transit gateway through which answers
    have to go.
    """

    table: str
    subnet: str
    address: str
    instead: str = ""
    gateway: str = ""
    local: bool = False


@dataclass(frozen=True)
class PublicAddress:
    """A public address for an interface in a subnet with a route to an internet gateway, or another way out."""

    interface: str
    subnet: str
    for_lambda: bool = False


@dataclass(frozen=True)
class InVpc:
    """The source would have to be in the VPC."""

    vpc: str


@dataclass(frozen=True)
class VpcAttribute:
    vpc: str
    attribute: str


@dataclass(frozen=True)
class Record:
    """A record in a zone."""

    zone: str
    name: str


@dataclass(frozen=True)
class ListenAt:
    """A listener of a load balancer; `heard` are the ports at which it has one."""

    balancer: str
    port: int
    heard: tuple[int, ...]


@dataclass(frozen=True)
class RuleFor:
    """A listener rule that sends what is asked for to one of these target groups."""

    listener: str
    groups: tuple[str, ...]
    host: str
    path: str


@dataclass(frozen=True)
class Targets:
    """Targets in a group that are in use, in a zone where it matters."""

    group: str
    zone: str = ""


@dataclass(frozen=True)
class Attached:
    """A transit gateway's attachment, with a subnet in this zone."""

    gateway: str
    vpc: str
    subnet: str
    attachment: str = ""


@dataclass(frozen=True)
class TransitRouteTo:
    """A route of a transit gateway's table; no table where the attachment is associated with none."""

    attachment: str
    table: str
    address: str


@dataclass(frozen=True)
class Placed:
    """A subnet in which an interface endpoint has an interface."""

    endpoint: str


@dataclass(frozen=True)
class Made:
    """What a step of the stack made, and is not there."""

    step: str


@dataclass(frozen=True)
class Wait:
    """Time: it is on its way to be usable."""

    resource: str


@dataclass(frozen=True)
class Answers:
    """What runs at the targets of a group would have to answer."""

    group: str


@dataclass(frozen=True)
class PortOf:
    """Another port: something else listens there."""

    ports: tuple[int, ...]


Need = (
    GroupRule
    | AclRule
    | RouteTo
    | PublicAddress
    | InVpc
    | VpcAttribute
    | Record
    | ListenAt
    | RuleFor
    | Targets
    | Attached
    | TransitRouteTo
    | Placed
    | Made
    | Wait
    | PortOf
    | Answers
    | None
)
"""None where no single change opens it."""
