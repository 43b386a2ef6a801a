"""Entries of network ACLs. The tool makes none, and leaves a VPC's default list as EC2 made it."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.reach import acls, ranges
from provisioner.reach.fixes.case import Case, advice, aws
from provisioner.reach.needs import AclRule
from provisioner.reach.verdict import Fix

_FIRST, _APART = 100, 10
"""Where numbers begin, and how far apart they are where nothing else decides.

Source: VPC user guide, "Custom network ACLs": rules in increments, so that others fit between them.
"""
_EVERYTHING = "-1"
"""All protocols. Source: EC2 API reference, CreateNetworkAclEntry."""


def acl_rule(case: Case, need: AclRule) -> Fix:
    """In the stack's own VPC as EC2 made it: without what somebody denied, with the entry that allows the rest.

    What is in anybody else's VPC is its owner's policy: it keeps its entries, and gets one for this alone. All
    that is proposed from one snapshot can be typed one after the other: what opens the same is the same command,
    and no two entries of a list get one number.
    """
    if _own(case, need):
        return _undone(need) if need.before < acls.LAST else _usual(need)
    peer, ports = _peer(case, need.address), need.ports
    number = case.snapshot.numbers.of((need.acl, need.egress), (peer, ports, need.before), _free(need))
    if number is None:
        return advice(
            f"entry {need.before} of {need.acl} leaves no room before it: its owner is to number it higher"
        )
    given = ("--protocol", "6", "--rule-action", "allow", "--cidr-block", peer)
    return _create(need, number, *given, "--port-range", f"From={ports[0]},To={ports[1]}")


def _own(case: Case, need: AclRule) -> bool:
    """Whether the stack made the VPC in which the list is."""
    found = case.snapshot.network.acls.get(need.acl)
    return found is not None and case.owned.kinds.get(case.owned.step_of(found.vpc)) == "vpc"


def _undone(need: AclRule) -> Fix:
    return aws("ec2", "delete-network-acl-entry", *_place(need), "--rule-number", str(need.before))


def _usual(need: AclRule) -> Fix:
    """The entry of a VPC's default list. Source: VPC user guide, "Default network ACL"."""
    number = next(_free(need))
    given = ("--protocol", _EVERYTHING, "--rule-action", "allow", "--cidr-block", ranges.EVERYWHERE)
    return _create(need, number, *given)


def _create(need: AclRule, number: int, *given: str) -> Fix:
    return aws("ec2", "create-network-acl-entry", *_place(need), "--rule-number", str(number), *given)


def _place(need: AclRule) -> tuple[str, str, str]:
    return ("--network-acl-id", need.acl, "--egress" if need.egress else "--ingress")


def _free(need: AclRule) -> Iterator[int]:
    """Numbers before the entry that denies; where that is the last one, after all others if there is room."""
    if need.before >= acls.LAST:
        top = max((one for one in need.taken if one < acls.LAST), default=_FIRST - _APART)
        yield from range(top + _APART, acls.LAST, _APART)
    yield from (one for one in range(need.before - 1, 0, -1) if one not in need.taken)


def _peer(case: Case, address: str) -> str:
    """The subnet in which an address is; outside of those that are known itself, or anywhere."""
    vpc = case.snapshot.network.vpc_with(address)
    place = case.snapshot.network.subnet_with(vpc.id, address) if vpc else None
    if place is not None:
        return place.cidr
    return f"{address}/32" if ranges.is_private(address) else ranges.EVERYWHERE
