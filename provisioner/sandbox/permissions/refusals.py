"""How each service says no: to who is not allowed to, and to who is nobody."""

from __future__ import annotations

from collections.abc import Mapping

from moto.core.utils import get_service_model

from provisioner.sandbox.call import Call
from provisioner.sandbox.permissions import messages
from provisioner.sandbox.permissions.asks import Ask
from provisioner.sandbox.permissions.callers import Caller, Judgement
from provisioner.sandbox.permissions.policies import Decision, Request
from provisioner.sandbox.refusal import Refusal

# By the protocol that a service speaks: code and status.
_DENIED: Mapping[str, tuple[str, int]] = {
    "ec2": ("UnauthorizedOperation", 403),
    "query": ("AccessDenied", 403),
    "rest-xml": ("AccessDenied", 403),
    "rest-json": ("AccessDeniedException", 403),
}
_DENIED_BY_JSON = ("AccessDeniedException", 400)

_INVALID = "The security token included in the request is invalid."
_UNKNOWN: Mapping[str, tuple[str, int, str]] = {
    "ec2": ("AuthFailure", 401, "AWS was not able to validate the provided access credentials"),
    "query": ("InvalidClientTokenId", 403, _INVALID),
    "rest-xml": ("InvalidClientTokenId", 403, _INVALID),
    "rest-json": ("UnrecognizedClientException", 403, _INVALID),
}
_UNKNOWN_BY_JSON = ("UnrecognizedClientException", 400, _INVALID)

_OVER = "The security token included in the request is expired"
_EXPIRED: Mapping[str, tuple[str, int, str]] = {
    "ec2": ("RequestExpired", 400, "Request has expired."),
    "query": ("ExpiredToken", 403, _OVER),
    "rest-xml": ("ExpiredToken", 403, _OVER),
    "rest-json": ("ExpiredTokenException", 403, _OVER),
}
_EXPIRED_BY_JSON = ("ExpiredTokenException", 400, _OVER)


def denied(call: Call, caller: Caller, ask: Ask, request: Request, judgement: Judgement) -> Refusal:
    """To who may not do it; EC2 hides the details in a message that STS decodes."""
    protocol = _protocol(call.service)
    code, status = _DENIED.get(protocol, _DENIED_BY_JSON)
    text = ask.said or reason(caller, request, judgement)
    if ask.code:
        return Refusal(ask.code, text)
    if protocol == "ec2":
        encoded = messages.encode(caller, request, judgement)
        text = (
            f"You are not authorized to perform this operation. {text}. "
            f"Encoded authorization failure message: {encoded}"
        )
    return Refusal(code, text, status)


def reason(caller: Caller, request: Request, judgement: Judgement) -> str:
    """Who may not do what to what, and why."""
    denial = {
        Decision.EXPLICIT_DENY: f"with an explicit deny in {_article(judgement.by)} {judgement.by}",
        Decision.IMPLICIT_DENY: f"because no {judgement.by} allows the {request.action} action",
    }[judgement.decision]
    what = f"is not authorized to perform: {request.action} on resource: {request.resource}"
    return f"User: {caller.arn} {what} {denial}"


def bad_key(call: Call, *, expired: bool) -> Refusal:
    """To a key that nobody has, or to a session that is over."""
    protocol = _protocol(call.service)
    table, other = (_EXPIRED, _EXPIRED_BY_JSON) if expired else (_UNKNOWN, _UNKNOWN_BY_JSON)
    code, status, text = table.get(protocol, other)
    return Refusal(code, text, status)


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


def _protocol(service: str) -> str:
    return str(get_service_model(service).metadata["protocol"])
