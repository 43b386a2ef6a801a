"""The interfaces of functions and services: those that they have, or else those that they would get."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from provisioner.reach import ranges
from provisioner.reach.parts import Balancer, Function, Service
from provisioner.reach.rules import action, groups
from provisioner.reach.snapshot import Snapshot
from provisioner.reach.things import Interface, Subnet

_LAMBDA = "AWS Lambda VPC ENI"
"""How the description of Lambda's interfaces begins. Source: Lambda developer guide, "Giving Lambda functions
access to resources in an Amazon VPC"."""


def of_function(snapshot: Snapshot, function: Function) -> tuple[Interface, ...]:
    """One in each of its subnets; functions with the same subnets and groups share them."""
    return tuple(_in_subnet(snapshot, function, subnet) for subnet in _subnets(snapshot, function.subnets))


def _subnets(snapshot: Snapshot, ids: tuple[str, ...]) -> list[Subnet]:
    return [snapshot.network.subnets[one] for one in ids if one in snapshot.network.subnets]


def _in_subnet(snapshot: Snapshot, function: Function, subnet: Subnet) -> Interface:
    for one in snapshot.network.interfaces.values():
        ours = one.subnet == subnet.id and set(one.groups) == set(function.groups)
        if ours and one.description.startswith(_LAMBDA):
            return one
    return _would_be(subnet, function.groups, "lambda", function.arn)


def _would_be(subnet: Subnet, held: tuple[str, ...], kind: str, whose: str, public: str = "") -> Interface:
    """One that is not there yet, at some address of the subnet."""
    address = str(ranges.network(subnet.cidr)[-2])
    return Interface("", subnet.vpc, subnet.id, (address,), held, public, kind, whose)


def of_service(snapshot: Snapshot, service: Service) -> tuple[Interface, ...]:
    """Those of its tasks; where none runs, those that tasks would get."""
    known = snapshot.network.interfaces
    held = tuple(known[task.interface] for task in service.tasks if task.interface in known)
    if held:
        return _different(held)
    told = snapshot.network.told
    taken = f"{ranges.somewhere(told)}/32"  # by whoever is on the internet
    public = ranges.somewhere([*told, taken]) if service.public else ""
    return tuple(
        _would_be(subnet, service.groups, "interface", service.arn, public)
        for subnet in _subnets(snapshot, service.subnets)
    )


def _different(held: tuple[Interface, ...]) -> tuple[Interface, ...]:
    """One of each that differs in what is judged: fifty tasks of a subnet are one."""
    found = {(one.subnet, one.groups, bool(one.public)): one for one in reversed(held)}
    return tuple(reversed(found.values()))


def is_before(snapshot: Snapshot, balancer: Balancer, service: Service) -> bool:
    """Whether a load balancer sends to a service."""
    sent = (arn for one in balancer.listeners for rule in one.rules for arn in groups(action(rule)))
    return any(arn in service.target_groups for arn in sent)


def among(snapshot: Snapshot, interfaces: Iterable[Interface]) -> Snapshot:
    """The snapshot as if those interfaces were there that are only expected."""
    new = {f"expected {one.address} {one.vpc}": one for one in interfaces if not one.id}
    if not new:
        return snapshot
    network = replace(snapshot.network, interfaces={**new, **snapshot.network.interfaces})
    return replace(snapshot, network=network)
