"""A database as the network sees it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass


class Away(Exception):
    """Why a database is not there, not even to refuse a connection."""


@dataclass(frozen=True)
class Database:
    """Accepts connections while it is `alive`, and speaks its own protocol over them; `name` is for people."""

    name: str
    speak: Callable[[socket.socket], None]
    alive: Callable[[], bool]
