"""Asks the stack's service and tells what came of it. Standard library only: the zip is this file.

Set by the stack:
  FARGATE_ALB_URL  host name or URL of the load balancer
  CALL_TIMEOUT     seconds to wait for the whole answer (optional)

The event may hold `path` (default "/") and `timeout` in seconds, which goes before CALL_TIMEOUT.

Without a timeout the call waits until Lambda ends it: a blocked connection then shows as Lambda's own "Task timed
out after ... seconds", which is what the control functions of the example are there to show. With one, the answer
comes in time, whatever happens: the wait is cut short of the function's remaining time.

The answer is a JSON object: `ok`, and with it either `status`, `content_type`, `body` (text, cut at 64 KiB) and
`truncated`, or `error` with `type`, `message` and `hint`; always `url`, `addresses` and `milliseconds`. `ok` means
that the service answered: an HTTP error status is an answer too.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import time
from typing import Any, Protocol
from urllib.parse import SplitResult, urlsplit

LARGEST_BODY = 64 * 1024
RESERVE = 0.5
"""Seconds kept of the function's time in which to give the answer."""
LONGEST = 900
"""Seconds that a function can run at all."""

HINTS: tuple[tuple[type[Exception], str], ...] = (
    (socket.gaierror, "the name is not known here; is FARGATE_ALB_URL right, and does its load balancer exist?"),
    (
        TimeoutError,
        "nothing answered: the function must be in the VPC, its security group must let it out to the load "
        "balancer, and the load balancer's group must let this function's group in",
    ),
    (ConnectionRefusedError, "nothing listens there: is there a listener on this port?"),
    (ConnectionError, "the connection was closed: are the service's tasks healthy?"),
    (http.client.HTTPException, "what answered does not speak HTTP: is the port right?"),
    (OSError, "there is no way there from here: is the function in the VPC?"),
    (LookupError, "set FARGATE_ALB_URL to the load balancer's DNS name"),
    (
        ValueError,
        "FARGATE_ALB_URL is a host name or URL, `path` begins with / and has no spaces, "
        "`timeout` is a number of seconds above 0",
    ),
)
"""What to look at by cause, the most particular first."""


class Context(Protocol):
    """What is used of Lambda's context object."""

    def get_remaining_time_in_millis(self) -> int: ...


class Patience:
    """The seconds that are left of a time to wait; None for no end."""

    def __init__(self, seconds: float | None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds

    def left(self) -> float | None:
        """For the next step; raises TimeoutError where nothing is left."""
        if self._end is None:
            return None
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left


def handler(event: object, context: Context | None) -> dict[str, Any]:
    """Ask the service once. Never raises for what can go wrong on the way; see the module for the answer."""
    began = time.monotonic()
    asked = event if isinstance(event, dict) else {}
    answer: dict[str, Any] = {"ok": False, "url": None, "addresses": []}
    try:
        url = _url(_target(), asked.get("path", "/"))
        answer["url"] = url.geturl()
        patience = Patience(_timeout(asked, context))
        answer["addresses"] = _addresses(url)
        answer |= _ask(url, answer["addresses"], patience)
    except (OSError, http.client.HTTPException, LookupError, ValueError) as error:
        answer["error"] = _explained(error)
    answer["milliseconds"] = round((time.monotonic() - began) * 1000, 1)
    return answer


def _target() -> str:
    if target := os.environ.get("FARGATE_ALB_URL"):
        return target
    raise LookupError("FARGATE_ALB_URL is not set")


def _url(target: str, path: object) -> SplitResult:
    if not isinstance(path, str) or not path.startswith("/") or not path.isascii() or " " in path:
        raise ValueError(f"{path!r} is not a path")
    url = urlsplit((target if "://" in target else f"http://{target}").rstrip("/") + path)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError(f"{target!r} is neither a host name nor an HTTP URL")
    return url


def _timeout(event: dict[str, Any], context: Context | None) -> float | None:
    """Seconds to wait, None to wait for Lambda's own time-out."""
    asked = event.get("timeout", os.environ.get("CALL_TIMEOUT"))
    if asked is None:
        return None
    timeout = float(asked) if isinstance(asked, int | float | str) else 0.0
    if not 0 < timeout < LONGEST:
        raise ValueError(f"{asked!r} is not a time to wait")
    left = context.get_remaining_time_in_millis() / 1000 - RESERVE if context else timeout
    return max(0.1, min(timeout, left))


def _port(url: SplitResult) -> int:
    return url.port or {"http": 80, "https": 443}[url.scheme]


def _addresses(url: SplitResult) -> list[str]:
    """What the name stands for here: private addresses, for an internal load balancer."""
    found = socket.getaddrinfo(url.hostname, _port(url), type=socket.SOCK_STREAM)
    return sorted({str(entry[4][0]) for entry in found})


def _ask(url: SplitResult, addresses: list[str], patience: Patience) -> dict[str, Any]:
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname or "", _port(url))
    with _connected(url, addresses, patience) as made:
        connection.sock = made
        target = f"{url.path}?{url.query}" if url.query else url.path
        connection.request("GET", target, headers={"User-Agent": "call-service", "Connection": "close"})
        made.settimeout(patience.left())
        return _told(connection.getresponse(), made, patience)


def _connected(url: SplitResult, addresses: list[str], patience: Patience) -> socket.socket:
    """A connection to the first address that answers. They share the time: the last is to have its turn too."""
    for place, address in enumerate(addresses):
        left = patience.left()
        share = None if left is None else left / (len(addresses) - place)
        try:
            made = socket.create_connection((address, _port(url)), timeout=share)
        except OSError:
            if place == len(addresses) - 1:
                raise
            continue
        made.settimeout(patience.left())
        secure = url.scheme == "https"
        return ssl.create_default_context().wrap_socket(made, server_hostname=url.hostname) if secure else made
    raise ConnectionError("the name has no address")


def _told(response: http.client.HTTPResponse, made: socket.socket, patience: Patience) -> dict[str, Any]:
    body = b""
    while len(body) <= LARGEST_BODY and (piece := response.read1(LARGEST_BODY + 1 - len(body))):
        body += piece
        made.settimeout(patience.left())
    return {
        "ok": True,
        "status": response.status,
        "content_type": response.getheader("Content-Type"),
        "body": body[:LARGEST_BODY].decode("utf-8", "replace"),
        "truncated": len(body) > LARGEST_BODY,
    }


def _explained(error: Exception) -> dict[str, str]:
    hint = next(text for kind, text in HINTS if isinstance(error, kind))
    return {"type": type(error).__name__, "message": str(error), "hint": hint}
