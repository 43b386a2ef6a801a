"""ECS services with a life: deployments that take their time, tasks that run, an end that drains."""

from __future__ import annotations

import datetime
import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from moto.ecs.models import Service as MotoService
from moto.ecs.models import TaskDefinition

from provisioner.sandbox import tasks
from provisioner.sandbox.call import Call
from provisioner.sandbox.tasks import RUNNING, Task

# What a new deployment is made for; a change of anything else needs none.
_DEPLOYED = ("networkConfiguration", "platformVersion", "loadBalancers", "capacityProviderStrategy")
# Which of its parameters a service is described with, and what AWS says of those that were not given.
_DEFAULTS: Mapping[str, Any] = {
    "loadBalancers": [],
    "serviceRegistries": [],
    "launchType": "FARGATE",
    "platformVersion": "LATEST",
    "schedulingStrategy": "REPLICA",
    "deploymentController": {"type": "ECS"},
    "healthCheckGracePeriodSeconds": 0,
    "enableECSManagedTags": False,
    "enableExecuteCommand": False,
    "propagateTags": "NONE",
    "placementConstraints": [],
    "placementStrategy": [],
    "availabilityZoneRebalancing": "DISABLED",
}
_DEPLOYMENT = {
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
}
_SHOWN = (*_DEFAULTS, "networkConfiguration", "capacityProviderStrategy")
_KEPT_STOPPED = 20


class Service:
    """One service, from its creation until long after its end. `told` is moto's own, which has the tags."""

    def __init__(self, call: Call, told: MotoService, definition: TaskDefinition) -> None:
        self._call = call
        self.told = told
        self.definition = definition
        self.asked = dict(call.parameters)
        self.settings: dict[str, Any] = {**_DEFAULTS, **_completed(call.parameters)}
        self.name = told.name
        self.arn = told.arn
        self.cluster_name = told.cluster_name
        self.cluster_arn = told.cluster_arn
        self.status = "ACTIVE"
        self.desired = int(call.parameters.get("desiredCount", 0))
        self.tasks: list[Task] = []
        self.events: list[dict[str, Any]] = []
        self.created = _now()
        self.deployments: list[dict[str, Any]] = []
        self._plan = object()
        self._deploy()

    @property
    def primary(self) -> dict[str, Any]:
        return self.deployments[0]

    def running(self) -> list[Task]:
        """Those that run, some of them perhaps on the way out."""
        return [task for task in self.tasks if task.status == RUNNING]

    def staying(self) -> list[Task]:
        return [task for task in self.running() if task.desired == RUNNING]

    def update(self, call: Call, definition: TaskDefinition) -> None:
        """Take over new parameters; deploy anew if they are of those that tasks are started with."""
        changes = _completed(call.parameters)
        fresh = definition is not self.definition or bool(call.parameters.get("forceNewDeployment"))
        fresh = fresh or any(changes[name] != self.settings.get(name) for name in _DEPLOYED if name in changes)
        self.definition = definition
        self.settings = {**self.settings, **changes}
        self.desired = int(call.parameters.get("desiredCount", self.desired))
        self._retire(self.staying()[self.desired :])
        self._deploy() if fresh else self._proceed()

    def drain(self) -> None:
        """Begin to end: DRAINING until the last task has stopped, and for a moment after."""
        self.status, self.desired, self._plan = "DRAINING", 0, object()
        self._retire(self.staying())
        if not self.running():
            self._call.later("ecs.service.inactive", self._end)

    def stop(self, task: Task, reason: str) -> None:
        """Stop one task by hand; another takes its place after a while."""
        task.leave()
        task.stop(reason)
        self._proceed()

    def task_tags(self) -> list[dict[str, str]]:
        source = {"SERVICE": self.told.tags, "TASK_DEFINITION": self.definition.tags}
        return list(source.get(self.settings["propagateTags"], ()))

    def view(self) -> dict[str, Any]:
        """As DescribeServices tells it, without tags."""
        running = len(self.running())
        return {
            "serviceArn": self.arn,
            "serviceName": self.name,
            "clusterArn": self.cluster_arn,
            "status": self.status,
            "desiredCount": self.desired,
            "runningCount": running,
            "pendingCount": max(0, self.desired - len(self.staying())),
            "taskDefinition": self.definition.arn,
            "deploymentConfiguration": self.settings.get("deploymentConfiguration", _DEPLOYMENT),
            "deployments": [self._deployment_view(item) for item in self.deployments],
            "events": self.events[:100],
            "createdAt": self.created,
            "createdBy": f"arn:aws:iam::{self._call.account}:root",
            **{name: self.settings[name] for name in _SHOWN if name in self.settings},
        }

    def _deploy(self) -> None:
        """Begin a deployment, which becomes the primary one; those before it live until it is complete."""
        for former in self.deployments:
            former["status"] = "ACTIVE"
        number = f"ecs-svc/{secrets.randbelow(10**19):019d}"
        shown = ("launchType", "platformVersion", "networkConfiguration")
        self.deployments.insert(
            0,
            {
                "id": number,
                "status": "PRIMARY",
                "taskDefinition": self.definition.arn,
                "failedTasks": 0,
                "createdAt": _now(),
                "updatedAt": _now(),
                "rolloutState": "IN_PROGRESS",
                "rolloutStateReason": f"ECS deployment {number} in progress.",
                **{name: self.settings[name] for name in shown if name in self.settings},
            },
        )
        self._proceed()

    def _proceed(self) -> None:
        """Have the primary deployment reach the desired count after a while; a former plan is void."""
        plan = self._plan = object()
        self._call.later("ecs.service.steady", lambda: self._arrive(plan))

    def _arrive(self, plan: object) -> None:
        if plan is not self._plan:
            return
        primary = self.primary["id"]
        ours = [task for task in self.staying() if task.deployment == primary]
        fresh = [tasks.start(self._call, self, number) for number in range(len(ours), self.desired)]
        self._retire([task for task in self.staying() if task.deployment != primary])
        self.tasks += fresh
        if fresh:
            self._tell(f"has started {len(fresh)} tasks: {' '.join(_short(task) for task in fresh)}.")
        if fresh and self.settings["loadBalancers"]:
            self._call.later("target.healthy", lambda: self._complete(plan))
        else:
            self._complete(plan)

    def _complete(self, plan: object) -> None:
        if plan is not self._plan:
            return
        primary = self.primary
        self.deployments = [primary]
        if primary["rolloutState"] != "COMPLETED":
            reason = f"ECS deployment {primary['id']} completed."
            primary.update(rolloutState="COMPLETED", rolloutStateReason=reason, updatedAt=_now())
            self._tell("has reached a steady state.")

    def _retire(self, leaving: list[Task]) -> None:
        """Take these out of their target groups now, and stop them after a while."""
        for task in leaving:
            task.leave()
        if leaving:
            self._call.later("ecs.service.stopped", lambda: self._stop(leaving))

    def _stop(self, leaving: list[Task]) -> None:
        for task in leaving:
            if task.status == RUNNING:
                task.stop(f"Scaling activity initiated by (deployment {task.deployment})")
        stopped = [task for task in self.tasks if task.status != RUNNING]
        self.tasks = self.running() + stopped[-_KEPT_STOPPED:]
        self._tell(f"has stopped {len(leaving)} running tasks: {' '.join(_short(task) for task in leaving)}.")
        if self.status == "DRAINING" and not self.running():
            self._call.later("ecs.service.inactive", self._end)

    def _end(self) -> None:
        self.status = "INACTIVE"
        self.deployments = []

    def _tell(self, what: str) -> None:
        message = f"(service {self.name}) {what}"
        self.events.insert(0, {"id": str(uuid.uuid4()), "createdAt": _now(), "message": message})

    def _deployment_view(self, deployment: Mapping[str, Any]) -> dict[str, Any]:
        running = sum(task.deployment == deployment["id"] for task in self.running())
        desired = self.desired if deployment["status"] == "PRIMARY" else 0
        pending = max(0, desired - running)
        return {**deployment, "desiredCount": desired, "runningCount": running, "pendingCount": pending}


class Services:
    """All services of an account and region, by ARN; a new one takes the place of an ended one of its name."""

    def __init__(self) -> None:
        self.by_arn: dict[str, Service] = {}

    def of_cluster(self, cluster: str) -> list[Service]:
        return [service for service in self.by_arn.values() if service.cluster_name == cluster]

    def find(self, cluster: str, service: str) -> Service | None:
        """By the service's name or ARN."""
        found = (item for item in self.of_cluster(cluster) if service in (item.name, item.arn))
        return next(found, None)


def _completed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with what AWS adds inside of them."""
    given = dict(parameters)
    if "deploymentConfiguration" in given:
        given["deploymentConfiguration"] = {**_DEPLOYMENT, **given["deploymentConfiguration"]}
    network = given.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if network:
        full = {"securityGroups": [], "assignPublicIp": "DISABLED", **network}
        given["networkConfiguration"] = {"awsvpcConfiguration": full}
    return given


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _short(task: Task) -> str:
    return f"(task {task.arn.rpartition('/')[2]})"
