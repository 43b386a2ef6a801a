"""All that one sandbox remembers."""

from __future__ import annotations

import os
import secrets
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from provisioner.sandbox.calls import CallLog
from provisioner.sandbox.clock import Clock
from provisioner.sandbox.faults import Faults
from provisioner.sandbox.holds import Holds
from provisioner.sandbox.latencies import Latencies, profile

T = TypeVar("T")


@dataclass(frozen=True)
class Nature:
    """What a sandbox is like when it is new, and becomes again with a reset.

    With `enforcing`, callers are held to their IAM policies.
    """

    profile: str = "instant"
    seed: int = 0
    faults: Sequence[Mapping[str, Any]] = ()
    enforcing: bool = False


class World:
    """The sandbox's own state, beside moto's. `lock` guards both: moto is not thread-safe everywhere.

    `endpoint` is where it answers, `home` the folder for what must be on disk.
    """

    def __init__(self, nature: Nature, empty_backends: Callable[[], None]) -> None:
        self.lock = threading.RLock()
        self.id = _new_id()
        self.clock = Clock()
        self.calls = CallLog()
        self.holds = Holds()
        self._become(nature)
        self.home = Path(tempfile.gettempdir())
        self.endpoint = ""
        self._endings: list[Callable[[], None]] = []
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
        return self.nature.profile

    def reset(self, **changes: Any) -> None:
        """Become as new, under a new id, perhaps of another nature (ValueError or TypeError for a wrong one).

        Requests that wait are dropped, not executed.
        """
        nature = replace(self.nature, **changes)
        profile(nature.profile)
        self.holds.drop()
        with self.lock:
            self.id = _new_id()
            self.end()
            self._empty_backends()
            self._ledgers.clear()
            self.clock.clear()
            self._become(nature)
            self.calls.clear()

    def at_end(self, action: Callable[[], None]) -> None:
        """Have it happen when this world ends, with a reset or with the process: for what is outside of it."""
        self._endings.append(action)

    def end(self) -> None:
        """Take down what lives outside of this process's memory."""
        while self._endings:
            self._endings.pop()()

    def _become(self, nature: Nature) -> None:
        self.nature = nature
        self.latencies = Latencies(profile(nature.profile), nature.seed)
        self.faults = Faults(nature.seed)
        self.faults.add(nature.faults)
        self.enforcing = nature.enforcing

    def identity(self) -> dict[str, Any]:
        """Who this is; `scale` is how many of AWS's seconds pass in one of ours, null if infinitely many."""
        pace = self.latencies.profile
        shown = None if pace.timeless else pace.scale
        return {
            "id": self.id,
            "pid": os.getpid(),
            "profile": pace.name,
            "scale": shown,
            "seed": self.nature.seed,
        }


def _new_id() -> str:
    return f"sandbox-{secrets.token_hex(8)}"
