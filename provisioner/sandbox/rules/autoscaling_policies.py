"""Application Auto Scaling of ECS services: the policies by which they are scaled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.applicationautoscaling.models import FakeApplicationAutoscalingPolicy
from moto.applicationautoscaling.responses import _build_policy

from provisioner.sandbox.call import Call
from provisioner.sandbox.elb import balancers
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before, instead
from provisioner.sandbox.rules.autoscaling import REFERENCE, SERVICE, backend_of, key_of, service_of, telling

_INVALID = "ValidationException"
_METRICS = ("ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization")
_BY_REQUESTS = "ALBRequestCountPerTarget"
_TRACKING = "TargetTrackingScalingPolicyConfiguration"
# A low alarm stands so far below the target value.
_LOW = 0.9
_PAGE = 50


@before(SERVICE, "DeleteScalingPolicy", source=REFERENCE.format("DeleteScalingPolicy"))
def policy_must_exist(call: Call) -> None:
    """ObjectNotFoundException for one that is not there."""
    if _policy(call) is None:
        message = f"No scaling policy found for {telling(call)}, policy name: {call.parameters['PolicyName']}"
        raise Refusal("ObjectNotFoundException", message)


@before(
    SERVICE,
    "PutScalingPolicy",
    source=f"{REFERENCE.format('PredefinedMetricSpecification')}; the wording from memory",
)
def metrics_fit_the_service(call: Call) -> None:
    """ValidationException for a metric that is none of ECS's, for requests without the label of a target group
    that the service has, and for other metrics with a label."""
    if call.parameters["ServiceNamespace"] != "ecs":
        return
    told = call.parameters.get(_TRACKING, {}).get("PredefinedMetricSpecification")
    if told is not None:
        _check_metric(call, told["PredefinedMetricType"], told.get("ResourceLabel"))


@instead(SERVICE, "PutScalingPolicy", source=REFERENCE.format("PutScalingPolicy"))
def policies_have_alarms(call: Call) -> Answer:
    """A target tracking policy has two alarms at its target value; a policy that is put again keeps its ARN."""
    given, former = call.parameters, _policy(call)
    if former is not None:
        former.delete_alarms(call.account, call.region)
    body = given.get(_TRACKING) or given.get("StepScalingPolicyConfiguration")
    kind = given.get("PolicyType") or (former.policy_type if former is not None else "StepScaling")
    policy = backend_of(call).put_scaling_policy(given["PolicyName"], *key_of(call), body or {}, kind)
    if former is not None:
        policy.policy_arn = former.policy_arn
    _aim(policy, body or {})
    alarms = [{"AlarmName": alarm.name, "AlarmARN": alarm.alarm_arn} for alarm in policy.alarms]
    return {"PolicyARN": policy.policy_arn, "Alarms": alarms}


@instead(SERVICE, "DescribeScalingPolicies", source=REFERENCE.format("DescribeScalingPolicies"))
def policies_are_found_by_name(call: Call) -> Answer:
    """By names, resource and dimension, in pages. ValidationException for a dimension without a resource."""
    given = call.parameters
    if "ScalableDimension" in given and "ResourceId" not in given:
        raise Refusal(_INVALID, "Resource ID must be specified if a scalable dimension is")
    found = [_build_policy(one) for one in backend_of(call).policies.values() if _asked_for(given, one)]
    start, size = int(given.get("NextToken", "0")), min(given.get("MaxResults", _PAGE), _PAGE)
    rest = {"NextToken": str(start + size)} if start + size < len(found) else {}
    return {"ScalingPolicies": [_completed(one) for one in found[start : start + size]], **rest}


def _asked_for(given: Mapping[str, Any], policy: FakeApplicationAutoscalingPolicy) -> bool:
    wanted = {
        "ServiceNamespace": policy.service_namespace,
        "ResourceId": policy.resource_id,
        "ScalableDimension": policy.scalable_dimension,
    }
    named = policy.policy_name in given.get("PolicyNames", [policy.policy_name])
    return named and all(given.get(name, value) == value for name, value in wanted.items())


def _completed(told: dict[str, Any]) -> dict[str, Any]:
    """What AWS adds to what was given."""
    tracking = told.get(_TRACKING)
    return {**told, _TRACKING: {"DisableScaleIn": False, **tracking}} if tracking else told


def _check_metric(call: Call, metric: str, label: str | None) -> None:
    if metric not in (*_METRICS, _BY_REQUESTS):
        raise Refusal(_INVALID, f"Predefined metric type {metric} is not supported for ECS services")
    if metric != _BY_REQUESTS and label is not None:
        raise Refusal(_INVALID, f"Resource label is only supported for the metric type {_BY_REQUESTS}")
    if metric == _BY_REQUESTS and label not in _labels(call):
        message = f"Resource label {label} does not name a target group that is attached to the service"
        raise Refusal(_INVALID, message)


def _labels(call: Call) -> list[str]:
    """Of the target groups of the service, with each of the load balancers that forward to them."""
    service = service_of(call, call.parameters["ResourceId"])
    attached = service.settings["loadBalancers"] if service is not None else ()
    groups = [one["targetGroupArn"] for one in attached if "targetGroupArn" in one]
    return [
        f"{str(balancer.arn).partition(':loadbalancer/')[2]}/{group.rpartition(':')[2]}"
        for group in groups
        for balancer in balancers.using(call, group)
    ]


def _policy(call: Call) -> FakeApplicationAutoscalingPolicy | None:
    key = FakeApplicationAutoscalingPolicy.formulate_key(*key_of(call), call.parameters["PolicyName"])
    return backend_of(call).policies.get(key)


def _aim(policy: FakeApplicationAutoscalingPolicy, body: dict[str, Any]) -> None:
    """moto's alarms have a threshold of their own."""
    for alarm in policy.alarms if "TargetValue" in body else ():
        alarm.threshold = float(body["TargetValue"]) * (1 if "AlarmHigh" in alarm.name else _LOW)
