"""The connection of the request that this thread serves."""

from __future__ import annotations

import socket
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Connection:
    """One client's socket."""

    socket: socket.socket
    client: str

    def gone(self) -> bool:
        """Whether the client has closed it (or was killed, which does the same)."""
        try:
            return self.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True


current: ContextVar[Connection | None] = ContextVar("current", default=None)
