"""Notes in a table of PostgreSQL, which is made where there is none."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pg8000.exceptions import DatabaseError, InterfaceError  # type: ignore[import-untyped]
from pg8000.native import Connection  # type: ignore[import-untyped]

from .model import Note, Refused, Unavailable

if TYPE_CHECKING:
    from .place import Credentials, Place

_TABLE = "CREATE TABLE IF NOT EXISTS notes (id text PRIMARY KEY, title text NOT NULL, body text NOT NULL)"
_MADE_MEANWHILE = frozenset({"23505", "42P07"})
"""Unique violation, duplicate table: what one of two sessions gets that make the same table at the same time."""
_REFUSED = frozenset({"28000", "28P01"})
_DOWN = ("08", "53", "57P")
"""Connection exceptions, insufficient resources, operator intervention (shutting down, starting up).
Source: PostgreSQL documentation, appendix A: error codes."""
_IDLE = 5.0
"""Seconds after which a kept connection is tried before it is used: an environment may have been frozen long."""

_log = logging.getLogger(__name__)


class PostgresStore:
    """Connects when it is first used, and again after a failure."""

    def __init__(self, place: Place, credentials: Credentials) -> None:
        self._place = place
        self._credentials = credentials
        self._connection: Any = None
        self._used = 0.0

    def add(self, note: Note) -> None:
        self._run(
            "INSERT INTO notes (id, title, body) VALUES (:id, :title, :body)",
            id=note.id,
            title=note.title,
            body=note.body,
        )

    def find(self, note: str) -> Note | None:
        return _first(self._run("SELECT id, title, body FROM notes WHERE id = :id", id=note))

    def latest(self, limit: int) -> list[Note]:
        rows = self._run("SELECT id, title, body FROM notes ORDER BY id DESC LIMIT :most", most=limit)
        return [Note(*row) for row in rows]

    def change(self, note: str, changes: Mapping[str, str]) -> Note | None:
        rows = self._run(
            "UPDATE notes SET title = coalesce(:title, title), body = coalesce(:body, body) "
            "WHERE id = :id RETURNING id, title, body",
            id=note,
            title=changes.get("title"),
            body=changes.get("body"),
        )
        return _first(rows)

    def remove(self, note: str) -> bool:
        return bool(self._run("DELETE FROM notes WHERE id = :id RETURNING id", id=note))

    def _run(self, statement: str, **values: Any) -> Sequence[Sequence[Any]]:
        """Its rows. A statement is never sent twice: nobody knows what became of the first."""
        try:
            rows: Sequence[Sequence[Any]] | None = self._ready().run(statement, **values)
        except (DatabaseError, InterfaceError, OSError) as error:
            if unavailable := self._unavailable(error):
                self._drop()
                raise unavailable from error
            raise
        self._used = time.monotonic()
        return rows or ()

    def _ready(self) -> Connection:
        if self._connection is not None and time.monotonic() - self._used > _IDLE:
            try:
                self._connection.run("SELECT 1")
            except (DatabaseError, InterfaceError, OSError):
                self._drop()
        if self._connection is None:
            self._connection = self._connected()
            self._make_table()
        return self._connection

    def _connected(self) -> Connection:
        return Connection(
            self._credentials.username,
            host=self._place.host,
            port=self._place.port,
            database=self._place.name,
            password=self._credentials.password,
            ssl_context=_tls(self._place.ca),
            timeout=self._place.timeout,
            application_name="graphql",
        )

    def _make_table(self) -> None:
        try:
            self._connection.run(_TABLE)
        except DatabaseError as error:
            if _code(error) not in _MADE_MEANWHILE:
                self._drop()
                raise

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
            self._connection = None

    def _unavailable(self, error: Exception) -> Unavailable | None:
        """What it means for the caller: nothing where the server only did not like the statement."""
        code, place = _code(error), f"PostgreSQL at {self._place}"
        if code in _REFUSED:
            return Refused(f"{place} refuses the function's credentials: {code}")
        if code and not code.startswith(_DOWN):
            return None
        cause = error.__cause__ or error
        return Unavailable(f"{place} did not answer: {code or f'{type(cause).__name__}: {cause}'}")


def _tls(authorities: Path | None) -> ssl.SSLContext:
    """Always encrypted; the server is only known where its authorities are."""
    if authorities is not None:
        return ssl.create_default_context(cafile=str(authorities))
    _log.warning("PostgreSQL's certificate is not checked: there is no file with RDS's authorities")
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _code(error: Exception) -> str:
    """SQLSTATE, "" where the server said nothing."""
    told = error.args[0] if isinstance(error, DatabaseError) and error.args else None
    return str(told.get("C", "")) if isinstance(told, dict) else ""


def _first(rows: Sequence[Sequence[Any]]) -> Note | None:
    return Note(*rows[0]) if rows else None
