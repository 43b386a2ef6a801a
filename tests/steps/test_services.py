"""A service as ECS describes it: whether it is well, what is wrong with it, and what is changed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from state.record import Record
from steps.base import Job, Pending, Ready, Seen, StepFailed
from steps.services import Connect, Service

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
    name: Record(name, "any", id=f"{name}-id", outputs={"arn": f"{name}-arn"})
    for name in ("cluster", "definition", "subnet", "group", "targets", "namespace")
}
SPOT = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
NO_ROOM = "(service web) was unable to place a task. Reason: Capacity is unavailable at this time. Try later."


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
    counts, targets = "2 of 2 tasks running, 0 pending, 2 failed", "targets: 1 unhealthy (codes: [404])"
    assert found == Pending(f"{counts}; {targets}; was unable to place a task")


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


def asked(service: Service) -> dict[str, Any]:
    return service.request(a_job(Ecs(), first=False))


def updated(service: Service, **changes: Any) -> dict[str, Any]:
    """What UpdateService is asked when the service is shown as the plain one, but for these changes."""
    ecs, seen = Ecs(), shown(rolloutState="COMPLETED")
    service.settle(a_job(ecs, first=False), Seen("arn", {**seen.raw, **changes}))
    (update,) = ecs.updates or [{}]
    return {key: value for key, value in update.items() if key not in ("cluster", "service")}


def test_what_was_asked_before_there_were_more_wishes_is_asked_still() -> None:
    """Records of an earlier version must not become unchangeable."""
    found = asked(SERVICE)
    assert found["launchType"] == "FARGATE"
    assert found["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED"
    assert found["loadBalancers"] == [
        {"targetGroupArn": "targets-id", "containerName": "web", "containerPort": 80}
    ]
    assert not found.keys() & {"enableExecuteCommand", "capacityProviderStrategy", "serviceConnectConfiguration"}
    assert (
        not found.keys()
        - Service.mutable
        - {
            "cluster",
            "serviceName",
            "launchType",
            "propagateTags",
            "enableECSManagedTags",
        }
    )


def test_without_a_target_group_there_is_no_grace_period() -> None:
    found = asked(replace(SERVICE, target_group=None, grace_period=30))
    assert not found.keys() & {"loadBalancers", "healthCheckGracePeriodSeconds"}


def test_on_spot_there_is_no_launch_type() -> None:
    found = asked(replace(SERVICE, spot=True))
    assert found["capacityProviderStrategy"] == SPOT
    assert "launchType" not in found


def test_capacity_changes_with_a_new_deployment() -> None:
    wanted = {"capacityProviderStrategy": SPOT, "forceNewDeployment": True}
    assert updated(replace(SERVICE, spot=True)) == wanted
    back = {"capacityProviderStrategy": [], "forceNewDeployment": True}
    assert updated(SERVICE, capacityProviderStrategy=[{**SPOT[0], "base": 0}]) == back
    assert updated(replace(SERVICE, spot=True), capacityProviderStrategy=[{**SPOT[0], "base": 0}]) == {}


def test_a_shell_is_for_tasks_of_a_new_deployment() -> None:
    assert updated(replace(SERVICE, exec=True)) == {"enableExecuteCommand": True, "forceNewDeployment": True}
    assert updated(SERVICE, enableExecuteCommand=False) == {}


def test_a_load_balancer_can_be_given_up() -> None:
    assert updated(replace(SERVICE, target_group=None)) == {"loadBalancers": []}


@pytest.mark.parametrize(
    ("shown_count", "update"),
    [(2, {}), (4, {}), (7, {}), (1, {"desiredCount": 2}), (0, {"desiredCount": 2}), (9, {"desiredCount": 7})],
)
def test_a_count_within_the_bounds_of_scaling_is_right(shown_count: int, update: dict[str, Any]) -> None:
    assert updated(replace(SERVICE, scaled=(2, 7)), desiredCount=shown_count) == update


def test_without_scaling_the_count_is_the_one_of_the_stack_file() -> None:
    assert updated(SERVICE, desiredCount=3) == {"desiredCount": 2}
    assert asked(replace(SERVICE, count=1, scaled=(2, 7)))["desiredCount"] == 2
    assert asked(replace(SERVICE, count=0))["desiredCount"] == 0


def test_what_is_offered_has_a_name_and_what_only_calls_has_none() -> None:
    offers = Connect("namespace", "http", "web", 8080, {"logDriver": "awslogs"})
    alias = {"clientAliases": [{"port": 8080, "dnsName": "web"}]}
    assert asked(replace(SERVICE, connect=offers))["serviceConnectConfiguration"] == {
        "enabled": True,
        "namespace": "namespace-arn",
        "services": [{"portName": "http", "discoveryName": "web", **alias}],
        "logConfiguration": {"logDriver": "awslogs"},
    }
    calls = asked(replace(SERVICE, connect=Connect("namespace")))["serviceConnectConfiguration"]
    assert calls == {"enabled": True, "namespace": "namespace-arn"}


def test_service_connect_is_compared_with_the_deployment() -> None:
    """DescribeServices tells it there and nowhere else."""
    wanted = replace(SERVICE, connect=Connect("namespace", "http", "web", 80))
    told = asked(wanted)["serviceConnectConfiguration"]
    deployed = [{"status": "PRIMARY", "rolloutState": "COMPLETED", "serviceConnectConfiguration": told}]
    assert updated(wanted, deployments=deployed) == {}
    assert updated(wanted) == {"serviceConnectConfiguration": told}
    assert updated(SERVICE, deployments=deployed) == {"serviceConnectConfiguration": {"enabled": False}}
    other = [{**deployed[0], "serviceConnectConfiguration": {**told, "services": []}}]
    assert updated(wanted, deployments=other) == {"serviceConnectConfiguration": told}
    calls = replace(SERVICE, connect=Connect("namespace"))
    assert updated(calls, deployments=other) == {}
    assert updated(calls, deployments=deployed) == {
        "serviceConnectConfiguration": {"enabled": True, "namespace": "namespace-arn"}
    }
    off = [{**deployed[0], "serviceConnectConfiguration": {"enabled": False}}]
    assert updated(SERVICE, deployments=off) == {}


def test_no_room_on_spot_is_told_and_what_to_do() -> None:
    spot = {"capacityProviderStrategy": SPOT, "events": [{"message": NO_ROOM}]}
    seen = Seen("arn", {**shown().raw, **spot})
    found = replace(SERVICE, spot=True).settle(a_job(Ecs(), first=False), seen)
    assert isinstance(found, Pending)
    assert found.said.endswith("Capacity is unavailable at this time. Try later. [of FARGATE_SPOT]")
    assert found.fix == "resume when FARGATE_SPOT has room again, or run it without spot"


def test_no_room_on_spot_is_why_tasks_failed() -> None:
    deployments = [{"status": "PRIMARY", "rolloutState": "IN_PROGRESS", "failedTasks": 3}]
    spot = {"capacityProviderStrategy": SPOT, "events": [{"message": NO_ROOM}], "deployments": deployments}
    with pytest.raises(StepFailed) as failed:
        replace(SERVICE, spot=True).settle(a_job(Ecs(), first=False), Seen("arn", {**shown().raw, **spot}))
    assert "FARGATE_SPOT has room again" in failed.value.fix
    assert "Capacity is unavailable" in failed.value.why


def test_no_room_elsewhere_is_not_spots() -> None:
    seen = Seen("arn", {**shown().raw, "events": [{"message": NO_ROOM}]})
    found = SERVICE.settle(a_job(Ecs(), first=False), seen)
    assert isinstance(found, Pending)
    assert "Capacity is unavailable" in found.said
    assert "FARGATE_SPOT" not in found.said
    assert found.fix == "resume later: AWS has no room for tasks of this size in these zones just now"


def test_a_health_check_that_is_answered_otherwise_is_what_to_correct() -> None:
    ill = "(service web) (task 1) is unhealthy due to (reason Health checks failed with these codes: [404])"
    deployments = [
        {"status": "PRIMARY", "rolloutState": "IN_PROGRESS", "failedTasks": 3, "rolloutStateReason": "?"}
    ]
    shows = {"events": [{"message": "(service web) stopped 1 task"}, {"message": ill}], "deployments": deployments}
    with pytest.raises(StepFailed) as failed:
        SERVICE.settle(a_job(Ecs(), first=False), Seen("arn", {**shown().raw, **shows}))
    assert "the path or the matcher of the service's health_check" in failed.value.fix
    assert "deployment: " not in failed.value.why  # it has not judged yet
