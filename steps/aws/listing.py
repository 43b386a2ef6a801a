"""How EC2 lists what a stack owns: one describe a kind, by owner tag."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from state.record import Record
from steps.aws import owner
from steps.aws.context import Look
from steps.base import Seen, Step


@dataclass(frozen=True)
class Listing:
    """One EC2 describe call as data: the operation, where its answer holds the items, and their id."""

    operation: str
    items: str
    id: str
    id_filter: str
    going: frozenset[str] = frozenset()
    """Values of `State` in which it is on its way out."""
    spent: frozenset[str] = frozenset()
    """Values of `State` in which it failed for good."""
    over: frozenset[str] = frozenset()
    """Values of `State` in which it is only a memory of AWS's."""

    def read(self, look: Look, records: Sequence[Record], ids: Iterable[str | None] = ()) -> list[Seen]:
        """All that bear the stack's owner tag, and those recorded ids that have lost it (`ids`: further ones).

        The second read is made only where the first leaves a recorded id out. It filters by id instead of naming
        ids, because a named id that is gone is an error and a filter is not.
        """
        seen = look.share(self.operation, lambda: self._owned(look))
        wanted = {record.id for record in records} | set(ids)
        missing = {one for one in wanted if one} - {item.id for item in seen}
        return seen + self._sightings(look, self.id_filter, sorted(missing)) if missing else seen

    def _owned(self, look: Look) -> list[Seen]:
        return self._sightings(look, f"tag:{owner.STACK_ID}", [look.aws.owner.stack_id])

    def _sightings(self, look: Look, name: str, values: Sequence[str]) -> list[Seen]:
        found = describe(look, self.operation, self.items, {name: values})
        return [self._seen(raw) for raw in found if raw.get("State") not in self.over]

    def _seen(self, raw: Mapping[str, Any]) -> Seen:
        tags = owner.mapping(raw.get("Tags", ()))
        state = raw.get("State")
        return Seen(raw[self.id], raw, tags, going=state in self.going, spent=state in self.spent)


def describe(
    look: Look, operation: str, items: str, filters: Mapping[str, Sequence[str]]
) -> Iterator[Mapping[str, Any]]:
    """Every item of an EC2 describe call, over all its pages."""
    client: Any = look.aws.clients.ec2
    wanted = [{"Name": name, "Values": list(values)} for name, values in filters.items()]
    if not client.can_paginate(operation):
        yield from getattr(client, operation)(Filters=wanted)[items]
        return
    for page in client.get_paginator(operation).paginate(Filters=wanted):
        yield from page[items]


class ListedStep(Step):
    """A step whose resource EC2 lists by owner tag."""

    listing: ClassVar[Listing]

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        return cls.listing.read(look, records)
