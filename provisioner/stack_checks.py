"""Checks of what depends on several values. Each runs wherever the values that it reads are sound."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network

from provisioner import stack_payloads, stack_references
from provisioner.names import LONGEST_REGION, Given, Names, given, too_long
from provisioner.stack_errors import Problem, listed, meant, short, shown
from provisioner.stack_model import Stack

Path = tuple[str | int, ...]
_SMALLEST_FOR_BALANCER = 27
_OUR_TAGS = 4
"""`Name`, and the three that say whose a resource is."""
_TAGS = 50
_VARIABLES_BYTES = 4096

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


@dataclass(frozen=True)
class Check:
    """`reads` are the places that must be sound; `*` stands for the name of each entry of the table `each`,
    for which it then runs. Without `each` it runs once."""

    run: Callable[[Stack, str], Iterator[Problem]]
    reads: tuple[str, ...]
    each: str | None = None


def problems(stack: Stack, broken: Collection[Path]) -> Iterator[Problem]:
    """Everything that is wrong with a stack, as far as `broken` places allow to tell."""
    for check in CHECKS:
        for name in getattr(stack, check.each) if check.each else ("",):
            if not any(_is_broken(read, name, broken) for read in check.reads):
                yield from check.run(stack, name)


def _is_broken(read: str, name: str, broken: Collection[Path]) -> bool:
    """Whether this place, or one above it, is among the broken."""
    place = tuple(name if step == "*" else step for step in read.split("."))
    return any(place[: len(path)] == path for path in broken)


def _subnets_fit(stack: Stack, _: str) -> Iterator[Problem]:
    """One public and one private subnet a zone."""
    network = stack.network
    zones = network.availability_zones
    wanted = 2 * (zones if isinstance(zones, int) else len(zones))
    prefix, own = network.subnet_prefix, IPv4Network(network.cidr).prefixlen
    room = 2 ** (prefix - own) if prefix >= own else 0
    if wanted > room:
        smallest = own + (wanted - 1).bit_length()
        fix = f"use a subnet_prefix of at least {smallest}" if smallest <= 28 else "use a larger network.cidr"
        what = f"{wanted} subnets of /{prefix} do not fit into {network.cidr}, which has room for {room}"
        yield Problem("network.subnet_prefix", prefix, what, fix)


def _balancer_has_room(stack: Stack, _: str) -> Iterator[Problem]:
    prefix = stack.network.subnet_prefix
    if stack.load_balancer and prefix > _SMALLEST_FOR_BALANCER:
        what = "a load balancer needs subnets of /27 or larger, with 8 free addresses"
        yield Problem("network.subnet_prefix", prefix, what, "use 27 or less")


def _balancer_has_zones(stack: Stack, _: str) -> Iterator[Problem]:
    zones = stack.network.availability_zones
    if stack.load_balancer and (zones if isinstance(zones, int) else len(zones)) < 2:
        what = "an application load balancer needs two zones"
        yield Problem("network.availability_zones", zones, what, "use 2")


def _zones_in_region(stack: Stack, _: str) -> Iterator[Problem]:
    zones = stack.network.availability_zones
    named = () if isinstance(zones, int) else zones
    foreign = [zone for zone in named if stack.region and zone[:-1] != stack.region]
    if foreign:
        what = f"{listed(foreign)} is not in region {stack.region}"
        fix = f'name zones such as "{stack.region}a"'
        yield Problem("network.availability_zones", zones, what, fix)


def _services_have_balancer(stack: Stack, _: str) -> Iterator[Problem]:
    if stack.services and stack.load_balancer is None:
        yield Problem("load_balancer", None, "services need a load balancer", "add a table [load_balancer]")
    if stack.load_balancer and not stack.services:
        fix = "add a service, or leave [load_balancer] out"
        yield Problem("load_balancer", None, "there is no service to forward requests to", fix)


def _one_service(stack: Stack, _: str) -> Iterator[Problem]:
    if len(stack.services) > 1:
        names = ", ".join(map(short, stack.services))
        what = f"several services ({names}) need path rules, which are not yet supported"
        yield Problem("services", None, what, "keep one service a stack until a later version has them")


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
    fix = f"use {near}; with cpu {cpu} there are {_choice(memories)}"
    yield Problem(f"services.{name}.memory", service.memory, what, fix)


def _has_some_cpu(memory: int) -> bool:
    return any(memory in memories for memories in FARGATE_MEMORY.values())


def _choice(memories: tuple[int, ...] | range) -> str:
    if isinstance(memories, range):
        return f"{memories[0]} to {memories[-1]} in steps of {memories.step}"
    return listed(memories)


def _health_check_in_time(stack: Stack, name: str) -> Iterator[Problem]:
    health = stack.services[name].health_check
    if health.timeout >= health.interval:
        key = f"services.{name}.health_check.timeout"
        what = f"the timeout must be less than the interval, which is {health.interval}"
        yield Problem(key, health.timeout, what, f"use {max(2, health.interval - 1)}, or a longer interval")


def _no_references(stack: Stack, name: str) -> Iterator[Problem]:
    for variable, text in stack.services[name].environment.items():
        if list(stack_references.named(text)):
            key = f"services.{name}.environment.{variable}"
            what = "references are not yet supported in services"
            yield Problem(key, text, what, "write the value itself")


def _calls_exist(stack: Stack, name: str) -> Iterator[Problem]:
    key, calls = f"functions.{name}.calls", stack.functions[name].calls
    for called in calls:
        if called not in stack.services:
            fix = meant(called, stack.services, "add the service, or remove the call")
            yield Problem(key, called, f"there is no service {shown(called)}", fix)
    if len(set(calls)) != len(calls):
        yield Problem(key, list(calls), "a service is named twice", "name each service once")


def _vpc_for_calls(stack: Stack, name: str) -> Iterator[Problem]:
    function = stack.functions[name]
    if function.calls and not function.vpc:
        yield _outside_vpc(name, "calls")


def _vpc_for_egress(stack: Stack, name: str) -> Iterator[Problem]:
    function = stack.functions[name]
    if function.egress and not function.vpc:
        yield _outside_vpc(name, "egress")


def _outside_vpc(name: str, field: str) -> Problem:
    what = f"a function outside the VPC can have no {field}"
    return Problem(f"functions.{name}.{field}", None, what, f"set vpc = true, or remove {field}")


def _egress_once(stack: Stack, name: str) -> Iterator[Problem]:
    egress = stack.functions[name].egress
    if len(set(egress)) != len(egress):
        key = f"functions.{name}.egress"
        yield Problem(key, None, "the same network and port are given twice", "give each once")


def _references_exist(stack: Stack, name: str) -> Iterator[Problem]:
    known = stack_references.available(stack)
    for variable, text in stack.functions[name].environment.items():
        for reference in stack_references.named(text):
            if reference not in known:
                key = f"functions.{name}.environment.{variable}"
                fix = meant(reference, known, "add a table [load_balancer] and a service first")
                yield Problem(key, text, f"there is nothing that ${{{short(reference)}}} could stand for", fix)


def _environment_fits(stack: Stack, name: str) -> Iterator[Problem]:
    size = stack_references.environment_size(stack.functions[name])
    if size > _VARIABLES_BYTES:
        what = f"all variables together have {size} bytes, Lambda takes {_VARIABLES_BYTES}"
        fix = f"shorten them by {size - _VARIABLES_BYTES} bytes, or put a file into the payload"
        yield Problem(f"functions.{name}.environment", None, what, fix)


def _source(stack: Stack, name: str) -> Iterator[Problem]:
    return stack_payloads.of_source(f"functions.{name}.source", stack.functions[name].source)


def _handler(stack: Stack, name: str) -> Iterator[Problem]:
    return stack_payloads.of_handler(f"functions.{name}.handler", stack.functions[name])


def _tags(stack: Stack, _: str) -> Iterator[Problem]:
    allowed = _TAGS - _OUR_TAGS
    if len(stack.tags) > allowed:
        what = f"{len(stack.tags)} tags are too many: AWS takes {_TAGS}, and {_OUR_TAGS} are the tool's own"
        yield Problem("tags", None, what, f"remove {len(stack.tags) - allowed}")
    lower: dict[str, str] = {}
    for key in stack.tags:
        if (other := lower.setdefault(key.lower(), key)) != key:
            what = f'differs from "{other}" only by case, which IAM takes for the same'
            yield Problem(f"tags.{key}", stack.tags[key], what, "rename or remove one of them")


def _names(stack: Stack, _: str) -> Iterator[Problem]:
    every = list(_given(stack))
    for one, excess in too_long(every):
        length = f"{len(one.name)} characters, AWS allows {one.limit.longest}"
        what = f"the {one.kind} would be named {shown(one.name)}: {length}"
        yield Problem(one.key, _own_name(stack, one), what, _shortened(stack, one, excess))
    for one in every:
        if one.key == "name" and not one.fits_pattern:
            what = f"AWS does not allow a {one.kind} named {shown(one.name)}"
            yield Problem("name", stack.name, what, 'do not begin it with "internal-"')


def _given(stack: Stack) -> Iterable[Given]:
    """Where the region is boto3's business, as if it had the longest name of all."""
    return given(Names(stack.name, stack.region or LONGEST_REGION), stack.services, stack.functions)


def _own_name(stack: Stack, one: Given) -> str | None:
    return stack.name if one.key == "name" else None


def _shortened(stack: Stack, one: Given, excess: int) -> str:
    count = f"{excess} character{'s' if excess > 1 else ''}"
    if one.key == "name":
        return f"shorten the name {shown(stack.name)} by {count}"
    part = shown(one.key.partition(".")[2])
    return f"shorten the stack's name {shown(stack.name)} or {part} by {count} together"


CHECKS = (
    Check(_subnets_fit, ("network.cidr", "network.availability_zones", "network.subnet_prefix")),
    Check(_balancer_has_room, ("network.subnet_prefix", "load_balancer")),
    Check(_balancer_has_zones, ("network.availability_zones", "load_balancer")),
    Check(_zones_in_region, ("network.availability_zones", "region")),
    Check(_services_have_balancer, ("services", "load_balancer")),
    Check(_one_service, ("services",)),
    Check(_fargate_cpu, ("services.*.cpu",), "services"),
    Check(_fargate_memory, ("services.*.cpu", "services.*.memory"), "services"),
    Check(
        _health_check_in_time,
        ("services.*.health_check.timeout", "services.*.health_check.interval"),
        "services",
    ),
    Check(_no_references, ("services.*.environment",), "services"),
    Check(_calls_exist, ("services", "functions.*.calls"), "functions"),
    Check(_vpc_for_calls, ("functions.*.vpc", "functions.*.calls"), "functions"),
    Check(_vpc_for_egress, ("functions.*.vpc", "functions.*.egress"), "functions"),
    Check(_egress_once, ("functions.*.egress",), "functions"),
    Check(_references_exist, ("services", "load_balancer", "functions.*.environment"), "functions"),
    Check(_environment_fits, ("functions.*.environment", "functions.*.calls"), "functions"),
    Check(_source, ("functions.*.source",), "functions"),
    Check(_handler, ("functions.*.source", "functions.*.handler", "functions.*.runtime"), "functions"),
    Check(_tags, ("tags",)),
    Check(_names, ("name",)),
)
