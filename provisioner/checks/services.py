"""What runs on Fargate: who calls whom, variables and secrets, and the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.base import WAYS, Check, is_set, twice, unknown_references
from provisioner.checks.ways import reaches_internet, with_internet
from provisioner.model import Stack
from provisioner.references import database_variables, for_environments
from provisioner.stack_file.errors import Problem, meant, shown

DATABASE = "database"
"""What `calls` names the database; so no service may have this name."""
_COMMANDS = ("CMD", "CMD-SHELL")


def _container_check_is_a_command(stack: Stack, name: str) -> Iterator[Problem]:
    check = stack.services[name].container_health_check
    if check and check.command[0] not in _COMMANDS:
        key = f"services.{name}.container_health_check.command"
        what = 'ECS wants to know first how to run it: "CMD" as it is, "CMD-SHELL" in a shell'
        fix = f"write {shown(['CMD-SHELL', ' '.join(check.command)])}"
        yield Problem(key, check.command, what, fix)


def _calls_exist(stack: Stack, name: str) -> Iterator[Problem]:
    key, calls = f"services.{name}.calls", stack.services[name].calls
    others = [one for one in stack.services if one != name]
    for called in calls:
        if called == name:
            yield Problem(key, called, "is the service itself", "remove the call")
        elif called == DATABASE:
            yield from no_database(stack, key)
        elif called not in others:
            fix = meant(called, others, "add the service, or remove the call")
            yield Problem(key, called, f"there is no service {shown(called)}", fix)
    for called in twice(calls):
        yield Problem(key, called, "is named twice", "name each service once")


def no_database(stack: Stack, key: str) -> Iterator[Problem]:
    if stack.database is None and DATABASE not in stack.services:
        fix = "add a table [database], or remove the call"
        yield Problem(key, DATABASE, "there is no database", fix)


def _names_are_known(stack: Stack, name: str) -> Iterator[Problem]:
    called = [one for one in stack.services[name].calls if one != DATABASE]
    if called and stack.service_connect is None:
        what = "tasks reach each other by names that Service Connect gives them"
        yield Problem(f"services.{name}.calls", called, what, "add a table [service_connect]")


def _no_service_is_the_database(stack: Stack, _: str) -> Iterator[Problem]:
    if DATABASE in stack.services and (stack.database or any(stack.callers(DATABASE))):
        what = f"{shown(DATABASE)} in `calls` is the database of the stack"
        yield Problem(f"services.{DATABASE}", None, what, "give the service another name")


def _variables_once(stack: Stack, name: str) -> Iterator[Problem]:
    service = stack.services[name]
    ours = database_variables(stack) if DATABASE in service.calls else {}
    for variable in service.secrets:
        if variable in service.environment or variable in ours:
            by_file = variable in service.environment
            what = "is in environment, too" if by_file else 'is set by calls = ["database"], too'
            fix = "keep one of the two" if by_file else "use another name"
            yield Problem(f"services.{name}.secrets.{variable}", service.secrets[variable], what, fix)


def _secrets_are_reached(stack: Stack, name: str) -> Iterator[Problem]:
    service = stack.services[name]
    if stack.region is None or reaches_internet(stack, stack.public_ip(name)):
        return
    for variable, arn in service.secrets.items():
        if (region := arn.split(":")[3]) != stack.region:
            what = f"is in {region}, and endpoints lead to services in {stack.region} only"
            fix = f"keep it in {stack.region}, too, or use {with_internet(stack)}"
            yield Problem(f"services.{name}.secrets.{variable}", arn, what, fix)


def _references_exist(stack: Stack, name: str) -> Iterator[Problem]:
    known = for_environments(stack)
    for variable, text in stack.services[name].environment.items():
        yield from unknown_references(f"services.{name}.environment.{variable}", text, known)


def _existing_cluster_is_left_alone(stack: Stack, _: str) -> Iterator[Problem]:
    cluster = stack.cluster
    if cluster.existing and is_set(cluster, "container_insights"):
        what = f"the cluster {shown(cluster.existing)} is there already, and is left as it is"
        yield Problem("cluster.container_insights", cluster.container_insights, what, "remove it, or existing")


_CALLS = ("services.?.calls", "functions.?.calls")
REFERRED = ("services.?.port", "services.?.load_balanced", "load_balancer", "service_connect", "database")
"""What decides which references there are."""
CHECKS = (
    Check(
        'A container\'s health check begins with "CMD" or "CMD-SHELL", as ECS wants it.',
        _container_check_is_a_command,
        ("services.*.container_health_check.command",),
        "services",
    ),
    Check(
        "What a service calls is another service of the stack or the database, each once.",
        _calls_exist,
        ("services.*.calls", "database"),
        "services",
    ),
    Check(
        "Services that call services have `[service_connect]`, which gives them names.",
        _names_are_known,
        ("services.*.calls", "service_connect"),
        "services",
    ),
    Check(
        'No service is named "database", which is what `calls` names the database.',
        _no_service_is_the_database,
        (*_CALLS, "database"),
    ),
    Check(
        "A container's variable is in `environment` or in `secrets`, not in both.",
        _variables_once,
        ("services.*.environment", "services.*.secrets", "services.*.calls", "database"),
        "services",
    ),
    Check(
        "Tasks without the internet have their `secrets` in `region`: endpoints lead to no other.",
        _secrets_are_reached,
        (*WAYS, "region", "services.*.public_ip", "services.*.secrets"),
        "services",
    ),
    Check(
        "References in `environment` are to something that there is.",
        _references_exist,
        (*REFERRED, "services.*.environment"),
        "services",
    ),
    Check(
        "An existing cluster is left as it is: `container_insights` is for one that is made.",
        _existing_cluster_is_left_alone,
        ("cluster.existing",),
    ),
)
