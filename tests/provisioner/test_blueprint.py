"""From a stack to its steps: what the main job consists of, and who needs whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioner.blueprint import Site, steps_of
from provisioner.blueprint.plan import Plan, subnet_blocks
from provisioner.stack import Stack, load
from steps.base import Step, Until
from steps.registry import KINDS

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "private-lambda.toml"
SITE = Site("123456789012", "us-east-1", "aws", ("us-east-1a", "us-east-1b"))


def blueprint(*overrides: str) -> dict[str, Step]:
    stack = load(EXAMPLE, overrides)
    return {step.name: step for step in steps_of(stack, SITE, dict.fromkeys(stack.functions, "sha"))}


def fields(step: Step) -> Any:
    return step


def test_the_list_works_one_by_one() -> None:
    done: set[str] = set()
    for name, step in blueprint().items():
        assert {need.step for need in step.needs} <= done, name
        done.add(name)


def test_names_are_unique() -> None:
    stack = load(EXAMPLE)
    steps = steps_of(stack, SITE, dict.fromkeys(stack.functions, "sha"))
    assert len(steps) == len({step.name for step in steps})


def test_every_kind_is_registered_under_its_own_key() -> None:
    assert all(KINDS[step.kind] is type(step) for step in blueprint().values())


def test_subnets_are_the_blocks_of_the_network_in_order() -> None:
    assert subnet_blocks(Plan(load(EXAMPLE), SITE)) == [
        ("public", "us-east-1a", "10.0.0.0/24"),
        ("public", "us-east-1b", "10.0.1.0/24"),
        ("private", "us-east-1a", "10.0.2.0/24"),
        ("private", "us-east-1b", "10.0.3.0/24"),
    ]


@pytest.mark.parametrize(("choice", "count"), [("one", 1), ("per-az", 2)])
def test_nat_gateways_and_where_the_private_subnets_go(choice: str, count: int) -> None:
    steps = blueprint(f"network.nat_gateways={choice}")
    gateways = [name for name in steps if name.startswith("nat-gateway")]
    assert len(gateways) == count
    assert fields(steps["route-private-us-east-1b-internet"]).target == gateways[-1]


def test_the_load_balancer_and_the_tasks_are_in_private_subnets() -> None:
    steps = blueprint()
    private = ("subnet-private-us-east-1a", "subnet-private-us-east-1b")
    assert fields(steps["load-balancer"]).subnets == private
    assert fields(steps["service-web"]).subnets == private
    assert fields(steps["function-caller"]).subnets == private
    assert fields(steps["function-outside-vpc"]).subnets == ()


def test_the_rules_are_exactly_those_needed() -> None:
    rules = {
        (rule.group, rule.direction, rule.port, rule.peer or rule.cidr)
        for rule in map(fields, blueprint().values())
        if rule.kind == "security_group_rule"
    }
    balancer, tasks = "security-group-load-balancer", "security-group-service-web"
    caller, wrong = "security-group-function-caller", "security-group-function-wrong-group"
    assert rules == {
        (caller, "egress", 80, balancer),
        (balancer, "ingress", 80, caller),
        (balancer, "egress", 80, tasks),
        (tasks, "ingress", 80, balancer),
        (tasks, "egress", 443, "0.0.0.0/0"),
        (wrong, "egress", 80, "10.0.0.0/16"),
    }


def test_the_service_waits_for_all_that_its_tasks_need() -> None:
    needs = {need.step: need.until for need in blueprint()["service-web"].needs}
    assert needs["nat-gateway-us-east-1a"] is Until.READY
    assert {"listener-80", "policy-web-execution", "log-group-service-web"} <= needs.keys()
    assert {"rule-service-web-to-0.0.0.0-0-443", "route-private-us-east-1b-internet"} <= needs.keys()


def test_what_may_overlap_does() -> None:
    steps = blueprint()
    until = {need.step: need.until for need in steps["listener-80"].needs}
    assert until["load-balancer"] is Until.EXISTS
    until = {need.step: need.until for need in steps["route-private-us-east-1a-internet"].needs}
    assert until["nat-gateway-us-east-1a"] is Until.EXISTS
    until = {need.step: need.until for need in steps["function-caller"].needs}
    assert until["load-balancer"] is Until.EXISTS


def test_lambdas_slow_interfaces_hold_up_only_what_they_hang_on() -> None:
    held = {need.step for need in blueprint()["function-caller"].needs if need.holds}
    assert "security-group-function-caller" in held
    assert "subnet-private-us-east-1a" in held
    assert "role-caller-function" in held
    assert "load-balancer" not in held


def test_without_container_insights_its_log_group_is_not_made() -> None:
    assert "log-group-container-insights" in blueprint()
    assert "log-group-container-insights" not in blueprint("cluster.container_insights=false")


def test_a_stack_of_functions_alone_has_no_containers() -> None:
    source = load(EXAMPLE).functions["caller"].source
    stack = Stack.model_validate({"name": "lone", "functions": {"f": {"source": str(source)}}})
    kinds = {step.kind for step in steps_of(stack, SITE, {"f": "sha"})}
    assert not kinds & {"load_balancer", "cluster", "service", "target_group", "task_definition"}
    assert "function" in kinds
