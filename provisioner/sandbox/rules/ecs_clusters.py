"""ECS clusters."""

from __future__ import annotations

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead
from provisioner.sandbox.services import Services


@before("ecs", "CreateCluster", source="ECS API Reference")
def name_of_a_living_cluster_gives_that(call: Call) -> Answer | None:
    """The existing cluster, unchanged, whatever the other parameters."""
    cluster = backends.ecs(call).clusters.get(call.parameters.get("clusterName", "default"))
    return {"cluster": cluster} if cluster is not None and cluster.status == "ACTIVE" else None


@before("ecs", "DeleteCluster", source="ECS API Reference")
def services_hold_their_cluster(call: Call) -> None:
    """ClusterContainsServicesException while one is ACTIVE or DRAINING."""
    cluster = call.parameters["cluster"].rpartition("/")[2]
    if any(service.status != "INACTIVE" for service in call.ledger(Services).of_cluster(cluster)):
        message = "The Cluster cannot be deleted while Services are active."
        raise Refusal("ClusterContainsServicesException", message)


@after("ecs", "DescribeClusters", source="ECS API Reference")
def services_and_tasks_are_counted(call: Call, answer: Answer) -> None:
    """How many of each the cluster has."""
    for cluster in answer["clusters"]:
        services = call.ledger(Services).of_cluster(cluster["clusterName"])
        living = [service for service in services if service.status == "ACTIVE"]
        cluster["activeServicesCount"] = len(living)
        cluster["runningTasksCount"] = sum(len(service.running()) for service in services)
        cluster["pendingTasksCount"] = sum(service.view()["pendingCount"] for service in living)


@after("ecs", "ListClusters", source="ECS API Reference")
def only_living_clusters_are_listed(call: Call, answer: Answer) -> None:
    """INACTIVE ones are described when asked for by name, never listed."""
    clusters = backends.ecs(call).clusters.values()
    ended = {cluster.arn for cluster in clusters if cluster.status == "INACTIVE"}
    answer["clusterArns"] = [arn for arn in answer["clusterArns"] if arn not in ended]


@instead("ecs", "UpdateClusterSettings", source="ECS API Reference")
def settings_are_replaced(call: Call) -> Answer:
    """Those that are named; the others stay."""
    backend, name = backends.ecs(call), call.parameters["cluster"]
    found = backend._get_cluster(name)
    if found.status != "ACTIVE":
        raise Refusal("ClusterNotFoundException", "Cluster not found.")
    new = {item["name"]: item for item in [*(found.settings or ()), *call.parameters["settings"]]}
    return {"cluster": backend.update_cluster(name, list(new.values()), None, None)}
