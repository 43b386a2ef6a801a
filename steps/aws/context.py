"""What steps are given of AWS: clients, the owner's tags, payloads, and reads that are shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from steps.aws.owner import Owner

if TYPE_CHECKING:
    from steps.aws.session import Clients

T = TypeVar("T")


@dataclass(frozen=True)
class Aws:
    """One account and region, seen by one stack.

    `clients` retry by themselves what botocore's retry mode retries; `once` send each request a single time,
    for creating calls, where a second request after a lost answer could make a second resource.
    """

    clients: Clients
    once: Clients
    owner: Owner
    account: str
    region: str
    partition: str = "aws"
    payloads: Mapping[str, bytes] = field(default_factory=dict)
    """Function code by its SHA-256 in base64."""
    forced: frozenset[str] = frozenset()
    """What destroy may delete although others put it there: `records`."""
    elsewhere: Callable[[str], tuple[Clients, Clients]] | None = None
    """Clients and single-attempt clients of another account; see `at`."""

    def at(self, way: str) -> Aws:
        """The same stack in another account: `role:ARN`, `profile:NAME`, or here where `way` is empty."""
        if not way or self.elsewhere is None:
            return self
        clients, once = self.elsewhere(way)
        return replace(self, clients=clients, once=once)


class Look:
    """One round of reads, in which a read that several kinds want is made once (also across threads)."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        self._guard = Lock()
        self._locks: dict[str, Lock] = {}
        self._answers: dict[str, Any] = {}

    def share(self, name: str, read: Callable[[], T]) -> T:
        """The answer of `read`, which is called once in this round whoever asks first."""
        with self._guard:
            lock = self._locks.setdefault(name, Lock())
        with lock:
            if name not in self._answers:
                self._answers[name] = read()
            answer: T = self._answers[name]
            return answer
