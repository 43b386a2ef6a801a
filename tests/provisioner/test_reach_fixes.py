"""The smallest change that opens what is closed, and what a load balancer's clients get."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provisioner.reach import Outcome, find, starting
from provisioner.reach.fixes import fronts
from provisioner.reach.fixes.case import Case
from provisioner.reach.needs import Targets
from provisioner.reach.parts import Alias, Owned, Task, Wants
from provisioner.reach.things import AclEntry
from tests.provisioner.reach_snapshots import (
    ALL,
    FRONT,
    INSIDE,
    acl,
    ask,
    balanced,
    blocked,
    group,
    named,
    network,
    owned,
    public,
    rule,
    settings,
    snapshot,
)

OTHERS, OWN = owned(), owned(ids={"vpc": "vpc-1"}, kinds={"vpc": "vpc"})
CREATE = "aws ec2 create-network-acl-entry --network-acl-id acl-1"
DELETE = "aws ec2 delete-network-acl-entry --network-acl-id acl-1"
PORT_80 = "--protocol 6 --rule-action allow --cidr-block 10.0.1.0/24 --port-range From=80,To=80"
USUAL = "--protocol -1 --rule-action allow --cidr-block 0.0.0.0/0"


def denied(number: int) -> tuple[AclEntry, ...]:
    return (AclEntry(number, True, False, "-1", ALL), AclEntry(100, True, True, "-1", ALL))


@pytest.mark.parametrize(
    ("whose", "entries", "change"),
    [
        (OTHERS, (), f"{CREATE} --egress --rule-number 100 {PORT_80}"),
        (OTHERS, denied(90), f"{CREATE} --egress --rule-number 89 {PORT_80}"),
        (OTHERS, denied(1), "entry 1 of acl-1 leaves no room before it: its owner is to number it higher"),
        (OWN, (), f"{CREATE} --egress --rule-number 100 {USUAL}"),
        (OWN, denied(90)[:1], f"{DELETE} --egress --rule-number 90"),
        (OWN, denied(1), f"{DELETE} --egress --rule-number 1"),
        (OWN, (AclEntry(32766, True, True, "17", ALL),), f"{CREATE} --egress --rule-number 32765 {USUAL}"),
    ],
)
def test_a_list_that_denies(whose: Owned, entries: tuple[AclEntry, ...], change: str) -> None:
    """In the stack's own VPC what hands did is undone; in another one exactly this is let through."""
    shut = replace(acl(), entries=entries)
    found = snapshot(network(acls=named(shut)), owned=whose)
    blocked(ask(found), "does not let tcp 80 out to 10.0.1.10", change)


@pytest.mark.parametrize("entries", [(), denied(90), denied(3)])
@pytest.mark.parametrize("whose", [OTHERS, OWN])
def test_all_that_is_proposed_for_a_list_can_be_typed_one_after_the_other(
    whose: Owned, entries: tuple[AclEntry, ...]
) -> None:
    """Two entries of one number would be refused with NetworkAclEntryAlreadyExists."""
    groups = named(group("sg-a"), group("sg-b", rule("sg-b", INSIDE)))
    found = snapshot(network(acls=named(replace(acl(), entries=entries)), groups=groups), owned=whose)
    fixes = [ask(found, port=port).fix for port in (80, 443, 80)]
    commands = {fix.change for fix in fixes if fix is not None}
    numbers = [command.split("--rule-number ")[1].split()[0] for command in commands]
    assert len(numbers) == len(set(numbers)) == (1 if whose is OWN else 2)


def test_rules_that_no_key_of_the_stack_file_makes() -> None:
    shut = named(group("sg-a", rule("sg-a", "10.9.0.0/16", egress=True)), group("sg-b"))
    permission = "IpProtocol=tcp,FromPort=80,ToPort=80,UserIdGroupPairs=[{GroupId=sg-b}]"
    change = f"aws ec2 authorize-security-group-egress --group-id sg-a --ip-permissions '{permission}'"
    blocked(ask(snapshot(network(groups=shut))), "no rule lets tcp 80 out", change)
    shut = named(group("sg-a"), group("sg-b", rule("sg-b", "10.9.0.0/16", port=80)))
    change = (
        "aws ec2 authorize-security-group-ingress --group-id sg-b --protocol tcp --port 80 --source-group sg-a"
    )
    blocked(ask(snapshot(network(groups=shut))), "no rule lets tcp 80 in", change)


def test_a_rule_that_was_recorded_and_is_gone_is_made_again() -> None:
    shut = named(group("sg-a"), group("sg-b", rule("sg-b", "10.9.0.0/16", port=80)))
    key = {"rule-b-from-a-80": "sg-b|ingress|tcp|80|80|sg-a"}
    mine = owned(keys=key, kinds={"rule-b-from-a-80": "security_group_rule"})
    found = blocked(ask(snapshot(network(groups=shut), owned=mine)), "no rule", "provisioner resume demo")
    assert found.fix is not None
    assert found.fix.besides == ("sets rule-b-from-a-80 right again",)


def test_tasks_without_public_addresses_where_they_need_them() -> None:
    found = balanced()
    found = replace(found, network=replace(public(), interfaces=found.network.interfaces))
    blocked(ask(found, "ecr", "web", None), "has no public address", "services.web.public_ip = true")
    wanted = replace(owned(), settings=settings(network={"egress": "public-ip"}))
    blocked(ask(replace(found, owned=wanted), "ecr", "web", None), "no public address", "provisioner resume demo")
    nothing = replace(owned(), settings=settings(network={"egress": "none", "endpoints": ["logs"]}))
    cut_off = replace(found, network=network(interfaces=found.network.interfaces), owned=nothing)
    change = 'network.endpoints = ["logs", "ecr.api", "ecr.dkr", "s3"]'
    blocked(ask(cut_off, "ecr", "web", None), "no route fits", change)
    by_hand = "a route to 0.0.0.0/0 in rtb-1, to a gateway that leads there"
    blocked(ask(cut_off, "internet", "web", None), "no route fits", by_hand)  # nobody knows the route table
    known = replace(cut_off, owned=replace(nothing, ids={"route-table-private-a": "rtb-1"}))
    blocked(ask(known, "internet", "web", None), "no route fits", 'network.egress = "nat"')


def test_a_port_at_which_a_load_balancer_does_not_listen() -> None:
    found = balanced(services=(with_task(),))
    opened = named(group("sg-a", rule("sg-a", INSIDE), rule("sg-a", ALL, egress=True)), group("sg-b"))
    found = replace(found, network=replace(found.network, groups=opened))
    stopped = blocked(ask(found, FRONT, "eni-c", 8080), "listens only at 80, not at 8080")
    assert stopped.stop is not None
    assert stopped.stop.fails == "is refused"
    assert ask(found, FRONT, "eni-c", None).port == 80


def with_task() -> Any:
    (service,) = balanced().services
    return replace(service, tasks=(Task("arn:task", "RUNNING", "eni-b"),))


def test_what_a_client_gets_from_a_load_balancer() -> None:
    found = ask(balanced(services=(with_task(),)), FRONT, "eni-c")
    assert found.outcome is Outcome.REACHES, found.stop
    for state, reason, fails in (
        ("unhealthy", "Target.FailedHealthChecks", "gets HTTP 502"),
        ("unhealthy", "Target.Timeout", "gets HTTP 504"),
        ("initial", "Elb.InitialHealthChecking", "gets HTTP 503"),
        ("", "", "gets HTTP 503"),
    ):
        found = ask(balanced(state, reason, services=(with_task(),)), FRONT, "eni-c")
        assert found.stop is not None
        assert found.stop.fails == fails
    assert ask(balanced("unhealthy", "Target.ResponseCodeMismatch", services=(with_task(),)), FRONT, "eni-c").open


UNFIT = "see why the tasks of web do not pass their health check:"
ASKED = "services.web.health_check in the stack file says what the load balancer asks for"
TAIL = "aws logs tail /ecs/web --since 15m"
EVENTS = "aws ecs describe-services --cluster c --services web --query 'services[].events[:5]'"
HEALTH = "aws elbv2 describe-target-health --target-group-arn tg-web"


@pytest.mark.parametrize(
    ("mine", "count", "state", "lines"),
    [
        (True, 1, "unhealthy", (UNFIT, TAIL, ASKED)),
        (True, 1, "", ("see why no task of web runs:", EVENTS, TAIL)),
        (True, 0, "", ("services.web.count = 1  (in the stack file; then provision it again)",)),
        (False, 1, "unhealthy", ("see why no target of web is healthy:", HEALTH)),
    ],
)
def test_where_to_look_when_no_target_is_well(mine: bool, count: int, state: str, lines: tuple[str, ...]) -> None:
    ids = {"target-group-web": "tg-web", "log-group-service-web": "/ecs/web"} if mine else {}
    known = replace(owned(ids=ids), settings=settings(services={"web": {"count": count}}))
    found = balanced(state, owned=known)
    fix = fronts.targets(Case(found, find(found, "eni-c"), find(found, "web")), Targets("tg-web"))
    assert fix.lines == lines


def test_what_keeps_tasks_away_is_the_reason_why_there_are_none() -> None:
    (service,) = balanced().services
    wanted = replace(service, wants=Wants(("111111111111.dkr.ecr.us-east-1.amazonaws.com/web:1",), ("us-east-1",)))
    cut_off = replace(owned(), settings=settings(network={"egress": "none", "endpoints": []}))
    found = blocked(
        ask(balanced("", services=(wanted,), owned=cut_off), FRONT, "eni-c"), "it has no targets; web does not"
    )
    assert found.fix is not None
    assert found.fix.change == 'network.endpoints = ["ecr.api", "ecr.dkr", "s3"]'
    verdicts = starting(balanced("", services=(wanted,), owned=cut_off), "web")
    assert [one.outcome for one in verdicts[:2]] == [Outcome.BLOCKED] * 2


def test_zones_to_which_a_load_balancer_does_not_send() -> None:
    found = balanced(services=(with_task(),))
    (front,) = found.balancers
    kept = replace(found, balancers=(replace(front, cross_zone=False),))
    blocked(ask(kept, FRONT, "eni-c"), "does not send to other zones", "load_balancer.cross_zone = true")


def test_the_name_of_a_network_load_balancer_is_for_nodes_with_targets() -> None:
    found = balanced(services=(with_task(),))
    (front,) = found.balancers
    other = replace(
        found.network.interfaces["eni-b"], id="eni-n", addresses=("10.0.1.20",), description=front.described
    )
    nodes = replace(found.network, interfaces={**found.network.interfaces, "eni-n": other})
    for cross_zone, targets in ((False, {"10.0.1.20"}), (True, {"10.0.0.10", "10.0.1.20"})):
        kept = (replace(front, kind="network", cross_zone=cross_zone),)
        verdict = ask(replace(found, network=nodes, balancers=kept), FRONT, "eni-c")
        assert {way.target for way in verdict.ways} == targets


def test_service_connect_knows_names_at_their_ports_only() -> None:
    (service,) = balanced().services
    one = replace(with_task(), namespace="ns", aliases=(Alias("web", 8080, 80),))
    both = (
        one,
        replace(
            service, step="service-b", arn="b", name="b", tasks=(Task("t", "RUNNING", "eni-c"),), namespace="ns"
        ),
    )
    found = balanced(services=both)
    assert ask(found, "http://web:8080/", "b", None).outcome is Outcome.REACHES
    stopped = blocked(ask(found, "http://web:80/", "b", None), "knows web at 8080, not at 80", "ask at port 8080")
    assert stopped.stop is not None
    assert stopped.stop.fails == "is refused"
    blocked(ask(found, "http://other:80/", "b", None), "nobody has the name other")


def test_why_nobody_is_behind_a_name_of_service_connect() -> None:
    (service,) = balanced().services
    wants = Wants(("111111111111.dkr.ecr.us-east-1.amazonaws.com/web:1",))
    asked = replace(service, namespace="ns", aliases=(Alias("web", 8080, 80),), wants=wants)
    client = replace(service, step="service-b", arn="b", tasks=(Task("t", "RUNNING", "eni-c"),), namespace="ns")
    cut_off = replace(owned(), settings=settings(network={"egress": "none", "endpoints": []}))
    found = ask(balanced(services=(asked, client), owned=cut_off), "http://web:8080/", "b", None)
    blocked(found, "no task of", 'network.endpoints = ["ecr.api", "ecr.dkr", "s3"]')
    blocked(found, "runs, to which Service Connect would send web:8080; web does not reach the registry of")
