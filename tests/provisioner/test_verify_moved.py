"""What hands changed, as `verify` and `explain` tell it: without AWS."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from provisioner.reach import Outcome, Snapshot, judge
from provisioner.reach.parts import Function
from provisioner.verify import drift, judging
from provisioner.verify.expectation import Mark
from provisioner.verify.scene import Scene
from state.record import Phase, Record
from tests.provisioner.reach_snapshots import balanced, group, named, rule, snapshot
from tests.provisioner.test_verify import DENIED, FUNCTION, scene_of


def refused(**_: Any) -> Any:
    raise DENIED


def changed_service(describe: Any) -> Scene:
    """A service that is recorded with another revision of its tasks, as ECS describes it."""
    scene = scene_of({"load_balancer": {}, "services": {"web": {"image": "x", "port": 80}}})
    place = {"subnets": ["subnet-b"], "securityGroups": ["sg-b"], "assignPublicIp": "DISABLED"}
    request = {"networkConfiguration": {"awsvpcConfiguration": place}, "taskDefinition": "web:1"}
    record = Record("service-web", "service", Phase.READY, id="arn:aws:ecs:service/c/web", request=request)
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
