"""A small PostgreSQL server: TLS, SCRAM-SHA-256, simple and extended queries, on SQLite."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from provisioner.sandbox.databases import postgres_sql as sql
from provisioner.sandbox.databases import postgres_wire as wire
from provisioner.sandbox.databases import scram
from provisioner.sandbox.databases.postgres_session import Session
from provisioner.sandbox.databases.postgres_wire import Body, Failed, Malformed
from provisioner.sandbox.databases.scram import Find

ITERATIONS = 4_096
"""PostgreSQL's own number. Source: PostgreSQL documentation, scram_iterations."""
_SASL, _CONTINUE, _FINAL, _OK = 10, 11, 12, 0
_SETTINGS = {"client_encoding": "UTF8", "DateStyle": "ISO, MDY", "integer_datetimes": "on", "TimeZone": "UTC"}
_STANDARD = {"standard_conforming_strings": "on", "server_encoding": "UTF8"}


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
        wire.send(stream, b"S" if tls else b"N")
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
            wire.send(stream, wire.error(failed.code, str(failed), "FATAL"))
            return
        settings = {"server_version": self._server.version, **_SETTINGS, **_STANDARD}
        told = [wire.message("S", wire.text(name), wire.text(value)) for name, value in settings.items()]
        key = wire.message("K", wire.number(1), wire.number(1))
        wire.send(stream, wire.message("R", wire.number(_OK)), *told, key)
        made = self._stack.enter_context(contextlib.closing(sql.connect(self._server.databases[database])))
        Session(stream, made).run(alive)

    def _log_in(self, stream: BinaryIO, user: str) -> None:
        """Raises Failed for whoever does not know the password."""
        login = scram.Exchange(lambda _: self._server.find(user))  # the name inside SCRAM is ignored
        offered = wire.text(scram.MECHANISM) + b"\0"
        wire.send(stream, wire.message("R", wire.number(_SASL), offered))
        try:
            body = _password(stream)
            if body.text() != scram.MECHANISM:
                raise scram.Denied
            answer = login.first(body.value() or b"")
            wire.send(stream, wire.message("R", wire.number(_CONTINUE), answer))
            final = login.final(_password(stream).rest)
        except (scram.Denied, ValueError):
            raise Failed("28P01", f'password authentication failed for user "{user}"') from None
        wire.send(stream, wire.message("R", wire.number(_FINAL), final))


def _password(stream: BinaryIO) -> Body:
    got = wire.read(stream)
    if got is None or got[0] != "p":
        raise Malformed("no password")
    return got[1]
