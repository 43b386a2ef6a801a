"""Conditions of listeners' rules: what patterns look like, and how AWS tells them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.sandbox.call import Call
from provisioner.sandbox.elb import balancers
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before

_REFERENCE = "ELB API Reference: RuleCondition"
_PLACES = {"path-pattern": "PathPatternConfig", "host-header": "HostHeaderConfig"}
_SINGLE = ("path-pattern", "host-header", "http-request-method", "source-ip")
_PATTERNS = {
    "path-pattern": re.compile(r"[A-Za-z0-9_.$/~\"'@:+&*?\\-]+"),
    "host-header": re.compile(r"[A-Za-z0-9.*?-]+"),
}


@before("elbv2", "CreateRule", "ModifyRule", source="aws-controllers-k8s/community#2759")
def values_are_in_one_place(call: Call) -> None:
    """ValidationError for a condition with values in both places."""
    for condition in call.parameters.get("Conditions", ()):
        field = condition.get("Field", "")
        place = _PLACES.get(field, "")
        if condition.get("Values") and place in condition:
            both = f"You cannot provide both Values and '{place}' for a condition of type '{field}'"
            raise Refusal("ValidationError", both)


@before("elbv2", "CreateRule", "ModifyRule", source="ELB User Guide: listener rules; wording from memory")
def conditions_of_a_kind_are_one(call: Call) -> None:
    """ValidationError for a second condition on the path, the host, the method or the source."""
    fields = Counter(condition.get("Field") for condition in call.parameters.get("Conditions", ()))
    for field in _SINGLE:
        if fields[field] > 1:
            raise Refusal("ValidationError", f"A rule can only have one '{field}' condition")


@before("elbv2", "CreateRule", "ModifyRule", source=f"{_REFERENCE}; wording from memory")
def patterns_are_of_their_characters(call: Call) -> None:
    """ValidationError for others than AWS lists for paths and for hosts."""
    for condition in call.parameters.get("Conditions", ()):
        known = _PATTERNS.get(condition.get("Field", ""))
        for value in _values(condition) if known is not None else ():
            if known is not None and not known.fullmatch(value):
                message = f"The '{condition['Field']}' value '{value}' contains invalid characters"
                raise Refusal("ValidationError", message)


@after("elbv2", "CreateRule", "ModifyRule", source="aws-controllers-k8s/community#2759")
def values_are_told_in_both_places(call: Call, answer: Answer) -> None:
    """The older place has the values too, wherever the call had them."""
    for told in answer["Rules"]:
        rule = balancers.rule(call, told["RuleArn"])[2]
        rule.conditions = [_both(condition) for condition in rule.conditions]
        told["Conditions"] = rule.conditions


def _both(condition: Mapping[str, Any]) -> dict[str, Any]:
    place = _PLACES.get(condition["Field"])
    if place is None:
        return dict(condition)
    values = list(_values(condition))
    return {"Field": condition["Field"], "Values": values, place: {"Values": values}}


def _values(condition: Mapping[str, Any]) -> Sequence[str]:
    place = _PLACES.get(condition.get("Field", ""), "")
    found: Sequence[str] = condition.get("Values") or condition.get(place, {}).get("Values", ())
    return found
