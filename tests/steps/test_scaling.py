"""Auto scaling of services: bounds, policies, and a service that ends although it is scaled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioner.schedule import Failed
from state.record import Record
from steps.base import Job, Need, Step
from steps.lifecycle import Foreign
from steps.scaling import ScalableTarget, ScalingPolicy
from tests.inventory import inventory
from tests.sandbox_fixture import Sandbox
from tests.steps.ground import cluster, definition, ground, service
from tests.steps.lab import REGION, Lab

NOTHING: Any = None
RESOURCE = "service/main/web"
KEY = {"ServiceNamespace": "ecs", "ResourceId": RESOURCE, "ScalableDimension": "ecs:service:DesiredCount"}
OF_TARGET = (Need("target"),)


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return Lab(sandbox, tmp_path)


def target(minimum: int = 1, maximum: int = 3) -> ScalableTarget:
    needs = (Need("service"), Need("cluster"))
    bounds = {"minimum": minimum, "maximum": maximum}
    return ScalableTarget(name="target", needs=needs, service="service", cluster="cluster", **bounds)


def policy(**more: Any) -> ScalingPolicy:
    wanted: dict[str, Any] = {"metric": "ECSServiceAverageCPUUtilization", "value": 60, "policy_name": "cpu"}
    return ScalingPolicy(**{"name": "policy", "needs": OF_TARGET, "target": "target", **wanted, **more})


def running(minimum: int = 1, maximum: int = 3) -> list[Step]:
    return [*ground(), cluster(), definition(), service(scaled=(minimum, maximum))]


def registered(lab: Lab) -> dict[str, Any]:
    scaling = lab.client("application-autoscaling")
    (found,) = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    return dict(found)


def policies(lab: Lab) -> list[dict[str, Any]]:
    scaling = lab.client("application-autoscaling")
    found: list[dict[str, Any]] = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    return found


def tracking(lab: Lab) -> dict[str, Any]:
    (found,) = policies(lab)
    return dict(found["TargetTrackingScalingPolicyConfiguration"])


def test_a_service_is_scaled_as_asked_for(lab: Lab) -> None:
    wanted = [*running(), target(), policy(cooldown_in=120, cooldown_out=30)]
    lab.up(wanted)
    found = registered(lab)
    assert (found["ResourceId"], found["MinCapacity"], found["MaxCapacity"]) == (RESOURCE, 1, 3)
    scaling = lab.client("application-autoscaling")
    tags = scaling.list_tags_for_resource(ResourceARN=found["ScalableTargetARN"])["Tags"]
    assert tags["provisioner:step"] == "target"
    assert tracking(lab) == {
        "TargetValue": 60.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
        "ScaleInCooldown": 120,
        "ScaleOutCooldown": 30,
        "DisableScaleIn": False,
    }
    assert len(lab.client("cloudwatch").describe_alarms()["MetricAlarms"]) == 2
    assert lab.changed(wanted) == []


def test_all_ends_in_order_and_leaves_nothing(lab: Lab) -> None:
    """The target goes first: it would bring the service back from zero."""
    lab.up([*running(), target(), policy()])
    lab.client("ecs").update_service(cluster="main", service="web", desiredCount=3)
    lab.sandbox.forget_calls()
    lab.down()
    asked = ("DeleteScalingPolicy", "DeregisterScalableTarget", "UpdateService", "DeleteService")
    calls = [str(call["action"]) for call in lab.sandbox.calls(mutating=True)]
    assert [call for call in calls if call in asked] == list(asked)
    assert inventory(lab.sandbox.endpoint, REGION) == {}


def test_other_bounds_and_values_are_set_in_place(lab: Lab) -> None:
    lab.up([*running(), target(), policy()])
    arn = lab.outputs("target")["arn"]
    wanted = [*running(2, 5), target(2, 5), policy(value=70)]
    assert sorted(lab.changed(wanted)) == ["PutScalingPolicy", "RegisterScalableTarget", "UpdateService"]
    assert (registered(lab)["MinCapacity"], registered(lab)["MaxCapacity"]) == (2, 5)
    assert (tracking(lab)["TargetValue"], lab.outputs("target")["arn"]) == (70.0, arn)
    assert lab.changed(wanted) == []


def test_what_was_changed_by_hand_is_set_right(lab: Lab) -> None:
    wanted = [*running(), target(), policy()]
    lab.up(wanted)
    scaling = lab.client("application-autoscaling")
    scaling.register_scalable_target(**KEY, MaxCapacity=9)
    scaling.put_scaling_policy(
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 10.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageMemoryUtilization"},
        },
        **KEY,
    )
    assert sorted(lab.changed(wanted)) == ["PutScalingPolicy", "RegisterScalableTarget"]
    assert sorted(lab.notices()) == ["set the bounds to 1 and 3 tasks", "set the policy"]
    assert (registered(lab)["MaxCapacity"], tracking(lab)["TargetValue"]) == (3, 60.0)


def test_what_was_deregistered_by_hand_is_made_again(lab: Lab) -> None:
    """Its policies have gone with it."""
    wanted = [*running(), target(), policy()]
    lab.up(wanted)
    lab.client("application-autoscaling").deregister_scalable_target(**KEY)
    assert sorted(lab.changed(wanted)) == ["PutScalingPolicy", "RegisterScalableTarget"]
    assert len(policies(lab)) == 1
    assert lab.changed(wanted) == []


@pytest.mark.parametrize("action", ["RegisterScalableTarget", "PutScalingPolicy"])
def test_a_lost_answer_makes_nothing_twice(lab: Lab, action: str) -> None:
    wanted = [*running(), target(), policy()]
    lab.sandbox.faults([{"action": action, "do": "drop-after", "times": 2}])
    lab.up(wanted)
    assert (registered(lab)["ResourceId"], len(policies(lab))) == (RESOURCE, 1)
    assert lab.outputs("target")["arn"] == registered(lab)["ScalableTargetARN"]
    assert lab.changed(wanted) == []
    lab.down()
    assert inventory(lab.sandbox.endpoint, REGION) == {}


def test_a_target_that_somebody_else_registered_stays(lab: Lab) -> None:
    lab.up(running())
    lab.client("application-autoscaling").register_scalable_target(**KEY, MinCapacity=1, MaxCapacity=2)
    with pytest.raises(Foreign, match=f"scalable target {RESOURCE} exists already"):
        lab.up([*running(), target()])
    assert registered(lab)["MaxCapacity"] == 2


def test_a_policy_that_somebody_else_made_stays(lab: Lab) -> None:
    lab.up([*running(), target()])
    body = {"TargetValue": 10.0, "PredefinedMetricSpecification": {"PredefinedMetricType": policy().metric}}
    lab.client("application-autoscaling").put_scaling_policy(
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=body,
        **KEY,
    )
    with pytest.raises(Foreign, match="scaling policy"):
        lab.up([*running(), target(), policy()])
    assert tracking(lab)["TargetValue"] == 10.0


def test_requests_are_counted_at_a_target_group() -> None:
    prefix = "arn:aws:elasticloadbalancing:us-east-1:123456789012:"
    needs = {
        "target": Record("target", "scalable_target", id=RESOURCE),
        "balancer": Record("balancer", "load_balancer", id=f"{prefix}loadbalancer/app/front/778d41231b141a0f"),
        "group": Record("group", "target_group", id=f"{prefix}targetgroup/web/943f017f100becff"),
    }
    counted = policy(metric="ALBRequestCountPerTarget", load_balancer="balancer", target_group="group")
    asked = counted.request(Job(NOTHING, Record("policy", "scaling_policy"), needs))
    assert asked["ResourceId"] == RESOURCE
    assert asked["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"] == {
        "PredefinedMetricType": "ALBRequestCountPerTarget",
        "ResourceLabel": "app/front/778d41231b141a0f/targetgroup/web/943f017f100becff",
    }


def test_what_cannot_be_is_told_in_aws_words(lab: Lab) -> None:
    """Requests of a service that no load balancer knows."""
    counted = policy(metric="ALBRequestCountPerTarget")
    with pytest.raises(Failed, match="does not name a target group that is attached to the service"):
        lab.up([*running(), target(), counted])
