"""Application Auto Scaling of ECS services: what can be scaled, by which policies, within which bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    FakeApplicationAutoscalingPolicy,
    FakeScalableTarget,
)

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.containers import scheduler
from provisioner.sandbox.containers.services import Service, Services
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead

_SERVICE = "application-autoscaling"
_REFERENCE = "Application Auto Scaling API Reference: {}"
_ROLE = (
    "arn:aws:iam::{}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com"
    "/AWSServiceRoleForApplicationAutoScaling_ECSService"
)
# Seconds of AWS's until a service outside of its bounds is scaled. From memory.
_NOTICED = 30.0
# A low alarm stands so far below the target value.
_LOW = 0.9


@before(_SERVICE, "RegisterScalableTarget", source=_REFERENCE.format("RegisterScalableTarget"))
def service_must_exist(call: Call) -> None:
    """ValidationException for an ECS service that is unknown or not ACTIVE."""
    if call.parameters["ServiceNamespace"] != "ecs":
        return
    service = _service(call, call.parameters["ResourceId"])
    if service is None or service.status != "ACTIVE":
        raise Refusal("ValidationException", f"ECS service doesn't exist: {call.parameters['ResourceId']}")


@before(
    _SERVICE,
    "RegisterScalableTarget",
    source=f"{_REFERENCE.format('RegisterScalableTarget')}; wording from memory",
)
def bounds_make_sense(call: Call) -> None:
    """ValidationException for a new target without both bounds, or with the upper one below the lower."""
    known = _target(call)
    low = call.parameters.get("MinCapacity", known.min_capacity if known else None)
    high = call.parameters.get("MaxCapacity", known.max_capacity if known else None)
    if low is None or high is None:
        missing = "MinCapacity" if low is None else "MaxCapacity"
        raise Refusal("ValidationException", f"{missing} is required to register a new scalable target")
    if low > high:
        raise Refusal("ValidationException", "Maximum capacity cannot be less than minimum capacity")


@instead(_SERVICE, "RegisterScalableTarget", source=_REFERENCE.format("RegisterScalableTarget"))
def bounds_move_the_service(call: Call) -> Answer:
    """A service outside of the bounds is brought inside after a moment. The role is a service-linked one."""
    given, backend, target = call.parameters, _backend(call), _target(call)
    bounds = given.get("MinCapacity"), given.get("MaxCapacity")
    suspended: Any = given.get("SuspendedState")
    of_ecs = given["ServiceNamespace"] == "ecs"
    if target is None:
        role = _ROLE.format(call.account) if of_ecs else given.get("RoleARN", "")
        target = FakeScalableTarget(backend, *_key(call), *bounds, role, suspended)
        backend._add_scalable_target(target)
    else:
        target.update(*bounds, suspended)
    if of_ecs:
        call.site.after(_NOTICED, _bring_inside(call, target))
    return {"ScalableTargetARN": target.arn}


@before(
    _SERVICE,
    "DeregisterScalableTarget",
    "PutScalingPolicy",
    "PutScheduledAction",
    source=f"{_REFERENCE.format('PutScalingPolicy')}: ObjectNotFoundException",
)
def target_must_be_registered(call: Call) -> None:
    """ObjectNotFoundException for one that is not."""
    if _target(call) is None:
        verb = "found" if call.action == "DeregisterScalableTarget" else "registered"
        raise Refusal("ObjectNotFoundException", f"No scalable target {verb} for {_told(call)}")


@before(_SERVICE, "DeleteScalingPolicy", source=_REFERENCE.format("DeleteScalingPolicy"))
def policy_must_exist(call: Call) -> None:
    """ObjectNotFoundException for one that is not there."""
    if _policy(call) is None:
        message = f"No scaling policy found for {_told(call)}, policy name: {call.parameters['PolicyName']}"
        raise Refusal("ObjectNotFoundException", message)


@instead(_SERVICE, "PutScalingPolicy", source=_REFERENCE.format("PutScalingPolicy"))
def policies_have_alarms(call: Call) -> Answer:
    """A target tracking policy has two alarms at its target value; a policy that is put again keeps its ARN."""
    given, former = call.parameters, _policy(call)
    if former is not None:
        former.delete_alarms(call.account, call.region)
    body = given.get("TargetTrackingScalingPolicyConfiguration") or given.get("StepScalingPolicyConfiguration")
    kind = given.get("PolicyType") or (former.policy_type if former is not None else "StepScaling")
    policy = _backend(call).put_scaling_policy(given["PolicyName"], *_key(call), body or {}, kind)
    if former is not None:
        policy.policy_arn = former.policy_arn
    _aim(policy, body or {})
    alarms = [{"AlarmName": alarm.name, "AlarmARN": alarm.alarm_arn} for alarm in policy.alarms]
    return {"PolicyARN": policy.policy_arn, "Alarms": alarms}


@after(
    _SERVICE,
    "DeregisterScalableTarget",
    source=_REFERENCE.format("DeregisterScalableTarget"),
)
def policies_go_with_their_target(call: Call, answer: Answer) -> None:
    """Its policies, their alarms and its scheduled actions."""
    backend, key = _backend(call), _key(call)
    for name, policy in list(backend.policies.items()):
        if (policy.service_namespace, policy.resource_id, policy.scalable_dimension) == key:
            policy.delete_alarms(call.account, call.region)
            del backend.policies[name]
    backend.scheduled_actions = [
        action
        for action in backend.scheduled_actions
        if (action.service_namespace, action.resource_id, action.scalable_dimension) != key
    ]


def _backend(call: Call) -> ApplicationAutoscalingBackend:
    return backends.autoscaling(call)


def _key(call: Call) -> tuple[str, str, str]:
    given = call.parameters
    return given["ServiceNamespace"], given["ResourceId"], given["ScalableDimension"]


def _told(call: Call) -> str:
    namespace, resource, dimension = _key(call)
    return f"service namespace: {namespace}, resource ID: {resource}, scalable dimension: {dimension}"


def _target(call: Call) -> FakeScalableTarget | None:
    namespace, resource, dimension = _key(call)
    found = _backend(call).targets.get(dimension, {}).get(resource)
    return found if found is not None and found.service_namespace == namespace else None


def _policy(call: Call) -> FakeApplicationAutoscalingPolicy | None:
    key = FakeApplicationAutoscalingPolicy.formulate_key(*_key(call), call.parameters["PolicyName"])
    return _backend(call).policies.get(key)


def _service(call: Call, resource: str) -> Service | None:
    """The ECS service that `service/CLUSTER/NAME` names."""
    kind, _, rest = resource.partition("/")
    cluster, _, name = rest.partition("/")
    return call.ledger(Services).find(cluster, name) if kind == "service" else None


def _bring_inside(call: Call, target: FakeScalableTarget) -> Callable[[], None]:
    def act() -> None:
        service = _service(call, target.resource_id)
        low, high = target.min_capacity or 0, target.max_capacity or 0
        if service is None or service.status != "ACTIVE" or low <= service.desired <= high:
            return
        service.change({"desiredCount": min(max(service.desired, low), high)}, None)
        scheduler.wake(service)

    return act


def _aim(policy: FakeApplicationAutoscalingPolicy, body: dict[str, Any]) -> None:
    """moto's alarms have a threshold of their own."""
    for alarm in policy.alarms if "TargetValue" in body else ():
        alarm.threshold = float(body["TargetValue"]) * (1 if "AlarmHigh" in alarm.name else _LOW)
