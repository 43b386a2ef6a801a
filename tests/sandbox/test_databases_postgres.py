"""The sandbox's PostgreSQL, asked by pg8000."""

from __future__ import annotations

import datetime
import socket
import ssl
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pg8000 import dbapi, native  # type: ignore[import-untyped]
from pg8000.exceptions import DatabaseError, InterfaceError  # type: ignore[import-untyped]

from provisioner.sandbox.databases import postgres, postgres_sql, scram
from provisioner.sandbox.network import authority
from provisioner.sandbox.world import Nature, World
from tests.sandbox.database_servers import Listening, listening

PASSWORD = "pässword"
Connect = Callable[..., Any]
TABLE = """CREATE TABLE notes (
    id bigserial PRIMARY KEY, title text NOT NULL UNIQUE, done boolean DEFAULT false,
    made timestamptz DEFAULT now(), data bytea, size integer CHECK (size > 0)
)"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(Nature(), lambda: None)
    made.home = tmp_path
    yield made
    made.end()


@pytest.fixture
def server(world: World, tmp_path: Path) -> postgres.Server:
    users = {"app": scram.verifier(PASSWORD, postgres.ITERATIONS)}
    tls = authority.context(world, ["localhost"])
    return postgres.Server(users.get, {"app": tmp_path / "app.sqlite"}, "17.2", tls)


@pytest.fixture
def serving(server: postgres.Server) -> Iterator[Listening]:
    with listening(partial(postgres.serve, server)) as made:
        yield made


@pytest.fixture
def connect(serving: Listening) -> Connect:
    def connected(**more: Any) -> Any:
        usual = {"user": "app", "password": PASSWORD, "database": "app", "host": "127.0.0.1", "timeout": 5}
        return native.Connection(port=serving.port, **{**usual, **more})

    return connected


@pytest.fixture
def made(connect: Connect) -> Iterator[Any]:
    """A connection to a database with a table."""
    connection = connect(ssl_context=False)
    connection.run(TABLE)
    connection.run("INSERT INTO notes (title, size) VALUES ('one', 1), ('two', 2)")
    yield connection
    connection.close()


def refused(call: Callable[..., Any], *arguments: Any, **more: Any) -> str:
    """Assert that the server refuses; PostgreSQL's code."""
    with pytest.raises(DatabaseError) as caught:
        call(*arguments, **more)
    return str(caught.value.args[0]["C"])


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"password": "other"}, "28P01"),
        ({"user": "nobody"}, "28P01"),
        ({"database": "other"}, "3D000"),
        ({"database": None}, None),
    ],
)
def test_who_gets_in(connect: Connect, more: dict[str, Any], code: str | None) -> None:
    if code is None:
        assert connect(**more).run("SELECT 'x'") == [["x"]], "a database of the user's name"
    else:
        assert refused(connect, **more) == code


def test_tls_for_whoever_asks(connect: Connect, world: World) -> None:
    trust = ssl.create_default_context(cafile=str(authority.trusted(world)))
    assert connect(host="localhost", ssl_context=trust).run("SELECT 'x'") == [["x"]]
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(host="127.0.0.1", ssl_context=trust)
    assert connect(ssl_context=False).run("SELECT 'x'") == [["x"]]


def test_only_with_tls(server: postgres.Server) -> None:
    strict = postgres.Server(server.find, server.databases, server.version, server.tls, only_tls=True)
    with listening(partial(postgres.serve, strict)) as serving:
        usual = {"user": "app", "password": PASSWORD, "database": "app", "host": "127.0.0.1", "port": serving.port}
        assert native.Connection(**usual, ssl_context=True).run("SELECT 'x'") == [["x"]]
        assert refused(native.Connection, **usual, ssl_context=False) == "28000"


def test_without_tls(server: postgres.Server) -> None:
    with listening(partial(postgres.serve, postgres.Server(server.find, server.databases))) as serving:
        usual = {"user": "app", "password": PASSWORD, "database": "app", "host": "127.0.0.1", "port": serving.port}
        with pytest.raises(InterfaceError, match="refuses SSL"):
            native.Connection(**usual, ssl_context=True)
        assert native.Connection(**usual).parameter_statuses["server_version"] == "17.0"


def test_values_of_all_kinds(made: Any) -> None:
    row = {"title": "it's $1; -- 'ä'", "done": True, "data": b"\0\xff", "size": None}
    statement = "INSERT INTO notes (title, done, data, size) VALUES (:title, :done, :data, :size)"
    ((identity, when, done),) = made.run(f"{statement} RETURNING id, made, done", **row)
    assert (identity, done, made.row_count) == (3, True, 1)
    assert abs((datetime.datetime.now(datetime.UTC) - when).total_seconds()) < 60
    found = made.run("SELECT title, done, data, size FROM notes WHERE id = :id", id=identity)
    assert found == [list(row.values())]
    assert [column["name"] for column in made.columns] == list(row)


def test_rows_that_were_touched(made: Any) -> None:
    assert made.run("UPDATE notes SET title = coalesce(:t, title) WHERE size > :s", t=None, s=1) is None
    assert made.row_count == 1
    made.run("DELETE FROM notes")
    assert made.row_count == 2
    assert made.run("SELECT * FROM notes") == []
    assert len(made.columns) == 6


def test_columns_without_a_name(made: Any) -> None:
    assert made.run("SELECT count(*), 'a;b', size::text FROM notes WHERE size = 1") == [[2 - 1, "a;b", 1]]
    assert [column["name"] for column in made.columns] == ["count", "?column?", "size"]


def test_several_statements_at_once(made: Any) -> None:
    made.run("INSERT INTO notes (title) VALUES ('a'); INSERT INTO notes (title) VALUES (';')")
    assert made.run("SELECT count(*) FROM notes") == [[4]]
    assert refused(made.run, "SELECT 1; SELECT :a", a=1) == "42601"
    assert made.run("") is None
    assert made.run("-- nothing") is None


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("INSERT INTO notes (title) VALUES ('one')", "23505"),
        ("INSERT INTO notes (title) VALUES (NULL)", "23502"),
        ("INSERT INTO notes (title, size) VALUES ('x', 0)", "23514"),
        ("SELECT * FROM others", "42P01"),
        ("SELECT other FROM notes", "42703"),
        ("SELECT other()", "42883"),
        ("SELEC", "42601"),
        ("CREATE TABLE notes (id text)", "42P07"),
    ],
)
def test_statements_that_fail(made: Any, statement: str, code: str) -> None:
    assert refused(made.run, statement) == code
    assert refused(made.run, statement, a=1) == code
    assert made.run("SELECT count(*) FROM notes") == [[2]], "the session goes on"


def test_transactions(made: Any, connect: Connect) -> None:
    other = connect()
    made.run("START TRANSACTION")
    made.run("INSERT INTO notes (title) VALUES ('three')")
    assert other.run("SELECT count(*) FROM notes") == [[2]], "nobody else sees it yet"
    made.run("COMMIT")
    assert other.run("SELECT count(*) FROM notes") == [[3]]
    made.run("BEGIN ISOLATION LEVEL SERIALIZABLE")
    made.run("DELETE FROM notes")
    assert refused(made.run, "SELECT * FROM others") == "42P01"
    assert refused(made.run, "SELECT 1") == "25P02"
    made.run("ROLLBACK")
    made.run("ROLLBACK")
    assert made.run("SELECT count(*) FROM notes") == [[3]]


def test_a_transaction_that_failed_can_only_be_undone(made: Any) -> None:
    made.run("BEGIN")
    made.run("DELETE FROM notes")
    refused(made.run, "SELECT * FROM others")
    with pytest.raises(InterfaceError, match="failed transaction"):
        made.run("COMMIT")
    assert made.run("SELECT count(*) FROM notes") == [[2]]


def test_prepared_statements(made: Any) -> None:
    prepared = made.prepare("SELECT title FROM notes WHERE id = :id")
    assert [prepared.run(id=number) for number in (1, 2, 3)] == [[["one"]], [["two"]], []]
    prepared.close()


def test_the_other_interface_of_the_driver(serving: Listening) -> None:
    with dbapi.connect(
        "app", host="127.0.0.1", port=serving.port, password=PASSWORD, database="app"
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE t (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), a jsonb)")
        cursor.execute("INSERT INTO t (a) VALUES (%s) RETURNING a", ('{"b": 1}',))
        assert cursor.fetchone() == [{"b": 1}]
        connection.commit()


def test_settings_are_taken_and_mean_nothing(made: Any) -> None:
    assert made.run("SET search_path TO public") is None


def test_rubbish_ends_the_connection(serving: Listening) -> None:
    for rubbish in (b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\x08\0\0\0\x01", b"\0\0\0\x10\x04\xd2\x16\x2e" + b"\0" * 8):
        with socket.create_connection(("127.0.0.1", serving.port), timeout=2) as connection:
            connection.sendall(rubbish)
            assert connection.recv(10) == b""


def test_a_server_that_is_no_longer_there(server: postgres.Server) -> None:
    there = [True]
    with listening(partial(postgres.serve, server, alive=lambda: there[0])) as serving:
        usual = {"user": "app", "password": PASSWORD, "database": "app", "host": "127.0.0.1", "port": serving.port}
        connection = native.Connection(**usual)
        there[0] = False
        with pytest.raises(InterfaceError):
            connection.run("SELECT 1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT $1::text, '$2::int' -- ;\n;", ["SELECT ?1, '$2::int'"]),
        ('INSERT INTO "a;b" VALUES ($1, $10)', ['INSERT INTO "a;b" VALUES (?1, ?10)']),
        ("SELECT 1 /* ; */; ; SELECT 4 / 2", ["SELECT 1", "SELECT 4 / 2"]),
        ("CREATE TABLE a (id SERIAL PRIMARY KEY)", ["CREATE TABLE a (id INTEGER PRIMARY KEY)"]),
        ("commit work", ["commit"]),
    ],
)
def test_in_sqlites_words(text: str, expected: list[str]) -> None:
    assert list(postgres_sql.statements(text)) == expected
