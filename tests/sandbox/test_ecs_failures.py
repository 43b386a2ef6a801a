"""Services whose tasks do not come up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.fargate import Fargate
from tests.sandbox_fixture import Sandbox

MAIN = {"cluster": "main", "service": "app"}
IMPAIRED = (
    "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of "
    "the Amazon ECS Developer Guide."
)


@pytest.fixture
def fargate(sandbox: Sandbox) -> Iterator[Fargate]:
    """With AWS's own times."""
    sandbox.become("scaled=1")
    yield Fargate(sandbox)
    sandbox.become("instant")


def breaker(*, rollback: bool = False, **more: Any) -> dict[str, Any]:
    wanted = {"enable": True, "rollback": rollback, **more}
    return {"deploymentConfiguration": {"deploymentCircuitBreaker": wanted}}


def test_a_container_that_exits_ends_its_task_and_another_follows(fargate: Fargate) -> None:
    fargate.sandbox.faults([{"do": "exits", "code": "3"}])
    fargate.new_service(desiredCount=1)
    fargate.sandbox.advance(52)
    (ended,) = fargate.tasks("STOPPED")
    assert (ended["lastStatus"], ended["stopCode"]) == ("DEPROVISIONING", "EssentialContainerExited")
    assert ended["stoppedReason"] == "Essential container in task exited"
    assert ended["containers"][0]["exitCode"] == 3
    assert (fargate.primary()["failedTasks"], fargate.statuses()) == (1, [])
    fargate.sandbox.advance(15)
    assert fargate.statuses() == ["PROVISIONING"]
    fargate.sandbox.advance(60)
    assert (fargate.primary()["rolloutState"], fargate.primary()["failedTasks"]) == ("COMPLETED", 0)


def test_pulls_that_fail_are_tried_later_and_later_for_ever(fargate: Fargate) -> None:
    fargate.sandbox.faults([{"do": "pull-fails", "times": None, "message": "no such image"}])
    fargate.new_service(desiredCount=1)
    fargate.sandbox.advance(51)
    (failed,) = fargate.tasks("STOPPED")
    assert (failed["stopCode"], failed["stoppedReason"]) == ("TaskFailedToStart", "no such image")
    assert failed["containers"][0]["reason"] == "no such image"
    starts = []
    for _ in range(40):
        fargate.sandbox.advance(10)
        starts.append(sum(event.startswith("has started") for event in fargate.events()))
    assert starts[3:5] == [2, 2]
    assert starts[11] == 3  # 50 s of trying and 30 s of rest later
    assert starts[-1] == 5
    assert fargate.primary()["rolloutState"] == "IN_PROGRESS"
    assert fargate.events().count(IMPAIRED) == 1


def test_the_circuit_breaker_opens_after_three_failures_of_few_tasks(fargate: Fargate) -> None:
    fargate.sandbox.faults([{"do": "exits", "times": None}])
    fargate.new_service(**breaker())
    fargate.sandbox.advance(55)
    assert (fargate.primary()["rolloutState"], fargate.primary()["failedTasks"]) == ("IN_PROGRESS", 2)
    fargate.sandbox.advance(100)
    told = fargate.primary()
    assert (told["rolloutState"], told["failedTasks"]) == ("FAILED", 4)
    assert told["rolloutStateReason"] == "ECS deployment circuit breaker: tasks failed to start."
    started = fargate.events()
    assert started[-1] == f"(deployment {told['id']}) deployment failed: tasks failed to start."
    fargate.sandbox.advance(500)
    assert fargate.events() == started
    fargate.sandbox.clear_faults()
    fargate.ecs.update_service(forceNewDeployment=True, **MAIN)
    fargate.sandbox.advance(60)
    assert fargate.primary()["rolloutState"] == "COMPLETED"


@pytest.mark.parametrize(
    ("limit", "failures"),
    [({"type": "COUNT", "value": 1}, 1), ({"type": "UNBOUNDED_PERCENT", "value": 200}, 2), (None, 3)],
)
def test_the_breakers_threshold_can_be_told(fargate: Fargate, limit: dict[str, Any] | None, failures: int) -> None:
    fargate.sandbox.faults([{"do": "exits", "times": None}])
    told: dict[str, Any] = {"thresholdConfiguration": limit} if limit else {}
    fargate.new_service(desiredCount=1, **breaker(**told))
    fargate.sandbox.advance(900)
    assert (fargate.primary()["rolloutState"], fargate.primary()["failedTasks"]) == ("FAILED", failures)


def test_the_breaker_returns_to_what_worked(fargate: Fargate) -> None:
    first = fargate.new_service(**breaker(rollback=True))
    fargate.sandbox.advance(60)
    assert fargate.primary()["rolloutState"] == "COMPLETED"
    fargate.sandbox.faults([{"do": "exits", "times": 4}])
    fargate.new_definition(container={"image": "nginx:2"})
    fargate.ecs.update_service(taskDefinition="app", **MAIN)
    fargate.sandbox.advance(125)
    told = fargate.service()
    back = told["deployments"][0]
    assert told["taskDefinition"] == back["taskDefinition"] == first["taskDefinition"]
    worked = first["deployments"][0]["id"]
    assert back["rolloutStateReason"] == f"ECS deployment circuit breaker: rolling back to deploymentId {worked}."
    assert told["runningCount"] >= 2
    fargate.sandbox.advance(200)
    (only,) = fargate.service()["deployments"]
    assert (only["id"], only["rolloutState"]) == (back["id"], "COMPLETED")
    assert {task["containers"][0]["image"] for task in fargate.tasks()} == {"nginx:1"}
    known = fargate.ecs.list_service_deployments(**MAIN)["serviceDeployments"]
    assert [one["status"] for one in known] == ["ROLLBACK_SUCCESSFUL", "STOPPED", "SUCCESSFUL"]


def test_without_anything_that_worked_there_is_no_way_back(fargate: Fargate) -> None:
    fargate.sandbox.faults([{"do": "exits", "times": None}])
    fargate.new_service(**breaker(rollback=True))
    fargate.sandbox.advance(200)
    assert fargate.primary()["rolloutState"] == "FAILED"
    assert fargate.events()[-1] == "no rollback candidate was found to run the rollback."


def test_without_capacity_no_task_is_placed(fargate: Fargate) -> None:
    fargate.sandbox.faults([{"do": "no-capacity", "times": 1}])
    fargate.new_service(desiredCount=1)
    fargate.sandbox.advance(1)
    (event,) = fargate.events()
    assert event.startswith("was unable to place a task. Reason: Capacity is unavailable at this time.")
    assert fargate.primary()["failedTasks"] == 1
    fargate.sandbox.advance(80)
    assert fargate.statuses() == ["RUNNING"]


def test_without_a_free_address_no_task_is_launched(fargate: Fargate) -> None:
    small = fargate.ec2.create_subnet(VpcId=fargate.vpc, CidrBlock="10.0.9.0/28")["Subnet"]["SubnetId"]
    fargate.new_service(desiredCount=12, networkConfiguration=fargate.placement(subnets=[small]))
    fargate.sandbox.advance(1)
    assert len(fargate.tasks()) == 11
    wanted = (
        "failed to launch a task with (error Unexpected EC2 error while attempting to Create Network Interface"
    )
    assert any(event.startswith(wanted) for event in fargate.events())


def test_a_role_that_has_gone_stops_new_tasks(fargate: Fargate) -> None:
    role = fargate.new_execution_role()
    fargate.sandbox.advance(30)
    fargate.new_service(desiredCount=1, taskDefinition=fargate.new_definition(executionRoleArn=role))
    fargate.sandbox.client("iam").delete_role(RoleName="execution")
    fargate.ecs.update_service(desiredCount=2, **MAIN)
    fargate.sandbox.advance(1)
    wanted = f"failed to launch a task with (error ECS was unable to assume the role '{role}'"
    assert any(event.startswith(wanted) for event in fargate.events())


def test_targets_that_are_unhealthy_end_their_tasks(fargate: Fargate) -> None:
    """nginx has no such page."""
    balanced = fargate.balanced(HealthCheckPath="/health", UnhealthyThresholdCount=2)
    fargate.sandbox.advance(200)
    fargate.new_service(desiredCount=1, **balanced, **breaker())
    fargate.sandbox.advance(60)
    assert fargate.statuses() == ["RUNNING"]
    fargate.sandbox.advance(30)
    (ended,) = fargate.tasks("STOPPED")
    group = f"(target-group {balanced['loadBalancers'][0]['targetGroupArn']})"
    assert (ended["lastStatus"], ended["stopCode"]) == ("DEACTIVATING", "ServiceSchedulerInitiated")
    assert ended["stoppedReason"] == f"Task failed ELB health checks in {group}"
    why = "(reason Health checks failed with these codes: [404])"
    name = ended["taskArn"].rpartition("/")[2]
    assert f"(task {name}) (port 80) is unhealthy in {group} due to {why}" in fargate.events()
    fargate.sandbox.advance(900)
    assert (fargate.primary()["rolloutState"], fargate.primary()["failedTasks"]) == ("FAILED", 3)


def test_the_grace_period_spares_young_tasks(fargate: Fargate) -> None:
    balanced = fargate.balanced(HealthCheckPath="/health", UnhealthyThresholdCount=2)
    fargate.sandbox.advance(200)
    fargate.new_service(desiredCount=1, healthCheckGracePeriodSeconds=300, **balanced)
    fargate.sandbox.advance(300)
    assert (fargate.statuses(), fargate.statuses("STOPPED")) == (["RUNNING"], [])
    fargate.sandbox.advance(110)
    assert fargate.statuses("STOPPED") == ["DEACTIVATING"]


def test_a_healthy_task_that_turns_unhealthy_is_replaced(fargate: Fargate) -> None:
    balanced = fargate.balanced(UnhealthyThresholdCount=2)
    fargate.sandbox.advance(200)
    fargate.new_service(desiredCount=1, **balanced)
    fargate.sandbox.advance(100)
    assert fargate.primary()["rolloutState"] == "COMPLETED"
    group = balanced["loadBalancers"][0]["targetGroupArn"]
    fargate.elbv2.modify_target_group(TargetGroupArn=group, HealthCheckPath="/health")
    fargate.sandbox.advance(120)
    assert fargate.statuses("STOPPED")[0] == "DEACTIVATING"
    assert fargate.primary()["failedTasks"] == 0


def test_a_group_that_lets_nothing_in_makes_targets_unhealthy(fargate: Fargate) -> None:
    balanced = fargate.balanced(UnhealthyThresholdCount=2)
    fargate.sandbox.advance(200)
    closed = fargate.placement(securityGroups=[fargate.new_group("closed")])
    fargate.new_service(desiredCount=1, networkConfiguration=closed, **balanced)
    fargate.sandbox.advance(100)
    assert any(event.endswith("due to (reason Request timed out)") for event in fargate.events())


def test_a_target_group_that_has_gone_leaves_the_service_unsteady(fargate: Fargate) -> None:
    balanced = fargate.balanced()
    fargate.sandbox.advance(200)
    fargate.new_service(desiredCount=1, **balanced)
    group = balanced["loadBalancers"][0]["targetGroupArn"]
    (balancer,) = fargate.elbv2.describe_load_balancers()["LoadBalancers"]
    (listener,) = fargate.elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    fargate.elbv2.delete_listener(ListenerArn=listener["ListenerArn"])
    fargate.elbv2.delete_target_group(TargetGroupArn=group)
    fargate.sandbox.advance(500)
    assert fargate.primary()["rolloutState"] == "IN_PROGRESS"
    assert any(event.startswith("failed to register targets") for event in fargate.events())


def test_failures_in_an_instant_profile_do_not_happen_all_at_once(sandbox: Sandbox) -> None:
    fargate = Fargate(sandbox)
    sandbox.faults([{"do": "exits", "times": None}])
    fargate.new_service(desiredCount=1)
    assert fargate.primary()["failedTasks"] in (1, 2, 3)
    sandbox.advance(30)
    assert fargate.primary()["failedTasks"] < 2000


def test_no_target_is_left_of_tasks_that_ended_at_once(sandbox: Sandbox) -> None:
    fargate = Fargate(sandbox)
    sandbox.faults([{"do": "exits", "times": 2}])
    balanced = fargate.balanced()
    fargate.new_service(desiredCount=1, **balanced)
    group = balanced["loadBalancers"][0]["targetGroupArn"]

    def known() -> int:
        return len(fargate.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"])

    sandbox.advance(5)
    assert (fargate.primary()["rolloutState"], known()) == ("COMPLETED", 1)
    fargate.ecs.delete_service(force=True, **MAIN)
    assert (fargate.service()["status"], known()) == ("INACTIVE", 0)
