"""Deployments of ECS services."""

from __future__ import annotations

import datetime
import math
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from moto.ecs.models import TaskDefinition

from provisioner.sandbox.containers.task_view import FAMILY, PLATFORM
from provisioner.sandbox.containers.tasks import now

Rollout = Literal["IN_PROGRESS", "COMPLETED", "FAILED"]
_FEWEST, _MOST = 3, 200
_HALF = 50
_ALPHABET = string.ascii_letters + string.digits + "_-"
_SHOWN = ("networkConfiguration", "launchType", "capacityProviderStrategy", "serviceConnectConfiguration")


@dataclass(eq=False)
class Deployment:
    """One attempt to run a service with these settings."""

    definition: TaskDefinition
    settings: Mapping[str, Any]
    id: str = field(default_factory=lambda: f"ecs-svc/{secrets.randbelow(10**19):019d}")
    key: str = field(default_factory=lambda: "".join(secrets.choice(_ALPHABET) for _ in range(21)))
    revision: str = field(default_factory=lambda: f"{secrets.randbelow(10**19):019d}")
    created: datetime.datetime = field(default_factory=now)
    updated: datetime.datetime = field(default_factory=now)
    finished: datetime.datetime | None = None
    status: str = "PRIMARY"
    rollout: Rollout = "IN_PROGRESS"
    reason: str = ""
    failed: int = 0
    proven: bool = False
    """Whether one of its tasks was well: from then on failures count no longer."""
    rolls_back: bool = False
    replaces: Deployment | None = None
    connected: list[dict[str, str]] = field(default_factory=list)
    """What Service Connect made for it."""

    def __post_init__(self) -> None:
        self.reason = self.reason or f"ECS deployment {self.id} in progress."

    @property
    def balancers(self) -> list[Mapping[str, Any]]:
        """Its target groups."""
        return [item for item in self.settings["loadBalancers"] if "targetGroupArn" in item]

    @property
    def checked(self) -> bool:
        """Whether anything but running makes its tasks well."""
        own = any("healthCheck" in one for one in self.definition.container_definitions)
        return own or bool(self.balancers)

    def become(self, rollout: Rollout, reason: str) -> None:
        self.rollout, self.reason = rollout, reason
        self.updated = self.finished = now()

    def note_failure(self) -> None:
        if not self.proven:
            self.failed, self.updated = self.failed + 1, now()

    def prove(self) -> None:
        self.proven, self.failed = True, 0

    def view(self, desired: int, pending: int, running: int) -> dict[str, Any]:
        """As DescribeServices tells it."""
        told = {
            "id": self.id,
            "status": self.status,
            "taskDefinition": self.definition.arn,
            "desiredCount": desired,
            "pendingCount": pending,
            "runningCount": running,
            "failedTasks": self.failed,
            "createdAt": self.created,
            "updatedAt": self.updated,
            "platformVersion": PLATFORM,
            "platformFamily": FAMILY,
            "rolloutState": self.rollout,
            "rolloutStateReason": self.reason,
            **{name: self.settings[name] for name in _SHOWN if name in self.settings},
        }
        return {**told, "serviceConnectResources": self.connected} if self.connected else told


def threshold(breaker: Mapping[str, Any], desired: int) -> int:
    """How many failed tasks are too many: half of the desired ones, 3 at least and 200 at most, unless told."""
    told = breaker.get("thresholdConfiguration", {})
    kind, value = told.get("type", "BOUNDED_PERCENT"), int(told.get("value", _HALF))
    if kind == "COUNT":
        return value
    share = math.ceil(value * desired / 100)
    return min(max(share, _FEWEST), _MOST) if kind == "BOUNDED_PERCENT" else max(share, 1)
