"""The database, the HTTP API, and the outputs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provisioner.checks.base import GIVEN, Check, is_set, unknown_references, zones, zones_at
from provisioner.checks.functions import cors_problems
from provisioner.checks.services import DATABASE
from provisioner.model import Stack
from provisioner.references import for_outputs
from provisioner.stack_file.errors import Problem, meant

_ENGINE_ONLY = {
    "private_zone": "mongodb",
    "multi_az": "postgres",
    "backup_retention_days": "postgres",
    "final_snapshot": "postgres",
    "deletion_protection": "postgres",
}
_TAKEN = {
    "mongodb": ("admin", "config", "local"),
    "postgres": ("rdsadmin", "template0", "template1"),
}
"""Databases that the server has itself."""
_MONGODB_SERIES = re.compile(r"\d+\.\d+")
_SHORTEST_RECOVERY = 7
_API_SECONDS = 30
_PARAMETER = re.compile(r"\{[^}]*\}")


def _keys_of_the_engine(stack: Stack, _: str) -> Iterator[Problem]:
    database = stack.database
    for key, engine in _ENGINE_ONLY.items() if database else ():
        if database and database.engine != engine and is_set(database, key):
            what = f"only {engine} has it, and this database's engine is {database.engine}"
            fix = f'remove it, or use engine = "{engine}"'
            yield Problem(f"database.{key}", getattr(database, key), what, fix)


def _name_is_free(stack: Stack, _: str) -> Iterator[Problem]:
    database = stack.database
    if database and database.name in _TAKEN[database.engine]:
        what = f"is a database that {database.engine} keeps for itself"
        yield Problem("database.name", database.name, what, "use another name")


def _version_is_a_series(stack: Stack, _: str) -> Iterator[Problem]:
    database = stack.database
    if database is None or database.engine != "mongodb":
        return
    if not _MONGODB_SERIES.fullmatch(database.runs_version):
        what = "MongoDB's packages are found by release series, two numbers"
        fix = f'use one such as "{database.runs_version.split(".")[0]}.0"'
        yield Problem("database.version", database.version, what, fix)


def _type_of_the_engine(stack: Stack, _: str) -> Iterator[Problem]:
    database = stack.database
    if database is None or database.instance_type is None:
        return
    of_rds, plain = database.instance_type.startswith("db."), database.instance_type.removeprefix("db.")
    if of_rds != (database.engine == "postgres"):
        what = 'types of RDS begin with "db."' if not of_rds else "an instance of EC2 has no type of RDS"
        fix = f'use "{plain}"' if of_rds else f'use "db.{plain}"'
        yield Problem("database.instance_type", database.instance_type, what, fix)


def _recovery_window(stack: Stack, _: str) -> Iterator[Problem]:
    """Source: Secrets Manager API, DeleteSecret, `RecoveryWindowInDays`."""
    days = stack.database.recovery_window_days if stack.database else 0
    if 0 < days < _SHORTEST_RECOVERY:
        what = f"Secrets Manager keeps a deleted secret for {_SHORTEST_RECOVERY} days at least, or not at all"
        yield Problem("database.recovery_window_days", days, what, f"use {_SHORTEST_RECOVERY}, or 0")


def _two_zones(stack: Stack, _: str) -> Iterator[Problem]:
    """Source: RDS API, CreateDBSubnetGroup."""
    there = zones(stack, "private")
    if stack.database and stack.database.engine == "postgres" and there is not None and there < 2:
        what = "RDS needs subnets in two zones, even for one instance"
        yield Problem(*zones_at(stack, "private"), what, 'use two, or engine = "mongodb"')


def _somebody_calls(stack: Stack, _: str) -> Iterator[Problem]:
    if stack.database and not any(stack.callers(DATABASE)):
        what = "nobody could reach the database: nothing calls it"
        fix = f'add calls = ["{DATABASE}"] to a service or a function, or leave [database] out'
        yield Problem("database", None, what, fix)


def _private_zone_hides_nothing(stack: Stack, _: str) -> Iterator[Problem]:
    zone = stack.database.private_zone if stack.database else None
    if zone and stack.dns and (stack.dns.name == zone or stack.dns.name.endswith(f".{zone}")):
        what = f"in the VPC it would stand before the public zone, and hide {stack.dns.name}"
        fix = f'use another, such as "{stack.name}.internal", which it is without this key'
        yield Problem("database.private_zone", zone, what, fix)


def _routes_lead_to_functions(stack: Stack, _: str) -> Iterator[Problem]:
    for route, name in stack.api.routes.items() if stack.api else ():
        if name not in stack.functions:
            what = f'there is no function "{name}"'
            fix = meant(name, list(stack.functions), "add the function, or remove the route")
            yield Problem(f"api.routes.{route}", name, what, fix)


def _routes_differ(stack: Stack, _: str) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for route, name in stack.api.routes.items() if stack.api else ():
        other = seen.setdefault(_PARAMETER.sub("{}", route), route)
        if other != route:
            what = f'takes the same requests as "{other}": parameters\' names do not tell routes apart'
            yield Problem(f"api.routes.{route}", name, what, "remove one of the two")


def _api_in_time(stack: Stack, _: str) -> Iterator[Problem]:
    """Source: API Gateway developer guide, quotas of HTTP APIs."""
    if stack.api and stack.api.timeout > _API_SECONDS:
        what = f"API Gateway ends every request after {_API_SECONDS} s"
        fix = f"use {_API_SECONDS} or less; what takes longer must be asked for first and fetched later"
        yield Problem("api.timeout", stack.api.timeout, what, fix)


def _api_cors(stack: Stack, _: str) -> Iterator[Problem]:
    if stack.api and stack.api.cors:
        yield from cors_problems("api.cors", stack.api.cors)


def _outputs_exist(stack: Stack, _: str) -> Iterator[Problem]:
    known = for_outputs(stack)
    for name, text in stack.outputs.items():
        yield from unknown_references(f"outputs.{name}", text, known)


_CORS = tuple(f"api.cors.allow_{what}" for what in ("origins", "credentials"))
CHECKS = (
    Check(
        "`private_zone` is for MongoDB, `multi_az`, `backup_retention_days`, "
        "`final_snapshot` and `deletion_protection` for PostgreSQL.",
        _keys_of_the_engine,
        ("database.engine",),
    ),
    Check(
        "`database.name` is none of the databases that the server has itself.",
        _name_is_free,
        ("database.engine", "database.name"),
    ),
    Check(
        "`database.version` of MongoDB is a release series, such as 8.0.",
        _version_is_a_series,
        ("database.engine", "database.version"),
    ),
    Check(
        '`database.instance_type` begins with "db." for PostgreSQL, and only for it.',
        _type_of_the_engine,
        ("database.engine", "database.instance_type"),
    ),
    Check(
        "`recovery_window_days` is 0 or at least 7, as Secrets Manager wants it.",
        _recovery_window,
        ("database.recovery_window_days",),
    ),
    Check(
        "PostgreSQL has private subnets in two zones: RDS wants them even for one instance.",
        _two_zones,
        (*GIVEN, "network.availability_zones", "network.private_subnet_ids", "database.engine"),
    ),
    Check(
        "Somebody calls the database: nobody else reaches it.",
        _somebody_calls,
        ("database", "services.?.calls", "functions.?.calls"),
    ),
    Check(
        "`database.private_zone` does not hide the load balancer's name in the VPC.",
        _private_zone_hides_nothing,
        ("database.private_zone", "dns.zone", "dns.record"),
    ),
    Check(
        "Routes lead to functions of the stack.",
        _routes_lead_to_functions,
        ("api.routes.?", "functions"),
    ),
    Check(
        "Routes differ in more than the names of their parameters.",
        _routes_differ,
        ("api.routes",),
    ),
    Check(
        "`api.timeout` is at most 30 s, after which API Gateway ends the request.", _api_in_time, ("api.timeout",)
    ),
    Check("CORS of the API names its origins where `allow_credentials` is set.", _api_cors, _CORS),
    Check(
        "References in `[outputs]` are to something that there is.",
        _outputs_exist,
        (
            *("outputs", "services.?.port", "services.?.load_balanced", "load_balancer", "service_connect"),
            *("database", "api", "dns", "functions.?.url"),
        ),
    ),
)
