"""Task definitions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.fargate import Fargate
from tests.sandbox.world import refused
from tests.sandbox_fixture import Sandbox

ROLE = "arn:aws:iam::123456789012:role/execution"
OPTIONS = {"awslogs-group": "/ecs/app", "awslogs-region": "eu-central-1", "awslogs-stream-prefix": "app"}
ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app:1"


@pytest.fixture
def fargate(sandbox: Sandbox) -> Fargate:
    return Fargate(sandbox)


def container(**changes: Any) -> dict[str, Any]:
    return {"name": "app", "image": "nginx:1", **changes}


def log(driver: str = "awslogs", **options: str) -> dict[str, Any]:
    return {"logConfiguration": {"logDriver": driver, "options": options}}


def port(number: int, **more: Any) -> dict[str, Any]:
    return {"containerPort": number, **more}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"family": "a b"}, "Family contains invalid characters."),
    ({"containerDefinitions": []}, "Container list cannot be empty."),
    ({"containerDefinitions": [{"image": "nginx"}]}, "Container.name should not be null or empty."),
    ({"containerDefinitions": [container(name="a b")]}, "Invalid container name: a b."),
    (
        {"containerDefinitions": [container(), container()]},
        "Container.name contains duplicate container names: app",
    ),
    ({"containerDefinitions": [{"name": "app"}]}, "Container.image should not be null or empty."),
    (
        {"containerDefinitions": [container(essential=False)]},
        "Task definition doesn't have any essential container.",
    ),
    ({"executionRoleArn": "execution"}, "Role is not valid"),
    ({"networkMode": "bridge"}, "Fargate only supports network mode"),
    ({"cpu": "256", "memory": "8192"}, "No Fargate configuration exists for given values: 256 CPU, 8192 memory."),
    ({"cpu": "300"}, "No Fargate configuration exists for given values"),
    ({"cpu": "much"}, "Invalid 'cpu' setting for task"),
    ({"container": {"cpu": 512}}, "The sum of all container 'cpu' values"),
    ({"container": {"memory": 1024}}, "The 'memory' setting for container is greater than for the task."),
    (
        {"container": {"portMappings": [port(80, hostPort=8080)]}},
        "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
    ),
    ({"container": {"portMappings": [port(80), port(80)]}}, "Port mappings of containers"),
    (
        {"container": {"portMappings": [port(80, name="web"), port(81, name="web")]}},
        "Port mapping names must be unique",
    ),
    (
        {"container": log(**{"awslogs-group": "/ecs/app"}), "executionRoleArn": ROLE},
        "Log driver awslogs requires options: awslogs-region, awslogs-group",
    ),
    (
        {"container": log(**{"awslogs-group": "/a", "awslogs-region": "b"}), "executionRoleArn": ROLE},
        "Fargate requires log configuration options to include awslogs-stream-prefix to support log driver",
    ),
    (
        {"container": log(**OPTIONS)},
        "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
    ),
    ({"container": log("syslog")}, "Fargate does not support log driver syslog."),
    (
        {"container": {"image": ECR}},
        "Fargate requires task definition to have execution role ARN to support ECR images.",
    ),
    (
        {"container": {"secrets": [{"name": "A", "valueFrom": "/a"}]}},
        "Fargate requires task definition to have execution role ARN to support secrets.",
    ),
    ({"container": {"stopTimeout": 121}}, "Invalid stopTimeout"),
    ({"container": {"privileged": True}}, "Fargate does not support privileged containers."),
    ({"ephemeralStorage": {"sizeInGiB": 20}}, "The 'ephemeralStorage' size must be between 21 and 200 GiB."),
    ({"runtimePlatform": {"operatingSystemFamily": "BEOS"}}, "Invalid operatingSystemFamily"),
    (
        {"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE", "cpuArchitecture": "ARM64"}},
        "Fargate does not support cpuArchitecture ARM64",
    ),
]


@pytest.mark.parametrize(("wrong", "message"), WRONG)
def test_what_fargate_cannot_run_is_refused(fargate: Fargate, wrong: dict[str, Any], message: str) -> None:
    wanted: dict[str, Any] = {
        "family": "app",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [container(**wrong.pop("container", {}))],
    }
    told = refused(fargate.ecs.register_task_definition, "ClientException", **{**wanted, **wrong})
    assert told.startswith(message)
    assert fargate.ecs.list_task_definitions()["taskDefinitionArns"] == []


@pytest.mark.parametrize("missing", ["cpu", "memory"])
def test_fargate_wants_the_tasks_size(fargate: Fargate, missing: str) -> None:
    wanted = {"family": "app", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc"}
    size = {"cpu": "256", "memory": "512"}
    del size[missing]
    told = refused(
        fargate.ecs.register_task_definition,
        "ClientException",
        containerDefinitions=[container(memory=128)],
        **wanted,
        **size,
    )
    assert told == f"Fargate requires that '{missing}' be defined at the task level."


@pytest.mark.parametrize(
    ("cpu", "memory"),
    [("256", "2048"), (".5 vCPU", "1 GB"), ("1024", "8192"), ("4 vcpu", "30GB"), ("16384", "122880")],
)
def test_what_fargate_can_run_is_registered(fargate: Fargate, cpu: str, memory: str) -> None:
    fargate.new_definition(
        cpu=cpu,
        memory=memory,
        executionRoleArn=ROLE,
        taskRoleArn=ROLE,
        ephemeralStorage={"sizeInGiB": 21},
        runtimePlatform={"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"},
        container={"image": ECR, "stopTimeout": 120, **log(**OPTIONS)},
    )


def test_other_launch_types_have_other_rules(fargate: Fargate) -> None:
    fargate.new_definition(
        requiresCompatibilities=["EC2"], networkMode="bridge", container={"portMappings": [port(80, hostPort=81)]}
    )


def test_ports_and_protocols_are_filled_in(fargate: Fargate) -> None:
    fargate.new_definition()
    (told,) = fargate.ecs.describe_task_definition(taskDefinition="app")["taskDefinition"]["containerDefinitions"]
    assert told["portMappings"] == [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}]


def test_a_family_stands_for_its_newest_active_revision(fargate: Fargate) -> None:
    first, second = fargate.new_definition(), fargate.new_definition()
    describe = fargate.ecs.describe_task_definition

    def newest() -> str:
        return str(describe(taskDefinition="app")["taskDefinition"]["taskDefinitionArn"])

    assert newest() == second
    fargate.ecs.deregister_task_definition(taskDefinition=second)
    assert newest() == first
    assert describe(taskDefinition="app:2")["taskDefinition"]["status"] == "INACTIVE"
    fargate.ecs.deregister_task_definition(taskDefinition=first)
    refused(describe, "ClientException", taskDefinition="app")
    refused(describe, "ClientException", taskDefinition="app:3")


def test_revisions_are_never_given_twice(fargate: Fargate) -> None:
    first = fargate.new_definition()
    fargate.ecs.deregister_task_definition(taskDefinition=first)
    answer = fargate.ecs.delete_task_definitions(taskDefinitions=[first])
    assert (answer["taskDefinitions"][0]["status"], answer["failures"]) == ("DELETE_IN_PROGRESS", [])
    refused(fargate.ecs.describe_task_definition, "ClientException", taskDefinition=first)
    assert fargate.new_definition().endswith(":task-definition/app:2")


def test_an_active_revision_is_not_deleted(fargate: Fargate) -> None:
    first = fargate.new_definition()
    answer = fargate.ecs.delete_task_definitions(taskDefinitions=[first, "app:9"])
    assert [failure["arn"] for failure in answer["failures"]] == [first, "app:9"]
    assert fargate.ecs.describe_task_definition(taskDefinition=first)["taskDefinition"]["status"] == "ACTIVE"


def test_a_deleted_revision_stays_while_a_service_uses_it(fargate: Fargate) -> None:
    service = fargate.new_service(desiredCount=1)
    first = service["taskDefinition"]
    fargate.ecs.deregister_task_definition(taskDefinition=first)
    fargate.ecs.delete_task_definitions(taskDefinitions=[first])
    told = fargate.ecs.describe_task_definition(taskDefinition=first)["taskDefinition"]
    assert told["status"] == "DELETE_IN_PROGRESS"
    refused(fargate.ecs.deregister_task_definition, "ClientException", taskDefinition=first)
    assert fargate.service()["runningCount"] == 1
    fargate.ecs.delete_service(cluster="main", service="app", force=True)
    refused(fargate.ecs.describe_task_definition, "ClientException", taskDefinition=first)
