"""The model as a JSON Schema, and looking things up in it by their place in a stack file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from provisioner.model import Stack
from provisioner.stack_file.errors import listed

Node = Mapping[str, Any]
Path = tuple[str | int, ...]

_KINDS = {
    "integer": "a whole number",
    "string": "text in quotes",
    "boolean": "true or false",
    "array": "a list in brackets",
    "object": "a table",
}


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of stack files, for editors that complete and check while one types."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Stack.model_json_schema()}


def node(path: Iterable[str | int]) -> Node | None:
    """What may stand at this place; None where nothing may."""
    found: Node | None = schema()
    for step in path:
        found = _child(found, step) if found is not None else None
    return _resolved(found) if found is not None else None


def _child(parent: Node, step: str | int) -> Node | None:
    parent = _resolved(parent)
    if isinstance(step, int):
        return _table(parent.get("items"))
    return _table(parent.get("properties", {}).get(step)) or _table(parent.get("additionalProperties"))


def _table(value: Any) -> Node | None:
    return value if isinstance(value, Mapping) else None


def _resolved(found: Node) -> Node:
    """With references followed; of several possibilities the first that is not null."""
    own = {key: value for key, value in found.items() if key not in ("anyOf", "$ref")}
    if "anyOf" in found:
        return {**_resolved(next(one for one in found["anyOf"] if one.get("type") != "null")), **own}
    if "$ref" in found:
        return {**definition(found["$ref"]), **own}
    return found


def definition(reference: str) -> Node:
    """The table that a `$ref` of the schema names."""
    found: Node = schema()["$defs"][reference.rpartition("/")[2]]
    return found


def keys(path: Iterable[str | int]) -> list[str]:
    """The keys that the table at this place has; none where its keys are free or it is no table."""
    found = node(path)
    return list(found.get("properties", {})) if found else []


def is_open(path: Iterable[str | int]) -> bool:
    """Whether it is a table whose keys are the user's own, such as `tags`."""
    found = node(path)
    return found is not None and _table(found.get("additionalProperties")) is not None


def expected(path: Iterable[str | int]) -> str:
    """What belongs at this place, in words: "a whole number from 1 to 900"."""
    found = node(path) or {}
    if "enum" in found:
        return f"one of {listed(found['enum'])}"
    words = _KINDS.get(found.get("type", ""), "another value")
    if "minimum" in found and "maximum" in found:
        return f"{words} from {found['minimum']} to {found['maximum']}"
    return f"{words}, at least {found['minimum']}" if "minimum" in found else words
