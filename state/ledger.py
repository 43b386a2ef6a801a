"""The state of a running operation: changed by many threads, on disk before any of them goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from threading import Lock
from typing import Any

from state.record import Record, StackState
from state.store import Store


class Ledger:
    """One stack's document in memory, and the promise that what was put is on disk when `put` returns.

    Threads that put at the same time share one write (group commit): each waits until a write that began
    after its change has ended.
    """

    def __init__(self, store: Store, state: StackState) -> None:
        self._store = store
        self._state = state
        self._version = 0
        self._written = 0
        self._changing = Lock()
        self._writing = Lock()

    @property
    def state(self) -> StackState:
        return self._state

    @property
    def records(self) -> Mapping[str, Record]:
        return self._state.records

    def put(self, record: Record) -> Record:
        """Remember the record. Raises StateWriteError; then it is remembered in memory only."""
        with self._changing:
            self._change(records={**self._state.records, record.name: record})
            version = self._version
        self._flush(version)
        return record

    def drop(self, name: str) -> None:
        """Forget the record of a resource that is gone."""
        with self._changing:
            self._change(records={key: value for key, value in self.records.items() if key != name})
            version = self._version
        self._flush(version)

    def update(self, **fields: Any) -> None:
        """Change fields of the document other than its records."""
        with self._changing:
            self._change(**fields)
            version = self._version
        self._flush(version)

    def forget(self) -> None:
        """Remove the document of a stack of which nothing was made."""
        with self._writing:
            self._store.remove()

    def _change(self, **fields: Any) -> None:
        self._state = replace(self._state, **fields)
        self._version += 1

    def _flush(self, version: int) -> None:
        with self._writing:
            if self._written >= version:
                return
            with self._changing:
                snapshot, reached = self._state, self._version
            self._store.save(snapshot)
            self._written = reached
