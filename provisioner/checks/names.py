"""What AWS's limits make of the stack's name and of its tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from provisioner.checks.base import Check, twice
from provisioner.model import Stack
from provisioner.names import LONGEST_REGION, Given, Names, given, too_long
from provisioner.stack_file.errors import Problem, shown

_OUR_TAGS = 4
"""`Name`, and the three that say whose a resource is."""
_TAGS = 50


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
    for one, excess in too_long(_given(stack)):
        length = f"{len(one.name)} characters, AWS allows {one.limit.longest}"
        what = f"the {one.kind} would be named {shown(one.name)}: {length}"
        yield Problem(one.key, _own_name(stack, one), what, _shortened(stack, one, excess))


def _given(stack: Stack) -> Iterable[Given]:
    """Where the region is boto3's business, as if it had the longest name of all."""
    names = Names(stack.name, stack.region or LONGEST_REGION)
    database, api = stack.database is not None, stack.api is not None
    return given(names, stack.services, stack.functions, database=database, api=api)


def _own_name(stack: Stack, one: Given) -> str | None:
    return stack.name if one.key == "name" else None


def _shortened(stack: Stack, one: Given, excess: int) -> str:
    count = f"{excess} character{'s' if excess > 1 else ''}"
    if one.key == "name":
        return f"shorten the name {shown(stack.name)} by {count}"
    part = shown(one.key.partition(".")[2])
    return f"shorten the stack's name {shown(stack.name)} or {part} by {count} together"


def _service_policies(stack: Stack, name: str) -> Iterator[Problem]:
    return _policies_once(f"services.{name}.managed_policies", stack.services[name].managed_policies)


def _function_policies(stack: Stack, name: str) -> Iterator[Problem]:
    return _policies_once(f"functions.{name}.managed_policies", stack.functions[name].managed_policies)


def _policies_once(key: str, arns: Iterable[str]) -> Iterator[Problem]:
    for one in twice(arn.rpartition("/")[2] for arn in arns):
        yield Problem(key, one, "two policies have this name", "keep one, or rename one of your own")


CHECKS = (
    Check(
        "A stack has at most 46 tags, and none that differ only by case, which IAM takes for the same.",
        _tags,
        ("tags",),
    ),
    Check(
        "All names that are made from the stack's name and the names of its services and functions are within "
        "AWS's limits.",
        _names,
        ("name",),
    ),
    Check(
        "Each of a service's `managed_policies` has a name of its own.",
        _service_policies,
        ("services.*.managed_policies",),
        "services",
    ),
    Check(
        "Each of a function's `managed_policies` has a name of its own.",
        _function_policies,
        ("functions.*.managed_policies",),
        "functions",
    ),
)
