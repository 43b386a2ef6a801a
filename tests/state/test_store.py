"""The state file: whole, trusted only when whole, and never half replaced."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from state.record import FORMAT, Phase, Pin, Record, StackState
from state.store import StateError, StateWriteError, Store


def a_state(**changes: object) -> StackState:
    record = Record("vpc", "vpc", Phase.READY, id="vpc-1", request={"CidrBlock": "10.0.0.0/16"})
    state = StackState("demo", "abc", Pin("1", "us-east-1"), records={"vpc": record})
    return replace(state, **changes)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "demo.json")


def test_what_was_saved_is_loaded(store: Store) -> None:
    store.save(a_state())
    assert store.load() == a_state()


def test_no_file_is_no_state(store: Store) -> None:
    assert store.load() is None


def test_the_former_document_is_kept_beside_it(store: Store) -> None:
    store.save(a_state(tool="first"))
    store.save(a_state(tool="second"))
    assert json.loads(store.previous.read_text())["tool"] == "first"


def test_only_the_owner_may_read_it(store: Store) -> None:
    store.save(a_state())
    assert store.path.stat().st_mode & 0o777 == 0o600


def test_a_save_leaves_no_temporary_file(store: Store) -> None:
    store.save(a_state())
    store.save(a_state())
    assert {path.name for path in store.path.parent.iterdir()} == {"demo.json", "demo.json.previous"}


DAMAGED = {
    "empty": b"",
    "truncated": b'{"format": 1, "stack": "demo", "stack_',
    "binary": b"\x00\xff\xfe",
    "not a document": b"[1, 2, 3]",
    "no stack": b'{"format": 1}',
    "wrong type": b'{"format": 1, "stack": 7, "stack_id": "a", "pin": {"account": "1", "region": "r"}}',
    "unknown phase": b'{"format": 1, "stack": "s", "stack_id": "a", "pin": {"account": "1", "region": "r"},'
    b' "records": {"vpc": {"name": "vpc", "kind": "vpc", "phase": "flying"}}}',
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_file_is_refused_and_left_as_it_is(store: Store, content: bytes) -> None:
    store.path.write_bytes(content)
    with pytest.raises(StateError, match=r"demo\.json is damaged.*no AWS call was made"):
        store.load()
    assert store.path.read_bytes() == content


def test_the_refusal_names_the_previous_copy(store: Store) -> None:
    store.save(a_state())
    store.save(a_state())
    store.path.write_bytes(b"{")
    with pytest.raises(StateError, match=r"demo\.json\.previous"):
        store.load()


def test_a_newer_format_is_refused_by_its_number(store: Store) -> None:
    store.save(a_state(format=FORMAT + 1))
    with pytest.raises(StateError, match=rf"has format {FORMAT + 1}; this version knows up to {FORMAT}"):
        store.load()


@pytest.mark.parametrize(("mode", "words"), [(0o400, "is read-only"), (0o200, "cannot be read")])
def test_permissions_that_someone_took_away_are_respected(store: Store, mode: int, words: str) -> None:
    store.save(a_state())
    store.path.chmod(mode)
    with pytest.raises(StateError, match=words):
        store.load()


def test_a_disk_that_takes_no_document_is_found_before_the_run(store: Store, full_disk: None) -> None:
    with pytest.raises(StateWriteError, match="larger files"):
        store.probe()


def test_a_failed_write_leaves_the_old_document(store: Store, tmp_path: Path) -> None:
    store.save(a_state(tool="first"))
    before = store.path.read_bytes()
    store.path.with_name(".demo.json.new").mkdir()  # what must be written cannot be
    with pytest.raises(StateWriteError, match="What stood there before still stands"):
        store.save(a_state(tool="second"))
    assert store.path.read_bytes() == before


def test_a_probe_leaves_nothing_behind(store: Store) -> None:
    store.probe()
    assert list(store.path.parent.iterdir()) == []


@pytest.fixture
def full_disk() -> object:
    """The kernel's own 'file too large' in place of a full disk: the same path through the code, without root."""
    import resource
    import signal

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)
