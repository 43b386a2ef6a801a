"""What runs on Lambda, and the HTTP API in front of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from provisioner.model.rights import Statement
from provisioner.model.table import Table
from provisioner.stack_file.ids import (
    HeaderName,
    HttpMethod,
    LayerArn,
    Origin,
    PolicyArn,
    RouteKey,
    SecretReference,
)
from provisioner.stack_file.values import (
    Cidr,
    Flag,
    Handler,
    LambdaVariable,
    Number,
    Port,
    RetentionDays,
    Runtime,
    Source,
    Text,
)


class Cors(Table):
    """Which web pages of other origins may call."""

    allow_origins: tuple[Origin, ...] = Field(default=("*",), description='Origins, or "*" for all.')
    allow_methods: tuple[HttpMethod, ...] = Field(default=("*",), description="Methods that may be used.")
    allow_headers: tuple[HeaderName, ...] = Field(default=(), description="Headers that a request may have.")
    expose_headers: tuple[HeaderName, ...] = Field(default=(), description="Headers of answers that pages see.")
    allow_credentials: Flag = Field(default=False, description="Whether cookies are sent; not with all origins.")
    max_age: Number = Field(default=0, ge=0, le=86400, description="Seconds for which browsers keep the answer.")


class Egress(Table):
    """One way out of a function's security group."""

    cidr: Cidr = Field(description="The network that may be reached.")
    port: Port = Field(description="The TCP port that may be reached there.")


class Url(Table):
    """A URL of the function's own, without an API in front."""

    auth: Literal["iam", "none"] = Field(
        default="iam", description='"iam": callers sign their requests; "none": everybody may call it.'
    )
    cors: Cors | None = Field(default=None, description="Which web pages of other origins may call.")


class Function(Table):
    """A Lambda function made from a folder of source files."""

    source: Source = Field(
        description="The folder with the code, relative to the stack file. What its requirements.txt names is "
        "built in, for the function's own runtime and processor."
    )
    handler: Handler = Field(default="handler.handler", description="FILE.FUNCTION that Lambda calls.")
    runtime: Runtime = Field(default="python3.13", description="Lambda's runtime.")
    architecture: Literal["arm64", "x86_64"] = Field(default="arm64", description="The processor it runs on.")
    timeout: Number = Field(
        default=30, ge=1, le=900, description="Seconds after which Lambda ends a call; behind the API at most 30."
    )
    memory: Number = Field(default=128, ge=128, le=10240, description="Memory in MiB; the CPU grows with it.")
    vpc: Flag = Field(default=True, description="Whether it runs in the private subnets, in a group of its own.")
    calls: tuple[Text, ...] = Field(
        default=(),
        description='Services that it may call, and "database": opens the load balancer, or the database, to it. '
        "Sets FARGATE_ALB_URL to the load balancer's DNS name, or DATABASE_HOST and the like.",
    )
    egress: tuple[Egress, ...] = Field(
        default=(),
        max_length=50,
        description="Further ways out of its security group, beside what it calls.",
    )
    environment: dict[LambdaVariable, Text] = Field(
        default={}, description="Environment variables; values may hold references."
    )
    secrets: dict[LambdaVariable, SecretReference] = Field(
        default={},
        description="Secrets and parameters that it may read; each variable is set to the ARN, not to the value.",
    )
    policy: tuple[Statement, ...] = Field(
        default=(), description="What it may do on AWS: statements of its role's inline policy."
    )
    managed_policies: tuple[PolicyArn, ...] = Field(
        default=(), max_length=9, description="ARNs of policies to attach to its role."
    )
    layers: tuple[LayerArn, ...] = Field(default=(), max_length=5, description="ARNs of layer versions.")
    ephemeral_storage: Number = Field(default=512, ge=512, le=10240, description="Disk under /tmp in MiB.")
    reserved_concurrency: Number | None = Field(
        default=None, ge=0, description="Calls at a time that are kept for it, and are its limit; 0 stops it."
    )
    url: Url | None = Field(default=None, description="A URL of its own.")
    log_retention_days: RetentionDays = Field(default=14, description="Days for which the function's log is kept.")


class Api(Table):
    """An HTTP API (API Gateway) that hands requests to functions."""

    routes: dict[RouteKey, Text] = Field(
        min_length=1, description='Which function answers what, such as "POST /graphql" = "graphql".'
    )
    cors: Cors | None = Field(default=None, description="Which web pages of other origins may call.")
    timeout: Number = Field(
        default=30, ge=1, description="Seconds after which API Gateway answers 503; at most 30."
    )
    access_log: Flag = Field(default=True, description="Whether each request is logged, as a line of JSON.")
    log_retention_days: RetentionDays = Field(default=14, description="Days for which the access log is kept.")
