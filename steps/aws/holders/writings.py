"""What AWS's services write on the network interfaces that they place, and what that says about them.

Sources: EC2 API reference, NetworkInterface; terraform-provider-aws (load balancers, Lambda); for the others
public repositories that list interfaces with their descriptions, or sort them by these.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from steps.aws.holders import residents

LAMBDA = "Lambda"
DATABASES = "RDS"

MINUTES = "it goes by itself within minutes: what it belongs to is deleted"
"""Source: terraform-provider-aws, elbv2/load_balancer.go, which gives a load balancer's up to 35."""
_TASK = "it goes by itself, usually within a minute, once its task has stopped"
_STOP = "if the task is not this stack's, scale its service to 0 or `aws ecs stop-task` it"


@dataclass(frozen=True)
class Writing:
    """`description` is a regular expression whose group `id`, where it has one, names the owner.

    With `kind` the owner is one of `residents`; otherwise `passes` or `move` say what comes next.
    """

    description: str
    what: str
    kind: str = ""
    passes: str = ""
    move: str = ""


@dataclass(frozen=True)
class Read:
    """A writing that fits one interface, and the id in it."""

    writing: Writing
    id: str

    @property
    def what(self) -> str:
        return f"network interface of {self.writing.what.format(self.id)}"


WRITINGS: Sequence[Writing] = (
    Writing(r"ELB (?P<id>(?:app|net|gwy)/[^/]+/[0-9a-f]+)", "load balancer {}", residents.BALANCER, MINUTES),
    Writing(
        r"ELB (?P<id>[^/ ]+)",
        "Classic Load Balancer {}",
        move="aws elb delete-load-balancer --load-balancer-name {}",
    ),
    Writing(r"Interface for NAT Gateway (?P<id>nat-\w+)", "NAT gateway {}", residents.NAT, MINUTES),
    Writing(r"VPC Endpoint Interface (?P<id>vpce-\w+)", "VPC endpoint {}", residents.ENDPOINT, MINUTES),
    Writing(
        r"Network Interface for Transit Gateway Attachment (?P<id>tgw-attach-\w+)",
        "transit gateway attachment {}",
        residents.TRANSIT,
        MINUTES,
    ),
    Writing(r"AWS Lambda VPC ENI[-: ]*(?P<id>.*?)(?:-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?", LAMBDA),
    Writing(r"arn:[\w-]+:ecs:[^:]+:\d+:attachment/(?P<id>.+)", "an ECS task", passes=_TASK, move=_STOP),
    Writing(r"RDSNetworkInterface", DATABASES),
    Writing(
        r"EFS mount target for (?P<file>fs-\w+) \((?P<id>fsmt-\w+)\)",
        "EFS mount target {}",
        move="aws efs delete-mount-target --mount-target-id {}",
    ),
    Writing(
        r"ElastiCache[ +](?P<id>\S+)",
        "ElastiCache cluster {}",
        move="aws elasticache delete-cache-cluster --cache-cluster-id {} (or its replication group)",
    ),
    Writing(
        r"Route 53 Resolver: (?P<id>rslvr-[\w-]+):.*",
        "Route 53 Resolver endpoint {}",
        move="aws route53resolver delete-resolver-endpoint --resolver-endpoint-id {}",
    ),
    Writing(r"Amazon EKS (?P<id>\S+)", "EKS cluster {}", move="aws eks delete-cluster --name {}"),
)

_TYPES: Mapping[str, str] = {
    "api_gateway_managed": "an API Gateway VPC link",
    "global_accelerator_managed": "Global Accelerator",
    "network_load_balancer": "a Network Load Balancer",
    "gateway_load_balancer": "a Gateway Load Balancer",
    "quicksight": "QuickSight",
    "efs": "an EFS mount target",
}
"""`InterfaceType`, where no description is known. Source: EC2 API reference, NetworkInterface."""


def read(interface: Mapping[str, Any]) -> Read | None:
    """What its description says; None where no service is known to write so."""
    text = interface.get("Description") or ""
    for writing in WRITINGS:
        if found := re.fullmatch(writing.description, text):
            return Read(writing, found.groupdict().get("id") or "")
    return None


def unknown(interface: Mapping[str, Any]) -> str:
    """What to call one that is managed by a service whose description is not known."""
    service = _TYPES.get(interface.get("InterfaceType", ""), "a service of AWS's")
    text = interface.get("Description") or ""
    return f'network interface of {service}, "{text}"' if text else f"network interface of {service}"
