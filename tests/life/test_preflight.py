"""Preflight in a run: before the first mutating call, only where there is something to make, and by itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioner import operation
from provisioner.cli import main
from provisioner.exits import Exit
from provisioner.preflight import Finding, Level, NotReady
from provisioner.recorded import NoSuchStack
from provisioner.stop import Stop
from tests.life.conftest import Bring
from tests.life.permissions import become, policy, without
from tests.life.systems import SYSTEMS, VARIANTS, Inside, System
from tests.sandbox_fixture import Sandbox

MOST = 40
"""Reads that a preflight may cost."""
ASKING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["iam:SimulatePrincipalPolicy"], "Resource": "*"}],
}
ALONE = System("private-lambda")
PREFLIGHTS = {"GetServiceQuota", "ListServiceQuotas", "GetResources"}


def prepared(bring: Bring, system: System = ALONE) -> Inside:
    """A system whose runs begin with a preflight."""
    stack = bring(system)
    stack.options = replace(stack.options, preflight=True)
    stack.sandbox.forget_calls()
    return stack


def examined(stack: Inside, *asked: str) -> list[Finding]:
    given = (*stack.system.asked, *asked)
    return operation.examine(stack.system.file, given, None, stack.options, stack.told)


def problems(findings: list[Finding]) -> list[str]:
    return [one.what for one in findings if one.level is Level.PROBLEM]


@pytest.mark.parametrize("system", [*SYSTEMS, VARIANTS[0], *VARIANTS[3:]], ids=str)
def test_an_empty_account_is_ready_for_every_system(bring: Bring, system: System) -> None:
    stack = prepared(bring, system)
    found = examined(stack)
    assert problems(found) == []
    assert stack.mutations() == []
    assert len(stack.reads()) <= MOST
    assert not stack.options.folder.exists()


def test_a_problem_stops_the_run_before_anything_is_made_or_recorded(bring: Bring) -> None:
    stack = prepared(bring)
    stack.sandbox.ask("POST", "quotas", {"vpcs": 1, "addresses": 0})
    with pytest.raises(NotReady, match="2 problems") as refused:
        stack.up()
    assert "Elastic IPs per Region: 0 in use, 1 wanted, 0 allowed" in str(refused.value)
    assert stack.mutations() == []
    with pytest.raises(NoSuchStack):
        stack.state()
    stack.options = replace(stack.options, preflight=False)
    stack.sandbox.ask("POST", "quotas", {"vpcs": 5, "addresses": 5})
    stack.up()


def test_warnings_and_who_calls_are_told_and_the_run_goes_on(bring: Bring) -> None:
    stack = prepared(bring)
    tags = [
        {"Key": "provisioner:stack", "Value": "private-lambda"},
        {"Key": "provisioner:stack-id", "Value": "old"},
    ]
    there = [{"ResourceType": "vpc", "Tags": tags}]
    stack.client("ec2").create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=there)
    stack.up()
    told = stack.told.notices()
    assert any(text.startswith("as arn:aws:iam::123456789012:root, in account") for text in told)
    assert any("another stack named private-lambda (old)" in text for text in told)


def test_an_unchanged_stack_pays_nothing_and_one_that_grows_is_examined(bring: Bring) -> None:
    stack = prepared(bring)
    stack.up()
    assert set(stack.reads()) & PREFLIGHTS
    stack.sandbox.forget_calls()
    stack.up()
    assert not set(stack.reads()) & PREFLIGHTS
    assert stack.mutations() == []
    stack.sandbox.ask("POST", "quotas", {"addresses": 1, "vpcs": 1})
    with pytest.raises(NotReady, match=r"1 problem\n.*Elastic IPs per Region: 1 in use, 1 wanted, 1 allowed"):
        stack.up("network.nat_gateways=per-az")
    assert stack.mutations() == []
    assert stack.state().status == "done"


def test_resume_examines_what_is_not_there_yet(bring: Bring) -> None:
    stack = prepared(bring)
    stack.sandbox.faults([{"do": "error", "action": "CreateSubnet", "times": None, "code": "Odd", "status": 400}])
    with pytest.raises(Exception, match="Odd"):
        stack.up()
    stack.sandbox.clear_faults()
    stack.sandbox.forget_calls()
    stack.sandbox.ask("POST", "quotas", {"application-load-balancers": 0, "vpcs": 1})
    with pytest.raises(NotReady, match=r"1 problem\n.*Application Load Balancers"):
        operation.resume("private-lambda", stack.options, stack.told, Stop())
    assert stack.mutations() == []
    stack.sandbox.ask("POST", "quotas", {"application-load-balancers": 50})
    operation.resume("private-lambda", stack.options, stack.told, Stop())


LEAST = [(system, (system.example,)) for system in SYSTEMS] + [
    (VARIANTS[1], ("lambda-database-postgres",)),
    (VARIANTS[2], ("multi-service", "multi-service-nat")),
    (VARIANTS[4], ("multi-service", "multi-service-endpoints")),
]


@pytest.mark.parametrize(("system", "names"), LEAST, ids=["+".join(names) for _, names in LEAST])
def test_the_least_policies_are_enough_for_it(
    bring: Bring, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, system: System, names: tuple[str, ...]
) -> None:
    """They allow no question of it: nothing is judged wrongly for that, whether or not IAM may be asked."""
    stack = prepared(bring, system)
    for more in ((), (ASKING,)):
        become(sandbox, monkeypatch, *map(policy, names), *more)
        found = examined(stack)
        assert problems(found) == []
        simulated = [one for one in found if "simulator allows" in one.what]
        assert len(simulated) == len(more)


def test_missing_permissions_are_all_told_before_anything_is_made(
    bring: Bring, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = ("ec2:AllocateAddress", "ec2:CreateSubnet", "iam:PassRole", "ecs:CreateCluster")
    stack = prepared(bring)
    become(sandbox, monkeypatch, without("private-lambda", *missing), ASKING)
    sandbox.forget_calls()
    with pytest.raises(NotReady) as refused:
        stack.up()
    assert all(action in str(refused.value) for action in missing)
    assert stack.mutations() == []


@pytest.fixture
def here(bring: Bring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inside:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return prepared(bring)


def test_the_command_tells_all_and_says_by_its_exit_code(here: Inside, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preflight", str(ALONE.file)]) == Exit.DONE
    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "ok VPCs per Region: 1 in use, 1 wanted, 5 allowed" in shown
    here.sandbox.ask("POST", "quotas", {"vpcs": 1})
    assert main(["preflight", str(ALONE.file), "--json"]) == Exit.BAD_INPUT
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (problem,) = [one for one in events if one.get("level") == "problem"]
    assert problem["event"] == "finding"
    assert "L-F678F1CE" in problem["fix"]
    assert events[-1]["event"] == "preflight"
    assert events[-1]["problem"] == 1
    assert here.mutations() == []


def test_provision_has_it_unless_told_otherwise(here: Inside, capsys: pytest.CaptureFixture[str]) -> None:
    here.sandbox.ask("POST", "quotas", {"vpcs": 1})
    assert main(["provision", str(ALONE.file), "--json"]) == Exit.BAD_INPUT
    last: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["event"] == "error"
    assert "VPCs per Region" in last["problems"][0]["what"]
    assert here.mutations() == []
    assert main(["provision", str(ALONE.file), "--json", "--no-preflight"]) == Exit.FAILED
    assert "CreateVpc" in here.mutations()
