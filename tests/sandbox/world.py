"""A network, a load balancer, a service and a function, made with plain boto3."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox_fixture import Sandbox

VPC_ACCESS = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"


def refused(call: Any, code: str, **parameters: Any) -> str:
    """Assert that AWS refuses the call with this code; the message."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return str(caught.value.response["Error"]["Message"])


@dataclass
class Network:
    """A VPC with an attached internet gateway, two subnets and a security group, and what tests put into it."""

    sandbox: Sandbox
    vpc: str = ""
    gateway: str = ""
    subnets: list[str] = field(default_factory=list)
    group: str = ""

    def __post_init__(self) -> None:
        ec2 = self.ec2
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.subnets = [
            ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone)["Subnet"][
                "SubnetId"
            ]
            for number, zone in enumerate(("eu-central-1a", "eu-central-1b"))
        ]
        self.group = self.new_group("app")

    @cached_property
    def ec2(self) -> Any:
        return self.sandbox.client("ec2")

    @cached_property
    def ecs(self) -> Any:
        return self.sandbox.client("ecs")

    @cached_property
    def elbv2(self) -> Any:
        return self.sandbox.client("elbv2")

    @cached_property
    def functions(self) -> Any:
        return self.sandbox.client("lambda")

    def new_group(self, name: str) -> str:
        answer = self.ec2.create_security_group(GroupName=name, Description="test", VpcId=self.vpc)
        return str(answer["GroupId"])

    def new_address(self) -> str:
        return str(self.ec2.allocate_address(Domain="vpc")["AllocationId"])

    def new_nat(self, **more: Any) -> str:
        more.setdefault("AllocationId", self.new_address())
        answer = self.ec2.create_nat_gateway(SubnetId=self.subnets[0], **more)
        return str(answer["NatGateway"]["NatGatewayId"])

    def nat(self, gateway: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"][0]
        return found

    def new_balancer(self, name: str = "web", **more: Any) -> str:
        wanted: dict[str, Any] = {"Subnets": self.subnets, "SecurityGroups": [self.group], "Scheme": "internal"}
        answer = self.elbv2.create_load_balancer(Name=name, **{**wanted, **more})
        return str(answer["LoadBalancers"][0]["LoadBalancerArn"])

    def new_targets(self, name: str = "web", **more: Any) -> str:
        wanted: dict[str, Any] = {"Protocol": "HTTP", "Port": 80, "VpcId": self.vpc, "TargetType": "ip"}
        answer = self.elbv2.create_target_group(Name=name, **{**wanted, **more})
        return str(answer["TargetGroups"][0]["TargetGroupArn"])

    def new_listener(self, balancer: str, targets: str, port: int = 80) -> str:
        answer = self.elbv2.create_listener(
            LoadBalancerArn=balancer,
            Port=port,
            Protocol="HTTP",
            DefaultActions=[{"Type": "forward", "TargetGroupArn": targets}],
        )
        return str(answer["Listeners"][0]["ListenerArn"])

    def new_role(self, name: str, service: str) -> str:
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam = self.sandbox.client("iam")
        answer = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        if service == "lambda.amazonaws.com":  # without it Lambda may not place a function in a VPC
            iam.attach_role_policy(RoleName=name, PolicyArn=VPC_ACCESS)
        return str(answer["Role"]["Arn"])

    def new_definition(self, **more: Any) -> str:
        container = {"name": "app", "image": "nginx:1", "portMappings": [{"containerPort": 80}]}
        wanted: dict[str, Any] = {"networkMode": "awsvpc", "cpu": "256", "memory": "512"}
        answer = self.ecs.register_task_definition(
            family="app",
            containerDefinitions=[container],
            requiresCompatibilities=["FARGATE"],
            **{**wanted, **more},
        )
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def service_parameters(self, **more: Any) -> dict[str, Any]:
        network = {"subnets": self.subnets, "securityGroups": [self.group], "assignPublicIp": "DISABLED"}
        return {
            "cluster": "main",
            "serviceName": "app",
            "desiredCount": 2,
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": network},
            **more,
        }

    def new_service(self, **more: Any) -> dict[str, Any]:
        """A service in the cluster `main`, which is made too."""
        self.ecs.create_cluster(clusterName="main")
        more.setdefault("taskDefinition", self.new_definition())
        answer: dict[str, Any] = self.ecs.create_service(**self.service_parameters(**more))["service"]
        return answer

    def service(self, name: str = "app") -> dict[str, Any]:
        answer = self.ecs.describe_services(cluster="main", services=[name], include=["TAGS"])
        found: dict[str, Any] = answer["services"][0]
        return found

    def new_function(self, name: str = "hello", **more: Any) -> dict[str, Any]:
        role = more.pop("Role", None) or self.new_role(f"{name}-role", "lambda.amazonaws.com")
        answer: dict[str, Any] = self.functions.create_function(
            FunctionName=name, Role=role, Runtime="python3.12", Handler="a.b", Code={"ZipFile": zipped()}, **more
        )
        return answer

    def in_vpc(self) -> dict[str, list[str]]:
        return {"SubnetIds": self.subnets[:1], "SecurityGroupIds": [self.group]}

    def interfaces(self, description: str = "*") -> list[dict[str, Any]]:
        filters = [{"Name": "description", "Values": [description]}]
        found: list[dict[str, Any]] = self.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
        return found


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a.py"), "def b(event, context): return event")  # of 1980, always
    return buffer.getvalue()
