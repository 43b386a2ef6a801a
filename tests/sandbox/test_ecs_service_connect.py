"""Service Connect, and registries of Cloud Map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.fargate import Fargate
from tests.sandbox.world import refused
from tests.sandbox_fixture import Sandbox

NAMED = {"portMappings": [{"containerPort": 80, "name": "web"}]}


@pytest.fixture
def fargate(sandbox: Sandbox) -> Iterator[Fargate]:
    """With AWS's own times, a cluster, a namespace `apps`, and a task definition with a port `web`."""
    sandbox.become("scaled=1")
    made = Fargate(sandbox)
    made.ecs.create_cluster(clusterName="main")
    sandbox.client("servicediscovery").create_http_namespace(Name="apps")
    sandbox.advance(60)
    made.new_definition(container=NAMED)
    yield made
    sandbox.become("instant")


def connect(**more: Any) -> dict[str, Any]:
    service = {"portName": "web", "clientAliases": [{"port": 80, "dnsName": "web"}]}
    return {"serviceConnectConfiguration": {"enabled": True, "namespace": "apps", "services": [service], **more}}


def cloud_map(fargate: Fargate) -> dict[str, str]:
    """Ids of Cloud Map's services, by name."""
    answer = fargate.sandbox.client("servicediscovery").list_services()
    return {one["Name"]: one["Id"] for one in answer["Services"]}


def test_it_is_told_and_known_in_cloud_map_until_after_the_end(fargate: Fargate) -> None:
    fargate.new_service(taskDefinition="app:1", desiredCount=1, **connect())
    told = fargate.primary()
    assert told["serviceConnectConfiguration"] == connect()["serviceConnectConfiguration"]
    (resource,) = told["serviceConnectResources"]
    assert resource["discoveryName"] == "web"
    fargate.sandbox.advance(60)
    discovery = fargate.sandbox.client("servicediscovery")
    (instance,) = discovery.list_instances(ServiceId=cloud_map(fargate)["web"])["Instances"]
    (task,) = fargate.tasks()
    details = {item["name"]: item["value"] for item in task["attachments"][0]["details"]}
    assert instance["Attributes"]["AWS_INSTANCE_IPV4"] == details["privateIPv4Address"]
    assert instance["Attributes"]["AWS_INSTANCE_PORT"] == "80"
    (arn,) = fargate.ecs.list_services_by_namespace(namespace="apps")["serviceArns"]
    assert arn == fargate.service()["serviceArn"]
    fargate.ecs.delete_service(cluster="main", service="app", force=True)
    fargate.sandbox.advance(50)
    assert (fargate.service()["status"], list(cloud_map(fargate))) == ("INACTIVE", ["web"])
    fargate.sandbox.advance(330)
    assert cloud_map(fargate) == {}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"namespace": "other"}, "NamespaceNotFoundException"),
        ({"services": [{"portName": "api"}]}, "InvalidParameterException"),
        ({"services": [{"portName": "web", "discoveryName": "Web"}]}, "InvalidParameterException"),
        ({"services": [{"portName": "web", "discoveryName": "w" * 65}]}, "InvalidParameterException"),
        (
            {"services": [{"portName": "web", "clientAliases": [{"port": 80}, {"port": 81}]}]},
            "InvalidParameterException",
        ),
        ({"services": [{"portName": "web"}, {"portName": "web"}]}, "InvalidParameterException"),
    ],
)
def test_what_is_wrong_with_it_is_refused(fargate: Fargate, wrong: dict[str, Any], code: str) -> None:
    parameters = fargate.service_parameters(taskDefinition="app", desiredCount=0)
    refused(fargate.ecs.create_service, code, **parameters, **connect(**wrong))
    fargate.ecs.create_service(**parameters, **connect())
    refused(fargate.ecs.update_service, code, cluster="main", service="app", **connect(**wrong))


def test_without_a_namespace_it_is_the_clusters(fargate: Fargate) -> None:
    told = {"enabled": True, "services": [{"portName": "web"}]}
    parameters = fargate.service_parameters(taskDefinition="app", desiredCount=0, serviceConnectConfiguration=told)
    refused(fargate.ecs.create_service, "InvalidParameterException", **parameters)
    fargate.ecs.update_cluster(cluster="main", serviceConnectDefaults={"namespace": "apps"})
    fargate.ecs.create_service(**parameters)
    assert cloud_map(fargate).keys() == {"web"}
    refused(fargate.ecs.list_services_by_namespace, "NamespaceNotFoundException", namespace="other")


def test_a_registry_knows_the_addresses_of_tasks_that_run(fargate: Fargate) -> None:
    discovery = fargate.sandbox.client("servicediscovery")
    (space,) = discovery.list_namespaces()["Namespaces"]
    made = discovery.create_service(Name="api", NamespaceId=space["Id"])["Service"]
    wanted = {"taskDefinition": "app", "desiredCount": 1}
    parameters = fargate.service_parameters(**wanted)
    wrong = [{"registryArn": made["Arn"].replace(made["Id"], "srv-x")}]
    refused(fargate.ecs.create_service, "InvalidParameterException", serviceRegistries=wrong, **parameters)
    fargate.new_service(serviceRegistries=[{"registryArn": made["Arn"]}], **wanted)
    fargate.sandbox.advance(45)
    assert discovery.list_instances(ServiceId=made["Id"])["Instances"] == []
    fargate.sandbox.advance(15)
    assert len(discovery.list_instances(ServiceId=made["Id"])["Instances"]) == 1
    fargate.ecs.update_service(cluster="main", service="app", desiredCount=0)
    fargate.sandbox.advance(1)
    assert discovery.list_instances(ServiceId=made["Id"])["Instances"] == []
