"""Tasks of ECS services, which moto never starts."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ecs.models import TaskDefinition

from provisioner.sandbox import interfaces, targets
from provisioner.sandbox.call import Call

RUNNING, STOPPED = "RUNNING", "STOPPED"


@dataclass
class Task:
    """One task of a service on Fargate, with its interface in one of the service's subnets."""

    call: Call
    arn: str
    cluster: str
    definition: TaskDefinition
    deployment: str
    group: str
    settings: Mapping[str, Any]
    interface: NetworkInterface | None
    tags: Sequence[Mapping[str, str]] = ()
    desired: str = RUNNING
    status: str = RUNNING
    reason: str = ""
    started: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))
    stopped: datetime.datetime | None = None

    def enter(self) -> None:
        """Become a target of the service's load balancers."""
        for balancer in self._balancers():
            targets.register(self.call, balancer["targetGroupArn"], self._address(), balancer["containerPort"])

    def leave(self) -> None:
        """Be deregistered, and be on the way out."""
        self.desired = STOPPED
        for balancer in self._balancers():
            targets.deregister(self.call, balancer["targetGroupArn"], self._address())

    def stop(self, reason: str) -> None:
        """End. The interface outlives it for a while."""
        self.desired = self.status = STOPPED
        self.reason, self.stopped = reason, datetime.datetime.now(datetime.UTC)
        if self.interface is not None:
            self.call.later("ecs.task.interface", interfaces.remover(self.call, [self.interface]))

    def view(self) -> dict[str, Any]:
        """As DescribeTasks tells it."""
        told = {
            "taskArn": self.arn,
            "clusterArn": self.cluster,
            "taskDefinitionArn": self.definition.arn,
            "group": self.group,
            "startedBy": self.deployment,
            "lastStatus": self.status,
            "desiredStatus": self.desired,
            "launchType": self.settings.get("launchType", "FARGATE"),
            "platformVersion": self.settings.get("platformVersion", "LATEST"),
            "cpu": self.definition.cpu,
            "memory": self.definition.memory,
            "attachments": self._attachments(),
            "containers": [self._container(container) for container in self.definition.container_definitions],
            "createdAt": self.started,
            "startedAt": self.started,
            "stoppedAt": self.stopped,
            "stoppedReason": self.reason or None,
            "tags": list(self.tags),
        }
        return {key: value for key, value in told.items() if value is not None}

    def _balancers(self) -> list[Mapping[str, Any]]:
        return [item for item in self.settings.get("loadBalancers", ()) if "targetGroupArn" in item]

    def _address(self) -> str:
        return str(self.interface.private_ip_address) if self.interface else "127.0.0.1"

    def _attachments(self) -> list[dict[str, Any]]:
        if self.interface is None:
            return []
        details = {
            "subnetId": self.interface.subnet.id,
            "networkInterfaceId": self.interface.id,
            "macAddress": self.interface.mac_address,
            "privateIPv4Address": self._address(),
        }
        return [
            {
                "id": self.arn.rpartition("/")[2],
                "type": "ElasticNetworkInterface",
                "status": "ATTACHED" if self.status == RUNNING else "DELETED",
                "details": [{"name": name, "value": value} for name, value in details.items()],
            }
        ]

    def _container(self, container: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "name": container["name"],
            "image": container["image"],
            "taskArn": self.arn,
            "lastStatus": self.status,
            "networkInterfaces": [{"privateIpv4Address": self._address()}] if self.interface else [],
        }


def start(call: Call, service: Any, number: int) -> Task:
    """Start one task of a service, in the next of its subnets."""
    arn = f"arn:aws:ecs:{call.region}:{call.account}:task/{service.cluster_name}/{uuid.uuid4().hex}"
    task = Task(
        call=call,
        arn=arn,
        cluster=service.cluster_arn,
        definition=service.definition,
        deployment=service.primary["id"],
        group=f"service:{service.name}",
        settings=service.settings,
        interface=_interface(call, service.settings, arn, number),
        tags=service.task_tags(),
    )
    task.enter()
    return task


def _interface(call: Call, settings: Mapping[str, Any], arn: str, number: int) -> NetworkInterface | None:
    network = settings.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if not network:
        return None
    subnet = network["subnets"][number % len(network["subnets"])]
    description = f"arn:aws:ecs:{call.region}:{call.account}:attachment/{uuid.uuid4()}"
    public = network.get("assignPublicIp") == "ENABLED"
    return interfaces.place(call, subnet, network.get("securityGroups", ()), description, public=public)
