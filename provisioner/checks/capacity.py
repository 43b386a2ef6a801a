"""How large tasks are, how many of them run, and when one counts as healthy."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.base import Check, is_set
from provisioner.model import Stack
from provisioner.stack_file.errors import Problem, listed

FARGATE_MEMORY: dict[int, tuple[int, ...] | range] = {
    256: (512, 1024, 2048),
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
    8192: range(16384, 61440 + 1, 4096),
    16384: range(32768, 122880 + 1, 8192),
}
"""MiB by CPU units. Source: ECS API, RegisterTaskDefinition, `cpu` and `memory`."""


def _fargate_cpu(stack: Stack, name: str) -> Iterator[Problem]:
    cpu = stack.services[name].cpu
    if cpu not in FARGATE_MEMORY:
        fix = f"use {_nearest_cpu(cpu)}; there are {listed(FARGATE_MEMORY)}"
        yield Problem(f"services.{name}.cpu", cpu, "Fargate has no such cpu", fix)


def _nearest_cpu(wanted: int) -> int:
    return min(FARGATE_MEMORY, key=lambda cpu: abs(cpu - wanted))


def _fargate_memory(stack: Stack, name: str) -> Iterator[Problem]:
    """With a cpu that does not exist, only a memory that no cpu has is surely wrong."""
    service = stack.services[name]
    cpu, known = _nearest_cpu(service.cpu), service.cpu in FARGATE_MEMORY
    if service.memory in (memories := FARGATE_MEMORY[cpu]) or (not known and _has_some_cpu(service.memory)):
        return
    near = min(memories, key=lambda memory: abs(memory - service.memory))
    what = f"Fargate has no tasks of cpu {cpu} with this memory" if known else "Fargate has no such memory"
    fix = f"use {near}; with cpu {cpu} there are {memory_choice(memories)}"
    yield Problem(f"services.{name}.memory", service.memory, what, fix)


def _has_some_cpu(memory: int) -> bool:
    return any(memory in memories for memories in FARGATE_MEMORY.values())


def memory_choice(memories: tuple[int, ...] | range) -> str:
    if isinstance(memories, range):
        return f"{memories[0]} to {memories[-1]} in steps of {memories.step}"
    return listed(memories)


def _health_check_in_time(stack: Stack, name: str) -> Iterator[Problem]:
    health = stack.services[name].health_check
    if health.timeout >= health.interval:
        key = f"services.{name}.health_check.timeout"
        what = f"the timeout must be less than the interval, which is {health.interval}"
        yield Problem(key, health.timeout, what, f"use {max(2, health.interval - 1)}, or a longer interval")


def _scaling_has_a_target(stack: Stack, name: str) -> Iterator[Problem]:
    scaling = stack.services[name].scaling
    if scaling and not scaling.targets:
        what = "nothing says what load to aim at"
        fix = "add cpu, memory or requests_per_target, such as cpu = 60"
        yield Problem(f"services.{name}.scaling", None, what, fix)


def _scaling_bounds(stack: Stack, name: str) -> Iterator[Problem]:
    service, place = stack.services[name], f"services.{name}"
    scaling = service.scaling
    if scaling is None:
        return
    if scaling.minimum > scaling.maximum:
        what = f"the fewest copies are more than the most, which are {scaling.maximum}"
        yield Problem(f"{place}.scaling.minimum", scaling.minimum, what, "make maximum the larger one")
    elif service.count == 0:
        what = "of no copies no load is measured, so scaling would never start one"
        yield Problem(f"{place}.count", 0, what, f"use {max(1, scaling.minimum)}, or remove scaling")
    elif is_set(service, "count") and not scaling.minimum <= service.count <= scaling.maximum:
        what = f"is not between the bounds of scaling, {scaling.minimum} and {scaling.maximum}"
        yield Problem(f"{place}.count", service.count, what, "leave it out, for scaling decides, or move a bound")


def _requests_are_counted(stack: Stack, name: str) -> Iterator[Problem]:
    service, balancer = stack.services[name], stack.load_balancer
    wanted = service.scaling.requests_per_target if service.scaling else None
    by_application = balancer is not None and balancer.type == "application" and service.load_balanced
    if wanted is not None and not by_application:
        what = "only an application load balancer counts requests, and none sends them to this service"
        yield Problem(f"services.{name}.scaling.requests_per_target", wanted, what, "use cpu or memory instead")


def _tasks_can_be_replaced(stack: Stack, name: str) -> Iterator[Problem]:
    """The fewest are rounded up and the most down. Source: ECS API, DeploymentConfiguration."""
    service = stack.services[name]
    count = service.scaling.minimum if service.scaling else service.count
    fewest = -(-count * service.minimum_percent // 100)
    most = count * service.maximum_percent // 100
    if count and most <= fewest:
        copies = "1 copy" if count == 1 else f"{count} copies"
        what = f"of {copies} no fewer than {fewest} and no more than {most} may run, so none can be replaced"
        fix = "use maximum_percent = 200, or a lower minimum_percent"
        yield Problem(f"services.{name}.maximum_percent", service.maximum_percent, what, fix)


CHECKS = (
    Check("`cpu` is one that Fargate has.", _fargate_cpu, ("services.*.cpu",), "services"),
    Check(
        "`memory` is one that Fargate has with this `cpu`.",
        _fargate_memory,
        ("services.*.cpu", "services.*.memory"),
        "services",
    ),
    Check(
        "A health check's `timeout` is less than its `interval`.",
        _health_check_in_time,
        ("services.*.health_check.timeout", "services.*.health_check.interval"),
        "services",
    ),
    Check(
        "Scaling has a load to aim at: `cpu`, `memory` or `requests_per_target`.",
        _scaling_has_a_target,
        tuple(f"services.*.scaling.{key}" for key in ("cpu", "memory", "requests_per_target")),
        "services",
    ),
    Check(
        "`scaling.minimum` is not above `scaling.maximum`; `count`, where it is given, is between them and not 0: "
        "of no copies no load is measured.",
        _scaling_bounds,
        ("services.*.count", "services.*.scaling.minimum", "services.*.scaling.maximum"),
        "services",
    ),
    Check(
        "`requests_per_target` is for services behind an application load balancer, which counts requests.",
        _requests_are_counted,
        (
            *("services.*.load_balanced", "services.*.scaling.requests_per_target"),
            "load_balancer.type",
        ),
        "services",
    ),
    Check(
        "`minimum_percent` and `maximum_percent` leave room to start or to stop a copy: otherwise no deployment "
        "ends. Of the copies the fewest are rounded up, the most down.",
        _tasks_can_be_replaced,
        (
            *("services.*.count", "services.*.scaling.minimum"),
            *("services.*.minimum_percent", "services.*.maximum_percent"),
        ),
        "services",
    ),
)
