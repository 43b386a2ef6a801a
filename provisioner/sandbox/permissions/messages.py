"""Encoded authorization failure messages: why EC2 said no, for `sts:DecodeAuthorizationMessage`."""

from __future__ import annotations

import base64
import binascii
import json
import zlib

from provisioner.sandbox.permissions.callers import Caller, Judgement
from provisioner.sandbox.permissions.policies import Decision, Request


def encode(caller: Caller, request: Request, judgement: Judgement) -> str:
    """On AWS it is encrypted, here only packed."""
    conditions = [
        {"key": key, "values": {"items": [{"value": value} for value in values]}}
        for key, values in request.context.told().items()
    ]
    told = {
        "allowed": False,
        "explicitDeny": judgement.decision is Decision.EXPLICIT_DENY,
        "matchedStatements": {"items": []},
        "failures": {"items": []},
        "context": {
            "principal": {"id": caller.id, "name": caller.name, "arn": caller.arn},
            "action": request.action,
            "resource": request.resource,
            "conditions": {"items": conditions},
        },
    }
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(told).encode(), 9)).decode()


def decode(message: str) -> str:
    """The JSON in it. Raises ValueError for what was never encoded here."""
    try:
        return zlib.decompress(base64.urlsafe_b64decode(message)).decode()
    except (zlib.error, binascii.Error, UnicodeError) as error:
        raise ValueError(str(error)) from None
