"""Exactly who reaches whom. Names are resolved by the VPC's own resolver, which no group filters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from provisioner.blueprint.network import ANYWHERE, has_interface_endpoints
from provisioner.blueprint.plan import Plan, group
from steps.base import Need, Step
from steps.security import SecurityGroup, SecurityGroupRule

_HTTP, _HTTPS = 80, 443
_APIS = "image registry and AWS APIs"


def security_groups(plan: Plan) -> Iterator[Step]:
    """One for each kind of thing: the load balancer, each service's tasks, each function in the VPC, ..."""
    for part, what in _parts(plan):
        yield SecurityGroup(
            name=group(part),
            needs=(Need("vpc"),),
            vpc="vpc",
            group_name=plan.names.security_group(part),
            description=f"{what} of stack {plan.stack.name}",
        )


def _parts(plan: Plan) -> Iterator[tuple[str, str]]:
    stack = plan.stack
    if stack.load_balancer:
        yield "load-balancer", "load balancer"
    for name in stack.services:
        yield f"service-{name}", f"tasks of service {name}"
    for name, function in stack.functions.items():
        if function.vpc:
            yield f"function-{name}", f"function {name}"
    if stack.database:
        yield "database", "database"
    if has_interface_endpoints(plan):
        yield "endpoints", "VPC endpoints"


def security_group_rules(plan: Plan) -> Iterator[SecurityGroupRule]:
    """Each once, whoever asks for it."""
    made: dict[str, SecurityGroupRule] = {}
    for rules in (_of_clients, _of_services, _of_functions, _of_database, _of_endpoints):
        for rule in rules(plan):
            made.setdefault(rule.name, rule)
    yield from made.values()


def _of_clients(plan: Plan) -> Iterator[SecurityGroupRule]:
    balancer = plan.stack.load_balancer
    if balancer is None:
        return
    ports = [balancer.listens_on, *([_HTTP] if balancer.redirects else [])]
    for cidr in balancer.admits:
        for port in ports:
            yield _network("load-balancer", "ingress", cidr, port, "clients of the load balancer")


def _of_services(plan: Plan) -> Iterator[SecurityGroupRule]:
    """The load balancer reaches the tasks, and they reach the registry, AWS, and what they call."""
    for name, settings in plan.stack.services.items():
        if name in plan.stack.balanced:
            yield from _pass("load-balancer", f"service-{name}", settings.port)
        yield _network(f"service-{name}", "egress", ANYWHERE, _HTTPS, _APIS)
        for called in settings.calls:
            yield from _to_called(plan, f"service-{name}", called)


def _to_called(plan: Plan, part: str, called: str) -> Iterator[SecurityGroupRule]:
    """Task to task, or to the database; the load balancer has no part in it."""
    if called != "database":
        yield from _pass(part, f"service-{called}", plan.stack.services[called].port)
    elif plan.stack.database:
        yield from _pass(part, "database", plan.stack.database.port)


def _of_functions(plan: Plan) -> Iterator[SecurityGroupRule]:
    """A function calls services through the load balancer, and the database directly."""
    for name, function in plan.stack.functions.items():
        if not function.vpc:
            continue
        part = f"function-{name}"
        if plan.stack.load_balancer and set(function.calls) - {"database"}:
            yield from _pass(part, "load-balancer", plan.stack.load_balancer.listens_on)
        if "database" in function.calls:
            yield from _to_called(plan, part, "database")
        for way in function.egress:
            yield _network(part, "egress", str(way.cidr), way.port, f"function {name} may go there")
        if "database" in function.calls or function.secrets or function.policy:
            yield _network(part, "egress", ANYWHERE, _HTTPS, "AWS APIs")


def _of_database(plan: Plan) -> Iterator[SecurityGroupRule]:
    """The instance fetches its packages and its password; RDS needs no way out."""
    if plan.stack.database and plan.stack.database.engine == "mongodb":
        yield _network("database", "egress", ANYWHERE, _HTTPS, "packages and AWS APIs")


def _of_endpoints(plan: Plan) -> Iterator[SecurityGroupRule]:
    if has_interface_endpoints(plan):
        for cidr in plan.cidrs:
            yield _network("endpoints", "ingress", cidr, _HTTPS, "everything in the VPC")


def _pass(source: str, target: str, port: int) -> Iterator[SecurityGroupRule]:
    """Both ends of one permitted connection: out of the source's group, into the target's."""
    needs = (Need(group(source)), Need(group(target)))
    ends: tuple[tuple[Literal["egress", "ingress"], str, str, str], ...] = (
        ("egress", source, target, "to"),
        ("ingress", target, source, "from"),
    )
    for direction, part, peer, word in ends:
        yield SecurityGroupRule(
            name=f"rule-{part}-{word}-{peer}-{port}",
            needs=needs,
            group=group(part),
            direction=direction,
            port=port,
            peer=group(peer),
            description=f"{word} {peer}",
        )


def _network(
    part: str, direction: Literal["egress", "ingress"], cidr: str, port: int, why: str
) -> SecurityGroupRule:
    word = "to" if direction == "egress" else "from"
    return SecurityGroupRule(
        name=f"rule-{part}-{word}-{cidr.replace('/', '-')}-{port}",
        needs=(Need(group(part)),),
        group=group(part),
        direction=direction,
        port=port,
        cidr=cidr,
        description=why,
    )


def rules_of(plan: Plan, part: str) -> tuple[str, ...]:
    """The rules that touch a group, which must stand before anyone in it starts to work."""
    return tuple(rule.name for rule in security_group_rules(plan) if group(part) in (rule.group, rule.peer))
