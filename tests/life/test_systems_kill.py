"""The further systems, killed at their mutating calls: nothing is doubled and nothing lost.

Most deaths happen in this process (`tests.life.death`); a few are SIGKILLs of the tool's own. The usual suite
takes samples; `make test-complete` takes every call.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count

import pytest

from tests.life.conftest import Bring
from tests.life.death import WHENS, dying
from tests.life.systems import FURTHER, Inside, Inventory, Life, System

MOST_CALLS = 75
"""At least as many as one of them makes on its way up or down; a case beyond the last call is skipped."""
Lived = Callable[[System], Life]
every_system = pytest.mark.parametrize("system", FURTHER, ids=str)


def dies(run: Callable[[], object], nth: int, when: str, action: str = "*") -> bool:
    """Whether the run came to its end there; if not it has come through."""
    with dying(nth, when, action) as death:
        run()
    return death.came


def dying_on_and_on(run: Callable[[], object], stride: int) -> int:
    """Let every run get `stride` calls further, and die before or after another in turn; how many it took."""
    for turn in count():
        late = turn % 2
        if not dies(run, stride + late, WHENS[1 - late]):
            return turn
    raise AssertionError


def apart_from_revisions(found: Inventory) -> Inventory:
    """ECS gives no number of a revision twice; one that a dead run deregistered stays INACTIVE until the end."""
    told = {kind: [_REVISION.sub("", line) for line in lines] for kind, lines in found.items()}
    living = [line for line in told.get("task definition", ()) if '"status": "INACTIVE"' not in line]
    return {**told, "task definition": living}


_REVISION = re.compile(r'"revision": \d+')


def up_as(stack: Inside, wanted: Inventory) -> None:
    stack.up()
    assert stack.inventory() == wanted
    down_to_nothing(stack)


def down_to_nothing(stack: Inside) -> None:
    stack.down()
    assert stack.inventory() == stack.before


def lives_through_all(stack: Inside, wanted: Inventory, stride: int) -> None:
    dying_on_and_on(stack.up, stride)
    assert stack.inventory() == wanted
    dying_on_and_on(stack.down, stride)
    assert stack.inventory() == stack.before


@pytest.mark.complete
@pytest.mark.parametrize("parallel", [1, 16])
@every_system
def test_complete_dying_at_every_call(bring: Bring, undisturbed: Lived, system: System, parallel: int) -> None:
    expected = undisturbed(system).standing
    stack = bring(system)
    if parallel == 1:
        stack.one_by_one()
    lives_through_all(stack, expected, 1)


def cases(every: int) -> list[tuple[int, str]]:
    """Each `every`th call, before and after in turn; both of each where it is every one."""
    if every == 1:
        return [(nth, when) for nth in range(1, MOST_CALLS + 1) for when in WHENS]
    return [(nth, WHENS[place % 2]) for place, nth in enumerate(range(1, MOST_CALLS + 1, every))]


@pytest.mark.complete
@pytest.mark.parametrize(("nth", "when"), cases(1))
@every_system
def test_complete_dying_on_the_way_up_then_up(
    bring: Bring, undisturbed: Lived, system: System, nth: int, when: str
) -> None:
    expected = undisturbed(system).standing
    stack = bring(system)
    stack.one_by_one()
    if not dies(stack.up, nth, when):
        pytest.skip(f"fewer than {nth} calls")
    up_as(stack, expected)


@pytest.mark.complete
@pytest.mark.parametrize(("nth", "when"), cases(1))
@every_system
def test_complete_dying_on_the_way_up_then_down(bring: Bring, system: System, nth: int, when: str) -> None:
    stack = bring(system)
    stack.one_by_one()
    if not dies(stack.up, nth, when):
        pytest.skip(f"fewer than {nth} calls")
    down_to_nothing(stack)


@pytest.mark.complete
@pytest.mark.parametrize(("nth", "when"), cases(1))
@every_system
def test_complete_dying_on_the_way_down_then_up(
    bring: Bring, undisturbed: Lived, system: System, nth: int, when: str
) -> None:
    expected = undisturbed(system).standing
    stack = bring(system)
    stack.one_by_one()
    stack.up()
    if not dies(stack.down, nth, when):
        pytest.skip(f"fewer than {nth} calls")
    stack.up()
    assert apart_from_revisions(stack.inventory()) == apart_from_revisions(expected)
    down_to_nothing(stack)
