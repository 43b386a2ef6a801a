"""Eventual consistency: what is young is not there yet, and not trusted yet."""

from __future__ import annotations

import pytest

from tests.sandbox.world import Network, refused, zipped
from tests.sandbox_fixture import Sandbox


@pytest.fixture
def hiding(network: Network) -> Network:
    """A network that is old, in a sandbox that hides what is younger than 2 s."""
    network.sandbox.advance(100)
    network.sandbox.faults([{"do": "invisible", "service": "ec2", "seconds": 2}])
    return network


def test_a_young_vpc_is_unknown_for_a_while(hiding: Network) -> None:
    ec2 = hiding.ec2
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    refused(ec2.describe_vpcs, "InvalidVpcID.NotFound", VpcIds=[vpc])
    refused(ec2.create_subnet, "InvalidVpcID.NotFound", VpcId=vpc, CidrBlock="10.1.0.0/24")
    assert vpc not in [item["VpcId"] for item in ec2.describe_vpcs()["Vpcs"]]
    assert hiding.vpc in [item["VpcId"] for item in ec2.describe_vpcs()["Vpcs"]]
    hiding.sandbox.advance(3)
    assert vpc in [item["VpcId"] for item in ec2.describe_vpcs()["Vpcs"]]
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/24")


def test_young_things_of_other_kinds_are_unknown_too(hiding: Network) -> None:
    ec2 = hiding.ec2
    answer = ec2.create_subnet(VpcId=hiding.vpc, CidrBlock="10.0.9.0/24")
    refused(ec2.describe_subnets, "InvalidSubnetID.NotFound", SubnetIds=[answer["Subnet"]["SubnetId"]])
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    wanted = {"InternetGatewayId": gateway, "VpcId": hiding.vpc}
    refused(ec2.attach_internet_gateway, "InvalidInternetGatewayID.NotFound", **wanted)
    group = hiding.new_group("young")
    refused(ec2.describe_security_groups, "InvalidGroup.NotFound", GroupIds=[group])
    table = ec2.create_route_table(VpcId=hiding.vpc)["RouteTable"]["RouteTableId"]
    wanted = {"RouteTableId": table, "SubnetId": hiding.subnets[0]}
    refused(ec2.associate_route_table, "InvalidRouteTableID.NotFound", **wanted)
    wanted = {"SubnetId": hiding.subnets[0], "AllocationId": hiding.new_address()}
    refused(ec2.create_nat_gateway, "InvalidAllocationID.NotFound", **wanted)
    assert len(ec2.describe_addresses()["Addresses"]) == 0
    hiding.sandbox.advance(3)
    gateway = ec2.create_nat_gateway(**wanted)["NatGateway"]["NatGatewayId"]
    refused(ec2.describe_nat_gateways, "NatGatewayNotFound", NatGatewayIds=[gateway])
    assert not ec2.describe_nat_gateways()["NatGateways"]
    by_id = [{"Name": "nat-gateway-id", "Values": [gateway]}]
    assert not ec2.describe_nat_gateways(Filters=by_id)["NatGateways"]


def test_without_the_fault_nothing_is_hidden(network: Network) -> None:
    assert network.ec2.describe_vpcs(VpcIds=[network.vpc])["Vpcs"]


def test_a_young_role_cannot_be_assumed_by_lambda(network: Network) -> None:
    network.sandbox.faults([{"do": "unassumable", "service": "lambda", "seconds": 8}])
    role = network.new_role("r", "lambda.amazonaws.com")
    wanted = {"FunctionName": "f", "Role": role, "Runtime": "python3.12", "Handler": "a.b"}
    code = {"ZipFile": zipped()}
    refused(network.functions.create_function, "InvalidParameterValueException", Code=code, **wanted)
    network.sandbox.advance(9)
    network.functions.create_function(Code=code, **wanted)


def test_a_young_role_cannot_be_assumed_by_ecs(network: Network) -> None:
    network.sandbox.faults([{"do": "unassumable", "seconds": 8}])
    role = network.new_role("r", "ecs-tasks.amazonaws.com")
    network.ecs.create_cluster(clusterName="main")
    wanted = network.service_parameters(taskDefinition=network.new_definition(executionRoleArn=role))
    message = refused(network.ecs.create_service, "InvalidParameterException", **wanted)
    assert message.startswith("ECS was unable to assume the role")
    network.sandbox.advance(9)
    network.ecs.create_service(**wanted)


def test_managed_policies_exist_in_every_account_even_after_a_reset(sandbox: Sandbox) -> None:
    sandbox.reset()
    iam = sandbox.client("iam")
    names = {policy["PolicyName"] for policy in iam.list_policies(Scope="AWS")["Policies"]}
    assert "AmazonECSTaskExecutionRolePolicy" in names
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    assert iam.get_policy(PolicyArn=arn)["Policy"]["Arn"] == arn
