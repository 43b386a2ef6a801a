"""The sandbox without a server: the same rules for boto3 clients of this process."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from provisioner.sandbox.embedded import embedded
from tests.sandbox.world import refused


def client(service: str) -> Any:
    return boto3.Session(region_name="eu-central-1").client(service)  # type: ignore[call-overload]


def test_rules_hold_in_the_clients_own_process() -> None:
    with embedded() as world:
        ec2 = client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
        refused(ec2.delete_vpc, "DependencyViolation", VpcId=vpc)
        ec2.delete_security_group(GroupId=group)
        ec2.delete_vpc(VpcId=vpc)
        assert [call["action"] for call in world.calls.all()][-1] == "DeleteVpc"


def test_its_time_can_be_moved() -> None:
    with embedded("real") as world:
        ec2 = client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        gateway = ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")["NatGateway"]["NatGatewayId"]

        def state() -> str:
            return str(ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"][0]["State"])

        assert state() == "pending"
        world.clock.advance(91)
        assert state() == "available"


def test_one_after_the_other_is_empty_and_has_its_own_faults() -> None:
    broken = {"do": "error", "action": "CreateVpc", "code": "VpcLimitExceeded", "times": None}
    with embedded(faults=[broken]), pytest.raises(ClientError, match="VpcLimitExceeded"):
        client("ec2").create_vpc(CidrBlock="10.0.0.0/16")
    with embedded():
        ec2 = client("ec2")
        ec2.create_vpc(CidrBlock="10.0.0.0/16")
    with embedded():
        own = [{"Name": "is-default", "Values": ["false"]}]
        assert client("ec2").describe_vpcs(Filters=own)["Vpcs"] == []
