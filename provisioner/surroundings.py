"""What a stack takes for granted: the user's own things, there before it. A sandbox is told to have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provisioner.model import Stack

_PRIVATE_REGISTRY = ".dkr.ecr."
_EVERYTHING = "0.0.0.0/0"
"""What is behind a transit gateway: whatever is not attached to it. It goes after all that is."""


def taken_for_granted(stack: Stack) -> list[Mapping[str, str]]:
    """As `provisioner.sandbox.furnish` takes it. A VPC and a zone that are named by their ids are not among it."""
    return list(_wants(stack))


def _wants(stack: Stack) -> Iterator[Mapping[str, str]]:
    parent = stack.dns.parent if stack.dns else None
    account = {"account": parent.role_arn.split(":")[4]} if parent and parent.role_arn else {}
    if parent and parent.role_arn:
        yield {"kind": "role", "arn": parent.role_arn}
    if parent and parent.zone:
        yield {"kind": "zone", "name": parent.zone, **account}
    if transit := stack.network.transit_gateway:
        yield {"kind": "transit_gateway", "id": transit.id, "routes": _EVERYTHING}
    if stack.cluster.existing:
        yield {"kind": "cluster", "name": stack.cluster.existing}
    for service in stack.services.values():
        if _PRIVATE_REGISTRY in service.image:
            yield {"kind": "image", "image": service.image}
