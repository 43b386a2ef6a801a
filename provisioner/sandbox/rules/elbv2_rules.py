"""Rules of listeners: priorities, conditions, and the default one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.elbv2.models import ELBv2Backend

from provisioner.sandbox.call import Call
from provisioner.sandbox.elb import balancers
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before, instead

_REFERENCE = "ELB API Reference: CreateRule"
_MOST_VALUES = 5
# Conditions that may have their values in either place.
_OLD = {"path-pattern": "PathPatternConfig", "host-header": "HostHeaderConfig"}
_DENIED = {"DeleteRule": "cannot be deleted", "ModifyRule": "cannot be modified"}

_validate_conditions = ELBv2Backend._validate_conditions


def _validate(backend: ELBv2Backend, conditions: list[dict[str, Any]]) -> None:
    """moto takes a single one of the values that are not in the newer place; AWS takes several in either."""
    _validate_conditions(backend, [_newer(condition) for condition in conditions])


ELBv2Backend._validate_conditions = _validate  # type: ignore[method-assign,assignment]


@before("elbv2", "CreateRule", source=f"{_REFERENCE}; wording from memory")
def only_application_load_balancers_have_rules(call: Call) -> None:
    """InvalidConfigurationRequest for a listener of any other load balancer."""
    balancer, _ = balancers.listener(call, call.parameters["ListenerArn"])
    if balancer.type != "application":
        told = f"Rules are not supported for load balancers of type '{balancer.type}'"
        raise Refusal("InvalidConfigurationRequest", told)


@before("elbv2", "CreateRule", source=_REFERENCE)
def priorities_are_unique(call: Call) -> None:
    """PriorityInUse for a priority that another rule of the listener has."""
    _, listener = balancers.listener(call, call.parameters["ListenerArn"])
    _refuse_taken(listener.rules, call.parameters["Priority"])


@before("elbv2", "SetRulePriorities", source="ELB API Reference: SetRulePriorities")
def priorities_stay_unique(call: Call) -> None:
    """PriorityInUse for one of a rule that is not moved too; OperationNotPermitted for the default rule."""
    moved = {item["RuleArn"]: item["Priority"] for item in call.parameters["RulePriorities"]}
    for arn, priority in moved.items():
        _, listener, rule = balancers.rule(call, arn)
        if rule.is_default:
            raise Refusal("OperationNotPermitted", f"Default rule '{arn}' priority cannot be modified")
        _refuse_taken({key: other for key, other in listener.rules.items() if other.arn not in moved}, priority)
    if len(set(moved.values())) < len(moved):
        raise Refusal("ValidationError", "Priorities cannot be provided multiple times")


@instead("elbv2", "SetRulePriorities", source="ELB API Reference: SetRulePriorities")
def all_move_at_once(call: Call) -> Answer:
    """Two rules may change places."""
    rules = []
    for item in call.parameters["RulePriorities"]:
        rules.append(balancers.rule(call, item["RuleArn"])[2])
        rules[-1].priority = item["Priority"]
    return {"Rules": rules}


@before("elbv2", "CreateRule", "ModifyRule", source=f"{_REFERENCE}; ELB User Guide: quotas")
def conditions_are_few(call: Call) -> None:
    """ValidationError for a new rule without conditions, or with more than 5 values in all of them."""
    conditions = call.parameters.get("Conditions", ())
    if call.action == "CreateRule" and not conditions:
        raise Refusal("ValidationError", "A rule must have at least one condition")
    if sum(len(_values(condition)) for condition in conditions) > _MOST_VALUES:
        raise Refusal("ValidationError", f"A rule can only have '{_MOST_VALUES}' condition values")


@before("elbv2", "DeleteRule", "ModifyRule", source="ELB API Reference: DeleteRule")
def default_rules_stay(call: Call) -> None:
    """RuleNotFound for an unknown rule, OperationNotPermitted for a listener's default one."""
    arn = call.parameters["RuleArn"]
    if balancers.rule(call, arn)[2].is_default:
        raise Refusal("OperationNotPermitted", f"Default rule '{arn}' {_DENIED[call.action]}")


def _refuse_taken(rules: Mapping[Any, Any], priority: int) -> None:
    if any(str(rule.priority) == str(priority) for rule in rules.values()):
        raise Refusal("PriorityInUse", f"Priority '{priority}' is currently in use")


def _newer(condition: Mapping[str, Any]) -> dict[str, Any]:
    """The condition with its values in the newer place."""
    place, values = _OLD.get(condition.get("Field", "")), condition.get("Values")
    if place is None or not values or place in condition:
        return dict(condition)
    return {"Field": condition["Field"], place: {"Values": values}}


def _values(condition: Mapping[str, Any]) -> list[Any]:
    """All the values of a condition, wherever they are."""
    places = [value for value in condition.values() if isinstance(value, Mapping)]
    return [*condition.get("Values", ()), *(item for place in places for item in place.get("Values", ()))]
