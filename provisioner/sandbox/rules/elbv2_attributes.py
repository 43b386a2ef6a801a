"""Attributes of load balancers and target groups are checked when they are set."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.elb import balancers
from provisioner.sandbox.elb.balancer_attributes import LOAD_BALANCER, TARGET_GROUP, Attribute, family
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before, instead


@before(
    "elbv2",
    "ModifyLoadBalancerAttributes",
    source="ELB API Reference: LoadBalancerAttribute; terraform-provider-aws: elbv2/load_balancer.go",
)
def load_balancer_attributes_fit(call: Call) -> None:
    """ValidationError for unknown keys and wrong values, InvalidConfigurationRequest for other types' keys."""
    balancer = balancers.find(call, call.parameters["LoadBalancerArn"])
    _check(call, LOAD_BALANCER, balancer.type, "Load balancer", f"load balancers with type '{balancer.type}'")
    wanted = {item["Key"]: item["Value"] for item in call.parameters["Attributes"]}
    if balancer.type == "application" and wanted.get("load_balancing.cross_zone.enabled") == "false":
        message = "Cross-zone load balancing cannot be turned off for load balancers with type 'application'"
        raise Refusal("InvalidConfigurationRequest", message)


@before("elbv2", "ModifyTargetGroupAttributes", source="ELB API Reference: TargetGroupAttribute")
def target_group_attributes_fit(call: Call) -> None:
    """ValidationError for unknown keys and wrong values, InvalidConfigurationRequest for other protocols' keys."""
    group = balancers.group(call, call.parameters["TargetGroupArn"])
    what = f"the {group.protocol} protocol" if group.protocol else "the target type 'lambda'"
    _check(call, TARGET_GROUP, family(group.protocol), "Target group", f"target groups with {what}")


@instead("elbv2", "ModifyTargetGroupAttributes", source="ELB API Reference: ModifyTargetGroupAttributes")
def all_attributes_are_answered(call: Call) -> Answer:
    """Not only those that change. moto checks what goes with which stickiness, but refuses a delay of 3600."""
    group = balancers.group(call, call.parameters["TargetGroupArn"])
    wanted = {item["Key"]: item["Value"] for item in call.parameters["Attributes"]}
    checked = {key: value for key, value in wanted.items() if key != "deregistration_delay.timeout_seconds"}
    backends.elbv2(call).modify_target_group_attributes(group.arn, checked)
    group.attributes.update(wanted)
    return {"Attributes": group.attributes}


def _check(call: Call, known: Mapping[str, Attribute], kind: str, noun: str, those: str) -> None:
    for item in call.parameters["Attributes"]:
        key, value = item["Key"], item.get("Value", "")
        if key not in known:
            raise Refusal("ValidationError", f"{noun} attribute key '{key}' is not recognized")
        if kind not in known[key].usual:
            message = f"{noun} attribute key '{key}' is not supported on {those}"
            raise Refusal("InvalidConfigurationRequest", message)
        if not known[key].takes(value):
            raise Refusal("ValidationError", f"'{key}' value '{value}' must be {known[key].told()}")
