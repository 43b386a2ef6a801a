"""How many of each thing this run will make, and how many there are: in few reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from math import ceil
from typing import Any

from provisioner.preflight.base import Ground
from steps.aws import acm
from steps.base import Step
from steps.listeners import ListenerRule
from steps.network import NatGateway, Subnet
from steps.services import Service
from steps.task_definitions import TaskDefinition

_CPU_UNITS = 1024
Counts = Mapping[str, int]
"""By place: a zone, or "" for the whole region, account or VPC."""


def made(kind: type[Step], **having: object) -> Callable[[Ground], Counts]:
    """How many of a kind this run makes, with these values of their fields."""

    def count(ground: Ground) -> Counts:
        fits = [one for one in ground.making(kind) if all(getattr(one, key) == it for key, it in having.items())]
        return {"": len(fits)}

    return count


def ec2(operation: str, items: str) -> Callable[[Ground], Counts]:
    return lambda ground: {"": len(ground.read(operation, items))}


def gateways_wanted(ground: Ground) -> Counts:
    zones = {step.name: step.zone for step in ground.steps if isinstance(step, Subnet)}
    return Counter(zones.get(one.subnet, "") for one in ground.making(NatGateway))


def gateways_used(ground: Ground) -> Counts:
    """By zone; one that is being deleted counts until it is gone (Amazon VPC quotas)."""
    found = ground.read("describe_nat_gateways", "NatGateways")
    subnets = [one["SubnetId"] for one in found if one["State"] in ("pending", "available", "deleting")]
    if not subnets:
        return {}
    wanted = [{"Name": "subnet-id", "Values": sorted(set(subnets))}]
    zones = {
        one["SubnetId"]: one["AvailabilityZone"]
        for one in ground.read("describe_subnets", "Subnets", Filters=wanted)
    }
    return Counter(zones.get(subnet, "") for subnet in subnets)


def balancers(kind: str) -> Callable[[Ground], Counts]:
    def read(ground: Ground) -> Counts:
        pages = ground.aws.clients.elbv2.get_paginator("describe_load_balancers").paginate()
        return Counter(one["Type"] for page in pages for one in page["LoadBalancers"])

    return lambda ground: {"": ground.look.share("balancers", lambda: read(ground)).get(kind, 0)}


def target_groups(ground: Ground) -> Counts:
    pages = ground.aws.clients.elbv2.get_paginator("describe_target_groups").paginate()
    return {"": sum(len(page["TargetGroups"]) for page in pages)}


def rules_wanted(ground: Ground) -> Counts:
    """All of them, whether made now or before: they are on one load balancer of ours."""
    fresh = bool(ground.making(ListenerRule))
    return {"": sum(isinstance(step, ListenerRule) for step in ground.steps) if fresh else 0}


def endpoints_used(ground: Ground) -> Counts:
    """Interface endpoints in a given VPC; an own one begins empty."""
    found = ground.site.found
    everything = ground.read("describe_vpc_endpoints", "VpcEndpoints")
    here = [one for one in everything if found and one["VpcId"] == found.vpc]
    return {"": sum(one["VpcEndpointType"] == "Interface" for one in here)}


def gateway_endpoints_used(ground: Ground) -> Counts:
    everything = ground.read("describe_vpc_endpoints", "VpcEndpoints")
    return {"": sum(one["VpcEndpointType"] == "Gateway" for one in everything)}


def vcpus(*, spot: bool) -> Callable[[Ground], Counts]:
    def wanted(ground: Ground) -> Counts:
        units = {step.name: step.cpu for step in ground.steps if isinstance(step, TaskDefinition)}
        ours = [one for one in ground.making(Service) if one.spot is spot]
        return {"": ceil(sum(one.count * units.get(one.task_definition, 0) for one in ours) / _CPU_UNITS)}

    return wanted


def zones(ground: Ground) -> Any:
    limit: Any = "MAX_HOSTED_ZONES_BY_OWNER"
    return ground.look.share("zones", lambda: ground.aws.clients.dns.get_account_limit(Type=limit))


def roles(ground: Ground) -> Any:
    return ground.look.share("roles", lambda: ground.aws.clients.iam.get_account_summary()["SummaryMap"])


def functions(ground: Ground) -> Any:
    return ground.look.share(
        "functions", lambda: ground.aws.clients.functions.get_account_settings()["AccountLimit"]
    )


def certificates(ground: Ground) -> Counts:
    return {"": sum(1 for _ in acm.listed(ground.aws))}


def namespaces(ground: Ground) -> Counts:
    pages = ground.aws.clients.discovery.get_paginator("list_namespaces").paginate()
    return {"": sum(len(page["Namespaces"]) for page in pages)}


def databases(ground: Ground) -> Counts:
    pages = ground.aws.clients.databases.get_paginator("describe_db_instances").paginate()
    return {"": sum(len(page["DBInstances"]) for page in pages)}
