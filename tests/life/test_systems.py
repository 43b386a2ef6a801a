"""Each of the five systems, in every way of reaching out: up, no change, down to what was there before."""

from __future__ import annotations

import pytest

from tests.life.conftest import Bring
from tests.life.systems import SYSTEMS, VARIANTS, System


@pytest.mark.parametrize("system", [*SYSTEMS, *VARIANTS], ids=str)
def test_up_unchanged_and_down_to_what_was_there_before(bring: Bring, system: System) -> None:
    stack = bring(system)
    stack.up()
    standing = stack.inventory()
    assert standing != stack.before
    stack.sandbox.forget_calls()
    stack.up()
    assert stack.mutations() == []
    assert len(stack.reads()) < len(stack.state().records)
    assert stack.inventory() == standing
    stack.down()
    assert stack.inventory() == stack.before
