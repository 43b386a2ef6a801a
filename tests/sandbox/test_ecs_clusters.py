"""Clusters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.fargate import Fargate
from tests.sandbox.world import Network, refused
from tests.sandbox_fixture import Sandbox

TAGS = [{"key": "a", "value": "b"}]
INSIGHTS = [{"name": "containerInsights", "value": "enabled"}]
INVALID = "InvalidParameterException"


@pytest.fixture
def fargate(sandbox: Sandbox) -> Iterator[Fargate]:
    """With AWS's own times."""
    sandbox.become("scaled=1")
    yield Fargate(sandbox)
    sandbox.become("instant")


def test_a_cluster_of_the_same_name_is_returned_unchanged(fargate: Fargate) -> None:
    first = fargate.ecs.create_cluster(clusterName="main", tags=TAGS, settings=INSIGHTS)["cluster"]
    assert first["status"] == "ACTIVE"
    again = fargate.ecs.create_cluster(clusterName="main", tags=[{"key": "other", "value": "x"}])["cluster"]
    assert again["clusterArn"] == first["clusterArn"]
    told = fargate.ecs.describe_clusters(clusters=["main"], include=["TAGS", "SETTINGS"])["clusters"][0]
    assert (told["tags"], told["settings"]) == (TAGS, INSIGHTS)
    assert "settings" not in fargate.ecs.describe_clusters(clusters=["main"])["clusters"][0]


def test_an_ended_cluster_is_described_but_not_listed_and_its_name_is_free(fargate: Fargate) -> None:
    fargate.ecs.create_cluster(clusterName="main", tags=TAGS)
    fargate.ecs.delete_cluster(cluster="main")
    assert fargate.ecs.describe_clusters(clusters=["main"])["clusters"][0]["status"] == "INACTIVE"
    assert fargate.ecs.list_clusters()["clusterArns"] == []
    refused(fargate.ecs.delete_cluster, "ClusterNotFoundException", cluster="main")
    refused(fargate.ecs.update_cluster, "ClusterNotFoundException", cluster="main", settings=INSIGHTS)
    assert fargate.ecs.create_cluster(clusterName="main")["cluster"]["status"] == "ACTIVE"
    assert not fargate.ecs.describe_clusters(clusters=["main"], include=["TAGS"])["clusters"][0].get("tags")


def test_settings_can_be_updated(fargate: Fargate) -> None:
    update = fargate.ecs.update_cluster_settings
    refused(update, "ClusterNotFoundException", cluster="main", settings=INSIGHTS)
    fargate.ecs.create_cluster(clusterName="main")
    update(cluster="main", settings=INSIGHTS)
    told = fargate.ecs.describe_clusters(clusters=["main"], include=["SETTINGS"])["clusters"][0]
    assert told["settings"] == INSIGHTS


@pytest.mark.parametrize(
    "wrong",
    [
        {"clusterName": "a b"},
        {"settings": [{"name": "containerInsights", "value": "on"}]},
        {"capacityProviders": ["MINE"]},
        {"defaultCapacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}]},
    ],
)
def test_wrong_clusters_are_refused(fargate: Fargate, wrong: dict[str, Any]) -> None:
    refused(fargate.ecs.create_cluster, INVALID, **{"clusterName": "main", **wrong})
    assert fargate.ecs.list_clusters()["clusterArns"] == []
    right = {"capacityProviders": ["FARGATE", "FARGATE_SPOT"], "settings": INSIGHTS}
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    fargate.ecs.create_cluster(clusterName="main", defaultCapacityProviderStrategy=strategy, **right)


def test_a_cluster_stays_while_a_service_is_in_it(fargate: Fargate) -> None:
    fargate.new_service(desiredCount=0)
    refused(fargate.ecs.delete_cluster, "ClusterContainsServicesException", cluster="main")
    fargate.ecs.delete_service(cluster="main", service="app")
    fargate.sandbox.advance(5)
    assert fargate.service()["status"] == "DRAINING"
    refused(fargate.ecs.delete_cluster, "ClusterContainsServicesException", cluster="main")
    fargate.sandbox.advance(6)
    fargate.ecs.delete_cluster(cluster="main")


def test_a_cluster_stays_while_a_task_is_in_it(fargate: Fargate) -> None:
    fargate.ecs.create_cluster(clusterName="main")
    task = fargate.ecs.run_task(
        cluster="main",
        launchType="FARGATE",
        taskDefinition=fargate.new_definition(),
        networkConfiguration=fargate.placement(),
    )["tasks"][0]["taskArn"]
    (told,) = fargate.ecs.describe_clusters(clusters=["main"])["clusters"]
    assert (told["pendingTasksCount"], told["runningTasksCount"]) == (1, 0)
    fargate.sandbox.advance(60)
    (told,) = fargate.ecs.describe_clusters(clusters=["main"])["clusters"]
    assert (told["pendingTasksCount"], told["runningTasksCount"]) == (0, 1)
    refused(fargate.ecs.delete_cluster, "ClusterContainsTasksException", cluster="main")
    fargate.ecs.stop_task(cluster="main", task=task)
    fargate.sandbox.advance(20)
    fargate.ecs.delete_cluster(cluster="main")


def test_its_default_capacity_providers_place_tasks(fargate: Fargate) -> None:
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]
    fargate.ecs.create_cluster(
        clusterName="main", capacityProviders=["FARGATE_SPOT"], defaultCapacityProviderStrategy=strategy
    )
    wanted = fargate.service_parameters(taskDefinition=fargate.new_definition(), desiredCount=1)
    del wanted["launchType"]
    service = fargate.ecs.create_service(**wanted)["service"]
    assert (service["capacityProviderStrategy"], "launchType" in service) == (strategy, False)
    fargate.sandbox.advance(60)
    (task,) = fargate.tasks()
    assert (task["capacityProviderName"], task["lastStatus"]) == ("FARGATE_SPOT", "RUNNING")


def test_insights_write_to_a_group_that_comes_again(fargate: Fargate) -> None:
    group = "/aws/ecs/containerinsights/main/performance"
    logs = fargate.sandbox.client("logs")

    def groups() -> list[str]:
        return [one["logGroupName"] for one in logs.describe_log_groups()["logGroups"]]

    fargate.ecs.create_cluster(clusterName="main", settings=INSIGHTS)
    fargate.new_service(desiredCount=1)
    fargate.sandbox.advance(60)
    assert (fargate.statuses(), groups()) == (["RUNNING"], [])
    fargate.sandbox.advance(60)
    assert groups() == [group]
    fargate.ecs.delete_service(cluster="main", service="app", force=True)
    fargate.sandbox.advance(40)
    fargate.ecs.delete_cluster(cluster="main")
    logs.delete_log_group(logGroupName=group)
    assert groups() == []
    fargate.sandbox.advance(60)
    assert groups() == [group]


def test_without_insights_there_is_no_such_group(fargate: Fargate) -> None:
    fargate.new_service(desiredCount=1)
    fargate.sandbox.advance(200)
    assert fargate.statuses() == ["RUNNING"]
    assert fargate.sandbox.client("logs").describe_log_groups()["logGroups"] == []


def test_the_first_use_makes_the_service_linked_role(fargate: Fargate) -> None:
    iam = fargate.sandbox.client("iam")
    refused(iam.get_role, "NoSuchEntity", RoleName="AWSServiceRoleForECS")
    fargate.ecs.create_cluster(clusterName="main")
    assert iam.get_role(RoleName="AWSServiceRoleForECS")["Role"]["Path"] == "/aws-service-role/ecs.amazonaws.com/"


def test_the_first_use_may_be_ahead_of_the_service_linked_role(network: Network) -> None:
    network.sandbox.latencies({"iam.linked_role.usable": 10})
    network.ecs.create_cluster(clusterName="main")
    wanted = network.service_parameters(taskDefinition=network.new_definition())
    message = refused(network.ecs.create_service, "InvalidParameterException", **wanted)
    assert message.startswith("Unable to assume the service linked role.")
    network.sandbox.advance(11)
    network.ecs.create_service(**wanted)
