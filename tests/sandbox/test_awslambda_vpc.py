"""Functions in a VPC: what they must be given, and their interfaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.lambdas import LambdaNetwork
from tests.sandbox.world import refused, zipped
from tests.sandbox_fixture import Sandbox

INVALID = "InvalidParameterValueException"
VALIDATION = "ValidationException"
INTERFACES = "AWS Lambda VPC ENI*"


@pytest.fixture
def network(sandbox: Sandbox) -> LambdaNetwork:
    return LambdaNetwork(sandbox)


@pytest.fixture
def realistic(network: LambdaNetwork) -> Iterator[None]:
    """Times are drawn, but functions, roles and what is new can be used at once."""
    ask = network.sandbox.ask
    ask("POST", "reset", {"profile": "realistic=1", "seed": 1})
    instant = ("consistency.ec2", "consistency.others", "iam.policy.effective", "iam.role.usable", "lambda.active")
    network.sandbox.latencies(dict.fromkeys(instant, 0))
    yield
    ask("POST", "reset", {"profile": "instant"})


def wanted(network: LambdaNetwork, **place: Any) -> dict[str, Any]:
    """What CreateFunction takes for a function in the VPC, or elsewhere."""
    usual = {"FunctionName": "f", "Runtime": "python3.12", "Handler": "a.b", "Code": {"ZipFile": zipped()}}
    role = network.new_role("r", "lambda.amazonaws.com")
    return {**usual, "Role": role, "VpcConfig": {**network.in_vpc(), **place}}


def told(network: LambdaNetwork, name: str = "hello") -> dict[str, Any]:
    found: dict[str, Any] = network.functions.get_function(FunctionName=name)["Configuration"]
    return found


def full_subnet(network: LambdaNetwork, name: str = "10.0.9.0/28") -> str:
    """A subnet whose eleven addresses are all taken."""
    answer = network.ec2.create_subnet(VpcId=network.vpc, CidrBlock=name)
    subnet = str(answer["Subnet"]["SubnetId"])
    prefix = name.rpartition(".")[0]
    for number in range(4, 15):
        address = f"{prefix}.{number}"
        network.ec2.create_network_interface(SubnetId=subnet, PrivateIpAddress=address, Groups=[network.group])
    return subnet


def test_how_many_and_of_which_form(network: LambdaNetwork) -> None:
    create = network.functions.create_function
    given = wanted(network)
    many = [f"subnet-{number}" for number in range(17)]
    message = refused(create, VALIDATION, **{**given, "VpcConfig": {**network.in_vpc(), "SubnetIds": many}})
    assert message.endswith("Member must have length less than or equal to 16")
    groups = [f"sg-{number}" for number in range(6)]
    refused(create, VALIDATION, **{**given, "VpcConfig": {**network.in_vpc(), "SecurityGroupIds": groups}})
    message = refused(create, VALIDATION, **{**given, "VpcConfig": {**network.in_vpc(), "SubnetIds": ["mine"]}})
    assert "Value '[mine]' at 'vpcConfig.subnetIds'" in message
    create(**given)


def test_all_in_one_vpc(network: LambdaNetwork) -> None:
    other = LambdaNetwork(network.sandbox)
    create = network.functions.create_function
    given = wanted(network, SubnetIds=[network.subnets[0], other.subnets[0]])
    assert refused(create, INVALID, **given) == "Subnets are required to be in the same VPC."
    given["VpcConfig"] = {**network.in_vpc(), "SecurityGroupIds": [other.group]}
    assert refused(create, INVALID, **given) == "Security Groups are required to be in the same VPC."
    given["VpcConfig"] = {**network.in_vpc(), "SubnetIds": network.subnets}
    create(**given)


def test_one_interface_for_each_subnet_and_set_of_groups(network: LambdaNetwork) -> None:
    both = {**network.in_vpc(), "SubnetIds": network.subnets}
    network.new_function(VpcConfig=both)
    network.new_function("same", VpcConfig=both)
    found = network.interfaces(INTERFACES)
    assert sorted(interface["SubnetId"] for interface in found) == sorted(network.subnets)
    assert {(interface["Status"], interface["InterfaceType"]) for interface in found} == {("in-use", "lambda")}
    network.new_function("other", VpcConfig={**both, "SecurityGroupIds": [network.new_group("other")]})
    assert len(network.interfaces(INTERFACES)) == 4


def test_no_address_left(network: LambdaNetwork) -> None:
    subnet = full_subnet(network)
    network.sandbox.latencies({"lambda.vpc_active": 45})
    place = {**network.in_vpc(), "SubnetIds": [subnet]}
    assert network.new_function(VpcConfig=place)["State"] == "Pending"
    network.sandbox.advance(46)
    found = told(network)
    assert (found["State"], found["StateReasonCode"]) == ("Failed", "SubnetOutOfIPAddresses")
    message = refused(network.functions.invoke, "ResourceConflictException", FunctionName="hello")
    assert message.endswith("state: Failed")
    network.functions.delete_function(FunctionName="hello")


def test_no_address_left_for_an_update(network: LambdaNetwork) -> None:
    subnet = full_subnet(network)
    network.new_function()
    told(network)
    place = {**network.in_vpc(), "SubnetIds": [subnet]}
    network.functions.update_function_configuration(FunctionName="hello", VpcConfig=place)
    found = told(network)
    assert (found["State"], found["LastUpdateStatus"]) == ("Active", "Failed")
    assert found["LastUpdateStatusReasonCode"] == "SubnetOutOfIPAddresses"
    nothing: dict[str, list[str]] = {"SubnetIds": [], "SecurityGroupIds": []}
    network.functions.update_function_configuration(FunctionName="hello", VpcConfig=nothing)
    assert told(network)["LastUpdateStatus"] == "Successful"


def test_the_same_place_again_moves_nothing(network: LambdaNetwork) -> None:
    network.sandbox.latencies({"lambda.detached_interfaces": 5, "lambda.interfaces": 5, "lambda.vpc_updated": 60})
    network.new_function(VpcConfig=network.in_vpc())
    told(network)
    network.functions.update_function_configuration(FunctionName="hello", VpcConfig=network.in_vpc())
    assert told(network)["LastUpdateStatus"] == "Successful"
    network.sandbox.advance(6)
    assert network.interfaces(INTERFACES)[0]["Status"] == "in-use"


def test_a_freed_interface_is_taken_again(network: LambdaNetwork) -> None:
    network.sandbox.latencies({"lambda.interfaces": 420})
    network.new_function(VpcConfig=network.in_vpc())
    told(network)
    nothing: dict[str, list[str]] = {"SubnetIds": [], "SecurityGroupIds": []}
    network.functions.update_function_configuration(FunctionName="hello", VpcConfig=nothing)
    assert network.interfaces(INTERFACES)[0]["Status"] == "available"
    network.new_function("other", VpcConfig=network.in_vpc())
    (interface,) = network.interfaces(INTERFACES)
    assert (interface["Status"], interface["InterfaceType"]) == ("in-use", "lambda")


def test_a_published_version_keeps_the_interfaces(network: LambdaNetwork) -> None:
    network.new_function(VpcConfig=network.in_vpc())
    told(network)
    version = network.functions.publish_version(FunctionName="hello")["Version"]
    nothing: dict[str, list[str]] = {"SubnetIds": [], "SecurityGroupIds": []}
    network.functions.update_function_configuration(FunctionName="hello", VpcConfig=nothing)
    assert network.interfaces(INTERFACES)[0]["Status"] == "in-use"
    network.functions.delete_function(FunctionName="hello", Qualifier=version)
    assert not network.interfaces(INTERFACES)


def test_a_deleted_function_takes_its_versions_along(network: LambdaNetwork) -> None:
    network.new_function(VpcConfig=network.in_vpc(), Publish=True)
    network.functions.delete_function(FunctionName="hello")
    assert not network.interfaces(INTERFACES)


def test_lambda_deletes_interfaces_with_the_role(network: LambdaNetwork) -> None:
    network.sandbox.latencies({"lambda.interfaces": 420})
    network.new_function(VpcConfig=network.in_vpc())
    network.functions.delete_function(FunctionName="hello")
    network.delete_role("hello-role")
    network.sandbox.advance(10_000)
    (interface,) = network.interfaces(INTERFACES)
    assert interface["Status"] == "available"
    network.ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])


def test_a_late_flush_brings_the_log_group_back(network: LambdaNetwork, realistic: None) -> None:
    logs, names = network.sandbox.client("logs"), []
    role = network.new_role("r", "lambda.amazonaws.com")
    for number in range(10):
        name = f"f{number}"
        network.new_function(name, Role=role)
        network.functions.invoke(FunctionName=name)
        network.functions.delete_function(FunctionName=name)
        names.append(f"/aws/lambda/{name}")
        logs.delete_log_group(logGroupName=names[-1])
        network.sandbox.advance(0.5)  # AWS takes only so many calls a second
    network.sandbox.advance(61)
    back = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    assert 0 < len(back) < 8
    for name in back:
        logs.delete_log_group(logGroupName=name)
    network.sandbox.advance(61)
    assert not logs.describe_log_groups()["logGroups"]


def test_the_role_must_be_allowed_to_manage_interfaces(network: LambdaNetwork) -> None:
    given = wanted(network)
    network.take_permissions("r")
    message = refused(network.functions.create_function, INVALID, **given)
    assert message == "The provided execution role does not have permissions to call CreateNetworkInterface on EC2"
    place = given.pop("VpcConfig")
    network.functions.create_function(**given)
    told(network, "f")
    refused(network.functions.update_function_configuration, INVALID, FunctionName="f", VpcConfig=place)
    network.functions.update_function_configuration(
        FunctionName="f", VpcConfig=place, Role=network.new_role("able", "lambda.amazonaws.com")
    )


def test_lambda_deletes_interfaces_as_far_as_the_role_may(network: LambdaNetwork) -> None:
    network.new_function(VpcConfig=network.in_vpc())
    network.take_permissions("hello-role")
    network.functions.delete_function(FunctionName="hello")
    assert network.interfaces(INTERFACES)[0]["Status"] == "available"
