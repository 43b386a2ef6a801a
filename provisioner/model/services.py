"""What runs on Fargate."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from provisioner.model.rights import Statement
from provisioner.model.table import Table
from provisioner.stack_file.ids import HostPattern, NamespaceName, PathPattern, PolicyArn, SecretReference
from provisioner.stack_file.values import (
    Flag,
    Image,
    Matcher,
    Number,
    Port,
    RetentionDays,
    Text,
    UrlPath,
    Variable,
)

Metric = Literal[
    "ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization", "ALBRequestCountPerTarget"
]


class Cluster(Table):
    """The ECS cluster of all services."""

    container_insights: Flag = Field(default=True, description="Whether CloudWatch collects container metrics.")
    existing: Text | None = Field(
        default=None, description="The name of a cluster that is there already: it is used, and left as it is."
    )


class ServiceConnect(Table):
    """Names by which tasks reach each other, such as http://backend:5000."""

    namespace: NamespaceName | None = Field(
        default=None, description="The Cloud Map namespace that is made for it; without it the stack's name."
    )


class HealthCheck(Table):
    """How the load balancer finds out whether a task can take requests."""

    protocol: Literal["http", "tcp"] | None = Field(
        default=None, description="Without it http behind an application load balancer, tcp behind a network one."
    )
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


class ContainerHealthCheck(Table):
    """A command that ECS runs in the container to find out whether it works."""

    command: tuple[Text, ...] = Field(
        min_length=1, description='Such as ["CMD-SHELL", "curl -f http://localhost/ || exit 1"].'
    )
    interval: Number = Field(default=30, ge=5, le=300, description="Seconds between two checks.")
    timeout: Number = Field(default=5, ge=2, le=60, description="Seconds until a check counts as failed.")
    retries: Number = Field(default=3, ge=1, le=10, description="Failed checks that make the container unhealthy.")
    start_period: Number = Field(default=0, ge=0, le=300, description="Seconds in which failures do not count.")


class Scaling(Table):
    """How many copies run, by what they have to do."""

    minimum: Number = Field(ge=0, le=5000, description="The fewest copies.")
    maximum: Number = Field(ge=1, le=5000, description="The most copies.")
    cpu: Number | None = Field(default=None, ge=1, le=100, description="Percent of the CPU to aim at.")
    memory: Number | None = Field(default=None, ge=1, le=100, description="Percent of the memory to aim at.")
    requests_per_target: Number | None = Field(
        default=None, ge=1, description="Requests a minute and copy to aim at (application load balancer)."
    )
    scale_in_cooldown: Number = Field(
        default=300, ge=0, le=3600, description="Seconds to wait after copies were taken away."
    )
    scale_out_cooldown: Number = Field(
        default=60, ge=0, le=3600, description="Seconds to wait after copies were added."
    )

    @property
    def targets(self) -> dict[Metric, int]:
        """The metric's name of AWS's, and the value to aim at."""
        asked: dict[Metric, int | None] = {
            "ECSServiceAverageCPUUtilization": self.cpu,
            "ECSServiceAverageMemoryUtilization": self.memory,
            "ALBRequestCountPerTarget": self.requests_per_target,
        }
        return {metric: value for metric, value in asked.items() if value is not None}


class Service(Table):
    """Copies of one container, run on Fargate."""

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
    load_balanced: Flag = Field(default=True, description="Whether the load balancer sends requests to it.")
    paths: tuple[PathPattern, ...] = Field(
        default=(),
        max_length=5,
        description='Paths that are for this service, such as ["/api", "/api/*"]: the first alone does not match '
        "what is below it. A service without paths and hosts gets all that no other service gets.",
    )
    hosts: tuple[HostPattern, ...] = Field(
        default=(),
        max_length=5,
        description='Host names that are for this service, such as ["api.example.com"]; with paths both match.',
    )
    priority: Number | None = Field(
        default=None,
        ge=1,
        le=50000,
        description="Which of the rules for paths and hosts is tried first: the lowest. Without it 100, 200, ... "
        "in the order of the file; a service that is added later comes last.",
    )
    calls: tuple[Text, ...] = Field(
        default=(),
        description='Services of this stack that it may call over Service Connect, and "database": opens their '
        "groups to it.",
    )
    public_ip: Flag | None = Field(
        default=None,
        description="Whether its tasks run in public subnets with public addresses, whose group admits only the "
        'load balancer. Without it as egress = "public-ip" says.',
    )
    spot: Flag = Field(
        default=False,
        description="Whether it runs on spare capacity (Fargate Spot), which AWS may take back with two minutes' "
        "notice. An existing cluster must have the capacity provider FARGATE_SPOT.",
    )
    exec: Flag = Field(default=False, description="Whether `aws ecs execute-command` may open a shell in it.")
    command: tuple[Text, ...] = Field(default=(), description="The command, in place of the image's.")
    entry_point: tuple[Text, ...] = Field(default=(), description="The entry point, in place of the image's.")
    ephemeral_storage: Number | None = Field(
        default=None, ge=21, le=200, description="Disk of a task in GiB; without it AWS's 20."
    )
    environment: dict[Variable, Text] = Field(
        default={}, description="Environment variables of the container; values may hold references."
    )
    secrets: dict[Variable, SecretReference] = Field(
        default={},
        description="Environment variables whose values ECS reads when a task starts: the ARN of a secret in "
        "Secrets Manager or of a parameter of Systems Manager.",
    )
    policy: tuple[Statement, ...] = Field(
        default=(), description="What the tasks may do on AWS: statements of their role's inline policy."
    )
    managed_policies: tuple[PolicyArn, ...] = Field(
        default=(), max_length=9, description="ARNs of policies to attach to the tasks' role."
    )
    health_check: HealthCheck = Field(default=HealthCheck(), description="The load balancer's health check.")
    container_health_check: ContainerHealthCheck | None = Field(
        default=None, description="ECS's own health check, run in the container."
    )
    grace_period: Number = Field(
        default=30,
        ge=0,
        le=3600,
        description="Seconds in which a fresh task is not stopped for failing the load balancer's checks.",
    )
    deregistration_delay: Number = Field(
        default=5, ge=0, le=3600, description="Seconds for which a task that is taken out may finish its requests."
    )
    minimum_percent: Number = Field(
        default=100, ge=0, le=100, description="Percent of `count` that keep running while tasks are replaced."
    )
    maximum_percent: Number = Field(
        default=200, ge=100, le=200, description="Percent of `count` that may run while tasks are replaced."
    )
    scaling: Scaling | None = Field(default=None, description="Scales `count` by load between two bounds.")
    log_retention_days: RetentionDays = Field(
        default=14, description="Days for which the container's log is kept."
    )

    @property
    def is_default(self) -> bool:
        """Whether it gets what no other service gets."""
        return self.load_balanced and not self.paths and not self.hosts
