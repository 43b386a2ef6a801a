"""Whether callers are held to their policies in this sandbox, and how."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from provisioner.sandbox import connection
from provisioner.sandbox.call import Call
from provisioner.sandbox.permissions import actions, callers, refusals
from provisioner.sandbox.permissions.asks import Ask
from provisioner.sandbox.permissions.callers import BadKey, Caller, Judgement
from provisioner.sandbox.permissions.conditions import Context
from provisioner.sandbox.permissions.policies import Request

_GLOBAL = frozenset({"iam", "route53", "sts"})


def check(call: Call) -> None:
    """Raise the refusal that AWS would give to this caller."""
    caller = known(call)
    for ask in actions.asks(call):
        request = request_of(call, caller, ask)
        judgement = caller.judge(request)
        if not judgement.allowed:
            raise refusals.denied(call, caller, ask, request, judgement)


def known(call: Call) -> Caller:
    """The caller; where callers are held to their policies, refused if nobody has the key."""
    try:
        return callers.identify(call, trusting=not call.world.enforcing)
    except BadKey as bad:
        raise refusals.bad_key(call, expired=bad.expired) from None


def may(call: Call, caller: Caller, ask: Ask) -> Judgement:
    return caller.judge(request_of(call, caller, ask))


def request_of(call: Call, caller: Caller, ask: Ask) -> Request:
    context = Context({**_circumstances(call, caller), **ask.keys})
    return Request(ask.action, ask.resource, context, caller.principals)


def _circumstances(call: Call, caller: Caller) -> dict[str, str | Iterable[str]]:
    """The condition keys of every request. On AWS it would have come encrypted, so it is said to have."""
    now = datetime.datetime.now(datetime.UTC)
    peer = connection.current.get()
    keys = {
        "aws:PrincipalArn": caller.role or caller.arn,
        "aws:PrincipalAccount": caller.account,
        "aws:PrincipalType": caller.kind,
        "aws:userid": caller.id,
        "aws:username": caller.name,
        "aws:RequestedRegion": "us-east-1" if call.service in _GLOBAL else call.region,
        "aws:SourceIp": _address(peer.client) if peer else "",
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",
        "aws:MultiFactorAuthPresent": "false" if caller.role else "",
        "aws:CurrentTime": now.isoformat(timespec="seconds"),
        "aws:EpochTime": str(int(now.timestamp())),
        **{f"aws:PrincipalTag/{key}": value for key, value in caller.tags.items()},
    }
    return {key: value for key, value in keys.items() if value}


def _address(client: str) -> str:
    return client.rpartition(":")[0] or client
