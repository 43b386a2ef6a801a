"""VPCs, and tags of whatever EC2 makes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.world import Network, refused
from tests.sandbox_fixture import Sandbox


def test_a_new_vpc_is_pending_then_available(sandbox: Sandbox) -> None:
    sandbox.latencies({"vpc.available": 20})
    ec2 = sandbox.client("ec2")
    made = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]
    assert made["State"] == "pending"
    assert ec2.describe_vpcs(VpcIds=[made["VpcId"]])["Vpcs"][0]["State"] == "pending"
    sandbox.advance(21)
    assert ec2.describe_vpcs(VpcIds=[made["VpcId"]])["Vpcs"][0]["State"] == "available"


@pytest.mark.parametrize("cidr", ["10.0.0.0/15", "10.0.0.0/29"])
def test_ranges_are_limited(sandbox: Sandbox, cidr: str) -> None:
    refused(sandbox.client("ec2").create_vpc, "InvalidVpc.Range", CidrBlock=cidr)


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "10.0.0.0/28"])
def test_ranges_within_the_limits_are_taken(sandbox: Sandbox, cidr: str) -> None:
    assert sandbox.client("ec2").create_vpc(CidrBlock=cidr)["Vpc"]["CidrBlock"] == cidr


def test_what_is_no_range_is_refused(sandbox: Sandbox) -> None:
    create = sandbox.client("ec2").create_vpc
    refused(create, "InvalidParameterValue", CidrBlock="10.0.0/16")
    refused(create, "MissingParameter")


def test_a_range_is_kept_in_canonical_form(sandbox: Sandbox) -> None:
    ec2 = sandbox.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.7.3.4/16")["Vpc"]
    assert vpc["CidrBlock"] == "10.7.0.0/16"
    assert vpc["CidrBlockAssociationSet"][0]["CidrBlock"] == "10.7.0.0/16"
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["RouteTables"]
    assert tables[0]["Routes"][0]["DestinationCidrBlock"] == "10.7.0.0/16"


def test_dns_attributes_change_one_by_one_and_names_need_resolution(network: Network) -> None:
    modify, vpc = network.ec2.modify_vpc_attribute, network.vpc
    on, off = {"Value": True}, {"Value": False}
    refused(modify, "InvalidParameterCombination", VpcId=vpc, EnableDnsSupport=on, EnableDnsHostnames=on)
    modify(VpcId=vpc, EnableDnsSupport=off)
    refused(modify, "InvalidParameterValue", VpcId=vpc, EnableDnsHostnames=on)
    modify(VpcId=vpc, EnableDnsSupport=on)
    modify(VpcId=vpc, EnableDnsHostnames=on)
    told = network.ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")
    assert told["EnableDnsHostnames"] == on


def tagged(kind: str, **tags: str) -> dict[str, Any]:
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": pairs}]}


def test_tags_are_for_what_the_call_makes(sandbox: Sandbox) -> None:
    ec2 = sandbox.client("ec2")
    message = refused(ec2.create_vpc, "InvalidParameterValue", CidrBlock="10.0.0.0/16", **tagged("subnet", a="1"))
    assert message == "'subnet' is not a valid taggable resource type for this operation."
    made = ec2.create_vpc(CidrBlock="10.0.0.0/16", **tagged("vpc", a="1"))["Vpc"]
    assert made["Tags"] == [{"Key": "a", "Value": "1"}]


@pytest.mark.parametrize(
    ("kind", "create"),
    [
        ("elastic-ip", lambda it, more: it.ec2.allocate_address(Domain="vpc", **more)["AllocationId"]),
        ("internet-gateway", lambda it, more: made(it.ec2.create_internet_gateway(**more), "InternetGateway")),
        ("natgateway", lambda it, more: it.new_nat(**more)),
        ("route-table", lambda it, more: made(it.ec2.create_route_table(VpcId=it.vpc, **more), "RouteTable")),
        (
            "security-group",
            lambda it, more: it.ec2.create_security_group(
                GroupName="tagged", Description="x", VpcId=it.vpc, **more
            )["GroupId"],
        ),
        (
            "subnet",
            lambda it, more: made(it.ec2.create_subnet(VpcId=it.vpc, CidrBlock="10.0.8.0/24", **more), "Subnet"),
        ),
        ("network-acl", lambda it, more: made(it.ec2.create_network_acl(VpcId=it.vpc, **more), "NetworkAcl")),
        (
            "network-interface",
            lambda it, more: made(
                it.ec2.create_network_interface(SubnetId=it.subnets[0], **more), "NetworkInterface"
            ),
        ),
    ],
)
def test_tags_are_listed_under_aws_names(network: Network, kind: str, create: Any) -> None:
    name = create(network, tagged(kind, purpose="test"))
    told = network.ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [name]}])["Tags"]
    assert [(tag["ResourceType"], tag["Key"], tag["Value"]) for tag in told] == [(kind, "purpose", "test")]


def made(answer: dict[str, Any], noun: str) -> str:
    return str(answer[noun][f"{noun}Id"])


def test_some_keys_are_reserved(network: Network) -> None:
    ec2, code = network.ec2, "InvalidParameterValue"
    message = refused(ec2.create_vpc, code, CidrBlock="10.1.0.0/16", **tagged("vpc", **{"aws:a": "1"}))
    assert "reserved" in message
    refused(ec2.create_tags, code, Resources=[network.vpc], Tags=[{"Key": "aws:a", "Value": "1"}])
    ec2.create_tags(Resources=[network.vpc], Tags=[{"Key": "AWS:a", "Value": "1"}])


@pytest.mark.parametrize(
    ("code", "tags"),
    [
        ("InvalidParameterValue", [{"Key": "k" * 129, "Value": "1"}]),
        ("InvalidParameterValue", [{"Key": "k", "Value": "v" * 257}]),
        ("InvalidParameterValue", [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]),
        ("TagLimitExceeded", [{"Key": f"k{number}", "Value": "1"} for number in range(51)]),
    ],
)
def test_tags_have_limits(network: Network, code: str, tags: list[dict[str, str]]) -> None:
    specified = [{"ResourceType": "vpc", "Tags": tags}]
    refused(network.ec2.create_vpc, code, CidrBlock="10.1.0.0/16", TagSpecifications=specified)
    refused(network.ec2.create_tags, code, Resources=[network.vpc], Tags=tags)


def test_tags_at_the_limits_are_taken(network: Network) -> None:
    tags = [{"Key": f"{number:0128}", "Value": "v" * 256} for number in range(50)]
    network.ec2.create_tags(Resources=[network.vpc], Tags=tags)
    network.ec2.create_tags(Resources=[network.vpc], Tags=[{"Key": f"{1:0128}", "Value": "other"}])
