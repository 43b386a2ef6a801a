"""How load balancers and what belongs to them are listed: in pages, and all or none of those asked for."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from moto.elbv2.responses import ELBV2Response, transform_certificates, transform_dict

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.elb import balancers
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before, instead

_LARGEST_PAGE = 400
_MOST_TAGGED = 20
_SOURCE = "ELB API Reference: {}; wording from memory"
# Part of an ARN -> what AWS says when there is none of that ARN; the first that is in it decides.
_KINDS: Mapping[str, str] = {
    ":targetgroup/": "TargetGroup",
    ":loadbalancer/": "LoadBalancer",
    ":listener-rule/": "Rule",
    ":listener/": "Listener",
}


def _certificates(value: Any) -> Any:
    return [item if isinstance(item, Mapping) else {"CertificateArn": item} for item in value or ()] or None


def _pairs(value: Any) -> Any:
    return [{"Key": key, "Value": item} for key, item in value.items()] if isinstance(value, Mapping) else value


# moto's own would transform an answer that a rule has looked at a second time.
_TRANSFORMERS = {transform_certificates: _certificates, transform_dict: _pairs}
ELBV2Response.RESPONSE_KEY_PATH_TO_TRANSFORMER = {
    path: _TRANSFORMERS.get(transform, transform)
    for path, transform in ELBV2Response.RESPONSE_KEY_PATH_TO_TRANSFORMER.items()
}


@instead("elbv2", "DescribeLoadBalancers", source=_SOURCE.format("DescribeLoadBalancers"))
def load_balancers_come_in_pages(call: Call) -> Answer:
    """LoadBalancerNotFound if any of those asked for is not there."""
    known = list(backends.elbv2(call).load_balancers.values())
    return _page(call, "LoadBalancers", _picked(call, known, "load balancer", "LoadBalancerArns"))


@instead("elbv2", "DescribeTargetGroups", source=_SOURCE.format("DescribeTargetGroups"))
def target_groups_come_in_pages(call: Call) -> Answer:
    """TargetGroupNotFound if any is not there. Each names the load balancers that forward to it now."""
    known = sorted(backends.elbv2(call).target_groups.values(), key=lambda group: group.name)
    ways = [name for name in ("LoadBalancerArn", "TargetGroupArns", "Names") if call.parameters.get(name)]
    if len(ways) > 1:
        both = "Target group names, target group ARNs, and a load balancer ARN"
        raise Refusal("ValidationError", f"{both} cannot be specified at the same time")
    for group in known:
        group.load_balancer_arns = [balancer.arn for balancer in balancers.using(call, group.arn)]
    if arn := call.parameters.get("LoadBalancerArn"):
        balancers.find(call, arn)
        known = [group for group in known if arn in group.load_balancer_arns]
    return _page(call, "TargetGroups", _picked(call, known, "target group", "TargetGroupArns"))


@instead("elbv2", "DescribeListeners", source=_SOURCE.format("DescribeListeners"))
def listeners_come_in_pages(call: Call) -> Answer:
    """ListenerNotFound if any is not there; ValidationError without any ARN."""
    wanted, balancer = call.parameters.get("ListenerArns", ()), call.parameters.get("LoadBalancerArn")
    if not wanted and not balancer:
        raise Refusal("ValidationError", "You must specify either listener ARNs or a load balancer ARN")
    if wanted:
        return _page(call, "Listeners", [balancers.listener(call, arn)[1] for arn in wanted])
    return _page(call, "Listeners", list(balancers.find(call, str(balancer)).listeners.values()))


@instead("elbv2", "DescribeRules", source=_SOURCE.format("DescribeRules"))
def rules_come_in_pages(call: Call) -> Answer:
    """RuleNotFound if any is not there; by priority, the default one last."""
    wanted, listener = call.parameters.get("RuleArns", ()), call.parameters.get("ListenerArn")
    if bool(wanted) == bool(listener):
        both = "Listener rule ARNs and a listener ARN cannot be specified at the same time"
        none = "You must specify either listener rule ARNs or a listener ARN"
        raise Refusal("ValidationError", both if wanted else none)
    if wanted:
        return _page(call, "Rules", [balancers.rule(call, arn)[2] for arn in wanted])
    rules = balancers.listener(call, str(listener))[1].rules.values()
    return _page(call, "Rules", sorted(rules, key=lambda rule: (rule.is_default, _number(rule.priority))))


@before("elbv2", "DescribeTags", source="ELB API Reference: DescribeTags")
def tags_are_of_what_exists(call: Call) -> None:
    """The kind's NotFound code for an unknown ARN; ValidationError for more than 20."""
    arns = call.parameters["ResourceArns"]
    if len(arns) > _MOST_TAGGED:
        limit = f"Member must have length less than or equal to {_MOST_TAGGED}"
        message = f"1 validation error detected: Value '{arns}' at 'resourceArns' failed to satisfy constraint"
        raise Refusal("ValidationError", f"{message}: {limit}")
    for arn in arns:
        _must_exist(call, arn)


@instead("elbv2", "AddTags", source="ELB User Guide: tags: up to 50; ELB API Reference: AddTags")
def tags_are_added_to_what_exists(call: Call) -> Answer:
    """The kind's NotFound code for an unknown ARN. moto would take ten tags at most, and any ARN."""
    arns = call.parameters["ResourceArns"]
    for arn in arns:
        _must_exist(call, arn)
    for arn in arns:
        backends.elbv2(call).tagging_service.tag_resource(arn, call.parameters["Tags"])
    return {}


def _must_exist(call: Call, arn: str) -> None:
    look = {
        "TargetGroup": balancers.group,
        "LoadBalancer": balancers.find,
        "Rule": balancers.rule,
        "Listener": balancers.listener,
    }
    for part, kind in _KINDS.items():
        if part in arn:
            look[kind](call, arn)
            return
    raise Refusal("ValidationError", f"'{arn}' is not a valid load balancer ARN")


def _picked(call: Call, known: Sequence[Any], noun: str, arns: str) -> list[Any]:
    """Those that the call names, by ARN or by name; all of them if it names none."""
    for parameter, attribute in ((arns, "arn"), ("Names", "name")):
        if wanted := call.parameters.get(parameter):
            found = [item for item in known if getattr(item, attribute) in wanted]
            if len(found) < len(set(wanted)):
                code = "".join(word.capitalize() for word in noun.split()) + "NotFound"
                raise Refusal(code, f"One or more {noun}s not found")
            return found
    return list(known)


def _page(call: Call, name: str, items: Sequence[Any]) -> Answer:
    size = call.parameters.get("PageSize", _LARGEST_PAGE)
    if size > _LARGEST_PAGE:
        told = f"Value '{size}' at 'pageSize' failed to satisfy constraint"
        must = f"Member must have value less than or equal to {_LARGEST_PAGE}"
        raise Refusal("ValidationError", f"1 validation error detected: {told}: {must}")
    start = _start(call.parameters.get("Marker"))
    answer: Answer = {name: list(items[start : start + size])}
    if start + size < len(items):
        answer["NextMarker"] = base64.b64encode(str(start + size).encode()).decode()
    return answer


def _start(marker: str | None) -> int:
    try:
        return int(base64.b64decode(marker)) if marker else 0
    except ValueError as error:
        raise Refusal("ValidationError", f"Invalid marker '{marker}'") from error


def _number(priority: Any) -> int:
    return 0 if priority == "default" else int(priority)
