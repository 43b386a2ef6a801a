"""The further systems among lost answers, servers' errors and throttling: nothing is doubled, nothing is left."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from provisioner.schedule import Failed, Interrupted
from state.record import Status
from tests.life.conftest import PROFILE, Bring, Undisturbed
from tests.life.death import dying
from tests.life.systems import FURTHER, POSTGRES, Inside, Inventory, System, furnish

Fault = Mapping[str, Any]
INTERNAL, DATABASE, PUBLIC, SERVICES, _ = FURTHER
every_system = pytest.mark.parametrize("system", FURTHER, ids=str)

STRUCK: dict[str, Fault] = {
    "lost answers": {"do": "drop-after"},
    "errors after the fact": {"do": "error-after", "code": "InternalError", "status": 500, "message": "oops"},
    "lost requests": {"do": "drop-before"},
    "servers' errors": {"do": "status", "status": 503},
    "throttled": {"do": "throttle"},
}
SOMETIMES = {"DeleteNetworkInterface"}
"""Whether Lambda leaves its interfaces to us is chance."""
DENIED: Fault = {"do": "error", "code": "AccessDenied", "status": 403, "message": "no"}


def strike(stack: Inside, actions: Iterable[str], fault: Fault, times: int) -> None:
    stack.sandbox.faults([{"action": action, "times": times, **fault} for action in sorted(actions)])


def come_through(stack: Inside, run: Callable[[], object], expected: Inventory) -> None:
    """Run, with every fault striking, and assert what there is then."""
    run()
    idle = [fault["action"] for fault in stack.sandbox.ask("GET", "faults") if not fault["fired"]]
    stack.sandbox.clear_faults()
    assert set(idle) <= SOMETIMES
    assert stack.inventory() == expected


def struck(bring: Bring, undisturbed: Undisturbed, system: System, fault: Fault, times: int) -> None:
    """Each kind of call is struck, on the way up and down."""
    life = undisturbed(system)
    stack = bring(system)
    strike(stack, life.up, fault, times)
    come_through(stack, stack.up, life.standing)
    strike(stack, life.down, fault, times)
    come_through(stack, stack.down, stack.before)


SAMPLES = (
    (INTERNAL, "lost answers"),
    (DATABASE, "errors after the fact"),
    (PUBLIC, "throttled"),
    (SERVICES, "servers' errors"),
    (POSTGRES, "lost answers"),
)


@pytest.mark.parametrize(("system", "how"), SAMPLES, ids=str)
def test_each_kind_of_call_struck(bring: Bring, undisturbed: Undisturbed, system: System, how: str) -> None:
    struck(bring, undisturbed, system, STRUCK[how], 1)


@pytest.mark.complete
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("how", STRUCK)
@every_system
def test_complete_each_kind_of_call_struck(
    bring: Bring, undisturbed: Undisturbed, system: System, how: str, times: int
) -> None:
    struck(bring, undisturbed, system, STRUCK[how], times)


def again_and_again(run: Callable[[], object]) -> int:
    """Run until nothing fails any more; how often something did."""
    for turn in count():
        try:
            run()
        except Failed:
            assert turn < 99
            continue
        return turn
    raise AssertionError


@pytest.mark.complete
@every_system
def test_complete_each_kind_of_call_denied(bring: Bring, undisturbed: Undisturbed, system: System) -> None:
    """Whatever stops a run, the next one goes on from there."""
    life = undisturbed(system)
    stack = bring(system)
    strike(stack, life.up, DENIED, 1)
    come_through(stack, lambda: again_and_again(stack.up), life.standing)
    strike(stack, life.down, DENIED, 1)
    come_through(stack, lambda: again_and_again(stack.down), stack.before)


ROUGH = ("flaky", "throttled")
LATE: list[Fault] = [{"do": do, "seconds": 20 / 600} for do in ("invisible", "unassumable")]
"""For 20 of AWS's seconds fresh things are seen by nobody, and fresh roles trusted by nobody."""


def rough_life(bring: Bring, undisturbed: Undisturbed, system: System, seed: int) -> None:
    """Up, unchanged, and down."""
    life = undisturbed(system)
    stack = bring(system)
    stack.sandbox.become(PROFILE, seed)
    furnish(stack.sandbox, system)
    stack.sandbox.named_faults(*ROUGH)
    stack.sandbox.faults(LATE)
    stack.up()
    with stack.sandbox.at_peace():
        assert stack.inventory() == life.standing
        stack.sandbox.forget_calls()
    stack.up()
    assert stack.mutations() == []
    stack.down()
    with stack.sandbox.at_peace():
        assert stack.inventory() == stack.before


def test_a_life_in_a_rough_world(bring: Bring, undisturbed: Undisturbed) -> None:
    rough_life(bring, undisturbed, INTERNAL, 0)


@pytest.mark.complete
@pytest.mark.parametrize("seed", range(1, 13))
@every_system
def test_complete_a_life_in_a_rough_world(
    bring: Bring, undisturbed: Undisturbed, system: System, seed: int
) -> None:
    rough_life(bring, undisturbed, system, seed)


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00")


def let_hours_pass(stack: Inside, hours: float) -> None:
    """For the sandbox and for the state file."""
    stack.sandbox.advance(hours * 3600 / 600)
    path = stack.state_file
    if path.exists():
        back = timedelta(hours=hours)
        text = _MOMENT.sub(
            lambda found: (datetime.fromisoformat(found[0]) - back).isoformat(timespec="milliseconds"),
            path.read_text(),
        )
        path.write_text(text)


def hours_apart(bring: Bring, undisturbed: Undisturbed, system: System, stride: int) -> None:
    """Every run dies, and the next one comes when AWS has forgotten the tokens of the last."""
    life = undisturbed(system)
    stack = bring(system)
    for run, expected in ((stack.up, life.standing), (stack.down, stack.before)):
        for turn in count():
            with dying(stride + turn % 2, ("after", "before")[turn % 2]) as death:
                run()
            if not death.came:
                break
            let_hours_pass(stack, 2.0)
        assert stack.inventory() == expected


def test_dying_and_going_on_hours_later(bring: Bring, undisturbed: Undisturbed) -> None:
    hours_apart(bring, undisturbed, DATABASE, 17)


@pytest.mark.complete
@every_system
def test_complete_dying_and_going_on_hours_later(bring: Bring, undisturbed: Undisturbed, system: System) -> None:
    hours_apart(bring, undisturbed, system, 1)


def stopped(bring: Bring, undisturbed: Undisturbed, system: System, patience: int) -> None:
    """Ctrl-C, later each time, until nothing is left to be done."""
    life = undisturbed(system)
    stack = bring(system)
    for run, expected in ((stack.up, life.standing), (stack.down, stack.before)):
        for turn in count(1):
            stack.patience = patience * turn
            try:
                run()
            except Interrupted:
                assert stack.state().status is Status.INTERRUPTED
                continue
            break
        assert turn > 1
        assert stack.inventory() == expected


def test_stopped_again_and_again(bring: Bring, undisturbed: Undisturbed) -> None:
    stopped(bring, undisturbed, SERVICES, 50)


@pytest.mark.complete
@every_system
def test_complete_stopped_again_and_again(bring: Bring, undisturbed: Undisturbed, system: System) -> None:
    stopped(bring, undisturbed, system, 5)
