"""How long AWS takes for what it does not do at once."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True)
class Latency:
    """Seconds on AWS: the median, what one in twenty exceeds, and the longest that is drawn."""

    median: float
    p95: float
    worst: float

    def drawn(self, chance: random.Random) -> float:
        """One of them at random: lognormal through median and 95th percentile, never above the worst."""
        if not self.median:
            return 0.0
        spread = math.log(self.p95 / self.median) / _Z95 if self.p95 > self.median else 0.0
        return min(self.worst, self.median * math.exp(spread * chance.gauss(0, 1)))


_Z95 = NormalDist().inv_cdf(0.95)

TABLE: Mapping[str, Latency] = {
    "acm.issued": Latency(90, 600, 4500),  # from the moment that its validation record resolves
    "acm.record": Latency(2, 5, 10),  # until the certificate says which record it wants
    "acm.released": Latency(30, 120, 1200),  # how long InUseBy names a listener's load balancer that is gone
    "api.deployed": Latency(2, 5, 30),
    "api.vpc_link.available": Latency(120, 240, 600),
    "api.vpc_link.deleted": Latency(120, 300, 600),
    "consistency.ec2": Latency(2, 5, 30),  # for the few that lag at all; see LAGGING
    "consistency.others": Latency(1, 3, 10),
    "ecs.deployment.completed": Latency(4, 8, 30),  # after the last target is healthy
    "ecs.service.inactive": Latency(10, 30, 120),
    "ecs.service_connect.removed": Latency(30, 120, 330),  # how long its Cloud Map services outlive a service
    "ecs.task.interface": Latency(15, 45, 60),  # how long it outlives its task
    "ecs.task.provisioning": Latency(20, 44, 120),  # the interface
    "ecs.task.pending": Latency(30, 60, 180),  # the image
    "ecs.task.restart": Latency(15, 60, 300),  # until a failed task is followed by another
    "ecs.task.stopping": Latency(10, 30, 120),
    "endpoint.gateway.available": Latency(5, 10, 60),
    "endpoint.gateway.deleted": Latency(5, 15, 60),
    "endpoint.interface.available": Latency(75, 150, 300),
    "endpoint.interface.answers": Latency(25, 30, 60),  # after it is available
    "endpoint.interface.deleted": Latency(60, 180, 600),
    "endpoint.private_dns.released": Latency(60, 180, 300),  # how long names outlive their endpoint
    "iam.linked_role.usable": Latency(10, 40, 60),  # for the few that lag at all, after the first use of a service
    "iam.policy.effective": Latency(4, 10, 60),
    "iam.profile.usable": Latency(8, 12, 60),
    "iam.role.usable": Latency(6, 12, 60),
    "instance.installed": Latency(90, 180, 600),  # from its launch until what its user data installs answers
    "instance.running": Latency(8, 20, 120),
    "instance.status_ok": Latency(150, 240, 400),
    "instance.terminated": Latency(40, 90, 300),
    "lambda.active": Latency(3, 8, 30),
    "lambda.detached_interfaces": Latency(240, 900, 1500),  # after which a detached one may be deleted by its user
    "lambda.interfaces": Latency(420, 1500, 2700),  # how long they outlive the last function that used them
    "lambda.updated": Latency(2, 5, 30),
    "lambda.vpc_active": Latency(45, 120, 600),
    "lambda.vpc_updated": Latency(20, 60, 120),
    "load_balancer.active": Latency(120, 180, 300),
    "load_balancer.interfaces": Latency(60, 240, 600),  # how long they outlive their load balancer
    "namespace.dns.created": Latency(40, 60, 120),
    "namespace.http.created": Latency(5, 30, 60),
    "namespace.deleted": Latency(5, 30, 330),
    "namespace.instance": Latency(2, 10, 60),  # until one is registered, or no longer
    "nat_gateway.available": Latency(90, 140, 300),
    "nat_gateway.checked": Latency(5, 15, 60),  # until it has its address, or has failed
    "nat_gateway.deleted": Latency(60, 120, 600),
    "network_load_balancer.active": Latency(150, 210, 330),
    "network_load_balancer.interfaces": Latency(60, 180, 300),
    "rds.available": Latency(300, 600, 1800),  # from the call on, with the first backup
    "rds.backing_up": Latency(60, 120, 300),  # the last part of that
    "rds.deleted": Latency(240, 480, 1800),
    "rds.modified": Latency(240, 600, 3600),
    "route53.insync": Latency(30, 60, 120),
    "secret.deleted": Latency(2, 10, 60),  # how long the name of one outlives it that is deleted at once
    "target.network": Latency(60, 120, 180),  # what a network load balancer takes beside its health checks
    "transit_gateway.available": Latency(90, 150, 300),
    "transit_gateway.deleted": Latency(60, 120, 300),
    "transit_gateway.attachment.available": Latency(90, 150, 300),
    "transit_gateway.attachment.deleted": Latency(60, 120, 300),
    "transit_gateway.route": Latency(10, 60, 120),
    "vpc.available": Latency(2, 8, 25),
}
"""Whoever measured them is named in `docs/sandbox.md`."""

LAGGING = 0.15
"""The share of fresh things that are not seen everywhere at once."""


@dataclass(frozen=True)
class Profile:
    """How time passes: `scale` of AWS's seconds in one of ours; `drawn` ones differ from call to call."""

    name: str
    scale: float
    drawn: bool

    @property
    def timeless(self) -> bool:
        """Whether everything happens at once."""
        return math.isinf(self.scale)


def profile(name: str) -> Profile:
    """`instant`, `real`, `scaled=N` (N times faster, medians) or `realistic=N` (the same, drawn; N is 30 if left).

    Raises ValueError for anything else.
    """
    kind, _, number = name.partition("=")
    scales = {"instant": math.inf, "real": 1.0, "realistic": 30.0}
    if not number and kind in scales:
        return Profile(name, scales[kind], drawn=kind == "realistic")
    try:
        scale = float(number)
    except ValueError:
        scale = 0.0
    if kind not in ("scaled", "realistic") or not 0 < scale < math.inf:
        raise ValueError(f"profile {name!r}: expected instant, real, scaled=N or realistic=N with N above 0")
    return Profile(name, scale, drawn=kind == "realistic")


class Latencies:
    """The table as a profile scales it, with what a test overrides in our own seconds.

    What is drawn depends on the seed, the entry and how often it was drawn before, not on the order in which
    different things happen: runs repeat although requests arrive at once.
    """

    def __init__(self, profile: Profile, seed: int = 0) -> None:
        self.profile = profile
        self.seed = seed
        self._overrides: dict[str, float] = {}
        self._drawn: Counter[str] = Counter()

    def seconds(self, key: str) -> float:
        """Our seconds for this entry, this time."""
        if key in self._overrides:
            return self._overrides[key]
        latency = TABLE[key]
        aws = latency.drawn(self.chance(key)) if self.profile.drawn else latency.median
        return self.scaled(aws)

    def scaled(self, seconds: float) -> float:
        """Our seconds for so many of AWS's."""
        return seconds / self.profile.scale

    def lag(self, key: str) -> float:
        """Our seconds for which a fresh thing is not seen: none for most, this entry's for a few."""
        if key in self._overrides:
            return self._overrides[key]
        late = self.profile.drawn and self.chance(f"{key}?").random() < LAGGING
        return self.seconds(key) if late else 0.0

    def chance(self, key: str) -> random.Random:
        """The next source of chance of this name."""
        self._drawn[key] += 1
        return random.Random(f"{self.seed}/{key}/{self._drawn[key]}")

    def override(self, seconds: Mapping[str, float]) -> None:
        """Replace the times of these keys; a key that is not in the table is an error, and nothing is replaced."""
        if unknown := sorted(seconds.keys() - TABLE.keys()):
            raise ValueError(f"unknown latencies {unknown}; known: {sorted(TABLE)}")
        self._overrides.update({key: float(value) for key, value in seconds.items()})

    def all(self) -> dict[str, float]:
        """Medians and overrides, in our seconds."""
        medians = {key: self.scaled(latency.median) for key, latency in TABLE.items()}
        return {**medians, **self._overrides}
