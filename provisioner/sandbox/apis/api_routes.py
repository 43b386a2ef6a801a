"""Which stage and which route of an HTTP API a request is for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

DEFAULT = "$default"
"""The stage without a name, and the route for all that no other one fits."""
_VARIABLE = re.compile(r"\{([^}+]+)(\+?)\}")


@dataclass(frozen=True)
class Match:
    """A route that fits, and what its path variables stand for."""

    key: str
    parameters: dict[str, str] = field(default_factory=dict)


def stage(known: Iterable[str], path: str) -> str:
    """The stage with whose name the path begins, or else the one without a name."""
    first = path.removeprefix("/").partition("/")[0]
    return first if first in known else DEFAULT


def within(stage: str, path: str) -> str:
    """The path as routes see it: without the stage."""
    return path if stage == DEFAULT else path.removeprefix(f"/{stage}") or "/"


def best(keys: Iterable[str], method: str, path: str) -> Match | None:
    """The route that fits best: by its path, part by part, then by its method; None where nothing fits."""
    known = list(keys)
    fitting = [key for key in known if key.startswith((f"{method} ", "ANY ")) and _pattern(key).fullmatch(path)]
    if fitting:
        key = min(fitting, key=_vagueness)
        found = _pattern(key).fullmatch(path)
        names = [name for name, _ in _VARIABLE.findall(key)]
        return Match(key, dict(zip(names, found.groups(), strict=True)) if found else {})
    return Match(DEFAULT) if DEFAULT in known else None


@cache
def _pattern(key: str) -> re.Pattern[str]:
    parts = key.partition(" ")[2].split("/")
    return re.compile("/".join(_part(part) for part in parts))


def _part(part: str) -> str:
    variable = _VARIABLE.fullmatch(part)
    if variable is None:
        return re.escape(part)
    return "(.+)" if variable[2] else "([^/]+)"


def _vagueness(key: str) -> tuple[list[int], bool]:
    """Words go before variables, and those before variables for all the rest."""
    method, _, path = key.partition(" ")
    found = [_VARIABLE.fullmatch(part) for part in path.split("/")]
    return [0 if one is None else 2 if one[2] else 1 for one in found], method == "ANY"
