"""How an application load balancer tells services apart: by paths and host names, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from provisioner.checks.balancing import BALANCED
from provisioner.checks.base import Check
from provisioner.model import Service, Stack
from provisioner.stack_file.errors import Problem, listed

_CONDITION_VALUES = 5
"""Source: Application Load Balancers user guide, quotas, "Condition values per rule"."""


def _one_default(stack: Stack, _: str) -> Iterator[Problem]:
    balancer = stack.load_balancer
    defaults = [name for name, one in stack.balanced.items() if one.is_default]
    if balancer and balancer.type == "application" and len(defaults) > 1:
        what = f"{listed(defaults)} would all get what no other service gets"
        fix = 'give paths, such as ["/api", "/api/*"], or hosts to all but one'
        yield Problem("services", None, what, fix)


def _priorities_differ(stack: Stack, name: str) -> Iterator[Problem]:
    """The later one of two is told."""
    priority = stack.services[name].priority
    taken = {one.priority: other for other, one in stack.services.items() if other in _before(stack, name)}
    if priority is not None and name in stack.balanced and priority in taken:
        free = next(number for number in range(10, 50_000, 10) if number not in _given_priorities(stack))
        what = f'service "{taken[priority]}" has this priority'
        yield Problem(f"services.{name}.priority", priority, what, f"use another, such as {free}")


def _before(stack: Stack, name: str) -> list[str]:
    """The services behind the load balancer that come before this one."""
    balanced = list(stack.balanced)
    return balanced[: balanced.index(name)] if name in balanced else []


def _given_priorities(stack: Stack) -> set[int | None]:
    return {one.priority for one in stack.services.values()}


def _priority_has_a_rule(stack: Stack, name: str) -> Iterator[Problem]:
    service = stack.services[name]
    if service.priority is not None and service.is_default:
        what = "without paths and hosts there is no rule that could have a priority"
        yield Problem(f"services.{name}.priority", service.priority, what, "add paths or hosts, or remove it")


def _patterns_differ(stack: Stack, name: str) -> Iterator[Problem]:
    mine = _patterns(stack.services[name])
    for other in _before(stack, name):
        both = mine & _patterns(stack.services[other])
        if both:
            path, host = min(both)
            key, pattern = ("hosts", host) if path == "*" else ("paths", path)
            what = f'service "{other}" has it too, and only one of the two would ever get the requests'
            yield Problem(f"services.{name}.{key}", pattern, what, "leave it to one of them")


def _patterns(service: Service) -> set[tuple[str, str]]:
    """Paths with hosts, as the service's rule has them; `*` is any. Host names know no case."""
    hosts = [one.lower() for one in service.hosts]
    return set(product(service.paths or ["*"], hosts or ["*"])) - {("*", "*")}


def _few_values(stack: Stack, name: str) -> Iterator[Problem]:
    service = stack.services[name]
    count = len(service.paths) + len(service.hosts)
    if count > _CONDITION_VALUES:
        what = f"{count} paths and hosts are too many: a listener's rule takes {_CONDITION_VALUES} in all"
        fix = f"leave out {count - _CONDITION_VALUES}; * and ? stand for several at once"
        yield Problem(f"services.{name}.paths", service.paths, what, fix)


_PATTERNS = ("services.?.paths", "services.?.hosts")
CHECKS = (
    Check(
        "At most one service is without `paths` and `hosts`: it gets all that no other service gets. Where every "
        "service has some, the rest is answered with 404.",
        _one_default,
        (*BALANCED, *_PATTERNS),
    ),
    Check(
        "A `priority` is given once: two rules of a listener cannot have the same.",
        _priorities_differ,
        (*BALANCED, "services.?.priority"),
        "services",
    ),
    Check(
        "`priority` is for services with `paths` or `hosts`.",
        _priority_has_a_rule,
        ("services.*.load_balanced", "services.*.paths", "services.*.hosts", "services.*.priority"),
        "services",
    ),
    Check(
        "No path and host belongs to two services.",
        _patterns_differ,
        (*BALANCED, *_PATTERNS),
        "services",
    ),
    Check(
        "`paths` and `hosts` of a service are five in all, as many as a listener's rule takes.",
        _few_values,
        ("services.*.paths", "services.*.hosts"),
        "services",
    ),
)
