"""What Lambda writes into a function's log around what the handler writes, and what it answers in its place."""

from __future__ import annotations

import datetime
import json
import math
import signal
from typing import Any

from provisioner.sandbox.runtime.environment import Run

LARGEST_RESPONSE = 6_291_556
_TAIL = 4096


def failure(run: Run, request: str, timeout: int) -> dict[str, Any] | None:
    """The error that the caller gets; None if the function succeeded."""
    if run.ending == "timeout":
        return _error("Sandbox.Timedout", request, f"Task timed out after {timeout:.2f} seconds")
    if run.ending == "memory":
        return _error("Runtime.OutOfMemory", request, "Runtime exited with error: signal: killed")
    if run.ending == "exit":
        return _error("Runtime.ExitError", request, _exit(run.status))
    if len(run.payload.encode()) > LARGEST_RESPONSE:
        text = f"Response payload size exceeded maximum allowed payload size ({LARGEST_RESPONSE} bytes)."
        return {"errorMessage": text, "errorType": "Function.ResponseSizeTooLarge"}
    return run.failure


def lines(run: Run, request: str, version: str, timeout: int, memory: int) -> list[str]:
    """The whole log of one invocation."""
    told = failure(run, request, timeout)
    return [
        *run.loading,
        f"START RequestId: {request} Version: {version}",
        *run.lines,
        *_ending(run, told, request, timeout),
        f"END RequestId: {request}",
        _report(run, told, request, memory),
    ]


def tail(log: list[str]) -> str:
    """The last 4 KB, as `LogType=Tail` asks for."""
    return "".join(f"{line}\n" for line in log).encode()[-_TAIL:].decode("utf-8", "ignore")


def _ending(run: Run, told: dict[str, Any] | None, request: str, timeout: int) -> list[str]:
    if run.ending == "timeout":
        now = datetime.datetime.now(datetime.UTC)
        stamp = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"
        return [f"{stamp} {request} Task timed out after {timeout:.2f} seconds\n"]
    if run.ending == "answered" or told is None:
        return []
    return [f"{told['errorMessage']}\n{told['errorType']}"]


def _report(run: Run, told: dict[str, Any] | None, request: str, memory: int) -> str:
    init = run.init or 0.0
    figures = [
        f"REPORT RequestId: {request}",
        f"Duration: {run.seconds * 1000:.2f} ms",
        f"Billed Duration: {math.ceil((run.seconds + init) * 1000)} ms",
        f"Memory Size: {memory} MB",
        f"Max Memory Used: {min(run.peak, memory)} MB",
    ]
    figures += [f"Init Duration: {init * 1000:.2f} ms"] if run.init is not None else []
    if run.ending == "timeout":
        figures += ["Status: timeout"]
    elif run.ending != "answered" and told:
        figures += ["Status: error", f"Error Type: {told['errorType']}"]
    return "\t".join(figures) + "\t"


def _error(kind: str, request: str, text: str) -> dict[str, Any]:
    return {"errorType": kind, "errorMessage": f"RequestId: {request} Error: {text}"}


def _exit(status: int) -> str:
    if status == 0:
        return "Runtime exited without providing a reason"
    if status > 0:
        return f"Runtime exited with error: exit status {status}"
    name = signal.strsignal(-status) or str(-status)
    return f"Runtime exited with error: signal: {name.lower()}"


def encoded(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
