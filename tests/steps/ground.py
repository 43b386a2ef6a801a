"""What the tests of ECS stand on: a public subnet from which images can be pulled, roles, and steps by default."""

from __future__ import annotations

from typing import Any

from steps.base import Need, Step
from steps.clusters import Cluster
from steps.identity import Role
from steps.network import InternetGateway, InternetGatewayAttachment, Subnet, Vpc
from steps.policies import ecs_tasks_trust
from steps.routing import Route, RouteTable, RouteTableAssociation
from steps.security import SecurityGroup, SecurityGroupRule
from steps.services import Service
from steps.task_definitions import TaskDefinition
from tests.steps.lab import ACCOUNT, REGION

_BOTH = (Need("vpc"), Need("gateway"))
CONTAINER: dict[str, Any] = {"name": "web", "image": "nginx:1", "portMappings": [{"containerPort": 80}]}
NAMED: dict[str, Any] = {**CONTAINER, "portMappings": [{"containerPort": 80, "name": "http"}]}


def ground() -> list[Step]:
    """A VPC with one subnet that reaches the internet, a security group, and a role for tasks."""
    trust = ecs_tasks_trust("aws", REGION, ACCOUNT)
    return [
        Vpc(name="vpc", cidr="10.0.0.0/16"),
        InternetGateway(name="gateway"),
        InternetGatewayAttachment(name="attachment", needs=_BOTH, gateway="gateway", vpc="vpc"),
        RouteTable(name="table", needs=(Need("vpc"),), vpc="vpc"),
        Route(
            name="route",
            needs=(Need("table"), Need("gateway"), Need("attachment")),
            table="table",
            destination="0.0.0.0/0",
            target="gateway",
            target_parameter="GatewayId",
        ),
        Subnet(name="subnet", needs=(Need("vpc"),), vpc="vpc", cidr="10.0.0.0/24", zone=f"{REGION}a"),
        RouteTableAssociation(
            name="association", needs=(Need("table"), Need("subnet")), table="table", subnet="subnet"
        ),
        SecurityGroup(name="group", needs=(Need("vpc"),), vpc="vpc", group_name="tasks", description="of a test"),
        SecurityGroupRule(
            name="rule",
            needs=(Need("group"),),
            group="group",
            direction="egress",
            port=443,
            cidr="0.0.0.0/0",
            description="the image",
        ),
        Role(name="role", role_name="tasks", trust=trust, description="of a test"),
    ]


def definition(name: str = "definition", **more: Any) -> TaskDefinition:
    wanted: dict[str, Any] = {
        "task_family": name,
        "container": CONTAINER,
        "cpu": 256,
        "memory": 512,
        "architecture": "X86_64",
        "execution_role": "role",
        "task_role": "role",
        **more,
    }
    needs = (Need("role"), *wanted.pop("needs", ()))
    return TaskDefinition(name=name, needs=needs, **wanted)


def cluster(**more: Any) -> Cluster:
    return Cluster(name="cluster", **{"cluster_name": "main", "container_insights": False, **more})


def service(name: str = "service", **more: Any) -> Service:
    """With a public address: it has no other way to its image."""
    wanted: dict[str, Any] = {
        "service_name": "web",
        "cluster": "cluster",
        "task_definition": "definition",
        "count": 1,
        "subnets": ("subnet",),
        "groups": ("group",),
        "container_name": "web",
        "container_port": 80,
        "public_ip": True,
        **more,
    }
    own = (wanted["cluster"], wanted["task_definition"], *wanted["subnets"], *wanted["groups"])
    needs = (*map(Need, own), *map(Need, ("association", "route", "rule")), *wanted.pop("needs", ()))
    return Service(name=name, needs=needs, **wanted)
