"""Tasks: their lives, of services and alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.fargate import Fargate
from tests.sandbox.world import refused
from tests.sandbox_fixture import Sandbox

TAGS = [{"key": "a", "value": "b"}]


@pytest.fixture
def fargate(sandbox: Sandbox) -> Iterator[Fargate]:
    """With AWS's own times, and a cluster."""
    sandbox.become("scaled=1")
    made = Fargate(sandbox)
    made.ecs.create_cluster(clusterName="main")
    yield made
    sandbox.become("instant")


def wanted(fargate: Fargate, **more: Any) -> dict[str, Any]:
    network = fargate.placement()
    return {"cluster": "main", "launchType": "FARGATE", "networkConfiguration": network, **more}


def run(fargate: Fargate, **more: Any) -> dict[str, Any]:
    """One task of a new revision of `app`."""
    if "taskDefinition" not in more:
        more["taskDefinition"] = fargate.new_definition()
    answer: dict[str, Any] = fargate.ecs.run_task(**wanted(fargate, **more))
    assert answer["failures"] == []
    task: dict[str, Any] = answer["tasks"][0]
    return task


def test_a_task_lives_through_all_its_states(fargate: Fargate) -> None:
    task = run(fargate)
    assert (task["lastStatus"], task["desiredStatus"]) == ("PROVISIONING", "RUNNING")
    assert (task["attachments"][0]["status"], task["group"]) == ("PRECREATED", "family:app")
    fargate.sandbox.advance(21)
    (pending,) = fargate.tasks()
    assert (pending["lastStatus"], pending["connectivity"]) == ("PENDING", "CONNECTED")
    assert pending["containers"][0]["lastStatus"] == "PENDING"
    fargate.sandbox.advance(30)
    (running,) = fargate.tasks()
    assert (running["lastStatus"], running["containers"][0]["lastStatus"]) == ("RUNNING", "RUNNING")
    assert {"createdAt", "pullStartedAt", "pullStoppedAt", "startedAt"} <= running.keys()
    asked = fargate.ecs.stop_task(cluster="main", task=task["taskArn"], reason="enough")["task"]
    seen = [asked["lastStatus"]]
    for seconds in (1, 10, 6):
        fargate.sandbox.advance(seconds)
        seen += fargate.statuses("STOPPED")
    assert seen == ["DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"]
    (stopped,) = fargate.tasks("STOPPED")
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "enough")
    assert (stopped["containers"][0]["lastStatus"], stopped["containers"][0]["exitCode"]) == ("STOPPED", 0)
    assert {"stoppingAt", "executionStoppedAt", "stoppedAt"} <= stopped.keys()


def test_a_task_stopped_before_it_ran_has_no_exit_code(fargate: Fargate) -> None:
    task = run(fargate)
    fargate.ecs.stop_task(cluster="main", task=task["taskArn"])
    assert fargate.statuses("STOPPED") == ["DEPROVISIONING"]
    fargate.sandbox.advance(60)
    (stopped,) = fargate.tasks("STOPPED")
    assert (stopped["lastStatus"], "exitCode" in stopped["containers"][0]) == ("STOPPED", False)
    assert "startedAt" not in stopped


def test_a_container_that_takes_too_long_to_stop_is_killed(fargate: Fargate) -> None:
    definition = fargate.new_definition(container={"stopTimeout": 2})
    task = run(fargate, taskDefinition=definition)
    fargate.sandbox.advance(60)
    fargate.ecs.stop_task(cluster="main", task=task["taskArn"])
    fargate.sandbox.advance(3)
    (stopped,) = fargate.tasks("STOPPED")
    assert (stopped["lastStatus"], stopped["containers"][0]["exitCode"]) == ("DEPROVISIONING", 137)


def test_its_interface_is_in_its_subnet_and_outlives_it(fargate: Fargate) -> None:
    task = run(fargate)
    (interface,) = fargate.interfaces("arn:aws:ecs:*:attachment/*")
    assert (interface["SubnetId"], interface["Status"]) == (fargate.subnets[0], "in-use")
    fargate.sandbox.advance(60)
    (running,) = fargate.tasks()
    details = {item["name"]: item["value"] for item in running["attachments"][0]["details"]}
    assert details["networkInterfaceId"] == interface["NetworkInterfaceId"]
    assert details["privateIPv4Address"] == interface["PrivateIpAddress"]
    assert running["availabilityZone"] == "eu-central-1a"
    fargate.ecs.stop_task(cluster="main", task=task["taskArn"])
    fargate.sandbox.advance(25)
    assert fargate.statuses("STOPPED") == ["STOPPED"]
    assert fargate.interfaces("arn:aws:ecs*")
    fargate.sandbox.advance(10)
    assert not fargate.interfaces("arn:aws:ecs*")


def test_a_health_check_of_its_own_makes_a_task_healthy(fargate: Fargate) -> None:
    check = {"command": ["CMD-SHELL", "true"], "interval": 20}
    run(fargate, taskDefinition=fargate.new_definition(container={"healthCheck": check}))
    fargate.sandbox.advance(51)
    assert fargate.tasks()[0]["healthStatus"] == "UNKNOWN"
    fargate.sandbox.advance(20)
    (task,) = fargate.tasks()
    assert (task["healthStatus"], task["containers"][0]["healthStatus"]) == ("HEALTHY", "HEALTHY")


def test_tags_come_from_the_call_or_the_service(fargate: Fargate) -> None:
    assert run(fargate, tags=TAGS)["tags"] == TAGS
    fargate.new_service(desiredCount=1, tags=TAGS, propagateTags="SERVICE", enableECSManagedTags=True)
    fargate.sandbox.advance(1)
    (task,) = fargate.tasks(serviceName="app")
    told = {tag["key"]: tag["value"] for tag in task["tags"]}
    assert told == {"a": "b", "aws:ecs:clusterName": "main", "aws:ecs:serviceName": "app"}


def test_tasks_are_listed_by_what_is_asked_for(fargate: Fargate) -> None:
    alone = run(fargate, startedBy="me")["taskArn"]
    fargate.new_service(desiredCount=1, taskDefinition=fargate.new_definition(family="web"))
    fargate.sandbox.advance(1)

    def listed(**more: Any) -> list[str]:
        arns: list[str] = fargate.ecs.list_tasks(cluster="main", **more)["taskArns"]
        return arns

    (owned,) = listed(serviceName="app")
    assert set(listed()) == {alone, owned}
    assert (listed(family="web"), listed(startedBy="me")) == ([owned], [alone])
    assert (listed(launchType="FARGATE", family="app"), listed(desiredStatus="STOPPED")) == ([alone], [])
    refused(fargate.ecs.list_tasks, "ServiceNotFoundException", cluster="main", serviceName="other")
    refused(fargate.ecs.list_tasks, "ClusterNotFoundException", cluster="other")


def test_unknown_tasks_are_missing_and_stopped_ones_forgotten_after_an_hour(fargate: Fargate) -> None:
    task = run(fargate)["taskArn"]
    fargate.ecs.stop_task(cluster="main", task=task)
    answer = fargate.ecs.describe_tasks(cluster="main", tasks=[task, "0" * 32])
    assert [one["taskArn"] for one in answer["tasks"]] == [task]
    assert [one["reason"] for one in answer["failures"]] == ["MISSING"]
    fargate.sandbox.advance(3500)
    assert len(fargate.tasks("STOPPED")) == 1
    fargate.sandbox.advance(200)
    assert fargate.tasks("STOPPED") == []
    missing = fargate.ecs.describe_tasks(cluster="main", tasks=[task])["failures"]
    assert [one["arn"] for one in missing] == [task]
    refused(fargate.ecs.stop_task, "InvalidParameterException", cluster="main", task=task)
    refused(fargate.ecs.describe_tasks, "InvalidParameterException", cluster="main", tasks=[])


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"count": 11}, "InvalidParameterException"),
        ({"cluster": "other"}, "ClusterNotFoundException"),
        ({"taskDefinition": "other"}, "ClientException"),
        ({"launchType": "EC2"}, "InvalidParameterException"),
        ({"networkConfiguration": {}}, "InvalidParameterException"),
        ({"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}, "InvalidParameterException"),
    ],
)
def test_what_cannot_be_run_is_refused(fargate: Fargate, wrong: dict[str, Any], code: str) -> None:
    fargate.new_definition()
    refused(fargate.ecs.run_task, code, **{**wanted(fargate, taskDefinition="app"), **wrong})
    run(fargate, taskDefinition="app")


def test_an_inactive_revision_is_not_run(fargate: Fargate) -> None:
    definition = fargate.new_definition()
    fargate.ecs.deregister_task_definition(taskDefinition=definition)
    message = refused(
        fargate.ecs.run_task, "InvalidParameterException", **wanted(fargate, taskDefinition=definition)
    )
    assert message == "TaskDefinition is inactive"


def test_without_capacity_the_answer_has_failures(fargate: Fargate) -> None:
    fargate.sandbox.faults([{"do": "no-capacity", "times": 1}])
    answer = fargate.ecs.run_task(**wanted(fargate, taskDefinition=fargate.new_definition(), count=2))
    assert len(answer["tasks"]) == 1
    assert answer["failures"][0]["reason"].startswith("Capacity is unavailable at this time.")


def test_commands_are_executed_where_that_was_enabled(fargate: Fargate) -> None:
    """And not even there: nothing runs in the sandbox."""
    command = {"cluster": "main", "command": "sh", "interactive": True}
    for enabled, code in ((False, "InvalidParameterException"), (True, "TargetNotConnectedException")):
        task = run(fargate, enableExecuteCommand=enabled)["taskArn"]
        fargate.sandbox.advance(60)
        refused(fargate.ecs.execute_command, code, task=task, **command)


def test_a_task_writes_to_its_log(fargate: Fargate) -> None:
    logs = fargate.sandbox.client("logs")
    logs.create_log_group(logGroupName="/ecs/app")
    options = {"awslogs-group": "/ecs/app", "awslogs-region": "eu-central-1", "awslogs-stream-prefix": "web"}
    role = fargate.new_execution_role("arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy")
    fargate.sandbox.advance(30)
    log = {"logConfiguration": {"logDriver": "awslogs", "options": options}}
    task = run(fargate, taskDefinition=fargate.new_definition(executionRoleArn=role, container=log))
    fargate.sandbox.advance(60)
    assert fargate.statuses() == ["RUNNING"]
    (stream,) = logs.describe_log_streams(logGroupName="/ecs/app")["logStreams"]
    assert stream["logStreamName"] == f"web/app/{task['taskArn'].rpartition('/')[2]}"
