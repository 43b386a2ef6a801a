"""Tasks as DescribeTasks tells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.containers.tasks import UP, WAITING, Task

PLATFORM = "1.4.0"
"""What LATEST stands for."""
FAMILY = "Linux"

# The state of its interface's attachment in each state of a task's.
_ATTACHMENT = {"PROVISIONING": "PRECREATED", "DEPROVISIONING": "DETACHING", "STOPPED": "DELETED"}


def view(task: Task) -> dict[str, Any]:
    """Without its tags."""
    told = {
        "taskArn": task.arn,
        "clusterArn": task.plan.cluster_arn,
        "taskDefinitionArn": task.definition.arn,
        "group": task.plan.group,
        "startedBy": task.plan.started_by or None,
        "lastStatus": task.status,
        "desiredStatus": task.desired,
        "availabilityZone": str(task.interface.subnet.availability_zone),
        "capacityProviderName": task.plan.provider or None,
        "launchType": task.plan.launch_type,
        "platformVersion": PLATFORM,
        "platformFamily": FAMILY,
        "cpu": task.definition.cpu,
        "memory": task.definition.memory,
        "connectivity": "CONNECTED" if "connectivityAt" in task.at else None,
        "healthStatus": _health(task),
        "enableExecuteCommand": task.plan.execute_command,
        "attachments": [_attachment(task)],
        "containers": [_container(task, container) for container in task.containers],
        "overrides": {"containerOverrides": [], "inferenceAcceleratorOverrides": [], **task.plan.overrides},
        "stopCode": task.stop_code or None,
        "stoppedReason": task.stopped_reason or None,
        "ephemeralStorage": getattr(task.definition, "ephemeral_storage", None) or {"sizeInGiB": 20},
        "version": len(task.at),
        **task.at,
    }
    return {key: value for key, value in told.items() if value is not None}


def _health(task: Task) -> str:
    return "HEALTHY" if task.checked and task.settled else "UNKNOWN"


def _attachment(task: Task) -> dict[str, Any]:
    details = {"subnetId": task.interface.subnet.id}
    if task.status != "PROVISIONING":
        details |= {
            "networkInterfaceId": task.interface.id,
            "macAddress": task.interface.mac_address,
            "privateDnsName": f"ip-{task.address.replace('.', '-')}.{task.site.region}.compute.internal",
            "privateIPv4Address": task.address,
        }
    return {
        "id": task.attachment,
        "type": "ElasticNetworkInterface",
        "status": _ATTACHMENT.get(task.status, "ATTACHED"),
        "details": [{"name": name, "value": value} for name, value in details.items()],
    }


def _container(task: Task, container: Mapping[str, Any]) -> dict[str, Any]:
    told = {
        "containerArn": f"{task.arn.replace(':task/', ':container/')}/{container['name']}",
        "taskArn": task.arn,
        "name": container["name"],
        "image": container["image"],
        "runtimeId": f"{task.id}-{len(container['name'])}" if task.ran else None,
        "lastStatus": _state(task),
        "exitCode": task.exit_code if _state(task) == "STOPPED" and task.ran else None,
        "reason": task.container_reason or None,
        "healthStatus": _health(task) if "healthCheck" in container else "UNKNOWN",
        "cpu": str(container.get("cpu", 0)),
        "memory": str(container["memory"]) if "memory" in container else None,
        "networkBindings": [],
        "networkInterfaces": [] if task.status == "PROVISIONING" else [_address(task)],
    }
    return {key: value for key, value in told.items() if value is not None}


def _state(task: Task) -> str:
    """Containers know fewer states than tasks."""
    return "PENDING" if task.status in WAITING else "RUNNING" if task.status in UP else "STOPPED"


def _address(task: Task) -> dict[str, str]:
    return {"attachmentId": task.attachment, "privateIpv4Address": task.address}
