"""What runs on Lambda: its code, its place, what it calls, and who calls it."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner import references
from provisioner.checks.base import Check, twice, unknown_references
from provisioner.checks.services import DATABASE, REFERRED, no_database
from provisioner.model import Cors, Stack
from provisioner.stack_file import payloads
from provisioner.stack_file.errors import Problem, meant, shown

_VARIABLES_BYTES = 4096
_API_SECONDS = 30
_URL_METHODS = 6
"""Characters in the longest method that Lambda takes for CORS. Source: Lambda API, Cors, AllowMethods."""


def _calls_exist(stack: Stack, name: str) -> Iterator[Problem]:
    key, calls = f"functions.{name}.calls", stack.functions[name].calls
    known = [*stack.services, *([DATABASE] if stack.database else [])]
    for called in calls:
        if called == DATABASE:
            yield from no_database(stack, key)
        elif called not in stack.services:
            fix = meant(called, known, "add the service, or remove the call")
            yield Problem(key, called, f"there is no service {shown(called)}", fix)
    for called in twice(calls):
        yield Problem(key, called, "is named twice", "name each service once")


def _calls_go_through_the_balancer(stack: Stack, name: str) -> Iterator[Problem]:
    for called in stack.functions[name].calls:
        if called in stack.services and called != DATABASE and not stack.services[called].load_balanced:
            what = "functions call services through the load balancer, which sends nothing to this one"
            fix = f"remove load_balanced = false from [services.{called}], or remove the call"
            yield Problem(f"functions.{name}.calls", called, what, fix)


def _calls_stay_private(stack: Stack, name: str) -> Iterator[Problem]:
    function, balancer = stack.functions[name], stack.load_balancer
    called = [one for one in function.calls if one != DATABASE]
    if called and function.vpc and balancer and balancer.scheme == "internet-facing":
        what = (
            "the name of an internet-facing load balancer stands for public addresses, so its group does not see "
            "whose call it is"
        )
        fix = (
            'use scheme = "internal"; or vpc = false without calls, and '
            'environment = { FARGATE_ALB_URL = "${load_balancer.dns_name}" }'
        )
        yield Problem(f"functions.{name}.calls", called, what, fix)


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
    known = references.for_environments(stack)
    for variable, text in stack.functions[name].environment.items():
        key = f"functions.{name}.environment.{variable}"
        yield from unknown_references(key, text, known, "add a table [load_balancer] and a service first")


def _environment_fits(stack: Stack, name: str) -> Iterator[Problem]:
    size = references.environment_size(stack.functions[name])
    if size > _VARIABLES_BYTES:
        what = f"all variables together have {size} bytes, Lambda takes {_VARIABLES_BYTES}"
        fix = f"shorten them by {size - _VARIABLES_BYTES} bytes, or put a file into the payload"
        yield Problem(f"functions.{name}.environment", None, what, fix)


def _variables_once(stack: Stack, name: str) -> Iterator[Problem]:
    function = stack.functions[name]
    for variable, arn in function.secrets.items():
        if variable in function.environment:
            what = "is in environment, too"
            yield Problem(f"functions.{name}.secrets.{variable}", arn, what, "keep one of the two")


def _arns_are_here(stack: Stack, name: str) -> Iterator[Problem]:
    function, place = stack.functions[name], f"functions.{name}"
    arns = [(f"{place}.secrets.{variable}", arn) for variable, arn in function.secrets.items()]
    arns += [(f"{place}.layers", arn) for arn in function.layers]
    for key, arn in arns:
        region = arn.split(":")[3]
        if stack.region and region != stack.region:
            what = f"is in {region}, and the function in {stack.region}"
            yield Problem(key, arn, what, f"use one of {stack.region}")


def _layers_once(stack: Stack, name: str) -> Iterator[Problem]:
    layers = stack.functions[name].layers
    for one in twice(arn.rpartition(":")[0] for arn in layers):
        versions = [arn for arn in layers if arn.startswith(f"{one}:")]
        what = "a function has one version of a layer"
        yield Problem(f"functions.{name}.layers", versions, what, "keep one of them")


def _within_the_apis_time(stack: Stack, name: str) -> Iterator[Problem]:
    timeout = stack.functions[name].timeout
    if stack.api and name in stack.api.routes.values() and timeout > _API_SECONDS:
        what = f"API Gateway ends every request after {_API_SECONDS} s: a later answer reaches nobody"
        fix = f"use {_API_SECONDS} or less; what takes longer belongs into a function that no route names"
        yield Problem(f"functions.{name}.timeout", timeout, what, fix)


def _url_cors(stack: Stack, name: str) -> Iterator[Problem]:
    url, place = stack.functions[name].url, f"functions.{name}.url.cors"
    if url is None or url.cors is None:
        return
    yield from cors_problems(place, url.cors)
    for method in url.cors.allow_methods:
        if len(method) > _URL_METHODS:
            what = "Lambda answers such requests itself, and takes no such method"
            yield Problem(f"{place}.allow_methods", method, what, "remove it")


def cors_problems(place: str, cors: Cors) -> Iterator[Problem]:
    if cors.allow_credentials and "*" in cors.allow_origins:
        what = "browsers send no cookies where every origin is allowed"
        fix = 'name the origins, such as ["https://www.example.com"], or set allow_credentials = false'
        yield Problem(f"{place}.allow_origins", cors.allow_origins, what, fix)


def _source(stack: Stack, name: str) -> Iterator[Problem]:
    function = stack.functions[name]
    return payloads.of_source(f"functions.{name}.source", function.source, function.runtime)


def _handler(stack: Stack, name: str) -> Iterator[Problem]:
    return payloads.of_handler(f"functions.{name}.handler", stack.functions[name])


_ENVIRONMENT = "functions.*.environment"
CHECKS = (
    Check(
        "What a function calls is a service of the stack or the database, each once.",
        _calls_exist,
        ("services", "functions.*.calls", "database"),
        "functions",
    ),
    Check(
        "A service that a function calls is behind the load balancer.",
        _calls_go_through_the_balancer,
        ("services.?.load_balanced", "functions.*.calls"),
        "functions",
    ),
    Check(
        "Functions in the VPC call services through an internal load balancer: an internet-facing one has a name "
        "for public addresses, and does not see who calls.",
        _calls_stay_private,
        ("functions.*.calls", "functions.*.vpc", "load_balancer.scheme"),
        "functions",
    ),
    Check(
        "Functions that call something are in the VPC.",
        _vpc_for_calls,
        ("functions.*.vpc", "functions.*.calls"),
        "functions",
    ),
    Check(
        "Functions with `egress` are in the VPC: others have no group.",
        _vpc_for_egress,
        ("functions.*.vpc", "functions.*.egress"),
        "functions",
    ),
    Check("A network and port is in `egress` once.", _egress_once, ("functions.*.egress",), "functions"),
    Check(
        "References in `environment` are to something that there is.",
        _references_exist,
        (*REFERRED, _ENVIRONMENT),
        "functions",
    ),
    Check(
        "All variables of a function together have at most 4096 bytes, as Lambda measures them.",
        _environment_fits,
        (_ENVIRONMENT, "functions.*.secrets", "functions.*.calls"),
        "functions",
    ),
    Check(
        "A function's variable is in `environment` or in `secrets`, not in both.",
        _variables_once,
        (_ENVIRONMENT, "functions.*.secrets"),
        "functions",
    ),
    Check(
        "A function's `secrets` and `layers` are in `region`.",
        _arns_are_here,
        ("region", "functions.*.secrets", "functions.*.layers"),
        "functions",
    ),
    Check("A function has one version of a layer.", _layers_once, ("functions.*.layers",), "functions"),
    Check(
        "A function behind the API has a `timeout` of at most 30 s, after which API Gateway ends the request.",
        _within_the_apis_time,
        ("functions.*.timeout", "api.routes.?"),
        "functions",
    ),
    Check(
        "CORS of a URL names its origins where `allow_credentials` is set, and not the method OPTIONS: Lambda "
        "answers such requests itself.",
        _url_cors,
        tuple(f"functions.*.url.cors.allow_{what}" for what in ("origins", "methods", "credentials")),
        "functions",
    ),
    Check(
        "`source` is a folder that can be sent to Lambda.",
        _source,
        ("functions.*.source",),
        "functions",
    ),
    Check(
        "The file of `handler` is in `source` and defines the function.",
        _handler,
        ("functions.*.source", "functions.*.handler", "functions.*.runtime"),
        "functions",
    ),
)
