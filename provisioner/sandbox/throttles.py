"""How often AWS lets an account call: token buckets, most of them an account, region and action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal


@dataclass(frozen=True)
class Bucket:
    """So many calls at once, and so many a second of AWS's on the long run; together, or `each` action its own."""

    service: str
    actions: tuple[str, ...]
    size: float
    refill: float
    source: str
    each: bool = False

    def holds(self, service: str, action: str) -> bool:
        return self.service == service and any(fnmatchcase(action, glob) for glob in self.actions)


_EC2 = "EC2 Developer Guide: request throttling"
_ECS = "ECS Developer Guide: request throttling; numbers from memory"
_LAMBDA = "Lambda Developer Guide: quotas"
_SECRETS = "Secrets Manager User Guide: quotas"

BUCKETS = (
    Bucket("route53", ("*",), 5, 5, "Route 53 Developer Guide: quotas"),
    Bucket("ec2", ("*VpcEndpoint",), 4, 0.3, f"{_EC2}; numbers from memory"),
    Bucket("ec2", ("RunInstances",), 5, 2, f"{_EC2}; numbers from memory"),
    Bucket("ec2", ("Describe*", "Get*"), 100, 20, _EC2, each=True),
    Bucket("ec2", ("*",), 50, 5, f"{_EC2}; numbers from memory", each=True),
    Bucket("ecs", ("DescribeClusters", "ListClusters"), 50, 20, "ECS Developer Guide: request throttling"),
    Bucket("ecs", ("*Cluster*", "*TaskDefinition*"), 20, 1, _ECS),
    Bucket("ecs", ("DescribeServices", "ListServices", "DescribeTasks", "ListTasks"), 100, 20, _ECS),
    Bucket("ecs", ("*",), 50, 5, _ECS),
    Bucket("lambda", ("Invoke",), 1000, 1000, _LAMBDA),
    Bucket("lambda", ("GetFunction",), 100, 100, _LAMBDA),
    Bucket("lambda", ("GetPolicy",), 15, 15, f"{_LAMBDA}; from memory"),
    Bucket("lambda", ("*",), 15, 15, f"{_LAMBDA}; from memory"),
    Bucket("apigatewayv2", ("CreateVpcLink",), 1, 1 / 15, "API Gateway Developer Guide: quotas"),
    Bucket("apigatewayv2", ("DeleteVpcLink",), 1, 1 / 30, "API Gateway Developer Guide: quotas"),
    Bucket("apigatewayv2", ("*",), 40, 10, "API Gateway Developer Guide: quotas; numbers from memory"),
    Bucket("elbv2", ("Describe*",), 40, 20, "from memory"),
    Bucket("elbv2", ("*",), 20, 10, "from memory", each=True),
    Bucket("iam", ("Get*", "List*"), 40, 20, "from memory"),
    Bucket("iam", ("*",), 20, 5, "from memory"),
    Bucket("logs", ("*",), 20, 10, "from memory", each=True),
    Bucket("acm", ("*",), 10, 5, "from memory", each=True),
    Bucket("servicediscovery", ("*",), 20, 5, "from memory", each=True),
    Bucket("secretsmanager", ("DescribeSecret", "GetSecretValue"), 10000, 10000, _SECRETS),
    Bucket("secretsmanager", ("*",), 50, 50, _SECRETS, each=True),
    Bucket("rds", ("Describe*", "List*"), 40, 20, "from memory"),
    Bucket("rds", ("*",), 20, 5, "from memory", each=True),
)
"""The first that holds a call counts it. Services that are not here are not throttled."""

_CODES: Mapping[str, tuple[str, int, str]] = {
    "ec2": ("RequestLimitExceeded", 503, "Request limit exceeded."),
    "lambda": ("TooManyRequestsException", 429, "Rate exceeded"),
    "apigatewayv2": ("TooManyRequestsException", 429, "Too Many Requests"),
    "ecs": ("ThrottlingException", 400, "Rate exceeded"),
    "logs": ("ThrottlingException", 400, "Rate exceeded"),
    "acm": ("ThrottlingException", 400, "Rate exceeded"),
    "servicediscovery": ("ThrottlingException", 400, "Rate exceeded"),
    "secretsmanager": ("ThrottlingException", 400, "Rate exceeded"),
}


def refusal(service: str) -> Refusal:
    """What this service says to a client that calls too often."""
    code, status, message = _CODES.get(service, ("Throttling", 400, "Rate exceeded"))
    return Refusal(code, message, status)


class Levels:
    """How full each bucket was, and when. Buckets are full at first."""

    def __init__(self) -> None:
        self._at: dict[object, tuple[float, float]] = {}

    def take(self, call: Call, bucket: Bucket) -> bool:
        """Take one token; whether there was one."""
        name = (bucket, call.action if bucket.each else "")
        now = call.world.clock.now()
        level, since = self._at.get(name, (bucket.size, now))
        passed = (now - since) * call.world.latencies.profile.scale
        level = min(bucket.size, level + passed * bucket.refill)
        self._at[name] = (level - 1 if level >= 1 else level, now)
        return level >= 1


@cache
def bucket(service: str, action: str) -> Bucket | None:
    """The bucket that counts calls of this kind."""
    return next((bucket for bucket in BUCKETS if bucket.holds(service, action)), None)
