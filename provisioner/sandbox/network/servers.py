"""Whoever accepts a connection, speaking over a socket."""

from __future__ import annotations

import json
import socket
import ssl
from functools import partial
from typing import BinaryIO, cast

from provisioner.sandbox.databases.party import Database
from provisioner.sandbox.network import authority, balancing, messages, standins, upstream
from provisioner.sandbox.network.judge import Trace
from provisioner.sandbox.network.listening import Balanced, Container, Outside, Party, Service
from provisioner.sandbox.network.messages import Answer, Malformed, Request, Response
from provisioner.sandbox.world import World

_HELLO = b"\x16"  # with which TLS begins
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def serve(world: World, trace: Trace, connection: socket.socket) -> None:
    """Be the party of an open connection until it ends."""
    assert trace.party is not None
    party = trace.party
    answering = partial(answer, world, party)
    if isinstance(party, Database):
        party.speak(connection)
    elif isinstance(party, Balanced) and balancing.terminates(party):
        _secured(balancing.context(party), connection, answering, trace.seen)
    elif isinstance(party, (Service, Outside)) and connection.recv(1, socket.MSG_PEEK) == _HELLO:
        _secured(authority.for_any_name(world), connection, answering, trace.seen)
    else:
        _spoken(connection, answering, trace.seen, tls=False)


def answer(world: World, party: Party, request: Request) -> Response:
    """What a party answers to one request."""
    if isinstance(party, Container):
        return standins.answer(party, request)
    if isinstance(party, Database):
        return Response(502, [], b"")  # it speaks no HTTP
    if isinstance(party, Balanced):
        return balancing.answer(party, request)
    return upstream.forward(world, request) if isinstance(party, Service) else _elsewhere(party, request)


def _secured(context: ssl.SSLContext, connection: socket.socket, answering: Answer, peer: str) -> None:
    with context.wrap_socket(connection, server_side=True) as secured:
        _spoken(secured, answering, peer, tls=True)


def _spoken(connection: socket.socket, answering: Answer, peer: str, *, tls: bool) -> None:
    with connection.makefile("rwb") as stream:
        try:
            messages.serve(cast("BinaryIO", stream), answering, peer, tls=tls)
        except Malformed:
            stream.write(_BAD_REQUEST)
            stream.flush()


def _elsewhere(party: Outside, request: Request) -> Response:
    """A host that is not in the sandbox tells what it was asked, and by whom."""
    told = {
        "method": request.method,
        "path": request.target,
        "headers": dict(request.headers),
        "body": request.body.decode("utf-8", "replace"),
        "client": request.peer,
        "address": f"{party.address}:{party.port}",
    }
    return Response(200, [("Content-Type", "application/json")], json.dumps(told).encode())
