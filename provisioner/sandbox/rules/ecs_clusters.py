"""ECS clusters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.containers import clusters
from provisioner.sandbox.containers.services import Services
from provisioner.sandbox.containers.tasks import UP, WAITING, Tasks
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead

_INVALID = "InvalidParameterException"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_INSIGHTS = ("enabled", "disabled", "enhanced")


@before("ecs", "CreateCluster", source="ECS API Reference: CreateCluster")
def cluster_has_a_proper_name(call: Call) -> None:
    """InvalidParameterException for other characters than letters, digits, hyphens and underscores."""
    if not _NAME.fullmatch(call.parameters.get("clusterName", "default")):
        raise Refusal(_INVALID, "Cluster name contains invalid characters.")


@before("ecs", "CreateCluster", source="ECS API Reference: CreateCluster")
def name_of_a_living_cluster_gives_that(call: Call) -> Answer | None:
    """The existing cluster, unchanged, whatever the other parameters; a name of an INACTIVE one is free."""
    cluster = backends.ecs(call).clusters.get(call.parameters.get("clusterName", "default"))
    return {"cluster": cluster} if cluster is not None and cluster.status == "ACTIVE" else None


@before(
    "ecs", "CreateCluster", "UpdateCluster", "UpdateClusterSettings", source="ECS API Reference: ClusterSetting"
)
def settings_are_known(call: Call) -> None:
    """InvalidParameterException for another setting than containerInsights, or an unknown value of it."""
    for setting in call.parameters.get("settings", ()):
        if setting.get("name") != "containerInsights" or setting.get("value") not in _INSIGHTS:
            told = f"{setting.get('name')}={setting.get('value')}"
            raise Refusal(
                _INVALID, f"Invalid cluster setting {told}: containerInsights takes {', '.join(_INSIGHTS)}."
            )


@before("ecs", "CreateCluster", "PutClusterCapacityProviders", source="ECS API Reference: CreateCluster")
def capacity_providers_are_known(call: Call) -> None:
    """InvalidParameterException for a provider that there is not, or a default one that the cluster has not."""
    asked = call.parameters
    own = backends.ecs(call).capacity_providers
    names = asked.get("capacityProviders", [])
    for name in names:
        if name not in clusters.FARGATE and name not in own:
            message = "The specified capacity provider was not found. Specify a valid name or ARN and try again."
            raise Refusal(_INVALID, message)
    strategy = asked.get("defaultCapacityProviderStrategy", ())
    if missing := [item["capacityProvider"] for item in strategy if item["capacityProvider"] not in names]:
        told = "The specified capacity provider strategy contains a capacity provider that is not associated with"
        raise Refusal(_INVALID, f"{told} the cluster: {', '.join(missing)}.")


@before(
    "ecs",
    "PutClusterCapacityProviders",
    source="ECS API Reference: PutClusterCapacityProviders, ResourceInUseException; the wording from memory",
)
def providers_in_use_stay(call: Call) -> None:
    """ResourceInUseException for a call that leaves out a provider which a service uses."""
    left = call.parameters.get("capacityProviders", ())
    for service in call.ledger(Services).of_cluster(clusters.name(call)):
        used = service.settings.get("capacityProviderStrategy", ()) if service.status != "INACTIVE" else ()
        if any(item["capacityProvider"] not in left for item in used):
            raise Refusal(
                "ResourceInUseException", "The specified capacity provider is in use and cannot be removed."
            )


@before(
    "ecs",
    "UpdateCluster",
    "PutClusterCapacityProviders",
    "DeleteCluster",
    source="ECS API Reference: ClusterNotFoundException",
)
def ended_cluster_cannot_be_changed(call: Call) -> None:
    """ClusterNotFoundException for an INACTIVE cluster, as for an unknown one."""
    clusters.active(call)


@before("ecs", "DeleteCluster", source="ECS API Reference: DeleteCluster")
def services_and_tasks_hold_their_cluster(call: Call) -> None:
    """ClusterContainsServicesException while one is ACTIVE or DRAINING; ClusterContainsTasksException."""
    name = clusters.name(call)
    if any(service.status != "INACTIVE" for service in call.ledger(Services).of_cluster(name)):
        message = "The Cluster cannot be deleted while Services are active."
        raise Refusal("ClusterContainsServicesException", message)
    if any(task.status != "STOPPED" for task in call.ledger(Tasks).of_cluster(name)):
        raise Refusal("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")


@after("ecs", "DescribeClusters", source="ECS API Reference: Cluster")
def services_and_tasks_are_counted(call: Call, answer: Answer) -> None:
    """How many of each the cluster has, and its settings only if they are asked for."""
    for cluster in answer["clusters"]:
        name = cluster["clusterName"]
        states = [task.status for task in call.ledger(Tasks).of_cluster(name)]
        services = call.ledger(Services).of_cluster(name)
        cluster["activeServicesCount"] = sum(service.status == "ACTIVE" for service in services)
        cluster["runningTasksCount"] = sum(state in UP for state in states)
        cluster["pendingTasksCount"] = sum(state in WAITING for state in states)
        _leave_out(cluster, call.parameters.get("include", ()))


@after("ecs", "ListClusters", source="ECS API Reference: ListClusters")
def only_living_clusters_are_listed(call: Call, answer: Answer) -> None:
    """INACTIVE ones are described when asked for by name, never listed."""
    known = backends.ecs(call).clusters.values()
    ended = {cluster.arn for cluster in known if cluster.status == "INACTIVE"}
    answer["clusterArns"] = [arn for arn in answer["clusterArns"] if arn not in ended]


@instead("ecs", "UpdateClusterSettings", source="ECS API Reference: UpdateClusterSettings")
def settings_are_replaced(call: Call) -> Answer:
    """Those that are named; the others stay."""
    found = clusters.active(call)
    new = {item["name"]: item for item in [*(found.settings or ()), *call.parameters["settings"]]}
    return {"cluster": backends.ecs(call).update_cluster(found.name, list(new.values()), None, None)}


def _leave_out(cluster: dict[str, Any], included: Iterable[str]) -> None:
    """What DescribeClusters tells only to those who ask."""
    told: Mapping[str, str] = {"SETTINGS": "settings", "CONFIGURATIONS": "configuration"}
    for wish, member in told.items():
        if wish not in included:
            cluster.pop(member, None)
