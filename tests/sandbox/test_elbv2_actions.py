"""What listeners and rules may say: redirects, fixed responses, conditions; and health checks by TCP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.world import Network, refused

_ELSEWHERE = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}


def _redirect(**more: str) -> list[dict[str, Any]]:
    return [{"Type": "redirect", "RedirectConfig": {**_ELSEWHERE, **more}}]


def _fixed(**more: str) -> list[dict[str, Any]]:
    return [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", **more}}]


def _calls(network: Network) -> list[tuple[Callable[..., Any], str, dict[str, Any]]]:
    """Each call that takes actions, with the parameter that takes them and what else it needs."""
    balancer, elbv2 = network.new_balancer(), network.elbv2
    listener = network.new_listener(balancer, network.new_targets())
    condition = {"Field": "path-pattern", "Values": ["/a"]}
    wanted: dict[str, Any] = {"ListenerArn": listener, "Priority": 1, "Conditions": [condition]}
    rule = elbv2.create_rule(**wanted, Actions=_fixed())["Rules"][0]["RuleArn"]
    return [
        (elbv2.create_listener, "DefaultActions", {"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 81}),
        (elbv2.modify_listener, "DefaultActions", {"ListenerArn": listener}),
        (elbv2.create_rule, "Actions", {**wanted, "Priority": 2}),
        (elbv2.modify_rule, "Actions", {"RuleArn": rule}),
    ]


@pytest.mark.parametrize(
    "actions",
    [
        _redirect(StatusCode="HTTP_303"),
        _redirect(Port="70000"),
        _redirect(Port="https"),
        _redirect(Protocol="TCP"),
        _redirect(Path="elsewhere"),
        _fixed(StatusCode="302"),
        _fixed(StatusCode="4040"),
        _fixed(MessageBody="a" * 1025),
        _fixed() + _redirect(),
    ],
)
def test_actions_that_are_refused(network: Network, actions: list[dict[str, Any]]) -> None:
    for call, parameter, more in _calls(network):
        refused(call, "ValidationError", **more, **{parameter: actions})


@pytest.mark.parametrize(
    "actions",
    [
        _redirect(),
        _redirect(Port="#{port}", Protocol="#{protocol}", Path="/#{path}/x", StatusCode="HTTP_302"),
        _fixed(StatusCode="503", MessageBody="a" * 1024),
    ],
)
def test_actions_that_are_taken(network: Network, actions: list[dict[str, Any]]) -> None:
    for call, parameter, more in _calls(network):
        call(**more, **{parameter: actions})


def test_a_listener_may_keep_its_actions(network: Network) -> None:
    _, (change, _, listener), *_ = _calls(network)
    change(**listener, Port=82)


@pytest.mark.parametrize(
    "conditions",
    [
        [{"Field": "path-pattern", "Values": ["/a"], "PathPatternConfig": {"Values": ["/a"]}}],
        [{"Field": "path-pattern", "Values": ["/a"]}, {"Field": "path-pattern", "Values": ["/b"]}],
        [{"Field": "path-pattern", "Values": ["/a b"]}],
        [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/ok", "/a#b"]}}],
        [{"Field": "host-header", "Values": ["a_b.example.com"]}],
    ],
)
def test_conditions_that_are_refused(network: Network, conditions: list[dict[str, Any]]) -> None:
    for call, parameter, more in _calls(network)[2:]:
        wanted = {**more, parameter: _fixed(), "Conditions": conditions}
        refused(call, "ValidationError", **wanted)


def test_values_are_told_in_both_places(network: Network) -> None:
    condition = {"Field": "host-header", "HostHeaderConfig": {"Values": ["*.example.com"]}}
    both = {**condition, "Values": ["*.example.com"]}
    for call, parameter, more in _calls(network)[2:]:
        (rule,) = call(**{**more, parameter: _fixed(), "Conditions": [condition]})["Rules"]
        assert rule["Conditions"] == [both]
        (found,) = network.elbv2.describe_rules(RuleArns=[rule["RuleArn"]])["Rules"]
        assert found["Conditions"] == [both]


def test_redirects_stay_secure(network: Network) -> None:
    iam = network.sandbox.client("iam")
    made = iam.upload_server_certificate(ServerCertificateName="c", CertificateBody="b", PrivateKey="k")
    certificates = [{"CertificateArn": made["ServerCertificateMetadata"]["Arn"]}]
    wanted = {"LoadBalancerArn": network.new_balancer(), "Protocol": "HTTPS", "Port": 443}
    call = network.elbv2.create_listener
    wrong = _redirect(Protocol="HTTP", Port="80")
    text = refused(call, "InvalidLoadBalancerAction", **wanted, Certificates=certificates, DefaultActions=wrong)
    assert text == "You cannot redirect from HTTPS to HTTP"
    call(**wanted, Certificates=certificates, DefaultActions=_redirect(Port="8443"))


def test_checks_by_tcp_have_no_path(network: Network) -> None:
    wrong = {"Name": "tcp", "Protocol": "TCP", "Port": 80, "VpcId": network.vpc, "HealthCheckPath": "/health"}
    refused(network.elbv2.create_target_group, "InvalidConfigurationRequest", **wrong)
    targets = network.new_targets("tcp", Protocol="TCP", HealthCheckProtocol="HTTP", HealthCheckPath="/health")
    change = network.elbv2.modify_target_group
    (found,) = change(TargetGroupArn=targets, HealthCheckProtocol="TCP")["TargetGroups"]
    assert "HealthCheckPath" not in found and "Matcher" not in found
    refused(change, "InvalidConfigurationRequest", TargetGroupArn=targets, HealthCheckPath="/")
    (found,) = network.elbv2.describe_target_groups(TargetGroupArns=[targets])["TargetGroups"]
    assert "HealthCheckPath" not in found and "Matcher" not in found
