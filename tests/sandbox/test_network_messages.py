"""HTTP over sockets."""

from __future__ import annotations

import socket
import threading
from typing import BinaryIO, cast

import pytest

from provisioner.sandbox.network import messages
from provisioner.sandbox.network.messages import Malformed, Request, Response


def talk(sent: bytes) -> tuple[bytes, list[Request]]:
    """What comes back, and the requests that were understood."""
    understood: list[Request] = []
    mine, yours = socket.socketpair()

    def answer(request: Request) -> Response:
        understood.append(request)
        return Response(200, [("X-Number", str(len(understood)))], request.body.upper())

    def serve() -> None:
        with yours, yours.makefile("rwb") as stream:
            messages.serve(cast("BinaryIO", stream), answer, "10.0.0.1")

    server = threading.Thread(target=serve)
    server.start()
    with mine:
        mine.sendall(sent)
        mine.shutdown(socket.SHUT_WR)
        heard = b"".join(iter(lambda: mine.recv(4096), b""))
    server.join(5)
    return heard, understood


def test_several_requests_on_one_connection() -> None:
    heard, understood = talk(b"GET /a?b HTTP/1.1\r\nHost: x\r\n\r\nPUT /c HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi")
    assert [(one.method, one.path, one.query, one.body) for one in understood] == [
        ("GET", "/a", "b", b""),
        ("PUT", "/c", "", b"hi"),
    ]
    assert heard.count(b"HTTP/1.1 200 OK") == 2
    assert heard.endswith(b"HI")
    assert understood[0].peer == "10.0.0.1"


def test_bodies_in_chunks() -> None:
    chunks = b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\n"
    _, understood = talk(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    assert understood[0].body == b"abcde"


@pytest.mark.parametrize("end", [b"HTTP/1.0\r\n", b"HTTP/1.1\r\nConnection: close\r\n"])
def test_the_last_request(end: bytes) -> None:
    heard, understood = talk(b"GET / " + end + b"\r\nGET / HTTP/1.1\r\n\r\n")
    assert len(understood) == 1
    assert b"Connection: close" in heard


def test_a_body_may_be_waited_for() -> None:
    heard, _ = talk(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na")
    assert heard.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


def test_heads_and_empty_answers_have_no_body() -> None:
    heard, _ = talk(b"HEAD / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi")
    assert b"Content-Length: 2" in heard
    assert heard.endswith(b"\r\n\r\n")


def test_what_is_no_request() -> None:
    mine, yours = socket.socketpair()
    with mine, yours, yours.makefile("rwb") as stream:
        mine.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        with pytest.raises(Malformed):
            messages.read_request(cast("BinaryIO", stream), "")
