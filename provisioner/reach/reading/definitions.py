"""What the containers of a task definition need from elsewhere before they start, as ECS describes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from provisioner.reach.parts import Wants
from provisioner.reach.reading.pages import Raw
from steps.aws.errors import gone

_AWSLOGS = "awslogs"
_REGION = "awslogs-region"


def containers(ecs: Any, raw: Raw) -> list[Raw]:
    """Those of a service's task definition; none where that is gone."""
    try:
        found = ecs.describe_task_definition(taskDefinition=raw["taskDefinition"])["taskDefinition"]
    except ClientError as error:
        if gone(error) or error.response["Error"]["Code"] == "ClientException":
            return []
        raise
    return list(found["containerDefinitions"])


def wants(known: Iterable[Raw]) -> Wants:
    found = list(known)
    logs = [one for each in found if (one := _log(each)).get("logDriver") == _AWSLOGS]
    return Wants(
        images=_once(one["image"] for one in found),
        logs=_once((one.get("options") or {}).get(_REGION, "") for one in logs),
        secrets=_once(secret for one in found for secret in _secrets(one)),
        credentials=_once(name for one in found if (name := _credentials(one))),
    )


def _once(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))


def _log(container: Raw) -> Raw:
    found: Raw = container.get("logConfiguration") or {}
    return found


def _secrets(container: Raw) -> Iterator[str]:
    """Of its variables, and of its log driver's options."""
    for one in (*(container.get("secrets") or ()), *(_log(container).get("secretOptions") or ())):
        yield one["valueFrom"]


def _credentials(container: Raw) -> str:
    return str((container.get("repositoryCredentials") or {}).get("credentialsParameter", ""))
