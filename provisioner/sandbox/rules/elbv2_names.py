"""What load balancers and target groups may be called, and the ranges that numbers have to be in."""

from __future__ import annotations

import re
from collections.abc import Mapping

from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import before

_LONGEST = 32
_CHARACTERS = re.compile(r"[A-Za-z0-9-]+")
# Parameter: the least and the largest that AWS takes.
_RANGES: Mapping[str, tuple[int, int]] = {
    "Port": (1, 65535),
    "Priority": (1, 50000),
    "HealthCheckIntervalSeconds": (5, 300),
    "HealthCheckTimeoutSeconds": (2, 120),
    "HealthyThresholdCount": (2, 10),
    "UnhealthyThresholdCount": (2, 10),
}


@before("elbv2", "CreateLoadBalancer", source="ELB API Reference: CreateLoadBalancer")
def load_balancer_is_called_properly(call: Call) -> None:
    """ValidationError: 32 letters, digits and hyphens, no hyphen at either end, no `internal-` in front."""
    name = call.parameters["Name"]
    if len(name) > _LONGEST:
        raise _wrong(f"The load balancer name '{name}' cannot be longer than '{_LONGEST}' characters")
    if not _CHARACTERS.fullmatch(name):
        characters = "characters that are alphanumeric characters and hyphens(-)"
        raise _wrong(f"The load balancer name '{name}' can only contain {characters}")
    if name != name.strip("-"):
        raise _wrong(f"The load balancer name '{name}' cannot begin or end with a hyphen(-)")
    if name.startswith("internal-"):
        raise _wrong(f"The load balancer name '{name}' cannot begin with 'internal-'")


@before(
    "elbv2",
    "CreateTargetGroup",
    "ModifyTargetGroup",
    "CreateListener",
    "ModifyListener",
    "CreateRule",
    source="ELB API Reference: valid ranges; wording from memory",
)
def numbers_are_in_range(call: Call) -> None:
    """ValidationError for ports, priorities and settings of health checks outside of what AWS takes."""
    for name, (least, largest) in _RANGES.items():
        value = call.parameters.get(name)
        if value is not None and not least <= value <= largest:
            bound = f"greater than or equal to {least}" if value < least else f"less than or equal to {largest}"
            told = f"Value '{value}' at '{name[0].lower()}{name[1:]}' failed to satisfy constraint"
            raise _wrong(f"1 validation error detected: {told}: Member must have value {bound}")


def _wrong(message: str) -> Refusal:
    return Refusal("ValidationError", message)
