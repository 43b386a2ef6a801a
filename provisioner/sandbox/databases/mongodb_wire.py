"""MongoDB's messages. Source: MongoDB documentation, wire protocol; drivers' specification of OP_MSG."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import bson

LARGEST = 48_000_000
_HEADER = struct.Struct("<iiii")
_REPLY, _QUERY, _MESSAGE = 1, 2004, 2013
_CHECKSUM, _MORE_TO_COME = 1, 2
_QUERY_NUMBERS = 8

Document = dict[str, Any]


class Malformed(Exception):
    """What came is no message that this server takes."""


@dataclass(frozen=True)
class Message:
    """One command. `legacy` ones come as OP_QUERY, as drivers introduce themselves."""

    number: int
    command: Document
    legacy: bool = False
    answered: bool = True


def read(stream: BinaryIO) -> Message | None:
    """The next one, None at the end. Raises Malformed."""
    header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    length, number, _, kind = _HEADER.unpack(header)
    if not _HEADER.size <= length <= LARGEST:
        raise Malformed(f"{length} bytes")
    body = stream.read(length - _HEADER.size)
    try:
        if kind == _MESSAGE:
            return _message(number, body)
        if kind == _QUERY:
            begin = body.index(b"\0", 4) + 1 + _QUERY_NUMBERS
            return Message(number, _documents(body[begin:])[0], legacy=True)
    except (bson.errors.InvalidBSON, ValueError, IndexError, struct.error) as error:
        raise Malformed(str(error)) from error
    raise Malformed(f"opcode {kind}")


def answer(to: Message, document: Mapping[str, Any]) -> bytes:
    """The answer as it goes over the wire."""
    encoded = bson.encode(document)
    if to.legacy:
        kind, body = _REPLY, struct.pack("<iqii", 8, 0, 0, 1) + encoded
    else:
        kind, body = _MESSAGE, struct.pack("<IB", 0, 0) + encoded
    return _HEADER.pack(_HEADER.size + len(body), 0, to.number, kind) + body


def _message(number: int, body: bytes) -> Message:
    """Its sections: the command, and lists of documents that belong into it."""
    (flags,) = struct.unpack_from("<I", body)
    end, at = len(body) - (4 if flags & _CHECKSUM else 0), 4
    command: Document = {}
    while at < end:
        kind = body[at]
        (size,) = struct.unpack_from("<i", body, at + 1)
        section = body[at + 1 : at + 1 + size]
        if kind == 0:
            command = {**bson.decode(section), **command}
        else:
            name_end = section.index(b"\0", 4)
            command[section[4:name_end].decode()] = _documents(section[name_end + 1 :])
        at += 1 + size
    return Message(number, command, answered=not flags & _MORE_TO_COME)


def _documents(data: bytes) -> list[Document]:
    return list(bson.decode_all(data))
