"""What is known of a target: where it is, what health checks find, and what follows from that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

State = Literal["initial", "healthy", "unhealthy", "unused", "draining", "unavailable"]
WEB = ("HTTP", "HTTPS")
EVERYWHERE = "all"
"""The zone of a target that is outside of the VPC."""


@dataclass(frozen=True)
class Health:
    """As DescribeTargetHealth tells it; a healthy one has no reason."""

    state: State
    reason: str = ""
    description: str = ""


HEALTHY = Health("healthy")
REGISTERING = Health("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
CHECKING = Health("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
DRAINING = Health("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
UNKNOWN = Health("unused", "Target.NotRegistered", "Target is not registered to the target group")
UNCHECKED = Health("unavailable", "Target.HealthCheckDisabled", "Health checks are disabled for this target group")
UNUSED = Health(
    "unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"
)
ELSEWHERE = Health(
    "unused", "Target.NotInUse", "Target is in an Availability Zone that is not enabled for the load balancer"
)
STOPPED = Health("unused", "Target.InvalidState", "Target is in the stopped state")
TERMINATED = Health("unused", "Target.InvalidState", "Target is in the terminated state")


@dataclass
class Target:
    """One registered target: an address, an instance, a function or a load balancer, with a port."""

    id: str
    port: int
    zone: str
    looked: float
    """When somebody last looked; at first, when it was registered."""
    slow: float
    """What its load balancer takes beside the health checks until it is first healthy."""
    used: bool
    """Whether it was probed at that look, or could have been."""
    finds: bool | None = None
    """What probes find, and since when."""
    since: float = 0.0
    health: Health = CHECKING
    ends: float | None = None
    """When it is gone, if it is being deregistered."""

    def restart(self) -> None:
        """Be as one that has never been probed."""
        self.finds, self.health = None, CHECKING


@dataclass
class Targets:
    """All targets of an account and region, by target group, id and port."""

    by_group: dict[str, dict[tuple[str, int], Target]] = field(default_factory=dict)
    changed: float = 0.0
    """When what probes meet last changed: rules, routes, listeners."""
