"""What somebody else keeps in a VPC of the stack's, and what would not go by itself when the VPC has to."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace

from steps.aws.context import Aws, Look
from steps.aws.holders import interfaces, parts
from steps.aws.holders.holder import Holder, guard_duty
from steps.aws.holders.residents import BALANCER, DATABASE, ENDPOINT, INSTANCE, NAT, Resident, Residents
from steps.aws.owner import mapping
from steps.base import StepFailed

_FIX = "have its owner move or delete it, then destroy:"
_KINDS = (INSTANCE, BALANCER, ENDPOINT, NAT, DATABASE)


def objection(aws: Aws, vpc: str, ours: Container[str]) -> StepFailed | None:
    """Begun, a destroy would take routes and gateways from under others' things, and then wait in vain."""
    found = in_vpc(aws, vpc, ours)
    if not found:
        return None
    named = "\n".join(f"  {replace(one, move='').told()}" for one in found)
    moves = "\n".join(one.move for one in found)
    return StepFailed(f"{vpc} holds what is not this stack's and would keep it:\n{named}", f"{_FIX}\n{moves}")


def in_vpc(aws: Aws, vpc: str, ours: Container[str]) -> list[Holder]:
    """Only what is certainly not the stack's: neither recorded nor tagged so, and no service's of AWS's.

    Nine reads, and one more for the tags of each twenty others' load balancers. What may not be read is nothing.
    In the order in which they can be removed: what has interfaces before the groups and subnets that it is in.
    """
    look = Look(aws)
    known = Residents(look, vpc, ours)
    found = [one for kind in _KINDS for one in known.of(kind) or () if _foreign(aws, one, ours)]
    return [*(one.holder(aws.owner) for one in found), *_unused(aws, vpc, ours), *parts.foreign(look, vpc, ours)]


def _foreign(aws: Aws, one: Resident, ours: Container[str]) -> bool:
    if one.id in ours or one.tags is None or aws.owner.owns(one.tags):
        return False
    return not (one.going or one.managed or guard_duty(one.tags))


def _unused(aws: Aws, vpc: str, ours: Container[str]) -> Iterator[Holder]:
    """Interfaces that a person made and that belong to nothing; others go with what they belong to."""
    for raw in interfaces.found(Look(aws), "vpc-id", vpc):
        tagged = aws.owner.owns(mapping(raw.get("TagSet", ())))
        if interfaces.plain(raw) and not tagged and raw["NetworkInterfaceId"] not in ours:
            yield interfaces.own(aws, raw)
