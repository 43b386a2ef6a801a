"""Application Auto Scaling of ECS services."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.world import Network, refused

_KEY = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/main/app",
    "ScalableDimension": "ecs:service:DesiredCount",
}
_CPU = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}


@pytest.fixture
def scaling(network: Network) -> Any:
    """A client, and a service of two tasks."""
    network.new_service()
    return network.sandbox.client("application-autoscaling")


def _tracking(scaling: Any, target: float = 50.0) -> dict[str, Any]:
    wanted = {"TargetValue": target, "PredefinedMetricSpecification": _CPU}
    answer: dict[str, Any] = scaling.put_scaling_policy(
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=wanted,
        **_KEY,
    )
    return answer


def _alarms(network: Network) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = network.sandbox.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return found


def test_only_a_living_service_can_be_scaled(network: Network, scaling: Any) -> None:
    wanted = {**_KEY, "MinCapacity": 1, "MaxCapacity": 4}
    call = scaling.register_scalable_target
    text = refused(call, "ValidationException", **{**wanted, "ResourceId": "service/main/other"})
    assert text == "ECS service doesn't exist: service/main/other"
    assert call(**wanted)["ScalableTargetARN"] == call(**wanted)["ScalableTargetARN"]
    (found,) = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert (found["MinCapacity"], found["MaxCapacity"]) == (1, 4)
    assert found["RoleARN"].endswith("/AWSServiceRoleForApplicationAutoScaling_ECSService")
    network.ecs.delete_service(cluster="main", service="app", force=True)
    refused(call, "ValidationException", **wanted)


def test_bounds(scaling: Any) -> None:
    call = scaling.register_scalable_target
    refused(call, "ValidationException", **_KEY, MinCapacity=1)
    refused(call, "ValidationException", **_KEY, MinCapacity=3, MaxCapacity=2)
    call(**_KEY, MinCapacity=1, MaxCapacity=2)
    refused(call, "ValidationException", **_KEY, MinCapacity=3)
    call(**_KEY, MaxCapacity=5)
    (found,) = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert (found["MinCapacity"], found["MaxCapacity"]) == (1, 5)


@pytest.mark.parametrize(("low", "high", "desired"), [(3, 5, 3), (0, 1, 1), (1, 4, 2)])
def test_a_service_is_brought_within_its_bounds(
    network: Network, scaling: Any, low: int, high: int, desired: int
) -> None:
    scaling.register_scalable_target(**_KEY, MinCapacity=low, MaxCapacity=high)
    assert network.service()["desiredCount"] == desired


def test_policies_need_a_target(scaling: Any) -> None:
    refused(lambda: _tracking(scaling), "ObjectNotFoundException")
    refused(scaling.deregister_scalable_target, "ObjectNotFoundException", **_KEY)
    refused(scaling.delete_scaling_policy, "ObjectNotFoundException", PolicyName="cpu", **_KEY)
    action = {"ScheduledActionName": "night", "Schedule": "rate(1 day)"}
    refused(scaling.put_scheduled_action, "ObjectNotFoundException", **action, **_KEY)


def test_target_tracking_has_alarms(network: Network, scaling: Any) -> None:
    scaling.register_scalable_target(**_KEY, MinCapacity=1, MaxCapacity=4)
    answer = _tracking(scaling)
    names = {alarm["AlarmName"] for alarm in answer["Alarms"]}
    assert len(names) == 2 and all(name.startswith("TargetTracking-service/main/app-Alarm") for name in names)
    assert {alarm["AlarmName"]: alarm["Threshold"] for alarm in _alarms(network)}.keys() == names
    assert sorted(alarm["Threshold"] for alarm in _alarms(network)) == [45.0, 50.0]
    again = _tracking(scaling, 60.0)
    assert again["PolicyARN"] == answer["PolicyARN"]
    assert sorted(alarm["Threshold"] for alarm in _alarms(network)) == [54.0, 60.0]
    scaling.delete_scaling_policy(PolicyName="cpu", **_KEY)
    assert _alarms(network) == []


def test_policies_go_with_their_target(network: Network, scaling: Any) -> None:
    scaling.register_scalable_target(**_KEY, MinCapacity=1, MaxCapacity=4)
    _tracking(scaling)
    scaling.put_scheduled_action(ScheduledActionName="night", Schedule="rate(1 day)", **_KEY)
    scaling.deregister_scalable_target(**_KEY)
    assert scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"] == []
    assert scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"] == []
    assert _alarms(network) == []
