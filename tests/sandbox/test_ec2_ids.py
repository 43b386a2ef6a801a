"""Ids that cannot be read or are of nothing, and lists in pages."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.sandbox.world import Network, refused
from tests.sandbox_fixture import REGION, Sandbox

# The call, its parameter, how its ids begin, what is said of an unreadable one and of one of nothing.
KINDS = [
    ("describe_vpcs", "VpcIds", "vpc", "InvalidVpcID.Malformed", "InvalidVpcID.NotFound"),
    ("describe_subnets", "SubnetIds", "subnet", "InvalidSubnetID.Malformed", "InvalidSubnetID.NotFound"),
    ("describe_security_groups", "GroupIds", "sg", "InvalidGroupId.Malformed", "InvalidGroup.NotFound"),
    (
        "describe_route_tables",
        "RouteTableIds",
        "rtb",
        "InvalidRouteTableId.Malformed",
        "InvalidRouteTableID.NotFound",
    ),
    (
        "describe_internet_gateways",
        "InternetGatewayIds",
        "igw",
        "InvalidInternetGatewayId.Malformed",
        "InvalidInternetGatewayID.NotFound",
    ),
    (
        "describe_network_interfaces",
        "NetworkInterfaceIds",
        "eni",
        "InvalidNetworkInterfaceId.Malformed",
        "InvalidNetworkInterfaceID.NotFound",
    ),
    (
        "describe_network_acls",
        "NetworkAclIds",
        "acl",
        "InvalidNetworkAclId.Malformed",
        "InvalidNetworkAclID.NotFound",
    ),
    ("describe_nat_gateways", "NatGatewayIds", "nat", "NatGatewayMalformed", "NatGatewayNotFound"),
    ("describe_instances", "InstanceIds", "i", "InvalidInstanceID.Malformed", "InvalidInstanceID.NotFound"),
]


@pytest.mark.parametrize(("call", "parameter", "prefix", "malformed", "missing"), KINDS)
def test_ids_are_read_before_they_are_looked_up(
    sandbox: Sandbox, call: str, parameter: str, prefix: str, malformed: str, missing: str
) -> None:
    ask = getattr(sandbox.client("ec2"), call)
    unknown = f"{prefix}-0123456789abcdef0"
    message = refused(ask, malformed, **{parameter: [unknown, f"{prefix}-1"]})
    assert message == f'Invalid id: "{prefix}-1" (expecting "{prefix}-...")'
    assert unknown in refused(ask, missing, **{parameter: [unknown]})
    ask(Filters=[{"Name": "tag:x", "Values": ["vpc-1"]}])


def test_an_id_of_another_kind_is_not_found_or_unreadable(network: Network) -> None:
    refused(network.ec2.describe_subnets, "InvalidSubnetID.NotFound", SubnetIds=[network.vpc])
    refused(network.ec2.describe_security_groups, "InvalidGroupId.Malformed", GroupIds=[network.vpc])


def test_one_unknown_id_spoils_the_list(network: Network) -> None:
    known, unknown = network.subnets[0], "subnet-0123456789abcdef0"
    message = refused(network.ec2.describe_subnets, "InvalidSubnetID.NotFound", SubnetIds=[known, unknown])
    assert message == f"The subnet ID '{unknown}' does not exist"


@pytest.mark.parametrize(
    ("call", "code", "parameters"),
    [
        ("create_subnet", "InvalidVpcID.NotFound", {"VpcId": "vpc-0123456789abcdef0", "CidrBlock": "10.0.0.0/24"}),
        ("delete_vpc", "InvalidVpcID.Malformed", {"VpcId": "mine"}),
        ("delete_subnet", "InvalidSubnetID.NotFound", {"SubnetId": "subnet-01234567"}),
        ("delete_security_group", "InvalidGroup.NotFound", {"GroupId": "sg-01234567"}),
        ("delete_route_table", "InvalidRouteTableID.NotFound", {"RouteTableId": "rtb-01234567"}),
        ("create_route_table", "InvalidVpcID.NotFound", {"VpcId": "vpc-01234567"}),
        (
            "attach_internet_gateway",
            "InvalidVpcID.NotFound",
            {"VpcId": "vpc-01234567", "InternetGatewayId": "@gateway"},
        ),
    ],
)
def test_calls_name_what_exists(network: Network, call: str, code: str, parameters: dict[str, str]) -> None:
    named = {key: network.gateway if value == "@gateway" else value for key, value in parameters.items()}
    refused(getattr(network.ec2, call), code, **named)


def pages(client: Any, operation: str, key: str, **more: Any) -> list[list[dict[str, Any]]]:
    found = client.get_paginator(operation).paginate(PaginationConfig={"PageSize": 5}, **more)
    return [list(page[key]) for page in found]


@pytest.mark.parametrize(
    ("operation", "key", "name"),
    [
        ("describe_security_groups", "SecurityGroups", "GroupId"),
        ("describe_subnets", "Subnets", "SubnetId"),
        ("describe_route_tables", "RouteTables", "RouteTableId"),
        ("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
        ("describe_network_acls", "NetworkAcls", "NetworkAclId"),
    ],
)
def test_lists_come_in_pages(network: Network, operation: str, key: str, name: str) -> None:
    ec2, vpc = network.ec2, network.vpc
    for number in range(7):
        network.new_group(f"group {number}")
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number + 10}.0/24")["Subnet"]["SubnetId"]
        ec2.create_network_interface(SubnetId=subnet)
        ec2.create_route_table(VpcId=vpc)
        ec2.create_network_acl(VpcId=vpc)
    ours = [{"Name": "vpc-id", "Values": [vpc]}]
    found = pages(ec2, operation, key, Filters=ours)
    assert [len(page) for page in found[:-1]] == [5] * (len(found) - 1)
    assert len(found) > 1
    names = [item[name] for page in found for item in page]
    assert len(names) == len(set(names))
    assert set(names) == {item[name] for item in getattr(ec2, operation)(Filters=ours)[key]}


def test_rules_and_gateways_come_in_pages(network: Network) -> None:
    ranges = [{"CidrIp": f"10.{number}.0.0/16"} for number in range(6)]
    permission = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": ranges}
    network.ec2.authorize_security_group_ingress(GroupId=network.group, IpPermissions=[permission])
    ours = [{"Name": "group-id", "Values": [network.group]}]
    found = pages(network.ec2, "describe_security_group_rules", "SecurityGroupRules", Filters=ours)
    assert [len(page) for page in found] == [5, 2]
    assert [len(page) for page in pages(network.ec2, "describe_vpcs", "Vpcs")] == [2]


def test_a_page_may_go_on_although_what_it_began_with_is_gone(network: Network) -> None:
    for number in range(8):
        network.new_group(f"group {number}")
    ours = {"Filters": [{"Name": "vpc-id", "Values": [network.vpc]}], "MaxResults": 5}
    first = network.ec2.describe_security_groups(**ours)
    last = [one for one in first["SecurityGroups"] if one["GroupName"] != "default"][-1]["GroupId"]
    network.ec2.delete_security_group(GroupId=last)
    second = network.ec2.describe_security_groups(**ours, NextToken=first["NextToken"])
    assert len(second["SecurityGroups"]) == 5
    assert "NextToken" not in second


def test_pages_have_at_least_five_items(sandbox: Sandbox) -> None:
    lenient: Any = boto3.client(
        "ec2",
        region_name=REGION,
        endpoint_url=sandbox.endpoint,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )
    refused(lenient.describe_vpcs, "InvalidParameterValue", MaxResults=4)
    refused(lenient.describe_vpcs, "InvalidNextToken", NextToken="?")
    assert len(lenient.describe_vpcs(MaxResults=5)["Vpcs"]) == 1


def test_a_hundred_route_tables_are_a_page(network: Network) -> None:
    for _ in range(99):
        network.ec2.create_route_table(VpcId=network.vpc)
    answer = network.ec2.describe_route_tables()
    assert len(answer["RouteTables"]) == 100
    assert len(network.ec2.describe_route_tables(NextToken=answer["NextToken"])["RouteTables"]) == 1
