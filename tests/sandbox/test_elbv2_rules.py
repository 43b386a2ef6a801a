"""Rules of listeners."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.world import Network, refused


def _condition(*values: str, field: str = "path-pattern") -> dict[str, Any]:
    return {"Field": field, "Values": list(values)}


def _wanted(network: Network, **more: Any) -> dict[str, Any]:
    targets = network.new_targets()
    listener = more.pop("ListenerArn", None) or network.new_listener(network.new_balancer(), targets)
    forward = [{"Type": "forward", "TargetGroupArn": targets}]
    conditions = [_condition("/a")]
    return {"ListenerArn": listener, "Priority": 1, "Conditions": conditions, "Actions": forward, **more}


def _rules(network: Network, listener: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = network.elbv2.describe_rules(ListenerArn=listener)["Rules"]
    return found


def test_priorities(network: Network) -> None:
    wanted = _wanted(network)
    call = network.elbv2.create_rule
    call(**wanted)
    text = refused(call, "PriorityInUse", **wanted)
    assert text == "Priority '1' is currently in use"
    refused(call, "ValidationError", **{**wanted, "Priority": 50001})
    call(**{**wanted, "Priority": 50000})
    call(**{**wanted, "Priority": 7})
    found = [rule["Priority"] for rule in _rules(network, wanted["ListenerArn"])]
    assert found == ["1", "7", "50000", "default"]


def test_priorities_change_places(network: Network) -> None:
    wanted = _wanted(network)
    made = [
        network.elbv2.create_rule(**{**wanted, "Priority": priority})["Rules"][0]["RuleArn"]
        for priority in (1, 2, 3)
    ]
    call = network.elbv2.set_rule_priorities
    call(RulePriorities=[{"RuleArn": made[0], "Priority": 2}, {"RuleArn": made[1], "Priority": 1}])
    assert [rule["RuleArn"] for rule in _rules(network, wanted["ListenerArn"])][:2] == [made[1], made[0]]
    refused(call, "PriorityInUse", RulePriorities=[{"RuleArn": made[0], "Priority": 3}])
    default = _rules(network, wanted["ListenerArn"])[-1]["RuleArn"]
    refused(call, "OperationNotPermitted", RulePriorities=[{"RuleArn": default, "Priority": 9}])
    refused(call, "RuleNotFound", RulePriorities=[{"RuleArn": f"{default}x", "Priority": 9}])
    twice = [{"RuleArn": arn, "Priority": 9} for arn in made[:2]]
    refused(call, "ValidationError", RulePriorities=twice)


@pytest.mark.parametrize(
    "conditions",
    [
        [],
        [_condition(*(f"/{number}" for number in range(6)))],
        [_condition("/a", "/b", "/c"), _condition("a.com", "b.com", "c.com", field="host-header")],
        [{"Field": "path-pattern", "PathPatternConfig": {"Values": [f"/{number}" for number in range(6)]}}],
        [_condition("/" + "a" * 128)],
        [_condition("a" * 129, field="host-header")],
        [_condition("/a", field="colour")],
    ],
)
def test_conditions_that_are_refused(network: Network, conditions: list[Any]) -> None:
    refused(network.elbv2.create_rule, "ValidationError", **_wanted(network, Conditions=conditions))


@pytest.mark.parametrize(
    "conditions",
    [
        [_condition("/a", "/b", "/c", "/d", "/e")],
        [_condition("/a", "/b"), _condition("a.com", field="host-header")],
        [{"Field": "host-header", "HostHeaderConfig": {"Values": ["a.com", "*.b.com"]}}],
        [{"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}],
        [_condition("/" + "a" * 127)],
    ],
)
def test_conditions_that_are_taken(network: Network, conditions: list[Any]) -> None:
    wanted = _wanted(network, Conditions=conditions)
    network.elbv2.create_rule(**wanted)
    found = _rules(network, wanted["ListenerArn"])[0]["Conditions"]
    assert [{**told, **given} for told, given in zip(found, conditions, strict=True)] == found


def test_the_default_rule_stays(network: Network) -> None:
    wanted = _wanted(network)
    made = network.elbv2.create_rule(**wanted)["Rules"][0]["RuleArn"]
    default = _rules(network, wanted["ListenerArn"])[-1]["RuleArn"]
    text = refused(network.elbv2.delete_rule, "OperationNotPermitted", RuleArn=default)
    assert text == f"Default rule '{default}' cannot be deleted"
    refused(network.elbv2.modify_rule, "OperationNotPermitted", RuleArn=default, Actions=wanted["Actions"])
    network.elbv2.delete_rule(RuleArn=made)
    refused(network.elbv2.delete_rule, "RuleNotFound", RuleArn=made)


def test_changes(network: Network) -> None:
    wanted = _wanted(network)
    made = network.elbv2.create_rule(**wanted)["Rules"][0]["RuleArn"]
    fixed = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]
    change = network.elbv2.modify_rule
    change(RuleArn=made, Actions=fixed)
    assert _rules(network, wanted["ListenerArn"])[0]["Actions"][0]["Type"] == "fixed-response"
    many = [_condition(*(f"/{number}" for number in range(6)))]
    refused(change, "ValidationError", RuleArn=made, Conditions=many)
    unknown = [{"Type": "forward", "TargetGroupArn": "arn:nobody"}]
    refused(change, "TargetGroupNotFound", RuleArn=made, Actions=unknown)
    refused(change, "RuleNotFound", RuleArn=f"{made}x", Actions=fixed)


def test_target_groups_of_rules(network: Network) -> None:
    wanted = _wanted(network)
    tcp = network.new_targets("tcp", Protocol="TCP")
    forward = [{"Type": "forward", "TargetGroupArn": tcp}]
    refused(network.elbv2.create_rule, "IncompatibleProtocols", **{**wanted, "Actions": forward})
    other = network.new_targets("other")
    network.new_listener(network.new_balancer("other"), other)
    forward = [{"Type": "forward", "TargetGroupArn": other}]
    refused(network.elbv2.create_rule, "TargetGroupAssociationLimit", **{**wanted, "Actions": forward})
    refused(network.elbv2.create_rule, "ListenerNotFound", **{**wanted, "ListenerArn": "arn:nobody"})


def test_network_load_balancers_have_none(network: Network) -> None:
    balancer, targets = network.new_balancer("net", Type="network"), network.new_targets("net", Protocol="TCP")
    forward = [{"Type": "forward", "TargetGroupArn": targets}]
    made = network.elbv2.create_listener(LoadBalancerArn=balancer, Port=80, Protocol="TCP", DefaultActions=forward)
    wanted = _wanted(network, ListenerArn=made["Listeners"][0]["ListenerArn"], Actions=forward)
    text = refused(network.elbv2.create_rule, "InvalidConfigurationRequest", **wanted)
    assert text == "Rules are not supported for load balancers of type 'network'"
