"""Client tokens and caller references."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.world import Network, refused

Case = tuple[str, str, dict[str, Any], dict[str, Any], Callable[[Any], str]]


def _cases(network: Network) -> dict[str, Case]:
    """Service, operation, parameters, a change of them, and how to tell the things apart."""
    place = {"SubnetId": network.subnets[0], "AllocationId": network.new_address()}
    endpoint = {"VpcId": network.vpc, "ServiceName": "com.amazonaws.eu-central-1.s3"}
    instance = {"ImageId": "ami-12345678", "MinCount": 1, "MaxCount": 1, "SubnetId": network.subnets[0]}
    return {
        "nat": (
            "ec2",
            "create_nat_gateway",
            {**place, "ClientToken": "t"},
            {"SubnetId": network.subnets[1]},
            lambda answer: answer["NatGateway"]["NatGatewayId"],
        ),
        "table": (
            "ec2",
            "create_route_table",
            {"VpcId": network.vpc, "ClientToken": "t"},
            {"TagSpecifications": [{"ResourceType": "route-table", "Tags": [{"Key": "a", "Value": "b"}]}]},
            lambda answer: answer["RouteTable"]["RouteTableId"],
        ),
        "endpoint": (
            "ec2",
            "create_vpc_endpoint",
            {**endpoint, "ClientToken": "t"},
            {"ServiceName": "com.amazonaws.eu-central-1.dynamodb"},
            lambda answer: answer["VpcEndpoint"]["VpcEndpointId"],
        ),
        "instance": (
            "ec2",
            "run_instances",
            {**instance, "ClientToken": "t"},
            {"SubnetId": network.subnets[1]},
            lambda answer: answer["Instances"][0]["InstanceId"],
        ),
        "namespace": (
            "servicediscovery",
            "create_http_namespace",
            {"Name": "local", "CreatorRequestId": "t"},
            {"Name": "other"},
            lambda answer: answer["OperationId"],
        ),
    }


@pytest.mark.parametrize("name", ["nat", "table", "endpoint", "instance", "namespace"])
def test_the_same_token_gives_the_same_thing(network: Network, name: str) -> None:
    service, operation, parameters, change, identity = _cases(network)[name]
    call = getattr(network.sandbox.client(service), operation)
    assert identity(call(**parameters)) == identity(call(**parameters))
    refused(call, "IdempotentParameterMismatch", **{**parameters, **change})


def test_another_token_gives_another_thing(network: Network) -> None:
    made = {
        network.ec2.create_route_table(VpcId=network.vpc, ClientToken=token)["RouteTable"]["RouteTableId"]
        for token in "ab"
    }
    assert len(made) == 2


def test_tokens_are_of_one_region(network: Network) -> None:
    other = network.sandbox.client("ec2", region="eu-west-1")
    vpc = other.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    network.ec2.create_route_table(VpcId=network.vpc, ClientToken="t")
    assert other.create_route_table(VpcId=vpc, ClientToken="t")["RouteTable"]["VpcId"] == vpc


def test_a_caller_reference_is_used_once(network: Network) -> None:
    zones = network.sandbox.client("route53")
    zones.create_hosted_zone(Name="a.test", CallerReference="r")
    refused(zones.create_hosted_zone, "HostedZoneAlreadyExists", Name="b.test", CallerReference="r")
    zones.create_hosted_zone(Name="b.test", CallerReference="s")
    assert len(zones.list_hosted_zones()["HostedZones"]) == 2
