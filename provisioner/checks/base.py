"""What a check is, and what checks of several kinds have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from provisioner import references
from provisioner.model import Stack
from provisioner.model.table import Table
from provisioner.stack_file.errors import Problem, meant, short

Path = tuple[str | int, ...]
Tier = Literal["public", "private"]
T = TypeVar("T", bound=Hashable)

GIVEN = ("network.vpc_id", "network.vpc_tags.?")
"""What decides whether the VPC is the stack's own."""
WAYS = (*GIVEN, "network.egress", "network.endpoints", "network.transit_gateway.routes")
"""What decides what is reached from the private subnets."""


@dataclass(frozen=True)
class Check:
    """What must hold over several values.

    `rule` says it with its reason, as `docs/stack-file.md` tells it. `reads` are the places that must be sound:
    in them `*` is the name of the entry of the table `each` for which the check runs, `?` any name. Without
    `each` it runs once.
    """

    rule: str
    run: Callable[[Stack, str], Iterator[Problem]]
    reads: tuple[str, ...]
    each: Literal["services", "functions"] | None = None

    def problems(self, stack: Stack, broken: Collection[Path]) -> Iterator[Problem]:
        """What is wrong, where none of the places that it reads is among the broken."""
        for name in getattr(stack, self.each) if self.each else ("",):
            if not any(_is_broken(read, name, path) for read in self.reads for path in broken):
                yield from self.run(stack, name)


def _is_broken(read: str, name: str, path: Path) -> bool:
    """Whether the broken place is the one that is read, or one above it."""
    place = [name if step == "*" else step for step in read.split(".")]
    return len(path) <= len(place) and all(one in ("?", other) for one, other in zip(place, path, strict=False))


def is_set(table: Table, key: str) -> bool:
    """Whether the file has the key, whatever its value."""
    return key in table.model_fields_set


def twice(values: Iterable[T]) -> list[T]:
    """What is there more than once, each once."""
    seen = list(values)
    return [one for one in dict.fromkeys(seen) if seen.count(one) > 1]


def named_subnets(stack: Stack, tier: Tier) -> bool:
    """Whether the file names this tier's subnets of a given VPC."""
    network = stack.network
    return bool(getattr(network, f"{tier}_subnet_ids") or getattr(network, f"{tier}_subnet_tags"))


def zones(stack: Stack, tier: Tier) -> int | None:
    """In how many zones this tier has subnets; None where only AWS can tell."""
    network = stack.network
    if network.given:
        return len(getattr(network, f"{tier}_subnet_ids")) or None
    asked = network.availability_zones
    return asked if isinstance(asked, int) else len(asked)


def zones_at(stack: Stack, tier: Tier) -> tuple[str, object]:
    """The key that decides it, and what is there."""
    network = stack.network
    key = f"{tier}_subnet_ids" if network.given else "availability_zones"
    return f"network.{key}", getattr(network, key)


def unknown_references(
    key: str, text: str, known: Mapping[str, object], nothing: str = "leave it out"
) -> Iterator[Problem]:
    for reference in references.named(text):
        if reference not in known:
            fix = meant(reference, list(known), nothing)
            yield Problem(key, text, f"there is nothing that ${{{short(reference)}}} could stand for", fix)
