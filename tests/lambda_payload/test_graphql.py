"""The function that answers GraphQL: with a store in memory, and with the sandbox's databases on the loopback."""

from __future__ import annotations

import base64
import importlib
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from lambda_payload.graphql.notes import database, store_postgres, web
from lambda_payload.graphql.notes.model import Note, Refused, Store, Unavailable, new_id
from lambda_payload.graphql.notes.place import TIMEOUT, Credentials, Place
from provisioner.sandbox.databases import mongodb, postgres, scram
from provisioner.sandbox.network import authority
from provisioner.sandbox.world import Nature, World
from tests.lambda_payload.zips import SOURCE, installed, pinned
from tests.sandbox.database_servers import Listening, listening, nobody
from tests.sandbox_fixture import REGION, Sandbox

PASSWORD = "s3cret/ä:@"
CREDENTIALS = Credentials("app", PASSWORD)
SHORT = 0.3
OWN_TYPE = "application/graphql-response+json"
CREATE = "mutation($title: String!, $body: String!) { createNote(title: $title, body: $body) { id title body } }"


class InMemory:
    """A store, and what connects to it."""

    def __init__(self) -> None:
        self.notes: dict[str, Note] = {}
        self.error: Exception | None = None
        self.failures: list[Unavailable] = []
        self.used = 0

    def store(self) -> Store:
        self.used += 1
        if self.error:
            raise self.error
        return self

    def failed(self, error: Unavailable) -> None:
        self.failures.append(error)

    def add(self, note: Note) -> None:
        self.notes[note.id] = note

    def find(self, note: str) -> Note | None:
        return self.notes.get(note)

    def latest(self, limit: int) -> list[Note]:
        return sorted(self.notes.values(), key=lambda one: one.id, reverse=True)[:limit]

    def change(self, note: str, changes: Mapping[str, str]) -> Note | None:
        if (found := self.notes.get(note)) is None:
            return None
        self.notes[note] = Note(note, changes.get("title", found.title), changes.get("body", found.body))
        return self.notes[note]

    def remove(self, note: str) -> bool:
        return self.notes.pop(note, None) is not None


def event(body: Any, *, method: str = "POST", **headers: str) -> dict[str, Any]:
    """As an HTTP API gives it: names of headers in lower case."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {
        "version": "2.0",
        "requestContext": {"http": {"method": method, "path": "/graphql"}},
        "headers": {"content-type": "application/json", **named},
        "body": body if isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
    }


def asked(store: web.Connector, query: str, accept: str = "*/*", **variables: Any) -> tuple[int, Any]:
    answer = web.answer(event({"query": query, "variables": variables}, accept=accept), store)
    assert answer["headers"]["content-type"].startswith(OWN_TYPE if accept == OWN_TYPE else "application/json")
    return answer["statusCode"], json.loads(answer["body"])


@pytest.fixture
def memory() -> InMemory:
    return InMemory()


def test_a_notes_life(memory: InMemory) -> None:
    status, answer = asked(memory, CREATE, title="one", body="text")
    made = answer["data"]["createNote"]
    assert (status, made["title"], made["body"]) == (200, "one", "text")
    found = asked(memory, "query($id: ID!) { note(id: $id) { title } }", id=made["id"])
    assert found == (200, {"data": {"note": {"title": "one"}}})
    update = 'mutation($id: ID!) { updateNote(id: $id, title: "two") { title body } }'
    assert asked(memory, update, id=made["id"])[1]["data"]["updateNote"] == {"title": "two", "body": "text"}
    nothing = "mutation($id: ID!) { updateNote(id: $id) { title } }"
    assert asked(memory, nothing, id=made["id"])[1]["data"]["updateNote"] == {"title": "two"}
    delete = "mutation($id: ID!) { deleteNote(id: $id) }"
    assert [asked(memory, delete, id=made["id"])[1]["data"]["deleteNote"] for _ in range(2)] == [True, False]
    assert asked(memory, "{ notes { id } }")[1] == {"data": {"notes": []}}
    assert asked(memory, update, id=made["id"])[1] == {"data": {"updateNote": None}}


def test_the_newest_come_first(memory: InMemory) -> None:
    for number in range(3):
        asked(memory, CREATE, title=str(number), body="")
        time.sleep(0.002)
    assert asked(memory, "{ notes(limit: 2) { title } }")[1]["data"]["notes"] == [{"title": "2"}, {"title": "1"}]


@pytest.mark.parametrize(
    ("query", "variables", "message"),
    [
        ('mutation { createNote(title: " ") { id } }', {}, "title must not be empty"),
        (CREATE, {"title": "x" * 201, "body": ""}, "title has 201 characters, at most 200 are taken"),
        (CREATE, {"title": "x", "body": "x" * 10_001}, "body has 10001 characters"),
        (CREATE, {"title": "a\0b", "body": ""}, "title has control characters"),
        (CREATE, {"title": "a", "body": "\ud800"}, "body has control characters"),
        ('{ note(id: "1") { id } }', {}, "id is 32 hexadecimal digits"),
        ("{ notes(limit: 0) { id } }", {}, "limit is a number from 1 to 100"),
        ("{ notes(limit: 101) { id } }", {}, "limit is a number from 1 to 100"),
    ],
)
def test_arguments_that_are_refused(memory: InMemory, query: str, variables: dict[str, str], message: str) -> None:
    status, answer = asked(memory, query, OWN_TYPE, **variables)
    (error,) = answer["errors"]
    assert (status, error["extensions"]["code"]) == (200, "BAD_USER_INPUT")
    assert error["message"].startswith(message)
    assert memory.used == 0


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{ notes { id ", {}),
        ("{ nothing }", {}),
        ("query a { notes { id } } query b { notes { id } }", {}),
        (CREATE, {"title": 1}),
        ("{ " + "a" * 9 + " }" * 3000, {}),
        ("{" * 1500, {}),
    ],
    ids=["syntax", "validation", "operation", "variables", "tokens", "depth"],
)
def test_documents_that_cannot_be_carried_out(memory: InMemory, query: str, variables: dict[str, Any]) -> None:
    for accept, expected in ((OWN_TYPE, 400), ("application/json", 200)):
        status, answer = asked(memory, query, accept, **variables)
        assert (status, "data" in answer) == (expected, False)
        assert answer["errors"][0]["message"]


@pytest.mark.parametrize(
    ("given", "status", "message"),
    [
        (event({}, method="GET"), 405, "only POST"),
        (event({"query": "{ notes { id } }"}, content_type="text/plain"), 415, "content type"),
        (event("{"), 400, "not JSON"),
        (event("[" * 5000), 400, "not JSON"),
        (event("[]"), 400, "not a JSON object"),
        (event({}), 400, "query must be text"),
        (event({"query": "{ notes { id } }", "variables": []}), 400, "variables must be an object"),
        (event({"query": "{ notes { id } }", "operationName": 1}), 400, "operationName must be text"),
        (event({"query": "x" * 70_000}), 413, "65536 bytes"),
        ({**event("?"), "isBase64Encoded": True}, 400, "not JSON"),
        ({"headers": None, "body": None}, 415, "content type"),
    ],
)
def test_what_is_no_request(memory: InMemory, given: dict[str, Any], status: int, message: str) -> None:
    answer = web.answer(given, memory)
    assert answer["statusCode"] == status
    assert message in json.loads(answer["body"])["errors"][0]["message"]
    assert (answer["headers"].get("allow") == "POST") == (status == 405)


def test_bodies_may_come_encoded(memory: InMemory) -> None:
    body = base64.b64encode(json.dumps({"query": "{ notes { id } }"}).encode()).decode()
    given = {**event(body, content_type="application/json; charset=utf-8"), "isBase64Encoded": True}
    assert web.answer(given, memory)["body"] == '{"data": {"notes": []}}'


def test_an_unreachable_database_is_503(memory: InMemory, caplog: pytest.LogCaptureFixture) -> None:
    memory.error = Unavailable("MongoDB at db.internal:27017 did not answer")
    status, answer = asked(memory, "{ a: notes { id } b: notes { id } }")
    assert (status, answer) == (503, {"errors": [{"message": "the database does not answer; try again later"}]})
    assert memory.used == 1, "once it did not answer, it is not asked again"
    assert memory.failures == [memory.error]
    assert "db.internal:27017 did not answer" in caplog.text


def test_errors_of_the_code_are_for_the_log(memory: InMemory, caplog: pytest.LogCaptureFixture) -> None:
    memory.error = KeyError("a detail")
    status, answer = asked(memory, '{ note(id: "' + "0" * 32 + '") { id } }')
    (error,) = answer["errors"]
    assert (status, answer["data"]) == (200, {"note": None})
    assert (error["message"], error["path"]) == ("internal error", ["note"])
    assert "a detail" in caplog.text


def test_one_request_does_not_use_the_database_at_will(memory: InMemory) -> None:
    fields = " ".join(f"a{number}: notes {{ id }}" for number in range(12))
    status, answer = asked(memory, f"{{ {fields} }}")
    assert (status, memory.used) == (200, 10)
    assert "more than 10 times" in answer["errors"][0]["message"]


def test_an_answer_that_lambda_would_not_take(memory: InMemory) -> None:
    for _ in range(100):
        memory.add(Note(new_id(), "a", "\\" * 10_000))
    assert asked(memory, "{ notes(limit: 100) { body } }")[0] == 200
    fields = " ".join(f"a{number}: notes(limit: 100) {{ body }}" for number in range(5))
    status, answer = asked(memory, f"{{ {fields} }}")
    assert (status, answer["errors"][0]["message"]) == (400, "the answer is too large: ask for fewer notes")


def test_the_tests_use_the_packages_that_are_pinned() -> None:
    assert installed() == pinned()


# The stores, at the sandbox's databases.


class Server:
    """One of the databases, with its user; `store` connects to it."""

    def __init__(self, engine: str, serving: Listening, folder: Path) -> None:
        self.engine = engine
        self.serving = serving
        self.folder = folder

    def place(self, port: int = 0, **more: Any) -> Place:
        usual: dict[str, Any] = {"host": "127.0.0.1", "timeout": 5.0}
        given = {**usual, **more}
        return Place(self.engine, port=port or self.serving.port, name="app", secret="secret", **given)

    def store(self, credentials: Credentials = CREDENTIALS, port: int = 0, **more: Any) -> Store:
        return database._opened(self.place(port, **more), credentials)


@pytest.fixture(params=["mongodb", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    users = {"app": scram.verifier(PASSWORD, 4096)}
    serve: Any = partial(mongodb.serve, mongodb.Server(users))
    with ExitStack() as stack:
        if request.param == "postgres":
            world = World(Nature(), lambda: None)
            world.home = tmp_path
            stack.callback(world.end)
            tls = authority.context(world, ["localhost"])
            (tmp_path / "ca.pem").write_bytes(authority.trusted(world).read_bytes())
            serve = partial(
                postgres.serve,
                postgres.Server(users.get, {"app": tmp_path / "app.sqlite"}, tls=tls, only_tls=True),
            )
        yield Server(request.param, stack.enter_context(listening(serve)), tmp_path)


def test_a_store_keeps_notes(server: Server) -> None:
    store = server.store()
    notes = [Note(f"{number:032x}", f"note {number} '; --", "ä\n$1 :x 😀") for number in range(5)]
    assert store.latest(3) == []
    for note in notes:
        store.add(note)
    assert store.find(notes[1].id) == notes[1]
    assert store.find(new_id()) is None
    assert store.latest(3) == notes[:1:-1]
    changed = Note(notes[1].id, "another", notes[1].body)
    assert store.change(notes[1].id, {"title": "another"}) == changed
    assert store.change(new_id(), {"body": ""}) is None
    assert store.find(notes[1].id) == changed
    assert [store.remove(notes[1].id) for _ in range(2)] == [True, False]
    assert len(server.store().latest(100)) == 4, "another connection sees the same"
    with pytest.raises(Exception, match=r"duplicate|UNIQUE"):
        store.add(notes[0])
    assert store.find(notes[0].id) == notes[0]


def test_connections_are_kept(server: Server) -> None:
    store = server.store()
    store.latest(1)
    made = server.serving.made
    for _ in range(5):
        store.latest(1)
    assert server.serving.made == made


def test_a_store_connects_again(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a connection is lost, as one may be while an environment is frozen."""
    monkeypatch.setattr(store_postgres, "_IDLE", 0.0)
    store = server.store()
    store.add(Note(new_id(), "one", ""))
    server.serving.hang_up()
    time.sleep(0.05)
    assert len(store.latest(5)) == 1


def test_wrong_credentials(server: Server) -> None:
    for credentials in (Credentials("app", "other"), Credentials("nobody", PASSWORD)):
        with pytest.raises(Refused) as caught:
            server.store(credentials).latest(1)
        assert f"127.0.0.1:{server.serving.port} refuses the function's credentials" in str(caught.value)
        assert credentials.password not in str(caught.value) + repr(credentials)


def test_nobody_listens(server: Server) -> None:
    with nobody() as port, pytest.raises(Unavailable, match=f"at 127.0.0.1:{port} did not answer: .*refused"):
        server.store(port=port, timeout=SHORT).latest(1)


def test_a_database_that_is_silent(server: Server) -> None:
    began = time.monotonic()
    with listening(lambda connection: time.sleep(2)) as deaf, pytest.raises(Unavailable, match="did not answer"):
        server.store(port=deaf.port, timeout=SHORT).latest(1)
    assert time.monotonic() - began < 1.5


def test_a_name_that_nobody_has(server: Server) -> None:
    with pytest.raises(Unavailable, match=r"at nowhere\.invalid:\d+ did not answer"):
        server.store(host="nowhere.invalid", timeout=SHORT).latest(1)


@pytest.mark.parametrize("server", ["postgres"], indirect=True)
def test_the_certificate_is_checked_where_its_authorities_are_known(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.store(host="localhost", ca=server.folder / "ca.pem").add(Note(new_id(), "one", ""))
    assert "not checked" not in caplog.text
    with pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
        server.store(host="127.0.0.1", ca=server.folder / "ca.pem").latest(1)
    assert len(server.store(host="127.0.0.1").latest(5)) == 1
    assert "PostgreSQL's certificate is not checked" in caplog.text


@pytest.mark.parametrize("server", ["postgres"], indirect=True)
def test_a_statement_that_fails_is_no_outage(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_postgres, "_TABLE", "CREATE TABLE other (id text)")
    with pytest.raises(Exception, match="42P01") as caught:
        server.store().latest(1)
    assert not isinstance(caught.value, Unavailable)


@pytest.mark.parametrize("server", ["postgres"], indirect=True)
def test_two_may_make_the_table_at_once(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.store().latest(1)
    monkeypatch.setattr(store_postgres, "_TABLE", store_postgres._TABLE.replace("IF NOT EXISTS ", ""))
    assert server.store().latest(1) == []


# The function as Lambda loads it: a folder, and a secret.


@pytest.fixture
def secret(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", sandbox.endpoint)
    monkeypatch.setenv("AWS_REGION", REGION)
    value = json.dumps({"username": "app", "password": PASSWORD})
    return str(sandbox.client("secretsmanager").create_secret(Name="db", SecretString=value)["ARN"])


@pytest.fixture
def function(server: Server, secret: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The handler's module, in an environment with the settings of the stack."""
    place = server.place()
    settings = {"ENGINE": server.engine, "HOST": place.host, "PORT": str(place.port), "NAME": "app"}
    for name, value in {**settings, "SECRET_ARN": secret, "TIMEOUT": "5"}.items():
        monkeypatch.setenv(f"DATABASE_{name}", value)
    monkeypatch.syspath_prepend(str(SOURCE))
    before = set(sys.modules)
    yield importlib.import_module("handler")
    for name in set(sys.modules) - before:
        if name.split(".")[0] in ("handler", "notes"):
            del sys.modules[name]


def _ask(function: ModuleType, query: str, **variables: Any) -> tuple[int, Any]:
    answer = function.handler(event({"query": query, "variables": variables}), None)
    return answer["statusCode"], json.loads(answer["body"])


def test_the_handler(function: ModuleType, server: Server, sandbox: Sandbox) -> None:
    status, answer = _ask(function, CREATE, title="one", body="")
    assert (status, answer["data"]["createNote"]["title"]) == (200, "one")
    assert _ask(function, "{ notes { title } }") == (200, {"data": {"notes": [{"title": "one"}]}})
    reads = [call for call in sandbox.calls() if call["action"] == "GetSecretValue"]
    assert len(reads) == 1


def test_a_secret_is_read_again_after_it_was_refused(
    function: ModuleType, server: Server, sandbox: Sandbox, secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = sandbox.client("secretsmanager")
    for password in ("wrong-one", PASSWORD):
        value = json.dumps({"username": "app", "password": password})
        client.put_secret_value(SecretId=secret, SecretString=value)
        expected = 200 if password == PASSWORD else 503
        assert _ask(function, "{ notes { id } }")[0] == expected
    assert "refuses the function's credentials" in caplog.text
    assert "wrong-one" not in caplog.text
    assert PASSWORD not in caplog.text


def test_a_secret_that_cannot_be_read(
    function: ModuleType, secret: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DATABASE_SECRET_ARN", f"{secret}x")
    assert _ask(function, "{ notes { id } }")[0] == 503
    assert f"the secret {secret}x cannot be read" in caplog.text
    with nobody() as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", f"http://127.0.0.1:{port}")
        assert _ask(function, "{ notes { id } }")[0] == 503


@pytest.mark.parametrize("value", ["no JSON with hunter2", '["hunter2"]', '{"password": "hunter2"}'])
def test_a_secret_that_is_something_else(
    function: ModuleType, sandbox: Sandbox, secret: str, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=value)
    status, answer = _ask(function, "{ notes { id } }")
    assert (status, answer["errors"][0]["message"]) == (200, "internal error")
    assert "is not JSON with username and password" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DATABASE_HOST", "", "not set: DATABASE_HOST"),
        ("DATABASE_PORT", "x", "invalid literal"),
        ("DATABASE_ENGINE", "mysql", "neither mongodb nor postgres"),
    ],
)
def test_settings_that_make_no_sense(
    function: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    value: str,
    words: str,
) -> None:
    monkeypatch.setenv(name, value)
    assert _ask(function, "{ notes { id } }")[1]["errors"][0]["message"] == "internal error"
    assert words in caplog.text


def test_the_authorities_of_a_certificate(tmp_path: Path) -> None:
    environment = {f"DATABASE_{name}": "1" for name in ("ENGINE", "HOST", "PORT", "NAME", "SECRET_ARN")}
    assert database._place(environment, tmp_path).ca is None
    (tmp_path / "rds-ca.pem").touch()
    assert database._place(environment, tmp_path).ca == tmp_path / "rds-ca.pem"
    given = {**environment, "DATABASE_CA_FILE": "/opt/ca.pem"}
    assert database._place(given, tmp_path).ca == Path("/opt/ca.pem")
    assert database._place(environment, tmp_path).timeout == TIMEOUT
