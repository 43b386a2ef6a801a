"""Why a service does not come up: what ECS, the load balancer and the logs say, gathered when it is given up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from steps.aws.context import Aws

Raw = Mapping[str, Any]

_TASKS = 3
_EVENTS = 3
_COMPLAINTS = ("unhealthy", "unable to", "failed")
_REMEDIES: Mapping[str, str] = {
    "Capacity is unavailable": "resume later: AWS has no room for tasks of this size in these zones just now",
    "Health checks failed with these codes": "correct the path or the matcher of the service's health_check, "
    "or what the container answers there",
}
"""By words of its complaints. Source: ECS developer guide, "Amazon ECS service event messages"."""
SPOT = "FARGATE_SPOT"
"""The capacity provider that starts tasks on spare capacity only, as long as there is some."""
_NO_CAPACITY = "Capacity is unavailable"
_STATES = ("healthy", "initial", "unhealthy")
"""Of targets that stay. Source: ELB API reference, TargetHealth."""
_LOG_LINES = 5
_WIDTH = 700
"""Characters of one reason: ECS says last what a secret or an image could not be read for."""


def complaint(service: Raw) -> str:
    """What ECS complains of in its newest event, such as a task that it cannot place; "" for good news."""
    events = service.get("events", ())
    newest = str(events[0]["message"]) if events else ""
    said = newest.partition(") ")[2] if "unable to" in newest else ""
    return f"{said} [of {SPOT}]" if _short_of_spot(service) else said


def remedy(service: Raw) -> str:
    """What to do where Fargate has no room for tasks, or the health check is not answered as it must be; "" where
    ECS complains of neither.
    """
    if _short_of_spot(service):
        return f"resume when {SPOT} has room again, or run it without spot"
    said = "\n".join(_complaints(service)[:_EVENTS])
    return next((fix for words, fix in _REMEDIES.items() if words in said), "")


def _short_of_spot(service: Raw) -> bool:
    """Whether the newest event says so. ECS does not name the provider, and does not fall back on another."""
    events = service.get("events", ())
    strategy = service.get("capacityProviderStrategy", ())
    only_spot = bool(strategy) and all(one["capacityProvider"] == SPOT for one in strategy)
    return only_spot and bool(events) and _NO_CAPACITY in str(events[0]["message"])


def standing(aws: Aws, service: Raw) -> str:
    """How the load balancer finds the tasks that run, such as `targets: 1 healthy, 1 unhealthy (Health checks
    failed with these codes: [404])`: long before ECS gives a task up for it. "" where nothing is to be told.
    """
    found = _told(lambda: list(_targets(aws, service)))
    if isinstance(found, _Unread):
        return ""
    counts = Counter(target["TargetHealth"]["State"] for target in found)
    reasons = _distinct(target["TargetHealth"].get("Description", "") for target in found if _is_ill(target))
    said = ", ".join(f"{counts[state]} {state}" for state in _STATES if counts[state])
    because = f" ({'; '.join(reasons)})" if reasons else ""
    return f"targets: {said}{because}" if said else ""


def why(aws: Aws, service: Raw, deployment: Raw) -> str:
    """Several lines: the deployment's reason, why tasks stopped, targets' health, last log lines, events.

    What cannot be read (for want of a permission, say) is named instead of told.
    """
    stopped = _told(lambda: _stopped(aws, service))
    tasks = [] if isinstance(stopped, _Unread) else stopped
    lines = [
        *_one("deployment", [_verdict(deployment)]),
        *_one("stopped task", stopped if isinstance(stopped, _Unread) else _distinct(map(_reason, tasks))),
        *_one("target", _told(lambda: _health(aws, service))),
        *_one("log", _told(lambda: _log_lines(aws, tasks))),
        *_one("event", _events(service)),
    ]
    said = lines or ["ECS gives no reason"]
    return "\n".join([f"service {service['serviceName']} does not become stable", *said])


@dataclass(frozen=True)
class _Unread:
    """What AWS does not let us read, and its code for that."""

    code: str


def _one(name: str, said: Sequence[str] | _Unread) -> list[str]:
    texts = [f"cannot be read: {said.code}"] if isinstance(said, _Unread) else [text for text in said if text]
    return [f"{name}: {' '.join(text.split())[:_WIDTH]}" for text in texts]


def _told(read: Callable[[], Sequence[Any]]) -> Sequence[Any] | _Unread:
    try:
        return read()
    except ClientError as error:
        return _Unread(error.response["Error"]["Code"])
    except BotoCoreError as error:
        return _Unread(type(error).__name__)


def _verdict(deployment: Raw) -> str:
    """What ECS thinks of it; while it is at work it only says so."""
    at_work = deployment.get("rolloutState") == "IN_PROGRESS"
    return "" if at_work else str(deployment.get("rolloutStateReason", ""))


def _stopped(aws: Aws, service: Raw) -> Sequence[Raw]:
    """The tasks that stopped last."""
    cluster, ecs = service["clusterArn"], aws.clients.ecs
    arns = ecs.list_tasks(cluster=cluster, serviceName=service["serviceName"], desiredStatus="STOPPED")["taskArns"]
    return ecs.describe_tasks(cluster=cluster, tasks=arns[:_TASKS])["tasks"] if arns else []


def _reason(task: Raw) -> str:
    """Why it stopped, and of each container what that does not say yet."""
    why = str(task.get("stoppedReason", ""))
    containers = (_ended(container, why) for container in task.get("containers", ()))
    return "; ".join(filter(None, [why, *containers]))


def _ended(container: Raw, why: str) -> str:
    code, reason = container.get("exitCode"), container.get("reason", "")
    said = [f"exit {code}"] if code is not None else []
    said += [reason] if reason and reason not in why else []
    return f"{container.get('name')} {' '.join(said)}" if said else ""


def _health(aws: Aws, service: Raw) -> list[str]:
    """What the load balancers say of targets that are not healthy."""
    return _distinct(
        f"{target['Target']['Id']}:{target['Target'].get('Port', '')} {health['State']}: "
        f"{health.get('Description', '')} ({health.get('Reason', '')})"
        for target in _targets(aws, service)
        if (health := target["TargetHealth"])["State"] not in ("healthy", "initial")
    )


def _targets(aws: Aws, service: Raw) -> Iterator[Raw]:
    for balancer in service.get("loadBalancers", ()):
        answer = aws.clients.elbv2.describe_target_health(TargetGroupArn=balancer["targetGroupArn"])
        yield from answer["TargetHealthDescriptions"]


def _is_ill(target: Raw) -> bool:
    return bool(target["TargetHealth"]["State"] == "unhealthy")


def _log_lines(aws: Aws, tasks: Sequence[Raw]) -> list[str]:
    """The last lines of the task that stopped last."""
    lines: list[str] = []
    for task in tasks[:1]:
        for group, stream in _streams(aws, task):
            answer = aws.clients.logs.get_log_events(
                logGroupName=group, logStreamName=stream, limit=_LOG_LINES, startFromHead=False
            )
            lines += [event["message"] for event in answer["events"]]
    return lines[-_LOG_LINES:]


def _streams(aws: Aws, task: Raw) -> Iterator[tuple[str, str]]:
    """Log group and stream of each container that has started; what has not has written nothing."""
    if "startedAt" not in task:
        return
    answer = aws.clients.ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])
    for container in answer["taskDefinition"]["containerDefinitions"]:
        options = container.get("logConfiguration", {}).get("options", {})
        if {"awslogs-group", "awslogs-stream-prefix"} <= options.keys():
            number = task["taskArn"].rpartition("/")[2]
            yield options["awslogs-group"], f"{options['awslogs-stream-prefix']}/{container['name']}/{number}"


def _events(service: Raw) -> list[str]:
    """The newest ones that complain; if none does, the newest."""
    messages = [str(event["message"]) for event in service.get("events", ())]
    return _distinct(_complaints(service) or messages)[:_EVENTS]


def _complaints(service: Raw) -> list[str]:
    messages = (str(event["message"]) for event in service.get("events", ()))
    return [message for message in messages if any(word in message for word in _COMPLAINTS)]


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(filter(None, texts)))
