"""What hands changed of functions, services, database and load balancer: they are not what the stack made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.reach.parts import ListenerRule
from provisioner.verify.scene import Scene
from state.record import Phase, Record
from steps.aws import ecs
from steps.aws.route53 import plain, values

Raw = Mapping[str, Any]
_DONE = "COMPLETED"


def changes(scene: Scene, part: str) -> list[str]:
    """One text for each; none where nothing is changed, where it is not recorded as ready or not there any more,
    and where what differs is what a run that did not go through asked for itself.

    `part` is a function, a service, the database or the load balancer; others are what they are.
    """
    return [text for checks in (_PLACES, _SETTINGS) for _, text in _found(scene, part, checks)]


def moved(scene: Scene, part: str) -> list[str]:
    """The steps of which something is changed that decides who reaches it, and whom it reaches; without those that
    the caller may not look at."""
    return _seen(scene, part, _PLACES)


def reset(scene: Scene, part: str) -> list[str]:
    """The steps of which something else is changed; without those that the caller may not look at."""
    return _seen(scene, part, _SETTINGS)


def _seen(scene: Scene, part: str, checks: Mapping[str, Check]) -> list[str]:
    found = list[str]()
    for step, check in checks.items():
        with suppress(ClientError, BotoCoreError):
            found += [name for name, _ in _found(scene, part, {step: check})]
    return list(dict.fromkeys(found))


def strangers(scene: Scene) -> list[ListenerRule]:
    """Rules of the load balancer's listeners that the stack did not make; they come before the default rule."""
    known = {one.id for one in scene.of_kind("listener_rule")}
    return [one for one in _rules(scene) if one.priority is not None and one.arn not in known]


Check = Callable[[Scene, Record], Iterator[str]]


def _found(scene: Scene, part: str, checks: Mapping[str, Check]) -> Iterator[tuple[str, str]]:
    for step, check in checks.items():
        record = scene.state.records.get(step.format(part))
        if record is not None and record.phase is Phase.READY and record.id and record.request:
            yield from ((record.name, text) for text in check(scene, record))


def _function(scene: Scene, record: Record) -> Iterator[str]:
    live = next((one for one in scene.snapshot.functions if one.step == record.name), None)
    asked: Raw = record.request.get("VpcConfig") or {}
    if live is None:
        return
    yield from place(scene, live.subnets, asked.get("SubnetIds") or ())
    if live.subnets and asked.get("SubnetIds"):
        yield from _members(scene, live.groups, asked.get("SecurityGroupIds") or ())


def _settings(scene: Scene, record: Record) -> Iterator[str]:
    if all(one.step != record.name for one in scene.snapshot.functions):
        return
    raw = scene.aws.clients.functions.get_function_configuration(FunctionName=record.id or "")
    if raw["Timeout"] != record.request["Timeout"]:
        yield f"its time-out is {raw['Timeout']} s, not {record.request['Timeout']} s"
    yield from _variables(cast("Raw", raw), record.request)


def _variables(raw: Raw, asked: Raw) -> Iterator[str]:
    """By name: their values may be nobody's business."""
    live, made = ((one.get("Environment") or {}).get("Variables") or {} for one in (raw, asked))
    wrong = sorted(name for name, value in made.items() if live.get(name) != value)
    if wrong:
        yield f"{', '.join(wrong)} in its environment {'is' if len(wrong) == 1 else 'are'} not as set"


def _service(scene: Scene, record: Record) -> Iterator[str]:
    live = next((one for one in scene.snapshot.services if one.step == record.name), None)
    if live is None:
        return
    raw = _described(scene, record)
    if _ours(scene, record, raw):
        return
    asked: Raw = record.request["networkConfiguration"]["awsvpcConfiguration"]
    yield from place(scene, live.subnets, asked["subnets"])
    yield from _members(scene, live.groups, asked["securityGroups"])
    if live.public != (asked["assignPublicIp"] == "ENABLED"):
        yield f"its tasks get {'a' if live.public else 'no'} public address"
    if not live.namespace and (record.request.get(ecs.CONNECT) or {}).get("enabled"):
        yield "Service Connect is off, which gives it its name"
    yield from _definition(raw, record)


def _described(scene: Scene, record: Record) -> Raw:
    arn = record.id or ""
    (raw,) = scene.aws.clients.ecs.describe_services(cluster=arn.split("/")[-2], services=[arn])["services"]
    return cast("Raw", raw)


def _ours(scene: Scene, record: Record, raw: Raw) -> bool:
    """Whether a run that did not go through has asked for what is live, or for a deployment that is under way or
    failed.

    What it asked for is recorded only once it is steady. The revision is the stack's own then; hands mostly have
    their deployments with another one.
    """
    if not scene.state.unfinished:
        return False
    live, made = raw["taskDefinition"], record.request["taskDefinition"]
    if live == made:
        return any(one.get("rolloutState", _DONE) != _DONE for one in raw.get("deployments", ()))
    return any(one.id == live for one in scene.of_kind("task_definition"))


def _definition(raw: Raw, record: Record) -> Iterator[str]:
    """Which revision its tasks are made of: their image, ports and log."""
    made = str(record.request["taskDefinition"])
    if raw["taskDefinition"] != made:
        now, before = (one.rpartition("/")[2] for one in (raw["taskDefinition"], made))
        yield f"its tasks are made of {now}, not of {before}"


def place(scene: Scene, live: Collection[str], asked: Collection[str]) -> Iterator[str]:
    """The subnets, or route tables, that it is in, where they are not those that were asked for."""
    if set(live) == set(asked):
        return
    if not asked or not live:
        yield f"it is in {_named(scene, live) if live else 'no subnet of the VPC'}"
    elif other := set(live) - set(asked):
        yield f"it is in {_named(scene, other)}, not in {_named(scene, asked)}"
    else:
        yield f"it is in {_named(scene, live)} only"


def _members(scene: Scene, live: Iterable[str], asked: Iterable[str]) -> Iterator[str]:
    if set(live) != set(asked):
        yield f"it is a member of {_named(scene, live)}, not of {_named(scene, asked)}"


def _named(scene: Scene, ids: Iterable[str]) -> str:
    return ", ".join(sorted(map(scene.snapshot.named, ids)))


def _balancer(scene: Scene, record: Record) -> Iterator[str]:
    live = next((one for one in scene.snapshot.balancers if one.arn == record.id), None)
    if live is not None and record.kind == "load_balancer":
        yield from _members(scene, live.groups, record.request.get("SecurityGroups") or ())


def _rule(scene: Scene, record: Record) -> Iterator[str]:
    """For which requests the load balancer sends to a service, and where to."""
    live = next((one for one in _rules(scene) if one.arn == record.id), None)
    if live is None:
        return
    asked = record.request
    if live.priority != asked["Priority"]:
        yield f"its rule has priority {live.priority}, not {asked['Priority']}"
    if _conditions(live.conditions) != _conditions(asked["Conditions"]):
        yield f"its rule is for {_shown(live.conditions)}, not for {_shown(asked['Conditions'])}"
    if _goals(live.actions) != _goals(asked["Actions"]):
        yield "its rule sends to another target group"


def _rules(scene: Scene) -> Iterator[ListenerRule]:
    mine = (one for one in scene.snapshot.balancers if scene.snapshot.owned.step_of(one.arn))
    return (rule for one in mine for each in one.listeners for rule in each.rules)


def _conditions(raw: Iterable[Raw]) -> dict[str, set[str]]:
    return {one["Field"]: set(_values(one)) for one in raw}


def _values(condition: Raw) -> list[str]:
    """ELB tells a condition's values twice, or only the newer way."""
    config: Raw = next((one for key, one in condition.items() if key.endswith("Config")), {})
    return list(config.get("Values") or condition.get("Values") or ())


def _shown(conditions: Iterable[Raw]) -> str:
    return " and ".join(", ".join(_values(one)) for one in conditions)


def _goals(actions: Iterable[Raw]) -> set[str]:
    several = ((one.get("ForwardConfig") or {}).get("TargetGroups") or [one] for one in actions)
    return {str(one.get("TargetGroupArn")) for group in several for one in group}


def _health_check(scene: Scene, record: Record) -> Iterator[str]:
    """What of it the stack file decides."""
    if scene.snapshot.target_groups.get(record.id or "") is None:
        return
    answer = scene.aws.clients.elbv2.describe_target_groups(TargetGroupArns=[record.id or ""])
    raw: Raw = answer["TargetGroups"][0]
    wanted = {**_USUAL_CHECK, **record.request}
    for key, what in _HEALTH_CHECK.items():
        asked = wanted.get(key)
        if asked and raw.get(key) != asked:
            yield f"its health check {what} {_plain(raw.get(key))}, not {_plain(asked)}"


_HEALTH_CHECK = {
    "HealthCheckPath": "asks for",
    "HealthCheckPort": "asks at port",
    "HealthCheckProtocol": "speaks",
    "Matcher": "takes",
}
_USUAL_CHECK = {"HealthCheckPort": "traffic-port"}
"""What AWS takes where it was not asked for. Source: ELB API reference, CreateTargetGroup."""


def _plain(value: Any) -> str:
    return str(value.get("HttpCode")) if isinstance(value, Mapping) else str(value)


def names(scene: Scene, record: Record) -> Iterator[str]:
    """A record set with values of its own: what its name stands for now."""
    zone, name, kind = (record.id or "").split("|")[:3]
    answer = scene.aws.clients.dns.list_resource_record_sets(
        HostedZoneId=zone, StartRecordName=name, StartRecordType=cast("Any", kind), MaxItems="1"
    )
    there = next((one for one in answer["ResourceRecordSets"] if (one["Name"], one["Type"]) == (name, kind)), None)
    made = values(cast("Any", record.request))
    if there is None:
        yield f"{plain(name)} is gone"
    elif values(there) != made:
        yield f"{plain(name)} stands for {', '.join(values(there))}, not for {', '.join(made)}"


_PLACES: Mapping[str, Check] = {
    "function-{}": _function,
    "service-{}": _service,
    "listener-rule-{}": _rule,
    "{}-record": names,
    "{}": _balancer,
}
_SETTINGS: Mapping[str, Check] = {"function-{}": _settings, "target-group-{}": _health_check}
"""By the name of the step that made it."""
