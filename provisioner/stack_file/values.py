"""The kinds of single values that a stack file holds, each with the rule that AWS sets for it.

A rule that fails raises `Wrong`, with the fix. Sources are the API models and the limits pages of each service.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from ipaddress import AddressValueError, IPv4Interface, IPv4Network, NetmaskValueError
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, Strict, ValidationInfo

from provisioner.stack_file.errors import Wrong, listed, meant

T = TypeVar("T", int, str)

RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""What CloudWatch Logs' PutRetentionPolicy takes."""

RUNTIMES = (
    *("python3.11", "python3.12", "python3.13", "python3.14", "python3.15"),
    *("nodejs22.x", "nodejs24.x", "nodejs26.x"),
)
"""Lambda's runtimes whose handlers can be looked for in the payload."""

RESERVED_VARIABLES = frozenset(
    {
        *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME"),
        *("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE"),
        *("AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
        *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT"),
        *("LAMBDA_RUNTIME_DIR", "AWS_LAMBDA_MAX_CONCURRENCY", "AWS_LAMBDA_METADATA_API"),
    }
)
"""Set by Lambda itself. Source: Lambda developer guide, "Defined runtime environment variables"."""

RESERVED_STACKS = frozenset({"sandbox"})
"""State files bear their stack's name, and the sandbox has its own file beside them."""

_ZONE = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d+[a-z]")


def matches(pattern: str, what: str, fix: str) -> Callable[[str], str]:
    """A rule: the whole text matches the pattern."""
    compiled = re.compile(pattern)

    def rule(text: str) -> str:
        if not compiled.fullmatch(text):
            raise Wrong(what, fix)
        return text

    return rule


def one_of(values: Sequence[T], what: str) -> Callable[[T], T]:
    """A rule: one of these; the fix names the nearest."""

    def rule(value: T) -> T:
        if value not in values:
            raise Wrong(what, _near(value, values))
        return value

    return rule


def _near(value: int | str, values: Sequence[int] | Sequence[str]) -> str:
    if isinstance(value, str):
        return meant(value, [str(one) for one in values], "")
    numbers = [int(one) for one in values]
    return f"use {min(numbers, key=lambda one: abs(one - value))}; there are {listed(numbers)}"


def network(text: str) -> str:
    """A rule: an IPv4 network in canonical form (AWS would cut set host bits off silently)."""
    if "/" not in text:
        raise Wrong("is not a network: the prefix length is missing", "write it as in 10.0.0.0/16")
    try:
        interface = IPv4Interface(text)
    except (AddressValueError, NetmaskValueError, ValueError):
        raise Wrong("is not an IPv4 network", "write it as in 10.0.0.0/16") from None
    if str(interface.network) != text:
        raise Wrong(f"is not the canonical form of {interface.network}", f'write "{interface.network}"')
    return text


def vpc_network(text: str) -> str:
    prefix = IPv4Network(network(text)).prefixlen
    if not 16 <= prefix <= 28:
        near = min(max(prefix, 16), 28)
        raise Wrong("a VPC's network is from /16 to /28", f'use a prefix length such as "/{near}"')
    return text


def zones(value: Any) -> Any:
    """A rule: a number of zones or a list of distinct zone names."""
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= 6:
            raise Wrong("must be from 1 to 6", "use 2, or name the zones")
        return value
    if not isinstance(value, list | tuple) or not value:
        raise Wrong("must be a number, or a list of zone names", 'use 2, or ["us-east-1a", "us-east-1b"]')
    for zone in value:
        if not isinstance(zone, str) or not _ZONE.fullmatch(zone):
            raise Wrong(f"{zone!r} is not a zone's name", 'use names such as "us-east-1a"')
    if len(set(value)) != len(value):
        raise Wrong("a zone is named twice", "name each zone once")
    return tuple(value)


def payload_folder(value: Path, info: ValidationInfo) -> Path:
    """A rule: made absolute; a relative one counts from the stack file's folder (`context["folder"]`)."""
    text = str(value)
    if "\0" in text:
        raise Wrong("is not a path", "name the folder that holds the function's code")
    folder: Path = (info.context or {}).get("folder", Path())
    try:
        return (folder / value).resolve()
    except (OSError, RuntimeError):  # a loop of symbolic links; whether it exists is checked later
        return (folder / value).absolute()


def key(rule: Callable[[str], str]) -> Callable[[str, ValidationInfo], str]:
    """A rule for what users name themselves; not applied with `context["any_keys"]`.

    An entry with a bad name is told once. What it holds, and who refers to it, can be checked all the same.
    """

    def checked(name: str, info: ValidationInfo) -> str:
        return name if (info.context or {}).get("any_keys") else rule(name)

    return checked


def lambda_variable(name: str) -> str:
    if name in RESERVED_VARIABLES:
        raise Wrong("is set by Lambda itself", "leave it out, or use another name")
    return _LAMBDA_VARIABLE(name)


def stack_name(name: str) -> str:
    if name in RESERVED_STACKS:
        raise Wrong("is a name that the tool itself uses", "use another name")
    return _NAME(name)


def tag_key(key: str) -> str:
    lower = key.lower()
    for who, prefix in (("AWS", "aws:"), ("this tool", "provisioner:")):
        if lower.startswith(prefix):
            raise Wrong(f'{who} reserves tags that begin with "{prefix}"', "use another name")
    if not 1 <= len(key) <= 128:
        raise Wrong("a tag's name has 1 to 128 characters", "shorten it" if key else "give it a name")
    return _TAG(key)


def tag_value(value: str) -> str:
    if len(value) > 256:
        raise Wrong(f"a tag's value has at most 256 characters, this has {len(value)}", "shorten it")
    return _TAG(value)


_VARIABLE = matches(
    r"[A-Za-z_][A-Za-z0-9_]*",
    "is not a variable's name",
    "use letters, digits and _, no digit first",
)
_LAMBDA_VARIABLE = matches(
    r"[A-Za-z][A-Za-z0-9_]+",
    "is not a variable's name that Lambda takes",
    "use two or more letters, digits and _, a letter first",
)
_NAME = matches(
    r"[a-z][a-z0-9]*(-[a-z0-9]+)*",
    "is not a name that all of AWS's services take",
    "use lower-case letters, digits and single hyphens between them, a letter first",
)
_TAG = matches(
    r"(?! )[A-Za-z0-9 +\-=._:/@]*(?<! )",
    "has characters that not all of AWS's services take in tags",
    "use letters, digits, + - = . _ : / @ and spaces between them",
)

Text = Annotated[str, Strict()]
Flag = Annotated[bool, Strict()]
Number = Annotated[int, Strict()]
Port = Annotated[int, Strict(), Field(ge=1, le=65535)]
Region = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(r"[a-z]{2,4}(-[a-z]+)+-\d+", "is not a region's name", 'use a name such as "us-east-1"')
    ),
]
StackName = Annotated[str, Strict(), AfterValidator(stack_name)]
PartName = Annotated[str, Strict(), AfterValidator(key(_NAME))]
Cidr = Annotated[str, Strict(), AfterValidator(network)]
VpcCidr = Annotated[str, Strict(), AfterValidator(vpc_network)]
Zones = Annotated[int | tuple[str, ...], BeforeValidator(zones)]
TagKey = Annotated[str, Strict(), AfterValidator(key(tag_key))]
TagValue = Annotated[str, Strict(), AfterValidator(tag_value)]
Variable = Annotated[str, Strict(), AfterValidator(key(_VARIABLE))]
LambdaVariable = Annotated[str, Strict(), AfterValidator(key(lambda_variable))]
RetentionDays = Annotated[
    int,
    Strict(),
    AfterValidator(one_of(RETENTION_DAYS, "is not a retention that CloudWatch Logs offers")),
    Field(json_schema_extra={"enum": list(RETENTION_DAYS)}),
]
Runtime = Annotated[
    str,
    Strict(),
    AfterValidator(one_of(RUNTIMES, "is not a runtime that this tool knows")),
    Field(json_schema_extra={"enum": list(RUNTIMES)}),
]
Image = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(
            r"[A-Za-z0-9][A-Za-z0-9._\-/:@]{0,511}",
            "is not an image's name",
            'use a name such as "amazon/amazon-ecs-sample" or "public.ecr.aws/docker/library/nginx:latest"',
        )
    ),
]
UrlPath = Annotated[
    str,
    Strict(),
    AfterValidator(matches(r"/[!-~]{0,1023}", "is not a URL's path", 'begin it with "/", without spaces')),
]
Matcher = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(
            r"[2-4]\d\d([-,][2-4]\d\d)*",
            "is not a list of HTTP status codes from 200 to 499",
            'use codes and ranges such as "200", "200,204" or "200-399"',
        )
    ),
]
Handler = Annotated[
    str,
    Strict(),
    AfterValidator(
        matches(
            r"(?=.{1,128}$)[A-Za-z_][\w\-/]*(\.[\w\-/]+)*\.[A-Za-z_]\w*",
            "is not a handler",
            'write FILE.FUNCTION without the file\'s ending, as in "handler.handler"',
        )
    ),
]
Source = Annotated[Path, AfterValidator(payload_folder)]
