"""A client of PostgreSQL that is logged in: its statements, its transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from provisioner.sandbox.databases import postgres_sql as sql
from provisioner.sandbox.databases import postgres_wire as wire
from provisioner.sandbox.databases.postgres_sql import Result
from provisioner.sandbox.databases.postgres_wire import Body, Column, Failed, Malformed

_ENDING = {"COMMIT": "COMMIT", "END": "COMMIT", "ROLLBACK": "ROLLBACK", "ABORT": "ROLLBACK"}
"""What ends a transaction, and how."""
_IDLE, _INSIDE, _BROKEN = b"I", b"T", b"E"


@dataclass
class _Portal:
    statement: str
    columns: list[Column]
    values: list[str | None]


class Session:
    """One connection; `run` lasts until the client hangs up, or the server is no longer alive."""

    def __init__(self, stream: BinaryIO, made: sqlite3.Connection) -> None:
        self._stream = stream
        self._made = made
        self._statements: dict[str, str] = {}
        self._portals: dict[str, _Portal] = {}
        self._status = _IDLE
        self._skipping = False

    def run(self, alive: Callable[[], bool]) -> None:
        self._ready()
        while (got := wire.read(self._stream)) is not None and alive():
            kind, body = got
            if kind == "X":
                return
            if kind == "S":
                self._skipping = False
                self._ready()
            elif not self._skipping:
                self._handled(kind, body)
            self._stream.flush()

    def _handled(self, kind: str, body: Body) -> None:
        if kind not in _HANDLERS:
            raise Malformed(f"message {kind!r}")
        try:
            _HANDLERS[kind](self, body)
        except Failed as failed:
            self._stream.write(wire.error(failed.code, str(failed)))
            self._status = _BROKEN if self._made.in_transaction else _IDLE
            self._skipping = kind != "Q"
        if kind == "Q":
            self._ready()

    def query(self, body: Body) -> None:
        found = list(sql.statements(body.text()))
        for statement in found:
            self._allowed(statement)
            columns = self._described(statement)
            if columns:
                self._stream.write(wire.row_description(columns))
            self._carry_out(_Portal(statement, columns, []))
        if not found:
            self._stream.write(wire.message("I"))

    def parse(self, body: Body) -> None:
        name, text = body.text(), body.text()
        found = list(sql.statements(text))
        if len(found) > 1:
            raise Failed("42601", "cannot insert multiple commands into a prepared statement")
        statement = found[0] if found else ""
        if statement:
            self._allowed(statement)
            sql.check(self._made, statement)
        self._statements[name] = statement
        self._stream.write(wire.message("1"))

    def describe(self, body: Body) -> None:
        kind, name = body.piece(1), body.text()
        if kind == b"S":
            statement = self._statement(name)
            self._stream.write(wire.parameter_description(sql.count(statement), sql.TEXT))
            columns = self._described(statement)
        else:
            columns = self._portal(name).columns
        self._stream.write(wire.row_description(columns) if columns else wire.message("n"))

    def bind(self, body: Body) -> None:
        portal, name = body.text(), body.text()
        if any(body.numbers()):
            raise Failed("0A000", "the sandbox takes parameters as text only")
        values = [body.value() for _ in range(body.number("h"))]
        statement = self._statement(name)
        texts = [None if one is None else one.decode("utf-8", "replace") for one in values]
        self._portals[portal] = _Portal(statement, self._described(statement), texts)
        self._stream.write(wire.message("2"))

    def execute(self, body: Body) -> None:
        portal = self._portal(body.text())
        if portal.statement:
            self._carry_out(portal)
        else:
            self._stream.write(wire.message("I"))

    def close(self, body: Body) -> None:
        kind, name = body.piece(1), body.text()
        (self._statements if kind == b"S" else self._portals).pop(name, None)
        self._stream.write(wire.message("3"))

    def flush(self, body: Body) -> None:
        """Everything is flushed after each message."""

    def _carry_out(self, portal: _Portal) -> None:
        result = self._ended(portal.statement) or sql.run(self._made, portal.statement, portal.values)
        self._status = _INSIDE if self._made.in_transaction else _IDLE
        for row in result.rows:
            values = (sql.shown(value, column) for value, column in zip(row, portal.columns, strict=True))
            self._stream.write(wire.row(values))
        self._stream.write(wire.message("C", wire.text(result.tag)))

    def _ended(self, statement: str) -> Result | None:
        """What came of the end of a transaction, None for other statements. A failed one can only be undone."""
        ending = _ENDING.get(sql.verb(statement))
        if ending is None:
            return None
        ending = "ROLLBACK" if self._status == _BROKEN else ending
        return sql.run(self._made, ending) if self._made.in_transaction else Result((), ending)

    def _allowed(self, statement: str) -> None:
        """Raise Failed after an error in a transaction, for all but its end."""
        if self._status == _BROKEN and sql.verb(statement) not in _ENDING:
            text = "current transaction is aborted, commands ignored until end of transaction block"
            raise Failed("25P02", text)

    def _described(self, statement: str) -> list[Column]:
        return sql.described(self._made, statement) if statement and self._status != _BROKEN else []

    def _statement(self, name: str) -> str:
        if name not in self._statements:
            raise Failed("26000", f'prepared statement "{name}" does not exist')
        return self._statements[name]

    def _portal(self, name: str) -> _Portal:
        if name not in self._portals:
            raise Failed("34000", f'portal "{name}" does not exist')
        return self._portals[name]

    def _ready(self) -> None:
        wire.send(self._stream, wire.message("Z", self._status))


_HANDLERS: Mapping[str, Callable[[Session, Body], None]] = {
    "Q": Session.query,
    "P": Session.parse,
    "D": Session.describe,
    "B": Session.bind,
    "E": Session.execute,
    "C": Session.close,
    "H": Session.flush,
}
