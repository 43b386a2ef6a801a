"""One request as the rules see it, and where it happens."""

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
class Site:
    """One account's and region's part of the sandbox: what is there, and what is going to happen there."""

    account: str
    region: str
    world: World

    def ledger(self, kind: type[T]) -> T:
        """This account's and region's notes of that kind; made at first use, gone with a reset."""
        return self.world.ledger(kind, self.account, self.region)

    def later(self, latency: str, action: Action) -> None:
        """Have `action` happen after that entry of the latency table."""
        self.world.clock.later(self.world.latencies.seconds(latency), action)

    def after(self, seconds: float, action: Action) -> None:
        """Have `action` happen after so many of AWS's seconds."""
        self.world.clock.later(self.world.latencies.scaled(seconds), action)


@dataclass(frozen=True)
class Call(Site):
    """Who asks which service for what: `parameters` as boto3 takes them, `key` the caller's access key id."""

    service: str
    action: str
    parameters: dict[str, Any]
    key: str = ""

    @property
    def mutating(self) -> bool:
        """Whether it can change anything: EC2 only tries what is asked for with DryRun."""
        return mutates(self.action) and not (self.service == "ec2" and self.parameters.get("DryRun"))

    @property
    def site(self) -> Site:
        """Where it happens: what outlives the call keeps this, not the call."""
        return Site(self.account, self.region, self.world)
