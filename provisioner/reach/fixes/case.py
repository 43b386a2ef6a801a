"""What a fix is made from: who asks whom, and what the stack file has of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.reach import expected
from provisioner.reach.ends import End
from provisioner.reach.parts import Owned
from provisioner.reach.snapshot import Snapshot
from provisioner.reach.verdict import Fix

_FUNCTIONS = ("function", "function outside of VPCs")
_TASKS = ("service", "task")


@dataclass(frozen=True)
class Case:
    """`behind` is set where a load balancer asks its target, and not the one who began."""

    snapshot: Snapshot
    begin: End
    meant: End
    behind: bool = False

    @property
    def owned(self) -> Owned:
        return self.snapshot.owned

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.owned.settings

    def table(self, *keys: str) -> Mapping[str, Any]:
        """A table of the stack file, empty where it has none."""
        found: Any = self.settings
        for key in keys:
            found = (found or {}).get(key)
        return found or {}

    @property
    def caller(self) -> tuple[str, ...]:
        """The table of the stack file that is about who begins, nothing if none is."""
        if self.begin.kind in _FUNCTIONS:
            return ("functions", self.begin.part)
        return ("services", self.begin.part) if self.begin.kind in _TASKS else ()

    @property
    def called(self) -> str:
        """What `calls` names to reach what is meant: a service, or the database."""
        if self.meant.kind == "database" or self.meant.service is not None:
            return self.meant.part
        balancer = self.meant.balancer
        behind = (
            one for one in self.snapshot.services if balancer and expected.is_before(self.snapshot, balancer, one)
        )
        return next((one.step.partition("-")[2] for one in behind), "")

    @property
    def to_balancer(self) -> bool:
        return self.meant.balancer is not None

    @property
    def network(self) -> str:
        """The network from which or to which it goes outside of the VPC, as it was typed."""
        for end in (self.begin, self.meant):
            if end.kind == "internet":
                return "0.0.0.0/0"
            if end.networks and end.kind in ("network", "address"):
                return end.networks[0]
        return ""

    @property
    def given(self) -> bool:
        """Whether the VPC is the user's own."""
        network = self.table("network")
        return bool(network.get("vpc_id") or network.get("vpc_tags"))

    def heal(self, step: str) -> Fix:
        """The stack file has it, and somebody took it away."""
        return Fix("provisioner", f"provisioner resume {self.owned.stack}", (f"sets {step} right again",))

    def asks(self) -> Fix | None:
        """`calls` of the one who begins, with what is meant; None where it has that, or there is no such key."""
        if not self.caller or not self.called or not self.settings:
            return None
        known = list(self.table(*self.caller).get("calls") or ())
        return None if self.called in known else add((*self.caller, "calls"), known, self.called)


def add(keys: Iterable[str], known: Iterable[Any], *values: Any) -> Fix:
    """A list of the stack file with further values."""
    return put(keys, list(dict.fromkeys([*known, *values])))


def put(keys: Iterable[str], value: Any, *besides: str) -> Fix:
    """A key of the stack file with a value, as TOML writes it."""
    return Fix("stack-file", f"{'.'.join(keys)} = {json.dumps(value)}", besides)


def aws(*words: str) -> Fix:
    """A command of AWS's own."""
    return Fix("aws", " ".join(("aws", *words)))


def advice(text: str) -> Fix:
    return Fix("advice", text)
