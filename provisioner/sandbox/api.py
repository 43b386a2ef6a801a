"""The sandbox's own API, under `/_sandbox/`: JSON in, JSON out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from provisioner.sandbox import furnish, quotas
from provisioner.sandbox.network import api as network
from provisioner.sandbox.web import Wsgi
from provisioner.sandbox.world import World

PREFIX = "/_sandbox/"
Route = Callable[[World, Any], Any]


def _reset(world: World, body: Any) -> Any:
    world.reset(**(body or {}))
    return world.identity()


def _forget_calls(world: World, body: Any) -> Any:
    world.calls.clear()
    return []


def _set_faults(world: World, body: Any) -> Any:
    world.faults.add(body if isinstance(body, list) else [body])
    return world.faults.all()


def _forget_faults(world: World, body: Any) -> Any:
    """Requests that wait are dropped: what their faults were set for is over."""
    world.faults.clear()
    return {"dropped": world.holds.drop()}


def _set_latencies(world: World, body: Any) -> Any:
    world.latencies.override(body)
    return world.latencies.all()


def _advance(world: World, body: Any) -> Any:
    with world.lock:
        world.clock.advance(float(body["advance"]))
        return {"now": world.clock.now()}


def _enforce(world: World, body: Any) -> Any:
    with world.lock:
        world.enforcing = bool(body["enforce"])
    return body


def _set_quotas(world: World, body: Any) -> Any:
    with world.lock:
        return quotas.adjust_all(world, body)


_ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "identity"): lambda world, body: world.identity(),
    ("POST", "reset"): _reset,
    ("GET", "calls"): lambda world, body: world.calls.all(),
    ("DELETE", "calls"): _forget_calls,
    ("GET", "faults"): lambda world, body: world.faults.all(),
    ("POST", "faults"): _set_faults,
    ("DELETE", "faults"): _forget_faults,
    ("GET", "held"): lambda world, body: world.holds.all(),
    ("POST", "release"): lambda world, body: {"released": world.holds.release()},
    ("GET", "latencies"): lambda world, body: world.latencies.all(),
    ("POST", "latencies"): _set_latencies,
    ("POST", "clock"): _advance,
    ("POST", "permissions"): _enforce,
    ("POST", "furnish"): furnish.route,
    ("POST", "quotas"): _set_quotas,
    **network.ROUTES,
}


def with_control(world: World, aws: Wsgi) -> Wsgi:
    """The application that serves both AWS's API and the sandbox's own."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        if not path.startswith(PREFIX):
            return aws(environ, start_response)
        status, answer = _control(world, environ["REQUEST_METHOD"], path[len(PREFIX) :], environ["wsgi.input"])
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]

    return app


def _control(world: World, method: str, name: str, body: Any) -> tuple[str, Any]:
    route = _ROUTES.get((method, name))
    if route is None:
        return "404 Not Found", {"error": f"no {method} {PREFIX}{name}"}
    try:
        raw = body.read()
        return "200 OK", route(world, json.loads(raw) if raw else None)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return "400 Bad Request", {"error": f"{type(error).__name__}: {error}"}
