"""Target groups."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.world import Network, refused

_TCP = {"Protocol": "TCP"}


def _refused(network: Network, code: str, **more: Any) -> str:
    wanted = {"Name": "web", "Protocol": "HTTP", "Port": 80, "VpcId": network.vpc, "TargetType": "ip", **more}
    given = {key: value for key, value in wanted.items() if value is not None}
    return refused(network.elbv2.create_target_group, code, **given)


def _told(network: Network, targets: str) -> dict[str, Any]:
    found: dict[str, Any] = network.elbv2.describe_target_groups(TargetGroupArns=[targets])["TargetGroups"][0]
    return found


@pytest.mark.parametrize("name", ["a" * 33, "my_app", "-web", "web-"])
def test_names_that_are_refused(network: Network, name: str) -> None:
    _refused(network, "ValidationError", Name=name)


@pytest.mark.parametrize(
    "more",
    [
        {"Protocol": None},
        {"Port": None},
        {"VpcId": None},
        {"VpcId": "vpc-0123456789abcdef0"},
        {"Port": 65536},
        {"HealthCheckIntervalSeconds": 301},
        {"HealthCheckTimeoutSeconds": 121, "HealthCheckIntervalSeconds": 200},
        {"HealthyThresholdCount": 11},
        {"UnhealthyThresholdCount": 11},
        {"HealthCheckIntervalSeconds": 10, "HealthCheckTimeoutSeconds": 10},
        {"HealthCheckIntervalSeconds": 5},  # the time-out is 5 where the call names none
        {"HealthCheckPath": "health"},
        {"HealthCheckProtocol": "TCP"},
        {**_TCP, "HealthCheckProtocol": "UDP"},
        {"Matcher": {"HttpCode": "500"}},
        {"Matcher": {"HttpCode": "200-500"}},
        {"Matcher": {"HttpCode": "ok"}},
        {**_TCP, "HealthCheckProtocol": "HTTP", "Matcher": {"HttpCode": "600"}},
    ],
)
def test_settings_that_are_refused(network: Network, more: dict[str, Any]) -> None:
    _refused(network, "ValidationError", **more)


@pytest.mark.parametrize(
    "more",
    [
        {"HealthCheckIntervalSeconds": 300, "HealthCheckTimeoutSeconds": 120, "HealthyThresholdCount": 10},
        {"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 2, "UnhealthyThresholdCount": 2},
        {"HealthCheckPath": "/health", "Matcher": {"HttpCode": "200,204,301-399"}},
        {**_TCP, "HealthCheckIntervalSeconds": 10, "HealthCheckTimeoutSeconds": 10},
        {**_TCP, "HealthCheckProtocol": "HTTP", "Matcher": {"HttpCode": "200-599"}},
    ],
)
def test_settings_that_are_taken(network: Network, more: dict[str, Any]) -> None:
    found = _told(network, network.new_targets(**more))
    assert {key: found[key] for key in more} == more


def test_matchers_are_not_for_checks_by_tcp(network: Network) -> None:
    _refused(network, "InvalidConfigurationRequest", **_TCP, Matcher={"HttpCode": "200"})


def test_defaults_of_a_group_that_is_checked_by_http(network: Network) -> None:
    found = _told(network, network.new_targets(**_TCP, HealthCheckProtocol="HTTP"))
    assert (found["HealthCheckPath"], found["Matcher"]) == ("/", {"HttpCode": "200-399"})


def test_an_identical_target_group_is_the_existing_one(network: Network) -> None:
    first = network.new_targets()
    assert network.new_targets() == first
    assert network.new_targets(HealthCheckIntervalSeconds=30, HealthCheckPath="/") == first
    _refused(network, "DuplicateTargetGroupName", Port=81)
    _refused(network, "DuplicateTargetGroupName", HealthCheckPath="/other")


def test_a_changed_target_group_is_compared_as_it_is_now(network: Network) -> None:
    targets = network.new_targets()
    network.elbv2.modify_target_group(TargetGroupArn=targets, HealthCheckPath="/new")
    _refused(network, "DuplicateTargetGroupName")
    assert network.new_targets(HealthCheckPath="/new") == targets


def test_a_deleted_target_group_can_be_made_again(network: Network) -> None:
    first = network.new_targets()
    network.elbv2.delete_target_group(TargetGroupArn=first)
    assert network.new_targets() != first


def test_a_used_target_group_stays(network: Network) -> None:
    balancer, targets = network.new_balancer(), network.new_targets()
    network.new_listener(balancer, targets)
    refused(network.elbv2.delete_target_group, "ResourceInUse", TargetGroupArn=targets)
    network.elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    network.elbv2.delete_target_group(TargetGroupArn=targets)


def test_a_target_group_used_by_a_rule_stays(network: Network) -> None:
    balancer, first, second = network.new_balancer(), network.new_targets(), network.new_targets("second")
    listener = network.new_listener(balancer, first)
    condition = {"Field": "path-pattern", "Values": ["/x"]}
    forward = [{"Type": "forward", "TargetGroupArn": second}]
    made = network.elbv2.create_rule(ListenerArn=listener, Priority=1, Conditions=[condition], Actions=forward)
    refused(network.elbv2.delete_target_group, "ResourceInUse", TargetGroupArn=second)
    network.elbv2.delete_rule(RuleArn=made["Rules"][0]["RuleArn"])
    network.elbv2.delete_target_group(TargetGroupArn=second)


def test_changes(network: Network) -> None:
    targets = network.new_targets(HealthCheckIntervalSeconds=20)
    change = network.elbv2.modify_target_group
    change(TargetGroupArn=targets, HealthCheckTimeoutSeconds=19, Matcher={"HttpCode": "204"})
    found = _told(network, targets)
    assert (found["HealthCheckTimeoutSeconds"], found["Matcher"]) == (19, {"HttpCode": "204"})
    refused(change, "ValidationError", TargetGroupArn=targets, HealthCheckTimeoutSeconds=20)
    refused(change, "ValidationError", TargetGroupArn=targets, HealthCheckIntervalSeconds=19)
    refused(change, "ValidationError", TargetGroupArn=targets, HealthCheckPath="x")
    refused(change, "ValidationError", TargetGroupArn=targets, HealthCheckProtocol="TCP")
    refused(change, "TargetGroupNotFound", TargetGroupArn=targets[:-1], HealthCheckPath="/")
