"""PostgreSQL's messages. Source: PostgreSQL documentation, message formats."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

PROTOCOL = 196_608
TLS_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80_877_103, 80_877_104, 80_877_102
_LARGEST = 1 << 26
_NUMBER = struct.Struct("!i")
_VARIABLE = -1

Value = bytes | None


class Malformed(Exception):
    """What came is no message that this server takes."""


class Failed(Exception):
    """A statement, or a session, that fails: with PostgreSQL's SQLSTATE."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Column:
    """One column of an answer, by name and type."""

    name: str
    oid: int


class Body:
    """Reads the parts of a message one after the other. Raises Malformed where it is too short."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def text(self) -> str:
        end = self._content.find(b"\0", self._at)
        if end < 0:
            raise Malformed("a text without an end")
        found, self._at = self._content[self._at : end], end + 1
        return found.decode("utf-8", "replace")

    def piece(self, count: int) -> bytes:
        found = self._content[self._at : self._at + count]
        if count < 0 or len(found) < count:
            raise Malformed("too short")
        self._at += count
        return found

    def number(self, kind: str = "i") -> int:
        """A number of one of struct's kinds: `i`, `h`."""
        return int(struct.unpack(f"!{kind}", self.piece(struct.calcsize(f"!{kind}")))[0])

    def numbers(self, kind: str = "h") -> list[int]:
        """As many as the number before them says."""
        return [self.number(kind) for _ in range(self.number("h"))]

    def value(self) -> Value:
        length = self.number()
        return None if length < 0 else self.piece(length)

    @property
    def rest(self) -> bytes:
        return self._content[self._at :]


def read_startup(stream: BinaryIO) -> tuple[int, Body] | None:
    """The first thing that a client says: what it wants, and with which parameters. None at the end."""
    content = _content(stream)
    return (_NUMBER.unpack_from(content)[0], Body(content[_NUMBER.size :])) if content else None


def read(stream: BinaryIO) -> tuple[str, Body] | None:
    """The next message: its letter and what is in it. None at the end."""
    kind = stream.read(1)
    content = _content(stream) if kind else None
    return None if content is None else (kind.decode("latin-1"), Body(content))


def parameters(body: Body) -> dict[str, str]:
    """Those of a startup message."""
    found: dict[str, str] = {}
    while (name := body.text()) != "":
        found[name] = body.text()
    return found


def send(stream: BinaryIO, *messages: bytes) -> None:
    for one in messages:
        stream.write(one)
    stream.flush()


def message(kind: str, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return kind.encode() + _NUMBER.pack(len(content) + _NUMBER.size) + content


def text(value: str) -> bytes:
    return value.encode() + b"\0"


def number(value: int) -> bytes:
    return _NUMBER.pack(value)


def error(code: str, what: str, severity: str = "ERROR") -> bytes:
    fields = {"S": severity, "V": severity, "C": code, "M": what}
    return message("E", *(letter.encode() + text(value) for letter, value in fields.items()), b"\0")


def row_description(columns: Sequence[Column]) -> bytes:
    parts = (text(one.name) + struct.pack("!ihihih", 0, 0, one.oid, _VARIABLE, -1, 0) for one in columns)
    return message("T", struct.pack("!h", len(columns)), *parts)


def row(values: Iterable[Value]) -> bytes:
    parts = [number(-1) if value is None else number(len(value)) + value for value in values]
    return message("D", struct.pack("!h", len(parts)), *parts)


def parameter_description(count: int, oid: int) -> bytes:
    return message("t", struct.pack("!h", count), number(oid) * count)


def _content(stream: BinaryIO) -> bytes | None:
    head = stream.read(_NUMBER.size)
    if len(head) < _NUMBER.size:
        return None
    (length,) = _NUMBER.unpack(head)
    if not _NUMBER.size <= length <= _LARGEST:
        raise Malformed(f"{length} bytes")
    content = stream.read(length - _NUMBER.size)
    return content if len(content) == length - _NUMBER.size else None
