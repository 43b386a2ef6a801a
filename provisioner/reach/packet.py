"""A packet on its way, and what its answer will have to pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from provisioner.reach import acls
from provisioner.reach.snapshot import Network, Snapshot
from provisioner.reach.things import Attachment, Interface, Subnet
from provisioner.reach.trail import Trail, Unseen


@dataclass
class Packet:
    """Where a packet is, from whom it seems to come, and how its answer gets back.

    `sender` is the interface from which it comes as long as nobody has put another address in the place of its
    own, `public` the address that it gets at an internet gateway. `attachment` is by which it came into this VPC,
    if it came through a transit gateway. The answers of a `guided` packet need no route, because whoever sent it
    catches them.
    """

    snapshot: Snapshot
    trail: Trail
    target: str
    port: int
    source: str
    subnet: Subnet | None = None
    sender: Interface | None = None
    public: str = ""
    attachment: Attachment | None = None
    guided: bool = False
    steps: int = 0
    answers: list[Callable[[], None]] = field(default_factory=list)

    @property
    def network(self) -> Network:
        return self.snapshot.network

    @property
    def here(self) -> Subnet:
        assert self.subnet is not None
        return self.subnet

    def cross(self, subnet: Subnet, *, out: bool, answers: bool = True) -> None:
        """Pass the edge of a subnet; its answer passes the same edge the other way. Raises Stopped."""
        peer = self.target if out else self.source
        acls.check(self.snapshot, self.trail, subnet.id, egress=out, peer=peer, ports=(self.port, self.port))
        if answers:
            self.answer_crosses(subnet, out=not out)

    def answer_crosses(self, subnet: Subnet, *, out: bool) -> None:
        """Have the edge of a subnet judge the answer, once that is on its way."""
        peer = self.source if out else self.target
        self.answers.append(
            partial(
                acls.check,
                self.snapshot,
                self.trail,
                subnet.id,
                egress=out,
                peer=peer,
                ports=acls.EPHEMERAL,
                answer=True,
            )
        )

    def answer(self) -> None:
        """Let the answer go the way back, as far as that is seen. Raises Stopped."""
        for step in reversed(self.answers):
            try:
                step()
            except Unseen as unseen:
                self.trail.doubt(unseen.at, unseen.why)


@dataclass(frozen=True)
class Arrival:
    """Where a packet ends: at an interface, at a service by a gateway endpoint, or outside.

    What an interface sends to itself never leaves it: it is `within`.
    """

    packet: Packet
    interface: Interface | None = None
    service: str = ""
    within: bool = False
