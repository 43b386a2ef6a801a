"""The log of all calls: what a test asks when it wants to know what a client did."""

from __future__ import annotations

import base64
import datetime
import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from provisioner.sandbox.call import Call


@dataclass
class Entry:
    """One call. `m` counts the mutating ones; `status` and `error` are None until it is answered."""

    n: int
    m: int | None
    at: float
    service: str
    action: str
    mutating: bool
    client: str
    parameters: Any
    status: int | None = None
    error: str | None = None


class CallLog:
    """All calls since the last clear, in the order in which they arrived."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self._mutating = 0

    def open(self, call: Call, client: str) -> Entry:
        """Note a call that has arrived."""
        with self._lock:
            self._mutating += call.mutating
            entry = Entry(
                n=len(self._entries) + 1,
                m=self._mutating if call.mutating else None,
                at=time.time(),
                service=call.service,
                action=call.action,
                mutating=call.mutating,
                client=client,
                parameters=_plain(call.parameters),
            )
            self._entries.append(entry)
            return entry

    def all(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(entry) for entry in self._entries]

    def clear(self) -> None:
        """Forget all; the numbers begin again."""
        with self._lock:
            self._entries.clear()
            self._mutating = 0


def _plain(value: Any) -> Any:
    """As JSON can hold it; bytes only by their length and hash."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        digest = base64.b64encode(hashlib.sha256(value).digest()).decode()
        return f"<{len(value)} bytes, sha256 {digest}>"
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
