"""What hands have deleted of the further systems is made again, what they have changed is set right; it is told.

The usual suite does many things to a system at once; `make test-complete` does one at a time, and more of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from provisioner.events import Outcome
from tests.life.conftest import Bring, Undisturbed
from tests.life.hands import DATABASE, DELETIONS, INTERNAL, PUBLIC, SERVICES, Hand
from tests.life.hands_changes import CHANGES
from tests.life.systems import POSTGRES, System

SECONDS = 300.0
"""AWS's, after which everything that was asked for by hand has happened."""
AT_ONCE: Mapping[System, tuple[list[str], list[str]]] = {
    # what is deleted, what is changed
    INTERNAL: (
        ["endpoint-logs", "inline-policy-api-task-stack", "transit-gateway-attachment", "zone"],
        ["delegation", "endpoint-s3", "listener-443", "load-balancer"],
    ),
    DATABASE: (
        ["http-api", "instance-profile-database", "database-zone", "log-group-api"],
        ["secret-database", "database", "function-graphql"],
    ),
    PUBLIC: (["scalable-target-web"], ["listener-80"]),
    SERVICES: (["listener-80", "service-webapp"], ["namespace", "service-backend"]),
    POSTGRES: (["database"], []),
}


def single(hands: Mapping[System, Mapping[str, Hand]]) -> list[tuple[System, str]]:
    return [(system, step) for system, steps in hands.items() for step in steps]


def mended(
    bring: Bring, undisturbed: Undisturbed, system: System, deleted: Sequence[str], changed: Sequence[str]
) -> None:
    """By the next run; the one after it finds nothing to do."""
    life = undisturbed(system)
    stack = bring(system)
    stack.up()
    for step in changed:
        CHANGES[system][step](stack)
    for step in deleted:
        DELETIONS[system][step](stack)
    stack.sandbox.advance(SECONDS / 600)
    assert stack.inventory() != life.standing
    stack.up()
    assert stack.inventory() == life.standing
    outcomes = stack.told.outcomes()
    assert [step for step in deleted if outcomes[step] is not Outcome.REMADE] == []
    assert [step for step in changed if outcomes[step] is not Outcome.SET_RIGHT] == []
    stack.sandbox.forget_calls()
    stack.up()
    assert stack.mutations() == []
    stack.down()
    assert stack.inventory() == stack.before


@pytest.mark.parametrize("system", [INTERNAL, DATABASE], ids=str)
def test_what_was_done_by_hand_is_mended_and_told(bring: Bring, undisturbed: Undisturbed, system: System) -> None:
    mended(bring, undisturbed, system, *AT_ONCE[system])


@pytest.mark.complete
@pytest.mark.parametrize("system", AT_ONCE, ids=str)
def test_complete_what_was_done_by_hand_is_mended_and_told(
    bring: Bring, undisturbed: Undisturbed, system: System
) -> None:
    mended(bring, undisturbed, system, *AT_ONCE[system])


@pytest.mark.complete
@pytest.mark.parametrize(("system", "step"), single(DELETIONS), ids=str)
def test_complete_what_was_deleted_by_hand_is_made_again(
    bring: Bring, undisturbed: Undisturbed, system: System, step: str
) -> None:
    mended(bring, undisturbed, system, [step], [])


@pytest.mark.complete
@pytest.mark.parametrize(("system", "step"), single(CHANGES), ids=str)
def test_complete_what_was_changed_by_hand_is_set_right(
    bring: Bring, undisturbed: Undisturbed, system: System, step: str
) -> None:
    mended(bring, undisturbed, system, [], [step])
