"""Services that ECS does not accept."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.fargate import Fargate
from tests.sandbox.world import refused
from tests.sandbox_fixture import Sandbox

INVALID = "InvalidParameterException"
MAIN = {"cluster": "main", "service": "app"}


@pytest.fixture
def fargate(sandbox: Sandbox) -> Fargate:
    """With a cluster and a task definition, both `ready`."""
    made = Fargate(sandbox)
    made.ecs.create_cluster(clusterName="main")
    made.new_definition()
    return made


def refuse(fargate: Fargate, code: str = INVALID, **wrong: Any) -> str:
    """That the service is refused like this; and accepted without what is wrong."""
    parameters = fargate.service_parameters(taskDefinition="app", desiredCount=0)
    message = refused(fargate.ecs.create_service, code, **{**parameters, **wrong})
    assert fargate.ecs.list_services(cluster="main")["serviceArns"] == []
    fargate.ecs.create_service(**parameters)
    return message


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"cluster": "other"}, "ClusterNotFoundException"),
        ({"taskDefinition": "other"}, "ClientException"),
        ({"desiredCount": -1}, INVALID),
        ({"deploymentConfiguration": {"maximumPercent": 100}}, INVALID),
        ({"deploymentConfiguration": {"minimumHealthyPercent": -1}}, INVALID),
        ({"healthCheckGracePeriodSeconds": 30}, INVALID),
        ({"networkConfiguration": {}}, INVALID),
        ({"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}, INVALID),
    ],
)
def test_what_makes_no_sense_is_refused(fargate: Fargate, wrong: dict[str, Any], code: str) -> None:
    refuse(fargate, code, **wrong)


def test_an_ended_cluster_takes_no_service(fargate: Fargate) -> None:
    fargate.ecs.create_cluster(clusterName="other")
    fargate.ecs.delete_cluster(cluster="other")
    refuse(fargate, "ClusterNotFoundException", cluster="other")


def test_a_capacity_provider_must_be_the_clusters(fargate: Fargate) -> None:
    parameters = fargate.service_parameters(taskDefinition="app", desiredCount=0)
    del parameters["launchType"]
    strategy = [{"capacityProvider": "FARGATE"}]
    create = fargate.ecs.create_service
    refused(create, INVALID, capacityProviderStrategy=strategy, **parameters)
    providers: dict[str, Any] = {"capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": []}
    fargate.ecs.put_cluster_capacity_providers(cluster="main", **providers)
    create(capacityProviderStrategy=strategy, **parameters)


def test_an_inactive_task_definition_is_refused(fargate: Fargate) -> None:
    second = fargate.new_definition()
    fargate.ecs.deregister_task_definition(taskDefinition=second)
    assert refuse(fargate, "ClientException", taskDefinition=second) == "TaskDefinition is inactive"
    refused(fargate.ecs.update_service, "ClientException", taskDefinition=second, **MAIN)
    fargate.ecs.update_service(taskDefinition="app:1", **MAIN)


def test_a_task_definition_must_be_for_fargate(fargate: Fargate) -> None:
    other = fargate.new_definition(family="ec2", requiresCompatibilities=["EC2"])
    assert refuse(fargate, taskDefinition=other) == "Task definition does not support launch_type FARGATE."


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ({"subnets": []}, "subnets can not be empty."),
        ({"subnets": ["subnet-1"] * 17}, "subnets can have at most 16 items."),
        ({"securityGroups": ["sg-1"] * 6}, "securityGroups can have at most 5 items."),
        (
            {"subnets": ["subnet-1"]},
            "Error retrieving subnet information for [subnet-1]: The subnet ID 'subnet-1' does not exist "
            "(ErrorCode: InvalidSubnetID.NotFound)",
        ),
        (
            {"securityGroups": ["sg-1"]},
            "Error retrieving security group information for [sg-1]: The security group 'sg-1' does not exist "
            "(ErrorCode: InvalidGroup.NotFound)",
        ),
    ],
)
def test_the_network_must_be_there(fargate: Fargate, network: dict[str, Any], message: str) -> None:
    assert refuse(fargate, networkConfiguration=fargate.placement(**network)) == message
    wrong = fargate.placement(**network)
    assert refused(fargate.ecs.update_service, INVALID, networkConfiguration=wrong, **MAIN) == message


def test_groups_are_of_the_subnets_vpc(fargate: Fargate) -> None:
    other = fargate.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    group = fargate.ec2.create_security_group(GroupName="x", Description="x", VpcId=other)["GroupId"]
    message = refuse(fargate, networkConfiguration=fargate.placement(securityGroups=[group]))
    assert message == f"Security group {group} does not appear to belong to the same VPC as the input subnets."


def test_subnets_are_of_one_vpc(fargate: Fargate) -> None:
    other = fargate.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = fargate.ec2.create_subnet(VpcId=other, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]
    refuse(fargate, networkConfiguration=fargate.placement(subnets=[subnet, *fargate.subnets]))


def test_groups_may_be_left_out(fargate: Fargate) -> None:
    network = {"subnets": fargate.subnets, "assignPublicIp": "ENABLED"}
    fargate.new_service(taskDefinition="app", networkConfiguration={"awsvpcConfiguration": network})
    assert fargate.service()["runningCount"] == 2


def targets(group: str, name: str = "app", port: int = 80) -> dict[str, Any]:
    return {"loadBalancers": [{"targetGroupArn": group, "containerName": name, "containerPort": port}]}


def test_a_target_group_needs_a_listener(fargate: Fargate) -> None:
    group = fargate.new_targets()
    message = f"The target group with targetGroupArn {group} does not have an associated load balancer."
    assert refuse(fargate, **targets(group)) == message
    fargate.new_listener(fargate.new_balancer(), group)
    fargate.ecs.update_service(**MAIN, **targets(group))


def test_a_target_group_must_be_of_addresses_and_there(fargate: Fargate) -> None:
    group = fargate.new_targets(TargetType="instance")
    fargate.new_listener(fargate.new_balancer(), group)
    message = refuse(fargate, **targets(group))
    assert "has target type instance, which is incompatible with the awsvpc network mode" in message
    missing = group.replace("/web/", "/other/")
    refused(fargate.ecs.update_service, INVALID, **MAIN, **targets(missing))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": "other"}, "The container other does not exist in the task definition."),
        ({"port": 81}, "The container app did not have a container port 81 defined."),
    ],
)
def test_targets_are_ports_of_containers(fargate: Fargate, wrong: dict[str, Any], message: str) -> None:
    group = fargate.new_targets()
    fargate.new_listener(fargate.new_balancer(), group)
    assert refuse(fargate, **targets(group, **wrong)) == message
    fargate.ecs.update_service(**MAIN, **targets(group))
    without = fargate.new_definition(container={"name": "web"})
    refused(fargate.ecs.update_service, INVALID, taskDefinition=without, **MAIN)


def test_roles_must_trust_tasks(fargate: Fargate) -> None:
    role = fargate.new_role("lambda", "lambda.amazonaws.com")
    message = refuse(fargate, taskDefinition=fargate.new_definition(family="wrong", taskRoleArn=role))
    assert message.startswith(f"ECS was unable to assume the role '{role}' that was provided for this task.")
    right = fargate.new_definition(taskRoleArn=fargate.new_role("task", "ecs-tasks.amazonaws.com"))
    fargate.ecs.update_service(taskDefinition=right, **MAIN)


def test_a_name_is_taken_unless_token_and_parameters_are_the_same(fargate: Fargate) -> None:
    wanted = {"taskDefinition": "app", "clientToken": "t1"}
    first = fargate.new_service(**wanted)
    again = fargate.ecs.create_service(**fargate.service_parameters(**wanted))["service"]
    assert again["serviceArn"] == first["serviceArn"]
    for change in ({"clientToken": "t2"}, {"desiredCount": 1}):
        other = fargate.service_parameters(**{**wanted, **change})
        message = refused(fargate.ecs.create_service, INVALID, **other)
        assert message == "Creation of service was not idempotent."
    assert len(fargate.ecs.list_services(cluster="main")["serviceArns"]) == 1


def test_on_ec2_there_is_nowhere_to_place_a_task(fargate: Fargate) -> None:
    fargate.new_service(taskDefinition="app", launchType="EC2")
    assert fargate.service()["runningCount"] == 0
    assert "no container instance met all of its requirements" in fargate.events()[0]
