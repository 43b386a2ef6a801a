"""What an HTTP API with a CORS configuration answers to browsers, whatever its integrations say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.network.messages import Headers, Request, Response

_PREFIX = "access-control-"
# Which part of the configuration each header tells: to all requests, and to preflight requests only.
_ALWAYS = {"Expose-Headers": "exposeHeaders"}
_IN_ADVANCE = {"Allow-Methods": "allowMethods", "Allow-Headers": "allowHeaders", "Max-Age": "maxAge"}


def is_preflight(request: Request) -> bool:
    """Whether a browser asks whether it may ask."""
    asks = request.header("Origin") and request.header("Access-Control-Request-Method")
    return request.method == "OPTIONS" and bool(asks)


def preflight(cors: Mapping[str, Any], request: Request) -> Response:
    """The answer to that, without headers for an origin that is not allowed."""
    return Response(204, _headers(cors, request, _ALWAYS | _IN_ADVANCE))


def completed(cors: Mapping[str, Any], request: Request, response: Response) -> Response:
    """An integration's answer with the configured headers in place of its own."""
    kept = [(name, value) for name, value in response.headers if not name.lower().startswith(_PREFIX)]
    return Response(response.status, [*kept, *_headers(cors, request, _ALWAYS)], response.body)


def _headers(cors: Mapping[str, Any], request: Request, parts: Mapping[str, str]) -> Headers:
    origin, allowed = request.header("Origin"), cors.get("allowOrigins") or ()
    if not origin or not any(_fits(one, origin) for one in allowed):
        return []
    told = {"Allow-Origin": "*" if "*" in allowed else origin}
    if cors.get("allowCredentials"):
        told["Allow-Credentials"] = "true"
    told |= {name: _text(cors[key]) for name, key in parts.items() if cors.get(key) not in (None, [])}
    return [(f"Access-Control-{name}", value) for name, value in told.items()]


def _fits(allowed: str, origin: str) -> bool:
    """`https://*` is any origin with TLS."""
    return origin.startswith(allowed[:-1]) if allowed.endswith("*") else origin == allowed


def _text(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)
