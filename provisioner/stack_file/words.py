"""From the model's complaints to problems in plain words, and a document rid of what was complained about."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from provisioner.stack_file import schema
from provisioner.stack_file.errors import Problem, Wrong, listed, meant, nearest, short, shown

Path = tuple[str | int, ...]

_KEY = "[key]"
_STAND_INS: Mapping[Path, Any] = {
    ("name",): "x",
    ("region",): "us-east-1",
    ("network", "transit_gateway", "id"): "tgw-00000000",
    ("dns", "zone"): "x.example",
    ("services", "*"): {"image": "x", "port": 80},
    ("services", "*", "image"): "x",
    ("services", "*", "port"): 80,
    ("services", "*", "container_health_check", "command"): ["CMD", "x"],
    ("services", "*", "scaling", "minimum"): 1,
    ("services", "*", "scaling", "maximum"): 1,
    ("functions", "*"): {"source": "."},
    ("functions", "*", "source"): ".",
    ("database", "engine"): "mongodb",
    ("api", "routes"): {"$default": "x"},
    ("api", "routes", "*"): "x",
}
"""For what must not be missing. No region has a shorter name than this: a name that is too long there is so
everywhere."""


def problem(error: ErrorDetails) -> Problem:
    """One complaint of the model, in words."""
    path = _path(error)
    kind, value = error["type"], error["input"]
    if kind == "missing":
        return _missing(path)
    if kind == "extra_forbidden":
        return _unknown(path, value)
    what, fix = _misfit(path, error)
    is_key = error["loc"][-1] == _KEY  # then the place itself says what it is about
    return Problem(dotted(path), None if is_key else value, what, fix)


def dotted(path: Iterable[str | int]) -> str:
    """A place as one writes it: `functions.caller.egress[0].port`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")


def _path(error: ErrorDetails) -> Path:
    return tuple(step for step in error["loc"] if step != _KEY)


def _missing(path: Path) -> Problem:
    node = schema.node(path) or {}
    about = node.get("description", "")
    return Problem(dotted(path), None, "is missing", f"add it: {schema.expected(path)}. {about}")


def _unknown(path: Path, value: object) -> Problem:
    *table, key = path
    known = schema.keys(table)
    if guess := nearest(str(key), known):
        return Problem(dotted(path), value, "unknown key", f'did you mean "{dotted((*table, guess))}"?')
    where = f"[{dotted(table)}]" if table else "the top level"
    return Problem(dotted(path), value, "unknown key", f"remove it; {where} has {', '.join(known)}")


def _misfit(path: Path, error: ErrorDetails) -> tuple[str, str]:
    """What is wrong with a value and the fix."""
    kind, value = error["type"], error["input"]
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, Wrong):
        return cause.what, cause.fix
    if kind == "literal_error":
        return _not_a_choice(path, value)
    if kind == "too_long":
        return "has too many entries", f"keep to {error['ctx']['max_length']}"
    if kind == "too_short":
        return "has no entries", "add one, or leave the key out"
    return f"must be {schema.expected(path)}", _example(path, value)


def _example(path: Path, value: object) -> str:
    node = schema.node(path) or {}
    if node.get("type") == "object":
        return f"write a table: {_table(path)}"
    if node.get("type") == "string" and not isinstance(path[-1], int) and not isinstance(value, dict | list):
        return f"write {_quoted_unless_bare(str(path[-1]))} = {_as_text(value)}"
    default = node.get("default")
    return f"use {listed([default])}, or another" if default not in (None, "", [], {}) else "correct it"


def _table(path: Path) -> str:
    """How a table at this place begins; in a list, how it is written there."""
    if any(isinstance(step, int) for step in path):
        return f"{{ {', '.join(f'{key} = ...' for key in schema.keys(path))} }}"
    entries = len(path) == 1 and path[0] in ("services", "functions")
    return f"[{dotted(_quoted_unless_bare(str(step)) for step in path)}{'.NAME' if entries else ''}]"


def _quoted_unless_bare(key: str) -> str:
    return short(key) if re.fullmatch(r"[A-Za-z0-9_-]+", key) else shown(key)


def _as_text(value: object) -> str:
    """A number, date or truth value in quotes, as the file has it."""
    return shown(str(value).lower() if isinstance(value, bool) else str(value))


def _not_a_choice(path: Path, value: object) -> tuple[str, str]:
    node = schema.node(path) or {}
    choices = [str(one) for one in node.get("enum", ())]
    return f"must be one of {listed(choices)}", meant(str(value), choices, "")


def salvage(document: Mapping[str, Any], errors: Iterable[ErrorDetails]) -> tuple[dict[str, Any], set[Path]]:
    """The document with everything faulty left out or stood in for, and the places where that was done.

    So whatever depends on several values can still be checked where all of those are sound. Entries with a bad
    name stay: `context["any_keys"]` takes them.
    """
    whole, broken = copy.deepcopy(dict(document)), set[Path]()
    for error in errors:
        if error["loc"][-1] == _KEY:
            continue
        path = _without_index(_path(error))
        _put_right(whole, path)
        if error["type"] != "extra_forbidden":
            broken.add(path)
    return whole, broken


def _without_index(path: Path) -> Path:
    """A list is dropped as a whole."""
    for place, step in enumerate(path):
        if isinstance(step, int):
            return path[:place]
    return path


def _put_right(whole: dict[str, Any], path: Path) -> None:
    *above, last = path
    table: Any = whole
    for step in above:
        table = table.get(step) if isinstance(table, dict) else None
    if not isinstance(table, dict):  # already gone with what it stood in
        return
    stand_in = next((value for place, value in _STAND_INS.items() if _stands_for(place, path)), None)
    if stand_in is None:
        table.pop(last, None)
    else:
        table[last] = copy.deepcopy(stand_in)


def _stands_for(place: Path, path: Path) -> bool:
    """`*` is any name: of a service, a function or a route."""
    return len(place) == len(path) and all(one in ("*", other) for one, other in zip(place, path, strict=True))
