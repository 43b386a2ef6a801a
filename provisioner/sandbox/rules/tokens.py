"""Client tokens: the same request again is answered as before, another one under the same token is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before

# Service -> the parameter that carries the token, and the calls that take it.
_TOKENS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "ec2": ("ClientToken", ("CreateNatGateway", "CreateRouteTable", "CreateVpcEndpoint", "RunInstances")),
    "servicediscovery": (
        "CreatorRequestId",
        ("CreateHttpNamespace", "CreatePrivateDnsNamespace", "CreatePublicDnsNamespace", "CreateService"),
    ),
}
_SOURCE = "EC2 API Reference: ensuring idempotency"


class Tokens:
    """What was asked and answered under each token of each action."""

    def __init__(self) -> None:
        self.used: dict[tuple[str, str], tuple[dict[str, Any], Answer]] = {}


def _same_token_same_answer(call: Call) -> Answer | None:
    """The former answer; IdempotentParameterMismatch if the parameters differ."""
    token = call.parameters.get(_TOKENS[call.service][0])
    former = call.ledger(Tokens).used.get((call.action, token)) if token else None
    if former is None:
        return None
    parameters, answer = former
    if parameters != call.parameters:
        message = f"The client token '{token}' was used with other parameters in an earlier request"
        raise Refusal("IdempotentParameterMismatch", message)
    return answer


def _remember(call: Call, answer: Answer) -> None:
    """Keep the answer for the token's next use."""
    if token := call.parameters.get(_TOKENS[call.service][0]):
        call.ledger(Tokens).used[call.action, token] = (call.parameters, answer)


for _service, (_, _actions) in _TOKENS.items():
    before(_service, *_actions, source=_SOURCE)(_same_token_same_answer)
    after(_service, *_actions, source=_SOURCE)(_remember)
