"""Parts of the sandbox that need no server."""

from __future__ import annotations

import threading

import pytest

from provisioner.sandbox.call import Call
from provisioner.sandbox.calls import CallLog
from provisioner.sandbox.clock import Clock
from provisioner.sandbox.holds import Holds
from provisioner.sandbox.refusal import Dropped
from provisioner.sandbox.world import Nature, World


def test_what_is_due_happens_in_order_and_only_when_somebody_looks() -> None:
    clock, happened = Clock(), []
    clock.later(20, lambda: happened.append("second"))
    clock.later(10, lambda: happened.append("first"))
    clock.advance(15)
    assert happened == []
    clock.catch_up()
    assert happened == ["first"]
    clock.advance(15)
    clock.catch_up()
    assert happened == ["first", "second"]


def test_what_follows_counts_from_when_its_cause_was_due() -> None:
    clock, happened = Clock(), []
    clock.later(10, lambda: clock.later(10, lambda: happened.append("late")))
    clock.advance(20.5)
    clock.catch_up()
    assert happened == ["late"]


def test_a_failing_event_does_not_stop_the_clock() -> None:
    clock = Clock()

    def fail() -> None:
        raise RuntimeError

    clock.later(0, fail)
    with pytest.raises(RuntimeError):
        clock.catch_up()
    before = clock.now()
    clock.advance(5)
    assert clock.now() >= before + 5
    clock.catch_up()


def test_a_cleared_clock_has_no_plans() -> None:
    clock, happened = Clock(), []
    clock.later(1, lambda: happened.append("never"))
    clock.clear()
    clock.advance(5)
    clock.catch_up()
    assert happened == []


def _world() -> World:
    return World(Nature(), lambda: None)


class Notes:
    def __init__(self) -> None:
        self.all: list[str] = []


def test_ledgers_are_of_one_account_and_region_and_end_with_a_reset() -> None:
    world = _world()
    world.ledger(Notes, "1", "a").all.append("x")
    assert world.ledger(Notes, "1", "a").all == ["x"]
    assert world.ledger(Notes, "1", "b").all == []
    assert world.ledger(Notes, "2", "a").all == []
    world.reset()
    assert world.ledger(Notes, "1", "a").all == []


@pytest.mark.parametrize("dropped", [True, False])
def test_a_hold_is_released_or_dropped(dropped: bool) -> None:
    world, holds = _world(), Holds()
    call = Call("1", "a", world, "ec2", "CreateVpc", {})
    entry, ends = CallLog().open(call, "me"), []

    def wait() -> None:
        try:
            holds.wait("hold-before", entry, None, None)
            ends.append("went on")
        except Dropped:
            ends.append("dropped")

    thread = threading.Thread(target=wait)
    thread.start()
    while not holds.all():
        pass
    assert (holds.drop if dropped else holds.release)() == 1
    thread.join()
    assert ends == ["dropped" if dropped else "went on"]
    assert holds.all() == []
