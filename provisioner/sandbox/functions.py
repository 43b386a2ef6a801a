"""Lambda functions as the rules find them, and what moto does not keep of them."""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.core.exceptions import JsonRESTError
from moto.iam.models import Role

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call, Site
from provisioner.sandbox.refusal import Refusal

INVALID = "InvalidParameterValueException"
CONFLICT = "ResourceConflictException"
MISSING = "ResourceNotFoundException"
_NAME = re.compile(
    r"(arn:aws[a-z-]*:lambda:)?((?P<region>[a-z]{2}(-gov|-iso[a-z]?)?-[a-z]+-\d):)?(\d{12}:)?(function:)?"
    r"(?P<name>[\w-]+)(:(?P<qualifier>\$LATEST|[\w-]+))?"
)
# Names that moto does not keep, as they come back from a configuration.
_ECHOED = ("DeadLetterConfig", "LoggingConfig", "FileSystemConfigs", "SnapStart")

Reason = tuple[str, str]
"""A reason code of AWS's, and its text."""


@dataclass
class Notes:
    """What is known of a function beside moto's model of it.

    `former` is what it was before the update that is in progress; `grantee` the id of the role that may read its
    environment.
    """

    given: dict[str, Any] = field(default_factory=dict)
    revision: str = field(default_factory=lambda: str(uuid.uuid4()))
    modified: str = field(default_factory=lambda: _stamp())
    grantee: str = ""
    update: object | None = None
    former: LambdaFunction | None = None
    failure: Reason | None = None
    update_failure: Reason | None = None
    running: int = 0

    def changed(self, parameters: dict[str, Any]) -> None:
        """The function was created or updated with these."""
        self.given |= {name: parameters[name] for name in _ECHOED if name in parameters}
        self.revision, self.modified = str(uuid.uuid4()), _stamp()


class Functions:
    """The notes of an account's and region's functions, by ARN."""

    def __init__(self) -> None:
        self.notes: dict[str, Notes] = {}


def notes(site: Site, function: LambdaFunction) -> Notes:
    """The function's, whichever version it is."""
    return site.ledger(Functions).notes.setdefault(unqualified(function), Notes())


def known(site: Site, function: LambdaFunction) -> bool:
    """Whether it has not been deleted."""
    return unqualified(function) in site.ledger(Functions).notes


def forget(site: Site, function: LambdaFunction) -> None:
    site.ledger(Functions).notes.pop(unqualified(function), None)


def unqualified(function: LambdaFunction) -> str:
    return ":".join(function.function_arn.split(":")[:7])


def split(call: Call) -> tuple[str, str | None]:
    """The name and the qualifier that a call means; for names and ARNs, whole and in part."""
    given = str(call.parameters["FunctionName"])
    asked = call.parameters.get("Qualifier")
    match = _NAME.fullmatch(given)
    if match is None:
        raise Refusal("ValidationException", _misnamed(given))
    if (match["region"] or call.region) != call.region:
        where = f"Functions from '{match['region']}' are not reachable in this region ('{call.region}')"
        raise Refusal(MISSING, where, 404)
    if asked and match["qualifier"] and asked != match["qualifier"]:
        text = "The derived qualifier from the function name does not match the specified qualifier."
        raise Refusal(INVALID, text)
    return match["name"], asked or match["qualifier"]


def find(call: Call) -> LambdaFunction | None:
    """The function or version that the call names; None if there is none, of which moto will speak."""
    name, qualifier = split(call)
    try:
        return backends.functions(call).get_function(name, qualifier)
    except JsonRESTError:
        return None


def latest(call: Call) -> LambdaFunction | None:
    """The function that the call names, not one of its versions."""
    name, _ = split(call)
    return next((item for item in every(call) if item.function_name == name), None)


def versions(site: Site, function: LambdaFunction) -> list[LambdaFunction]:
    """Its published ones."""
    listed = backends.functions(site).list_versions_by_function(function.function_name)
    return [version for version in listed if str(version.version) != "$LATEST"]


def every(site: Site) -> Iterator[LambdaFunction]:
    return iter(backends.functions(site).list_functions())


def arn_of(call: Call, name: str, qualifier: str | None = None) -> str:
    arn = f"arn:aws:lambda:{call.region}:{call.account}:function:{name}"
    return f"{arn}:{qualifier}" if qualifier else arn


def role(site: Site, arn: str) -> Role | None:
    return next((item for item in backends.iam(site).get_roles() if item.arn == arn), None)


def vpc(function: LambdaFunction) -> tuple[list[str], list[str]]:
    """Its subnets and groups."""
    return places(function._vpc_config or {})


def places(network: dict[str, Any]) -> tuple[list[str], list[str]]:
    return network.get("SubnetIds") or [], network.get("SecurityGroupIds") or []


def log_group(site: Site, function: LambdaFunction) -> str:
    told = notes(site, function).given.get("LoggingConfig") or {}
    return str(told.get("LogGroup") or f"/aws/lambda/{function.function_name}")


def _misnamed(name: str) -> str:
    pattern = (
        r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?"
        r"(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
    )
    found = f"Value '{name}' at 'functionName' failed to satisfy constraint"
    return f"1 validation error detected: {found}: Member must satisfy regular expression pattern: {pattern}"


def _stamp() -> str:
    now = datetime.datetime.now(datetime.UTC)
    return f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}+0000"
