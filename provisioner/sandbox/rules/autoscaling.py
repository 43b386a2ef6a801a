"""Application Auto Scaling of ECS services: what can be scaled, within which bounds; and its tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend, FakeScalableTarget

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.containers import scheduler
from provisioner.sandbox.containers.services import Service, Services
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead

SERVICE = "application-autoscaling"
REFERENCE = "Application Auto Scaling API Reference: {}"
_ROLE = (
    "arn:aws:iam::{}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com"
    "/AWSServiceRoleForApplicationAutoScaling_ECSService"
)
# Seconds of AWS's until a service outside of its bounds is scaled. From memory.
_NOTICED = 30.0


class Tags:
    """The tags of scalable targets, by ARN: moto keeps none."""

    def __init__(self) -> None:
        self.by_arn: dict[str, dict[str, str]] = {}


@before(SERVICE, "RegisterScalableTarget", source=REFERENCE.format("RegisterScalableTarget"))
def service_must_exist(call: Call) -> None:
    """ValidationException for an ECS service that is unknown or not ACTIVE."""
    if call.parameters["ServiceNamespace"] != "ecs":
        return
    service = service_of(call, call.parameters["ResourceId"])
    if service is None or service.status != "ACTIVE":
        raise Refusal("ValidationException", f"ECS service doesn't exist: {call.parameters['ResourceId']}")


@before(
    SERVICE,
    "RegisterScalableTarget",
    source=f"{REFERENCE.format('RegisterScalableTarget')}; wording from memory",
)
def bounds_make_sense(call: Call) -> None:
    """ValidationException for a new target without both bounds, or with the upper one below the lower."""
    known = target_of(call)
    low = call.parameters.get("MinCapacity", known.min_capacity if known else None)
    high = call.parameters.get("MaxCapacity", known.max_capacity if known else None)
    if low is None or high is None:
        missing = "MinCapacity" if low is None else "MaxCapacity"
        raise Refusal("ValidationException", f"{missing} is required to register a new scalable target")
    if low > high:
        raise Refusal("ValidationException", "Maximum capacity cannot be less than minimum capacity")


@instead(SERVICE, "RegisterScalableTarget", source=REFERENCE.format("RegisterScalableTarget"))
def bounds_move_the_service(call: Call) -> Answer:
    """A service outside of the bounds is brought inside after a moment. The role is a service-linked one. Tags are
    for a new target only."""
    given, backend, target = call.parameters, backend_of(call), target_of(call)
    bounds = given.get("MinCapacity"), given.get("MaxCapacity")
    suspended: Any = given.get("SuspendedState")
    of_ecs = given["ServiceNamespace"] == "ecs"
    if target is None:
        role = _ROLE.format(call.account) if of_ecs else given.get("RoleARN", "")
        target = FakeScalableTarget(backend, *key_of(call), *bounds, role, suspended)
        backend._add_scalable_target(target)
        call.ledger(Tags).by_arn[target.arn] = dict(given.get("Tags", {}))
    else:
        target.update(*bounds, suspended)
    if of_ecs:
        call.site.after(_NOTICED, _bring_inside(call, target))
    return {"ScalableTargetARN": target.arn}


@before(
    SERVICE,
    "DeregisterScalableTarget",
    "PutScalingPolicy",
    "PutScheduledAction",
    source=f"{REFERENCE.format('PutScalingPolicy')}: ObjectNotFoundException",
)
def target_must_be_registered(call: Call) -> None:
    """ObjectNotFoundException for one that is not."""
    if target_of(call) is None:
        verb = "found" if call.action == "DeregisterScalableTarget" else "registered"
        raise Refusal("ObjectNotFoundException", f"No scalable target {verb} for {telling(call)}")


@after(SERVICE, "DeregisterScalableTarget", source=REFERENCE.format("DeregisterScalableTarget"))
def policies_go_with_their_target(call: Call, answer: Answer) -> None:
    """Its policies, their alarms and its scheduled actions."""
    backend, key = backend_of(call), key_of(call)
    for name, policy in list(backend.policies.items()):
        if (policy.service_namespace, policy.resource_id, policy.scalable_dimension) == key:
            policy.delete_alarms(call.account, call.region)
            del backend.policies[name]
    backend.scheduled_actions = [
        action
        for action in backend.scheduled_actions
        if (action.service_namespace, action.resource_id, action.scalable_dimension) != key
    ]


@instead(SERVICE, "ListTagsForResource", source=REFERENCE.format("ListTagsForResource"))
def targets_tell_their_tags(call: Call) -> Answer:
    """ResourceNotFoundException for what is no registered target."""
    return {"Tags": _tags(call)}


@instead(SERVICE, "TagResource", source=REFERENCE.format("TagResource"))
def targets_can_be_tagged(call: Call) -> Answer:
    """ResourceNotFoundException for what is no registered target."""
    _tags(call).update(call.parameters["Tags"])
    return {}


@instead(SERVICE, "UntagResource", source=REFERENCE.format("UntagResource"))
def targets_can_lose_tags(call: Call) -> Answer:
    """ResourceNotFoundException for what is no registered target."""
    for key in call.parameters["TagKeys"]:
        _tags(call).pop(key, None)
    return {}


def backend_of(call: Call) -> ApplicationAutoscalingBackend:
    return backends.autoscaling(call)


def key_of(call: Call) -> tuple[str, str, str]:
    given = call.parameters
    return given["ServiceNamespace"], given["ResourceId"], given["ScalableDimension"]


def telling(call: Call) -> str:
    namespace, resource, dimension = key_of(call)
    return f"service namespace: {namespace}, resource ID: {resource}, scalable dimension: {dimension}"


def target_of(call: Call) -> FakeScalableTarget | None:
    namespace, resource, dimension = key_of(call)
    found = backend_of(call).targets.get(dimension, {}).get(resource)
    return found if found is not None and found.service_namespace == namespace else None


def service_of(call: Call, resource: str) -> Service | None:
    """The ECS service that `service/CLUSTER/NAME` names."""
    kind, _, rest = resource.partition("/")
    cluster, _, name = rest.partition("/")
    return call.ledger(Services).find(cluster, name) if kind == "service" else None


def _tags(call: Call) -> dict[str, str]:
    arn = call.parameters["ResourceARN"]
    targets = (one for some in backend_of(call).targets.values() for one in some.values())
    if arn not in (one.arn for one in targets):
        raise Refusal("ResourceNotFoundException", f"The resource {arn} doesn't exist.")
    return call.ledger(Tags).by_arn.setdefault(arn, {})


def _bring_inside(call: Call, target: FakeScalableTarget) -> Callable[[], None]:
    def act() -> None:
        service = service_of(call, target.resource_id)
        low, high = target.min_capacity or 0, target.max_capacity or 0
        if service is None or service.status != "ACTIVE" or low <= service.desired <= high:
            return
        service.change({"desiredCount": min(max(service.desired, low), high)}, None)
        scheduler.wake(service)

    return act
