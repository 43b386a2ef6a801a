"""The handler that asks the service, against a server on loopback."""

from __future__ import annotations

import json
import runpy
import socket
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

_FILE = Path(__file__).parents[2] / "lambda_payload" / "call_service" / "handler.py"
Handler = Callable[[object, object], dict[str, Any]]


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = {
            "/": (200, b"<h1>Congratulations</h1>"),
            "/query?a=1": (200, b"queried"),
            "/broken": (503, b"no task"),
            "/large": (200, b"x" * 70_000),
            "/bytes": (200, b"\xff\xfe"),
        }.get(self.path, (404, b""))
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep quiet."""


class _Context:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


@pytest.fixture
def handler() -> Handler:
    """As Lambda loads it: a file, not a module of the project."""
    found: Handler = runpy.run_path(str(_FILE))["handler"]
    return found


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    target = f"127.0.0.1:{server.server_port}"
    monkeypatch.setenv("FARGATE_ALB_URL", target)
    yield target
    server.shutdown()
    server.server_close()


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """It takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setenv("FARGATE_ALB_URL", f"http://127.0.0.1:{listening.getsockname()[1]}/")
        yield listening


def test_an_answer(handler: Handler, service: str) -> None:
    answer = handler({}, _Context(60))
    assert answer.pop("milliseconds") > 0
    assert answer == {
        "ok": True,
        "url": f"http://{service}/",
        "addresses": ["127.0.0.1"],
        "status": 200,
        "content_type": "text/html",
        "body": "<h1>Congratulations</h1>",
        "truncated": False,
    }


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/query?a=1", 200, "queried"),
        ("/broken", 503, "no task"),
        ("/none", 404, ""),
        ("/bytes", 200, "\ufffd\ufffd"),
    ],
)
def test_every_status_is_an_answer(handler: Handler, service: str, path: str, status: int, body: str) -> None:
    answer = handler({"path": path, "timeout": 5}, _Context(60))
    assert (answer["ok"], answer["status"], answer["body"]) == (True, status, body)


def test_a_large_body_is_cut(handler: Handler, service: str) -> None:
    answer = handler({"path": "/large"}, None)
    assert (len(answer["body"]), answer["truncated"]) == (64 * 1024, True)


def test_a_url_does_as_well_as_a_name(handler: Handler, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARGATE_ALB_URL", f"http://{service}/")
    assert handler(None, None)["status"] == 200


@pytest.mark.parametrize(
    ("target", "kind", "hint"),
    [
        ("127.0.0.1:{closed}", "ConnectionRefusedError", "listener"),
        ("nowhere.invalid", "gaierror", "name is not known"),
        ("ftp://127.0.0.1", "ValueError", "host name or URL"),
        ("127.0.0.1:port", "ValueError", "host name or URL"),
        ("", "LookupError", "set FARGATE_ALB_URL"),
    ],
)
def test_what_cannot_be_reached_is_explained(
    handler: Handler, monkeypatch: pytest.MonkeyPatch, target: str, kind: str, hint: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        closed = listening.getsockname()[1]
    monkeypatch.setenv("FARGATE_ALB_URL", target.format(closed=closed))
    answer = handler({"timeout": 2}, _Context(60))
    assert answer["ok"] is False
    assert answer["error"]["type"] == kind
    assert hint in answer["error"]["hint"]
    assert json.loads(json.dumps(answer)) == answer


def test_without_a_target_it_says_what_to_set(handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FARGATE_ALB_URL", raising=False)
    assert "set FARGATE_ALB_URL" in handler({}, None)["error"]["hint"]


@pytest.mark.parametrize(
    "event", [{"path": "x"}, {"path": "/a b"}, {"path": 1}, {"timeout": "soon"}, {"timeout": -1}, {"timeout": []}]
)
def test_events_that_make_no_sense(handler: Handler, service: str, event: dict[str, object]) -> None:
    assert handler(event, None)["error"]["type"] == "ValueError"


@pytest.mark.parametrize("event", [None, [], "text", 3])
def test_events_of_another_shape_ask_for_nothing_special(handler: Handler, service: str, event: object) -> None:
    assert handler(event, None)["ok"] is True


@pytest.mark.parametrize(
    ("timeout", "left"), [(0.2, 60.0), (30, 0.7)], ids=["its own", "what is left of the function's time"]
)
def test_a_timeout_is_answered_in_time(handler: Handler, deaf: socket.socket, timeout: float, left: float) -> None:
    began = time.monotonic()
    answer = handler({"timeout": timeout}, _Context(left))
    assert answer["error"]["type"] == "TimeoutError"
    assert "security group" in answer["error"]["hint"]
    assert time.monotonic() - began < 2


def test_the_environment_may_set_the_timeout(
    handler: Handler, deaf: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALL_TIMEOUT", "0.1")
    assert handler({}, _Context(60))["error"]["type"] == "TimeoutError"


def test_without_a_timeout_lambdas_own_ends_the_call(handler: Handler, deaf: socket.socket) -> None:
    waiting = Thread(target=handler, args=({}, _Context(0.1)), daemon=True)
    waiting.start()
    waiting.join(0.8)
    assert waiting.is_alive()


def test_a_connection_that_is_closed_is_explained(handler: Handler, deaf: socket.socket) -> None:
    Thread(target=lambda: deaf.accept()[0].close(), daemon=True).start()
    assert handler({"timeout": 5}, None)["error"]["hint"].startswith("the connection was closed")
