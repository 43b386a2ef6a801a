"""What moto does not even route, told as AWS tells errors instead of as a web page."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.utils import get_service_model

from provisioner.sandbox.gate import BROKEN, MISSING
from provisioner.sandbox.refusal import Dropped
from provisioner.sandbox.web import Reply, Wsgi, run

_log = logging.getLogger(__name__)

_SCOPE = re.compile(r"Credential=[^/]+/\d+/[^/]*/(?P<service>[^/]+)/aws4_request")
# Where the name that requests are signed for is not the service's own.
_SIGNED_AS = {"elasticloadbalancing": "elbv2", "monitoring": "cloudwatch", "apigateway": "apigatewayv2"}


def explained(aws: Wsgi) -> Wsgi:
    """`aws`, but a page about an error (404: no such route, 500: a crash) becomes an AWS error.

    Its status is 400, because clients retry a 500.
    """

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        status, headers, body = _run(aws, environ)
        if not _is_page(status, headers):
            start_response(status, headers)
            return [body]
        code = MISSING if status.startswith(("404", "405")) else BROKEN
        message = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}: {status}"
        kind, text = _error(_service(environ), code, message)
        start_response("400 Bad Request", [("Content-Type", kind), ("x-amzn-ErrorType", code)])
        return [text.encode()]

    return app


def _run(aws: Wsgi, environ: dict[str, Any]) -> Reply:
    """Status, headers and whole body; of a crash, which is logged, what a page would have."""
    try:
        return run(aws, environ)
    except (Dropped, ConnectionError):
        raise
    except Exception as error:
        _log.exception("%s %s failed", environ["REQUEST_METHOD"], environ["PATH_INFO"])
        return f"500 {type(error).__name__}: {error}", [("Content-Type", "text/html")], b""


def _is_page(status: str, headers: list[tuple[str, str]]) -> bool:
    kind = {name.lower(): value for name, value in headers}.get("content-type", "")
    return status[0] in "45" and kind.startswith("text/html") and not status.startswith("503")


def _service(environ: dict[str, Any]) -> str:
    match = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    name = match["service"] if match else ""
    return _SIGNED_AS.get(name, name)


def _error(service: str, code: str, message: str) -> tuple[str, str]:
    """Content type and body, in the format of the service's protocol."""
    try:
        protocol = str(get_service_model(service).metadata["protocol"])
    except Exception:  # no service of that name
        protocol = "json"
    if "json" in protocol:
        return "application/json", json.dumps({"__type": code, "message": message})
    inner = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    if protocol == "ec2":
        return "text/xml", f"<Response><Errors>{inner}</Errors></Response>"
    return "text/xml", f"<ErrorResponse>{inner}</ErrorResponse>"
