"""Attributes of load balancers and target groups."""

from __future__ import annotations

import pytest

from tests.sandbox.test_elbv2 import new_network_balancer
from tests.sandbox.world import Network, refused

_UNKNOWN, _UNSUITED = "ValidationError", "InvalidConfigurationRequest"
_DELAY = "deregistration_delay.timeout_seconds"


def _attributes(key: str, value: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value}]


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("idle_timeout.timeout_seconds", "0", _UNKNOWN),
        ("idle_timeout.timeout_seconds", "4001", _UNKNOWN),
        ("idle_timeout.timeout_seconds", "long", _UNKNOWN),
        ("idle_timeout", "60", _UNKNOWN),
        ("routing.http2.enabled", "yes", _UNKNOWN),
        ("dns_record.client_routing_policy", "any_availability_zone", _UNSUITED),
        ("load_balancing.cross_zone.enabled", "false", _UNSUITED),
    ],
)
def test_what_an_application_load_balancer_does_not_take(
    network: Network, key: str, value: str, code: str
) -> None:
    wanted = {"LoadBalancerArn": network.new_balancer(), "Attributes": _attributes(key, value)}
    refused(network.elbv2.modify_load_balancer_attributes, code, **wanted)


def test_attributes_of_load_balancers(network: Network) -> None:
    application, other = network.new_balancer(), new_network_balancer(network, "net")
    change, describe = (
        network.elbv2.modify_load_balancer_attributes,
        network.elbv2.describe_load_balancer_attributes,
    )
    for value in ("1", "4000"):
        change(LoadBalancerArn=application, Attributes=_attributes("idle_timeout.timeout_seconds", value))
    change(LoadBalancerArn=other, Attributes=_attributes("load_balancing.cross_zone.enabled", "true"))
    timeout = _attributes("idle_timeout.timeout_seconds", "60")
    text = refused(change, _UNSUITED, LoadBalancerArn=other, Attributes=timeout)
    assert "load balancers with type 'network'" in text
    refused(change, "LoadBalancerNotFound", LoadBalancerArn=other[:-1], Attributes=timeout)
    found = {item["Key"]: item["Value"] for item in describe(LoadBalancerArn=application)["Attributes"]}
    assert found["idle_timeout.timeout_seconds"] == "4000"
    assert found["load_balancing.cross_zone.enabled"] == "true" and found["routing.http2.enabled"] == "true"
    found = {item["Key"]: item["Value"] for item in describe(LoadBalancerArn=other)["Attributes"]}
    assert found["load_balancing.cross_zone.enabled"] == "true" and "routing.http2.enabled" not in found


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        (_DELAY, "3601", _UNKNOWN),
        (_DELAY, "-1", _UNKNOWN),
        ("deregistration_delay", "10", _UNKNOWN),
        ("slow_start.duration_seconds", "29", _UNKNOWN),
        ("proxy_protocol_v2.enabled", "true", _UNSUITED),
        ("stickiness.type", "source_ip", _UNSUITED),
    ],
)
def test_what_a_target_group_does_not_take(network: Network, key: str, value: str, code: str) -> None:
    wanted = {"TargetGroupArn": network.new_targets(), "Attributes": _attributes(key, value)}
    refused(network.elbv2.modify_target_group_attributes, code, **wanted)


@pytest.mark.parametrize("value", ["0", "30", "3600"])
def test_deregistration_delay(network: Network, value: str) -> None:
    targets = network.new_targets()
    wanted = {"TargetGroupArn": targets, "Attributes": _attributes(_DELAY, value)}
    answer = network.elbv2.modify_target_group_attributes(**wanted)["Attributes"]
    found = network.elbv2.describe_target_group_attributes(TargetGroupArn=targets)["Attributes"]
    assert {"Key": _DELAY, "Value": value} in found
    assert answer == found
    assert {"Key": "stickiness.type", "Value": "lb_cookie"} in found


def test_attributes_of_an_existing_group_stay(network: Network) -> None:
    targets = network.new_targets()
    wanted = _attributes(_DELAY, "7")
    network.elbv2.modify_target_group_attributes(TargetGroupArn=targets, Attributes=wanted)
    assert network.new_targets() == targets
    assert wanted[0] in network.elbv2.describe_target_group_attributes(TargetGroupArn=targets)["Attributes"]
