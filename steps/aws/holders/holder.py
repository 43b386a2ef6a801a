"""One thing that holds another, in words: what and whose it is, since when, whether it goes by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from steps.aws.owner import STACK, Owner

T = TypeVar("T")

_BRIEFLY = 3
"""So many holders are told while it waits; what is said at the end has them all."""
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"))
_GUARD_DUTY = "GuardDutyManaged"
"""The tag of endpoint and group that GuardDuty makes. Source: terraform-provider-aws, ec2/vpc_subnet.go."""


@dataclass(frozen=True)
class Holder:
    """`passes` is a clause that says by when it goes by itself; without one it stays until somebody removes it."""

    id: str
    what: str
    whose: str = ""
    """Empty where AWS does not tell."""
    since: datetime | None = None
    passes: str = ""
    move: str = ""
    """What to do: a command or a clause."""

    @property
    def briefly(self) -> str:
        """Without its age: as long as nothing changes the same is said."""
        return self._told("")

    def told(self, moment: datetime | None = None) -> str:
        return self._told(f"{age(self.since, moment or datetime.now(UTC))} old" if self.since else "")

    def _told(self, aged: str) -> str:
        known = ", ".join(text for text in (self.what, self.whose, aged) if text)
        way = "; ".join(text for text in (self.passes, self.move) if text)
        return f"{self.id} ({known}): {way}" if way else f"{self.id} ({known})"


def age(since: datetime, moment: datetime) -> str:
    """How long ago, in the largest unit that fits: `3 days`, `less than a minute`."""
    seconds = (moment - since).total_seconds()
    for size, unit in _UNITS:
        if number := int(seconds // size) if seconds >= size else 0:
            return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
    return "less than a minute"


def listed(holders: Sequence[Holder]) -> str:
    """In one line, for a step that waits."""
    more = [f"and {len(holders) - _BRIEFLY} more"] if len(holders) > _BRIEFLY else []
    return "; ".join([*(one.briefly for one in holders[:_BRIEFLY]), *more])


def advice(holders: Sequence[Holder]) -> str:
    """What to do when waiting is given up: a line for each of them."""
    waits = all(one.passes for one in holders)
    head = "resume later: what holds it goes by itself" if waits else "remove what holds it, then resume"
    return "\n".join([f"{head}:", *(one.told() for one in holders)])


def whose(owner: Owner, tags: Mapping[str, str] | None) -> str:
    """By the owner tags; empty where the tags are not known."""
    if tags is None:
        return ""
    if owner.owns(tags):
        return "this stack's"
    if tags.get(STACK):
        return f"stack '{tags[STACK]}'s"
    return "GuardDuty's" if _GUARD_DUTY in tags else "not this stack's"


def guard_duty(tags: Mapping[str, str] | None) -> bool:
    return _GUARD_DUTY in (tags or {})


def readable(read: Callable[[], Iterable[T]]) -> list[T] | None:
    """All that a read tells; None where the caller may not make it, or AWS does not answer: it only explains."""
    try:
        return list(read())
    except (ClientError, BotoCoreError):
        return None
