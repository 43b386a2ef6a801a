"""What MongoDB does with documents: find, order, show in part, change. Source: MongoDB manual, operators."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from provisioner.sandbox.databases.mongodb_wire import Document

_MISSING = object()


class BadValue(Exception):
    """What a command asks for makes no sense, or is more than this server can."""


def matches(document: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a document fits a filter."""
    return all(_fits(document, key, condition) for key, condition in wanted.items())


def ordered(documents: Iterable[Document], by: Mapping[str, int]) -> list[Document]:
    found = list(documents)
    for path, direction in reversed(list(by.items())):
        found.sort(key=lambda document: _rank(_only(document, path)), reverse=direction < 0)
    return found


def projected(document: Document, fields: Mapping[str, Any]) -> Document:
    """With some of its fields, or without some; `_id` is kept unless it is left out by name."""
    if not fields:
        return document
    others = {key: value for key, value in fields.items() if key != "_id"}
    if any(not isinstance(value, bool | int | float) or "." in key for key, value in fields.items()):
        raise BadValue("the sandbox projects whole fields only, by 0 or 1")
    including = any(others.values()) if others else bool(fields["_id"])
    shown = {key for key, value in others.items() if value}
    kept = {key: value for key, value in document.items() if (key in shown if including else key not in others)}
    if "_id" in document and fields.get("_id", True):
        return {"_id": document["_id"], **kept}
    kept.pop("_id", None)
    return kept


def changed(document: Document, update: Any, *, inserting: bool = False) -> Document:
    """A document after an update, which is a list of operators or another document."""
    if not isinstance(update, Mapping):
        raise BadValue("the sandbox takes no pipelines as updates")
    if not any(key.startswith("$") for key in update):
        return {"_id": document["_id"], **update} if "_id" in document else dict(update)
    after = copy.deepcopy(document)
    for operator, values in update.items():
        if operator not in _CHANGES:
            raise BadValue(f"Unknown modifier: {operator} (the sandbox knows {', '.join(_CHANGES)})")
        if operator != "$setOnInsert" or inserting:
            for path, value in values.items():
                _CHANGES[operator](*_place(after, path), value)
    if "_id" in document and after.get("_id") != document["_id"]:
        raise BadValue("Performing an update on the path '_id' would modify the immutable field '_id'")
    return after


def from_filter(wanted: Mapping[str, Any]) -> Document:
    """What an upsert takes over from its filter: what has to be equal."""
    plain = {key: value for key, value in wanted.items() if not key.startswith("$")}
    made: Document = {}
    for path, value in plain.items():
        if not _is_condition(value) or "$eq" in value:
            parent, name = _place(made, path)
            parent[name] = value["$eq"] if _is_condition(value) else value
    return made


def _fits(document: Mapping[str, Any], key: str, condition: Any) -> bool:
    if key in _LOGIC:
        return _LOGIC[key](matches(document, one) for one in condition)
    if key.startswith("$"):
        raise BadValue(f"unknown top level operator: {key} (the sandbox knows {', '.join(_LOGIC)})")
    values = _values(document, key.split("."))
    conditions = condition if _is_condition(condition) else {"$eq": condition}
    for operator, wanted in conditions.items():
        if operator == "$not":
            if _fits(document, key, wanted):
                return False
        elif operator not in _CONDITIONS:
            raise BadValue(f"unknown operator: {operator} (the sandbox knows $not, {', '.join(_CONDITIONS)})")
        elif not _CONDITIONS[operator](values, wanted):
            return False
    return True


def _is_condition(value: Any) -> bool:
    return isinstance(value, Mapping) and any(key.startswith("$") for key in value)


def _values(value: Any, path: Sequence[str]) -> list[Any]:
    """What is at a path, and the elements of lists on the way and there."""
    if not path:
        return [value, *value] if isinstance(value, list) else [value]
    if isinstance(value, list):
        index = value[int(path[0])] if path[0].isdigit() and int(path[0]) < len(value) else _MISSING
        here = [] if index is _MISSING else _values(index, path[1:])
        return here + [found for one in value if isinstance(one, Mapping) for found in _values(one, path)]
    if isinstance(value, Mapping) and path[0] in value:
        return _values(value[path[0]], path[1:])
    return []


def _only(document: Mapping[str, Any], path: str) -> Any:
    found = _values(document, path.split("."))
    return found[0] if found else None


_KINDS: tuple[tuple[type, ...], ...] = ((type(None),), (bool,), (int, float), (str, bytes), (Mapping,), (list,))


def _rank(value: Any) -> tuple[int, Any]:
    """By which values of different kinds can be compared too."""
    for number, kinds in enumerate(_KINDS):
        if isinstance(value, kinds):
            plain = isinstance(value, int | float | str) and not isinstance(value, bool)
            return (number, value) if plain else (number, repr(value))
    return len(_KINDS), str(value)


def _compared(holds: Callable[[Any, Any], bool]) -> Callable[[list[Any], Any], bool]:
    """Between values of one kind only, as MongoDB compares."""

    def fits(values: list[Any], wanted: Any) -> bool:
        kind, right = _rank(wanted)
        return any(left_kind == kind and holds(left, right) for left_kind, left in map(_rank, values))

    return fits


def _equal(values: list[Any], wanted: Any) -> bool:
    if isinstance(wanted, re.Pattern) or hasattr(wanted, "try_compile"):
        return _like(values, wanted)
    return wanted in values or (wanted is None and not values)


def _like(values: list[Any], wanted: Any) -> bool:
    pattern = wanted.try_compile() if hasattr(wanted, "try_compile") else re.compile(wanted)
    return any(isinstance(value, str) and pattern.search(value) for value in values)


def _place(document: Document, path: str) -> tuple[Document, str]:
    *above, name = path.split(".")
    for part in above:
        document = document.setdefault(part, {})
        if not isinstance(document, dict):
            raise BadValue(f"Cannot create field '{name}' in element {{{part}: {document!r}}}")
    return document, name


def _add(parent: Document, name: str, value: Any) -> None:
    parent[name] = parent.get(name, 0) + value


def _push(parent: Document, name: str, value: Any) -> None:
    parent.setdefault(name, []).extend(value["$each"] if _is_condition(value) else [value])


_LOGIC: Mapping[str, Callable[[Iterable[bool]], bool]] = {
    "$and": all,
    "$or": any,
    "$nor": lambda parts: not any(parts),
}
_CONDITIONS: Mapping[str, Callable[[list[Any], Any], bool]] = {
    "$eq": _equal,
    "$ne": lambda values, wanted: not _equal(values, wanted),
    "$in": lambda values, wanted: any(_equal(values, one) for one in wanted),
    "$nin": lambda values, wanted: not any(_equal(values, one) for one in wanted),
    "$gt": _compared(lambda left, right: left > right),
    "$gte": _compared(lambda left, right: left >= right),
    "$lt": _compared(lambda left, right: left < right),
    "$lte": _compared(lambda left, right: left <= right),
    "$exists": lambda values, wanted: bool(values) == bool(wanted),
    "$regex": _like,
}
_CHANGES: Mapping[str, Callable[[Document, str, Any], object]] = {
    "$set": lambda parent, name, value: parent.update({name: value}),
    "$setOnInsert": lambda parent, name, value: parent.update({name: value}),
    "$unset": lambda parent, name, value: parent.pop(name, None),
    "$inc": _add,
    "$push": _push,
}
