"""What of a service can be changed, and what a change asks for or leaves as it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.fargate import Fargate
from tests.sandbox.world import refused
from tests.sandbox_fixture import Sandbox

INVALID = "InvalidParameterException"
MAIN = {"cluster": "main", "service": "app"}
SPOT = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
NAMED = {"portMappings": [{"containerPort": 80, "name": "web"}]}


@pytest.fixture
def fargate(sandbox: Sandbox) -> Fargate:
    """With a cluster that has both of Fargate's providers."""
    made = Fargate(sandbox)
    providers = ["FARGATE", "FARGATE_SPOT"]
    made.ecs.create_cluster(clusterName="main", capacityProviders=providers)
    return made


def providers(fargate: Fargate) -> list[str | None]:
    return [task.get("capacityProviderName") for task in fargate.tasks()]


def test_other_capacity_comes_with_a_new_deployment_only(fargate: Fargate) -> None:
    fargate.new_service(desiredCount=1)
    update = fargate.ecs.update_service
    text = refused(update, INVALID, capacityProviderStrategy=SPOT, **MAIN)
    assert text.endswith("you must force a new deployment.")
    assert providers(fargate) == [None]
    update(capacityProviderStrategy=SPOT, forceNewDeployment=True, **MAIN)
    assert (providers(fargate), "launchType" in fargate.service()) == (["FARGATE_SPOT"], False)
    update(capacityProviderStrategy=[{**SPOT[0], "base": 0}], **MAIN)
    refused(update, INVALID, capacityProviderStrategy=[], **MAIN)


def test_an_empty_strategy_gives_way_to_the_launch_type(fargate: Fargate) -> None:
    parameters = fargate.service_parameters(desiredCount=1, taskDefinition=fargate.new_definition())
    del parameters["launchType"]
    fargate.ecs.create_service(**parameters, capacityProviderStrategy=SPOT)
    fargate.ecs.update_service(capacityProviderStrategy=[], forceNewDeployment=True, **MAIN)
    told = fargate.service()
    assert (told["launchType"], "capacityProviderStrategy" in told) == ("FARGATE", False)
    assert providers(fargate) == [None]


def test_a_provider_that_a_service_uses_stays(fargate: Fargate) -> None:
    fargate.new_service(desiredCount=0)
    fargate.ecs.update_service(capacityProviderStrategy=SPOT, forceNewDeployment=True, **MAIN)
    call = fargate.ecs.put_cluster_capacity_providers
    wanted: dict[str, Any] = {"cluster": "main", "defaultCapacityProviderStrategy": []}
    refused(call, "ResourceInUseException", capacityProviders=["FARGATE"], **wanted)
    call(capacityProviders=["FARGATE_SPOT"], **wanted)
    fargate.ecs.delete_service(force=True, **MAIN)
    call(capacityProviders=[], **wanted)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"enableExecuteCommand": True}, lambda task: task["enableExecuteCommand"]),
        ({"enableECSManagedTags": True}, lambda task: bool(task["tags"])),
    ],
)
def test_tasks_that_run_are_left_as_they_are(fargate: Fargate, change: dict[str, Any], told: Any) -> None:
    """Those that start later have it."""
    fargate.new_service(desiredCount=1)
    (before,) = fargate.tasks()
    fargate.ecs.update_service(**change, **MAIN)
    (after,) = fargate.tasks()
    assert (after["taskArn"], told(after)) == (before["taskArn"], False)
    fargate.ecs.stop_task(cluster="main", task=before["taskArn"])
    (other,) = fargate.tasks()
    assert told(other)


def test_a_definition_without_the_connected_port_is_refused(fargate: Fargate) -> None:
    """Also where only the task definition is named, unless the connection is changed along with it."""
    fargate.sandbox.client("servicediscovery").create_http_namespace(Name="apps")
    told = {"enabled": True, "namespace": "apps", "services": [{"portName": "web"}]}
    fargate.new_definition(container=NAMED)
    fargate.new_service(taskDefinition="app:1", desiredCount=0, serviceConnectConfiguration=told)
    renamed = {"portMappings": [{"containerPort": 80, "name": "public"}]}
    second, third = fargate.new_definition(container=renamed), fargate.new_definition(container=NAMED)
    text = refused(fargate.ecs.update_service, INVALID, taskDefinition=second, **MAIN)
    assert "'web' is not a named port mapping" in text
    fargate.ecs.update_service(taskDefinition=third, **MAIN)
    other = {**told, "services": [{"portName": "public"}]}
    fargate.ecs.update_service(taskDefinition=second, serviceConnectConfiguration=other, **MAIN)
    fargate.ecs.update_service(taskDefinition=third, serviceConnectConfiguration={"enabled": False}, **MAIN)
    fargate.ecs.update_service(taskDefinition=second, **MAIN)
