"""How expectations are checked and what answers mean, without AWS."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from provisioner.model import Stack
from provisioner.reach import Snapshot, Unfit
from provisioner.reach.snapshot import Network
from provisioner.report import verify as report
from provisioner.verify import requests, running
from provisioner.verify.expectation import Expectation, Finding, Mark, Result, failed, passed, unknown
from provisioner.verify.functions import asks, expectations
from provisioner.verify.invoking import fits, invoke, shortly
from provisioner.verify.scene import Absent, Scene
from provisioner.verify.web import Asked, Door, NoAnswer
from state.record import Phase, Pin, Record, StackState
from steps.aws.context import Aws
from steps.aws.owner import Owner

FUNCTION = {"source": "."}
REFUSAL = "User: arn:x is not authorized to perform: ecs:DescribeServices on resource: *"
NAMED = ClientError({"Error": {"Code": "AccessDenied", "Message": REFUSAL}}, "DescribeServices")
DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeServices")


def scene_of(document: dict[str, Any], lambda_answers: Any = None) -> Scene:
    """A scene in which only Lambda answers: with what `lambda_answers` gives."""
    wanted = Stack.model_validate({"name": "shop", **document})
    records = {
        f"function-{name}": Record(f"function-{name}", "function", Phase.READY, id=f"arn:{name}")
        for name in wanted.functions
    }
    once: Any = SimpleNamespace(functions=SimpleNamespace(invoke=lambda **_: lambda_answers()))
    aws = Aws(once, once, Owner("shop", "1"), "123456789012", "us-east-1")
    state = StackState("shop", "1", Pin("123456789012", "us-east-1"), records=records)
    return Scene(aws, state, wanted, Snapshot("123456789012", "us-east-1", Network()), Door())


def expected(check: Any, **more: Any) -> Expectation:
    return Expectation("it holds", "all", check, **more)


def raising(error: Exception) -> Any:
    def check() -> Finding:
        raise error

    return check


@pytest.mark.parametrize(
    ("error", "mark", "why", "fix"),
    [
        (Absent("it was never made"), Mark.FAIL, "it was never made", "provisioner resume shop"),
        (Unfit("where does it listen? Fix: give a port."), Mark.FAIL, "where does it listen?", "give a port."),
        (DENIED, Mark.UNKNOWN, "DescribeServices", "give the caller this permission"),
        (NAMED, Mark.UNKNOWN, "DescribeServices", "give the caller ecs:DescribeServices"),
        (EndpointConnectionError(endpoint_url="x"), Mark.UNKNOWN, "Could not connect", "AWS or the way to it"),
    ],
)
def test_what_cannot_be_asked(error: Exception, mark: Mark, why: str, fix: str) -> None:
    (result,) = running.results([expected(raising(error))], "provisioner resume shop")
    assert result.finding.mark is mark
    assert why in result.finding.why
    assert fix in result.finding.fix[0]
    assert "resume" not in fix or mark is Mark.FAIL


def test_a_bug_is_told_and_does_not_hang() -> None:
    with pytest.raises(ZeroDivisionError):
        list(running.results([expected(raising(ZeroDivisionError()))], ""))


def test_all_run_at_once_but_those_of_a_lane() -> None:
    met, order = threading.Barrier(2, timeout=5), list[str]()

    def meet() -> Finding:
        met.wait()
        return passed()

    def noted(name: str) -> Any:
        def check() -> Finding:
            order.append(name)
            return passed(name)

        return check

    lane = [expected(noted(str(number)), lane="requests") for number in range(4)]
    found = list(running.results([expected(meet), *lane, expected(meet)], ""))
    assert order == ["0", "1", "2", "3"]
    assert [one.finding.why for one in found] == ["", "0", "1", "2", "3", ""]  # told in their order


def answering(payload: Any, error: str = "") -> Any:
    def answer() -> dict[str, Any]:
        raw: dict[str, Any] = {"Payload": io.BytesIO(json.dumps(payload).encode())}
        return raw | ({"FunctionError": error} if error else {})

    return answer


PAGE = "<html><title> Simple\n PHP App </title>Congratulations"
ANSWERS = [
    ({"ok": True, "status": 200, "body": PAGE, "addresses": ["10.0.0.1"]}, "", True, 'HTTP 200, "Simple PHP App"'),
    ({"ok": True, "status": 503, "body": "none"}, "", False, 'HTTP 503, "none"'),
    ({"ok": False, "error": {"type": "gaierror", "message": "unknown"}}, "", False, "gaierror: unknown"),
    ({"statusCode": 404, "body": "no"}, "", True, 'HTTP 404, "no"'),
    ({"errorType": "KeyError", "errorMessage": "'x'"}, "Unhandled", False, "KeyError: 'x'"),
    ("just text", "", True, '""just text""'),
]


@pytest.mark.parametrize(("payload", "error", "ok", "said"), ANSWERS)
def test_what_a_functions_answer_means(payload: Any, error: str, ok: bool, said: str) -> None:
    found = invoke(scene_of({"functions": {"f": FUNCTION}}, answering(payload, error)), "f")
    assert (found.ok, found.said, found.timed_out) == (ok, said, False)


TIMED_OUT = "2026-01-01T00:00:00.000Z 01234567-0123-0123-0123-0123456789ab Task timed out after 10.01 seconds"
NEWER = {
    "errorType": "Sandbox.Timedout",
    "errorMessage": "RequestId: 01234567-0123-0123-0123-0123456789ab Error: Task timed out after 10.01 seconds",
}


@pytest.mark.parametrize(
    "answer",
    [
        answering({"errorMessage": TIMED_OUT}, "Unhandled"),
        answering(NEWER, "Unhandled"),
        answering({"ok": False, "error": {"type": "TimeoutError", "message": "timed out"}}),
        raising(ReadTimeoutError(endpoint_url="x")),
    ],
)
def test_who_waits_in_vain_has_timed_out(answer: Any) -> None:
    found = invoke(scene_of({"functions": {"f": FUNCTION}}, answer), "f")
    assert (found.ok, found.timed_out) == (False, True)
    assert "RequestId" not in found.said and "0123" not in found.said


def test_an_answer_is_held_against_what_was_expected() -> None:
    assert fits("page", 200, 200, "pag") == ""
    assert "not 200" in fits("page", 404, 200, None)
    assert "HTTP 500" in fits("page", 500, None, None)
    assert '"x" is not in the answer' in fits("page", 200, None, "x")
    assert shortly("a" * 99).endswith('..."')


INTERNAL = {
    "load_balancer": {},
    "services": {"web": {"image": "x", "port": 80}, "back": {"image": "x", "port": 80, "paths": ["/b"]}},
}
URL = {"ASK": "${load_balancer.dns_name}"}


@pytest.mark.parametrize(
    ("function", "whom"),
    [
        ({"calls": ["web"]}, "web"),
        ({"calls": ["back"]}, "load-balancer"),  # the path that it asks is its own affair
        ({"environment": URL}, "web"),
        ({"environment": {"ASK": "${services.back.url}/b"}}, "back"),
        ({"environment": {"ASK": "plain"}}, ""),
        ({"calls": ["database"]}, ""),
    ],
)
def test_whom_a_function_asks(function: dict[str, Any], whom: str) -> None:
    wanted = Stack.model_validate({"name": "shop", **INTERNAL, "functions": {"f": {**FUNCTION, **function}}})
    assert asks(wanted, "f") == whom


CONTROLS = [
    ({}, {"environment": URL}, True),
    ({}, {"environment": URL, "vpc": False}, True),
    ({"scheme": "internet-facing"}, {"environment": URL, "vpc": False}, False),
    ({"scheme": "internet-facing", "clients": ["192.0.2.0/24"]}, {"environment": URL, "vpc": False}, True),
    ({"clients": ["10.0.0.0/16"]}, {"environment": URL}, True),  # its own group does not let it out
    ({"clients": ["10.0.0.0/16"]}, {"environment": URL, "egress": [{"cidr": "10.0.0.0/16", "port": 80}]}, False),
    ({}, {"environment": URL, "calls": ["web"]}, False),
]


@pytest.mark.parametrize(("balancer", "function", "control"), CONTROLS)
def test_who_is_a_control(balancer: dict[str, Any], function: dict[str, Any], control: bool) -> None:
    document = {**INTERNAL, "load_balancer": balancer, "functions": {"f": {**FUNCTION, **function}}}
    (found,) = expectations(scene_of(document))
    assert ("(control)" in found.what) is control


@pytest.mark.parametrize(
    ("key", "request_line", "covered"),
    [
        ("POST /graphql", "POST /graphql", True),
        ("POST /graphql", "POST ${api.url}/graphql", True),
        ("POST /graphql", "GET /graphql", False),
        ("GET /notes/{id}", "GET /notes/7?all=1", True),
        ("GET /notes/{id}", "GET /notes", False),
        ("ANY /x", "DELETE /x", True),
        ("$default", "GET /whatever", True),
    ],
)
def test_a_route_that_the_file_asks_is_not_asked_by_itself(key: str, request_line: str, covered: bool) -> None:
    document = {
        "functions": {"f": FUNCTION},
        "api": {"routes": {key: "f"}},
        "expect": [{"request": request_line}],
    }
    assert (list(requests.expectations(scene_of(document))) == []) is covered


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.headers["Host"])  # type: ignore[attr-defined]
        ill = len(self.server.asked) < 2 and self.path == "/slow"  # type: ignore[attr-defined]
        self.send_response({"/moved": 301, "/slow": 503 if ill else 200}.get(self.path, 404))
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(b"said")

    def log_message(self, *given: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Any]:
    made = HTTPServer(("127.0.0.1", 0), _Server)
    made.asked = []  # type: ignore[attr-defined]
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def test_a_sandbox_is_asked_at_its_endpoint_by_the_hosts_name(server: Any) -> None:
    door = Door(f"http://127.0.0.1:{server.server_port}")
    api = "https://abc.execute-api.us-east-1.amazonaws.com/x"
    for url in ("http://lb.elb.amazonaws.com/x", "https://api.example.com/x", "http://lb:81/x", api):
        assert door.ask(Asked("GET", url, {})).status == 404
    assert server.asked == [
        "lb.elb.amazonaws.com",
        "api.example.com:443",
        "lb:81",
        "abc.execute-api.us-east-1.amazonaws.com",
    ]


def test_a_redirect_is_an_answer(server: Any) -> None:
    answer = Door().ask(Asked("GET", f"http://127.0.0.1:{server.server_port}/moved", {}))
    assert (answer.status, answer.headers["location"], answer.text) == (301, "/elsewhere", "said")


def test_what_is_new_is_asked_again(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioner.verify.web._PAUSE", 0.01)
    asked = Asked("GET", f"http://127.0.0.1:{server.server_port}/slow", {})
    assert Door(patience=5.0).ask(asked).status == 200
    assert len(server.asked) == 2


def test_nobody_answers() -> None:
    with pytest.raises(NoAnswer, match="refused"):
        Door().ask(Asked("GET", "http://127.0.0.1:1/", {}))


def test_the_report_has_a_line_for_each_and_the_fix_below_it() -> None:
    wanted = [expected(passed), replace(expected(passed), what="it holds, too")]
    found = [
        Result(wanted[0], passed("2 of 2"), 0.04),
        Result(wanted[1], failed("it hangs", "first", "second"), 10.2),
        Result(wanted[1], unknown("nobody sees"), 0.0),
    ]
    assert [line for one in found for line in report.lines(one, wanted)] == [
        "  pass  it holds        0.0 s  2 of 2",
        "  FAIL  it holds, too    10 s  it hangs",
        "        fix  first",
        "             second",
        "  ?     it holds, too   0.0 s  nobody sees",
    ]
    assert [line for one in found for line in report.lines(one, wanted, 35)] == [
        "  pass  0.0 s  it holds: 2 of 2",
        "  FAIL   10 s  it holds, too: it",
        "               hangs",
        "        fix  first",
        "             second",
        "  ?     0.0 s  it holds, too:",
        "               nobody sees",
    ]
    assert report.heading("shop", wanted) == "shop: 2 expectations"
    waiting = [*wanted, *(expected(passed, expected=6.0, lane="one") for _ in range(2))]
    assert report.heading("shop", waiting) == "shop: 4 expectations, in about 12 s"
    assert report.closing(found, 10.2) == "1 pass, 1 fail, 1 cannot be told from here (10 s)"
    assert report.summary("shop", found, 10.2) == {
        "stack": "shop",
        "passed": 1,
        "failed": 1,
        "unknown": 1,
        "seconds": 10.2,
    }
