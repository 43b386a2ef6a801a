"""The stack file's model: what may be asked for, and what holds where nothing is asked.

Every table is one class. A new kind of resource is a further table with a default that leaves it out, so that the
stack files and state files of today stay valid.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from provisioner.stack_values import (
    Cidr,
    Flag,
    Handler,
    Image,
    LambdaVariable,
    Matcher,
    Number,
    PartName,
    Port,
    Region,
    RetentionDays,
    Runtime,
    Source,
    StackName,
    TagKey,
    TagValue,
    Text,
    UrlPath,
    Variable,
    VpcCidr,
    Zones,
)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Network(_Table):
    """The stack's own VPC: one public and one private subnet in each availability zone."""

    cidr: VpcCidr = Field(default="10.0.0.0/16", description="The VPC's IPv4 network, from /16 to /28.")
    availability_zones: Zones = Field(
        default=2, description="How many availability zones (the region's first ones), or a list of their names."
    )
    subnet_prefix: Number = Field(
        default=24, ge=16, le=28, description="The prefix length of each subnet: 24 gives 251 usable addresses."
    )
    egress: Literal["nat"] = Field(default="nat", description="How the private subnets reach the internet.")
    nat_gateways: Literal["one", "per-az"] = Field(
        default="one", description='"one" for all zones (cheaper), or "per-az" to survive the loss of a zone.'
    )


class LoadBalancer(_Table):
    """The load balancer in front of the services, in the private subnets."""

    type: Literal["application"] = Field(default="application", description="The kind of load balancer.")
    scheme: Literal["internal"] = Field(default="internal", description="Who reaches it: only the VPC's inside.")
    port: Port = Field(default=80, description="The port that it listens on (HTTP).")
    idle_timeout: Number = Field(
        default=60, ge=1, le=4000, description="Seconds without data after which it closes a connection."
    )


class HealthCheck(_Table):
    """How the load balancer finds out whether a task can take requests."""

    path: UrlPath = Field(default="/", description="The path that is asked for.")
    interval: Number = Field(default=10, ge=5, le=300, description="Seconds between two checks.")
    timeout: Number = Field(
        default=5, ge=2, le=120, description="Seconds to wait for an answer; less than the interval."
    )
    healthy_threshold: Number = Field(
        default=2, ge=2, le=10, description="Good checks in a row that make a task healthy."
    )
    unhealthy_threshold: Number = Field(
        default=3, ge=2, le=10, description="Bad checks in a row that make a task unhealthy."
    )
    matcher: Matcher = Field(default="200-399", description="HTTP status codes that count as good.")


class Service(_Table):
    """Copies of one container, run on Fargate behind the load balancer."""

    image: Image = Field(description="The container's image.")
    port: Port = Field(description="The port that the container listens on.")
    cpu: Number = Field(default=256, description="CPU units of a task; 1024 are one virtual CPU.")
    memory: Number = Field(
        default=512, description="Memory of a task in MiB; each cpu has its own choice of them."
    )
    count: Number = Field(default=1, ge=0, le=5000, description="How many copies run.")
    architecture: Literal["x86_64", "arm64"] = Field(
        default="x86_64", description="The processor that the image is built for."
    )
    health_check: HealthCheck = Field(default=HealthCheck(), description="The load balancer's health check.")
    deregistration_delay: Number = Field(
        default=5, ge=0, le=3600, description="Seconds for which a task that is taken out may finish its requests."
    )
    environment: dict[Variable, Text] = Field(default={}, description="Environment variables of the container.")
    log_retention_days: RetentionDays = Field(
        default=14, description="Days for which the container's log is kept."
    )


class Egress(_Table):
    """One way out of a function's security group."""

    cidr: Cidr = Field(description="The network that may be reached.")
    port: Port = Field(description="The TCP port that may be reached there.")


class Function(_Table):
    """A Lambda function made from a folder of source files."""

    source: Source = Field(description="The folder with the code, relative to the stack file.")
    handler: Handler = Field(default="handler.handler", description="FILE.FUNCTION that Lambda calls.")
    runtime: Runtime = Field(default="python3.13", description="Lambda's runtime.")
    architecture: Literal["arm64", "x86_64"] = Field(default="arm64", description="The processor it runs on.")
    timeout: Number = Field(default=30, ge=1, le=900, description="Seconds after which Lambda ends a call.")
    memory: Number = Field(default=128, ge=128, le=10240, description="Memory in MiB; the CPU grows with it.")
    vpc: Flag = Field(default=True, description="Whether it runs in the private subnets, in a group of its own.")
    calls: tuple[Text, ...] = Field(
        default=(),
        description="Services that it may call: opens the load balancer to it and sets FARGATE_ALB_URL "
        "to the load balancer's DNS name.",
    )
    egress: tuple[Egress, ...] = Field(
        default=(),
        max_length=50,
        description="Further ways out of its security group, beside the services it calls.",
    )
    environment: dict[LambdaVariable, Text] = Field(
        default={},
        description="Environment variables. Values may refer to ${load_balancer.dns_name} and "
        "${services.NAME.url}.",
    )
    log_retention_days: RetentionDays = Field(default=14, description="Days for which the function's log is kept.")


class Cluster(_Table):
    """The ECS cluster of all services."""

    container_insights: Flag = Field(default=True, description="Whether CloudWatch collects container metrics.")


class Stack(_Table):
    """A private stack of containers and functions on AWS."""

    name: StackName = Field(description="The stack's name, with which the names of all its resources begin.")
    region: Region | None = Field(
        default=None, description="The AWS region; without it the one that boto3 is configured for."
    )
    tags: dict[TagKey, TagValue] = Field(default={}, description="Tags for everything that can bear tags.")
    network: Network = Field(default=Network(), description="The VPC and its way out.")
    cluster: Cluster = Field(default=Cluster(), description="The ECS cluster.")
    load_balancer: LoadBalancer | None = Field(default=None, description="The load balancer; needed for services.")
    services: dict[PartName, Service] = Field(default={}, description="The services by name.")
    functions: dict[PartName, Function] = Field(default={}, description="The functions by name.")
