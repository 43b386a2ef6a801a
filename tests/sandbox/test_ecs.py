"""Clusters, services and their tasks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.world import Network, refused

TAGS = [{"key": "a", "value": "b"}]


def test_a_cluster_of_the_same_name_is_returned_unchanged(network: Network) -> None:
    first = network.ecs.create_cluster(clusterName="main", tags=TAGS)["cluster"]
    again = network.ecs.create_cluster(clusterName="main", tags=[{"key": "other", "value": "x"}])["cluster"]
    assert again["clusterArn"] == first["clusterArn"]
    told = network.ecs.describe_clusters(clusters=["main"], include=["TAGS"])["clusters"][0]
    assert told["tags"] == TAGS


def test_an_ended_cluster_is_described_but_not_listed_and_its_name_is_free(network: Network) -> None:
    network.ecs.create_cluster(clusterName="main")
    network.ecs.delete_cluster(cluster="main")
    assert network.ecs.describe_clusters(clusters=["main"])["clusters"][0]["status"] == "INACTIVE"
    assert network.ecs.list_clusters()["clusterArns"] == []
    assert network.ecs.create_cluster(clusterName="main")["cluster"]["status"] == "ACTIVE"


def test_cluster_settings_can_be_updated(network: Network) -> None:
    setting = {"name": "containerInsights", "value": "enabled"}
    refused(network.ecs.update_cluster_settings, "ClusterNotFoundException", cluster="main", settings=[setting])
    network.ecs.create_cluster(clusterName="main")
    network.ecs.update_cluster_settings(cluster="main", settings=[setting])
    told = network.ecs.describe_clusters(clusters=["main"], include=["SETTINGS"])["clusters"][0]
    assert told["settings"] == [setting]


def test_a_cluster_stays_while_a_service_is_in_it(network: Network) -> None:
    network.sandbox.latencies({"ecs.service.inactive": 10})
    network.new_service(desiredCount=0)
    refused(network.ecs.delete_cluster, "ClusterContainsServicesException", cluster="main")
    network.ecs.delete_service(cluster="main", service="app")
    assert network.service()["status"] == "DRAINING"
    refused(network.ecs.delete_cluster, "ClusterContainsServicesException", cluster="main")
    network.sandbox.advance(11)
    network.ecs.delete_cluster(cluster="main")


def test_a_service_keeps_all_its_parameters(network: Network) -> None:
    targets = network.new_targets()
    network.new_listener(network.new_balancer(), targets)
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
        "loadBalancers": [{"targetGroupArn": targets, "containerName": "app", "containerPort": 80}],
        "tags": TAGS,
    }
    created = network.new_service(**wanted)
    asked = network.service_parameters(**wanted)
    for told in (created, network.service()):
        assert {key: told[key] for key in asked if key != "cluster"} == {
            key: value for key, value in asked.items() if key != "cluster"
        }
        assert told["taskDefinition"].endswith(":task-definition/app:1")


def test_a_service_reaches_its_count_after_a_while(network: Network) -> None:
    network.sandbox.latencies({"ecs.service.steady": 75})
    created = network.new_service()
    assert (created["runningCount"], created["pendingCount"]) == (0, 2)
    assert created["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    network.sandbox.advance(76)
    told = network.service()
    assert (told["runningCount"], told["pendingCount"]) == (2, 0)
    assert [(item["status"], item["rolloutState"]) for item in told["deployments"]] == [("PRIMARY", "COMPLETED")]
    assert "steady state" in told["events"][0]["message"]
    network.ecs.get_waiter("services_stable").wait(cluster="main", services=["app"])


def test_its_tasks_have_an_interface_in_its_subnets(network: Network) -> None:
    network.new_service(tags=TAGS, propagateTags="SERVICE")
    arns = network.ecs.list_tasks(cluster="main", serviceName="app")["taskArns"]
    tasks = network.ecs.describe_tasks(cluster="main", tasks=arns, include=["TAGS"])["tasks"]
    assert [task["lastStatus"] for task in tasks] == ["RUNNING", "RUNNING"]
    assert tasks[0]["tags"] == TAGS
    details = [{item["name"]: item["value"] for item in task["attachments"][0]["details"]} for task in tasks]
    assert [detail["subnetId"] for detail in details] == network.subnets
    assert details[1]["privateIPv4Address"].startswith("10.0.1.")
    found = {interface["NetworkInterfaceId"] for interface in network.interfaces("arn:aws:ecs*")}
    assert found == {detail["networkInterfaceId"] for detail in details}


def test_its_tasks_are_targets_initial_then_healthy(network: Network) -> None:
    network.sandbox.latencies({"target.healthy": 20})
    targets = network.new_targets()
    network.new_listener(network.new_balancer(), targets)
    balancer = {"targetGroupArn": targets, "containerName": "app", "containerPort": 80}
    network.new_service(loadBalancers=[balancer])

    def health() -> list[str]:
        told = network.elbv2.describe_target_health(TargetGroupArn=targets)["TargetHealthDescriptions"]
        return [item["TargetHealth"]["State"] for item in told]

    assert health() == ["initial", "initial"]
    assert network.service()["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    network.sandbox.advance(21)
    assert health() == ["healthy", "healthy"]
    assert network.service()["deployments"][0]["rolloutState"] == "COMPLETED"
    network.ecs.update_service(cluster="main", service="app", desiredCount=1)
    assert health() == ["healthy"]
    network.ecs.delete_service(cluster="main", service="app", force=True)
    assert health() == []


def test_scaling_to_zero_takes_a_while(network: Network) -> None:
    network.new_service()
    assert network.service()["runningCount"] == 2
    network.sandbox.latencies({"ecs.service.stopped": 60})
    network.ecs.update_service(cluster="main", service="app", desiredCount=0)
    assert network.service()["runningCount"] == 2
    network.sandbox.advance(61)
    assert network.service()["runningCount"] == 0
    stopped = network.ecs.list_tasks(cluster="main", serviceName="app", desiredStatus="STOPPED")["taskArns"]
    assert len(stopped) == 2


def test_an_update_is_applied(network: Network) -> None:
    network.new_service()
    second = network.new_definition()
    former = network.service()["deployments"][0]["id"]
    narrower = {"awsvpcConfiguration": {"subnets": network.subnets[:1], "securityGroups": [network.group]}}
    network.sandbox.latencies({"ecs.service.steady": 75})
    network.ecs.update_service(
        cluster="main",
        service="app",
        taskDefinition="app:2",
        networkConfiguration=narrower,
        deploymentConfiguration={"maximumPercent": 300},
    )
    told = network.service()
    assert told["taskDefinition"] == second
    assert told["networkConfiguration"]["awsvpcConfiguration"]["subnets"] == network.subnets[:1]
    assert told["deploymentConfiguration"]["maximumPercent"] == 300
    assert [item["status"] for item in told["deployments"]] == ["PRIMARY", "ACTIVE"]
    network.sandbox.advance(76)
    told = network.service()
    assert len(told["deployments"]) == 1
    assert told["deployments"][0]["id"] != former
    assert told["runningCount"] == 2


def test_a_forced_deployment_is_a_new_one(network: Network) -> None:
    network.new_service()
    former = network.service()["deployments"][0]["id"]
    network.ecs.update_service(cluster="main", service="app", forceNewDeployment=True)
    assert network.service()["deployments"][0]["id"] != former


def test_a_stopped_task_is_replaced(network: Network) -> None:
    network.new_service(desiredCount=1)
    (task,) = network.ecs.list_tasks(cluster="main", serviceName="app")["taskArns"]
    network.ecs.stop_task(cluster="main", task=task, reason="by hand")
    (other,) = network.ecs.list_tasks(cluster="main", serviceName="app")["taskArns"]
    assert other != task
    told = network.ecs.describe_tasks(cluster="main", tasks=[task])["tasks"][0]
    assert (told["lastStatus"], told["stoppedReason"]) == ("STOPPED", "by hand")


def test_a_deleted_service_drains_then_is_inactive_and_its_name_is_free(network: Network) -> None:
    network.new_service()
    assert network.service()["runningCount"] == 2
    network.sandbox.latencies({"ecs.service.stopped": 60, "ecs.service.inactive": 10})
    refused(network.ecs.delete_service, "InvalidParameterException", cluster="main", service="app")
    network.ecs.delete_service(cluster="main", service="app", force=True)
    assert network.service()["status"] == "DRAINING"
    network.sandbox.advance(61)
    assert network.service()["status"] == "DRAINING"
    again = network.service_parameters(taskDefinition="app")
    refused(network.ecs.create_service, "InvalidParameterException", **again)
    network.sandbox.advance(11)
    assert network.service()["status"] == "INACTIVE"
    assert network.ecs.list_services(cluster="main")["serviceArns"] == []
    assert network.ecs.create_service(**again)["service"]["status"] == "ACTIVE"


def test_only_an_active_service_can_be_updated(network: Network) -> None:
    network.new_service(desiredCount=0)
    network.ecs.delete_service(cluster="main", service="app")
    wanted = {"cluster": "main", "service": "app", "desiredCount": 1}
    refused(network.ecs.update_service, "ServiceNotActiveException", **wanted)
    refused(network.ecs.update_service, "ServiceNotFoundException", **{**wanted, "service": "other"})


def test_a_name_is_taken_unless_token_and_parameters_are_the_same(network: Network) -> None:
    wanted = {"taskDefinition": network.new_definition(), "clientToken": "t1"}
    first = network.new_service(**wanted)
    again = network.ecs.create_service(**network.service_parameters(**wanted))["service"]
    assert again["serviceArn"] == first["serviceArn"]
    for change in ({"clientToken": "t2"}, {"desiredCount": 1}):
        other = network.service_parameters(**{**wanted, **change})
        message = refused(network.ecs.create_service, "InvalidParameterException", **other)
        assert message == "Creation of service was not idempotent."


def test_a_target_group_needs_a_listener(network: Network) -> None:
    targets = network.new_targets()
    wanted = {"loadBalancers": [{"targetGroupArn": targets, "containerName": "app", "containerPort": 80}]}
    network.ecs.create_cluster(clusterName="main")
    parameters = network.service_parameters(taskDefinition=network.new_definition(), **wanted)
    refused(network.ecs.create_service, "InvalidParameterException", **parameters)
    network.new_listener(network.new_balancer(), targets)
    network.ecs.create_service(**parameters)


def test_groups_may_be_left_out(network: Network) -> None:
    network.new_service(networkConfiguration={"awsvpcConfiguration": {"subnets": network.subnets}})
    assert network.service()["runningCount"] == 2


@pytest.mark.parametrize("wrong", [{"cluster": "other"}, {"taskDefinition": "other"}])
def test_what_a_service_names_must_exist(network: Network, wrong: dict[str, str]) -> None:
    network.ecs.create_cluster(clusterName="main")
    parameters = network.service_parameters(taskDefinition=network.new_definition())
    code = "ClusterNotFoundException" if "cluster" in wrong else "ClientException"
    refused(network.ecs.create_service, code, **{**parameters, **wrong})


def test_an_inactive_task_definition_is_refused(network: Network) -> None:
    definition = network.new_definition()
    network.ecs.create_cluster(clusterName="main")
    network.ecs.deregister_task_definition(taskDefinition=definition)
    parameters = network.service_parameters(taskDefinition=definition)
    refused(network.ecs.create_service, "ClientException", **parameters)
