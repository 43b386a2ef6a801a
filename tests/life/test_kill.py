"""SIGKILL just before a mutating call is carried out, and just after it, before its answer: nothing is lost.

The usual suite takes samples; `make test-complete` takes every call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from tests.life.tool import EXAMPLE, NAME, Tool, nothing, succeeded

CREATING_CALLS = 70
"""At least as many as a provision makes; a case beyond the last call is skipped."""
DELETING_CALLS = 70
SAMPLE = 25
Inventory = Mapping[str, list[str]]
WHENS = ("hold-before", "hold-after")


def cases(count: int, step: int) -> list[tuple[int, str]]:
    """Every `step`th call, before and after turn by turn when sampled, both when complete."""
    if step == 1:
        return [(nth, when) for nth in range(1, count + 1) for when in WHENS]
    return [(nth, WHENS[place % 2]) for place, nth in enumerate(range(1, count + 1, step))]


def kill_provision(tool: Tool, nth: int, when: str, parallel: int) -> None:
    tool.sandbox.faults([{"mutating": True, "nth": nth, "do": when}])
    process = tool.start("provision", str(EXAMPLE), "--parallel", str(parallel))
    if not tool.killed_at(process, nth, when):
        pytest.skip(f"a provision makes fewer than {nth} calls")


def kill_destroy(tool: Tool, nth: int, when: str, parallel: int) -> None:
    tool.provisioned()
    tool.sandbox.faults([{"mutating": True, "nth": nth, "do": when}])
    process = tool.start("destroy", NAME, "--yes", "--parallel", str(parallel))
    if not tool.killed_at(process, nth, when):
        pytest.skip(f"a destroy makes fewer than {nth} calls")


def on(tool: Tool, wanted: Inventory) -> None:
    """Run `provision` again to the end: the same as if nothing had happened; then down to nothing."""
    tool.provisioned()
    assert tool.inventory() == wanted
    back(tool)


def on_after_destroy(tool: Tool, wanted: Inventory) -> None:
    """The same, but for task definitions: ECS never gives a revision's number twice, and one that the killed
    run had deregistered but not deleted stays INACTIVE until the stack goes.
    """
    tool.provisioned()
    assert with_living_revisions(tool.inventory()) == with_living_revisions(wanted)
    back(tool)


def with_living_revisions(found: Inventory) -> dict[str, list[str]]:
    living = [one for one in found["task definition"] if '"status": "INACTIVE"' not in one]
    return {**found, "task definition": [re.sub(r'"revision": \d+', "", one) for one in living]}


def back(tool: Tool) -> None:
    succeeded(tool.destroy())
    assert nothing(tool.inventory())


@pytest.mark.parametrize(("nth", "when"), cases(CREATING_CALLS, SAMPLE))
def test_killed_while_provisioning_then_provisioned(tool: Tool, expected: Inventory, nth: int, when: str) -> None:
    kill_provision(tool, nth, when, parallel=16)
    on(tool, expected)


@pytest.mark.parametrize(("nth", "when"), cases(CREATING_CALLS, SAMPLE))
def test_killed_while_provisioning_then_destroyed(tool: Tool, nth: int, when: str) -> None:
    kill_provision(tool, nth, when, parallel=16)
    back(tool)


@pytest.mark.parametrize(("nth", "when"), cases(DELETING_CALLS, SAMPLE))
def test_killed_while_destroying_then_destroyed(tool: Tool, nth: int, when: str) -> None:
    kill_destroy(tool, nth, when, parallel=16)
    back(tool)


@pytest.mark.parametrize(("nth", "when"), cases(DELETING_CALLS, 3 * SAMPLE))
def test_killed_while_destroying_then_provisioned(tool: Tool, expected: Inventory, nth: int, when: str) -> None:
    kill_destroy(tool, nth, when, parallel=16)
    on_after_destroy(tool, expected)


def test_killed_again_and_again(tool: Tool, expected: Inventory) -> None:
    """A run that gets one call further each time is a run like any other."""
    for turn in range(8):
        tool.sandbox.faults([{"mutating": True, "nth": 3, "do": WHENS[turn % 2]}])
        tool.killed_at(tool.start("provision", str(EXAMPLE)), 3, WHENS[turn % 2])
    on(tool, expected)


@pytest.mark.complete
@pytest.mark.parametrize(("nth", "when"), cases(CREATING_CALLS, 1))
def test_complete_killed_while_provisioning_then_provisioned(
    tool: Tool, expected: Inventory, nth: int, when: str
) -> None:
    kill_provision(tool, nth, when, parallel=1)
    on(tool, expected)


@pytest.mark.complete
@pytest.mark.parametrize(("nth", "when"), cases(CREATING_CALLS, 1))
def test_complete_killed_while_provisioning_then_destroyed(tool: Tool, nth: int, when: str) -> None:
    kill_provision(tool, nth, when, parallel=1)
    back(tool)


@pytest.mark.complete
@pytest.mark.parametrize(("nth", "when"), cases(DELETING_CALLS, 1))
def test_complete_killed_while_destroying_then_destroyed(tool: Tool, nth: int, when: str) -> None:
    kill_destroy(tool, nth, when, parallel=1)
    back(tool)


@pytest.mark.complete
@pytest.mark.parametrize(("nth", "when"), cases(DELETING_CALLS, 1))
def test_complete_killed_while_destroying_then_provisioned(
    tool: Tool, expected: Inventory, nth: int, when: str
) -> None:
    kill_destroy(tool, nth, when, parallel=1)
    on_after_destroy(tool, expected)
