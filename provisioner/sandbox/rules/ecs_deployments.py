"""What ECS remembers of the deployments of its services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioner.sandbox.call import Call, Site
from provisioner.sandbox.containers import clusters
from provisioner.sandbox.containers.deployments import Deployment
from provisioner.sandbox.containers.services import Service, Services
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, instead

_ROLLOUTS = {"IN_PROGRESS": "IN_PROGRESS", "COMPLETED": "SUCCESSFUL", "FAILED": "STOPPED"}
_ROLLBACKS = {
    "IN_PROGRESS": "ROLLBACK_IN_PROGRESS",
    "COMPLETED": "ROLLBACK_SUCCESSFUL",
    "FAILED": "ROLLBACK_FAILED",
}
_REVISION = (
    "launchType",
    "capacityProviderStrategy",
    "loadBalancers",
    "serviceRegistries",
    "networkConfiguration",
    "serviceConnectConfiguration",
)


@instead("ecs", "ListServiceDeployments", source="ECS API Reference: ListServiceDeployments")
def deployments_are_listed_newest_first(call: Call) -> Answer:
    """By status if one is asked for. ServiceNotFoundException for an unknown service."""
    clusters.known(call)
    name = call.parameters["service"]
    service = call.ledger(Services).find(clusters.name(call), name.rpartition("/")[2])
    if service is None:
        raise Refusal("ServiceNotFoundException", "Service not found.")
    wanted = call.parameters.get("status")
    brief = [_brief(service, one) for one in service.history]
    return {"serviceDeployments": [one for one in brief if not wanted or one["status"] in wanted]}


@instead("ecs", "DescribeServiceDeployments", source="ECS API Reference: ServiceDeployment")
def deployments_tell_their_revisions(call: Call) -> Answer:
    """From which to which, and whether the circuit breaker watches. Failures for unknown ones."""
    known = {service.deployment_arn(one): (service, one) for service, one in _all(call)}
    asked = call.parameters["serviceDeploymentArns"]
    return {
        "serviceDeployments": [_described(*known[arn]) for arn in asked if arn in known],
        "failures": [{"arn": arn, "reason": "MISSING"} for arn in asked if arn not in known],
    }


@instead("ecs", "DescribeServiceRevisions", source="ECS API Reference: ServiceRevision")
def revisions_tell_what_was_deployed(call: Call) -> Answer:
    """The settings of a service as a deployment found them. Failures for unknown ones."""
    known = {service.revision_arn(one): (service, one) for service, one in _all(call)}
    asked = call.parameters["serviceRevisionArns"]
    return {
        "serviceRevisions": [_revision(*known[arn]) for arn in asked if arn in known],
        "failures": [{"arn": arn, "reason": "MISSING"} for arn in asked if arn not in known],
    }


def _all(site: Site) -> Iterator[tuple[Service, Deployment]]:
    for service in site.ledger(Services).by_arn.values():
        for deployment in service.history:
            yield service, deployment


def _brief(service: Service, deployment: Deployment) -> dict[str, Any]:
    told = {
        "serviceDeploymentArn": service.deployment_arn(deployment),
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        "startedAt": deployment.created,
        "createdAt": deployment.created,
        "finishedAt": deployment.finished,
        "targetServiceRevisionArn": service.revision_arn(deployment),
        "status": _status(service, deployment),
        "statusReason": deployment.reason if deployment.rollout == "FAILED" else None,
    }
    return {key: value for key, value in told.items() if value is not None}


def _status(service: Service, deployment: Deployment) -> str:
    """A deployment that another one has taken the place of has been stopped."""
    replaced = deployment.rollout == "IN_PROGRESS" and deployment is not service.history[0]
    names = _ROLLBACKS if deployment.rolls_back else _ROLLOUTS
    return "STOPPED" if replaced else names[deployment.rollout]


def _described(service: Service, deployment: Deployment) -> dict[str, Any]:
    told = _brief(service, deployment)
    target = {**_summary(service, deployment), "arn": told.pop("targetServiceRevisionArn")}
    breaker = service.settings["deploymentConfiguration"]["deploymentCircuitBreaker"]
    watching = {"IN_PROGRESS": "MONITORING", "COMPLETED": "MONITORING_COMPLETE", "FAILED": "TRIGGERED"}
    return {
        **told,
        "updatedAt": deployment.updated,
        "targetServiceRevision": target,
        "sourceServiceRevisions": [_summary(service, deployment.replaces)] if deployment.replaces else [],
        "deploymentConfiguration": service.settings["deploymentConfiguration"],
        "deploymentCircuitBreaker": {
            "status": watching[deployment.rollout] if breaker.get("enable") else "DISABLED",
            "failureCount": deployment.failed,
        },
    }


def _summary(service: Service, deployment: Deployment) -> dict[str, Any]:
    return {
        "arn": service.revision_arn(deployment),
        "requestedTaskCount": service.desired if deployment is service.history[0] else 0,
        "runningTaskCount": len(service.running(deployment)),
        "pendingTaskCount": len(service.pending(deployment)),
    }


def _revision(service: Service, deployment: Deployment) -> dict[str, Any]:
    containers = deployment.definition.container_definitions
    return {
        "serviceRevisionArn": service.revision_arn(deployment),
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        "taskDefinition": deployment.definition.arn,
        "platformVersion": deployment.view(0, 0, 0)["platformVersion"],
        "containerImages": [{"containerName": one["name"], "image": one["image"]} for one in containers],
        "createdAt": deployment.created,
        **{name: deployment.settings[name] for name in _REVISION if name in deployment.settings},
    }
