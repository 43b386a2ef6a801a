"""All that one sandbox remembers."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from provisioner.sandbox.calls import CallLog
from provisioner.sandbox.clock import Clock
from provisioner.sandbox.faults import Faults
from provisioner.sandbox.holds import Holds
from provisioner.sandbox.latencies import Latencies, profile

T = TypeVar("T")


class World:
    """The sandbox's own state, beside moto's. `lock` guards both: moto is not thread-safe everywhere."""

    def __init__(
        self,
        pace: str,
        empty_backends: Callable[[], None],
        seed: int = 0,
        faults: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.lock = threading.RLock()
        self.id = _new_id()
        self.clock = Clock()
        self.latencies = Latencies(profile(pace), seed)
        self.calls = CallLog()
        self._usual_faults = faults
        self.faults = self._fresh_faults(seed)
        self.holds = Holds()
        self._ledgers: dict[tuple[type[Any], str, str], Any] = {}
        self._empty_backends = empty_backends

    def ledger(self, kind: type[T], account: str, region: str) -> T:
        """That account's and region's notes of the kind; made empty at first use."""
        key = (kind, account, region)
        if key not in self._ledgers:
            self._ledgers[key] = kind()
        return cast("T", self._ledgers[key])

    @property
    def profile(self) -> str:
        return self.latencies.profile.name

    def reset(self, pace: str | None = None, seed: int | None = None) -> None:
        """Become as new, under a new id, perhaps with another profile or seed (ValueError for a wrong one).

        Of the faults only those stay that it was started with.

        Requests that wait are dropped, not executed.
        """
        new = Latencies(profile(pace or self.profile), self.latencies.seed if seed is None else seed)
        self.holds.drop()
        with self.lock:
            self.id = _new_id()
            self._empty_backends()
            self._ledgers.clear()
            self.clock.clear()
            self.latencies = new
            self.faults = self._fresh_faults(new.seed)
            self.calls.clear()

    def _fresh_faults(self, seed: int) -> Faults:
        faults = Faults(seed)
        faults.add(self._usual_faults)
        return faults

    def identity(self) -> dict[str, Any]:
        """Who this is; `scale` is how many of AWS's seconds pass in one of ours, null if infinitely many."""
        pace = self.latencies.profile
        shown = None if pace.timeless else pace.scale
        return {
            "id": self.id,
            "pid": os.getpid(),
            "profile": pace.name,
            "scale": shown,
            "seed": self.latencies.seed,
        }


def _new_id() -> str:
    return f"sandbox-{secrets.token_hex(8)}"
