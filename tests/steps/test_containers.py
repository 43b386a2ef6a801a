"""A service that does not come up: why, how soon we stop waiting, and what the next run does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from state.record import Record
from steps.base import Job, Pending, Ready, Seen, StepFailed
from steps.containers import Service

NOTHING: Any = None


@dataclass
class Ecs:
    """ECS with one stopped task."""

    updates: list[dict[str, Any]] = field(default_factory=list)
    denied: bool = False

    def update_service(self, **parameters: Any) -> None:
        self.updates.append(parameters)

    def list_tasks(self, **parameters: Any) -> dict[str, Any]:
        return {"taskArns": ["task"]}

    def describe_tasks(self, **parameters: Any) -> dict[str, Any]:
        container = {"name": "web", "exitCode": 137, "reason": "OutOfMemoryError"}
        told = {"stoppedReason": "Essential container in task exited", "containers": [container]}
        return {"tasks": [{**told, "taskArn": "c/web/77", "taskDefinitionArn": "web:1", "startedAt": 1}]}

    def describe_task_definition(self, **parameters: Any) -> dict[str, Any]:
        options = {"awslogs-group": "/ecs/web", "awslogs-stream-prefix": "web"}
        container = {"name": "web", "logConfiguration": {"options": options}}
        return {"taskDefinition": {"containerDefinitions": [container]}}

    def get_log_events(self, **parameters: Any) -> dict[str, Any]:
        assert (parameters["logGroupName"], parameters["logStreamName"]) == ("/ecs/web", "web/web/77")
        if self.denied:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetLogEvents")
        return {"events": [{"message": "starting"}, {"message": "no space left"}]}

    def describe_target_health(self, **parameters: Any) -> dict[str, Any]:
        health = {"State": "unhealthy", "Reason": "Target.ResponseCodeMismatch", "Description": "codes: [404]"}
        target = {"Target": {"Id": "10.0.2.5", "Port": 80}, "TargetHealth": health}
        return {"TargetHealthDescriptions": [target]}


@dataclass
class Holder:
    ecs: Ecs
    clients: Any = None

    def __post_init__(self) -> None:
        self.clients = self
        self.elbv2 = self.logs = self.ecs


SERVICE = Service(
    name="service-web",
    service_name="web",
    cluster="cluster",
    task_definition="definition",
    count=2,
    subnets=("subnet",),
    groups=("group",),
    target_group="targets",
    container_name="web",
    container_port=80,
)
NEEDS = {
    name: Record(name, "any", id=f"{name}-id") for name in ("cluster", "definition", "subnet", "group", "targets")
}


def a_job(ecs: Ecs, *, first: bool) -> Job:
    aws: Any = Holder(ecs)
    return Job(aws, Record("service-web", "service", id="arn"), NEEDS, first=first)


def shown(**changes: Any) -> Seen:
    """The service as ECS describes it: all as asked for, with this primary deployment."""
    deployment = {"status": "PRIMARY", "rolloutState": "IN_PROGRESS", "failedTasks": 0}
    wanted = SERVICE.request(a_job(Ecs(), first=False))
    counts = {"runningCount": 2, "pendingCount": 0}
    events = [{"message": "(service web) was unable to place a task"}]
    raw = {**wanted, **counts, "clusterArn": "c", "serviceName": "web", "events": events}
    return Seen("arn", {**raw, "deployments": [{**deployment, **changes}]})


def test_it_is_ready_when_its_deployment_is_complete() -> None:
    assert isinstance(SERVICE.settle(a_job(Ecs(), first=False), shown(rolloutState="COMPLETED")), Ready)


def test_while_tasks_fail_now_and_then_it_is_waited_for() -> None:
    found = SERVICE.settle(a_job(Ecs(), first=False), shown(failedTasks=2))
    assert found == Pending("2 of 2 tasks running, 0 pending, 2 failed; was unable to place a task")


@pytest.mark.parametrize(
    "deployment", [{"failedTasks": 3}, {"rolloutState": "FAILED", "rolloutStateReason": "circuit breaker"}]
)
def test_when_it_is_hopeless_the_waiting_ends_and_says_why(deployment: dict[str, Any]) -> None:
    with pytest.raises(StepFailed) as failed:
        SERVICE.settle(a_job(Ecs(), first=False), shown(**deployment))
    assert failed.value.why.splitlines()[-5:] == [
        "stopped task: Essential container in task exited; web exit 137 OutOfMemoryError",
        "target: 10.0.2.5:80 unhealthy: codes: [404] (Target.ResponseCodeMismatch)",
        "log: starting",
        "log: no space left",
        "event: (service web) was unable to place a task",
    ]


def test_what_cannot_be_read_hides_nothing_else() -> None:
    with pytest.raises(StepFailed) as failed:
        SERVICE.settle(a_job(Ecs(denied=True), first=False), shown(failedTasks=3))
    assert "log: cannot be read: AccessDeniedException" in failed.value.why
    assert "exit 137" in failed.value.why


def test_the_next_run_starts_a_deployment_that_had_failed_over() -> None:
    ecs = Ecs()
    found = SERVICE.settle(a_job(ecs, first=True), shown(rolloutState="FAILED"))
    assert isinstance(found, Pending)
    assert [update["forceNewDeployment"] for update in ecs.updates] == [True]
