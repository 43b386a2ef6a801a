"""Target groups: what they may be like, and names that are keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from moto.elbv2.models import FakeTargetGroup

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.elb import balancers
from provisioner.sandbox.elb.balancer_attributes import of_group
from provisioner.sandbox.elb.target_health import WEB
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before

_REFERENCE = "ELB API Reference: CreateTargetGroup"
_CHECKS = ("HTTP", "HTTPS", "TCP")
_NAMES = {"HealthCheckProtocol": "health_check_protocol", "HealthCheckPath": "health_check_path"}
_INTERVAL, _TIMEOUT = "HealthCheckIntervalSeconds", "HealthCheckTimeoutSeconds"
# What a call leaves out, AWS takes as this; by the protocol of the target group or of its health checks.
_DEFAULTS: Mapping[str, Any] = {
    "HealthCheckPort": "traffic-port",
    _INTERVAL: 30,
    "HealthyThresholdCount": 5,
    "UnhealthyThresholdCount": 2,
    "TargetType": "instance",
    "IpAddressType": "ipv4",
    "HealthCheckEnabled": True,
}


class TargetGroups:
    """The settings of each target group as calls gave them, by ARN."""

    def __init__(self) -> None:
        self.asked: dict[str, dict[str, Any]] = {}


@before("elbv2", "CreateTargetGroup", "ModifyTargetGroup", source=f"{_REFERENCE}; wording from memory")
def health_checks_make_sense(call: Call) -> None:
    """ValidationError: a TCP check of an HTTP group, a path without `/`, a time-out as long as the interval."""
    given = _given(call)
    web = given.get("Protocol") in WEB
    for why, wrong in (
        (_wrong_protocol(given), given.get("HealthCheckProtocol", "HTTP") not in (WEB if web else _CHECKS)),
        (_wrong_path(given), not given.get("HealthCheckPath", "/").startswith("/")),
        (_wrong_timeout(given), _too_long(given, web=web)),
    ):
        if wrong and why:
            raise Refusal("ValidationError", why)


@before("elbv2", "CreateTargetGroup", "ModifyTargetGroup", source=f"{_REFERENCE}: Matcher; wording from memory")
def matchers_are_status_codes(call: Call) -> None:
    """ValidationError for codes outside 200-499, or 200-599 in a TCP group; TCP health checks have none."""
    given = _given(call)
    asked = call.parameters.get("Matcher", {}).get("HttpCode")
    if asked is None:
        return
    protocol = given.get("Protocol")
    if given.get("HealthCheckProtocol", protocol) == "TCP":
        checks = f"health checks for target groups with the {protocol} protocol"
        raise Refusal(
            "InvalidConfigurationRequest", f"Custom health check matchers are not supported for {checks}"
        )
    largest = 499 if protocol in WEB else 599
    if not all(200 <= code <= largest for code in _codes(asked)):
        message = f"Health check matcher HTTP code '{asked}' must be within '200-{largest}' inclusive"
        raise Refusal("ValidationError", message)


@before("elbv2", "CreateTargetGroup", "ModifyTargetGroup", source=f"{_REFERENCE}; wording from memory")
def tcp_checks_have_no_path(call: Call) -> None:
    """InvalidConfigurationRequest for the path of a TCP health check."""
    given = _given(call)
    protocol = given.get("Protocol")
    usual = protocol if protocol in WEB else "TCP"
    if given.get("HealthCheckProtocol", usual) == "TCP" and call.parameters.get("HealthCheckPath"):
        checks = f"health checks for target groups with the {protocol} protocol"
        raise Refusal("InvalidConfigurationRequest", f"Custom health check paths are not supported for {checks}")


@before("elbv2", "CreateTargetGroup", source=_REFERENCE)
def same_settings_give_the_existing_group(call: Call) -> Answer | None:
    """The existing target group for the same settings; for others, moto raises DuplicateTargetGroupName."""
    groups = backends.elbv2(call).target_groups
    for arn, asked in call.ledger(TargetGroups).asked.items():
        if arn in groups and asked == _settings(call.parameters):
            return {"TargetGroups": [groups[arn]]}
    return None


@after("elbv2", "CreateTargetGroup", source=_REFERENCE)
def new_groups_are_complete(call: Call, answer: Answer) -> None:
    """Its settings are remembered for the next call. AWS's defaults, where moto has others or none."""
    for told in answer["TargetGroups"]:
        group, asked = balancers.group(call, told["TargetGroupArn"]), call.ledger(TargetGroups).asked
        if group.arn in asked:
            continue
        asked[group.arn] = _settings(call.parameters)
        group.attributes = {**of_group(group)}
        if group.health_check_protocol in WEB and group.protocol not in (*WEB, None):
            group.health_check_path = group.health_check_path or "/"
            group.matcher = call.parameters.get("Matcher", {"HttpCode": "200-399"})
            told.update(HealthCheckPath=group.health_check_path, Matcher=group.matcher)


@after("elbv2", "ModifyTargetGroup", source="ELB API Reference: ModifyTargetGroup")
def settings_change(call: Call, answer: Answer) -> None:
    """What is the same for the next call of CreateTargetGroup changes too, and the codes are taken over."""
    group = balancers.group(call, call.parameters["TargetGroupArn"])
    changes = {key: value for key, value in call.parameters.items() if key != "TargetGroupArn"}
    asked = call.ledger(TargetGroups).asked
    asked[group.arn] = {**asked.get(group.arn, {}), **changes}
    told = answer["TargetGroups"][0]
    if matcher := changes.get("Matcher"):
        group.matcher = told["Matcher"] = matcher
    if group.health_check_protocol == "TCP":
        vars(group).update(health_check_path=None, matcher=None)
        for name in ("HealthCheckPath", "Matcher"):
            told.pop(name, None)


def _settings(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """All that tells one target group from another, with what AWS adds."""
    given = {key: value for key, value in parameters.items() if key != "Tags"}
    protocol = given.get("Protocol")
    check = "HTTP" if protocol in WEB else "TCP"
    usual = {"HealthCheckProtocol": protocol if protocol in WEB else check, _TIMEOUT: _usual_timeout(given)}
    if given.get("HealthCheckProtocol", check) in WEB:
        usual |= {"HealthCheckPath": "/", "Matcher": {"HttpCode": "200" if protocol in WEB else "200-399"}}
    return {**_DEFAULTS, **usual, **given}


def _usual_timeout(given: Mapping[str, Any]) -> int:
    if given.get("Protocol") in WEB:
        return 5
    return 6 if given.get("HealthCheckProtocol") in WEB else 10


def _given(call: Call) -> dict[str, Any]:
    """What the call says, with what an existing target group has besides."""
    arn = call.parameters.get("TargetGroupArn")
    return {**(_told(balancers.group(call, arn)) if arn else {}), **call.parameters}


def _told(group: FakeTargetGroup) -> dict[str, Any]:
    settings = {
        "Protocol": group.protocol,
        "HealthCheckProtocol": group.health_check_protocol,
        _INTERVAL: int(group.health_check_interval_seconds),
        _TIMEOUT: int(group.health_check_timeout_seconds),
    }
    return {key: value for key, value in settings.items() if value is not None}


def _too_long(given: Mapping[str, Any], *, web: bool) -> bool:
    """Whether the time-out does not fit into the interval; in a TCP group it may be as long."""
    interval = given.get(_INTERVAL, _DEFAULTS[_INTERVAL])
    timeout = given.get(_TIMEOUT, _usual_timeout(given))
    return bool(timeout >= interval if web else timeout > interval)


def _wrong_protocol(given: Mapping[str, Any]) -> str:
    names = ", ".join(sorted(WEB if given.get("Protocol") in WEB else _CHECKS, reverse=True))
    return f"Health check protocol '{given.get('HealthCheckProtocol')}' must be one of '{names}'"


def _wrong_path(given: Mapping[str, Any]) -> str:
    return f"Health check path '{given.get('HealthCheckPath')}' must begin with a '/' character"


def _wrong_timeout(given: Mapping[str, Any]) -> str:
    interval = given.get(_INTERVAL, _DEFAULTS[_INTERVAL])
    timeout = given.get(_TIMEOUT, _usual_timeout(given))
    return f"Health check timeout '{timeout}' must be smaller than the interval '{interval}'"


def _codes(matcher: str) -> Iterator[int]:
    """All the numbers in `200`, `200,204` or `200-399`; 0 for anything else."""
    for part in matcher.split(","):
        ends = re.fullmatch(r"(\d{3})(?:-(\d{3}))?", part.strip())
        yield from (int(end) for end in ends.groups() if end) if ends else (0,)
