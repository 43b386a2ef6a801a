"""Client tokens: the same request again is answered as before, another one under the same token is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call, Site
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before

_DAY, _HOUR = 86400.0, 3600.0


@dataclass(frozen=True)
class _Kind:
    """How a service takes tokens: in which parameter, for which calls, and for how many of AWS's seconds.

    `code` is its error for other parameters under the token; without one, they are another request.
    """

    parameter: str
    actions: tuple[str, ...]
    kept: float
    code: str
    text: str
    source: str


_KINDS: Mapping[str, _Kind] = {
    "acm": _Kind(
        "IdempotencyToken", ("RequestCertificate",), _HOUR, "", "", "ACM API Reference: RequestCertificate"
    ),
    "ec2": _Kind(
        "ClientToken",
        (
            "CreateEgressOnlyInternetGateway",
            "CreateFlowLogs",
            "CreateLaunchTemplate",
            "CreateManagedPrefixList",
            "CreateNatGateway",
            "CreateNetworkAcl",
            "CreateNetworkInterface",
            "CreateRouteTable",
            "CreateVolume",
            "CreateVpcEndpoint",
            "RunInstances",
        ),
        _DAY,
        "IdempotentParameterMismatch",
        "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
        "EC2 API Reference: ensuring idempotency; cdkd#2039: kept for about a day",
    ),
    "ecs": _Kind(
        "clientToken",
        ("RunTask",),
        _DAY,
        "ConflictException",
        "The provided clientToken is already in use with a different RunTask request.",
        "ECS Developer Guide: ensuring idempotency",
    ),
    "servicediscovery": _Kind(
        "CreatorRequestId",
        ("CreateHttpNamespace", "CreatePrivateDnsNamespace", "CreatePublicDnsNamespace", "CreateService"),
        _DAY,
        "IdempotentParameterMismatch",
        "The request was sent before with the same CreatorRequestId and other parameters.",
        "Cloud Map API Reference; how long it is kept: from memory",
    ),
}


@dataclass(frozen=True)
class _Use:
    parameters: dict[str, Any]
    answer: Answer
    until: float


class Tokens:
    """What was asked and answered under each token of each action."""

    def __init__(self) -> None:
        self.used: dict[tuple[str, str], list[_Use]] = {}


def _same_token_same_answer(call: Call) -> Answer | None:
    """What was answered before, with the thing as it is now; an error for other parameters."""
    kind, former = _KINDS[call.service], list(_former(call))
    if not former or call.parameters.get("DryRun"):
        return None
    for use in former:
        if use.parameters == call.parameters:
            return _CURRENT.get(call.action, _as_it_was)(call, use.answer)
    if kind.code:
        raise Refusal(kind.code, kind.text)
    return None


def _remember(call: Call, answer: Answer) -> None:
    """Keep the answer for the token's next use, as long as the service does."""
    kind = _KINDS[call.service]
    if token := call.parameters.get(kind.parameter):
        latencies = call.world.latencies
        kept = float("inf") if latencies.profile.timeless else latencies.scaled(kind.kept)
        use = _Use(call.parameters, answer, call.world.clock.now() + kept)
        call.ledger(Tokens).used[call.action, token] = [*_former(call), use]


@before("acm", "RequestCertificate", first=True, source=_KINDS["acm"].source)
def tokens_are_kept_here(call: Call) -> None:
    """Repair moto, which has tokens of its own: by another clock, and without a look at the names."""
    backends.acm(call)._idempotency_tokens.clear()


def _former(call: Call) -> Iterator[_Use]:
    """The uses of the call's token that are not forgotten yet."""
    token = call.parameters.get(_KINDS[call.service].parameter, "")
    now = call.world.clock.now()
    return (use for use in call.ledger(Tokens).used.get((call.action, token), ()) if now < use.until)


def _as_it_was(site: Site, answer: Answer) -> Answer:
    return answer


def _endpoint(site: Site, answer: Answer) -> Answer:
    former = answer["VpcEndpoint"]
    return {**answer, "VpcEndpoint": backends.ec2(site).vpc_end_points.get(former["VpcEndpointId"], former)}


def _nat_gateway(site: Site, answer: Answer) -> Answer:
    former = answer["NatGateway"]
    return {**answer, "NatGateway": backends.ec2(site).nat_gateways.get(former["NatGatewayId"], former)}


def _instances(site: Site, answer: Answer) -> Answer:
    reservation = backends.ec2(site).reservations.get(answer["ReservationId"])
    return {**answer, "Instances": list(reservation.instances)} if reservation else answer


_CURRENT: Mapping[str, Callable[[Site, Answer], Answer]] = {
    "CreateNatGateway": _nat_gateway,
    "CreateVpcEndpoint": _endpoint,
    "RunInstances": _instances,
}

# First, for what refuses a second thing of a kind must not see the same request again.
for _service, _kind in _KINDS.items():
    before(_service, *_kind.actions, source=_kind.source, first=True)(_same_token_same_answer)
    after(_service, *_kind.actions, source=_kind.source)(_remember)
