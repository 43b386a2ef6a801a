"""The load balancer: who is behind it, who reaches it, and what its type leaves to set."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.base import GIVEN, Check, is_set, zones, zones_at
from provisioner.model import Stack
from provisioner.stack_file.errors import Problem, listed

_SMALLEST_SUBNET = 27
_TYPE_ONLY = {
    "idle_timeout": "application",
    "cross_zone": "network",
    "tls.redirect": "application",
}
_RULES = ("paths", "hosts", "priority")
_BALANCED_ONLY = (*_RULES, "health_check", "grace_period", "deregistration_delay")


def _services_have_balancer(stack: Stack, _: str) -> Iterator[Problem]:
    waiting = [name for name, one in stack.services.items() if one.load_balanced]
    if waiting and stack.load_balancer is None:
        what = f"services need a load balancer: {listed(waiting)}"
        fix = "add a table [load_balancer], or set load_balanced = false for what nobody sends requests to"
        yield Problem("load_balancer", None, what, fix)


def _balancer_has_services(stack: Stack, _: str) -> Iterator[Problem]:
    if stack.load_balancer and not stack.balanced:
        left_out = "set load_balanced = true for one" if stack.services else "add a service"
        what = "there is no service to forward requests to"
        yield Problem("load_balancer", None, what, f"{left_out}, or leave [load_balancer] out")


def _has_room(stack: Stack, _: str) -> Iterator[Problem]:
    balancer, prefix = stack.load_balancer, stack.network.subnet_prefix
    if balancer and balancer.type == "application" and not stack.network.given and prefix > _SMALLEST_SUBNET:
        what = "an application load balancer needs subnets of /27 or larger, with 8 free addresses"
        yield Problem("network.subnet_prefix", prefix, what, "use 27 or less")


def _has_two_zones(stack: Stack, _: str) -> Iterator[Problem]:
    balancer = stack.load_balancer
    if balancer is None or balancer.type != "application":
        return
    there = zones(stack, balancer.tier)
    if there is not None and there < 2:
        what = "an application load balancer needs two zones"
        fix = 'use two, or type = "network", for which one is enough'
        yield Problem(*zones_at(stack, balancer.tier), what, fix)


def _network_type_has_one_service(stack: Stack, _: str) -> Iterator[Problem]:
    balancer = stack.load_balancer
    if balancer and balancer.type == "network" and len(stack.balanced) > 1:
        what = f"a network load balancer forwards all of its port to one service, not to {listed(stack.balanced)}"
        fix = 'set load_balanced = false for all but one, or use type = "application" with paths'
        yield Problem("load_balancer.type", "network", what, fix)


def _network_type_has_no_rules(stack: Stack, name: str) -> Iterator[Problem]:
    balancer, service = stack.load_balancer, stack.services[name]
    for key in _RULES if balancer and balancer.type == "network" and service.load_balanced else ():
        if is_set(service, key):
            what = "a network load balancer sees connections, no paths and no host names"
            fix = f'remove {key}, or use type = "application"'
            yield Problem(f"services.{name}.{key}", getattr(service, key), what, fix)


def _keys_of_the_type(stack: Stack, _: str) -> Iterator[Problem]:
    balancer = stack.load_balancer
    for key, of in _TYPE_ONLY.items() if balancer else ():
        table, last = (balancer.tls, "redirect") if key == "tls.redirect" and balancer else (balancer, key)
        if balancer and balancer.type != of and table and is_set(table, last):
            what = f"only {of} load balancers have it, and this one's type is {balancer.type}"
            fix = f'remove it, or use type = "{of}"'
            yield Problem(f"load_balancer.{key}", getattr(table, last), what, fix)


def _somebody_reaches_it(stack: Stack, _: str) -> Iterator[Problem]:
    balancer = stack.load_balancer
    called = {service for one in stack.functions.values() if one.vpc for service in one.calls}
    if balancer is None or balancer.type != "network":  # stack files of earlier versions stay valid
        return
    if stack.balanced and not balancer.admits and not called & set(stack.balanced):
        what = f"nobody may reach the {balancer.scheme} load balancer: it has no clients, and no function calls it"
        fix = 'add clients = ["10.0.0.0/16"] or the like, or let a function name a service in its calls'
        yield Problem("load_balancer.clients", balancer.clients, what, fix)


def _keys_of_balanced_services(stack: Stack, name: str) -> Iterator[Problem]:
    service = stack.services[name]
    for key in _BALANCED_ONLY if not service.load_balanced else ():
        if is_set(service, key):
            value = getattr(service, key) if key != "health_check" else None
            what = "has no meaning with load_balanced = false: nothing is sent to it by the load balancer"
            yield Problem(f"services.{name}.{key}", value, what, f"remove {key}, or load_balanced = false")


def _check_of_the_type(stack: Stack, name: str) -> Iterator[Problem]:
    balancer, check, key = stack.load_balancer, stack.services[name].health_check, f"services.{name}.health_check"
    if balancer is None or name not in stack.balanced:
        return
    if balancer.type == "application" and check.protocol == "tcp":
        what = "an application load balancer checks by http only"
        yield Problem(f"{key}.protocol", "tcp", what, 'use "http" with a path that answers, or leave it out')
    elif balancer.type == "network" and check.protocol != "http":
        for one in ("path", "matcher"):
            if is_set(check, one):
                what = "a check by tcp only connects: it asks for no path and hears no status"
                fix = f'add protocol = "http", or remove {one}'
                yield Problem(f"{key}.{one}", getattr(check, one), what, fix)


_TYPE = "load_balancer.type"
BALANCED = ("services.?.load_balanced", _TYPE)
"""What decides who is behind which kind of load balancer."""
CHECKS = (
    Check(
        "Services have a load balancer, or `load_balanced = false`.",
        _services_have_balancer,
        ("services.?.load_balanced", "load_balancer"),
    ),
    Check(
        "A load balancer has a service to forward to.",
        _balancer_has_services,
        ("services.?.load_balanced", "load_balancer"),
    ),
    Check(
        "An application load balancer has subnets of /27 or larger: it needs 8 free addresses in each.",
        _has_room,
        (*GIVEN, "network.subnet_prefix", _TYPE),
    ),
    Check(
        "An application load balancer has two zones; for a network one, one is enough.",
        _has_two_zones,
        (
            *(*GIVEN, "network.availability_zones", "network.private_subnet_ids", "network.public_subnet_ids"),
            *(_TYPE, "load_balancer.scheme"),
        ),
    ),
    Check(
        "Exactly one service is behind a network load balancer.",
        _network_type_has_one_service,
        BALANCED,
    ),
    Check(
        "`paths`, `hosts` and `priority` are for an application load balancer: a network one sees connections.",
        _network_type_has_no_rules,
        ("services.*.load_balanced", _TYPE),
        "services",
    ),
    Check(
        "`idle_timeout` and `tls.redirect` are for application, `cross_zone` for network load balancers.",
        _keys_of_the_type,
        (_TYPE, "load_balancer.tls"),
    ),
    Check(
        "Somebody may reach a network load balancer: `clients`, or a function in the VPC that calls its service. "
        "Its tasks admit nobody but the load balancer, and it admits nobody else where it is internal.",
        _somebody_reaches_it,
        (*BALANCED, "load_balancer.scheme", "load_balancer.clients", "functions.?.calls", "functions.?.vpc"),
    ),
    Check(
        "With `load_balanced = false` a service has no `paths`, `hosts`, `priority`, `health_check`, "
        "`grace_period` and `deregistration_delay`.",
        _keys_of_balanced_services,
        ("services.*.load_balanced",),
        "services",
    ),
    Check(
        'An application load balancer checks health by http; `path` and `matcher` are not for `protocol = "tcp"`.',
        _check_of_the_type,
        ("services.*.load_balanced", _TYPE, "services.*.health_check.protocol"),
        "services",
    ),
)
