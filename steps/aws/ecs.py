"""How ECS tells a service, and whether that is what was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from steps.aws import owner
from steps.aws.context import Aws
from steps.aws.errors import gone
from steps.base import Seen

CONNECT = "serviceConnectConfiguration"


def services(aws: Aws, cluster: str, names: Sequence[str]) -> Iterator[Seen]:
    """Those of these names, ten at most, that live; none of a cluster that is gone."""
    try:
        answer = aws.clients.ecs.describe_services(cluster=cluster, services=names, include=["TAGS"])
    except ClientError as error:
        if gone(error):
            return
        raise
    for raw in answer["services"]:
        if raw["status"] != "INACTIVE":
            going = raw["status"] == "DRAINING"
            tags = owner.mapping(raw.get("tags", ()))
            yield Seen(raw["serviceArn"], raw, tags, f"{cluster}|{raw['serviceName']}", going)


def primary(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((one for one in raw["deployments"] if one["status"] == "PRIMARY"), {})


def connected(raw: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Service Connect as it is deployed: a service itself does not tell it (ECS API reference, Service)."""
    found: Mapping[str, Any] = primary(raw).get(CONNECT, {})
    return found if found.get("enabled") else None


def covers(found: Any, wanted: Any) -> bool:
    """Whether what AWS tells contains what we asked for; AWS adds defaults of its own, and sorts as it likes.

    What is not told is empty; of an empty wish, nothing may be told at all.
    """
    if not wanted:
        return not found
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(covers(found.get(key), wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        same = isinstance(found, list) and len(found) == len(wanted)
        return same and all(any(covers(one, other) for one in found) for other in wanted)
    return bool(found == wanted)
