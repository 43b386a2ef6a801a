"""The GraphQL schema, and what its fields do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from graphql import build_schema

from .model import (
    Note,
    Store,
    Unavailable,
    checked_body,
    checked_id,
    checked_limit,
    checked_title,
    new_id,
    wrong,
)

SCHEMA = build_schema(
    '''
    type Note {
      id: ID!
      title: String!
      body: String!
    }

    type Query {
      note(id: ID!): Note
      """The newest first; `limit` is a number from 1 to 100."""
      notes(limit: Int! = 20): [Note!]!
    }

    type Mutation {
      createNote(title: String!, body: String! = ""): Note!
      """What is left out stays as it is. Null where there is no such note."""
      updateNote(id: ID!, title: String, body: String): Note
      """Whether there was such a note."""
      deleteNote(id: ID!): Boolean!
    }
    '''
)
MOST_OPERATIONS = 10
"""How often one request may use the database: aliases would let it ask for anything any number of times."""

T = TypeVar("T")


class Operations:
    """The root fields, for one request. Once the database did not answer, it is not asked again."""

    def __init__(self, connect: Callable[[], Store]) -> None:
        self.unavailable: Unavailable | None = None
        self._connect = connect
        self._left = MOST_OPERATIONS

    def fields(self) -> Mapping[str, Callable[..., Any]]:
        """What graphql-core resolves the root fields with."""
        return {
            "note": self._note,
            "notes": self._notes,
            "createNote": self._create,
            "updateNote": self._update,
            "deleteNote": self._delete,
        }

    def _note(self, _: object, id: str) -> Note | None:  # noqa: A002 (its name in the schema)
        found = checked_id(id)
        return self._do(lambda store: store.find(found))

    def _notes(self, _: object, limit: int) -> list[Note]:
        most = checked_limit(limit)
        return self._do(lambda store: store.latest(most))

    def _create(self, _: object, title: str, body: str) -> Note:
        note = Note(new_id(), checked_title(title), checked_body(body))
        self._do(lambda store: store.add(note))
        return note

    def _update(self, _: object, id: str, title: str | None = None, body: str | None = None) -> Note | None:  # noqa: A002
        found, changes = checked_id(id), {}
        if title is not None:
            changes["title"] = checked_title(title)
        if body is not None:
            changes["body"] = checked_body(body)
        if not changes:
            return self._do(lambda store: store.find(found))
        return self._do(lambda store: store.change(found, changes))

    def _delete(self, _: object, id: str) -> bool:  # noqa: A002
        found = checked_id(id)
        return self._do(lambda store: store.remove(found))

    def _do(self, work: Callable[[Store], T]) -> T:
        if self.unavailable:
            raise self.unavailable
        if not self._left:
            raise wrong("request", f"uses the database more than {MOST_OPERATIONS} times")
        self._left -= 1
        try:
            return work(self._connect())
        except Unavailable as error:
            self.unavailable = error
            raise
