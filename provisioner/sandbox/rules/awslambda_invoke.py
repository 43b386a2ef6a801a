"""Lambda: invocations, which really run the handler."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import threading
from typing import Any

from moto.awslambda.models import LambdaFunction

from provisioner.sandbox import functions
from provisioner.sandbox.call import Call, Site
from provisioner.sandbox.refusal import Dropped, Refusal
from provisioner.sandbox.registry import Answer, Unlocked, instead
from provisioner.sandbox.runtime import THROTTLED, Invocation, Outcome, prepare

_LIMITS = {"RequestResponse": 6_291_456, "Event": 1_048_576}
_PAUSES = (60.0, 120.0)
"""Seconds until an event that failed is tried again."""
_UNREADABLE = "Could not parse request body into json: Could not parse payload into json:"


@instead("lambda", "Invoke", source="Lambda API Reference: Invoke; aws-lambda-python-runtime-interface-client")
def invoke(call: Call) -> Answer | Unlocked:
    """Run the handler: its answer or its error, 202 at once for an Event, 204 for a DryRun.

    RequestTooLargeException (413), InvalidRequestContentException, ResourceConflictException (409) if it is not
    Active, TooManyRequestsException (429) above its reserved concurrency.
    """
    kind = call.parameters.get("InvocationType", "RequestResponse")
    event = _event(call, kind)
    function = functions.find(call)
    if function is None:
        name, qualifier = functions.split(call)
        shown = None if qualifier == "$LATEST" else qualifier
        raise Refusal(functions.MISSING, f"Function not found: {functions.arn_of(call, name, shown)}", 404)
    if kind == "DryRun":
        return {"StatusCode": 204}
    arn = functions.arn_of(call, *functions.split(call))
    if kind == "Event":
        _begin(call.site, function, arn, event)
        return {"StatusCode": 202, "Payload": b""}
    prepared = prepare(call.site, function, arn, event, _client(call))
    tail = call.parameters.get("LogType") == "Tail"
    return Unlocked(lambda: _answer(prepared.run(), tail=tail))


def _event(call: Call, kind: str) -> str:
    payload = call.parameters.get("Payload") or b"{}"
    raw = payload.encode() if isinstance(payload, str) else bytes(payload)
    if len(raw) > _LIMITS.get(kind, len(raw)):
        text = f"{len(raw)} byte payload is too large for the {kind} invocation type (limit {_LIMITS[kind]} bytes)"
        raise Refusal("RequestTooLargeException", text, 413)
    try:
        event = raw.decode()
        json.loads(event)
    except ValueError as error:
        raise Refusal("InvalidRequestContentException", f"{_UNREADABLE} {error}") from error
    return event


def _client(call: Call) -> dict[str, Any]:
    """What the caller tells of itself."""
    given = call.parameters.get("ClientContext")
    if not given:
        return {}
    try:
        told: dict[str, Any] = json.loads(base64.b64decode(given))
    except (binascii.Error, ValueError) as error:
        text = "Client context must be a valid Base64-encoded JSON object."
        raise Refusal("InvalidRequestContentException", text) from error
    return told


def _begin(site: Site, function: LambdaFunction, arn: str, event: str, tried: int = 0) -> None:
    """Run the function for an event, behind its caller's back; if it fails it is tried twice more."""

    def again() -> None:
        with contextlib.suppress(Refusal):  # nobody hears of it
            if tried < len(_PAUSES) and functions.known(site, function):
                _begin(site, function, arn, event, tried + 1)

    def run(prepared: Invocation) -> None:
        with contextlib.suppress(Dropped):
            if prepared.run().error and tried < len(_PAUSES):
                with site.world.lock:
                    site.after(_PAUSES[tried], again)

    try:
        threading.Thread(target=run, args=(prepare(site, function, arn, event),), daemon=True).start()
    except Refusal as refusal:
        if refusal.code != THROTTLED:
            raise
        site.after(_PAUSES[0], again)


def _answer(outcome: Outcome, *, tail: bool) -> Answer:
    answer: Answer = {"StatusCode": 200, "Payload": outcome.payload, "ExecutedVersion": outcome.version}
    if outcome.error:
        answer["FunctionError"] = outcome.error
    if tail:
        answer["LogResult"] = base64.b64encode(outcome.log.encode()).decode()
    return answer
