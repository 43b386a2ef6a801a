"""Whose a resource is: the owner tags, in every spelling that AWS's services have, and the tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_ec2.literals import ResourceTypeType
    from types_boto3_ec2.type_defs import TagSpecificationTypeDef, TagTypeDef

STACK = "provisioner:stack"
STACK_ID = "provisioner:stack-id"
STEP = "provisioner:step"


@dataclass(frozen=True)
class Owner:
    """One stack as an owner. `stack_id` alone decides; the other tags are for people and for recovery."""

    stack: str
    stack_id: str
    tags: Mapping[str, str] = field(default_factory=dict)
    """The user's own `[tags]`."""

    def owns(self, tags: Mapping[str, str]) -> bool:
        return tags.get(STACK_ID) == self.stack_id

    def of(self, step: str) -> dict[str, str]:
        """All tags of one resource, as a plain mapping (Lambda, CloudWatch Logs)."""
        return {**self.tags, STACK: self.stack, STACK_ID: self.stack_id, STEP: step}

    def pairs(self, step: str) -> list[Any]:
        """As `Key`/`Value` pairs (EC2, ELBv2, IAM; each has a type of its own for them)."""
        return [{"Key": key, "Value": value} for key, value in self.of(step).items()]

    def lower_pairs(self, step: str) -> list[Any]:
        """As `key`/`value` pairs (ECS)."""
        return [{"key": key, "value": value} for key, value in self.of(step).items()]

    def specification(self, resource_type: ResourceTypeType, step: str) -> list[TagSpecificationTypeDef]:
        """As EC2 takes them in a creating call, with the `Name` that its console shows."""
        name: TagTypeDef = {"Key": "Name", "Value": self.tags.get("Name", f"{self.stack}/{step}")}
        rest = [pair for pair in self.pairs(step) if pair.get("Key") != "Name"]
        return [{"ResourceType": resource_type, "Tags": [name, *rest]}]


def mapping(pairs: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Tags in any service's list form as a plain mapping."""
    return {
        pair.get("Key") or pair.get("key") or "": pair.get("Value") or pair.get("value") or "" for pair in pairs
    }


def token(stack_id: str, step: str, intended_at: str) -> str:
    """The idempotency token of one intent: 32 hexadecimal digits.

    That fits the tightest of AWS's rules (ACM: 32 word characters; ECS: 36; EC2: 64). It is derived, not drawn,
    so a run that resumes after a kill sends the token that the killed run sent.
    """
    return hashlib.sha256(f"{stack_id}/{step}/{intended_at}".encode()).hexdigest()[:32]
