"""The further systems among lost answers, servers' errors and throttling: nothing is doubled, nothing is left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from tests.life.conftest import Bring
from tests.life.systems import FURTHER, Inside, Inventory, Life, System

Lived = Callable[[System], Life]
Fault = Mapping[str, Any]
every_system = pytest.mark.parametrize("system", FURTHER, ids=str)

STRUCK: dict[str, Fault] = {
    "lost answers": {"do": "drop-after"},
    "errors after the fact": {"do": "error-after", "code": "InternalError", "status": 500, "message": "oops"},
    "lost requests": {"do": "drop-before"},
}


def strike(stack: Inside, actions: Iterable[str], fault: Fault, times: int) -> None:
    stack.sandbox.faults([{"action": action, "times": times, **fault} for action in sorted(actions)])


def come_through(stack: Inside, run: Callable[[], object], expected: Inventory) -> None:
    """Run, with every fault striking, and assert what there is then."""
    run()
    idle = [fault["action"] for fault in stack.sandbox.ask("GET", "faults") if not fault["fired"]]
    stack.sandbox.clear_faults()
    assert idle == []
    assert stack.inventory() == expected


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("how", STRUCK)
@every_system
def test_each_kind_of_call_struck(bring: Bring, undisturbed: Lived, system: System, how: str, times: int) -> None:
    life = undisturbed(system)
    stack = bring(system)
    strike(stack, life.up, STRUCK[how], times)
    come_through(stack, stack.up, life.standing)
    strike(stack, life.down, STRUCK[how], times)
    come_through(stack, stack.down, stack.before)
