"""A verdict as people and programs read it, and the command without a stack."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from provisioner.cli import main
from provisioner.reach import judge
from provisioner.report import fixes
from provisioner.report import reach as report
from tests.provisioner.fake_operation import DESTROYED, FakeOperations, tools
from tests.provisioner.reach_snapshots import balanced, group, named, network, owned, rule, snapshot
from tests.test_imports import ROOT, importing


def test_how_a_verdict_is_told() -> None:
    shut = named(group("sg-a"), group("sg-b", rule("sg-b", "10.9.0.0/16", port=80)))
    found = judge(snapshot(network(groups=shut)), "eni-a", "eni-b", 80)
    assert report.lines(found) == [
        "eni-a does not reach eni-b at port 80: it hangs",
        "  from  eni-a, 10.0.0.10 in subnet-a",
        "  to    10.0.1.10 at 80",
        "  ok    sg-a   lets tcp 80 out to 0.0.0.0/0  [sgr-sg-a-out]",
        "  ok    acl-1  let it pass, and its answer, at 2 edges of subnets",
        "  STOP  sg-b   no rule lets tcp 80 in from 10.0.0.10, a member of sg-a",
        "  fix   aws ec2 authorize-security-group-ingress --group-id sg-b --protocol tcp --port 80 "
        "--source-group sg-a",
    ]
    assert len(report.lines(found, whole=True)) == len(report.lines(found)) + 1
    told = json.loads(json.dumps(report.as_event("demo", found)))
    assert (told["outcome"], told["ways"][0]["stop"]["fails"]) == ("blocked", "hangs")


def test_a_terminal_cuts_no_words_and_no_id_makes_room_for_itself() -> None:
    mine = owned(ids={"security-group-of-those-who-answer": "sg-b", "security-group-of-those-who-ask": "sg-a"})
    shut = named(group("sg-a"), group("sg-b", rule("sg-b", "10.9.0.0/16", port=80)))
    found = judge(snapshot(network(groups=shut), owned=mine), "eni-a", "eni-b", 80)
    piped = report.lines(found)
    assert piped[3:6] == [
        "  ok    security-group-of-those-who-ask     lets tcp 80 out to 0.0.0.0/0  [sgr-sg-a-out]",
        "  ok    acl-1                               let it pass, and its answer, at 2 edges of subnets",
        "  STOP  security-group-of-those-who-answer (sg-b)  no rule lets tcp 80 in from 10.0.0.10, a member of "
        "security-group-of-those-who-ask",
    ]
    assert report.lines(found, columns=200) == piped
    narrow = report.lines(found, columns=80)
    assert narrow[3:-1] == [
        "  ok    security-group-of-those-who-ask  lets tcp 80 out to 0.0.0.0/0",
        "        [sgr-sg-a-out]",
        "  ok    acl-1  let it pass, and its answer, at 2 edges of subnets",
        "  STOP  security-group-of-those-who-answer (sg-b)  no rule lets tcp 80 in from",
        "        10.0.0.10, a member of security-group-of-those-who-ask",
    ]
    assert narrow[-1] == piped[-1]  # a command is copied whole


def test_what_is_to_be_typed_is_whole() -> None:
    line = f'functions.caller.calls = ["web", "{"b" * 60}"]'
    hint = "(in the stack file; then provision it again)"
    told = ("the first of two sentences, which is longer than a terminal", f"{line}  {hint}", "aws " + "x " * 40)
    margin = " " * 8
    assert fixes.lines(told, "  fix   ") == [f"  fix   {told[0]}", *(margin + one for one in told[1:])]
    assert fixes.lines(told, "  fix   ", 50) == [
        "  fix   the first of two sentences, which is",
        f"{margin}longer than a terminal",
        margin + line,
        margin + hint,
        margin + told[2],
    ]


def test_how_doubts_and_several_ways_are_told() -> None:
    unread = named(group("sg-a"), group("sg-b", rule("sg-b", prefix_list="pl-1", port=80)))
    found = report.lines(judge(snapshot(network(groups=unread)), "eni-a", "eni-b", 80))
    assert found[0] == (
        "whether eni-a reaches eni-b at port 80 cannot be told from here: nothing that is seen stops it"
    )
    assert [line for line in found if line.startswith("  ?")] == [
        "  ?     sgr-sg-b-in  the contents of pl-1, which it lets through, may not be read"
    ]
    some = named(group("sg-a"), group("sg-b", rule("sg-b", "10.0.0.0/25", port=80)))
    half = report.lines(judge(snapshot(network(groups=some)), "10.0.0.0/24", "eni-b", 80))
    assert "ways are open: it works at times" in half[-1]


def test_a_healthy_load_balancer_is_told_by_names() -> None:
    found = judge(balanced("unhealthy", "Target.Timeout"), "eni-c", "web", None)
    assert found.stop is not None
    assert report.headline(found).endswith("it gets HTTP 504")


def test_what_is_destroyed_cannot_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "a", "b"], tools(FakeOperations(DESTROYED))) == 2
    assert "is destroyed" in capsys.readouterr().err


def test_the_analysis_knows_nothing_of_the_sandbox() -> None:
    assert not importing("provisioner/reach", "provisioner.sandbox", "moto")
    assert not importing("provisioner/sandbox", "provisioner.reach")


def test_its_help_loads_nothing_heavy() -> None:
    check = "import sys; from provisioner.cli import main; code = main(['explain', '--help'])\n"
    check += "sys.exit(code or ', '.join(set(sys.modules) & {'boto3', 'botocore', 'pydantic', 'rich'}) or None)"
    done = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "5 nobody can tell from here" in done.stdout
