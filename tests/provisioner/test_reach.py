"""The analysis by itself: what cannot be judged, what is missing, and the smallest change for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provisioner.reach import Outcome, Snapshot, Unfit, UnknownEnd, judge
from provisioner.reach.parts import Function
from provisioner.reach.things import (
    OTHER,
    TRANSIT,
    AclEntry,
    Attachment,
    PrefixList,
    Route,
    Subnet,
    TransitGateway,
    TransitRoute,
)
from tests.provisioner.reach_snapshots import (
    ALL,
    INSIDE,
    acl,
    ask,
    blocked,
    group,
    interface,
    named,
    network,
    public,
    rule,
    snapshot,
    table,
)

REMOTE = "10.9.0.1"


def test_an_open_network_and_each_place_that_lets_it_pass() -> None:
    found = ask(snapshot())
    assert found.outcome is Outcome.REACHES
    assert [(hop.at, hop.by) for hop in found.telling.hops] == [
        ("sg-a", "sgr-sg-a-out"),
        ("acl-1", "entry 100"),
        ("acl-1", "entry 100"),
        ("sg-b", "sgr-sg-b-in"),
        ("acl-1", "entry 100"),
        ("acl-1", "entry 100"),
        ("eni-b", ""),
    ]


def test_a_prefix_list_that_may_not_be_read_leaves_a_doubt() -> None:
    groups = named(group("sg-a"), group("sg-b", rule("sg-b", prefix_list="pl-1", port=80)))
    lists = {"pl-1": PrefixList("pl-1", "theirs", None)}
    found = ask(snapshot(network(groups=groups, prefix_lists=lists)))
    assert found.outcome is Outcome.UNKNOWN
    assert "pl-1" in found.telling.doubts[0].why
    known = {"pl-1": PrefixList("pl-1", "theirs", ("10.0.0.0/24",))}
    assert ask(snapshot(network(groups=groups, prefix_lists=known))).outcome is Outcome.REACHES
    other = {"pl-1": PrefixList("pl-1", "theirs", ("10.0.9.0/24",))}
    blocked(ask(snapshot(network(groups=groups, prefix_lists=other))), "no rule lets tcp 80 in")


def test_what_is_known_to_be_closed_is_closed_whatever_is_doubtful() -> None:
    groups = named(group("sg-a"), group("sg-b", rule("sg-b", prefix_list="pl-1", port=80)))
    shut = acl(AclEntry(100, True, True, "-1", ALL), AclEntry(100, False, True, "6", ALL, (80, 80)))
    blocked(ask(snapshot(network(groups=groups, acls=named(shut)))), "the answer")


def transit(*, ours: bool, **more: Any) -> Snapshot:
    """A transit gateway to which the VPC is attached, and behind which nothing is seen."""
    tables = {"tgw-rtb": (TransitRoute("10.9.0.0/16", "tgw-attach-2", static=True),)} if ours else None
    return snapshot(
        network(
            tables=named(table(Route("10.9.0.0/16", TRANSIT, "tgw-1"))),
            attachments=named(
                Attachment(
                    "tgw-attach-1", "tgw-1", "vpc", "vpc-1", "available", "tgw-rtb", ("subnet-a", "subnet-b")
                ),
                Attachment("tgw-attach-2", "tgw-1", "vpc", "vpc-9", "available", "tgw-rtb"),
            ),
            transit_gateways=named(
                TransitGateway("tgw-1", "111111111111" if ours else "999999999999", "available", tables)
            ),
            **more,
        )
    )


@pytest.mark.parametrize("ours", [True, False])
def test_what_is_behind_a_transit_gateway_is_not_seen(ours: bool) -> None:
    there = ask(transit(ours=ours), REMOTE)
    assert there.outcome is Outcome.UNKNOWN
    assert there.telling.doubts[-1].at == ("tgw-attach-2" if ours else "tgw-1")
    opened = {"groups": named(group("sg-a", rule("sg-a", "10.9.0.0/16", port=80)), group("sg-b"))}
    assert ask(transit(ours=ours, **opened), "eni-a", "10.9.0.0/16").outcome is Outcome.UNKNOWN


def test_this_side_of_a_transit_gateway_is_judged() -> None:
    blocked(ask(transit(ours=False), "eni-b", REMOTE), "no rule lets tcp 80 in from 10.9.0.1")
    found = transit(ours=False)
    apart = replace(found.network.attachments["tgw-attach-1"], subnets=("subnet-t",))
    places = {**found.network.subnets, "subnet-t": Subnet("subnet-t", "vpc-1", "10.0.9.0/28", "za")}
    shut = acl(AclEntry(100, True, True, "-1", ALL), AclEntry(100, False, True, "6", ALL, (80, 80)))
    changed = replace(found.network, attachments=named(apart), subnets=places, acls=named(shut))
    blocked(ask(replace(found, network=changed), REMOTE), "the answer, tcp 1024-65535 in from 10.9.0.1")


def test_a_transit_gateway_that_sends_nowhere() -> None:
    found = transit(ours=True)
    (gateway,) = found.network.transit_gateways.values()
    empty = replace(found.network, transit_gateways=named(replace(gateway, tables={"tgw-rtb": ()})))
    advice = "attach what has 10.9.0.1 to the transit gateway, and have tgw-rtb send it there"
    blocked(ask(replace(found, network=empty), REMOTE), "no route fits 10.9.0.1", advice)
    blocked(ask(replace(found, network=replace(empty, attachments={})), REMOTE), "no available attachment")


def test_members_of_another_accounts_group_are_not_seen() -> None:
    theirs = rule("sg-b", peer="sg-9", peer_account="999999999999", port=80)
    groups = named(group("sg-a"), group("sg-b", theirs))
    assert ask(transit(ours=False, groups=groups), "eni-b", REMOTE).outcome is Outcome.UNKNOWN
    blocked(ask(transit(ours=False, groups=groups)), "no rule lets tcp 80 in")  # from the VPC nobody is a member


def test_a_route_into_what_others_run_is_not_followed() -> None:
    found = ask(snapshot(network(tables=named(table(Route(ALL, OTHER, "pcx-1"))))), REMOTE)
    assert (found.outcome, found.telling.doubts[0].at) == (Outcome.UNKNOWN, "pcx-1")


@pytest.mark.parametrize(
    ("source", "to", "why"),
    [
        ("eni-a", "eni-z", "Did you mean eni-a or eni-b?"),
        ("cellar", "eni-b", "Did you mean caller?"),
        ("secretmanager", "eni-b", "Did you mean secretsmanager"),
    ],
)
def test_who_is_not_known(source: str, to: str, why: str) -> None:
    caller = Function("function-caller", "demo-caller", "arn:caller", ("subnet-a",), ("sg-a",))
    with pytest.raises(UnknownEnd, match=r"nothing that this stack knows") as raised:
        judge(snapshot(functions=(caller,)), source, to, 80)
    assert why in str(raised.value) or to == "eni-z"


def test_questions_that_cannot_be_asked() -> None:
    with pytest.raises(Unfit, match="give --port"):
        ask(snapshot(), port=None)
    with pytest.raises(Unfit, match="no connections begin at ecr"):
        ask(snapshot(), source="ecr")


def test_a_function_accepts_no_connections() -> None:
    caller = Function("function-caller", "demo-caller", "arn:caller", ("subnet-a",), ("sg-a",))
    blocked(ask(snapshot(functions=(caller,)), "caller"), "invoked through Lambda's API")


def test_a_function_whose_interface_is_not_there_yet() -> None:
    caller = Function("function-caller", "demo-caller", "arn:caller", ("subnet-a",), ("sg-a",))
    found = ask(snapshot(functions=(caller,)), source="caller")
    assert found.outcome is Outcome.REACHES
    assert found.telling.source == "an interface that is not there yet, 10.0.0.254 in subnet-a"


def test_the_internet_sees_public_addresses_only() -> None:
    blocked(ask(snapshot(public()), source="internet"), "is a private address")
    open_to_all = named(group("sg-a", rule("sg-a", ALL, port=80)), group("sg-b"))
    lent = named(interface("a", public="203.0.113.50"), interface("b"))
    found = snapshot(public(groups=open_to_all, interfaces=lent))
    assert ask(found, "eni-a", "internet").outcome is Outcome.REACHES
    some = named(group("sg-a", rule("sg-a", "198.51.100.0/24", port=80)), group("sg-b"))
    blocked(ask(snapshot(public(groups=some, interfaces=lent)), "eni-a", "internet"), "no rule lets tcp 80 in")


def test_a_network_is_judged_part_by_part() -> None:
    some = named(group("sg-a"), group("sg-b", rule("sg-b", "10.0.0.0/25", port=80)))
    found = ask(snapshot(network(groups=some)), "eni-b", "10.0.0.0/24")
    assert (found.outcome, 0 < found.open < len(found.ways)) == (Outcome.BLOCKED, True)
    assert ask(snapshot(), "eni-b", INSIDE).open == len(ask(snapshot(), "eni-b", INSIDE).ways)
