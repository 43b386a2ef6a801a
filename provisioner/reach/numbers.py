"""The numbers of what is proposed: no two things of one list get the same."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from threading import Lock


class Numbers:
    """What was given out. The same thing keeps its number; several threads may ask."""

    def __init__(self) -> None:
        self._given: dict[Hashable, dict[Hashable, int]] = {}
        self._lock = Lock()

    def of(self, place: Hashable, thing: Hashable, free: Iterable[int]) -> int | None:
        """The number of a thing in a list: the first of `free` that nothing else in it got, None if none is."""
        with self._lock:
            given = self._given.setdefault(place, {})
            if thing not in given:
                number = next((one for one in free if one not in given.values()), None)
                if number is None:
                    return None
                given[thing] = number
            return given[thing]
