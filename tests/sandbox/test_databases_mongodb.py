"""The sandbox's MongoDB, asked by pymongo."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from pymongo import MongoClient, ReplaceOne, ReturnDocument
from pymongo.collection import Collection
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    OperationFailure,
    ServerSelectionTimeoutError,
)

from provisioner.sandbox.databases import mongodb, scram
from tests.sandbox.database_servers import Listening, listening

PASSWORD = "pässword:/@ \u00ad\u2168\u00a0x"
Notes = Collection[dict[str, Any]]
Connect = Callable[..., "MongoClient[dict[str, Any]]"]


@pytest.fixture
def serving() -> Iterator[Listening]:
    server = mongodb.Server({"app": scram.verifier(PASSWORD, mongodb.ITERATIONS)})
    with listening(partial(mongodb.serve, server)) as made:
        yield made


@pytest.fixture
def connect(serving: Listening) -> Iterator[Connect]:
    """Clients of the server, with the right user unless told otherwise."""
    made: list[MongoClient[dict[str, Any]]] = []

    def connected(**more: Any) -> MongoClient[dict[str, Any]]:
        usual: dict[str, Any] = {"username": "app", "password": PASSWORD, "directConnection": True}
        given = {name: value for name, value in {**usual, **more}.items() if value is not None}
        made.append(MongoClient("127.0.0.1", serving.port, timeoutMS=5000, **given))
        return made[-1]

    yield connected
    for client in made:
        client.close()


@pytest.fixture
def notes(connect: Connect) -> Notes:
    found = connect().app.notes
    rows = ({"_id": number, "title": f"note {number}", "tags": ["a", str(number)]} for number in range(5))
    found.insert_many(rows)
    return found


def test_who_knows_the_password(connect: Connect) -> None:
    for more in ({}, {"authMechanism": "SCRAM-SHA-256"}, {"authSource": "admin"}):
        assert connect(**more).app.notes.find_one() is None


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"password": "other"}, 18),
        ({"username": "nobody"}, 18),
        ({"username": "nobody", "authMechanism": "SCRAM-SHA-256"}, 18),
        ({"authSource": "app", "authMechanism": "SCRAM-SHA-256"}, 18),
        ({"authMechanism": "SCRAM-SHA-1"}, 18),
        ({"username": None, "password": None}, 13),
    ],
)
def test_who_does_not(connect: Connect, more: dict[str, Any], code: int) -> None:
    with pytest.raises(OperationFailure) as caught:
        connect(**more).app.notes.find_one()
    assert caught.value.code == code


def test_without_users_nobody_is_asked() -> None:
    with (
        listening(partial(mongodb.serve, mongodb.Server())) as made,
        MongoClient[dict[str, Any]]("127.0.0.1", made.port, directConnection=True) as client,
    ):
        assert client.app.notes.find_one() is None


def test_what_may_be_asked_before(connect: Connect) -> None:
    client = connect(username=None, password=None)
    assert client.admin.command("ping")["ok"] == 1
    assert client.server_info()["version"] == "8.0.0"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [0, 1, 2, 3, 4]),
        ({"_id": 3}, [3]),
        ({"title": "note 2"}, [2]),
        ({"tags": "4"}, [4]),
        ({"tags.1": "1"}, [1]),
        ({"_id": {"$gt": 1, "$lte": 3}}, [2, 3]),
        ({"_id": {"$in": [0, 9]}}, [0]),
        ({"_id": {"$nin": [0, 1, 2]}}, [3, 4]),
        ({"_id": {"$ne": 0, "$lt": 2}}, [1]),
        ({"_id": {"$gte": "a"}}, []),
        ({"_id": {"$not": {"$gte": 1}}}, [0]),
        ({"$or": [{"_id": 0}, {"title": "note 4"}]}, [0, 4]),
        ({"$and": [{"_id": {"$gt": 1}}, {"tags": "a"}], "$nor": [{"_id": 4}]}, [2, 3]),
        ({"missing": None}, [0, 1, 2, 3, 4]),
        ({"missing": {"$exists": True}}, []),
        ({"title": {"$regex": "[34]$"}}, [3, 4]),
        ({"title": re.compile("NOTE 1", re.IGNORECASE)}, [1]),
    ],
)
def test_filters(notes: Notes, wanted: dict[str, Any], found: list[int]) -> None:
    assert [one["_id"] for one in notes.find(wanted)] == found
    assert notes.count_documents(wanted) == len(found)


def test_order_pages_and_parts(notes: Notes) -> None:
    assert [one["_id"] for one in notes.find().sort("_id", -1).skip(1).limit(2)] == [3, 2]
    assert notes.find_one({"_id": 1}, {"title": 1}) == {"_id": 1, "title": "note 1"}
    assert notes.find_one({"_id": 1}, {"_id": 0, "tags": 0}) == {"title": "note 1"}
    assert notes.find_one({"_id": 1}, {"_id": 1}) == {"_id": 1}
    notes.insert_one({"_id": "text", "title": "note 9"})
    assert [one["_id"] for one in notes.find().sort("_id", 1)] == [0, 1, 2, 3, 4, "text"]


@pytest.mark.parametrize(
    ("update", "after"),
    [
        ({"$set": {"title": "x", "a.b": 1}}, {"title": "x", "tags": ["a", "1"], "a": {"b": 1}}),
        ({"$unset": {"tags": ""}, "$inc": {"n": 2}}, {"title": "note 1", "n": 2}),
        ({"$push": {"tags": "new"}}, {"title": "note 1", "tags": ["a", "1", "new"]}),
        ({"$push": {"tags": {"$each": [1, 2]}}}, {"title": "note 1", "tags": ["a", "1", 1, 2]}),
        ({"$setOnInsert": {"title": "no"}}, {"title": "note 1", "tags": ["a", "1"]}),
    ],
)
def test_updates(notes: Notes, update: dict[str, Any], after: dict[str, Any]) -> None:
    before = notes.find_one({"_id": 1})
    done = notes.update_one({"_id": 1}, update)
    assert notes.find_one({"_id": 1}) == {"_id": 1, **after}
    assert (done.matched_count, done.modified_count) == (1, int(before != {"_id": 1, **after}))


def test_many_at_once(notes: Notes) -> None:
    assert notes.update_many({"_id": {"$gt": 2}}, {"$set": {"old": True}}).modified_count == 2
    assert notes.delete_many({"old": True}).deleted_count == 2
    assert notes.delete_one({"tags": "a"}).deleted_count == 1
    assert notes.bulk_write([ReplaceOne({"_id": 1}, {"title": "new"})]).modified_count == 1
    assert notes.find_one({"_id": 1}) == {"_id": 1, "title": "new"}
    assert notes.update_one({"_id": 7, "a.b": {"$eq": 2}}, {"$set": {"c": 3}}, upsert=True).upserted_id == 7
    assert notes.find_one({"_id": 7}) == {"_id": 7, "a": {"b": 2}, "c": 3}
    assert len(list(notes.aggregate([{"$match": {}}, {"$sort": {"_id": -1}}, {"$limit": 2}]))) == 2
    assert list(notes.aggregate([{"$count": "n"}])) == [{"n": 3}]
    assert notes.estimated_document_count() == 3


def test_find_and_modify(notes: Notes) -> None:
    update = {"$set": {"title": "x"}}
    assert (notes.find_one_and_update({"_id": 1}, update) or {})["title"] == "note 1"
    after = notes.find_one_and_update({"_id": 2}, update, return_document=ReturnDocument.AFTER)
    assert (after or {})["title"] == "x"
    assert notes.find_one_and_update({"_id": 9}, update) is None
    made = notes.find_one_and_update({"_id": 9}, update, upsert=True, return_document=ReturnDocument.AFTER)
    assert made == {"_id": 9, "title": "x"}
    assert (notes.find_one_and_delete({}, sort=[("_id", -1)]) or {})["_id"] == 9
    assert notes.count_documents({}) == 5


def test_what_is_there_once(notes: Notes) -> None:
    with pytest.raises(DuplicateKeyError, match="dup key"):
        notes.insert_one({"_id": 1})
    notes.create_index("title", unique=True)
    with pytest.raises(DuplicateKeyError, match="title_1"):
        notes.insert_one({"title": "note 1"})
    with pytest.raises(DuplicateKeyError):
        notes.update_one({"_id": 2}, {"$set": {"title": "note 1"}})
    with pytest.raises(BulkWriteError) as caught:
        notes.insert_many([{"_id": 1}, {"_id": 10, "title": "new"}], ordered=False)
    assert caught.value.details["nInserted"] == 1
    assert notes.update_one({"_id": 2}, {"$set": {"title": "note 2"}}).matched_count == 1


def test_collections(notes: Notes) -> None:
    assert notes.database.list_collection_names() == ["notes"]
    notes.drop()
    assert notes.database.list_collection_names() == []


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"shutdown": 1}, 59),
        ({"find": "notes", "filter": {"$where": "1"}}, 2),
        ({"find": "notes", "filter": {"a": {"$near": 1}}}, 2),
        ({"find": "notes", "projection": {"a": {"$slice": 1}}}, 2),
        ({"update": "notes", "updates": [{"q": {"_id": 1}, "u": {"$rename": {"a": "b"}}}]}, 2),
        ({"update": "notes", "updates": [{"q": {"_id": 1}, "u": {"$set": {"_id": 2}}}]}, 2),
        ({"update": "notes", "updates": [{"q": {"_id": 1}, "u": [{"$set": {"a": 2}}]}]}, 2),
        ({"aggregate": "notes", "pipeline": [{"$lookup": {}}], "cursor": {}}, 2),
        ({"aggregate": "notes", "pipeline": [{"$group": {"_id": "$a"}}], "cursor": {}}, 2),
        ({"getMore": 1, "collection": "notes"}, 43),
        ({"insert": "notes", "documents": [{}], "txnNumber": 1}, 20),
        ({"insert": "notes"}, 9),
    ],
)
def test_what_it_cannot_do_is_said(notes: Notes, command: dict[str, Any], code: int) -> None:
    with pytest.raises(OperationFailure) as caught:
        notes.database.command(command)
    assert caught.value.code == code
    assert notes.count_documents({}) == 5


def test_what_is_no_message_ends_the_connection(serving: Listening) -> None:
    for rubbish in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", struct.pack("<iiii", 21, 1, 0, 2013) + b"\0" * 5):
        with socket.create_connection(("127.0.0.1", serving.port), timeout=2) as connection:
            connection.sendall(rubbish)
            assert connection.recv(10) == b""


def test_a_server_that_is_no_longer_there() -> None:
    there = [True]
    serve = partial(mongodb.serve, mongodb.Server(), alive=lambda: there[0])
    with (
        listening(serve) as made,
        MongoClient[dict[str, Any]]("127.0.0.1", made.port, directConnection=True, timeoutMS=300) as client,
    ):
        assert client.app.notes.find_one() is None
        there[0] = False
        with pytest.raises((ConnectionFailure, ServerSelectionTimeoutError)):
            client.app.notes.find_one()
