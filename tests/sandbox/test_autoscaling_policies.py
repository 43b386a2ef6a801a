"""Application Auto Scaling: the tags of targets, and what policies may say and are found by."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.fargate import Fargate
from tests.sandbox.world import Network, refused

_ECS = {"ServiceNamespace": "ecs"}
_KEY = {**_ECS, "ResourceId": "service/main/app", "ScalableDimension": "ecs:service:DesiredCount"}
_BOUNDS = {"MinCapacity": 1, "MaxCapacity": 4}
_BY_REQUESTS = "ALBRequestCountPerTarget"


@pytest.fixture
def scaling(network: Network) -> Any:
    """A client, and a service that is scaled."""
    network.new_service()
    client = network.sandbox.client("application-autoscaling")
    client.register_scalable_target(**_KEY, **_BOUNDS, Tags={"a": "b"})
    return client


def policy(metric: str = "ECSServiceAverageCPUUtilization", label: str = "", name: str = "cpu") -> dict[str, Any]:
    told = {"PredefinedMetricType": metric, **({"ResourceLabel": label} if label else {})}
    tracking = {"TargetValue": 50.0, "PredefinedMetricSpecification": told}
    kind = {"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": tracking}
    return {"PolicyName": name, **kind, **_KEY}


def names(scaling: Any, **asked: Any) -> list[str]:
    return [one["PolicyName"] for one in scaling.describe_scaling_policies(**_ECS, **asked)["ScalingPolicies"]]


def test_tags_are_given_at_birth_or_by_themselves(scaling: Any) -> None:
    arn = scaling.register_scalable_target(**_KEY, Tags={"late": "1"})["ScalableTargetARN"]
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"a": "b"}
    scaling.tag_resource(ResourceARN=arn, Tags={"c": "d"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"c": "d"}
    scaling.deregister_scalable_target(**_KEY)
    refused(scaling.list_tags_for_resource, "ResourceNotFoundException", ResourceARN=arn)
    again = scaling.register_scalable_target(**_KEY, **_BOUNDS)["ScalableTargetARN"]
    assert scaling.list_tags_for_resource(ResourceARN=again)["Tags"] == {}


def test_policies_are_found_by_name_in_pages(scaling: Any) -> None:
    for name in ("a", "b", "c"):
        scaling.put_scaling_policy(**policy(name=name))
    assert names(scaling, PolicyNames=["c", "a", "x"]) == ["a", "c"]
    assert names(scaling, ResourceId="service/main/ap") == []
    first = scaling.describe_scaling_policies(**_ECS, MaxResults=2)
    assert [one["PolicyName"] for one in first["ScalingPolicies"]] == ["a", "b"]
    assert names(scaling, NextToken=first["NextToken"]) == ["c"]
    dimension = _KEY["ScalableDimension"]
    refused(scaling.describe_scaling_policies, "ValidationException", **_ECS, ScalableDimension=dimension)


def test_a_policy_tells_what_aws_adds(scaling: Any) -> None:
    scaling.put_scaling_policy(**policy())
    (found,) = scaling.describe_scaling_policies(**_ECS)["ScalingPolicies"]
    assert found["TargetTrackingScalingPolicyConfiguration"]["DisableScaleIn"] is False


@pytest.mark.parametrize(
    ("metric", "label"),
    [
        ("DynamoDBReadCapacityUtilization", ""),
        ("ECSServiceAverageCPUUtilization", "app/web/1/targetgroup/web/2"),
        (_BY_REQUESTS, ""),
        (_BY_REQUESTS, "app/web/1/targetgroup/web/2"),
    ],
)
def test_a_metric_must_be_one_of_the_service(scaling: Any, metric: str, label: str) -> None:
    refused(scaling.put_scaling_policy, "ValidationException", **policy(metric, label))
    assert names(scaling) == []


def test_requests_are_those_of_the_services_target_group(network: Network) -> None:
    fargate = Fargate(network.sandbox)
    balanced = fargate.balanced()
    fargate.new_service(**balanced)
    scaling = network.sandbox.client("application-autoscaling")
    scaling.register_scalable_target(**_KEY, **_BOUNDS)
    (balancer,) = fargate.elbv2.describe_load_balancers()["LoadBalancers"]
    ends = [balancer["LoadBalancerArn"], balanced["loadBalancers"][0]["targetGroupArn"]]
    label = f"{ends[0].partition('loadbalancer/')[2]}/{ends[1].rpartition(':')[2]}"
    scaling.put_scaling_policy(**policy(_BY_REQUESTS, label))
    assert names(scaling) == ["cpu"]
    refused(scaling.put_scaling_policy, "ValidationException", **policy(_BY_REQUESTS, f"{label}0"))
