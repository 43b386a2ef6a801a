"""The sandbox's time: what is due happens when somebody looks, so no thread runs in the background."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable

Action = Callable[[], None]


class Clock:
    """Seconds since the start, and what is to happen later. Not thread-safe: used under the world's lock."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._ahead = 0.0
        self._agenda: list[tuple[float, int, Action]] = []
        self._order = itertools.count()
        self._due: float | None = None

    def now(self) -> float:
        """Seconds since the start; while something due happens, the moment for which it was due."""
        return self._real() if self._due is None else self._due

    def later(self, seconds: float, action: Action) -> None:
        """Have `action` happen in `seconds`, at the earliest before the next request."""
        heapq.heappush(self._agenda, (self.now() + seconds, next(self._order), action))

    def catch_up(self) -> None:
        """Let happen what is due, in order; what that plans happens too if it is due."""
        now = self._real()
        while self._agenda and self._agenda[0][0] <= now:
            self._due, _, action = heapq.heappop(self._agenda)
            try:
                action()
            finally:
                self._due = None

    def advance(self, seconds: float) -> None:
        """Jump ahead, for tests that will not wait."""
        self._ahead += seconds

    def clear(self) -> None:
        """Forget what is planned, and undo the jumps."""
        self._agenda.clear()
        self._ahead = 0.0

    def _real(self) -> float:
        return time.monotonic() - self._start + self._ahead
