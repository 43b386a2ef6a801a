"""Whether the account has room for what this run will make: quotas as a table, with what is in use already.

Sources of codes, titles and defaults: Service Quotas, and the quota pages of Amazon VPC, EC2, Elastic Load
Balancing, ECS, ACM, Cloud Map, RDS, Route 53 and IAM. HTTP APIs are not among them: for how many there may be, AWS
documents no number. Interfaces are not either: a region has 5,000, and counting them takes many reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from botocore.exceptions import ClientError

from provisioner.preflight import counts
from provisioner.preflight.base import Check, Finding, Ground, Level
from provisioner.preflight.counts import Counts
from steps.aws.errors import Cause, verdict
from steps.balancing import LoadBalancer
from steps.certificates import Certificate
from steps.databases import DbInstance
from steps.discovery import Namespace
from steps.dns import HostedZone
from steps.endpoints import VpcEndpoint
from steps.functions import Function
from steps.identity import Role
from steps.network import ElasticIp, InternetGateway, Vpc
from steps.security import SecurityGroup
from steps.targets import TargetGroup

_UNRESERVED = 100
_LISTED = frozenset({"vpc", "elasticloadbalancing"})
"""Services of which several quotas are wanted: one listing is less than a read each."""


@dataclass(frozen=True)
class Quota:
    """What AWS gives at most. `service` and `code` are Service Quotas'; `default` is None where accounts differ.

    `used` is None where counting is not worth its reads, or where what is counted in begins with this run.
    """

    title: str
    service: str
    code: str
    default: int | None
    wanted: Callable[[Ground], Counts]
    used: Callable[[Ground], Counts] | None = None
    limit: Callable[[Ground], int] | None = None
    """Asks the service itself instead of Service Quotas."""

    def check(self, ground: Ground) -> Iterator[Finding]:
        wanted = {place: count for place, count in self.wanted(ground).items() if count}
        if not wanted:
            return
        limit, told = self._limit(ground)
        if limit is None:
            yield Finding(Level.UNKNOWN, f"{self.title}: AWS does not tell how many this account may have")
            return
        used = self.used(ground) if self.used else {}
        for place, count in wanted.items():
            yield self._finding(place, count, used.get(place, 0), limit, told)

    def _finding(self, place: str, wanted: int, used: int, limit: int, told: bool) -> Finding:
        where = f" in {place}" if place else ""
        source = "" if told else " (AWS's default; the account's own was not told)"
        use = f"{used} in use, " if self.used else ""
        text = f"{self.title}{where}: {use}{wanted} wanted, {limit} allowed{source}"
        if used + wanted <= limit:
            return Finding(Level.OK, text)
        return Finding(Level.PROBLEM if told else Level.WARNING, text, self._fix(used + wanted))

    def _fix(self, enough: int) -> str:
        ask = f"aws service-quotas request-service-quota-increase --service-code {self.service} --quota-code"
        return f"ask for more ({ask} {self.code} --desired-value {enough}), or remove what is not needed"

    def _limit(self, ground: Ground) -> tuple[int | None, bool]:
        """How many there may be, and whether AWS said so for this account."""
        try:
            return (self.limit(ground) if self.limit else self._applied(ground)), True
        except ClientError as error:
            if verdict(error).cause not in (Cause.DENIED, Cause.GONE):
                raise
        except LookupError:
            pass
        return self.default, False

    def _applied(self, ground: Ground) -> int:
        """LookupError, or NoSuchResourceException, where the account has the default."""
        if self.service in _LISTED:
            listed = ground.look.share(f"quotas {self.service}", partial(_listed, ground, self.service))
            return int(listed[self.code])
        found = ground.aws.clients.quotas.get_service_quota(ServiceCode=self.service, QuotaCode=self.code)
        return int(found["Quota"]["Value"])


def _listed(ground: Ground, service: str) -> dict[str, float]:
    pages = ground.aws.clients.quotas.get_paginator("list_service_quotas").paginate(ServiceCode=service)
    return {one["QuotaCode"]: one["Value"] for page in pages for one in page["Quotas"]}


_ELB = "elasticloadbalancing"
_INTERFACES, _GATEWAYS = counts.made(VpcEndpoint, type="Interface"), counts.made(VpcEndpoint, type="Gateway")
_APPLICATION, _NETWORK = counts.made(LoadBalancer, type="application"), counts.made(LoadBalancer, type="network")
QUOTAS = (
    Quota("VPCs per Region", "vpc", "L-F678F1CE", 5, counts.made(Vpc), counts.ec2("describe_vpcs", "Vpcs")),
    Quota(
        "Internet gateways per Region",
        "vpc",
        "L-A4707A72",
        5,
        counts.made(InternetGateway),
        counts.ec2("describe_internet_gateways", "InternetGateways"),
    ),
    Quota(
        "Elastic IPs per Region",
        "ec2",
        "L-0263D0A3",
        5,
        counts.made(ElasticIp),
        counts.ec2("describe_addresses", "Addresses"),
    ),
    Quota(
        "NAT gateways per Availability Zone", "vpc", "L-FE5A380F", 5, counts.gateways_wanted, counts.gateways_used
    ),
    Quota(
        "Security groups per Region",
        "vpc",
        "L-E79EC296",
        2500,
        counts.made(SecurityGroup),
        counts.ec2("describe_security_groups", "SecurityGroups"),
    ),
    Quota("Interface endpoints per VPC", "vpc", "L-29B6F2EB", 50, _INTERFACES, counts.endpoints_used),
    Quota("Gateway endpoints per Region", "vpc", "L-1B52E74A", 20, _GATEWAYS, counts.gateway_endpoints_used),
    Quota(
        "Application Load Balancers per Region",
        _ELB,
        "L-53DA6B97",
        50,
        _APPLICATION,
        counts.balancers("application"),
    ),
    Quota("Network Load Balancers per Region", _ELB, "L-69A177A2", 50, _NETWORK, counts.balancers("network")),
    Quota("Target groups per Region", _ELB, "L-B22855CB", 3000, counts.made(TargetGroup), counts.target_groups),
    Quota("Rules per Application Load Balancer", _ELB, "L-7EED9B64", 100, counts.rules_wanted),
    Quota("Fargate On-Demand vCPUs", "fargate", "L-3032A538", None, counts.vcpus(spot=False)),
    Quota("Fargate Spot vCPUs", "fargate", "L-36FBB829", None, counts.vcpus(spot=True)),
    Quota("ACM certificates", "acm", "L-F141DD1D", 2500, counts.made(Certificate), counts.certificates),
    Quota(
        "Cloud Map namespaces per Region",
        "AWSCloudMap",
        "L-0FE3F50E",
        50,
        counts.made(Namespace),
        counts.namespaces,
    ),
    Quota("DB instances", "rds", "L-7B6409FD", 40, counts.made(DbInstance), counts.databases),
    Quota(
        "Hosted zones per account",
        "route53",
        "L-4EA4796A",
        500,
        counts.made(HostedZone),
        lambda ground: {"": int(counts.zones(ground)["Count"])},
        lambda ground: int(counts.zones(ground)["Limit"]["Value"]),
    ),
    Quota(
        "Roles per account",
        "iam",
        "L-FE177D64",
        1000,
        counts.made(Role),
        lambda ground: {"": int(counts.roles(ground)["Roles"])},
        lambda ground: int(counts.roles(ground)["RolesQuota"]),
    ),
)


def concurrency(ground: Ground) -> Iterator[Finding]:
    """What functions set aside for themselves must leave 100 to all others (Lambda: PutFunctionConcurrency)."""
    asked = {one.function_name: one.reserved_concurrency or 0 for one in ground.making(Function)}
    if not sum(asked.values()):
        return
    free = int(counts.functions(ground)["UnreservedConcurrentExecutions"]) - _UNRESERVED
    text = f"Lambda concurrency: {sum(asked.values())} to be reserved, {max(0, free)} can be"
    if sum(asked.values()) <= free:
        yield Finding(Level.OK, text)
        return
    fix = "reserve less, or ask for a higher quota of concurrent executions (lambda L-B99A9384)"
    yield Finding(Level.PROBLEM, text, fix)


CHECKS: Mapping[str, Check] = {
    **{f"quota: {one.title}": one.check for one in QUOTAS},
    "quota: Lambda concurrency": concurrency,
}
