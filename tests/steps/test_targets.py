"""Target groups of both protocols, their health checks and attributes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioner.run import Refused
from provisioner.schedule import Failed
from steps.base import Job, Seen
from steps.lifecycle import Foreign
from steps.targets import TargetGroup
from tests.inventory import inventory
from tests.sandbox_fixture import Sandbox
from tests.steps.front import HEALTH, balancer, listener, lost, network, tags, targets, told
from tests.steps.lab import REGION, Lab

DELAY = "deregistration_delay.timeout_seconds"
TCP = {
    "HealthCheckProtocol": "TCP",
    "HealthCheckIntervalSeconds": 10,
    "HealthyThresholdCount": 3,
    "UnhealthyThresholdCount": 3,
}
WEB = {**TCP, "HealthCheckProtocol": "HTTP", "HealthCheckPort": "8080", "HealthCheckPath": "/health"}
CHECKS: list[tuple[str, dict[str, Any]]] = [("HTTP", HEALTH), ("TCP", TCP), ("TCP", WEB)]


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return Lab(sandbox, tmp_path)


def attributes(lab: Lab) -> dict[str, str]:
    answer = lab.client("elbv2").describe_target_group_attributes(TargetGroupArn=lab.id_of("targets"))
    return {pair["Key"]: pair["Value"] for pair in answer["Attributes"]}


@pytest.mark.parametrize(("protocol", "check"), CHECKS)
def test_it_is_as_asked_for_and_a_second_run_changes_nothing(lab: Lab, protocol: str, check: Any) -> None:
    wanted = [*network(), targets(protocol=protocol, health_check=check, attributes={DELAY: "5"})]
    found = told(lab.up(wanted), "targets")
    assert (found["Protocol"], found["Port"], found["TargetType"]) == (protocol, 80, "ip")
    assert {key: found[key] for key in check} == check
    assert found["VpcId"] == lab.id_of("vpc")
    assert attributes(lab)[DELAY] == "5"
    assert tags(lab, "targets")["provisioner:step"] == "targets"
    assert lab.outputs("targets") == {"name": "targets"}
    assert lab.changed(wanted) == []
    assert lab.notices() == []
    lab.down()
    assert inventory(lab.sandbox.endpoint, REGION) == {}


PORT = {"HealthCheckPort": "traffic-port"}


def test_a_port_that_was_not_said_before_changes_nothing(lab: Lab) -> None:
    """It is what AWS takes by itself."""
    lab.up([*network(), targets(health_check=HEALTH)])
    first = lab.id_of("targets")
    assert lab.changed([*network(), targets(health_check={**HEALTH, **PORT})]) == []
    assert lab.id_of("targets") == first
    assert lab.notices() == []
    assert lab.record("targets").request["HealthCheckPort"] == "traffic-port"


def test_a_port_that_hands_changed_is_set_right(lab: Lab) -> None:
    lab.up([*network(), targets(health_check=HEALTH)])
    lab.client("elbv2").modify_target_group(TargetGroupArn=lab.id_of("targets"), HealthCheckPort="81")
    lab.up([*network(), targets(health_check={**HEALTH, **PORT})])
    assert told(lab, "targets")["HealthCheckPort"] == "traffic-port"
    assert "set HealthCheckPort" in lab.notices()


def test_several_are_listed_at_once(lab: Lab) -> None:
    wanted = [*network(), targets(), targets("other")]
    lab.up(wanted).changed(wanted)
    reads = [call["action"] for call in lab.sandbox.calls() if call["service"] == "elbv2"]
    assert reads.count("DescribeTargetGroups") == 1
    assert "DescribeTags" not in reads


def test_a_lost_answer_makes_no_second_one(lab: Lab) -> None:
    lost(lab.sandbox, "CreateTargetGroup")
    lab.up([*network(), targets()])
    assert len(lab.client("elbv2").describe_target_groups()["TargetGroups"]) == 1


def test_one_of_the_name_that_is_not_ours_is_left_alone(lab: Lab) -> None:
    lab.up(network())
    made = {"Name": "targets", "Protocol": "HTTP", "Port": 80, "VpcId": lab.id_of("vpc"), "TargetType": "ip"}
    lab.client("elbv2").create_target_group(**made)
    lab.sandbox.forget_calls()
    with pytest.raises(Foreign, match="target group targets exists already"):
        lab.up([*network(), targets()])
    assert lab.sandbox.calls(mutating=True) == []


def test_what_was_changed_by_hand_is_set_right(lab: Lab) -> None:
    wanted = [*network(), targets(attributes={DELAY: "5"})]
    elbv2, arn = lab.up(wanted).client("elbv2"), lab.id_of("targets")
    elbv2.modify_target_group(TargetGroupArn=arn, HealthCheckPath="/else", Matcher={"HttpCode": "200-299"})
    elbv2.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[{"Key": DELAY, "Value": "300"}])
    lab.up(wanted)
    assert lab.outcomes()["targets"] == "set right"
    assert lab.notices() == [f"set HealthCheckPath, Matcher; set {DELAY}"]
    found = told(lab, "targets")
    assert (found["HealthCheckPath"], found["Matcher"]) == ("/", {"HttpCode": "200"})
    assert attributes(lab)[DELAY] == "5"


def test_another_health_check_is_taken_over_in_place(lab: Lab) -> None:
    lab.up([*network(), targets(protocol="TCP", health_check=WEB)])
    first, changed = lab.id_of("targets"), {**WEB, "HealthCheckPort": "traffic-port", "HealthCheckPath": "/ready"}
    lab.up([*network(), targets(protocol="TCP", health_check=changed)])
    found = told(lab, "targets")
    assert found["TargetGroupArn"] == first
    assert {key: found[key] for key in changed} == changed


@pytest.mark.parametrize("more", [{"protocol": "TCP", "health_check": TCP}, {"port": 81}])
def test_what_cannot_be_changed_is_refused(lab: Lab, more: dict[str, Any]) -> None:
    lab.up([*network(), targets()])
    lab.sandbox.forget_calls()
    with pytest.raises(Refused, match="targets: P"):
        lab.up([*network(), targets(**more)])
    assert lab.sandbox.calls(mutating=True) == []


def test_what_aws_refuses_is_told(lab: Lab) -> None:
    with pytest.raises(Failed, match="Health check path 'health' must begin with a '/'"):
        lab.up([*network(), targets(health_check={**HEALTH, "HealthCheckPath": "health"})])


def test_who_still_forwards_to_it_is_named(lab: Lab) -> None:
    lab.up([*network(), balancer(), targets(), listener()])
    job = Job(lab.aws, lab.record("targets"), {})
    found = TargetGroup.blockers(job, Seen(lab.id_of("targets"), told(lab, "targets")))
    assert [one.id for one in found] == [lab.id_of("balancer")]
    assert f"aws elbv2 describe-listeners --load-balancer-arn {lab.id_of('balancer')}" in found[0].move
