"""Targets of load balancers: moto calls every one healthy at once, so here is noted since when each is there."""

from __future__ import annotations

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call

Key = tuple[str, str]


class Targets:
    """Who is still being checked: target group and target id."""

    def __init__(self) -> None:
        self.initial: dict[Key, object] = {}


def register(call: Call, group: str, target: str, port: int) -> None:
    """Register one; it is `initial` for a while, then `healthy`."""
    found = backends.elbv2(call).target_groups.get(group)
    if found is not None:
        found.register([{"Id": target, "Port": port}])
        watch(call, group, target)


def watch(call: Call, group: str, target: str) -> None:
    """Let a registered target pass its health checks after a while."""
    notes, key, visit = call.ledger(Targets), (group, target), object()
    notes.initial[key] = visit

    def pass_checks() -> None:
        if notes.initial.get(key) is visit:  # not registered anew meanwhile
            del notes.initial[key]

    call.later("target.healthy", pass_checks)


def deregister(call: Call, group: str, target: str) -> None:
    found = backends.elbv2(call).target_groups.get(group)
    if found is not None and target in found.targets:
        found.deregister([{"Id": target}])
        found.deregistered_targets.pop(target, None)
    call.ledger(Targets).initial.pop((group, target), None)
