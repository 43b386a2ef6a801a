"""Services: from their creation until their name is free again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.fargate import Fargate
from tests.sandbox.world import refused
from tests.sandbox_fixture import Sandbox

TAGS = [{"key": "a", "value": "b"}]
MAIN = {"cluster": "main", "service": "app"}


@pytest.fixture
def fargate(sandbox: Sandbox) -> Iterator[Fargate]:
    """With AWS's own times."""
    sandbox.become("scaled=1")
    yield Fargate(sandbox)
    sandbox.become("instant")


def test_a_service_keeps_all_its_parameters(fargate: Fargate) -> None:
    wanted: dict[str, Any] = {
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": False},
            "maximumPercent": 150,
            "minimumHealthyPercent": 50,
        },
        "healthCheckGracePeriodSeconds": 30,
        "enableECSManagedTags": True,
        "enableExecuteCommand": True,
        "propagateTags": "SERVICE",
        "platformVersion": "1.4.0",
        "availabilityZoneRebalancing": "DISABLED",
        "tags": TAGS,
        **fargate.balanced(),
    }
    created = fargate.new_service(**wanted)
    asked = {key: value for key, value in fargate.service_parameters(**wanted).items() if key != "cluster"}
    breadth = asked.pop("deploymentConfiguration")
    for told in (created, fargate.service()):
        assert {key: told[key] for key in asked} == asked
        assert breadth.items() <= told["deploymentConfiguration"].items()
        assert told["taskDefinition"].endswith(":task-definition/app:1")
        assert told["roleArn"].endswith("/AWSServiceRoleForECS")


def test_two_small_tasks_are_healthy_after_a_minute_and_a_quarter(fargate: Fargate) -> None:
    balanced = fargate.balanced()
    fargate.sandbox.advance(200)  # the load balancer is active
    created = fargate.new_service(**balanced)
    assert (created["runningCount"], created["pendingCount"]) == (0, 0)
    assert fargate.primary()["rolloutState"] == "IN_PROGRESS"
    assert (fargate.service()["pendingCount"], fargate.statuses()) == (2, ["PROVISIONING"] * 2)
    fargate.sandbox.advance(21)
    assert fargate.statuses() == ["PENDING"] * 2
    fargate.sandbox.advance(30)
    assert (fargate.service()["runningCount"], fargate.statuses()) == (2, ["RUNNING"] * 2)
    assert fargate.primary()["rolloutState"] == "IN_PROGRESS"
    fargate.sandbox.advance(24)
    told = fargate.service()
    assert [(item["status"], item["rolloutState"]) for item in told["deployments"]] == [("PRIMARY", "COMPLETED")]
    fargate.ecs.get_waiter("services_stable").wait(cluster="main", services=["app"])


def test_events_tell_what_happened_in_ecs_own_words(fargate: Fargate) -> None:
    balanced = fargate.balanced()
    deployment = fargate.new_service(**balanced)["deployments"][0]["id"]
    fargate.sandbox.advance(300)
    first, second = (task["taskArn"].rpartition("/")[2] for task in fargate.tasks())
    group = f"(target-group {balanced['loadBalancers'][0]['targetGroupArn']})"
    assert fargate.events() == [
        f"has started 2 tasks: (task {first}) (task {second}).",
        f"registered 2 targets in {group}",
        f"(deployment {deployment}) deployment completed.",
        "has reached a steady state.",
    ]
    fargate.ecs.update_service(desiredCount=1, **MAIN)
    fargate.sandbox.advance(1)
    assert fargate.events()[4:] == [
        f"has stopped 1 running tasks: (task {second}).",
        f"deregistered 1 targets in {group}",
        "has begun draining connections on 1 tasks.",
    ]


def test_a_task_that_is_no_longer_wanted_drains_first(fargate: Fargate) -> None:
    balanced = fargate.balanced()
    fargate.elbv2.modify_target_group_attributes(
        TargetGroupArn=balanced["loadBalancers"][0]["targetGroupArn"],
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "40"}],
    )
    fargate.new_service(**balanced)
    fargate.sandbox.advance(300)
    assert fargate.service()["runningCount"] == 2
    fargate.ecs.update_service(desiredCount=0, **MAIN)
    fargate.sandbox.advance(39)
    assert fargate.statuses("STOPPED") == ["DEACTIVATING"] * 2
    assert fargate.service()["runningCount"] == 2
    fargate.sandbox.advance(2)
    assert fargate.statuses("STOPPED") == ["STOPPING"] * 2
    fargate.sandbox.advance(10)
    assert fargate.statuses("STOPPED") == ["DEPROVISIONING"] * 2
    assert fargate.service()["runningCount"] == 0
    fargate.sandbox.advance(6)
    (stopped, _) = fargate.tasks("STOPPED")
    assert (stopped["lastStatus"], stopped["stopCode"]) == ("STOPPED", "ServiceSchedulerInitiated")
    assert stopped["stoppedReason"].startswith("Scaling activity initiated by (deployment ecs-svc/")


def test_a_rolling_update_keeps_enough_healthy_tasks(fargate: Fargate) -> None:
    former = fargate.new_service()["deployments"][0]["id"]
    fargate.sandbox.advance(80)
    second = fargate.new_definition()
    fargate.ecs.update_service(taskDefinition="app", **MAIN)
    fargate.sandbox.advance(51)
    told = fargate.service()
    assert told["taskDefinition"] == second
    assert [(one["status"], one["runningCount"], one["pendingCount"]) for one in told["deployments"]] == [
        ("PRIMARY", 2, 0),
        ("ACTIVE", 2, 0),
    ]
    fargate.sandbox.advance(3)
    assert fargate.statuses("STOPPED") == ["STOPPING"] * 2
    fargate.sandbox.advance(20)
    (only,) = fargate.service()["deployments"]
    assert (only["id"] == former, only["rolloutState"], only["runningCount"]) == (False, "COMPLETED", 2)


def test_with_no_room_above_old_tasks_go_first(fargate: Fargate) -> None:
    fargate.new_service(deploymentConfiguration={"maximumPercent": 100, "minimumHealthyPercent": 50})
    fargate.sandbox.advance(80)
    fargate.ecs.update_service(forceNewDeployment=True, **MAIN)
    fargate.sandbox.advance(1)
    told = fargate.service()["deployments"]
    assert [(one["status"], one["pendingCount"]) for one in told] == [("PRIMARY", 1), ("ACTIVE", 0)]
    assert sorted(fargate.statuses() + fargate.statuses("STOPPED")) == ["PROVISIONING", "RUNNING", "STOPPING"]
    fargate.sandbox.advance(150)
    (only,) = fargate.service()["deployments"]
    assert (only["runningCount"], only["rolloutState"]) == (2, "COMPLETED")


def test_more_of_the_same_needs_no_deployment(fargate: Fargate) -> None:
    former = fargate.new_service()["deployments"][0]["id"]
    fargate.sandbox.advance(80)
    fargate.ecs.update_service(desiredCount=3, **MAIN)
    fargate.sandbox.advance(80)
    told = fargate.service()
    assert ([one["id"] for one in told["deployments"]], told["runningCount"]) == ([former], 3)
    assert fargate.events()[-1] == "has reached a steady state."


def test_an_update_is_applied(fargate: Fargate) -> None:
    fargate.new_service()
    narrower = fargate.placement(subnets=fargate.subnets[:1])
    breadth = {"maximumPercent": 300}
    fargate.ecs.update_service(networkConfiguration=narrower, deploymentConfiguration=breadth, **MAIN)
    told = fargate.service()
    assert told["networkConfiguration"] == narrower
    assert told["deploymentConfiguration"]["maximumPercent"] == 300
    assert told["deploymentConfiguration"]["minimumHealthyPercent"] == 100
    fargate.sandbox.advance(100)
    assert {task["availabilityZone"] for task in fargate.tasks()} == {"eu-central-1a"}


def test_tasks_move_to_another_target_group_with_a_deployment(fargate: Fargate) -> None:
    first = fargate.balanced()
    other = fargate.new_targets("other", HealthCheckIntervalSeconds=10)
    fargate.new_listener(fargate.new_balancer("other"), other)
    fargate.sandbox.advance(200)
    fargate.new_service(desiredCount=1, **first)
    fargate.sandbox.advance(100)
    former = first["loadBalancers"][0]
    fargate.ecs.update_service(loadBalancers=[{**former, "targetGroupArn": other}], **MAIN)

    def states(group: str) -> list[str]:
        told = fargate.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return [one["TargetHealth"]["State"] for one in told]

    assert (states(former["targetGroupArn"]), states(other)) == (["healthy"], [])
    fargate.sandbox.advance(80)
    assert (states(former["targetGroupArn"]), states(other)) == (["draining"], ["healthy"])
    fargate.sandbox.advance(400)
    assert (states(former["targetGroupArn"]), fargate.primary()["rolloutState"]) == ([], "COMPLETED")


def test_a_service_without_tasks_is_complete_at_once(fargate: Fargate) -> None:
    fargate.new_service(desiredCount=0)
    assert fargate.primary()["rolloutState"] == "IN_PROGRESS"
    fargate.sandbox.advance(5)
    assert fargate.primary()["rolloutState"] == "COMPLETED"


def test_a_stopped_task_is_replaced(fargate: Fargate) -> None:
    fargate.new_service(desiredCount=1)
    fargate.sandbox.advance(80)
    (task,) = fargate.tasks()
    fargate.ecs.stop_task(cluster="main", task=task["taskArn"], reason="by hand")
    fargate.sandbox.advance(1)
    (other,) = fargate.tasks()
    assert (other["taskArn"] == task["taskArn"], other["lastStatus"]) == (False, "PROVISIONING")
    (stopped,) = fargate.tasks("STOPPED")
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "by hand")


def test_a_deleted_service_drains_then_is_inactive_and_its_name_is_free(fargate: Fargate) -> None:
    fargate.new_service()
    fargate.sandbox.advance(80)
    refused(fargate.ecs.delete_service, "InvalidParameterException", **MAIN)
    fargate.ecs.delete_service(force=True, **MAIN)
    fargate.sandbox.advance(17)
    assert (fargate.service()["status"], fargate.service()["runningCount"]) == ("DRAINING", 0)
    again = fargate.service_parameters(taskDefinition="app")
    message = refused(fargate.ecs.create_service, "InvalidParameterException", **again)
    assert message == "Unable to Start a service that is still Draining."
    assert len(fargate.ecs.list_services(cluster="main")["serviceArns"]) == 1
    fargate.sandbox.advance(10)
    assert (fargate.service()["status"], fargate.service()["deployments"]) == ("INACTIVE", [])
    assert fargate.ecs.list_services(cluster="main")["serviceArns"] == []
    assert fargate.ecs.create_service(**again)["service"]["status"] == "ACTIVE"


def test_only_an_active_service_can_be_updated(fargate: Fargate) -> None:
    fargate.new_service(desiredCount=0)
    fargate.ecs.update_service(desiredCount=0, **MAIN)
    fargate.ecs.delete_service(**MAIN)
    refused(fargate.ecs.update_service, "ServiceNotActiveException", desiredCount=1, **MAIN)
    wrong = {**MAIN, "service": "other"}
    refused(fargate.ecs.update_service, "ServiceNotFoundException", desiredCount=1, **wrong)


def test_services_are_described_by_name_and_the_missing_are_told(fargate: Fargate) -> None:
    fargate.new_service(desiredCount=0)
    answer = fargate.ecs.describe_services(cluster="main", services=["app", "other"])
    assert [one["serviceName"] for one in answer["services"]] == ["app"]
    assert [one["reason"] for one in answer["failures"]] == ["MISSING"]
    many = [f"s{number}" for number in range(11)]
    refused(fargate.ecs.describe_services, "InvalidParameterException", cluster="main", services=many)


def test_deployments_are_remembered(fargate: Fargate) -> None:
    service = fargate.new_service(desiredCount=0)
    fargate.sandbox.advance(5)
    fargate.ecs.update_service(forceNewDeployment=True, **MAIN)
    second, first = fargate.ecs.list_service_deployments(**MAIN)["serviceDeployments"]
    assert (first["status"], second["status"]) == ("SUCCESSFUL", "IN_PROGRESS")
    assert second["serviceDeploymentArn"] == fargate.service()["currentServiceDeployment"]
    arns = [second["serviceDeploymentArn"], "arn:aws:ecs:eu-central-1:123456789012:service-deployment/main/app/x"]
    answer = fargate.ecs.describe_service_deployments(serviceDeploymentArns=arns)
    (told,) = answer["serviceDeployments"]
    assert told["sourceServiceRevisions"][0]["arn"] == first["targetServiceRevisionArn"]
    assert [one["reason"] for one in answer["failures"]] == ["MISSING"]
    wanted = [told["targetServiceRevision"]["arn"]]
    (revision,) = fargate.ecs.describe_service_revisions(serviceRevisionArns=wanted)["serviceRevisions"]
    assert revision["taskDefinition"] == service["taskDefinition"]
    assert revision["containerImages"] == [{"containerName": "app", "image": "nginx:1"}]
    refused(fargate.ecs.list_service_deployments, "ServiceNotFoundException", cluster="main", service="other")


def test_in_an_instant_profile_everything_is_there_at_once(sandbox: Sandbox) -> None:
    fargate = Fargate(sandbox)
    fargate.new_service(**fargate.balanced())
    assert (fargate.service()["runningCount"], fargate.primary()["rolloutState"]) == (2, "COMPLETED")
    fargate.ecs.delete_service(force=True, **MAIN)
    assert fargate.service()["status"] == "INACTIVE"
    assert not fargate.interfaces("arn:aws:ecs*")
