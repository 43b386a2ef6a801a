"""Trying a stack in the sandbox: running one of its functions."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from provisioner.place import SANDBOX_REGION
from provisioner.sandbox import control
from steps.aws.session import sandbox_session, single_attempt_clients


class Untried(Exception):
    """There is no such function, or no sandbox; the message says what to do."""


@dataclass(frozen=True)
class Invoked:
    """What a function answered; `error` is Lambda's word for how it failed, None if it did not."""

    answer: Any
    error: str | None
    log: str


def invoke(home: Path, function: str, payload: str, region: str | None) -> Invoked:
    """Run a function of this folder's sandbox, and wait for its answer. Raises Untried."""
    running = control.status(home)
    if running is None:
        raise Untried("the sandbox is not running. Fix: provision a stack with --sandbox first.")
    lambdas = single_attempt_clients(sandbox_session(region or SANDBOX_REGION), running.endpoint).functions
    try:
        told = lambdas.invoke(FunctionName=function, Payload=payload.encode(), LogType="Tail")
    except ClientError as error:
        names = sorted(one["FunctionName"] for one in lambdas.list_functions()["Functions"])
        known = f"there are {', '.join(names)}" if names else "there are none here"
        said = str(error.response["Error"]["Message"]).rstrip(".")
        raise Untried(f"{said}. Fix: name a function that can run; {known}.") from error
    log = base64.b64decode(told.get("LogResult", "")).decode("utf-8", "replace")
    return Invoked(json.loads(told["Payload"].read() or b"null"), told.get("FunctionError"), log)
