"""The commands of a MongoDB server that are about its data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provisioner.sandbox.databases import mongodb_documents as documents
from provisioner.sandbox.databases.mongodb_collections import Collection, Databases, Duplicate, aggregated
from provisioner.sandbox.databases.mongodb_wire import Document

BAD_VALUE, FAILED_TO_PARSE, UNAUTHORIZED, DENIED, ILLEGAL, NO_CURSOR = 2, 9, 13, 18, 20, 43
NO_COMMAND, DUPLICATE = 59, 11_000
NAMES = {
    BAD_VALUE: "BadValue",
    FAILED_TO_PARSE: "FailedToParse",
    UNAUTHORIZED: "Unauthorized",
    DENIED: "AuthenticationFailed",
    ILLEGAL: "IllegalOperation",
    NO_CURSOR: "CursorNotFound",
    NO_COMMAND: "CommandNotFound",
    DUPLICATE: "DuplicateKey",
}
"""MongoDB's error codes. Source: MongoDB manual, error codes."""


class Failed(Exception):
    """A command that fails, with MongoDB's code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def _in(data: Databases, command: Document) -> Collection:
    """The collection that a command is about."""
    return data.collection(command["$db"], str(next(iter(command.values()))))


def _cursor(collection: Collection, found: list[Document]) -> Document:
    """All at once: a page is at most what the client has asked for."""
    return {"cursor": {"firstBatch": found, "id": 0, "ns": collection.name}}


def _find(data: Databases, command: Document) -> Document:
    collection = _in(data, command)
    found = documents.ordered(collection.find(command.get("filter", {})), command.get("sort", {}))
    begin, limit = command.get("skip", 0), abs(command.get("limit", 0))
    found = found[begin : begin + limit] if limit else found[begin:]
    return _cursor(collection, [documents.projected(one, command.get("projection") or {}) for one in found])


def _aggregate(data: Databases, command: Document) -> Document:
    collection = _in(data, command)
    return _cursor(collection, aggregated(collection.find({}), command["pipeline"]))


def _count(data: Databases, command: Document) -> Document:
    return {"n": len(_in(data, command).find(command.get("query", {})))}


def _insert(data: Databases, command: Document) -> Document:
    collection, done, errors = _in(data, command), 0, []
    for number, document in enumerate(command["documents"]):
        try:
            collection.put(document)
            done += 1
        except Duplicate as error:
            errors.append({"index": number, "code": DUPLICATE, "errmsg": str(error), "keyValue": error.values})
            if command.get("ordered", True):
                break
    return {"n": done, **({"writeErrors": errors} if errors else {})}


def _update(data: Databases, command: Document) -> Document:
    collection, matched, modified, upserted = _in(data, command), 0, 0, []
    for number, one in enumerate(command["updates"]):
        found = collection.find(one["q"])[: None if one.get("multi") else 1]
        modified += sum(collection.replace(documents.changed(document, one["u"])) for document in found)
        matched += len(found)
        if not found and one.get("upsert"):
            made = _upserted(collection, one["q"], one["u"])
            upserted.append({"index": number, "_id": made["_id"]})
    return {"n": matched + len(upserted), "nModified": modified, **({"upserted": upserted} if upserted else {})}


def _delete(data: Databases, command: Document) -> Document:
    collection, done = _in(data, command), 0
    for one in command["deletes"]:
        for document in collection.find(one["q"])[: one.get("limit") or None]:
            collection.drop(document)
            done += 1
    return {"n": done}


def _find_and_modify(data: Databases, command: Document) -> Document:
    collection, wanted, update = _in(data, command), command.get("query") or {}, command.get("update")
    found = documents.ordered(collection.find(wanted), command.get("sort") or {})[:1]
    before = found[0] if found else None
    after, about = None, {"n": len(found), "updatedExisting": bool(found)}
    if command.get("remove"):
        about.pop("updatedExisting")
        if before:
            collection.drop(before)
    elif before:
        after = documents.changed(before, update)
        collection.replace(after)
    elif command.get("upsert"):
        after = _upserted(collection, wanted, update)
        about = {"n": 1, "updatedExisting": False, "upserted": after["_id"]}
    shown = after if command.get("new") else before
    fields = command.get("fields") or {}
    return {"lastErrorObject": about, "value": documents.projected(shown, fields) if shown else None}


def _upserted(collection: Collection, wanted: Mapping[str, Any], update: Any) -> Document:
    made = documents.changed(documents.from_filter(wanted), update, inserting=True)
    collection.put(made)
    return next(reversed(collection.kept.values()))


def _create_indexes(data: Databases, command: Document) -> Document:
    collection = _in(data, command)
    before = len(collection.indexes)
    collection.indexes.update({index["name"]: index for index in command["indexes"]})
    return {"numIndexesBefore": before + 1, "numIndexesAfter": len(collection.indexes) + 1}


def _list_collections(data: Databases, command: Document) -> Document:
    found = [{"name": name, "type": "collection"} for name in data.names(command["$db"])]
    return {"cursor": {"firstBatch": found, "id": 0, "ns": f"{command['$db']}.$cmd.listCollections"}}


def _drop(data: Databases, command: Document) -> Document:
    name = str(command["drop"])
    data.forget(command["$db"], name)
    return {"ns": f"{command['$db']}.{name}"}


def _no_cursor(data: Databases, command: Document) -> Document:
    raise Failed(NO_CURSOR, f"cursor id {command['getMore']} not found")


COMMANDS: Mapping[str, Callable[[Databases, Document], Document]] = {
    "aggregate": _aggregate,
    "count": _count,
    "createIndexes": _create_indexes,
    "delete": _delete,
    "drop": _drop,
    "find": _find,
    "findAndModify": _find_and_modify,
    "getMore": _no_cursor,
    "insert": _insert,
    "listCollections": _list_collections,
    "update": _update,
}
