"""The GraphQL function, really run in the sandbox, before its databases."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from provisioner.function_code.payload import PayloadError, build
from tests.lambda_payload.zips import SOURCE, graphql_zip
from tests.sandbox.database_lab import DatabaseLab
from tests.sandbox_fixture import Sandbox

CREATE = 'mutation($t: String!) { createNote(title: $t, body: "text") { id title } }'
UPDATE = 'mutation($id: ID!) { updateNote(id: $id, body: "other") { title body } }'
DELETE = "mutation($id: ID!) { deleteNote(id: $id) }"
TITLES = "{ notes { title } }"


@pytest.fixture
def lab(sandbox: Sandbox) -> DatabaseLab:
    return DatabaseLab(sandbox)


def with_mongodb(lab: DatabaseLab, code: bytes = b"", **more: str) -> str:
    """A MongoDB, and the function before it; the database's address."""
    address = lab.private_address(lab.new_instance())
    settings = {"ENGINE": "mongodb", "HOST": address, "PORT": "27017", "NAME": "app", **more}
    lab.new_function(code or graphql_zip(), _environment(settings))
    return address


def with_postgres(lab: DatabaseLab, **more: str) -> str:
    """A PostgreSQL on RDS, and the function before it; the database's name."""
    found = lab.new_rds()
    lab.secret = found["MasterUserSecret"]["SecretArn"]
    host = str(found["Endpoint"]["Address"])
    settings = {"ENGINE": "postgres", "HOST": host, "PORT": "5432", "NAME": "app", **more}
    lab.new_function(graphql_zip(), _environment(settings))
    return host


def _environment(settings: dict[str, str]) -> dict[str, str]:
    return {f"DATABASE_{name}": value for name, value in settings.items()}


def _a_life(lab: DatabaseLab) -> None:
    """Create, read, update, delete."""
    status, answer = lab.ask_graphql(CREATE, t="ä note")
    assert status == 200, answer
    note = answer["data"]["createNote"]["id"]
    assert lab.ask_graphql(TITLES) == (200, {"data": {"notes": [{"title": "ä note"}]}})
    updated = {"title": "ä note", "body": "other"}
    assert lab.ask_graphql(UPDATE, id=note) == (200, {"data": {"updateNote": updated}})
    assert lab.ask_graphql(DELETE, id=note) == (200, {"data": {"deleteNote": True}})
    assert lab.ask_graphql(TITLES) == (200, {"data": {"notes": []}})
    assert "pass/word" not in lab.log()


def test_mongodb_for_a_function_that_may_ask(lab: DatabaseLab) -> None:
    with_mongodb(lab)
    lab.let_in(lab.groups[1], 27017, group=lab.groups[0])
    _a_life(lab)


def test_postgres_for_a_function_that_may_ask(lab: DatabaseLab) -> None:
    with_postgres(lab)
    lab.let_in(lab.groups[1], 5432, group=lab.groups[0])
    _a_life(lab)
    assert "PostgreSQL's certificate is not checked" in lab.log()


@pytest.mark.parametrize("engine", ["mongodb", "postgres"])
def test_who_may_not_ask_is_told_503(lab: DatabaseLab, engine: str) -> None:
    """Then the group lets it in, and the same environment gets an answer."""
    port = {"mongodb": 27017, "postgres": 5432}[engine]
    host = (with_mongodb if engine == "mongodb" else with_postgres)(lab, TIMEOUT="0.4")
    began = time.monotonic()
    assert lab.ask_graphql(TITLES)[0] == 503
    assert time.monotonic() - began < 8
    assert f"at {host}:{port} did not answer" in lab.log()
    lab.let_in(lab.groups[1], port, group=lab.groups[0])
    _until_it_answers(lab)


def test_without_a_way_to_the_secret(lab: DatabaseLab) -> None:
    with_mongodb(lab, TIMEOUT="0.4")
    lab.let_in(lab.groups[1], 27017, group=lab.groups[0])
    lab.ec2.delete_route(RouteTableId=lab.private, DestinationCidrBlock="0.0.0.0/0")
    assert lab.ask_graphql(TITLES)[0] == 503
    assert f"the secret {lab.secret} cannot be read: Connect timeout" in lab.log()


def test_the_zip_as_it_is_built_for_lambda(lab: DatabaseLab) -> None:
    """For another Python and another processor: what is compiled for those stays aside."""
    try:
        code = build(SOURCE, "python3.13", "arm64").content
    except PayloadError as error:
        if "cannot be reached" in str(error) or os.environ.get("PIP_NO_INDEX"):
            pytest.skip(str(error))
        raise
    with_mongodb(lab, code)
    lab.let_in(lab.groups[1], 27017, group=lab.groups[0])
    _a_life(lab)


def _until_it_answers(lab: DatabaseLab) -> None:
    end = time.monotonic() + 5
    found: Any = None
    while time.monotonic() < end:
        found = lab.ask_graphql(TITLES)
        if found == (200, {"data": {"notes": []}}):
            return
    raise AssertionError(found)
