"""Target groups and the health of their targets."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox import backends, targets
from provisioner.sandbox.call import Call
from provisioner.sandbox.registry import Answer, after, before
from provisioner.sandbox.targets import Targets

_CHECKED = ("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
_UNUSED = ("unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer")


class TargetGroups:
    """With which parameters each target group was created, by ARN."""

    def __init__(self) -> None:
        self.asked: dict[str, dict[str, Any]] = {}


@before("elbv2", "CreateTargetGroup", source="ELB API Reference")
def same_settings_give_the_existing_group(call: Call) -> Answer | None:
    """The existing target group for the same settings; for others, moto raises DuplicateTargetGroupName."""
    groups = backends.elbv2(call).target_groups
    for arn, asked in call.ledger(TargetGroups).asked.items():
        if arn in groups and asked == _settings(call):
            return {"TargetGroups": [groups[arn]]}
    return None


@after("elbv2", "CreateTargetGroup", source="ELB API Reference")
def settings_are_kept(call: Call, answer: Answer) -> None:
    """Remember them for the next call."""
    for group in answer["TargetGroups"]:
        call.ledger(TargetGroups).asked[group["TargetGroupArn"]] = _settings(call)


@after("elbv2", "RegisterTargets", source="ELB API Reference")
def targets_are_checked_first(call: Call, answer: Answer) -> None:
    """`initial` for a while."""
    for target in call.parameters["Targets"]:
        targets.watch(call, call.parameters["TargetGroupArn"], target["Id"])


@after("elbv2", "DescribeTargetHealth", source="ELB API Reference")
def health_takes_its_time(call: Call, answer: Answer) -> None:
    """`unused` without a listener, `initial` at first; afterwards what moto says."""
    group = call.parameters["TargetGroupArn"]
    used, initial = backends.elbv2(call)._any_listener_using(group), call.ledger(Targets).initial
    for told in answer["TargetHealthDescriptions"]:
        if not used:
            told["TargetHealth"] = _health(_UNUSED)
        elif (group, told["Target"]["Id"]) in initial:
            told["TargetHealth"] = _health(_CHECKED)


def _settings(call: Call) -> dict[str, Any]:
    return {key: value for key, value in call.parameters.items() if key != "Tags"}


def _health(known: tuple[str, str, str]) -> dict[str, str]:
    return dict(zip(("State", "Reason", "Description"), known, strict=True))


@after("elbv2", "DescribeTargetGroups", source="ELB API Reference")
def each_living_load_balancer_is_told_once(call: Call, answer: Answer) -> None:
    """moto adds a load balancer again with every listener that forwards to the group, and never takes one away."""
    living = backends.elbv2(call).load_balancers
    for group in answer["TargetGroups"]:
        told = dict.fromkeys(group.get("LoadBalancerArns", ()))
        group["LoadBalancerArns"] = [arn for arn in told if arn in living]
