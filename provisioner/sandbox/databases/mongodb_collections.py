"""The collections of one MongoDB: what is kept, and in how far it is unique."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import bson

from provisioner.sandbox.databases import mongodb_documents as documents
from provisioner.sandbox.databases.mongodb_wire import Document


class Duplicate(Exception):
    """A document that would be there twice."""

    def __init__(self, collection: str, index: str, values: Document) -> None:
        shown = ", ".join(f"{key}: {value!r}" for key, value in values.items())
        where = f"collection: {collection} index: {index}"
        super().__init__(f"E11000 duplicate key error {where} dup key: {{ {shown} }}")
        self.values = values


@dataclass
class Collection:
    """Documents by `_id`, in the order in which they came; indexes by name."""

    name: str
    kept: dict[bytes, Document] = field(default_factory=dict)
    indexes: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def find(self, wanted: Mapping[str, Any]) -> list[Document]:
        return [copy.deepcopy(one) for one in self.kept.values() if documents.matches(one, wanted)]

    def put(self, document: Document) -> None:
        """Add one; raises Duplicate."""
        document = {"_id": document.get("_id", bson.ObjectId()), **document}
        key = _key(document["_id"])
        if key in self.kept:
            raise Duplicate(self.name, "_id_", {"_id": document["_id"]})
        self._check(document, b"")
        self.kept[key] = copy.deepcopy(document)

    def replace(self, document: Document) -> bool:
        """Put one in the place of that with the same `_id`; whether it differs. Raises Duplicate."""
        key = _key(document["_id"])
        self._check(document, key)
        differs = self.kept[key] != document
        self.kept[key] = copy.deepcopy(document)
        return differs

    def drop(self, document: Document) -> None:
        self.kept.pop(_key(document["_id"]), None)

    def _check(self, document: Document, own: bytes) -> None:
        for name, index in self.indexes.items():
            values = {path: document.get(path) for path in index["key"]}
            others = (one for key, one in self.kept.items() if key != own)
            if index.get("unique") and any(_same(one, values) for one in others):
                raise Duplicate(self.name, name, values)


class Databases:
    """All that one server keeps. `lock` is to be held while collections are used."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._known: dict[str, Collection] = {}

    def collection(self, database: str, name: str) -> Collection:
        """Made when it is first asked for."""
        full = f"{database}.{name}"
        return self._known.setdefault(full, Collection(full))

    def names(self, database: str) -> list[str]:
        """Of the collections in a database."""
        prefix = f"{database}."
        return sorted(name.removeprefix(prefix) for name in self._known if name.startswith(prefix))

    def forget(self, database: str, name: str) -> None:
        self._known.pop(f"{database}.{name}", None)


def aggregated(found: list[Document], pipeline: Sequence[Mapping[str, Any]]) -> list[Document]:
    """What the stages make of documents; raises BadValue for those that this server does not know."""
    for stage in pipeline:
        ((name, value),) = stage.items()
        if name not in _STAGES:
            raise documents.BadValue(f"Unrecognized pipeline stage name: '{name}' (in the sandbox)")
        found = _STAGES[name](found, value)
    return found


def _count(found: list[Document], value: Mapping[str, Any]) -> list[Document]:
    """The group by which drivers count."""
    sums = {name: one for name, one in value.items() if name != "_id"}
    if isinstance(value["_id"], str | Mapping) or any(one != {"$sum": 1} for one in sums.values()):
        raise documents.BadValue("the sandbox groups all documents into one, and counts them")
    return [{"_id": value["_id"], **dict.fromkeys(sums, len(found))}] if found else []


def _key(identity: Any) -> bytes:
    return bson.encode({"": identity})


def _same(document: Document, values: Mapping[str, Any]) -> bool:
    return all(document.get(path) == value for path, value in values.items())


_STAGES: Mapping[str, Callable[[list[Document], Any], list[Document]]] = {
    "$match": lambda found, value: [one for one in found if documents.matches(one, value)],
    "$sort": documents.ordered,
    "$skip": lambda found, value: found[value:],
    "$limit": lambda found, value: found[:value],
    "$project": lambda found, value: [documents.projected(one, value) for one in found],
    "$count": lambda found, value: [{value: len(found)}] if found else [],
    "$group": _count,
}
