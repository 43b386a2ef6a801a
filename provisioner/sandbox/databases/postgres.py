"""A small PostgreSQL server: TLS, SCRAM-SHA-256, simple and extended queries, on SQLite."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from provisioner.sandbox.databases import postgres_sql as sql
from provisioner.sandbox.databases import postgres_wire as wire
from provisioner.sandbox.databases import scram
from provisioner.sandbox.databases.postgres_sql import Result
from provisioner.sandbox.databases.postgres_wire import Body, Column, Failed, Malformed
from provisioner.sandbox.databases.scram import Find

ITERATIONS = 4_096
"""PostgreSQL's own number. Source: PostgreSQL documentation, scram_iterations."""
_SASL, _CONTINUE, _FINAL, _OK = 10, 11, 12, 0
_SETTINGS = {"client_encoding": "UTF8", "DateStyle": "ISO, MDY", "integer_datetimes": "on", "TimeZone": "UTC"}
_STANDARD = {"standard_conforming_strings": "on", "server_encoding": "UTF8"}
_ENDING = {"COMMIT": "COMMIT", "END": "COMMIT", "ROLLBACK": "ROLLBACK", "ABORT": "ROLLBACK"}
"""What ends a transaction, and how."""
_IDLE, _INSIDE, _BROKEN = b"I", b"T", b"E"


@dataclass(frozen=True)
class Server:
    """What one server knows: passwords by user, and the files of its databases by name.

    With `tls` it answers in it whoever asks for that, with `only_tls` nobody else.
    """

    find: Find
    databases: Mapping[str, Path]
    version: str = "17.0"
    tls: ssl.SSLContext | None = None
    only_tls: bool = False


def serve(server: Server, connection: socket.socket, alive: Callable[[], bool] = lambda: True) -> None:
    """Answer one client until it hangs up, or the server is no longer alive."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # answers are many small messages
    with contextlib.suppress(Malformed), contextlib.ExitStack() as stack:
        _Opening(server, connection, stack).run(alive)


class _Opening:
    """A connection until somebody is logged in."""

    def __init__(self, server: Server, connection: socket.socket, stack: contextlib.ExitStack) -> None:
        self._server = server
        self._connection = connection
        self._stack = stack
        self._secure = False

    def run(self, alive: Callable[[], bool]) -> None:
        stream = self._stream()
        while (began := wire.read_startup(stream)) is not None:
            wanted, body = began
            if wanted == wire.PROTOCOL:
                self._begin(stream, wire.parameters(body), alive)
                return
            if wanted not in (wire.TLS_REQUEST, wire.GSS_REQUEST):
                return
            stream = self._negotiated(stream, wanted)

    def _stream(self) -> BinaryIO:
        return cast("BinaryIO", self._stack.enter_context(self._connection.makefile("rwb")))

    def _negotiated(self, stream: BinaryIO, wanted: int) -> BinaryIO:
        tls = self._server.tls if wanted == wire.TLS_REQUEST and not self._secure else None
        _send(stream, b"S" if tls else b"N")
        if tls is None:
            return stream
        secured = tls.wrap_socket(self._connection, server_side=True)
        self._connection, self._secure = self._stack.enter_context(secured), True
        return self._stream()

    def _begin(self, stream: BinaryIO, asked: Mapping[str, str], alive: Callable[[], bool]) -> None:
        user = asked.get("user", "")
        database = asked.get("database") or user
        try:
            if self._server.only_tls and not self._secure:
                what = f'no pg_hba.conf entry for user "{user}", database "{database}", no encryption'
                raise Failed("28000", what)
            self._log_in(stream, user)
            if database not in self._server.databases:
                raise Failed("3D000", f'database "{database}" does not exist')
        except Failed as failed:
            _send(stream, wire.error(failed.code, str(failed), "FATAL"))
            return
        settings = {"server_version": self._server.version, **_SETTINGS, **_STANDARD}
        told = [wire.message("S", wire.text(name), wire.text(value)) for name, value in settings.items()]
        key = wire.message("K", wire.number(1), wire.number(1))
        _send(stream, wire.message("R", wire.number(_OK)), *told, key)
        made = self._stack.enter_context(contextlib.closing(sql.connect(self._server.databases[database])))
        _Session(stream, made).run(alive)

    def _log_in(self, stream: BinaryIO, user: str) -> None:
        """Raises Failed for whoever does not know the password."""
        login = scram.Exchange(lambda _: self._server.find(user))  # the name inside SCRAM is ignored
        offered = wire.text(scram.MECHANISM) + b"\0"
        _send(stream, wire.message("R", wire.number(_SASL), offered))
        try:
            body = _password(stream)
            if body.text() != scram.MECHANISM:
                raise scram.Denied
            answer = login.first(body.value() or b"")
            _send(stream, wire.message("R", wire.number(_CONTINUE), answer))
            final = login.final(_password(stream).rest)
        except (scram.Denied, ValueError):
            raise Failed("28P01", f'password authentication failed for user "{user}"') from None
        _send(stream, wire.message("R", wire.number(_FINAL), final))


@dataclass
class _Portal:
    statement: str
    columns: list[Column]
    values: list[str | None]


class _Session:
    """A client that is logged in: its statements, its transaction."""

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
        _send(self._stream, wire.message("Z", self._status))


def _send(stream: BinaryIO, *messages: bytes) -> None:
    for one in messages:
        stream.write(one)
    stream.flush()


def _password(stream: BinaryIO) -> Body:
    got = wire.read(stream)
    if got is None or got[0] != "p":
        raise Malformed("no password")
    return got[1]


_HANDLERS: Mapping[str, Callable[[_Session, Body], None]] = {
    "Q": _Session.query,
    "P": _Session.parse,
    "D": _Session.describe,
    "B": _Session.bind,
    "E": _Session.execute,
    "C": _Session.close,
    "H": _Session.flush,
}
