"""Sends every connection and every look-up of a name through the sandbox. For a process that runs a function.

It knows the standard library only, because it is loaded there as a file of its own, before anything else. What it
patches are `socket`'s functions and methods: whatever speaks through them (urllib3, asyncio, ssl) goes where the
sandbox says, and blocks, times out and fails as it would there. Libraries with sockets of their own are not seen.
"""

from __future__ import annotations

import _socket
import errno
import json
import os
import socket
import weakref
from collections.abc import Callable
from typing import Any, NoReturn
from urllib.parse import urlsplit

_OWN = frozenset({"127.0.0.1", "0.0.0.0", "::1", "::", "localhost", ""})
_PATIENCE = 30.0
_PIECE = 1 << 16
_UNKNOWN = "Name or service not known"

Address = Any
Door = tuple[str, int]

_ask: Callable[[str, dict[str, Any]], dict[str, Any]]
_control: Door = ("127.0.0.1", 0)
# Through which door each socket went, so that a second attempt of the same connection goes there too, and which
# address was wanted at each door.
_went: weakref.WeakKeyDictionary[socket.socket, tuple[Address, Door]] = weakref.WeakKeyDictionary()
_wanted: dict[Door, Address] = {}

_getaddrinfo = socket.getaddrinfo


def install(control_url: str, token: str) -> None:
    """From now on all connections of this process are made in the name of that source."""
    global _ask, _control
    place = urlsplit(control_url)
    _control = (str(place.hostname), int(place.port or 80))

    def ask(what: str, body: dict[str, Any]) -> dict[str, Any]:
        return _post(f"/_sandbox/network/{what}", {"source": token, **body})

    _ask = ask
    patched: Any = socket.socket
    patched.connect, patched.connect_ex, patched.getpeername = _connect, _connect_ex, _getpeername
    socket.getaddrinfo = _resolved
    socket.gethostbyname = _gethostbyname
    socket.gethostbyname_ex = _gethostbyname_ex
    socket.gethostbyaddr = _gethostbyaddr


def _connect(self: socket.socket, address: Address, /) -> None:
    _socket.socket.connect(self, _instead(self, address))


def _connect_ex(self: socket.socket, address: Address, /) -> int:
    try:
        there = _instead(self, address)
    except socket.gaierror:
        raise
    except OSError as error:
        return int(error.errno or errno.EIO)
    return _socket.socket.connect_ex(self, there)


def _getpeername(self: socket.socket) -> Address:
    peer = _socket.socket.getpeername(self)
    return _wanted.get(peer, peer) if isinstance(peer, tuple) else peer


def _instead(made: socket.socket, address: Address) -> Address:
    """Where to connect instead; the address itself for what is no business of the network's."""
    if made.family not in (socket.AF_INET, socket.AF_INET6) or made.type != socket.SOCK_STREAM:
        return address
    host, port = address[0], address[1]
    if host in _OWN:
        if port == _control[1]:
            _fail(errno.ECONNREFUSED)
        return address
    if made in _went and _went[made][0] == address:
        return _went[made][1]
    door = _door(made, str(host), int(port))
    _went[made] = (address, door)
    _wanted[door] = address
    return door


def _door(made: socket.socket, host: str, port: int) -> Door:
    if made.family == socket.AF_INET6:
        _fail(errno.ENETUNREACH)
    if not _is_address(host):
        host = _gethostbyname(host)
    told = _ask("connect", {"address": host, "port": port})
    return str(told["host"]), int(told["port"])


def _resolved(
    host: bytes | str | None,
    port: Any,
    family: int = 0,
    type: int = 0,  # noqa: A002 (its name in the standard library)
    proto: int = 0,
    flags: int = 0,
) -> list[tuple[Any, ...]]:
    name = host.decode("idna") if isinstance(host, bytes) else host
    if name is None or name in _OWN or _is_address(name) or ":" in name:
        return _native(host, port, family, type, proto, flags)
    if flags & socket.AI_NUMERICHOST or family == socket.AF_INET6:
        raise socket.gaierror(socket.EAI_NONAME, _UNKNOWN)
    found = []
    for address in _lookup(name):
        found += _native(address, port, family, type, proto, flags & ~socket.AI_V4MAPPED)
    return found


def _native(host: Any, port: Any, *how: int) -> list[tuple[Any, ...]]:
    return list(_getaddrinfo(host, port, *how))


def _lookup(name: str) -> list[str]:
    told = _ask("resolve", {"name": name})
    if not told.get("addresses"):
        raise socket.gaierror(socket.EAI_NONAME, _UNKNOWN)
    return [str(address) for address in told["addresses"]]


def _gethostbyname(hostname: str, /) -> str:
    return _gethostbyname_ex(hostname)[2][0]


def _gethostbyname_ex(hostname: str, /) -> tuple[str, list[str], list[str]]:
    if _is_address(hostname):
        return hostname, [], [hostname]
    return hostname, [], ["127.0.0.1"] if hostname in _OWN else _lookup(hostname)


def _gethostbyaddr(ip_address: str, /) -> tuple[str, list[str], list[str]]:
    if ip_address in _OWN:
        return "localhost", [], ["127.0.0.1"]
    raise socket.herror(1, "Unknown host")


def _is_address(host: str) -> bool:
    try:
        _socket.inet_pton(socket.AF_INET, host)
    except OSError:
        return False
    return True


def _fail(number: int) -> NoReturn:
    raise OSError(number, os.strerror(number))


def _post(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """A request to the sandbox, with sockets that are not patched."""
    payload = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\nContent-Length: {len(payload)}\r\n\r\n"
    plain = _socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        plain.settimeout(_PATIENCE)
        plain.connect(_control)
        plain.sendall(head.encode() + payload)
        answer = b""
        while piece := plain.recv(_PIECE):
            answer += piece
    finally:
        plain.close()
    status, _, rest = answer.partition(b"\r\n")
    if b" 200 " not in status:
        _fail(errno.ENETUNREACH)
    told: dict[str, Any] = json.loads(rest.partition(b"\r\n\r\n")[2])
    return told
