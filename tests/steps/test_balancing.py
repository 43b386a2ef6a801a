"""Load balancers of both types: made, set right, protected, and gone only when their interfaces are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from provisioner.run import Refused
from provisioner.schedule import Failed
from steps.base import Seen, StepFailed
from steps.lifecycle import Foreign
from tests.inventory import inventory
from tests.sandbox_fixture import Sandbox
from tests.steps.front import balancer, lost, network, tags, told
from tests.steps.lab import REGION, Lab

TYPES: tuple[Literal["application", "network"], ...] = ("application", "network")


def attributes(lab: Lab) -> dict[str, str]:
    answer = lab.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=lab.id_of("balancer"))
    return {pair["Key"]: pair["Value"] for pair in answer["Attributes"]}


def set_attribute(lab: Lab, key: str, value: str) -> None:
    wanted: list[Any] = [{"Key": key, "Value": value}]
    lab.client("elbv2").modify_load_balancer_attributes(LoadBalancerArn=lab.id_of("balancer"), Attributes=wanted)


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return Lab(sandbox, tmp_path)


@pytest.mark.parametrize("kind", TYPES)
def test_it_is_as_asked_for_and_a_second_run_changes_nothing(lab: Lab, kind: Any) -> None:
    wanted = [*network(), balancer(type=kind, attributes={"load_balancing.cross_zone.enabled": "true"})]
    found = told(lab.up(wanted), "balancer")
    assert (found["LoadBalancerName"], found["Type"], found["Scheme"]) == ("front", kind, "internal")
    assert found["SecurityGroups"] == [lab.id_of("group")]
    assert {zone["SubnetId"] for zone in found["AvailabilityZones"]} == {
        lab.id_of("subnet-a"),
        lab.id_of("subnet-b"),
    }
    assert attributes(lab)["load_balancing.cross_zone.enabled"] == "true"
    assert tags(lab, "balancer")["provisioner:step"] == "balancer"
    assert lab.outputs("balancer") == {
        "dns_name": found["DNSName"],
        "zone_id": found["CanonicalHostedZoneId"],
        "name": "front",
    }
    assert lab.changed(wanted) == []
    assert lab.down() and inventory(lab.sandbox.endpoint, REGION) == {}


def test_a_second_run_reads_little(lab: Lab) -> None:
    wanted = [*network(), balancer(attributes={"idle_timeout.timeout_seconds": "75"})]
    lab.up(wanted).changed(wanted)
    reads = [call["action"] for call in lab.sandbox.calls() if call["service"] == "elbv2"]
    assert sorted(reads) == ["DescribeLoadBalancerAttributes", "DescribeLoadBalancers"]


@pytest.mark.parametrize("kind", TYPES)
def test_it_goes_when_its_interfaces_have_gone(lab: Lab, kind: str) -> None:
    lab.up([*network(), balancer(type=kind)])
    short = "network_load_balancer.interfaces" if kind == "network" else "load_balancer.interfaces"
    lab.sandbox.latencies({short: 0.2})
    lab.down()
    assert "2 of its network interfaces left" in lab.said("balancer")


@pytest.mark.parametrize("kind", TYPES)
def test_a_lost_answer_makes_no_second_one(lab: Lab, kind: str) -> None:
    lost(lab.sandbox, "CreateLoadBalancer")
    lab.up([*network(), balancer(type=kind)])
    assert len(lab.client("elbv2").describe_load_balancers()["LoadBalancers"]) == 1


def test_one_of_the_name_that_is_not_ours_is_left_alone(lab: Lab) -> None:
    lab.up(network())
    made = {"Name": "front", "Scheme": "internal", "Subnets": [lab.id_of("subnet-a"), lab.id_of("subnet-b")]}
    lab.client("elbv2").create_load_balancer(**made, SecurityGroups=[lab.id_of("group")])
    lab.sandbox.forget_calls()
    with pytest.raises(Foreign, match="load balancer front exists already"):
        lab.up([*network(), balancer()])
    assert lab.sandbox.calls(mutating=True) == []


@pytest.mark.parametrize("kind", TYPES)
def test_groups_and_attributes_are_set_right(lab: Lab, kind: str) -> None:
    key = "load_balancing.cross_zone.enabled" if kind == "network" else "idle_timeout.timeout_seconds"
    value = "true" if kind == "network" else "75"
    wanted = [*network("group", "other"), balancer(type=kind, attributes={key: value})]
    lab.up(wanted)
    lab.client("elbv2").set_security_groups(
        LoadBalancerArn=lab.id_of("balancer"), SecurityGroups=[lab.id_of("other")]
    )
    set_attribute(lab, key, "false" if kind == "network" else "60")
    lab.up(wanted)
    assert lab.outcomes()["balancer"] == "set right"
    assert lab.notices() == [f"put it into its security group again; set {key}"]
    assert told(lab, "balancer")["SecurityGroups"] == [lab.id_of("group")]
    assert attributes(lab)[key] == value


def test_it_changes_its_groups_in_place(lab: Lab) -> None:
    wanted = [*network("group", "other"), balancer()]
    lab.up(wanted).up([*wanted[:-1], balancer(groups=("group", "other"))])
    assert set(told(lab, "balancer")["SecurityGroups"]) == {lab.id_of("group"), lab.id_of("other")}


@pytest.mark.parametrize("more", [{"type": "network"}, {"scheme": "internet-facing"}, {"subnets": ("subnet-a",)}])
def test_what_cannot_be_changed_is_refused(lab: Lab, more: dict[str, Any]) -> None:
    lab.up([*network(), balancer()])
    lab.sandbox.forget_calls()
    with pytest.raises(Refused, match="balancer"):
        lab.up([*network(), balancer(**more)])
    assert lab.sandbox.calls(mutating=True) == []


def test_a_network_load_balancer_without_groups_never_gets_one(lab: Lab) -> None:
    bare = balancer(type="network", groups=())
    lab.up([*network(), bare])
    assert not told(lab, "balancer").get("SecurityGroups")
    assert lab.changed([*network(), bare]) == []
    with pytest.raises(Failed, match="made without security groups, and AWS neither adds the first one"):
        lab.up([*network(), balancer(type="network")])
    assert lab.sandbox.calls(mutating=True) == []


@pytest.mark.parametrize("kind", TYPES)
def test_what_is_protected_is_not_deleted(lab: Lab, kind: str) -> None:
    protected = {"deletion_protection.enabled": "true"}
    lab.up([*network(), balancer(type=kind, attributes=protected)])
    lab.sandbox.forget_calls()
    with pytest.raises(Refused) as refused:
        lab.down()
    assert "load balancer front is protected against deletion. Fix: set load_balancer.del" in str(refused.value)
    assert lab.sandbox.calls(mutating=True) == []
    open_again = balancer(type=kind, attributes={"deletion_protection.enabled": "false"})
    lab.up([*network(), open_again]).down()
    assert inventory(lab.sandbox.endpoint, REGION) == {}


def test_one_that_was_deleted_by_hand_is_made_again(lab: Lab) -> None:
    wanted = [*network(), balancer()]
    lab.up(wanted)
    lab.client("elbv2").delete_load_balancer(LoadBalancerArn=lab.id_of("balancer"))
    lab.up(wanted)
    assert lab.outcomes()["balancer"] == "made again"
    assert told(lab, "balancer")["State"]["Code"] == "active"


def test_one_that_failed_says_why(lab: Lab) -> None:
    step = balancer()
    job: Any = None
    raw = {"State": {"Code": "failed", "Reason": "no addresses"}}
    with pytest.raises(StepFailed, match="load balancer front failed: no addresses"):
        step.settle(job, Seen("arn", raw))


def test_the_longer_wait_of_a_network_load_balancer_is_known() -> None:
    assert [balancer(type=kind).typical for kind in TYPES] == [120.0, 150.0]
    assert replace(balancer(type="network"), name="other").typical == 150.0
