"""One request as the rules see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from provisioner.sandbox.clock import Action
    from provisioner.sandbox.world import World

T = TypeVar("T")

_READS = (
    "Describe",
    "Get",
    "List",
    "BatchGet",
    "Head",
    "Search",
    "Lookup",
    "Discover",
    "Simulate",
    "Test",
    "Assume",
    "Decode",
    "Select",
    "Query",
    "Scan",
    "Filter",
    "Validate",
)
# Reads by their prefix, but they begin or change something.
_STILL_MUTATING = frozenset({"GetFederationToken"})


def mutates(action: str) -> bool:
    """Whether an action of this name can change anything."""
    return not action.startswith(_READS) or action in _STILL_MUTATING


@dataclass(frozen=True)
class Call:
    """Who asks which service for what. `parameters` are as boto3 takes them."""

    service: str
    action: str
    account: str
    region: str
    parameters: dict[str, Any]
    world: World

    @property
    def mutating(self) -> bool:
        return mutates(self.action)

    def ledger(self, kind: type[T]) -> T:
        """This account's and region's notes of that kind; made at first use, gone with a reset."""
        return self.world.ledger(kind, self.account, self.region)

    def later(self, latency: str, action: Action) -> None:
        """Have `action` happen after that entry of the latency table."""
        self.world.clock.later(self.world.latencies.seconds(latency), action)
