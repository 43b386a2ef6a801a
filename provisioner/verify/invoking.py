"""Invoking functions, and what their answers tell."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ReadTimeoutError

from provisioner.verify.scene import Scene

_TIMED_OUT = ("Task timed out after", "Sandbox.Timedout")
"""Source: AWS knowledge center, "How do I troubleshoot Lambda function invocation timeout errors?"."""
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_SHOWN = 48
_MISTAKE, _SERVERS_OWN = 400, 500


@dataclass(frozen=True)
class Answered:
    """What came of one invocation.

    `ok` tells whether it got what it asked for, `timed_out` whether nobody answered it; `status` is an HTTP status
    where there is one, `said` one sentence, `addresses` those that it says it asked.
    """

    ok: bool
    said: str
    text: str = ""
    status: int | None = None
    timed_out: bool = False
    addresses: tuple[str, ...] = field(default=())


def invoke(scene: Scene, name: str, payload: str = "{}") -> Answered:
    """Run a function of the stack and wait for what it says. Raises Absent, ClientError, BotoCoreError."""
    arn = scene.id_of(f"function-{name}")
    try:
        raw = scene.aws.once.functions.invoke(FunctionName=arn, Payload=payload.encode())
        text = raw["Payload"].read().decode("utf-8", "replace")
    except ReadTimeoutError:
        limit = scene.stack.functions[name].timeout
        return Answered(False, f"it runs on without an answer; its time-out is {limit} s", timed_out=True)
    answer = _json(text)
    if raw.get("FunctionError"):
        return _broken(answer, text)
    return _told(answer, text)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _broken(answer: Any, text: str) -> Answered:
    """An error of the function's: what it raised, or that its time was over."""
    error = answer if isinstance(answer, dict) else {}
    message = str(error.get("errorMessage") or text)
    kind = str(error.get("errorType", ""))
    said = _TASK.sub("", message).strip()
    timed_out = any(one in message or one in kind for one in _TIMED_OUT)
    return Answered(False, said if timed_out or not kind else f"{kind}: {said}", text, timed_out=timed_out)


_TASK = re.compile(r"^(\d{4}-\S+Z\s+)?([0-9a-f-]{36}|RequestId: [0-9a-f-]{36}( Error:)?)\s+")
"""What Lambda puts before its own messages: time and request."""


def _told(answer: Any, text: str) -> Answered:
    """An answer that says itself whether it is well (`ok`, `status` or `statusCode`), or just an answer."""
    found = answer if isinstance(answer, dict) else {}
    error = found.get("error")
    if found.get("ok") is False:
        kind = error.get("type", "") if isinstance(error, dict) else ""
        message = error.get("message", "") if isinstance(error, dict) else str(error or "it is not ok")
        return Answered(False, f"{kind}: {message}".strip(": "), text, timed_out=kind == "TimeoutError")
    status = found.get("status", found.get("statusCode"))
    status = status if isinstance(status, int) else None
    body = found["body"] if isinstance(found.get("body"), str) else text
    addresses = found.get("addresses")
    shown = shortly(body)
    said = f"HTTP {status}, {shown}" if status else shown
    asked = tuple(map(str, addresses)) if isinstance(addresses, list) else ()
    return Answered(status is None or status < _SERVERS_OWN, said, body, status, addresses=asked)


def shortly(text: str) -> str:
    """A page by its title, anything else by its beginning."""
    title = _TITLE.search(text)
    shown = " ".join(html.unescape(title.group(1) if title else text).split())
    return f'"{shown}"' if len(shown) <= _SHOWN else f'"{shown[:_SHOWN]}..."'


def fits(text: str, status: int | None, wanted: int | None, contains: str | None) -> str:
    """What of an answer is not as it was expected; nothing where all is."""
    if wanted is not None and status != wanted:
        return f"it answers {f'HTTP {status}' if status else 'without a status'}, not {wanted}: {shortly(text)}"
    if wanted is None and status is not None and status >= _MISTAKE:
        return f"it answers HTTP {status}: {shortly(text)}"
    if contains is not None and contains not in text:
        return f'"{contains}" is not in the answer: {shortly(text)}'
    return ""
