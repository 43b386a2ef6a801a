"""Reading a stack file, and the command line's overrides of its keys."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from provisioner.stack_file import schema
from provisioner.stack_file.errors import Problem, StackError, nearest

Document = dict[str, Any]

_TABLES_OF_ENTRIES = (["services"], ["functions"])


class _Refused(Exception):
    def __init__(self, what: str, fix: str) -> None:
        self.what, self.fix = what, fix
        super().__init__(what)


def read(file: Path) -> Document:
    """The file's content. Raises StackError where there is none or it is not TOML."""
    try:
        text = file.read_text("utf-8-sig")  # Windows' Notepad may begin a file with a byte order mark
    except FileNotFoundError:
        raise _broken(file, "there is no such file", "name another, or write one with `init`") from None
    except IsADirectoryError:
        raise _broken(file, "is a folder", "name the stack file in it") from None
    except UnicodeDecodeError as error:
        fault = f"is not UTF-8 text (byte {error.start})"
        raise _broken(file, fault, "save it as UTF-8") from None
    except (OSError, ValueError) as error:
        raise _broken(file, f"cannot be read: {error}", "name a file that can be read") from None
    return _parsed(file, text)


def _parsed(file: Path, text: str) -> Document:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _broken(file, f"is not TOML: {error}{_line(text, str(error))}", "correct this line") from None
    except (ValueError, RecursionError):  # a number of thousands of digits, thousands of brackets
        raise _broken(file, "is not TOML that can be read", "look for an enormous number or list") from None


def _line(text: str, message: str) -> str:
    """The line of which the parser's message speaks: it ends in `(at line 3, column 5)`."""
    number = message.rpartition("at line ")[2].partition(",")[0]
    lines = text.split("\n")
    return f": {lines[int(number) - 1].strip()}" if number.isdigit() and int(number) <= len(lines) else ""


def _broken(file: Path, what: str, fix: str) -> StackError:
    return StackError(file, [Problem("", None, what, fix)])


def override(document: Document, overrides: Sequence[str]) -> list[Problem]:
    """Put `KEY=VALUE` overrides into the document; returns what is wrong with those that could not be."""
    problems = []
    for text in overrides:
        key, equals, value = text.partition("=")
        try:
            if not equals:
                raise _Refused("is not KEY=VALUE", "write KEY=VALUE, as in services.web.count=3")
            _put(document, _path(key), value)
        except _Refused as refused:
            given = _safe(value) if equals else None
            problems.append(Problem(f"--set {_safe(key)}", given, refused.what, refused.fix))
    return problems


def _safe(text: str) -> str:
    """Without lone surrogates, which come from bytes on the command line that are not text."""
    return text.encode("utf-8", "replace").decode()


def _path(key: str) -> list[str]:
    """The steps of a dotted key, in which TOML allows quotes."""
    steps = []
    table: Any = _toml(f"{key} = 0")
    while isinstance(table, dict) and len(table) == 1:
        ((step, table),) = table.items()
        steps.append(step)
    if table != 0 or not steps:
        raise _Refused("is not a key", "write it as in services.web.count=3")
    return steps


def _toml(text: str) -> Document | None:
    try:
        text.encode()
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None


def _put(document: Document, path: list[str], value: str) -> None:
    _check(document, path)
    table: Any = document
    for step in path[:-1]:
        table = table.setdefault(step, {})
        if not isinstance(table, dict):
            raise _Refused(f'"{step}" is not a table in the file', "correct the file first")
    table[path[-1]] = _value(path, value)


def _check(document: Document, path: list[str]) -> None:
    """A key must be known; a service or function must be one of the file's."""
    for place, step in enumerate(path):
        table = path[:place]
        known = list(_known(document, table))
        free = schema.is_open(table) and table not in _TABLES_OF_ENTRIES
        if not free and step not in known:
            raise _Refused("unknown key", _hint(table, step, known))


def _known(document: Document, table: list[str]) -> Iterator[str]:
    if table in _TABLES_OF_ENTRIES:
        entries = document.get(table[0])
        yield from entries if isinstance(entries, dict) else ()
    yield from schema.keys(table)


def _hint(table: list[str], step: str, known: list[str]) -> str:
    place = ".".join(table)
    if guess := nearest(step, known):
        return f'did you mean "{".".join([*table, guess])}"?'
    if not known:
        return f'"{place}" has no keys' if place else "name a key"
    return f"{f'[{place}]' if place else 'the top level'} has {', '.join(known)}"


def _value(path: list[str], text: str) -> Any:
    """A TOML value; plain text where text is wanted or it is not TOML."""
    parsed = _toml(f"value = {text}")
    found = parsed["value"] if parsed is not None and list(parsed) == ["value"] else _safe(text)
    wants_text = (schema.node(path) or {}).get("type") == "string"
    return _safe(text) if wants_text and not isinstance(found, str) else found
