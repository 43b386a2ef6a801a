"""Every AWS name of a stack, and AWS's limits on them.

Pure: the same stack in the same region always gets the same names. Names are how a resource is found again that
has no other key, so what is in them never depends on anything that changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

LONGEST_REGION = "us-isof-south-1"
"""Of all regions in botocore's endpoint data of 1.44.5 none has a longer name (15 characters)."""


@dataclass(frozen=True)
class Names:
    """The names of one stack in one region. `service`, `name` and `part` are names from the stack file."""

    stack: str
    region: str

    @property
    def load_balancer(self) -> str:
        """ELBv2 keeps names that begin with `internal-` for itself."""
        return f"lb-{self.stack}" if self.stack.startswith("internal-") else self.stack

    @property
    def cluster(self) -> str:
        return self.stack

    @property
    def log_group_insights(self) -> str:
        """Made by Container Insights by itself, and left behind by it."""
        return f"/aws/ecs/containerinsights/{self.cluster}/performance"

    @property
    def log_group_api(self) -> str:
        """Where the HTTP API writes its access log.

        Under this beginning one entry of the account's policy for log delivery, which is short, is enough for all.
        Source: API Gateway developer guide, "Troubleshooting issues with HTTP API logs" (vendedlogs).
        """
        return f"/aws/vendedlogs/apigateway/{self.stack}"

    @property
    def api(self) -> str:
        return self.stack

    @property
    def database(self) -> str:
        """Of the DB instance and of its subnet group."""
        return f"{self.stack}-database"

    @property
    def database_secret(self) -> str:
        return f"{self.stack}/database"

    def target_group(self, service: str) -> str:
        return f"{self.stack}-{service}"

    def security_group(self, part: str) -> str:
        return f"{self.stack}-{part}"

    def service(self, service: str) -> str:
        return service

    def task_family(self, service: str) -> str:
        return f"{self.stack}-{service}"

    def function(self, name: str) -> str:
        return f"{self.stack}-{name}"

    def role(self, part: str) -> str:
        """IAM knows no regions, so the region is in the name."""
        return f"{self.stack}-{part}-{self.region}"

    def log_group_service(self, service: str) -> str:
        return f"/ecs/{self.stack}/{service}"

    def log_group_function(self, name: str) -> str:
        """The name that Lambda writes to by itself."""
        return f"/aws/lambda/{self.function(name)}"


@dataclass(frozen=True)
class Limit:
    """What AWS allows for the names of one kind of resource. `source` is where that is written down."""

    longest: int
    pattern: str
    source: str


_WORD = r"[A-Za-z0-9_-]+"
_HYPHENATED = r"(?!-)[A-Za-z0-9-]+(?<!-)"
_EC2 = r"(?!sg-)[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]+"
_LOGS = r"(?!aws/)[a-zA-Z0-9_\-/.#]+"

LIMITS: Mapping[str, Limit] = {
    "load balancer": Limit(32, rf"(?!internal-){_HYPHENATED}", "ELBv2 CreateLoadBalancer, Name"),
    "target group": Limit(32, _HYPHENATED, "ELBv2 CreateTargetGroup, Name"),
    "security group": Limit(255, _EC2, "EC2 CreateSecurityGroup, GroupName"),
    "ECS cluster": Limit(255, _WORD, "ECS CreateCluster, clusterName"),
    "ECS service": Limit(255, _WORD, "ECS CreateService, serviceName"),
    "task definition": Limit(255, _WORD, "ECS RegisterTaskDefinition, family"),
    "Lambda function": Limit(64, _WORD, "Lambda CreateFunction, FunctionName"),
    "IAM role": Limit(64, r"[\w+=,.@-]+", "IAM CreateRole, RoleName"),
    "log group": Limit(512, _LOGS, "CloudWatch Logs CreateLogGroup, logGroupName"),
    "HTTP API": Limit(128, r".+", "API Gateway V2 CreateApi, Name"),
    "DB instance": Limit(63, r"(?!.*--)[a-z][a-z0-9-]*(?<!-)", "RDS CreateDBInstance, DBInstanceIdentifier"),
    "secret": Limit(512, r"[A-Za-z0-9/_+=.@-]+", "Secrets Manager CreateSecret, Name"),
    "instance profile": Limit(128, r"[\w+=,.@-]+", "IAM CreateInstanceProfile, InstanceProfileName"),
}


@dataclass(frozen=True)
class Given:
    """A name that AWS will get: its kind in `LIMITS`, and the key of the stack file that it is made from.

    The stack's own name is in it too; `key` is "name" where nothing else is.
    """

    kind: str
    name: str
    key: str

    @property
    def limit(self) -> Limit:
        return LIMITS[self.kind]

    @property
    def excess(self) -> int:
        """How many characters must go."""
        return max(0, len(self.name) - self.limit.longest)

    @property
    def fits_pattern(self) -> bool:
        return re.fullmatch(self.limit.pattern, self.name) is not None


def given(
    names: Names, services: Iterable[str], functions: Iterable[str], *, database: bool = False, api: bool = False
) -> Iterator[Given]:
    """Every name of a stack with these services and functions, and with a database or an API."""
    yield Given("load balancer", names.load_balancer, "name")
    yield Given("ECS cluster", names.cluster, "name")
    yield Given("log group", names.log_group_insights, "name")
    yield Given("security group", names.security_group("load-balancer"), "name")
    if database:
        yield Given("DB instance", names.database, "name")
        yield Given("secret", names.database_secret, "name")
        yield Given("IAM role", names.role("database"), "name")
        yield Given("instance profile", names.role("database"), "name")
    if api:
        yield Given("HTTP API", names.api, "name")
        yield Given("log group", names.log_group_api, "name")
    for service in services:
        yield from _of_service(names, service, f"services.{service}")
    for function in functions:
        yield from _of_function(names, function, f"functions.{function}")


def _of_service(names: Names, service: str, key: str) -> Iterator[Given]:
    yield Given("target group", names.target_group(service), key)
    yield Given("security group", names.security_group(f"service-{service}"), key)
    yield Given("ECS service", names.service(service), key)
    yield Given("task definition", names.task_family(service), key)
    yield Given("log group", names.log_group_service(service), key)
    yield Given("IAM role", names.role(f"{service}-execution"), key)
    yield Given("IAM role", names.role(f"{service}-task"), key)


def _of_function(names: Names, function: str, key: str) -> Iterator[Given]:
    yield Given("Lambda function", names.function(function), key)
    yield Given("security group", names.security_group(f"function-{function}"), key)
    yield Given("log group", names.log_group_function(function), key)
    yield Given("IAM role", names.role(f"{function}-function"), key)


def too_long(all_given: Iterable[Given]) -> Iterator[tuple[Given, int]]:
    """The worst name of each key, with the number of characters that must go.

    Once the stack's own name is as short as it must be, the others have that many fewer: only what then still
    is too much is counted for them.
    """
    worst: dict[str, Given] = {}
    for one in all_given:
        if one.excess > (worst[one.key].excess if one.key in worst else 0):
            worst[one.key] = one
    saved = worst["name"].excess if "name" in worst else 0
    for key, one in worst.items():
        rest = one.excess - (saved if key != "name" else 0)
        if rest > 0:
            yield one, rest
