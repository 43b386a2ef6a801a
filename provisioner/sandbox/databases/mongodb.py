"""A small MongoDB server: one that stands alone, asks for a password, and keeps its documents in memory."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, cast

from provisioner.sandbox.databases import mongodb_documents as documents
from provisioner.sandbox.databases import mongodb_wire as wire
from provisioner.sandbox.databases import scram
from provisioner.sandbox.databases.mongodb_collections import Databases, Duplicate
from provisioner.sandbox.databases.mongodb_commands import (
    BAD_VALUE,
    COMMANDS,
    DENIED,
    DUPLICATE,
    FAILED_TO_PARSE,
    ILLEGAL,
    NAMES,
    NO_COMMAND,
    UNAUTHORIZED,
    Failed,
)
from provisioner.sandbox.databases.mongodb_wire import Document
from provisioner.sandbox.databases.scram import Verifier

ITERATIONS = 15_000
"""MongoDB's own number. Source: MongoDB manual, scramSHA256IterationCount."""
_ADMIN = "admin"
_WIRE_VERSION = 25
_VERSION = "8.0.0"
_LIMITS = {"maxBsonObjectSize": 16_777_216, "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000}
_connections = itertools.count(1)


@dataclass
class Server:
    """Its users, all in the database `admin`, and its data. Without users, nobody is asked for a password."""

    users: Mapping[str, Verifier] = field(default_factory=dict)
    data: Databases = field(default_factory=Databases)


def serve(server: Server, connection: socket.socket, alive: Callable[[], bool] = lambda: True) -> None:
    """Answer one client until it hangs up, or the server is no longer alive."""
    session = _Session(server)
    with connection.makefile("rwb") as made, contextlib.suppress(wire.Malformed):
        stream = cast("BinaryIO", made)
        while (message := wire.read(stream)) is not None and alive():
            answer = session.answer(message.command)
            if message.answered:
                stream.write(wire.answer(message, answer))
                stream.flush()


class _Session:
    """One connection: who it is, and how far its login has come."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._number = next(_connections)
        self._login: scram.Exchange | None = None
        self._proved = False
        self._user = ""
        self._short = False

    def answer(self, command: Document) -> Document:
        name = next(iter(command), "")
        try:
            return {**self._done(name, command), "ok": 1.0}
        except Failed as failed:
            return _failure(failed.code, str(failed))
        except documents.BadValue as error:
            return _failure(BAD_VALUE, str(error))
        except Duplicate as error:
            return {**_failure(DUPLICATE, str(error)), "keyValue": error.values}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return _failure(FAILED_TO_PARSE, f"{name} is not as this server knows it: {error!r}")

    def _done(self, name: str, command: Document) -> Document:
        if name.lower() in _GREETINGS:
            return self._hello(name, command)
        if name in _OPEN:
            return _OPEN[name](self, command)
        if name not in COMMANDS:
            raise Failed(NO_COMMAND, f"no such command: '{name}' (in the sandbox)")
        if self._server.users and not self._user:
            raise Failed(UNAUTHORIZED, f"Command {name} requires authentication")
        if "txnNumber" in command:
            raise Failed(ILLEGAL, "Transaction numbers are only allowed on a replica set member or mongos")
        with self._server.data.lock:
            return COMMANDS[name](self._server.data, command)

    def _hello(self, name: str, command: Document) -> Document:
        primary = "isWritablePrimary" if name == "hello" else "ismaster"
        told: Document = {
            "helloOk": True,
            primary: True,
            **_LIMITS,
            "localTime": datetime.datetime.now(datetime.UTC),
            "logicalSessionTimeoutMinutes": 30,
            "connectionId": self._number,
            "minWireVersion": 0,
            "maxWireVersion": _WIRE_VERSION,
            "readOnly": False,
        }
        if "saslSupportedMechs" in command:
            database, _, user = str(command["saslSupportedMechs"]).partition(".")
            if database == _ADMIN and user in self._server.users:
                told["saslSupportedMechs"] = [scram.MECHANISM]
        return told

    def start(self, command: Document) -> Document:
        if command.get("mechanism") != scram.MECHANISM:
            raise Failed(DENIED, f"Unsupported mechanism '{command.get('mechanism')}' on authentication database")
        here = command.get("$db") == _ADMIN
        self._login = scram.Exchange(lambda user: self._server.users.get(user) if here else None)
        self._proved, self._user = False, ""
        self._short = bool(command.get("options", {}).get("skipEmptyExchange"))
        return self._turn(self._login.first, command, done=False)

    def go_on(self, command: Document) -> Document:
        if self._login is None:
            raise Failed(DENIED, "No SASL session state found")
        if not self._proved:
            answer = self._turn(self._login.final, command, done=self._short)
            self._proved = True
        else:
            answer = {"conversationId": 1, "payload": b"", "done": True}
        if answer["done"]:
            self._user, self._login = self._login.user, None
        return answer

    def _turn(self, turn: Callable[[bytes], bytes], command: Document, *, done: bool) -> Document:
        try:
            return {"conversationId": 1, "payload": turn(bytes(command["payload"])), "done": done}
        except (scram.Denied, KeyError, ValueError):
            self._login = None
            raise Failed(DENIED, "Authentication failed.") from None


def _about() -> Document:
    return {"version": _VERSION, "versionArray": [8, 0, 0, 0], "maxBsonObjectSize": _LIMITS["maxBsonObjectSize"]}


def _failure(code: int, message: str) -> Document:
    named = {"codeName": NAMES[code]} if code in NAMES else {}
    return {"ok": 0.0, "errmsg": message, "code": code, **named}


_GREETINGS = frozenset({"hello", "ismaster"})
_OPEN: Mapping[str, Callable[[_Session, Document], Document]] = {
    "saslStart": _Session.start,
    "saslContinue": _Session.go_on,
    "ping": lambda session, command: {},
    "buildInfo": lambda session, command: _about(),
    "buildinfo": lambda session, command: _about(),
    "endSessions": lambda session, command: {},
}
"""What needs no login."""
