"""Where the database is, and who asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

TIMEOUT = 4.0
"""Seconds to wait for a database, and for the secret before that: the function has 10 in all."""


@dataclass(frozen=True)
class Place:
    """Where the database is; `ca` is the file to check a certificate against, if there is one."""

    engine: str
    host: str
    port: int
    name: str
    secret: str
    timeout: float = TIMEOUT
    ca: Path | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Credentials:
    """Never shown."""

    username: str
    password: str = field(repr=False)
