"""What a test wants to go wrong: which call, and how."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any

from provisioner.sandbox import presets
from provisioner.sandbox.calls import Entry

# Each of these happens to single calls; the standing ones below colour many for a while.
SINGLE = frozenset(
    {"hold-before", "hold-after", "drop-before", "drop-after", "error", "error-after", "status", "throttle"},
)
STANDING = frozenset({"invisible", "unassumable", "nat-fails", "pull-fails", "exits", "no-capacity"})
_ANY = "*"
_SETTINGS = frozenset({"seen", "fired", "since", "seed"})


@dataclass
class Fault:
    """One thing to go wrong.

    It concerns calls of `service` and `action` (globs), only mutating ones if `mutating`; with an `action`, only
    calls that are to be carried out, which a dry run of EC2 is not. It strikes the first
    `times` of them (None: all), or with `nth` those from the nth; `nth` alone counts mutating calls. With a
    `chance` it strikes only so many of them (0.01: one in a hundred), which of them the sandbox's seed decides.
    It sleeps until `after_seconds` after it was set. `seconds` limits a hold, or is how young a thing is that a
    standing fault hides.
    """

    do: str
    service: str = _ANY
    action: str = _ANY
    mutating: bool | None = None
    nth: int | None = None
    times: int | None = 1
    chance: float | None = None
    after_seconds: float = 0.0
    seconds: float | None = None
    code: str = "InternalError"
    status: int = 500
    message: str = "injected by the sandbox"
    seen: int = field(default=0)
    fired: int = field(default=0)
    since: float = field(default_factory=time.monotonic)
    seed: str = ""

    def matches(self, entry: Entry) -> bool:
        return (
            fnmatchcase(entry.service, self.service)
            and fnmatchcase(entry.action, self.action)
            and (self.mutating is None or self.mutating == entry.mutating)
            and (self.action == _ANY or not entry.parameters.get("DryRun"))
        )

    def awake(self) -> bool:
        return time.monotonic() - self.since >= self.after_seconds

    def strikes(self) -> bool:
        """Count one matching call, and say whether it is struck."""
        self.seen += 1
        first = self.nth or 1
        hit = self.seen >= first and (self.times is None or self.fired < self.times) and self._falls()
        self.fired += hit
        return hit

    def _falls(self) -> bool:
        """Whether chance would have it, this time."""
        return self.chance is None or random.Random(f"{self.seed}/{self.seen}").random() < self.chance

    def as_dict(self) -> dict[str, Any]:
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name not in ("since", "seed")}


def read(spec: Mapping[str, Any]) -> Fault:
    """The fault that a spec describes; ValueError says what is wrong with it."""
    known = {item.name for item in fields(Fault)} - _SETTINGS
    if unknown := sorted(spec.keys() - known):
        raise ValueError(f"unknown fault settings {unknown}; known: {sorted(known)}")
    if spec.get("do") not in SINGLE | STANDING:
        raise ValueError(f"unknown fault {spec.get('do')!r}; known: {sorted(SINGLE | STANDING)}")
    fault = Fault(**spec)
    if fault.nth is not None and not spec.keys() & {"service", "action", "mutating"}:
        fault.mutating = True
    return fault


class Faults:
    """All faults that are set."""

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._seed = seed

    def add(self, specs: Iterable[Mapping[str, Any] | str]) -> None:
        """Set these too, all or none; a string names a preset."""
        wanted = [presets.named(given) if isinstance(given, str) else [given] for given in specs]
        new = [read(spec) for some in wanted for spec in some]
        with self._lock:
            for number, fault in enumerate(new, len(self._faults)):
                fault.seed = f"{self._seed}/{number}/{fault.do}"
            self._faults += new

    def claim(self, entry: Entry) -> Fault | None:
        """The fault that strikes this call, if any. Every fault counts the call, the first that strikes has it."""
        with self._lock:
            matching = [fault for fault in self._faults if fault.do in SINGLE and fault.matches(entry)]
            struck = [fault for fault in matching if fault.awake() and fault.strikes()]
        return struck[0] if struck else None

    def strike(self, do: str, service: str) -> Fault | None:
        """The standing fault of this kind that strikes something that happens now; it counts."""
        return next((fault for fault in self.standing(do, service) if fault.strikes()), None)

    def standing(self, do: str, service: str) -> Iterator[Fault]:
        """Those of the standing kind `do` that concern the service."""
        with self._lock:
            faults = list(self._faults)
        for fault in faults:
            if fault.do == do and fault.awake() and fnmatchcase(service, fault.service):
                yield fault

    def youngest_usable(self, do: str, service: str) -> float:
        """How many seconds old a thing must be before it is seen (`invisible`) or trusted (`unassumable`)."""
        ages = [fault.seconds or 0.0 for fault in self.standing(do, service)]
        return max(ages, default=0.0)

    def all(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.as_dict() for fault in self._faults]

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
