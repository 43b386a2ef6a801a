"""`explain` of what hands moved: it is set right, as `verify` says, before anything is opened."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioner.cli import main
from provisioner.verify.judging import reaches
from tests.life.breaking import moved, rule_before_ours
from tests.life.conftest import Bring
from tests.life.explained import Explained
from tests.life.systems import Inside, System

RESUME = "provisioner resume private-lambda"


def stand(bring: Bring, example: str) -> tuple[Inside, Explained]:
    stack = bring(System(example))
    return stack, Explained(stack)


def test_a_function_that_hands_moved(bring: Bring) -> None:
    """Out of the VPC, where the stack file has it already; and into another group."""
    stack, said = stand(bring, "private-lambda")
    for where in ((), ("private-us-east-1a", "private-us-east-1b")):
        moved("caller", where, "wrong-group" if where else "")(stack)
        said.seen = None
        why = "no rule lets tcp 80 in" if where else "is a private address"
        for name in ("caller", "function-caller", stack.id_of("function-caller")):
            found = said.stopped(name, "web", why, RESUME)
            assert found.fix is not None
            assert (found.fix.kind, found.fix.besides) == ("provisioner", ("sets function-caller right again",))
            assert reaches(said.scene(), name, "web").fix == found.fix.lines
        said.healed(("caller", "web", why, "function-caller"))


def test_the_command_says_so_with_no_change_and_no_other_permission(
    bring: Bring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    stack, _ = stand(bring, "private-lambda")
    stack.sandbox.forget_calls()
    assert main(["explain", "caller", "web"]) == 0
    before = actions(stack)
    moved("caller")(stack)
    stack.sandbox.forget_calls()
    capsys.readouterr()
    assert main(["explain", "caller", "web", "--json"]) == 1
    assert actions(stack) == before
    assert stack.mutations() == []
    told = json.loads(capsys.readouterr().out)
    assert told["fix"]["change"] == RESUME
    assert {way["stop"]["fix"]["change"] for way in told["ways"]} == {RESUME}


def actions(stack: Inside) -> set[tuple[str, str]]:
    return {(call["service"], call["action"]) for call in stack.sandbox.calls()}


def test_tasks_that_hands_put_into_another_group(bring: Bring) -> None:
    stack, said = stand(bring, "private-lambda")
    ecs, (cluster, name) = stack.client("ecs"), stack.id_of("service-web").split("/")[-2:]
    (raw,) = ecs.describe_services(cluster=cluster, services=[name])["services"]
    group = {"securityGroups": [stack.id_of("security-group-function-caller")]}
    place = {**raw["networkConfiguration"]["awsvpcConfiguration"], **group}
    said.emptied("web", networkConfiguration={"awsvpcConfiguration": place})
    said.healed(
        ("load-balancer", "web", "no rule lets tcp 80 out", "service-web"),
        ("caller", "web", "it has no targets; web does not reach the registry", "service-web"),
    )


def test_a_rule_of_somebody_else_before_ours(bring: Bring) -> None:
    """It is to be deleted where it is what gives a request to another one, and not for any other reason."""
    stack, said = stand(bring, "multi-service")
    rule_before_ours(stack)
    elb, listener = stack.client("elbv2"), stack.id_of("listener-80")
    known = elb.describe_rules(ListenerArn=listener)["Rules"]
    (strange,) = (one["RuleArn"] for one in known if one["Priority"] == "1")
    said.stopped("internet", "backend", "rule 1", f"aws elbv2 delete-rule --rule-arn {strange}")
    said.revoke("rule-load-balancer-from-0.0.0.0-0-80")
    found = said.stopped("internet", "backend", "no rule lets tcp 80 in", "provisioner resume multi-service")
    assert found.fix is not None
    assert found.fix.besides == ("sets rule-load-balancer-from-0.0.0.0-0-80 right again",)
    assert reaches(said.scene(), "internet", "backend").fix == found.fix.lines
