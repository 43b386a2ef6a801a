"""How long AWS takes for what it does not do at once."""

from __future__ import annotations

from collections.abc import Mapping

TABLE: Mapping[str, float] = {
    "nat_gateway.available": 90,
    "nat_gateway.deleted": 60,
    "load_balancer.active": 120,
    "load_balancer.interfaces": 60,  # how long they outlive their load balancer
    "target.healthy": 20,  # two checks, ten seconds apart
    "ecs.service.steady": 75,
    "ecs.service.stopped": 60,  # mostly the deregistration of targets
    "ecs.service.inactive": 10,
    "ecs.task.interface": 15,  # how long it outlives its task
    "lambda.active": 3,
    "lambda.vpc_active": 45,
    "lambda.updated": 2,
    "lambda.vpc_updated": 20,
    "lambda.interfaces": 420,  # how long they outlive the last function that used them
    "lambda.detached_interfaces": 240,  # after which a detached one may be deleted by its user
}
"""Median seconds on AWS; whoever measured them is named in the project's notes on AWS's behaviour."""


def scale_of(profile: str) -> float:
    """How many of AWS's seconds pass in one of ours: `real` 1, `scaled=N` N, `instant` infinitely many."""
    if profile == "instant":
        return float("inf")
    if profile == "real":
        return 1.0
    kind, _, number = profile.partition("=")
    try:
        scale = float(number)
    except ValueError:
        scale = 0.0
    if kind != "scaled" or scale <= 0:
        raise ValueError(f"profile {profile!r}: expected instant, real or scaled=N with N above 0")
    return scale


class Latencies:
    """The table as a profile scales it, with what a test overrides in our own seconds."""

    def __init__(self, profile: str) -> None:
        self._scale = scale_of(profile)
        self._overrides: dict[str, float] = {}

    def seconds(self, key: str) -> float:
        return self._overrides.get(key, TABLE[key] / self._scale)

    def override(self, seconds: Mapping[str, float]) -> None:
        """Replace the times of these keys; a key that is not in the table is an error, and nothing is replaced."""
        if unknown := sorted(seconds.keys() - TABLE.keys()):
            raise ValueError(f"unknown latencies {unknown}; known: {sorted(TABLE)}")
        self._overrides.update({key: float(value) for key, value in seconds.items()})

    def clear(self) -> None:
        self._overrides.clear()

    def all(self) -> dict[str, float]:
        return {key: self.seconds(key) for key in TABLE}
