"""What AWS gives of each thing at most, unless it has been asked for more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from provisioner.sandbox.call import Call, Site
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Before, before
from provisioner.sandbox.world import World


@dataclass(frozen=True)
class Quota:
    """One of them under a name of ours, and as Service Quotas tells it: `code` is empty where that knows none.

    It is an account's in one region, or its only one if it is `everywhere`.
    """

    name: str
    service: str
    code: str
    title: str
    default: int
    adjustable: bool = True
    everywhere: bool = False


_ELB = "elasticloadbalancing"
QUOTAS: Mapping[str, Quota] = {
    quota.name: quota
    for quota in (
        Quota("vpcs", "vpc", "L-F678F1CE", "VPCs per Region", 5),
        Quota("internet-gateways", "vpc", "L-A4707A72", "Internet gateways per Region", 5),
        Quota("nat-gateways", "vpc", "L-FE5A380F", "NAT gateways per Availability Zone", 5),
        Quota("subnets", "vpc", "L-407747CB", "Subnets per VPC", 200),
        Quota("route-tables", "vpc", "L-589F43AA", "Route tables per VPC", 200),
        Quota("routes", "vpc", "L-93826ACB", "Routes per route table", 50),
        Quota("network-acls", "vpc", "L-B4A6D682", "Network ACLs per VPC", 200),
        Quota("network-acl-rules", "vpc", "L-2AEEBF1A", "Rules per network ACL", 20),
        Quota("security-groups", "vpc", "L-E79EC296", "VPC security groups per Region", 2500),
        Quota("rules", "vpc", "L-0EA8095F", "Inbound or outbound rules per security group", 60),
        Quota("groups-of-interface", "vpc", "L-2AFB9258", "Security groups per network interface", 5),
        Quota("network-interfaces", "vpc", "L-DF5E4CA3", "Network interfaces per Region", 5000),
        Quota("interface-endpoints", "vpc", "L-29B6F2EB", "Interface VPC endpoints per VPC", 50),
        Quota("gateway-endpoints", "vpc", "L-1B52E74A", "Gateway VPC endpoints per Region", 20),
        Quota("addresses", "ec2", "L-0263D0A3", "EC2-VPC Elastic IPs", 5),
        Quota("transit-gateways", "ec2", "L-A2478D36", "Transit gateways per account", 5),
        Quota("transit-gateway-attachments", "ec2", "L-6DA43717", "Attachments per VPC", 5, False),
        Quota("application-load-balancers", _ELB, "L-53DA6B97", "Application Load Balancers per Region", 50),
        Quota("network-load-balancers", _ELB, "L-69A177A2", "Network Load Balancers per Region", 50),
        Quota("target-groups", _ELB, "L-B22855CB", "Target Groups per Region", 3000),
        Quota("application-listeners", _ELB, "L-B6DF7632", "Listeners per Application Load Balancer", 50),
        Quota(
            "network-listeners", _ELB, "L-57A373D6", "Listeners per Network Load Balancer", 50, adjustable=False
        ),
        Quota("listener-rules", _ELB, "L-7EED9B64", "Rules per Application Load Balancer", 100),
        Quota("certificates", "acm", "L-F141DD1D", "ACM certificates", 2500),
        Quota("namespaces", "AWSCloudMap", "L-0FE3F50E", "Namespaces per Region", 50),
        Quota("log-groups", "logs", "", "Log groups", 1_000_000),
        Quota("db-instances", "rds", "L-7B6409FD", "DB instances", 40),
        Quota("db-subnet-groups", "rds", "L-48C6BF61", "DB subnet groups", 50),
        Quota("hosted-zones", "route53", "L-4EA4796A", "Hosted zones", 500, everywhere=True),
        Quota("roles", "iam", "L-FE177D64", "Roles per account", 1000, everywhere=True),
        Quota("policies-of-role", "iam", "L-0DA4ABF3", "Managed policies per role", 10, everywhere=True),
    )
}


class Applied:
    """Those that are not as usual, by name."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}


def limit(site: Site, name: str) -> int:
    """How many there may be in this account and region."""
    quota = QUOTAS[name]
    region = "" if quota.everywhere else site.region
    applied = (site.world.ledger(Applied, site.account, region), site.world.ledger(Applied, "", ""))
    return next((one.values[name] for one in applied if name in one.values), quota.default)


def adjust(site: Site, values: Mapping[str, int]) -> None:
    """Apply other values in this account and region; ValueError, and no change, for what is no quota or number."""
    _check(values)
    for name, value in values.items():
        region = "" if QUOTAS[name].everywhere else site.region
        site.world.ledger(Applied, site.account, region).values[name] = value


def adjust_all(world: World, values: Mapping[str, int]) -> dict[str, int]:
    """Apply other values in all accounts and regions that have none of their own; all that are applied so."""
    _check(values)
    applied = world.ledger(Applied, "", "").values
    applied.update(values)
    return {name: applied.get(name, quota.default) for name, quota in QUOTAS.items()}


@dataclass(frozen=True)
class Limit:
    """A quota where it is felt: in a call after which there would be more.

    `count` says how many there would be, `message` may name {limit}, {account} and {region}.
    """

    quota: str
    service: str
    action: str
    count: Callable[[Call], int]
    code: str
    message: str
    status: int = 400


def enforce(limits: tuple[Limit, ...], source: str) -> None:
    """Have these calls be refused from now on."""
    for one in limits:
        before(one.service, one.action, source=source)(_refusal(one))


def _refusal(felt: Limit) -> Before:
    def too_many(call: Call) -> None:
        allowed = limit(call, felt.quota)
        if felt.count(call) > allowed:
            message = felt.message.format(limit=allowed, account=call.account, region=call.region)
            raise Refusal(felt.code, message, felt.status)

    quota = QUOTAS[felt.quota]
    too_many.__doc__ = f"{felt.code} ({felt.status}) for more than {quota.default:,}: {quota.title}."
    return too_many


def _check(values: Mapping[str, int]) -> None:
    if unknown := sorted(values.keys() - QUOTAS.keys()):
        raise ValueError(f"unknown quotas {unknown}; known: {sorted(QUOTAS)}")
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ValueError(f"quota {name!r}: {value!r} is no number of things")
