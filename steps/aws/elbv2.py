"""How ELBv2 lists what a stack owns, and how what it shows differs from what was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from state.record import Record
from steps.aws import owner
from steps.aws.context import Aws, Look
from steps.base import Seen

_TAGS_PER_CALL = 20
"""Source: ELB API reference, DescribeTags."""


_LISTINGS = {
    "LoadBalancer": "describe_load_balancers",
    "TargetGroup": "describe_target_groups",
}


def named(look: Look, records: Sequence[Record], noun: str) -> list[Seen]:
    """Those load balancers or target groups that are ours or have a name of ours."""
    client: Any = look.aws.clients.elbv2
    pages = client.get_paginator(_LISTINGS[noun]).paginate()
    listed = (raw for page in pages for raw in page[f"{noun}s"])
    return ours(look, records, (Seen(raw[f"{noun}Arn"], raw, key=raw[f"{noun}Name"]) for raw in listed))


def ours(look: Look, records: Sequence[Record], listed: Iterable[Seen]) -> list[Seen]:
    """Of all things listed, those with an id or a key of ours; with tags where the id is not recorded.

    A key is left only to what is somebody else's: what is ours is told by its id or its tags, and a rule or a
    listener may stand for a while in the place that another step of the stack is to have.
    """
    ids, keys = {record.id for record in records}, {record.key for record in records}
    picked = [seen for seen in listed if seen.id in ids or seen.key in keys]
    found = dict(tags(look.aws, [seen.id for seen in picked if seen.id not in ids]))
    return [_told(look.aws.owner, seen, found.get(seen.id)) for seen in picked]


def _told(mine: owner.Owner, seen: Seen, found: Mapping[str, str] | None) -> Seen:
    foreign = found is not None and not mine.owns(found)
    return replace(seen, tags=found, key=seen.key if foreign else None)


def tags(aws: Aws, arns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The tags of each of these, in as few calls as AWS allows."""
    for start in range(0, len(arns), _TAGS_PER_CALL):
        answer = aws.clients.elbv2.describe_tags(ResourceArns=arns[start : start + _TAGS_PER_CALL])
        for description in answer["TagDescriptions"]:
            yield description["ResourceArn"], owner.mapping(description["Tags"])


def differing(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """The keys of `wanted` that are not so in `found`."""
    return [key for key, value in wanted.items() if not _shows(found.get(key), value)]


def _shows(found: Any, wanted: Any) -> bool:
    """Whether AWS describes what was asked for. It adds settings of its own (order, weights), but no items."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and not differing(found, wanted)
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(_shows, found, wanted))
    return bool(found == wanted)


def pairs(wanted: Mapping[str, str], keys: Iterable[str]) -> list[Any]:
    """These attributes as ELBv2 takes them; each of its calls has a type of its own for them."""
    return [{"Key": key, "Value": wanted[key]} for key in keys]


def forward(target_group: str) -> dict[str, Any]:
    """The action that sends everything to one target group (its ARN)."""
    return {"Type": "forward", "TargetGroupArn": target_group}
