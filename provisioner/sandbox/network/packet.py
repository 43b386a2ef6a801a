"""A packet on its way, and what it passes: noted for both directions, because network ACLs know no connections."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.subnets import Subnet

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.network import firewalls
from provisioner.sandbox.vpc.attachments import VpcAttachment


class Lost(Exception):
    """The packet, or its answer, never arrives: why."""


@dataclass(frozen=True)
class _Border:
    """A subnet's edge that packets of one direction cross."""

    ec2: EC2Backend
    subnet: str
    egress: bool
    peer: str
    ports: tuple[int, int]


@dataclass
class Walk:
    """Where a packet is: in which subnet of whose, from whom it seems to come, and what it has met.

    `sender` is the interface from which it comes as long as nobody has put another address in the place of its
    own; `public` the address that it gets at an internet gateway. `attachment` is by which it came into this VPC,
    if it came through a transit gateway. The answers of a `guided` packet need no route, because
    whoever sent it catches them.
    """

    site: Site
    target: str
    port: int
    source: str
    sender: NetworkInterface | None = None
    public: str | None = None
    subnet: Subnet | None = None
    attachment: VpcAttachment | None = None
    guided: bool = False
    notes: list[str] = field(default_factory=list)
    there: list[_Border] = field(default_factory=list)
    back: list[_Border] = field(default_factory=list)
    steps: int = 0

    @property
    def ec2(self) -> EC2Backend:
        return backends.ec2(self.site)

    def cross(self, subnet: Subnet, *, out: bool, answers: bool = True) -> None:
        """Pass the edge of a subnet; its answer passes the same edge the other way."""
        peer = self.target if out else self.source
        self.there.append(_Border(self.ec2, subnet.id, out, peer, (self.port, self.port)))
        if answers:
            self.answer_crosses(subnet, out=not out)

    def answer_crosses(self, subnet: Subnet, *, out: bool) -> None:
        peer = self.source if out else self.target
        self.back.append(_Border(self.ec2, subnet.id, out, peer, firewalls.EPHEMERAL))


@dataclass(frozen=True)
class Arrival:
    """Where a walk ends: at an interface (with the site that it is in), at a service's gateway, or outside."""

    walk: Walk
    site: Site
    interface: NetworkInterface | None = None
    service: str = ""


def check_there(walk: Walk) -> None:
    """Have the network ACLs on the way judge the packet. Raises Lost."""
    _check(walk.there, "")


def check_back(walk: Walk) -> None:
    """Have the network ACLs on the way back judge the answer. Raises Lost."""
    _check(reversed(walk.back), "the answer: ")


def _check(borders: Iterable[_Border], prefix: str) -> None:
    for border in borders:
        ruling = firewalls.lets_pass(
            border.ec2, border.subnet, egress=border.egress, peer=border.peer, ports=border.ports
        )
        if not ruling.passes:
            raise Lost(f"{prefix}{ruling.why} ({border.subnet})")
