"""Functions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.lambdas import LambdaNetwork
from tests.sandbox.world import refused, zipped
from tests.sandbox_fixture import Sandbox

INVALID = "InvalidParameterValueException"


@pytest.fixture
def network(sandbox: Sandbox) -> LambdaNetwork:
    return LambdaNetwork(sandbox)


def _told(network: LambdaNetwork, name: str = "hello") -> dict[str, Any]:
    found: dict[str, Any] = network.functions.get_function(FunctionName=name)["Configuration"]
    return found


def test_a_new_function_is_pending_then_active(network: LambdaNetwork) -> None:
    network.sandbox.latencies({"lambda.active": 3, "lambda.vpc_active": 45})
    assert network.new_function()["State"] == "Pending"
    network.new_function("inside", VpcConfig=network.in_vpc())
    network.sandbox.advance(4)
    assert _told(network)["State"] == "Active"
    assert _told(network, "inside")["State"] == "Pending"
    network.sandbox.advance(45)
    assert _told(network, "inside")["State"] == "Active"


def test_the_second_function_in_the_same_place_is_fast(network: LambdaNetwork) -> None:
    network.sandbox.latencies({"lambda.active": 3, "lambda.vpc_active": 45})
    network.new_function("first", VpcConfig=network.in_vpc())
    network.new_function("second", VpcConfig=network.in_vpc())
    network.sandbox.advance(4)
    assert _told(network, "second")["State"] == "Active"
    assert len(network.interfaces("AWS Lambda VPC ENI*")) == 1


def test_an_update_is_in_progress_then_successful(network: LambdaNetwork) -> None:
    network.new_function()
    assert _told(network)["LastUpdateStatus"] == "Successful"
    network.sandbox.latencies({"lambda.updated": 2})
    updates = (
        (network.functions.update_function_configuration, {"Timeout": 9}),
        (network.functions.update_function_code, {"ZipFile": zipped()}),
    )
    for update, change in updates:
        assert update(FunctionName="hello", **change)["LastUpdateStatus"] == "InProgress"
        refused(update, "ResourceConflictException", FunctionName="hello", **change)
        network.sandbox.advance(3)
        assert _told(network)["LastUpdateStatus"] == "Successful"


def test_a_pending_function_cannot_be_updated(network: LambdaNetwork) -> None:
    network.sandbox.latencies({"lambda.active": 3})
    network.new_function()
    update = network.functions.update_function_configuration
    refused(update, "ResourceConflictException", FunctionName="hello", Timeout=9)
    network.sandbox.advance(4)
    update(FunctionName="hello", Timeout=9)


def test_its_vpc_is_told(network: LambdaNetwork) -> None:
    assert network.new_function(VpcConfig=network.in_vpc())["VpcConfig"]["VpcId"] == network.vpc
    assert _told(network)["VpcConfig"]["VpcId"] == network.vpc
    assert network.functions.list_functions()["Functions"][0]["VpcConfig"]["VpcId"] == network.vpc


def test_subnets_and_groups_come_together(network: LambdaNetwork) -> None:
    role = network.new_role("r", "lambda.amazonaws.com")
    wanted = {"FunctionName": "f", "Role": role, "Runtime": "python3.12", "Handler": "a.b"}
    create, code = network.functions.create_function, {"ZipFile": zipped()}
    for part in ({"SubnetIds": network.subnets}, {"SecurityGroupIds": [network.group]}):
        refused(create, INVALID, Code=code, VpcConfig=part, **wanted)
    create(Code=code, VpcConfig={"SubnetIds": [], "SecurityGroupIds": []}, **wanted)


def test_subnets_and_groups_must_exist(network: LambdaNetwork) -> None:
    role = network.new_role("r", "lambda.amazonaws.com")
    wanted = {"FunctionName": "f", "Role": role, "Runtime": "python3.12", "Handler": "a.b"}
    for wrong in ({"SubnetIds": ["subnet-1"]}, {"SecurityGroupIds": ["sg-1"]}):
        place = {**network.in_vpc(), **wrong}
        code = {"ZipFile": zipped()}
        message = refused(network.functions.create_function, INVALID, Code=code, VpcConfig=place, **wanted)
        assert "NotFound" in message


def test_the_role_must_trust_lambda(network: LambdaNetwork) -> None:
    role = network.new_role("r", "ecs-tasks.amazonaws.com")
    wanted = {"FunctionName": "f", "Runtime": "python3.12", "Handler": "a.b", "Code": {"ZipFile": zipped()}}
    message = refused(network.functions.create_function, INVALID, Role=role, **wanted)
    assert message == "The role defined for the function cannot be assumed by Lambda."
    network.functions.create_function(Role=network.new_role("other", "lambda.amazonaws.com"), **wanted)


def test_a_statement_id_is_used_once(network: LambdaNetwork) -> None:
    network.new_function()
    wanted = {
        "FunctionName": "hello",
        "StatementId": "s",
        "Action": "lambda:InvokeFunction",
        "Principal": "elasticloadbalancing.amazonaws.com",
    }
    network.functions.add_permission(**wanted)
    refused(network.functions.add_permission, "ResourceConflictException", **wanted)
    network.functions.add_permission(**{**wanted, "StatementId": "other"})


def test_detached_interfaces_become_available_and_may_be_deleted(network: LambdaNetwork) -> None:
    network.sandbox.latencies({"lambda.detached_interfaces": 240, "lambda.interfaces": 420})
    network.new_function(VpcConfig=network.in_vpc())
    nothing: dict[str, list[str]] = {"SubnetIds": [], "SecurityGroupIds": []}
    network.functions.get_function(FunctionName="hello")
    network.functions.update_function_configuration(FunctionName="hello", VpcConfig=nothing)
    (interface,) = network.interfaces("AWS Lambda VPC ENI*")
    key = {"NetworkInterfaceId": interface["NetworkInterfaceId"]}
    refused(network.ec2.delete_network_interface, "InvalidParameterValue", **key)
    network.sandbox.advance(241)
    (interface,) = network.interfaces("AWS Lambda VPC ENI*")
    assert (interface["Status"], interface["InterfaceType"]) == ("available", "interface")
    network.ec2.delete_network_interface(**key)
    network.ec2.delete_security_group(GroupId=network.group)


def test_interfaces_outlive_a_deleted_function(network: LambdaNetwork) -> None:
    network.sandbox.latencies({"lambda.interfaces": 420})
    network.new_function(VpcConfig=network.in_vpc())
    network.functions.delete_function(FunctionName="hello")
    assert network.interfaces("AWS Lambda VPC ENI*")
    network.sandbox.advance(421)
    assert not network.interfaces("AWS Lambda VPC ENI*")


def test_a_function_that_returns_takes_its_interfaces_over(network: LambdaNetwork) -> None:
    network.sandbox.latencies({"lambda.interfaces": 420})
    network.new_function(VpcConfig=network.in_vpc())
    network.functions.delete_function(FunctionName="hello")
    network.new_function(Role=network.new_role("r2", "lambda.amazonaws.com"), VpcConfig=network.in_vpc())
    network.sandbox.advance(421)
    assert len(network.interfaces("AWS Lambda VPC ENI*")) == 1


def test_code_may_come_for_another_processor(network: LambdaNetwork) -> None:
    network.new_function(Architectures=["arm64"])
    network.functions.update_function_code(FunctionName="hello", ZipFile=zipped(), Architectures=["x86_64"])
    told = network.functions.get_function(FunctionName="hello")["Configuration"]
    assert told["Architectures"] == ["x86_64"]
