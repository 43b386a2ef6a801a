"""Notes in a collection of MongoDB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pymongo import DESCENDING, MongoClient, ReturnDocument
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from .model import Note, Refused, Unavailable

if TYPE_CHECKING:
    from .place import Credentials, Place

_REFUSED = frozenset({13, 18})
"""Unauthorized and AuthenticationFailed. Source: MongoDB manual, error codes."""
_IDLE = 240_000
"""Milliseconds after which a kept connection is not trusted any more: an environment may have been frozen long."""


class MongoStore:
    """Connects when it is first used. One connection will do: an environment does one thing at a time."""

    def __init__(self, place: Place, credentials: Credentials) -> None:
        self._place = place
        milliseconds = int(place.timeout * 1000)
        client: MongoClient[dict[str, Any]] = MongoClient(
            place.host,
            place.port,
            username=credentials.username,
            password=credentials.password,
            authSource="admin",
            authMechanism="SCRAM-SHA-256",
            directConnection=True,
            serverSelectionTimeoutMS=milliseconds,
            timeoutMS=milliseconds,
            connectTimeoutMS=milliseconds * 3 // 4,
            maxPoolSize=1,
            maxIdleTimeMS=_IDLE,
            retryWrites=False,
            appname="graphql",
        )
        self._notes = client[place.name]["notes"]

    def add(self, note: Note) -> None:
        with self._talking():
            self._notes.insert_one({"_id": note.id, "title": note.title, "body": note.body})

    def find(self, note: str) -> Note | None:
        with self._talking():
            return _note(self._notes.find_one({"_id": note}))

    def latest(self, limit: int) -> list[Note]:
        with self._talking():
            found = self._notes.find().sort("_id", DESCENDING).limit(limit)
            return [Note(one["_id"], one["title"], one["body"]) for one in found]

    def change(self, note: str, changes: Mapping[str, str]) -> Note | None:
        with self._talking():
            after = ReturnDocument.AFTER
            found = self._notes.find_one_and_update({"_id": note}, {"$set": changes}, return_document=after)
            return _note(found)

    def remove(self, note: str) -> bool:
        with self._talking():
            return self._notes.delete_one({"_id": note}).deleted_count == 1

    @contextmanager
    def _talking(self) -> Iterator[None]:
        """Unavailable for a server that does not answer, or not with this user."""
        try:
            yield
        except OperationFailure as error:
            if error.code not in _REFUSED:
                raise
            raise Refused(f"MongoDB at {self._place} refuses the function's credentials: {error.code}") from error
        except PyMongoError as error:
            if not (isinstance(error, ConnectionFailure) or error.timeout):
                raise
            raise Unavailable(f"MongoDB at {self._place} did not answer: {_short(error)}") from error


def _note(found: Mapping[str, Any] | None) -> Note | None:
    return Note(found["_id"], found["title"], found["body"]) if found else None


def _short(error: Exception) -> str:
    """Without pymongo's description of all that it knows of the server."""
    return str(error).partition(" (configured timeouts")[0].partition(", Timeout:")[0]
