"""The analysis against an independent witness: networks that chance draws, in which single entries open and close.

The sandbox's network decides by itself who reaches whom. Where the two disagree, one of them is wrong.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from provisioner.reach import Outcome, judge
from tests.provisioner.reach_fronts import FRONT_MOVES, Fronts
from tests.provisioner.reach_networks import EPHEMERAL, MOVES, Drawn, Move
from tests.sandbox_fixture import Sandbox

PLAYED: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    # Every example is a network of its own, which takes seconds: shrinking takes longer than looking.
    "phases": [Phase.explicit, Phase.generate],
}


def played(network: Drawn | Fronts, moves: list[Move], every: int) -> None:
    """Make the moves, and compare after each so many of them."""
    for number, (name, arguments) in enumerate(moves, 1):
        network.move(name, arguments)
        if number % every == 0 or number == len(moves):
            network.agree()


def test_both_say_the_same_of_an_open_network(sandbox: Sandbox) -> None:
    assert Drawn(sandbox).agree() == {"open", "hangs", "unknown name"}


def test_what_may_not_be_read_is_not_guessed(sandbox: Sandbox) -> None:
    drawn = Drawn(sandbox)
    denied = {"do": "error", "code": "AccessDenied", "status": 403, "times": None}
    actions = ("DescribeTransitGatewayAttachments", "DescribePrefixLists", "ListHostedZonesByVPC")
    sandbox.faults([{**denied, "action": action} for action in actions])
    seen = drawn.witnesses.look()
    assert seen.network.hidden == {"attachments", "prefix lists", "zones"}
    inside, outside = drawn.interfaces[0], drawn.addresses[-1]
    assert judge(seen, inside, drawn.addresses[1], 80).outcome is Outcome.REACHES
    assert judge(seen, inside, outside, 80).telling.doubts[0].at == drawn.gateway
    assert judge(seen, inside, "a.company.com", 80).outcome is Outcome.UNKNOWN
    assert judge(seen, inside, "logs", 443).outcome is Outcome.REACHES


# Answers within the subnet of an attachment; the VPC's own names; an address without a way back; a group's group.
KNOWN: list[Move] = [
    ("entry", (0, 90, EPHEMERAL, False, "10.1.0.0/16", True)),
    ("names", (True, False)),
    ("lend_address", (1,)),
    ("close_group", (2, False)),
    ("permit", (2, False, 80, 0)),
]
# Targets that admit the client, first by the load balancer's address and then by its own.
KEPT: list[Move] = [
    ("close", (0,)),
    ("close", (1,)),
    ("open_to", (0, "client")),
    ("open_to", (1, "client")),
    ("attribute", (0, "preserve_client_ip.enabled", "true")),
]


@settings(max_examples=3, derandomize=True, **PLAYED)
@example(moves=KNOWN)
@given(moves=st.lists(MOVES, min_size=4, max_size=9))
def test_both_say_the_same_of_what_chance_draws(sandbox: Sandbox, moves: list[Move]) -> None:
    sandbox.become("instant")
    played(Drawn(sandbox), moves, 3)


@settings(max_examples=2, derandomize=True, **PLAYED)
@example(kind="network", moves=KEPT)
@given(kind=st.sampled_from(("application", "network")), moves=st.lists(FRONT_MOVES, min_size=3, max_size=8))
def test_both_say_the_same_of_load_balancers(sandbox: Sandbox, kind: str, moves: list[Move]) -> None:
    sandbox.become("instant")
    played(Fronts(sandbox, kind), moves, 2)


@pytest.mark.complete
@settings(max_examples=200, **PLAYED)
@given(moves=st.lists(MOVES, min_size=3, max_size=14))
def test_both_say_the_same_of_many_networks(sandbox: Sandbox, moves: list[Move]) -> None:
    sandbox.become("instant")
    played(Drawn(sandbox), moves, 1)


@pytest.mark.complete
@settings(max_examples=100, **PLAYED)
@given(kind=st.sampled_from(("application", "network")), moves=st.lists(FRONT_MOVES, min_size=3, max_size=12))
def test_both_say_the_same_of_many_load_balancers(sandbox: Sandbox, kind: str, moves: list[Move]) -> None:
    sandbox.become("instant")
    played(Fronts(sandbox, kind), moves, 1)
