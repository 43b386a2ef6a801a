"""What a check of the account looks at, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar

from provisioner.blueprint import Site
from provisioner.model import Stack
from steps.aws.context import Aws, Look
from steps.base import Step

S = TypeVar("S", bound=Step)


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """The run may go on, and something should be known before."""
    PROBLEM = "problem"
    """The run would fail, or make what cannot work."""
    UNKNOWN = "not judged"
    """The caller may not ask, or AWS did not answer."""


@dataclass(frozen=True)
class Finding:
    """One line. `key` and `value` are the place in the stack file where it has one."""

    level: Level
    what: str
    fix: str = ""
    key: str = ""
    value: object = None


@dataclass(frozen=True)
class Ground:
    """Where a stack is to stand, and what of it is not there yet. Reads are shared by all checks."""

    aws: Aws
    stack: Stack
    site: Site
    steps: Sequence[Step]
    recorded: frozenset[str] = frozenset()
    """Names of the steps that an earlier run has begun: what it asked for may be there, and counts as in use."""
    scale: float = 1.0
    """How many of AWS's seconds pass in a real one."""
    name_servers: Callable[[str], frozenset[str]] | None = None
    """Asks the public DNS who is authoritative for a name; None where its answer would mean nothing."""

    @cached_property
    def look(self) -> Look:
        return Look(self.aws)

    @cached_property
    def fresh(self) -> tuple[Step, ...]:
        """What this run will make."""
        return tuple(step for step in self.steps if step.name not in self.recorded)

    def making(self, kind: type[S]) -> list[S]:
        return [step for step in self.fresh if isinstance(step, kind)]

    def step(self, name: str) -> Step:
        """Raises StopIteration where there is none of that name."""
        return next(step for step in self.steps if step.name == name)

    def read(self, operation: str, items: str, **given: Any) -> list[Mapping[str, Any]]:
        """All items of an EC2 describe call, over all its pages; asked once in a run."""

        def ask() -> list[Mapping[str, Any]]:
            client: Any = self.aws.clients.ec2
            if not client.can_paginate(operation):
                return list(getattr(client, operation)(**given)[items])
            pages = client.get_paginator(operation).paginate(**given)
            return [item for page in pages for item in page[items]]

        return self.look.share(f"{operation} {given}", ask)


Check = Callable[[Ground], Iterable[Finding]]
