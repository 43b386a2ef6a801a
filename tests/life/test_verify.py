"""Each way of the write-ups in which a deployed stack is dead: broken by hand, found, and mended by its fix.

And what a newcomer sees of a stack that is well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from provisioner import operation
from provisioner.cli import main
from provisioner.stop import Stop
from provisioner.verify import Mark, Result, expectations, results, setting
from tests.life.breaches import BREACHES, MULTI_SERVICE, PRIVATE_LAMBDA, PUBLIC_API, SHORT
from tests.life.breaking import Breach, Rows, revoked
from tests.life.conftest import Bring
from tests.life.systems import Inside, System, Told
from tests.life.tool import ROOT

SOON = 0.5
"""Seconds of the sandbox's, in which five minutes of AWS's go by."""


def verified(stack: Inside) -> dict[str, Result]:
    """What is found, by what is expected."""
    state = stack.state()
    scene = setting(operation.reading(state, stack.options), state)
    return {one.expectation.what: one for one in results(list(expectations(scene)), scene.resume)}


def failing(found: dict[str, Result]) -> dict[str, str]:
    return {what: one.finding.why for what, one in found.items() if one.finding.mark is Mark.FAIL}


def applied(stack: Inside, lines: Iterable[str]) -> None:
    """Type what a fix says: a command of the tool's, or of AWS's own."""
    for line in dict.fromkeys(lines):
        if line.startswith("provisioner resume "):
            operation.resume(line.split()[2], stack.options, Told(), Stop())
        elif line.startswith("aws "):
            _, service, command, *words = line.split()
            getattr(stack.client(service), command.replace("-", "_"))(**_given(words))


def _given(words: list[str]) -> dict[str, object]:
    """What the options of one of AWS's commands give to its call."""
    rest = [word for word in words if word not in _WAYS]
    flags = {} if rest == words else {"Egress": "--egress" in words}
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return flags | {_camel(key): _typed(key, value) for key, value in pairs}


_WAYS = ("--egress", "--ingress")


def _typed(option: str, value: str) -> object:
    if option.endswith("-number"):
        return int(value)
    return [value] if option.endswith("-ids") else value


def _camel(option: str) -> str:
    return "".join(word.capitalize() for word in option.strip("-").split("-"))


IDS = [f"{system.example}-{place}" for place, (system, _) in enumerate(BREACHES)]


@pytest.mark.parametrize(("system", "rows"), BREACHES, ids=IDS)
def test_what_is_broken_by_hand_is_found_and_mended(bring: Bring, system: System, rows: Rows) -> None:
    stack = bring(system)
    stack.up()
    assert failing(verified(stack)) == {}
    for breaches in rows:
        for one in breaches:
            one.by(stack)
        stack.sandbox.advance(SOON)
        applied(stack, told(verified(stack), breaches))
        stack.sandbox.advance(SOON)
        assert failing(verified(stack)) == {}


def told(found: dict[str, Result], breaches: Iterable[Breach]) -> list[str]:
    """All that is said to mend these, each of which is found."""
    fixes: list[str] = []
    for one in breaches:
        finding = found[one.what].finding
        assert finding.mark is Mark.FAIL, one.what
        assert one.why in finding.why
        assert not one.fix or any(line.startswith(one.fix) for line in finding.fix), finding.fix
        fixes += finding.fix
    return fixes


def test_what_the_user_asks_anew_is_nothing_that_hands_changed(bring: Bring) -> None:
    stack = bring(PRIVATE_LAMBDA)
    stack.up()
    within = ("functions.outside-vpc.vpc=true", 'functions.outside-vpc.calls=["web"]')
    stack.up(*within, "functions.caller.timeout=2", "services.web.cpu=512", "services.web.memory=1024")
    assert failing(verified(stack)) == {}


def test_a_newcomer_sees_the_page_two_time_outs_and_private_addresses(
    bring: Bring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = bring(PRIVATE_LAMBDA)
    monkeypatch.chdir(tmp_path)
    given = [word for one in SHORT for word in ("--set", one)]
    assert main(["provision", str(stack.system.file), "--verify", "-q", *given]) == 0
    assert capsys.readouterr().out == ""
    assert main(["verify"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "private-lambda: 20 expectations"
    assert lines[-1].startswith("20 pass (")
    said = {re.split(r"  +", line.strip(), maxsplit=3)[1]: line for line in lines[1:-1]}
    page = said["caller gets an answer of web"]
    assert re.search(r'HTTP 200, "Simple PHP App", from 10\.0\.[23]\.\d+, 10\.0\.[23]\.\d+$', page), page
    for control, why in (("wrong-group", "no rule lets tcp 80 in from"), ("outside-vpc", "is a private address")):
        line = said[f"{control} (control) gets no answer of web"]
        assert "Task timed out after 1.00 seconds" in line
        assert why in line
    private = said["the load balancer's name stands for private addresses only"]
    assert re.search(r"10\.0\.[23]\.\d+, 10\.0\.[23]\.\d+ \(its interfaces' own\)$", private), private


def test_programs_get_a_line_of_json_for_each(
    bring: Bring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = bring(PUBLIC_API)
    monkeypatch.chdir(tmp_path)
    stack.up()
    revoked("rule-load-balancer-from-0.0.0.0-0-80")(stack)
    assert main(["verify", "public-api", "--json"]) == 1
    *told, last = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (bad,) = [one for one in told if one["what"] == "internet reaches web"]
    assert (bad["event"], bad["found"], bad["about"]) == ("expectation", "fail", "load-balancer")
    assert bad["fix"] == ["provisioner resume public-api", "sets rule-load-balancer-from-0.0.0.0-0-80 right again"]
    assert (last["event"], last["failed"]) == ("verified", 2)
    assert last["passed"] == len(told) - 2
    assert main(["verify", "public-api", "-q"]) == 1
    quiet = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in quiet if not line.startswith("    ")] == ["FAIL", "FAIL"]


WRITTEN = """
[[expect]]
from = "caller"
to = "web"
status = 200
contains = "Congratulations"

[[expect]]
from = "outside-vpc"
to = "web"
reaches = true

[[expect]]
from = "wrong-group"
to = "web"
port = 81
reaches = false

[[expect]]
from = "caller"
path = "/nothing"
status = 404

[[expect]]
name = "a bucket"
from = "web"
to = "s3"
"""


def test_what_the_file_expects_goes_before_what_follows_by_itself(bring: Bring, tmp_path: Path) -> None:
    file = tmp_path / "private-lambda.toml"
    source = PRIVATE_LAMBDA.file.read_text().replace("../lambda_payload", str(ROOT / "lambda_payload"))
    file.write_text(source + WRITTEN)
    stack = bring(PRIVATE_LAMBDA)
    operation.provision(file, SHORT, None, stack.options, Told(), Stop())
    found = verified(stack)
    assert failing(found) == {
        "outside-vpc gets an answer of web": "Task timed out after 1.00 seconds; it hangs: internet: "
        f"{found['outside-vpc gets an answer of web'].finding.why.split('internet: ')[1]}",
    }
    assert found["caller is answered by web"].finding.why == 'HTTP 200, "Simple PHP App"'
    assert found["caller is answered by anybody/nothing"].finding.mark is Mark.PASS
    assert "is not there" not in found["wrong-group does not reach web at port 81"].finding.why
    assert found["a bucket"].finding.mark is Mark.PASS
    assert "caller gets an answer of web" not in found  # what is written says it


def test_what_may_not_be_read_cannot_be_told(bring: Bring) -> None:
    stack = bring(MULTI_SERVICE)
    stack.up()
    refused = {
        "service": "ecs",
        "action": "DescribeServices",
        "do": "error",
        "code": "AccessDeniedException",
        "status": 403,
        "message": "User: arn:x is not authorized to perform: ecs:DescribeServices on resource: *",
        "times": None,
    }
    state = stack.state()
    scene = setting(operation.reading(state, stack.options), state)
    stack.sandbox.faults([refused])
    found = {one.expectation.what: one.finding for one in results(list(expectations(scene)), scene.resume)}
    stack.sandbox.clear_faults()
    finding = found["service webapp is steady"]
    assert (finding.mark, "DescribeServices" in finding.why) == (Mark.UNKNOWN, True)
    assert finding.fix == ("give the caller ecs:DescribeServices",)
