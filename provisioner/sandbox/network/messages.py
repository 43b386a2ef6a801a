"""HTTP/1.1 requests and answers, read from and written to sockets."""

from __future__ import annotations

import http
import http.client
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BufferedIOBase
from typing import BinaryIO, cast

Headers = list[tuple[str, str]]
_NO_BODY = (204, 304)
_LONGEST_LINE = 1 << 16


@dataclass(frozen=True)
class Request:
    """One request; `peer` is the address from which it came."""

    method: str
    target: str
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    peer: str = ""
    tls: bool = False

    def header(self, name: str, default: str = "") -> str:
        return value_of(self.headers, name, default)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


@dataclass(frozen=True)
class Response:
    """One answer; its length is told when it is written."""

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes = b""


Answer = Callable[[Request], Response]


class Malformed(Exception):
    """What came is no request."""


def value_of(headers: Headers, name: str, default: str = "") -> str:
    """The first header of that name."""
    return next((value for key, value in headers if key.lower() == name.lower()), default)


def without(headers: Headers, *names: str) -> Headers:
    lower = {name.lower() for name in names}
    return [(key, value) for key, value in headers if key.lower() not in lower]


def serve(stream: BinaryIO, answer: Answer, peer: str, *, tls: bool = False) -> None:
    """Answer requests until the client has had enough."""
    while (request := read_request(stream, peer, tls=tls)) is not None:
        keep = _stays(request)
        write_response(stream, request, answer(request), keep=keep)
        if not keep:
            return


def read_request(stream: BinaryIO, peer: str, *, tls: bool = False) -> Request | None:
    """The next request; None at the end."""
    line = stream.readline(_LONGEST_LINE)
    if not line.strip():
        return None
    try:
        method, target, version = line.decode("latin-1").split()
        headers = list(http.client.parse_headers(cast("BufferedIOBase", stream)).items())
        if version == "HTTP/1.0" and not value_of(headers, "Connection"):
            headers.append(("Connection", "close"))
        if value_of(headers, "Expect").lower() == "100-continue":
            stream.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            stream.flush()
        body = _body(stream, headers)
    except (ValueError, http.client.HTTPException) as error:
        raise Malformed(str(error)) from error
    return Request(method, target, headers, body, peer, tls)


def write_response(stream: BinaryIO, request: Request, response: Response, *, keep: bool) -> None:
    """The answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {response.status} {phrase(response.status)}"]
    headers = without(response.headers, "Content-Length", "Transfer-Encoding", "Connection")
    if response.status not in _NO_BODY:
        headers.append(("Content-Length", str(len(response.body))))
    headers.append(("Connection", "keep-alive" if keep else "close"))
    lines += [f"{name}: {value}" for name, value in headers]
    stream.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    if request.method != "HEAD" and response.status not in _NO_BODY:
        stream.write(response.body)
    stream.flush()


def phrase(status: int) -> str:
    """`Not Found` for 404; nothing for what is no status of HTTP's."""
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return ""


def _stays(request: Request) -> bool:
    return request.header("Connection").lower() != "close"


def _body(stream: BinaryIO, headers: Headers) -> bytes:
    if "chunked" in value_of(headers, "Transfer-Encoding").lower():
        return _chunks(stream)
    return stream.read(int(value_of(headers, "Content-Length", "0")))


def _chunks(stream: BinaryIO) -> bytes:
    parts = []
    while size := int(stream.readline(_LONGEST_LINE).partition(b";")[0], 16):
        parts.append(stream.read(size))
        stream.readline(_LONGEST_LINE)
    while stream.readline(_LONGEST_LINE).strip():
        pass
    return b"".join(parts)
