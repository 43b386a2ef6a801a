"""Requests that wait: so that a test can kill their client at a chosen instant."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from provisioner.sandbox.calls import Entry
from provisioner.sandbox.connection import Connection
from provisioner.sandbox.refusal import Dropped

_LOOK_EVERY = 0.01


@dataclass
class Hold:
    """One waiting request. `ended` is set by a release or, with `dropped`, by a reset."""

    number: int
    when: str
    entry: Entry
    ended: threading.Event = field(default_factory=threading.Event)
    dropped: bool = False

    def as_dict(self) -> dict[str, Any]:
        entry = self.entry
        return {
            "hold": self.number,
            "when": self.when,
            "n": entry.n,
            "m": entry.m,
            "service": entry.service,
            "action": entry.action,
            "client": entry.client,
        }


class Holds:
    """All waiting requests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._holds: dict[int, Hold] = {}

    def wait(self, when: str, entry: Entry, connection: Connection | None, seconds: float | None) -> None:
        """Return when released or when `seconds` have passed; raise Dropped if the client went away meanwhile."""
        hold = self._begin(when, entry)
        until = None if seconds is None else time.monotonic() + seconds
        try:
            while not hold.ended.wait(_LOOK_EVERY) and (until is None or time.monotonic() < until):
                if connection is not None and connection.gone():
                    raise Dropped
        finally:
            with self._lock:
                self._holds.pop(hold.number, None)
        # A client that was killed before the release must not have its request executed by it.
        if hold.dropped or (connection is not None and connection.gone()):
            raise Dropped

    def all(self) -> list[dict[str, Any]]:
        with self._lock:
            return [hold.as_dict() for hold in self._holds.values()]

    def release(self) -> int:
        """Let all go on; says how many."""
        return self._end(dropped=False)

    def drop(self) -> int:
        """End all without executing or answering them; says how many."""
        return self._end(dropped=True)

    def _begin(self, when: str, entry: Entry) -> Hold:
        with self._lock:
            hold = Hold(next(self._numbers), when, entry)
            self._holds[hold.number] = hold
            return hold

    def _end(self, *, dropped: bool) -> int:
        with self._lock:
            holds = list(self._holds.values())
        for hold in holds:
            hold.dropped = dropped
            hold.ended.set()
        return len(holds)
