"""The further systems, killed at their mutating calls: whatever was done by then, nothing is doubled or lost.

Most deaths happen in this process (`tests.life.death`); a few are SIGKILLs of a process of the tool's. The usual
suite takes samples; `make test-complete` takes every call.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from tests.life.conftest import Bring, Undisturbed
from tests.life.death import WHENS, dying
from tests.life.systems import FURTHER, POSTGRES, Inside, Inventory, System, furnish
from tests.life.tool import Tool, succeeded
from tests.sandbox_fixture import Sandbox

INTERNAL, DATABASE, PUBLIC, SERVICES, _ = FURTHER
MOST_CALLS = 80
"""At least as many as one of them makes on its way up or down."""
every_system = pytest.mark.parametrize("system", FURTHER, ids=str)
every_call = pytest.mark.parametrize("nth", range(1, MOST_CALLS + 1))
before_and_after = pytest.mark.parametrize("when", WHENS)


def dies(run: Callable[[], object], nth: int, when: str, action: str = "*") -> bool:
    """Whether the run came to its end there; if not it has come through."""
    with dying(nth, when, action) as death:
        run()
    return death.came


def die(run: Callable[[], object], nth: int, when: str, action: str = "*") -> None:
    if not dies(run, nth, when, action):
        pytest.skip(f"fewer than {nth} calls of {action}")


def live_at_last(run: Callable[[], object], stride: int) -> int:
    """Let every run get `stride` calls further, and die before or after another in turn; how many died."""
    for turn in count():
        late = turn % 2
        if not dies(run, stride + late, WHENS[1 - late]):
            return turn
    raise AssertionError


_REVISION = re.compile(r'"revision": \d+')


def apart_from_revisions(found: Inventory) -> Inventory:
    """ECS gives no revision's number twice, and one that a dead run deregistered stays INACTIVE until the end."""
    told = {kind: [_REVISION.sub("", line) for line in lines] for kind, lines in found.items()}
    living = [line for line in told.get("task definition", ()) if '"status": "INACTIVE"' not in line]
    return {**told, "task definition": living}


def down_to_what_was_there(stack: Inside) -> None:
    stack.down()
    assert stack.inventory() == stack.before


def live_through(stack: Inside, standing: Inventory, stride: int) -> None:
    assert live_at_last(stack.up, stride)
    assert stack.inventory() == standing
    assert live_at_last(stack.down, stride)
    assert stack.inventory() == stack.before


@every_system
def test_dying_again_and_again(bring: Bring, undisturbed: Undisturbed, system: System) -> None:
    standing = undisturbed(system).standing
    live_through(bring(system), standing, 17)


@pytest.mark.complete
@pytest.mark.parametrize("parallel", [1, 16])
@every_system
def test_complete_dying_at_every_call(
    bring: Bring, undisturbed: Undisturbed, system: System, parallel: int
) -> None:
    standing = undisturbed(system).standing
    stack = bring(system)
    stack.parallel(parallel)
    live_through(stack, standing, 1)


LAST_CALLS = {
    "load balancer": (INTERNAL, "CreateLoadBalancer", 1),
    "record set": (INTERNAL, "ChangeResourceRecordSets", 3),
    "instance": (DATABASE, "RunInstances", 1),
    "rule": (SERVICES, "CreateRule", 1),
}
"""After which a run dies that is not gone on with: what only a look tells of must go, too."""


@pytest.mark.parametrize("what", LAST_CALLS)
def test_dying_on_the_way_up_then_down(bring: Bring, what: str) -> None:
    system, action, nth = LAST_CALLS[what]
    stack = bring(system)
    assert dies(stack.up, nth, "after", action)
    down_to_what_was_there(stack)


@pytest.mark.complete
@before_and_after
@every_call
@every_system
def test_complete_dying_on_the_way_up_then_down(bring: Bring, system: System, nth: int, when: str) -> None:
    stack = bring(system)
    stack.parallel(1)
    die(stack.up, nth, when)
    down_to_what_was_there(stack)


@pytest.mark.complete
@before_and_after
@every_call
@every_system
def test_complete_dying_on_the_way_up_then_up(
    bring: Bring, undisturbed: Undisturbed, system: System, nth: int, when: str
) -> None:
    standing = undisturbed(system).standing
    stack = bring(system)
    stack.parallel(1)
    die(stack.up, nth, when)
    stack.up()
    assert stack.inventory() == standing
    down_to_what_was_there(stack)


def up_again(stack: Inside, standing: Inventory) -> None:
    stack.up()
    assert apart_from_revisions(stack.inventory()) == apart_from_revisions(standing)
    down_to_what_was_there(stack)


def test_dying_on_the_way_down_then_up(bring: Bring, undisturbed: Undisturbed) -> None:
    standing = undisturbed(INTERNAL).standing
    stack = bring(INTERNAL)
    stack.up()
    assert dies(stack.down, 20, "after")
    up_again(stack, standing)


@pytest.mark.complete
@before_and_after
@every_call
@every_system
def test_complete_dying_on_the_way_down_then_up(
    bring: Bring, undisturbed: Undisturbed, system: System, nth: int, when: str
) -> None:
    standing = undisturbed(system).standing
    stack = bring(system)
    stack.parallel(1)
    stack.up()
    die(stack.down, nth, when)
    up_again(stack, standing)


@pytest.mark.complete
@pytest.mark.parametrize("nth", range(1, MOST_CALLS, 3))
@every_system
def test_complete_what_a_state_file_knows_nothing_of(
    bring: Bring, undisturbed: Undisturbed, system: System, nth: int
) -> None:
    """Half of the stack is gone, and the state file says that all of it stands."""
    standing = undisturbed(system).standing
    stack = bring(system)
    stack.up()
    kept = stack.state_file.read_bytes()
    die(stack.down, nth, "after")
    stack.state_file.write_bytes(kept)
    up_again(stack, standing)


KILLED = {
    "certificate": (INTERNAL, "RequestCertificate"),
    "secret": (DATABASE, "CreateSecret"),
    "scalable target": (PUBLIC, "RegisterScalableTarget"),
}
ALL_KILLED = {
    "hosted zone": (INTERNAL, "CreateHostedZone"),
    "record": (INTERNAL, "ChangeResourceRecordSets"),
    "endpoint": (INTERNAL, "CreateVpcEndpoint"),
    "attachment": (INTERNAL, "CreateTransitGatewayVpcAttachment"),
    "instance profile": (DATABASE, "CreateInstanceProfile"),
    "instance": (DATABASE, "RunInstances"),
    "API": (DATABASE, "CreateApi"),
    "integration": (DATABASE, "CreateIntegration"),
    "route": (DATABASE, "CreateRoute"),
    "stage": (DATABASE, "CreateStage"),
    "permission": (DATABASE, "AddPermission"),
    "DB instance": (POSTGRES, "CreateDBInstance"),
    "policy": (PUBLIC, "PutScalingPolicy"),
    "namespace": (SERVICES, "CreateHttpNamespace"),
    "rule": (SERVICES, "CreateRule"),
    **KILLED,
}


@pytest.mark.parametrize("what", KILLED)
def test_killed_for_good(sandbox: Sandbox, tmp_path: Path, profile: str, what: str) -> None:
    kill_at(sandbox, tmp_path, *ALL_KILLED[what], "hold-after")


@pytest.mark.complete
@pytest.mark.parametrize("when", ["hold-before", "hold-after"])
@pytest.mark.parametrize("what", ALL_KILLED)
def test_complete_killed_for_good(sandbox: Sandbox, tmp_path: Path, profile: str, what: str, when: str) -> None:
    kill_at(sandbox, tmp_path, *ALL_KILLED[what], when)


def kill_at(sandbox: Sandbox, folder: Path, system: System, action: str, when: str) -> None:
    """SIGKILL while AWS has the call in its hands; then up with no change left to make, and down."""
    furnish(sandbox, system)
    asked = [word for one in system.asked for word in ("--set", one)]
    tool = Tool(sandbox, folder, example=system.file, name=system.example)
    before = tool.inventory()
    sandbox.faults([{"action": action, "do": when}])
    assert tool.killed_at(tool.start("provision", str(system.file), *asked), 1, when)
    ended = tool.provisioned(*asked)
    assert "taken over from a run that died" in ended.text
    made = [call["parameters"] for call in tool.mutations() if call["action"] == action]
    tool.sandbox.forget_calls()
    tool.provisioned(*asked)
    assert tool.attempts() == []
    succeeded(tool.destroy())
    assert tool.inventory() == before
    assert len(made) <= 4
