"""Requests from the internet: `curl -H 'Host: NAME' http://127.0.0.1:PORT/` is answered by whoever has that name.

NAME may be an HTTP API's, a function URL's, a load balancer's own, or a public record that leads to one. What
would hang on AWS is hung up on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID

from provisioner.sandbox.apis import api_calls, function_urls
from provisioner.sandbox.call import Site
from provisioner.sandbox.network import judge, messages, names, ranges, servers, services
from provisioner.sandbox.network.judge import Trace
from provisioner.sandbox.network.listening import Outside, Service
from provisioner.sandbox.network.messages import Headers, Request, Response
from provisioner.sandbox.refusal import Dropped
from provisioner.sandbox.web import Wsgi
from provisioner.sandbox.world import World

_LOCAL = frozenset({"", "localhost"})
_PORT = 80
_REGION = "us-east-1"


def with_balancers(world: World, app: Wsgi) -> Wsgi:
    """`app`, but what is for a load balancer, an HTTP API or a function URL goes there."""

    def opened(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        response = _answer(world, environ)
        if response is None:
            return app(environ, start_response)
        start_response(f"{response.status} {messages.phrase(response.status)}", response.headers)
        return [response.body]

    return opened


def _answer(world: World, environ: dict[str, Any]) -> Response | None:
    """What comes back from this host; None if it is nowhere in the sandbox."""
    host = environ.get("HTTP_HOST", "").lower()
    if api_calls.is_api(name := host.partition(":")[0]):
        return api_calls.answer(world, name, _request(environ))
    if function_urls.is_function_url(name):
        return function_urls.answer(world, name, _request(environ))
    trace = _arrival(world, host)
    if trace is None:
        return None
    if trace.party is None:
        raise Dropped
    return servers.answer(world, trace.party, _request(environ))


def _arrival(world: World, host: str) -> Trace | None:
    """Where a request to this host gets to from the internet; None if that is nowhere in the sandbox's VPCs."""
    name, _, port = host.partition(":")
    if name in _LOCAL or ranges.is_address(name) or services.named(name):
        return None
    with world.lock:
        world.clock.catch_up()
        anywhere = Site(DEFAULT_ACCOUNT_ID, _REGION, world)
        addresses = names.resolve(anywhere, None, name)
        if not addresses:
            return None
        trace = judge.trace(anywhere, None, addresses[0], int(port or _PORT))
    return None if isinstance(trace.party, (Outside, Service)) else trace


def _request(environ: dict[str, Any]) -> Request:
    named = [(key[5:], value) for key, value in environ.items() if key.startswith("HTTP_")]
    named += [(key, environ[key]) for key in ("CONTENT_TYPE",) if environ.get(key)]
    headers: Headers = [(name.replace("_", "-").title(), str(value)) for name, value in named]
    body = environ["wsgi.input"].read()
    return Request(environ["REQUEST_METHOD"], environ["REQUEST_URI"], headers, body, ranges.CLIENT)
