"""ECS services: what they are asked to be, and what of it is there."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from moto.ecs.models import Service as MotoService
from moto.ecs.models import TaskDefinition

from provisioner.sandbox.call import Site
from provisioner.sandbox.containers.deployments import Deployment
from provisioner.sandbox.containers.task_view import FAMILY
from provisioner.sandbox.containers.tasks import UP, WAITING, Plan, Task, now

# A change of these is a new deployment; a change of anything else needs none.
_DEPLOYED = (
    "networkConfiguration",
    "platformVersion",
    "loadBalancers",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
)
# Not enableExecuteCommand and what is for tags: tasks that start later have it (ECS API reference, UpdateService).
# What AWS says of parameters that were not given.
_DEFAULTS: Mapping[str, Any] = {
    "loadBalancers": [],
    "serviceRegistries": [],
    "platformVersion": "LATEST",
    "schedulingStrategy": "REPLICA",
    "deploymentController": {"type": "ECS"},
    "healthCheckGracePeriodSeconds": 0,
    "enableECSManagedTags": False,
    "enableExecuteCommand": False,
    "propagateTags": "NONE",
    "placementConstraints": [],
    "placementStrategy": [],
    "availabilityZoneRebalancing": "ENABLED",
}
_DEPLOYMENT: Mapping[str, Any] = {
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
    "strategy": "ROLLING",
    "bakeTimeInMinutes": 0,
}
_SHOWN = (*_DEFAULTS, "networkConfiguration", "launchType", "capacityProviderStrategy")
_EVENTS = 100


class Service:
    """One service, from its creation until long after its end. `told` is moto's own, which has the tags."""

    def __init__(
        self, site: Site, told: MotoService, definition: TaskDefinition, asked: Mapping[str, Any]
    ) -> None:
        self.site = site
        self.told = told
        self.asked = dict(asked)
        self.settings: dict[str, Any] = {**_DEFAULTS, "deploymentConfiguration": _DEPLOYMENT, **completed(asked)}
        self.name, self.arn = told.name, told.arn
        self.cluster_name, self.cluster_arn = told.cluster_name, told.cluster_arn
        self.definition = definition
        self.status = "ACTIVE"
        self.desired = int(asked.get("desiredCount", 0))
        self.tasks: list[Task] = []
        """Those that have not stopped."""
        self.targets: set[str] = set()
        """Ids of tasks that are registered with the load balancers."""
        self.events: list[dict[str, Any]] = []
        self.created = now()
        self.deployments: list[Deployment] = []
        self.history: list[Deployment] = []
        self.well: set[str] = set()
        """Ids of tasks that run and pass all checks."""
        self.streak = 0
        """How many tasks in a row failed."""
        self.rests_until = float("-inf")
        self.steady = self.awake = self.watched = self.ending = False
        self.told_at = site.world.clock.now()
        """When something last happened."""

    @property
    def primary(self) -> Deployment:
        return self.deployments[0]

    @property
    def grace(self) -> float:
        """Seconds of ours for which a young task may fail its load balancers' health checks."""
        return self.site.world.latencies.scaled(self.settings["healthCheckGracePeriodSeconds"])

    def staying(self, deployment: Deployment | None = None) -> list[Task]:
        """Tasks that are to run, or soon will, of one deployment or of all."""
        return [task for task in self._of(deployment) if not task.leaving]

    def running(self, deployment: Deployment | None = None) -> list[Task]:
        """Tasks whose containers run, some of them perhaps on the way out."""
        return [task for task in self._of(deployment) if task.status in UP]

    def pending(self, deployment: Deployment | None = None) -> list[Task]:
        return [task for task in self.staying(deployment) if task.status in WAITING]

    def well_of(self, deployment: Deployment) -> list[Task]:
        return [task for task in self.staying(deployment) if task.id in self.well]

    def has_tasks(self, deployment: Deployment) -> bool:
        """Whether any of its tasks is there or on the way out."""
        return any(task.status in (*WAITING, *UP) for task in self._of(deployment))

    def is_as_desired(self) -> bool:
        """Whether there are just the tasks that there should be, all well and of the primary deployment."""
        there = self.running() + self.pending()
        return len(self.deployments) == 1 and len(there) == len(self.well_of(self.primary)) == self.desired

    def deployment_of(self, task: Task) -> Deployment | None:
        return next((one for one in self.history if one.id == task.plan.started_by), None)

    def _of(self, deployment: Deployment | None) -> list[Task]:
        return [task for task in self.tasks if deployment is None or task.plan.started_by == deployment.id]

    def deploy(self, replaces: Deployment | None = None, **more: Any) -> Deployment:
        """Begin a deployment, which becomes the primary one; those before it live until their tasks are gone."""
        for former in self.deployments:
            former.status = "ACTIVE"
        new = Deployment(self.definition, dict(self.settings), replaces=replaces, **more)
        self.deployments.insert(0, new)
        self.history.insert(0, new)
        self.streak, self.rests_until, self.steady = 0, float("-inf"), False
        return new

    def change(self, asked: Mapping[str, Any], definition: TaskDefinition | None) -> Deployment | None:
        """Take over new parameters; the new deployment, if they are of those that tasks are started with."""
        changes = completed(asked, self.settings)
        fresh = definition is not None and definition is not self.definition
        fresh = fresh or any(changes[name] != self.settings.get(name) for name in _DEPLOYED if name in changes)
        self.settings = {**self.settings, **changes}
        self._change_capacity(changes)
        self.definition = definition or self.definition
        self.desired = int(asked.get("desiredCount", self.desired))
        self.steady = False
        return self.deploy(self.primary) if fresh or asked.get("forceNewDeployment") else None

    def _change_capacity(self, changes: Mapping[str, Any]) -> None:
        """A strategy takes the place of the launch type, and an empty one gives way to it."""
        if changes.get("capacityProviderStrategy"):
            self.settings.pop("launchType", None)
        elif "capacityProviderStrategy" in changes:
            self.settings.pop("capacityProviderStrategy")
            self.settings["launchType"] = "FARGATE"

    def return_to(self, deployment: Deployment, reason: str) -> Deployment:
        """Deploy anew what a former deployment was made with."""
        self.definition = deployment.definition
        self.settings |= {name: deployment.settings[name] for name in _DEPLOYED if name in deployment.settings}
        return self.deploy(self.primary, reason=reason, rolls_back=True)

    def plan(self, deployment: Deployment) -> Plan:
        """What a task of this deployment is started with."""
        settings = deployment.settings
        strategy = settings.get("capacityProviderStrategy") or [{}]
        return Plan(
            cluster=self.cluster_name,
            cluster_arn=self.cluster_arn,
            definition=deployment.definition,
            group=f"service:{self.name}",
            network=settings["networkConfiguration"]["awsvpcConfiguration"],
            started_by=deployment.id,
            provider=strategy[0].get("capacityProvider", ""),
            tags=self._task_tags(deployment),
            execute_command=self.settings["enableExecuteCommand"],
        )

    def _task_tags(self, deployment: Deployment) -> list[dict[str, str]]:
        source = {"SERVICE": self.told.tags, "TASK_DEFINITION": deployment.definition.tags}
        managed = {"aws:ecs:clusterName": self.cluster_name, "aws:ecs:serviceName": self.name}
        own = [{"key": key, "value": value} for key, value in managed.items()]
        given = list(source.get(self.settings["propagateTags"], ()))
        return [*(own if self.settings["enableECSManagedTags"] else ()), *given]

    def tell(self, what: str, who: str = "") -> None:
        """Add an event; the same one again is left out."""
        message = f"(service {self.name}{who}) {what}"
        if not self.events or self.events[0]["message"] != message:
            self.events.insert(0, {"id": str(uuid.uuid4()), "createdAt": now(), "message": message})
            del self.events[_EVENTS:]
        self.told_at = self.site.world.clock.now()

    def view(self) -> dict[str, Any]:
        """As DescribeServices tells it, without tags."""
        account = self.site.account
        linked = f"arn:aws:iam::{account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
        told = {
            "serviceArn": self.arn,
            "serviceName": self.name,
            "clusterArn": self.cluster_arn,
            "status": self.status,
            "desiredCount": self.desired,
            "runningCount": len(self.running()),
            "pendingCount": len(self.pending()),
            "taskDefinition": self.definition.arn,
            "deploymentConfiguration": self.settings["deploymentConfiguration"],
            "deployments": [self._deployment(item) for item in self.deployments],
            "events": self.events,
            "createdAt": self.created,
            "createdBy": f"arn:aws:iam::{account}:root",
            "platformFamily": FAMILY,
            "currentServiceDeployment": self.deployment_arn(self.primary) if self.deployments else None,
            "roleArn": linked if self.settings["loadBalancers"] or self.settings["serviceRegistries"] else None,
            **{name: self.settings[name] for name in _SHOWN if name in self.settings},
        }
        return {key: value for key, value in told.items() if value is not None}

    def deployment_arn(self, deployment: Deployment) -> str:
        return f"{self.arn.replace(':service/', ':service-deployment/')}/{deployment.key}"

    def revision_arn(self, deployment: Deployment) -> str:
        return f"{self.arn.replace(':service/', ':service-revision/')}/{deployment.revision}"

    def _deployment(self, deployment: Deployment) -> dict[str, Any]:
        desired = self.desired if deployment is self.primary else 0
        return deployment.view(desired, len(self.pending(deployment)), len(self.running(deployment)))


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


def completed(parameters: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The parameters with what AWS adds inside of them."""
    given = dict(parameters)
    if "deploymentConfiguration" in given:
        former = (before or {}).get("deploymentConfiguration", _DEPLOYMENT)
        given["deploymentConfiguration"] = {**former, **given["deploymentConfiguration"]}
    network = given.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if network:
        full = {"securityGroups": [], "assignPublicIp": "DISABLED", **network}
        given["networkConfiguration"] = {"awsvpcConfiguration": full}
    return given
