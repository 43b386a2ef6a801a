"""How load balancers, target groups, listeners and rules are listed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.world import Network, refused


def _pages(network: Network, operation: str, name: str, **more: Any) -> list[int]:
    pages = network.elbv2.get_paginator(operation).paginate(PaginationConfig={"PageSize": 2}, **more)
    return [len(page[name]) for page in pages]


def test_everything_comes_in_pages(network: Network) -> None:
    balancers = [network.new_balancer(f"lb{number}") for number in range(3)]
    groups = [network.new_targets(f"tg{number}") for number in range(3)]
    listeners = [network.new_listener(balancers[0], groups[0], 80 + number) for number in range(3)]
    for number in (1, 2):
        condition = {"Field": "path-pattern", "Values": ["/a"]}
        forward = [{"Type": "forward", "TargetGroupArn": groups[0]}]
        wanted = {"Priority": number, "Conditions": [condition], "Actions": forward}
        network.elbv2.create_rule(ListenerArn=listeners[0], **wanted)
    assert _pages(network, "describe_load_balancers", "LoadBalancers") == [2, 1]
    assert _pages(network, "describe_target_groups", "TargetGroups") == [2, 1]
    assert _pages(network, "describe_listeners", "Listeners", LoadBalancerArn=balancers[0]) == [2, 1]
    assert _pages(network, "describe_rules", "Rules", ListenerArn=listeners[0]) == [2, 1]
    refused(network.elbv2.describe_load_balancers, "ValidationError", PageSize=401)
    refused(network.elbv2.describe_load_balancers, "ValidationError", Marker="!")


def test_all_that_are_asked_for_are_there(network: Network) -> None:
    balancer, targets = network.new_balancer(), network.new_targets()
    listener = network.new_listener(balancer, targets)
    (rule,) = network.elbv2.describe_rules(ListenerArn=listener)["Rules"]
    for operation, code, name, arn in (
        ("describe_load_balancers", "LoadBalancerNotFound", "LoadBalancerArns", balancer),
        ("describe_target_groups", "TargetGroupNotFound", "TargetGroupArns", targets),
        ("describe_listeners", "ListenerNotFound", "ListenerArns", listener),
        ("describe_rules", "RuleNotFound", "RuleArns", rule["RuleArn"]),
        ("describe_tags", "LoadBalancerNotFound", "ResourceArns", balancer),
        ("describe_tags", "TargetGroupNotFound", "ResourceArns", targets),
        ("describe_tags", "ListenerNotFound", "ResourceArns", listener),
        ("describe_tags", "RuleNotFound", "ResourceArns", rule["RuleArn"]),
    ):
        call = getattr(network.elbv2, operation)
        call(**{name: [arn]})
        refused(call, code, **{name: [arn, f"{arn}x"]})
    for operation, code in (
        ("describe_load_balancers", "LoadBalancerNotFound"),
        ("describe_target_groups", "TargetGroupNotFound"),
    ):
        call = getattr(network.elbv2, operation)
        call(Names=["web"])
        refused(call, code, Names=["web", "other"])
    refused(network.elbv2.describe_listeners, "LoadBalancerNotFound", LoadBalancerArn=f"{balancer}x")


def test_ways_to_ask(network: Network) -> None:
    balancer, targets = network.new_balancer(), network.new_targets()
    network.new_targets("other")
    assert network.elbv2.describe_target_groups(LoadBalancerArn=balancer)["TargetGroups"] == []
    network.new_listener(balancer, targets)
    (found,) = network.elbv2.describe_target_groups(LoadBalancerArn=balancer)["TargetGroups"]
    assert found["TargetGroupArn"] == targets
    wanted = {"Names": ["web"], "TargetGroupArns": [targets]}
    refused(network.elbv2.describe_target_groups, "ValidationError", **wanted)
    refused(network.elbv2.describe_listeners, "ValidationError")
    refused(network.elbv2.describe_rules, "ValidationError")
    refused(network.elbv2.describe_tags, "ValidationError", ResourceArns=[balancer] * 21)


def test_a_target_group_tells_its_load_balancer_once(network: Network) -> None:
    balancer, targets = network.new_balancer(), network.new_targets()
    for port in (80, 81):
        network.new_listener(balancer, targets, port)
    assert _balancers_of(network, targets) == [balancer]


@pytest.mark.parametrize("way", ["listener", "load balancer", "action"])
def test_a_target_group_does_not_tell_a_load_balancer_that_has_left_it(network: Network, way: str) -> None:
    balancer, targets = network.new_balancer(), network.new_targets()
    listener = network.new_listener(balancer, targets)
    if way == "listener":
        network.elbv2.delete_listener(ListenerArn=listener)
    elif way == "load balancer":
        network.elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    else:
        other = [{"Type": "forward", "TargetGroupArn": network.new_targets("other")}]
        network.elbv2.modify_listener(ListenerArn=listener, DefaultActions=other)
    assert _balancers_of(network, targets) == []


def _balancers_of(network: Network, targets: str) -> list[str]:
    (told,) = network.elbv2.describe_target_groups(TargetGroupArns=[targets])["TargetGroups"]
    found: list[str] = told["LoadBalancerArns"]
    return found
