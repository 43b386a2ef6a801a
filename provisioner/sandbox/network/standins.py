"""Small HTTP servers that stand in for container images."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

from provisioner.sandbox.network.listening import Container, repository
from provisioner.sandbox.network.messages import Headers, Request, Response

_HERE = Path(__file__).with_name("pages")
_HTML = "text/html; charset=UTF-8"

StandIn = Callable[[Container, Request], Response]


def answer(container: Container, request: Request) -> Response:
    """What the stand-in for a container's image answers."""
    return _KNOWN.get(repository(container.image), _echo)(container, request)


def _sample(container: Container, request: Request) -> Response:
    """`amazon/amazon-ecs-sample`: Apache with one page."""
    headers = [("Server", "Apache/2.4.62"), ("Content-Type", _HTML)]
    return _page(request, "ecs-sample.html", ("/", "/index.php"), headers)


def _nginx(container: Container, request: Request) -> Response:
    headers = [("Server", "nginx"), ("Content-Type", "text/html")]
    return _page(request, "nginx.html", ("/", "/index.html"), headers)


def _page(request: Request, page: str, paths: tuple[str, ...], headers: Headers) -> Response:
    if request.path not in paths:
        return Response(404, headers, _text("not-found.html"))
    if request.method not in ("GET", "HEAD"):
        return Response(405, headers, b"")
    return Response(200, headers, _text(page))


def _echo(container: Container, request: Request) -> Response:
    """Everything else answers with what it was asked."""
    told = {
        "method": request.method,
        "path": request.target,
        "headers": dict(request.headers),
        "body": request.body.decode("utf-8", "replace"),
        "client": request.peer,
        "image": container.image,
        "container": container.name,
        "task": container.label,
        "address": f"{container.address}:{container.port}",
    }
    return Response(200, [("Content-Type", "application/json")], json.dumps(told).encode())


@cache
def _text(name: str) -> bytes:
    return (_HERE / name).read_bytes()


_KNOWN: dict[str, StandIn] = {
    "amazon-ecs-sample": _sample,
    "nginx": _nginx,
    "nginx-unprivileged": _nginx,
}
