"""What `put` promises: on disk when it returns, whoever else is writing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from state.ledger import Ledger
from state.record import Pin, Record, StackState, Status
from state.store import StateWriteError, Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "demo.json")


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return Ledger(store, StackState("demo", "abc", Pin("1", "us-east-1")))


def on_disk(store: Store) -> StackState:
    state = store.load()
    assert state is not None
    return state


def test_a_put_is_on_disk_when_it_returns(store: Store, ledger: Ledger) -> None:
    ledger.put(Record("vpc", "vpc"))
    assert "vpc" in on_disk(store).records


def test_puts_from_many_threads_are_each_on_disk_when_they_return(store: Store, ledger: Ledger) -> None:
    def put(number: int) -> bool:
        ledger.put(Record(f"step-{number}", "vpc"))
        return f"step-{number}" in on_disk(store).records

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(put, range(100)))
    assert len(on_disk(store).records) == 100


def test_a_drop_forgets_one_record(store: Store, ledger: Ledger) -> None:
    ledger.put(Record("vpc", "vpc"))
    ledger.put(Record("subnet", "subnet"))
    ledger.drop("vpc")
    assert set(on_disk(store).records) == {"subnet"}


def test_an_update_leaves_the_records(store: Store, ledger: Ledger) -> None:
    ledger.put(Record("vpc", "vpc"))
    ledger.update(status=Status.FAILED)
    assert on_disk(store).status is Status.FAILED
    assert "vpc" in on_disk(store).records


def test_a_failed_write_is_told_and_tried_again_with_the_next_put(store: Store, ledger: Ledger) -> None:
    ledger.put(Record("vpc", "vpc"))
    blocker = store.path.with_name(".demo.json.new")
    blocker.mkdir()
    with pytest.raises(StateWriteError):
        ledger.put(Record("subnet", "subnet"))
    blocker.rmdir()
    ledger.put(Record("address", "elastic_ip"))
    assert set(on_disk(store).records) == {"vpc", "subnet", "address"}
