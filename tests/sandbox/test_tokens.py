"""Client tokens and caller references."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sandbox.world import Network, refused
from tests.sandbox_fixture import Sandbox

IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
Case = tuple[str, str, dict[str, Any], dict[str, Any], Callable[[Any], str]]


def _cases(network: Network) -> dict[str, Case]:
    """Service, operation, parameters, a change of them, and how to tell the things apart."""
    place = {"SubnetId": network.subnets[0], "AllocationId": network.new_address()}
    endpoint = {"VpcId": network.vpc, "ServiceName": "com.amazonaws.eu-central-1.s3"}
    instance = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1, "SubnetId": network.subnets[0]}
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
        "interface": (
            "ec2",
            "create_network_interface",
            {"SubnetId": network.subnets[0], "ClientToken": "t"},
            {"SubnetId": network.subnets[1]},
            lambda answer: answer["NetworkInterface"]["NetworkInterfaceId"],
        ),
        "namespace": (
            "servicediscovery",
            "create_http_namespace",
            {"Name": "local", "CreatorRequestId": "t"},
            {"Name": "other"},
            lambda answer: answer["OperationId"],
        ),
    }


@pytest.mark.parametrize("name", ["nat", "table", "endpoint", "instance", "interface", "namespace"])
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


@pytest.fixture
def slow(sandbox: Sandbox) -> Iterator[Network]:
    """Where time passes as on AWS, and only as the test says."""
    sandbox.become("scaled=1")
    yield Network(sandbox)
    sandbox.become("instant")


def test_ec2_keeps_a_token_for_a_day(slow: Network) -> None:
    def run(**more: Any) -> dict[str, Any]:
        wanted = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1, "SubnetId": slow.subnets[0], "ClientToken": "t"}
        instance: dict[str, Any] = slow.ec2.run_instances(**{**wanted, **more})["Instances"][0]
        return instance

    first = run()
    slow.sandbox.advance(60)
    assert (run()["InstanceId"], run()["State"]["Name"]) == (first["InstanceId"], "running")
    slow.ec2.terminate_instances(InstanceIds=[first["InstanceId"]])
    slow.sandbox.advance(3000)
    assert (run()["InstanceId"], run()["State"]["Name"]) == (first["InstanceId"], "terminated")
    slow.sandbox.advance(80000)
    assert run()["InstanceId"] == first["InstanceId"]
    refused(run, "IdempotentParameterMismatch", SubnetId=slow.subnets[1])
    slow.sandbox.advance(4000)
    assert run()["InstanceId"] != first["InstanceId"]


def test_the_answer_tells_the_state_of_now(slow: Network) -> None:
    wanted = {"VpcId": slow.vpc, "ServiceName": "com.amazonaws.eu-central-1.s3", "ClientToken": "t"}
    nat = {"SubnetId": slow.subnets[0], "AllocationId": slow.new_address(), "ClientToken": "t"}
    assert slow.ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]["State"] == "pending"
    assert slow.ec2.create_nat_gateway(**nat)["NatGateway"]["State"] == "pending"
    slow.sandbox.advance(91)
    assert slow.ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]["State"] == "available"
    assert slow.ec2.create_nat_gateway(**nat)["NatGateway"]["State"] == "available"


def test_an_endpoint_is_no_conflict_of_itself(network: Network) -> None:
    network.ec2.modify_vpc_attribute(VpcId=network.vpc, EnableDnsHostnames={"Value": True})
    wanted = {"VpcId": network.vpc, "ServiceName": "com.amazonaws.eu-central-1.logs", "SubnetIds": network.subnets}
    made = [
        network.ec2.create_vpc_endpoint(**wanted, VpcEndpointType="Interface", ClientToken="t")["VpcEndpoint"]
        for _ in range(2)
    ]
    assert made[0]["VpcEndpointId"] == made[1]["VpcEndpointId"]
    assert made[0]["DnsEntries"] == made[1]["DnsEntries"]


def test_a_dry_run_uses_no_token(network: Network) -> None:
    call = network.ec2.create_route_table
    refused(call, "DryRunOperation", VpcId=network.vpc, ClientToken="t", DryRun=True)
    call(VpcId=network.vpc, ClientToken="t")
    refused(call, "DryRunOperation", VpcId=network.vpc, ClientToken="t", DryRun=True)


def test_tasks_have_tokens(network: Network) -> None:
    network.ecs.create_cluster(clusterName="main")
    definition = network.ecs.register_task_definition(
        family="job",
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        requiresCompatibilities=["FARGATE"],
        containerDefinitions=[{"name": "app", "image": "nginx:1", "memory": 512}],
    )["taskDefinition"]["taskDefinitionArn"]
    network.ec2.modify_vpc_attribute(VpcId=network.vpc, EnableDnsHostnames={"Value": True})
    place = {"subnets": network.subnets, "securityGroups": [network.group]}
    wanted = {
        "cluster": "main",
        "taskDefinition": definition,
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": place},
        "clientToken": "t",
    }
    first, second = (network.ecs.run_task(**wanted)["tasks"][0]["taskArn"] for _ in range(2))
    assert first == second
    refused(network.ecs.run_task, "ConflictException", **{**wanted, "startedBy": "somebody"})


def test_certificates_have_tokens_for_an_hour(slow: Network) -> None:
    acm = slow.sandbox.client("acm")

    def request(name: str = "a.test") -> str:
        answer = acm.request_certificate(DomainName=name, ValidationMethod="DNS", IdempotencyToken="t")
        return str(answer["CertificateArn"])

    first = request()
    assert request() == first
    assert request("b.test") != first
    acm.delete_certificate(CertificateArn=first)
    slow.sandbox.advance(3500)
    assert request() == first
    slow.sandbox.advance(200)
    assert request() != first


def test_a_caller_reference_is_used_once(network: Network) -> None:
    zones = network.sandbox.client("route53")
    zones.create_hosted_zone(Name="a.test", CallerReference="r")
    refused(zones.create_hosted_zone, "HostedZoneAlreadyExists", Name="b.test", CallerReference="r")
    zones.create_hosted_zone(Name="b.test", CallerReference="s")
    assert len(zones.list_hosted_zones()["HostedZones"]) == 2


@pytest.mark.parametrize(
    ("service", "operation", "parameter", "longest", "code"),
    [
        ("ec2", "create_route_table", "ClientToken", 64, "InvalidParameterValue"),
        ("ecs", "create_service", "clientToken", 36, "InvalidParameterException"),
        ("route53", "create_hosted_zone", "CallerReference", 128, "InvalidInput"),
        ("servicediscovery", "create_http_namespace", "CreatorRequestId", 64, "InvalidInput"),
    ],
)
def test_tokens_have_a_length(
    network: Network, service: str, operation: str, parameter: str, longest: int, code: str
) -> None:
    given: dict[str, Any] = {"Name": "example.test"}
    if service == "ec2":
        given = {"VpcId": network.vpc}
    elif service == "ecs":
        network.ecs.create_cluster(clusterName="main")
        given = network.service_parameters(taskDefinition=network.new_definition())
    call = getattr(network.sandbox.client(service), operation)
    refused(call, code, **given, **{parameter: "t" * (longest + 1)})
    call(**given, **{parameter: "t" * longest})
