"""JSON lines: each one parses, and a program finds what it needs."""

from __future__ import annotations

import io
import json
from datetime import datetime
from typing import Any

from provisioner.events import Notice
from provisioner.report import text
from provisioner.report.json_lines import JsonLines
from provisioner.report.problem import Cause, Problem
from provisioner.report.tally import Tally
from tests.provisioner.scripted import FakeClock, done, started, waiting


def run(*, problem: Problem | None = None) -> list[dict[str, Any]]:
    out = io.StringIO()
    reporter = JsonLines(Tally(FakeClock()), text.Stream(out), text.Stream(io.StringIO()))
    for event in (started("nat"), waiting("nat", "pending", 1.5), Notice("look", "nat", ("a",)), done("nat")):
        reporter.tell(event)
    if problem:
        reporter.failed(problem)
    else:
        reporter.done({"vpc.id": "vpc-1"}, [])
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_every_event_is_a_line_with_its_time() -> None:
    lines = run()
    assert [line["event"] for line in lines] == ["started", "step", "notice", "step", "summary", "outputs"]
    assert all(datetime.fromisoformat(line["at"]).utcoffset() is not None for line in lines)


def test_a_step_tells_all_there_is() -> None:
    step = run()[1]
    assert {key: step[key] for key in ("step", "progress", "said", "id", "waited")} == {
        "step": "nat",
        "progress": "waiting",
        "said": "pending",
        "id": "id-nat",
        "waited": 1.5,
    }


def test_summary_and_outputs() -> None:
    summary, outputs = run()[-2:]
    assert summary["outcomes"] == {"created": 1}
    assert outputs["outputs"] == {"vpc.id": "vpc-1"}


def test_a_destroy_has_no_outputs() -> None:
    out = io.StringIO()
    reporter = JsonLines(Tally(FakeClock()), text.Stream(out), text.Stream(io.StringIO()))
    reporter.tell(started("nat", operation="destroy"))
    reporter.done({}, [])
    assert [json.loads(line)["event"] for line in out.getvalue().splitlines()] == ["started", "summary"]


def test_an_error_is_the_last_line() -> None:
    last = run(problem=Problem(1, "demo failed", (Cause("no more", "ask", ("nat",)),), "provisioner resume demo"))[
        -1
    ]
    assert last["event"] == "error"
    assert (last["exit"], last["message"], last["next"]) == (1, "no more", "provisioner resume demo")
    assert last["causes"][0]["steps"] == ["nat"]
