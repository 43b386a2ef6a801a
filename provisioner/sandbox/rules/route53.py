"""Route 53."""

from __future__ import annotations

from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before


class References:
    """All caller references that ever made a zone."""

    def __init__(self) -> None:
        self.used: set[str] = set()


@before("route53", "CreateHostedZone", source="Route 53 API Reference: CreateHostedZone")
def caller_reference_is_used_once(call: Call) -> None:
    """HostedZoneAlreadyExists (409) for a reference that has made a zone, whatever the name."""
    if call.parameters["CallerReference"] in call.ledger(References).used:
        message = "A hosted zone has already been created with the specified caller reference."
        raise Refusal("HostedZoneAlreadyExists", message, 409)


@after("route53", "CreateHostedZone", source="Route 53 API Reference: CreateHostedZone")
def reference_is_spent(call: Call, answer: Answer) -> None:
    """Remember it."""
    call.ledger(References).used.add(call.parameters["CallerReference"])
