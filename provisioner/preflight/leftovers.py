"""What an earlier run of a stack of this name has left, which no state file here knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from botocore.exceptions import ClientError

from provisioner.preflight.base import Check, Finding, Ground, Level
from steps.aws.errors import Cause, verdict
from steps.aws.owner import STACK, STACK_ID, mapping

_TOLD = 8
_FILTERED = 200
"""Values that one filter takes."""
Marked = tuple[str, str]
"""A stack id, and what bears it."""


def leftovers(ground: Ground) -> Iterator[Finding]:
    """Tags outlive what bore them for a while, so that this is a warning and no more.

    Source: Resource Groups Tagging API reference, GetResources ("tagged or previously tagged resources").
    """
    owner = ground.aws.owner
    found: dict[str, list[str]] = {}
    for stack_id, thing in _marked(ground):
        if stack_id != owner.stack_id:
            found.setdefault(stack_id, []).append(thing)
    for stack_id, things in found.items():
        more = f" and {len(things) - _TOLD} more" if len(things) > _TOLD else ""
        what = (
            f"{len(things)} resources are tagged as those of another stack named {owner.stack} ({stack_id}): "
            f"{', '.join(sorted(things)[:_TOLD])}{more}"
        )
        fix = (
            "nothing, if it was destroyed not long ago: AWS lists for a while what is gone; else "
            f"provisioner destroy {owner.stack} --state FILE, with the state file that recorded them, "
            "or where that is lost, delete them by hand, or take another --name"
        )
        yield Finding(Level.WARNING, what, fix)


def _marked(ground: Ground) -> Iterable[Marked]:
    """By Resource Groups' tagging, which knows most services; where that is denied, by EC2's.

    Neither knows roles: IAM's are found by their names when the run looks at everything.
    """
    try:
        return _of_most_services(ground)
    except ClientError as error:
        if verdict(error).cause is not Cause.DENIED:
            raise
    return _of_ec2(ground)


def _of_most_services(ground: Ground) -> list[Marked]:
    pages = ground.aws.clients.tagging.get_paginator("get_resources").paginate(
        TagFilters=[{"Key": STACK, "Values": [ground.aws.owner.stack]}]
    )
    found = [
        (mapping(one["Tags"]), one["ResourceARN"]) for page in pages for one in page["ResourceTagMappingList"]
    ]
    return [(tags[STACK_ID], arn) for tags, arn in found if STACK_ID in tags]


def _of_ec2(ground: Ground) -> list[Marked]:
    named = _tags(ground, key=[STACK], value=[ground.aws.owner.stack])
    ids = [thing for _, thing in named][:_FILTERED]
    return _tags(ground, **{"key": [STACK_ID], "resource-id": ids}) if ids else []


def _tags(ground: Ground, **filters: list[str]) -> list[Marked]:
    wanted = [{"Name": name, "Values": values} for name, values in filters.items()]
    return [(one["Value"], one["ResourceId"]) for one in ground.read("describe_tags", "Tags", Filters=wanted)]


CHECKS: dict[str, Check] = {"leftovers": leftovers}
