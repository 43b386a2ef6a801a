"""What functions behind an HTTP API get and give, in payload format 2.0."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from provisioner.sandbox.network.messages import Headers, Request, Response

_TEXT = re.compile(r"text/.*|application/(json|javascript|xml|.*\+(json|xml))")


class Unusable(ValueError):
    """What a function gave is no answer."""


@dataclass(frozen=True)
class Arrival:
    """A request that has found its route. `path` is decoded, and begins with the stage if that has a name."""

    account: str
    api: str
    stage: str
    route: str
    path: str
    id: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)


def event(arrival: Arrival, request: Request) -> dict[str, Any]:
    """What the function is invoked with; what there is nothing to say of is left out."""
    is_text = _TEXT.fullmatch(request.header("Content-Type").partition(";")[0].strip().lower()) is not None
    body = request.body.decode("utf-8", "replace") if is_text else base64.b64encode(request.body).decode()
    optional = {
        "cookies": [part.strip() for part in request.header("Cookie").split(";") if part.strip()],
        "queryStringParameters": _joined(parse_qsl(request.query, keep_blank_values=True)),
        "pathParameters": dict(arrival.parameters),
        "stageVariables": dict(arrival.variables),
        "body": body,
    }
    return {
        "version": "2.0",
        "routeKey": arrival.route,
        "rawPath": arrival.path,
        "rawQueryString": request.query,
        "headers": _headers(request),
        "requestContext": _context(arrival, request),
        "isBase64Encoded": bool(request.body) and not is_text,
        **{name: value for name, value in optional.items() if value},
    }


def response(payload: bytes) -> Response:
    """What the client gets: all that the function gave, unless that names a status. Raises Unusable."""
    try:
        given = json.loads(payload)
        if not isinstance(given, dict) or "statusCode" not in given:
            text = given if isinstance(given, str) else payload.decode()
            return Response(200, [("Content-Type", "application/json")], text.encode())
        return _response(given)
    except (AttributeError, TypeError, ValueError) as error:
        raise Unusable(str(error)) from error


def _response(given: Mapping[str, Any]) -> Response:
    headers = [(str(name), _plain(value)) for name, value in (given.get("headers") or {}).items()]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "text/plain;charset=UTF-8"))
    headers += [("Set-Cookie", str(cookie)) for cookie in given.get("cookies") or ()]
    body = "" if given.get("body") is None else given["body"]
    raw = base64.b64decode(body) if given.get("isBase64Encoded") else body.encode()
    return Response(int(given["statusCode"]), headers, raw)


def _headers(request: Request) -> dict[str, str]:
    """In lower case, those that came twice in one, without cookies and with what API Gateway adds."""
    added: Headers = [
        ("Content-Length", str(len(request.body))),
        ("X-Forwarded-For", request.peer),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Proto", "https"),
    ]
    own = {name.lower() for name, _ in added} | {"cookie"}
    kept = [(name, value) for name, value in request.headers if name.lower() not in own]
    return _joined([(name.lower(), value) for name, value in (*kept, *added)])


def _context(arrival: Arrival, request: Request) -> dict[str, Any]:
    now, host = time.time(), request.header("Host").partition(":")[0]
    return {
        "accountId": arrival.account,
        "apiId": arrival.api,
        "domainName": host,
        "domainPrefix": host.partition(".")[0],
        "http": {
            "method": request.method,
            "path": arrival.path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.peer,
            "userAgent": request.header("User-Agent"),
        },
        "requestId": arrival.id,
        "routeKey": arrival.route,
        "stage": arrival.stage,
        "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "timeEpoch": int(now * 1000),
    }


def _joined(pairs: Headers) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _plain(value: Any) -> str:
    """Booleans as JSON writes them."""
    return str(value).lower() if isinstance(value, bool) else str(value)
