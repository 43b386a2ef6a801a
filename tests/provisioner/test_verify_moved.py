"""What hands changed, as `verify` and `explain` tell it: without AWS."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from provisioner.reach import Outcome, Snapshot, judge
from provisioner.reach.parts import Function
from provisioner.reach.things import Group
from provisioner.verify import drift, functions, judging
from provisioner.verify.expectation import Mark
from provisioner.verify.scene import Scene
from state.record import Phase, Record, Status
from tests.provisioner.reach_snapshots import INSIDE, balanced, group, named, rule, snapshot
from tests.provisioner.test_verify import DENIED, FUNCTION, answering, scene_of


def refused(**_: Any) -> Any:
    raise DENIED


def changed_service(describe: Any, phase: Phase = Phase.READY) -> Scene:
    """A service that is recorded with another revision of its tasks, as ECS describes it."""
    scene = scene_of({"load_balancer": {}, "services": {"web": {"image": "x", "port": 80}}})
    place = {"subnets": ["subnet-b"], "securityGroups": ["sg-b"], "assignPublicIp": "DISABLED"}
    request = {"networkConfiguration": {"awsvpcConfiguration": place}, "taskDefinition": "web:1"}
    record = Record("service-web", "service", phase, id="arn:aws:ecs:service/c/web", request=request)
    return with_record(scene, record, shut_off(), ecs=SimpleNamespace(describe_services=describe))


def with_record(scene: Scene, record: Record, seen: Snapshot, **answering: Any) -> Scene:
    """A scene of one record, in which these services of AWS's answer."""
    clients: Any = SimpleNamespace(**answering)
    state = replace(scene.state, records={record.name: record})
    return replace(scene, aws=replace(scene.aws, clients=clients), state=state, snapshot=seen)


def shut_off() -> Snapshot:
    """A service whose group lets nobody in; a load balancer before it."""
    found = balanced()
    return replace(found, network=replace(found.network, groups=named(group("sg-a"), group("sg-b", rule("sg-b")))))


def test_what_hands_changed_is_changed_back_before_anything_is_opened() -> None:
    scene = changed_service(lambda **_: {"services": [{"taskDefinition": "web:2"}]})
    asked = judge(scene.snapshot, "eni-c", "eni-b", 80)
    assert judging.answered(scene, asked) == asked  # an interface is nothing that the stack file knows
    found = judging.answered(scene, judge(scene.snapshot, "eni-c", "service-web"))
    assert found.fix is not None
    assert found.fix.lines == ("provisioner resume shop", "sets service-web right again")
    assert judging.reaches(scene, "eni-c", "web").fix == found.fix.lines


OTHERS, OURS = "web:9", "web:2"
UNDER_WAY, FAILED, STEADY = ([{"rolloutState": one}] for one in ("IN_PROGRESS", "FAILED", "COMPLETED"))


@pytest.mark.parametrize(
    ("phase", "status", "live", "deployments", "hands"),
    [
        (Phase.READY, Status.DONE, OTHERS, STEADY, True),
        (Phase.READY, Status.DONE, OURS, FAILED, True),  # no run of ours is left to have asked for it
        (Phase.CREATED, Status.FAILED, OTHERS, FAILED, False),
        (Phase.READY, Status.FAILED, OURS, FAILED, False),
        (Phase.READY, Status.RUNNING, OURS, UNDER_WAY, False),
        (Phase.READY, Status.INTERRUPTED, OURS, STEADY, False),  # killed before it was recorded
        (Phase.READY, Status.FAILED, OTHERS, FAILED, True),
    ],
)
def test_what_a_run_of_our_own_asked_for_is_nothing_that_hands_changed(
    phase: Phase, status: Status, live: str, deployments: list[dict[str, str]], hands: bool
) -> None:
    """The revision that the last run made is recorded; that the service has it only once it is steady."""
    described = {"services": [{"taskDefinition": live, "deployments": deployments}]}
    scene = changed_service(lambda **_: described, phase)
    ours = Record("task-definition-web", "task_definition", Phase.READY, id=OURS)
    records = {**scene.state.records, ours.name: ours}
    scene = replace(scene, state=replace(scene.state, records=records, status=status))
    assert (drift.moved(scene, "web") == ["service-web"]) is hands
    found = judging.answered(scene, judge(scene.snapshot, "eni-c", "service-web"))
    assert found.fix is not None
    assert (found.fix.kind == "provisioner") is hands


def other_subnets(status: Status, deployments: list[dict[str, str]]) -> list[str]:
    described = {"services": [{"taskDefinition": "web:1", "deployments": deployments}]}
    scene = changed_service(lambda **_: described)
    moved = replace(scene.snapshot.services[0], subnets=("subnet-a",))
    seen = replace(scene.snapshot, services=(moved,))
    return drift.moved(replace(scene, snapshot=seen, state=replace(scene.state, status=status)), "web")


def test_other_subnets_are_our_own_wish_while_its_deployment_is_not_complete() -> None:
    assert other_subnets(Status.FAILED, UNDER_WAY) == []
    assert other_subnets(Status.FAILED, STEADY) == ["service-web"]
    assert other_subnets(Status.DONE, UNDER_WAY) == ["service-web"]


def control(*groups: Group, recorded: bool = False) -> Scene:
    """A function that should wait in vain for the load balancer, and is told HTTP 504 by it."""
    document = {
        "load_balancer": {},
        "services": {"web": {"image": "x", "port": 80}},
        "functions": {"f": {"source": ".", "environment": {"ASK": "${load_balancer.dns_name}"}}},
    }
    scene = scene_of(document, answering({"status": 504, "body": "late"}))
    log = Record("log-group-function-f", "log_group", Phase.READY, id="/aws/lambda/f")
    scene = replace(scene, state=replace(scene.state, records={**scene.state.records, log.name: log}))
    found = shut_off()
    known = {
        "function-f": "arn:f",
        "load-balancer": found.balancers[0].arn,
        "out": "sgr-sg-f-out",
        "on": "sgr-sg-a-out",
    }
    known |= {"in": "sgr-sg-a-in"} if recorded else {}
    return replace(
        scene,
        snapshot=replace(
            found,
            functions=(Function("function-f", "f", "arn:f", ("subnet-a",), ("sg-f",)),),
            network=replace(found.network, groups={**found.network.groups, **named(*groups)}),
            owned=replace(found.owned, ids=known),
        ),
    )


OUT = group("sg-f", rule("sg-f", INSIDE, egress=True))
LETS_IN = group("sg-a", rule("sg-a", peer="sg-f", port=80), rule("sg-a", INSIDE, egress=True))
WHERE_TO_LOOK = ("provisioner explain f web", "aws logs tail /aws/lambda/f --since 15m")
REVOKE = "aws ec2 revoke-security-group-ingress --group-id sg-a --security-group-rule-ids sgr-sg-a-in"


@pytest.mark.parametrize(("recorded", "fix"), [(False, (REVOKE,)), (True, WHERE_TO_LOOK)])
def test_a_control_that_is_told_something_is_to_be_shut_out_again_or_looked_into(
    recorded: bool, fix: tuple[str, ...]
) -> None:
    scene = control(OUT, LETS_IN, recorded=recorded)
    found = functions.asking(scene, "f", "web", answered=False).check()
    assert (found.mark, found.fix) == (Mark.FAIL, fix)
    assert found.why == 'it fails, but not by waiting in vain: HTTP 504, "late"'


def test_what_may_not_be_looked_at_is_left_out() -> None:
    """What stops it is known all the same."""
    scene = changed_service(refused)
    found = judge(scene.snapshot, "eni-c", "web")
    assert found.outcome is Outcome.BLOCKED
    assert judging.answered(scene, found) == found
    with pytest.raises(ClientError):
        drift.changes(scene, "web")  # there it is what was asked


def test_the_address_of_somebody_is_told_to_be_an_example() -> None:
    scene = replace(scene_of({"functions": {"f": FUNCTION}}), snapshot=outside())
    opened = judging.reaches(scene, "caller", "internet")
    assert (opened.mark, opened.why) == (Mark.PASS, "198.51.100.1 (an example) at 443")
    closed = judging.kept_out(scene, "caller", "internet")
    assert (closed.mark, closed.why) == (Mark.FAIL, "198.51.100.1 (an example) at 443 is open to it")


def outside() -> Snapshot:
    """A function outside of VPCs."""
    return snapshot(functions=(Function("function-caller", "caller", "arn:caller"),))


@pytest.mark.parametrize(
    ("asked", "live", "wrong"),
    [
        ({}, "traffic-port", []),
        ({}, "81", ["its health check asks at port 81, not traffic-port"]),
        ({"HealthCheckPort": "81"}, "81", []),
    ],
)
def test_health_checks_are_to_ask_where_tasks_listen_unless_they_were_made_otherwise(
    asked: dict[str, str], live: str, wrong: list[str]
) -> None:
    """Also where the creating call did not say so."""
    scene = scene_of({"functions": {"f": FUNCTION}})
    record = Record("target-group-web", "target_group", Phase.READY, id="tg-web", request={"Port": 80, **asked})
    told = {"TargetGroups": [{"HealthCheckPort": live}]}
    elbv2 = SimpleNamespace(describe_target_groups=lambda **_: told)
    scene = with_record(scene, record, balanced(), elbv2=elbv2)
    assert drift.changes(scene, "web") == wrong
