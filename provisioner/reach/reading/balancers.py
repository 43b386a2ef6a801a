"""Load balancers with their listeners and rules, target groups with their targets."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from provisioner.reach.parts import Balancer, Listener, ListenerRule, Target, TargetGroup
from provisioner.reach.reading.pages import Raw, items

_CROSS_ZONE = "load_balancing.cross_zone.enabled"
_PRESERVES = "preserve_client_ip.enabled"
_FLAGS = {"true": True, "false": False}
_DEFAULT = "default"


def balancers(elbv2: Any, vpcs: Collection[str]) -> list[Balancer]:
    found = items(elbv2, "describe_load_balancers", "LoadBalancers")
    return [_balancer(elbv2, raw) for raw in found if raw.get("VpcId") in vpcs]


def _balancer(elbv2: Any, raw: Raw) -> Balancer:
    """An application load balancer crosses zones unless a target group says otherwise, a network one if told so.

    Source: ELB user guides, "Cross-zone load balancing".
    """
    arn, kind = raw["LoadBalancerArn"], raw["Type"]
    told = _attributes(elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn)).get(_CROSS_ZONE, "")
    return Balancer(
        arn,
        raw["LoadBalancerName"],
        raw["DNSName"].lower(),
        kind,
        raw["Scheme"],
        raw["State"]["Code"],
        raw["VpcId"],
        tuple(raw.get("SecurityGroups") or ()),
        tuple(one["ZoneName"] for one in raw["AvailabilityZones"]),
        kind == "application" or told == "true",
        tuple(
            _listener(elbv2, one) for one in items(elbv2, "describe_listeners", "Listeners", LoadBalancerArn=arn)
        ),
    )


def _attributes(answer: Raw) -> Mapping[str, str]:
    return {one["Key"]: one.get("Value", "") for one in answer["Attributes"]}


def _listener(elbv2: Any, raw: Raw) -> Listener:
    """Its rules in the order in which they are tried."""
    arn = raw["ListenerArn"]
    rules = [_rule(one) for one in items(elbv2, "describe_rules", "Rules", ListenerArn=arn)]
    last = max((one.priority or 0 for one in rules), default=0) + 1
    ordered = sorted(rules, key=lambda one: last if one.priority is None else one.priority)
    return Listener(arn, int(raw["Port"]), raw["Protocol"], tuple(ordered))


def _rule(raw: Raw) -> ListenerRule:
    priority = None if raw["Priority"] == _DEFAULT else int(raw["Priority"])
    return ListenerRule(raw["RuleArn"], priority, tuple(raw["Conditions"]), tuple(raw["Actions"]))


def target_groups(elbv2: Any, vpcs: Collection[str]) -> list[TargetGroup]:
    found = items(elbv2, "describe_target_groups", "TargetGroups")
    return [_group(elbv2, raw) for raw in found if raw.get("VpcId") in vpcs]


def _group(elbv2: Any, raw: Raw) -> TargetGroup:
    """Targets of instances see the client's address unless told otherwise, those by address do not over TCP.

    Source: NLB user guide, "Client IP preservation".
    """
    arn, kind = raw["TargetGroupArn"], raw["TargetType"]
    told = _attributes(elbv2.describe_target_group_attributes(TargetGroupArn=arn))
    preserves = _FLAGS.get(told.get(_PRESERVES, ""), kind == "instance")
    health = elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return TargetGroup(
        arn,
        raw["TargetGroupName"],
        raw["Protocol"],
        kind,
        raw["VpcId"],
        tuple(map(_target, health)),
        _FLAGS.get(told.get(_CROSS_ZONE, "")),
        preserves,
        raw.get("HealthCheckPort") == "traffic-port",
    )


def _target(raw: Raw) -> Target:
    target, health = raw["Target"], raw["TargetHealth"]
    return Target(
        target["Id"],
        int(target.get("Port", 0)),
        target.get("AvailabilityZone", ""),
        health["State"],
        health.get("Reason", ""),
        health.get("Description", ""),
    )
