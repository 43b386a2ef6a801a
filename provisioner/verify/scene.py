"""What expectations are checked against: the recorded stack, AWS, and the live network as it was read once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from provisioner import references, stack
from provisioner.model import Service, Stack
from provisioner.place import sandbox_of
from provisioner.reach import Snapshot, hosts_in, take
from provisioner.reach.parts import Balancer
from provisioner.verify.web import Door
from state.record import Record, StackState
from steps.aws.context import Aws

BALANCER = "load-balancer"
DATABASE = "database"
INTERNET = "internet"
_PATIENCE = 10.0
"""Seconds for which a request is repeated on AWS: the name of what is new is not known everywhere at once."""
_RFC_1918 = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


class Absent(Exception):
    """The stack should have something that is not recorded, or not there any more."""


@dataclass(frozen=True)
class Scene:
    """`kept` is what answers left for later requests, by name."""

    aws: Aws
    state: StackState
    stack: Stack
    snapshot: Snapshot
    door: Door
    kept: dict[str, str] = field(default_factory=dict)

    @property
    def resume(self) -> str:
        """The command that makes what is missing and sets right what others changed."""
        return f"provisioner resume {self.state.stack}"

    @property
    def in_sandbox(self) -> bool:
        return sandbox_of(self.state.pin) is not None

    @property
    def internal(self) -> bool:
        """Whether there is a load balancer that has private addresses only."""
        balancer = self.stack.load_balancer
        return balancer is not None and balancer.scheme == "internal"

    def of_kind(self, kind: str) -> Iterator[Record]:
        return (one for one in self.state.records.values() if one.kind == kind)

    def id_of(self, step: str) -> str:
        """Raises Absent."""
        record = self.state.records.get(step)
        if record is None or not record.id:
            raise Absent(f"{step} was never made")
        return record.id

    def balancer(self) -> Balancer:
        """The load balancer as AWS describes it. Raises Absent."""
        arn = self.id_of(BALANCER)
        found = next((one for one in self.snapshot.balancers if one.arn == arn), None)
        if found is None:
            raise Absent("AWS has no such load balancer any more")
        return found

    def filled(self, text: str) -> str:
        """A text of the stack file with what its references stand for. Raises Absent."""
        known = references.for_outputs(self.stack)
        return "".join(self._part(piece) for piece in references.pieces(text, known))

    def _part(self, piece: references.Piece) -> str:
        if isinstance(piece, str):
            return piece
        found = self.id_of(piece[0]) if piece[1] == "id" else self.state.records[piece[0]].outputs.get(piece[1])
        if found is None:
            raise Absent(f"{piece[0]} is not ready")
        return str(found)

    def log_group(self, kind: str, name: str) -> str:
        record = self.state.records.get(f"log-group-{kind}-{name}")
        return record.id or "" if record else ""


def setting(aws: Aws, state: StackState) -> Scene:
    """Everything that is read once. Raises what `reach.take` raises."""
    wanted = stack.restore(state.settings)
    named = [text for one in wanted.expect for text in (one.source, one.to) if text]
    return around(take(aws, state, hosts_in(*named)), aws, state)


def around(snapshot: Snapshot, aws: Aws, state: StackState) -> Scene:
    """The scene of a network that was read already: nothing else is read for it."""
    local = sandbox_of(state.pin) is not None
    endpoint = aws.clients.ec2.meta.endpoint_url if local else ""
    door = Door(endpoint, 0.0 if local else _PATIENCE)
    return Scene(aws, state, stack.restore(state.settings), snapshot, door)


def example_path(service: Service) -> str:
    """A path that is for this service."""
    return next(iter(service.paths), "/").replace("*", "x").replace("?", "x")


def is_private(address: str) -> bool:
    """Whether it is one of RFC 1918's."""
    return any(ip_address(address) in network for network in _RFC_1918)
