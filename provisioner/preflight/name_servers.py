"""Asks the public DNS, by way of the system's resolver, who is authoritative for a name."""

from __future__ import annotations

import secrets
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

_NS, _IN, _PORT = 2, 1, 53
_RECURSE = 0x0100
_NO_SUCH_NAME, _FINE = 3, 0
_SETTINGS = Path("/etc/resolv.conf")
_PATIENCE = 1.0
_POINTER = 0xC0
_LARGEST = 4096
_LONGEST = 256
"""Labels and pointers of one name: 255 octets hold no more."""
Server = tuple[str, int]


class NoAnswer(Exception):
    """No resolver answers, or none is known."""


def ask(name: str, servers: list[Server] | None = None) -> frozenset[str]:
    """The name servers of a zone in lower case without a dot at the end; none where there is no such zone.

    Raises NoAnswer. Source of the message's form: RFC 1035, section 4.
    """
    for server in resolvers() if servers is None else servers:
        try:
            return _asked(name, server)
        except (OSError, ValueError, IndexError, struct.error):
            continue
    raise NoAnswer(f"no resolver tells the name servers of {name}")


def resolvers(settings: Path = _SETTINGS) -> list[Server]:
    """The system's own, in order."""
    try:
        lines = [line.split() for line in settings.read_text().splitlines()]
    except OSError:
        return []
    return [(words[1], _PORT) for words in lines if len(words) > 1 and words[0] == "nameserver"]


def _asked(name: str, server: Server) -> frozenset[str]:
    number = secrets.randbits(16)
    question = b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.rstrip(".").split("."))
    message = struct.pack(">6H", number, _RECURSE, 1, 0, 0, 0) + question + struct.pack(">BHH", 0, _NS, _IN)
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as udp:
        udp.settimeout(_PATIENCE)
        udp.connect(server)
        udp.send(message)
        return frozenset(_answers(udp.recv(_LARGEST), number))


def _answers(message: bytes, number: int) -> Iterator[str]:
    """ValueError for an answer to another question, or one that says nothing."""
    told, flags, questions, answers, _, _ = struct.unpack_from(">6H", message)
    if told != number or flags & 0xF not in (_FINE, _NO_SUCH_NAME):
        raise ValueError("no answer to the question")
    place = 12
    for _ in range(questions):
        place = _name(message, place)[1] + 4
    for _ in range(answers):
        _, place = _name(message, place)
        kind, _, _, length = struct.unpack_from(">HHIH", message, place)
        place += 10
        if kind == _NS:
            yield _name(message, place)[0].lower()
        place += length


def _name(message: bytes, place: int) -> tuple[str, int]:
    """A name, which may go on elsewhere, and where it ends here. ValueError if it goes in circles."""
    labels: list[str] = []
    end = 0
    for _ in range(_LONGEST):
        length = message[place]
        if length >= _POINTER:
            end = end or place + 2
            place = struct.unpack_from(">H", message, place)[0] & 0x3FFF
            continue
        if not length:
            return ".".join(labels), end or place + 1
        labels.append(message[place + 1 : place + 1 + length].decode("ascii"))
        place += 1 + length
    raise ValueError("a name without an end")
