"""Client tokens: how long they can be."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import before

# By service: the parameter, the longest token, and the error. ACM has a rule of its own.
_LONGEST: Mapping[str, tuple[str, int, str]] = {
    "ec2": ("ClientToken", 64, "InvalidParameterValue"),
    "ecs": ("clientToken", 36, "InvalidParameterException"),
    "route53": ("CallerReference", 128, "InvalidInput"),
    "servicediscovery": ("CreatorRequestId", 64, "InvalidInput"),
}


def _tokens_are_short(call: Call) -> None:
    """The service's code for what is no value, for a token that is too long."""
    parameter, longest, code = _LONGEST[call.service]
    token = call.parameters.get(parameter) or ""
    if len(token) > longest:
        problem = f"Value '{token}' at '{parameter[0].lower()}{parameter[1:]}' failed to satisfy constraint"
        raise Refusal(code, f"{problem}: Member must have length less than or equal to {longest}")


for _service in _LONGEST:
    before(
        _service,
        "Create*",
        "Run*",
        first=True,
        source="the services' API references: lengths of tokens; wording from memory",
    )(_tokens_are_short)
