"""VPC endpoints: as asked, set right, never doubled, gone with their interfaces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from provisioner.pace import Pace
from provisioner.schedule import Failed
from state.record import Record
from steps.base import Gone, Job, Need, Pending, Seen, Step, StepFailed
from steps.endpoints import VpcEndpoint
from tests.inventory import inventory
from tests.sandbox_fixture import Sandbox
from tests.steps.lab import REGION, Lab
from tests.steps.networks import Theirs, network

ECR, S3 = f"com.amazonaws.{REGION}.ecr.api", f"com.amazonaws.{REGION}.s3"
FAST = 600.0


def interface(**more: Any) -> VpcEndpoint:
    settings: dict[str, Any] = {"subnets": ("a",), "groups": ("group",), **more}
    needs = tuple(Need(name) for name in ("vpc", *settings["subnets"], *settings["groups"]))
    return VpcEndpoint(name="ecr", needs=needs, vpc="vpc", service=ECR, type="Interface", **settings)


def gateway(*tables: str) -> VpcEndpoint:
    needs = tuple(Need(name) for name in ("vpc", *tables))
    return VpcEndpoint(name="s3", needs=needs, vpc="vpc", service=S3, type="Gateway", route_tables=tables)


def stack(*endpoints: Step) -> list[Step]:
    return [*network(), *(endpoints or (interface(), gateway("table-1")))]


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return Lab(sandbox, tmp_path, scale=FAST)


def told(lab: Lab, step: str) -> dict[str, Any]:
    answer = lab.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[lab.id_of(step)])
    found: dict[str, Any] = answer["VpcEndpoints"][0]
    return found


def groups(raw: dict[str, Any]) -> list[str]:
    return [group["GroupId"] for group in raw["Groups"]]


def alive(lab: Lab) -> list[str]:
    found = lab.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    return [one["VpcEndpointId"] for one in found if one["State"] != "deleted"]


def test_they_are_as_asked(lab: Lab) -> None:
    lab.up(stack())
    one = told(lab, "ecr")
    assert (one["State"], one["VpcEndpointType"], one["ServiceName"]) == ("available", "Interface", ECR)
    assert (one["SubnetIds"], groups(one)) == ([lab.id_of("a")], [lab.id_of("group")])
    assert one["PrivateDnsEnabled"] is True
    assert lab.outputs("ecr") == {"dns_name": one["DnsEntries"][0]["DnsName"]}
    other = told(lab, "s3")
    assert (other["State"], other["VpcEndpointType"]) == ("available", "Gateway")
    assert other["RouteTableIds"] == [lab.id_of("table-1")]
    assert lab.outputs("s3") == {}
    assert {"Key": "provisioner:step", "Value": "s3"} in other["Tags"]


def test_a_second_run_only_looks_once(lab: Lab) -> None:
    lab.up(stack())
    assert lab.changed(stack()) == []
    looks = [call for call in lab.sandbox.calls() if call["action"] == "DescribeVpcEndpoints"]
    assert len(looks) == 1


def test_a_fresh_interface_is_given_time_to_answer(lab: Lab) -> None:
    lab.up(stack())
    assert any("it answers" in said for said in lab.said("ecr"))
    assert not any("it answers" in said for said in lab.said("s3"))
    lab.up(stack())
    assert not any("it answers" in said for said in lab.said("ecr"))


def test_what_was_changed_by_hand_is_set_right(lab: Lab) -> None:
    lab.up(stack())
    ec2, ecr = lab.client("ec2"), lab.id_of("ecr")
    other = ec2.create_security_group(GroupName="other", Description="x", VpcId=lab.id_of("vpc"))["GroupId"]
    ec2.modify_vpc_endpoint(
        VpcEndpointId=ecr,
        AddSecurityGroupIds=[other],
        RemoveSecurityGroupIds=[lab.id_of("group")],
        AddSubnetIds=[lab.id_of("b")],
        RemoveSubnetIds=[lab.id_of("a")],
        PrivateDnsEnabled=False,
    )
    ec2.modify_vpc_endpoint(
        VpcEndpointId=lab.id_of("s3"),
        AddRouteTableIds=[lab.id_of("table-2")],
        RemoveRouteTableIds=[lab.id_of("table-1")],
    )
    assert lab.changed(stack()) == ["ModifyVpcEndpoint", "ModifyVpcEndpoint"]
    one = told(lab, "ecr")
    assert (one["SubnetIds"], groups(one)) == ([lab.id_of("a")], [lab.id_of("group")])
    assert one["PrivateDnsEnabled"] is True
    assert told(lab, "s3")["RouteTableIds"] == [lab.id_of("table-1")]
    assert sorted(lab.notices()) == ["set PrivateDnsEnabled, SecurityGroupIds, SubnetIds", "set RouteTableIds"]
    assert lab.changed(stack()) == []


def test_another_wish_is_brought_about_in_place(lab: Lab) -> None:
    lab.up(stack())
    before = lab.id_of("ecr"), lab.id_of("s3")
    lab.up(stack(interface(subnets=("a", "b"), private_dns=False), gateway("table-1", "table-2")))
    assert (lab.id_of("ecr"), lab.id_of("s3")) == before
    assert set(told(lab, "ecr")["SubnetIds"]) == {lab.id_of("a"), lab.id_of("b")}
    assert told(lab, "ecr")["PrivateDnsEnabled"] is False
    assert set(told(lab, "s3")["RouteTableIds"]) == {lab.id_of("table-1"), lab.id_of("table-2")}
    assert set(lab.record("ecr").request["SubnetIds"]) == {lab.id_of("a"), lab.id_of("b")}


@pytest.mark.parametrize("do", ["drop-after", "error-after"])
def test_a_lost_answer_makes_no_other_one(lab: Lab, do: str) -> None:
    lab.sandbox.faults([{"action": "CreateVpcEndpoint", "do": do, "times": 2}])
    lab.patient().up(stack())
    assert sorted(alive(lab)) == sorted([lab.id_of("ecr"), lab.id_of("s3")])


def test_what_is_not_visible_yet_is_waited_for(lab: Lab) -> None:
    lab.sandbox.faults([{"do": "invisible", "service": "ec2", "seconds": 0.05}])
    lab.up(stack())
    assert len(alive(lab)) == 2


def test_another_endpoint_with_the_names_is_told_and_left_alone(lab: Lab) -> None:
    lab.up(network())
    ec2 = lab.client("ec2")
    other = ec2.create_vpc_endpoint(
        VpcId=lab.id_of("vpc"),
        ServiceName=ECR,
        VpcEndpointType="Interface",
        SubnetIds=[lab.id_of("a")],
        PrivateDnsEnabled=True,
    )["VpcEndpoint"]["VpcEndpointId"]
    with pytest.raises(Failed) as caught:
        lab.up(stack(interface()))
    assert f"has an endpoint for {ECR} already: {other}" in str(caught.value.failures[0].error)
    assert alive(lab) == [other]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[other])
    lab.up(stack(interface()))
    assert alive(lab) == [lab.id_of("ecr")]


def test_another_endpoint_in_the_route_table_is_told_and_left_alone(lab: Lab) -> None:
    lab.up(network())
    ec2 = lab.client("ec2")
    wanted = {"VpcId": lab.id_of("vpc"), "ServiceName": S3, "VpcEndpointType": "Gateway"}
    other = ec2.create_vpc_endpoint(**wanted, RouteTableIds=[lab.id_of("table-1")])["VpcEndpoint"]["VpcEndpointId"]
    with pytest.raises(Failed) as caught:
        lab.up(stack(gateway("table-1")))
    assert f"has an endpoint for {S3} already: {other}" in str(caught.value.failures[0].error)
    lab.up(stack(gateway("table-2")))
    assert set(alive(lab)) == {other, lab.id_of("s3")}


def test_names_that_are_not_free_yet_are_waited_for(lab: Lab) -> None:
    lab.up(stack())
    lab.pace = Pace(scale=20.0)
    lab.sandbox.latencies({"endpoint.private_dns.released": 2.8})
    lab.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[lab.id_of("ecr")])
    lab.up(stack())
    assert any("conflicting DNS domain" in said for said in lab.said("ecr"))
    assert len(alive(lab)) == 2


def test_nothing_is_left(lab: Lab) -> None:
    lab.up(stack())
    lab.sandbox.latencies({"endpoint.interface.deleted": 0.1, "endpoint.gateway.deleted": 0.1})
    lab.down()
    assert inventory(lab.sandbox.endpoint, REGION) == {}
    assert [call["error"] for call in lab.sandbox.calls(mutating=True) if call["error"]] == []


def test_lost_answers_of_the_deletion_do_not_matter(lab: Lab) -> None:
    lab.up(stack())
    lab.sandbox.faults([{"action": "DeleteVpcEndpoints", "do": "drop-after", "times": 2}])
    lab.down()
    assert inventory(lab.sandbox.endpoint, REGION) == {}


def test_it_is_not_gone_before_its_interfaces(lab: Lab) -> None:
    theirs = Theirs(lab.client("ec2"))
    left = lab.client("ec2").create_network_interface(
        SubnetId=theirs.subnet("10.9.0.0/24"), Description="VPC Endpoint Interface vpce-0123456789abcdef0"
    )["NetworkInterface"]["NetworkInterfaceId"]
    job = Job(lab.aws, Record("ecr", "vpc_endpoint", id="vpce-0123456789abcdef0"), {})
    found = VpcEndpoint.delete(job, None)
    assert isinstance(found, Pending)
    assert left in found.said
    lab.client("ec2").delete_network_interface(NetworkInterfaceId=left)
    assert VpcEndpoint.delete(job, None) == Gone()


def test_a_refusal_inside_a_successful_answer_is_an_error(lab: Lab) -> None:
    """Of an endpoint that is not there, DeleteVpcEndpoints says so in `Unsuccessful`."""
    job = Job(lab.aws, Record("ecr", "vpc_endpoint"), {})
    with pytest.raises(ClientError) as caught:
        VpcEndpoint.delete(job, Seen("vpce-0123456789abcdef0", {"State": "available"}))
    assert caught.value.response["Error"]["Code"] == "InvalidVpcEndpoint.NotFound"
    assert caught.value.operation_name == "DeleteVpcEndpoints"


@pytest.mark.parametrize("state", ["Failed", "rejected", "Expired"])
def test_a_failed_one_is_told_with_its_reason_and_is_made_anew_later(lab: Lab, state: str) -> None:
    raw = {"VpcEndpointId": "vpce-1", "State": state, "LastError": {"Code": "Nope", "Message": "no room"}}
    [seen] = [VpcEndpoint.listing._seen(raw)]
    assert seen.spent
    job = Job(lab.aws, Record("ecr", "vpc_endpoint", id="vpce-1"), {})
    with pytest.raises(StepFailed, match=f"vpce-1 is {state.lower()}: no room") as caught:
        interface().settle(job, seen)
    assert caught.value.code == "Nope"
    with pytest.raises(StepFailed, match="AWS gives no reason"):
        interface().settle(job, replace(seen, raw={"State": state}))
