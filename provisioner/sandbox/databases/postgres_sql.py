"""PostgreSQL's statements, as SQLite carries them out."""

from __future__ import annotations

import re
import sqlite3
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.sandbox.databases.postgres_wire import Column, Failed, Value

TEXT = 25
_BOOLEAN, _BYTES, _COUNT, _MOMENT = 16, 17, 20, 1184
_WITHOUT_ZONE = re.compile(r"[\d-]+[ T][\d:.]+")
_PIECES = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|;|[^'"\-/;]+|.""", re.DOTALL)
_REWRITES: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        (r"\$(\d+)", r"?\1"),
        (r"::\s*[a-z_]+(?:\s*\(\s*\d+\s*\))?(?:\[\])?", ""),
        (r"\b(?:big|small)?serial\b", "INTEGER"),
        (r"\bint(?:eger)?\b(\s+primary\s+key)", r"INTEGER\1"),
        (r"\bnow\s*\(\s*\)", "CURRENT_TIMESTAMP"),
        (r"\bdefault\s+(\w+\s*\(\s*\))", r"DEFAULT (\1)"),
        (r"\bstart\s+transaction\b.*|^\s*begin\b.*", "BEGIN"),
        (r"^\s*(commit|rollback|end)\s+(?:transaction|work)\b.*", r"\1"),
    )
]
_TYPES: Sequence[tuple[str, int]] = (
    ("smallint|int2", 21),
    ("bigint|int8|bigserial", 20),
    ("int|serial", 23),
    ("bool", _BOOLEAN),
    ("uuid", 2950),
    ("timestamptz|timestamp.*with time zone", _MOMENT),
    ("timestamp", 1114),
    ("date", 1082),
    ("jsonb", 3802),
    ("json", 114),
    ("numeric|decimal", 1700),
    ("real|float4", 700),
    ("double|float", 701),
    ("bytea", _BYTES),
    ("varchar|character varying", 1043),
)
"""What a declared type begins with, and PostgreSQL's number for the type. Source: PostgreSQL, pg_type.dat."""
_CODES: Sequence[tuple[str, str]] = (
    ("UNIQUE constraint", "23505"),
    ("NOT NULL constraint", "23502"),
    ("CHECK constraint", "23514"),
    ("FOREIGN KEY constraint", "23503"),
    ("no such table", "42P01"),
    ("already exists", "42P07"),
    ("no such column|has no column", "42703"),
    ("no such function", "42883"),
    ("locked", "55P03"),
    ("syntax error|incomplete input|unrecognized token", "42601"),
    ("transaction", "25000"),
)
"""What SQLite says, and PostgreSQL's code for it. Source: PostgreSQL documentation, appendix A: error codes."""
_READING = ("SELECT", "WITH", "VALUES")
_PLANNED = (*_READING, "INSERT", "UPDATE", "DELETE")
_RETURNING = re.compile(r"\breturning\b(.+)$", re.IGNORECASE | re.DOTALL)
_ABOUT = re.compile(r"\b(?:into|update|from)\s+([a-z_][\w.]*|\"[^\"]+\")", re.IGNORECASE)
_PARAMETER = re.compile(r"\?(\d+)")
_PATIENCE = 3.0


@dataclass(frozen=True)
class Result:
    """What a statement came to: its rows, and the tag by which PostgreSQL says what was done."""

    rows: Sequence[Sequence[Any]]
    tag: str


def connect(file: Path) -> sqlite3.Connection:
    """One session with the database in a file."""
    made = sqlite3.connect(file, isolation_level=None, timeout=_PATIENCE, check_same_thread=False)
    for setting in ("journal_mode = WAL", "synchronous = OFF", "foreign_keys = ON", "case_sensitive_like = ON"):
        made.execute(f"PRAGMA {setting}")
    made.create_function("gen_random_uuid", 0, lambda: str(uuid.uuid4()))
    return made


def statements(text: str) -> Iterator[str]:
    """The statements of a text, in SQLite's words."""
    parts: list[str] = []
    for piece in [*_PIECES.findall(text), ";"]:
        if piece != ";":
            parts.append(piece if piece[0] in "'\"" else "" if piece[:2] in ("--", "/*") else _rewritten(piece))
            continue
        if whole := "".join(parts).strip():
            yield whole
        parts = []


def verb(statement: str) -> str:
    return statement.split(maxsplit=1)[0].upper()


def count(statement: str) -> int:
    """How many parameters a statement has."""
    return max((int(one) for one in _PARAMETER.findall(statement)), default=0)


def check(made: sqlite3.Connection, statement: str) -> None:
    """Raise Failed for what is no statement, or names something that is not there; nothing is carried out."""
    if verb(statement) in _PLANNED:
        _tried(made, f"EXPLAIN {statement}", [None] * count(statement)).close()


def described(made: sqlite3.Connection, statement: str) -> list[Column]:
    """The columns of its answer, none where it has no rows; nothing is carried out. Raises Failed."""
    if verb(statement) in _READING:
        shown = f"SELECT * FROM ({statement}) LIMIT 0"
    elif (returning := _RETURNING.search(statement)) and (about := _ABOUT.search(statement)):
        shown = f"SELECT {returning[1]} FROM {about[1]} LIMIT 0"
    else:
        return []
    found = _tried(made, shown, [None] * count(shown))
    kinds = _kinds(made)
    return [_column(str(name), kinds) for name, *_ in found.description]


def run(made: sqlite3.Connection, statement: str, values: Sequence[Any] = ()) -> Result:
    """Carry a statement out. Raises Failed."""
    word = verb(statement)
    if word in ("SET", "RESET", "DISCARD"):
        return Result((), word)
    given = [*values, *[None] * (count(statement) - len(values))]
    cursor = _tried(made, statement, given)
    try:
        rows = cursor.fetchall()
    except sqlite3.Error as error:
        raise _failed(error) from error
    return Result(rows, _tag(statement, len(rows) if cursor.description else cursor.rowcount))


def shown(value: Any, column: Column) -> Value:
    """A value as PostgreSQL writes it."""
    if value is None:
        return None
    if column.oid == _BOOLEAN:
        return b"t" if str(value).lower() in ("1", "t", "true") else b"f"
    if isinstance(value, bytes):
        return b"\\x" + value.hex().encode()
    utc = "+00" if column.oid == _MOMENT and _WITHOUT_ZONE.fullmatch(str(value)) else ""
    return f"{value}{utc}".encode()


def _rewritten(piece: str) -> str:
    for pattern, instead in _REWRITES:
        piece = pattern.sub(instead, piece)
    return piece


def _tried(made: sqlite3.Connection, statement: str, values: Sequence[Any]) -> sqlite3.Cursor:
    try:
        return made.execute(statement, values)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise _failed(error) from error


def _failed(error: Exception) -> Failed:
    said = str(error)
    code = next((code for words, code in _CODES if re.search(words, said, re.IGNORECASE)), "XX000")
    return Failed(code, f"{said} (the sandbox keeps this database in SQLite)")


def _kinds(made: sqlite3.Connection) -> Mapping[str, int]:
    """The types of all columns that there are, by their name."""
    tables = [row[0] for row in made.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    about = "SELECT name, type FROM pragma_table_info(?)"
    return {name.lower(): _oid(kind) for table in tables for name, kind in made.execute(about, [table])}


def _oid(declared: str) -> int:
    return next((oid for words, oid in _TYPES if re.match(words, declared, re.IGNORECASE)), TEXT)


def _column(name: str, kinds: Mapping[str, int]) -> Column:
    if name.lower().startswith("count("):
        return Column("count", _COUNT)
    return Column(
        name if re.fullmatch(r"\w+", name) and not name.isdigit() else "?column?", kinds.get(name.lower(), TEXT)
    )


def _tag(statement: str, rows: int) -> str:
    first, *more = statement.upper().split()
    if first in _READING:
        return f"SELECT {rows}"
    if first in ("INSERT", "UPDATE", "DELETE"):
        return f"INSERT 0 {rows}" if first == "INSERT" else f"{first} {rows}"
    return f"{first} {more[0]}" if first in ("CREATE", "DROP", "ALTER") and more else first
