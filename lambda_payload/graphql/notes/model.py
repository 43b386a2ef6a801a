"""What a note is, what a place to keep notes can do, and what is taken as text."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from graphql import GraphQLError

LONGEST_TITLE = 200
LONGEST_BODY = 10_000
LARGEST_PAGE = 100
_ID = re.compile(r"[0-9a-f]{32}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Nothing that PostgreSQL or BSON could not keep: NUL, halves of surrogate pairs."""


class Unavailable(Exception):
    """The database cannot be used now. The message is for the log: place and cause, never a password."""


class Refused(Unavailable):
    """It answers, and does not take the credentials."""


@dataclass(frozen=True)
class Note:
    """One note; ids of later ones are greater."""

    id: str
    title: str
    body: str


class Store(Protocol):
    """Where notes are kept. Every method may raise Unavailable."""

    def add(self, note: Note) -> None: ...

    def find(self, note: str) -> Note | None: ...

    def latest(self, limit: int) -> list[Note]:
        """The newest first."""

    def change(self, note: str, changes: Mapping[str, str]) -> Note | None:
        """As it is afterwards, None if there is no such note; `changes` are of title and body, at least one."""

    def remove(self, note: str) -> bool:
        """Whether there was such a note."""


def new_id() -> str:
    """Milliseconds and chance, in 32 hexadecimal digits."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


def checked_id(text: str) -> str:
    """The id; GraphQLError for what can be none."""
    if not _ID.fullmatch(text):
        raise wrong("id", "is 32 hexadecimal digits")
    return text


def checked_title(text: str) -> str:
    if not text.strip():
        raise wrong("title", "must not be empty")
    return _checked("title", text, LONGEST_TITLE)


def checked_body(text: str) -> str:
    return _checked("body", text, LONGEST_BODY)


def checked_limit(limit: int) -> int:
    if not 1 <= limit <= LARGEST_PAGE:
        raise wrong("limit", f"is a number from 1 to {LARGEST_PAGE}")
    return limit


def wrong(argument: str, why: str) -> GraphQLError:
    """The error for an argument, as its sender gets it."""
    return GraphQLError(f"{argument} {why}", extensions={"code": "BAD_USER_INPUT"})


def _checked(argument: str, text: str, longest: int) -> str:
    if len(text) > longest:
        raise wrong(argument, f"has {len(text)} characters, at most {longest} are taken")
    if _CONTROL.search(text):
        raise wrong(argument, "has control characters")
    return text
