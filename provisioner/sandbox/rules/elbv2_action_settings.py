"""What an action of a listener or rule may say: where a redirect leads, what a fixed response is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import before
from provisioner.sandbox.rules.elbv2_actions import wanted

_CALLS = ("CreateListener", "ModifyListener", "CreateRule", "ModifyRule")
_ROUTING = ("forward", "redirect", "fixed-response")
_LONGEST_BODY = 1024
_LARGEST_PORT = 65535
_CODES = re.compile(r"[245]\d\d")
_Test = Callable[[str], bool]


def _is_port(value: str) -> bool:
    return value == "#{port}" or (value.isdecimal() and 1 <= int(value) <= _LARGEST_PORT)


# Setting: what it has to be, in words and as a test.
_REDIRECT: Mapping[str, tuple[str, _Test]] = {
    "StatusCode": ("[HTTP_301, HTTP_302]", ("HTTP_301", "HTTP_302").__contains__),
    "Protocol": ("HTTP, HTTPS or #{protocol}", ("HTTP", "HTTPS", "#{protocol}").__contains__),
    "Port": (f"1 to {_LARGEST_PORT} or #{{port}}", _is_port),
    "Path": ("a path that begins with '/'", lambda value: value.startswith("/")),
}
_FIXED: Mapping[str, tuple[str, _Test]] = {
    "StatusCode": ("^(2|4|5)\\d\\d$", lambda value: _CODES.fullmatch(value) is not None),
    "MessageBody": (f"no longer than {_LONGEST_BODY}", lambda value: len(value) <= _LONGEST_BODY),
}


@before("elbv2", *_CALLS, source="ELB API Reference: CreateListener, CreateRule; wording from memory")
def one_action_routes(call: Call) -> None:
    """ValidationError unless exactly one of the actions forwards, redirects or answers."""
    given = call.parameters.get("Actions", call.parameters.get("DefaultActions"))
    if given is None:
        return
    routing = [action for action in given if action["Type"] in _ROUTING]
    if len(routing) != 1:
        raise Refusal("ValidationError", f"There must be exactly one action of these types: {', '.join(_ROUTING)}")


@before("elbv2", *_CALLS, source="ELB API Reference: RedirectActionConfig; wording from memory")
def redirects_are_complete(call: Call) -> None:
    """ValidationError for another status than 301 or 302, for wrong ports, protocols and paths."""
    _check(call, "RedirectConfig", _REDIRECT)


@before("elbv2", *_CALLS, source="ELB API Reference: RedirectActionConfig; wording from memory")
def redirects_stay_secure(call: Call) -> None:
    """InvalidLoadBalancerAction for one from HTTPS to HTTP."""
    forwarding = wanted(call)
    for action in forwarding.actions:
        if forwarding.protocol == "HTTPS" and action.get("RedirectConfig", {}).get("Protocol") == "HTTP":
            raise Refusal("InvalidLoadBalancerAction", "You cannot redirect from HTTPS to HTTP")


@before("elbv2", *_CALLS, source="ELB API Reference: FixedResponseActionConfig; wording from memory")
def fixed_responses_are_short(call: Call) -> None:
    """ValidationError for a status other than 2XX, 4XX or 5XX, or a long message."""
    _check(call, "FixedResponseConfig", _FIXED)


def _check(call: Call, place: str, settings: Mapping[str, tuple[str, _Test]]) -> None:
    for number, action in enumerate(wanted(call).actions, 1):
        given: Mapping[str, Any] = action.get(place, {})
        for name, (must, fits) in settings.items():
            if name in given and not fits(given[name]):
                where = f"actions.{number}.member.{_lower(place)}.{_lower(name)}"
                told = f"Value '{given[name]}' at '{where}' failed to satisfy constraint: Member must be {must}"
                raise Refusal("ValidationError", f"1 validation error detected: {told}")


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]
