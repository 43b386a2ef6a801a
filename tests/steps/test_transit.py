"""Attachments to transit gateways and the routes to them: also where another account must accept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from provisioner.schedule import Failed
from steps.aws.context import Look
from steps.base import Job, Need, Pending, Step, StepFailed
from steps.existing_network import ExistingSubnet, ExistingVpc
from steps.network import Subnet
from steps.routing import Route
from steps.security import SecurityGroup
from steps.transit import TransitGatewayAttachment
from tests.inventory import inventory
from tests.sandbox_fixture import Sandbox
from tests.steps.lab import ACCOUNT, REGION, Lab
from tests.steps.networks import Theirs, network

OTHER = "222222222222"
FAST = 600.0
ELSEWHERE = "10.128.0.0/16"


def attachment(gateway: str, *subnets: str) -> TransitGatewayAttachment:
    subnets = subnets or ("a", "b")
    return TransitGatewayAttachment(
        name="attachment",
        needs=tuple(Need(name) for name in ("vpc", *subnets)),
        transit_gateway=gateway,
        vpc="vpc",
        subnets=subnets,
    )


def route() -> Route:
    return Route(
        name="route",
        needs=(Need("table-1"), Need("attachment")),
        table="table-1",
        destination=ELSEWHERE,
        target="attachment",
        target_parameter="TransitGatewayId",
        target_output="transit_gateway",
    )


def stack(gateway: str, *subnets: str) -> list[Step]:
    return [*network(), attachment(gateway, *subnets), route()]


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return Lab(sandbox, tmp_path, scale=FAST)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of a second is all that is waited until an attachment is available."""
    assert TransitGatewayAttachment.patience == 3600
    monkeypatch.setattr(TransitGatewayAttachment, "patience", FAST / 10)


def kept_waiting(lab: Lab, steps: list[Step]) -> str:
    """Bring them up until patience is over; the last word."""
    with pytest.raises(Failed) as caught:
        lab.up(steps)
    return str(caught.value.failures[0].error)


@pytest.fixture
def gateway(lab: Lab) -> str:
    """A transit gateway of this account."""
    return str(lab.client("ec2").create_transit_gateway()["TransitGateway"]["TransitGatewayId"])


class Owner:
    """Another account, whose transit gateway is shared with ours and does not accept by itself."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        made = self.client("ec2").create_transit_gateway()["TransitGateway"]
        self.gateway = str(made["TransitGatewayId"])
        self.client("ram").create_resource_share(
            name="tgw", resourceArns=[made["TransitGatewayArn"]], principals=[ACCOUNT]
        )

    def client(self, service: str) -> Any:
        session: Any = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing")
        config = Config(retries={"total_max_attempts": 1})
        client = session.client(service, region_name=REGION, endpoint_url=self.sandbox.endpoint, config=config)

        def sign(request: Any, **_: Any) -> None:
            request.headers["x-moto-account-id"] = OTHER

        client.meta.events.register("before-send", sign)
        return client

    def accept(self, attachment: str) -> None:
        self.client("ec2").accept_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=attachment)

    def reject(self, attachment: str) -> None:
        self.client("ec2").reject_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=attachment)


def attachments(lab: Lab) -> list[dict[str, Any]]:
    answer = lab.client("ec2").describe_transit_gateway_vpc_attachments()
    found: list[dict[str, Any]] = answer["TransitGatewayVpcAttachments"]
    return [one for one in found if one["State"] != "deleted"]


def way(lab: Lab) -> tuple[str, str]:
    """Target and state of the route."""
    answer = lab.client("ec2").describe_route_tables(RouteTableIds=[lab.id_of("table-1")])
    [found] = [one for one in answer["RouteTables"][0]["Routes"] if one["DestinationCidrBlock"] == ELSEWHERE]
    return found["TransitGatewayId"], found["State"]


def test_it_is_as_asked_and_routed_to(lab: Lab, gateway: str) -> None:
    lab.up(stack(gateway))
    [one] = attachments(lab)
    assert (one["State"], one["TransitGatewayId"], one["VpcId"]) == ("available", gateway, lab.id_of("vpc"))
    assert set(one["SubnetIds"]) == {lab.id_of("a"), lab.id_of("b")}
    assert {"Key": "provisioner:step", "Value": "attachment"} in one["Tags"]
    assert way(lab) == (gateway, "active")
    assert lab.outputs("attachment") == {"transit_gateway": gateway}


def test_a_second_run_only_looks_once(lab: Lab, gateway: str) -> None:
    lab.up(stack(gateway))
    assert lab.changed(stack(gateway)) == []
    looks = [call["action"] for call in lab.sandbox.calls() if "TransitGateway" in str(call["action"])]
    assert looks == ["DescribeTransitGatewayVpcAttachments"]


@pytest.mark.parametrize("action", ["CreateTransitGatewayVpcAttachment", "CreateRoute"])
@pytest.mark.parametrize("do", ["drop-after", "error-after"])
def test_a_lost_answer_makes_no_other_one(lab: Lab, gateway: str, action: str, do: str) -> None:
    lab.sandbox.faults([{"action": action, "do": do, "times": 2}])
    lab.patient().up(stack(gateway))
    assert [one["TransitGatewayAttachmentId"] for one in attachments(lab)] == [lab.id_of("attachment")]
    assert way(lab) == (gateway, "active")


@pytest.mark.parametrize("action", ["CreateTransitGatewayVpcAttachment", "CreateRoute"])
def test_a_transit_gateway_that_is_not_known_yet_is_waited_for(lab: Lab, gateway: str, action: str) -> None:
    error = {"do": "error", "code": "InvalidTransitGatewayID.NotFound", "status": 400, "message": "not here"}
    lab.sandbox.faults([{"action": action, "times": 3, **error}])
    lab.patient().up(stack(gateway))
    assert way(lab) == (gateway, "active")


def test_subnets_are_set_right_and_changed_in_place(lab: Lab, gateway: str) -> None:
    lab.up(stack(gateway))
    lab.client("ec2").modify_transit_gateway_vpc_attachment(
        TransitGatewayAttachmentId=lab.id_of("attachment"), RemoveSubnetIds=[lab.id_of("b")]
    )
    assert lab.changed(stack(gateway)) == ["ModifyTransitGatewayVpcAttachment"]
    assert set(attachments(lab)[0]["SubnetIds"]) == {lab.id_of("a"), lab.id_of("b")}
    assert lab.notices() == ["put it into its subnets again"]
    before = lab.id_of("attachment")
    lab.up(stack(gateway, "a"))
    assert (lab.id_of("attachment"), attachments(lab)[0]["SubnetIds"]) == (before, [lab.id_of("a")])


def test_one_that_was_deleted_by_hand_is_made_again_and_the_route_lives(lab: Lab, gateway: str) -> None:
    lab.up(stack(gateway))
    before = lab.id_of("attachment")
    lab.client("ec2").delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=before)
    assert way(lab) == (gateway, "blackhole")
    lab.up(stack(gateway))
    assert lab.id_of("attachment") != before
    assert way(lab) == (gateway, "active")
    assert lab.changed(stack(gateway)) == []


def test_a_route_that_stays_a_blackhole_is_put_there_again(lab: Lab, gateway: str) -> None:
    """Only after a second look: its target may have come back in this very run."""
    lab.up(stack(gateway))
    lab.client("ec2").delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=lab.id_of("attachment"))
    record = lab.record("route")
    [seen] = [one for one in Route.survey(Look(lab.aws), [record]) if one.key == record.key]
    lab.up(stack(gateway))
    needs = {name: lab.record(name) for name in record.needs}
    lab.sandbox.forget_calls()
    assert route().settle(Job(lab.aws, record, needs, first=True), seen) == Pending("blackhole")
    assert lab.sandbox.calls(mutating=True) == []
    job = Job(lab.aws, record, needs)
    for _ in range(2):
        assert route().settle(job, seen) == Pending("blackhole")
    assert [call["action"] for call in lab.sandbox.calls(mutating=True)] == ["ReplaceRoute"]
    assert job.notes == [f"{ELSEWHERE} was a blackhole, and was put there again"]


def test_a_network_of_others_that_is_attached_already_is_left_alone(lab: Lab, gateway: str) -> None:
    theirs = Theirs(lab.client("ec2"))
    subnet = theirs.subnet("10.9.0.0/24")
    other = theirs.ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=gateway, VpcId=theirs.vpc, SubnetIds=[subnet]
    )["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    before = inventory(lab.sandbox.endpoint, REGION)
    steps = [ExistingVpc(name="vpc", given=theirs.vpc), ExistingSubnet(name="a", given=subnet)]
    with pytest.raises(Failed) as caught:
        lab.up([*steps, attachment(gateway, "a")])
    assert f"is attached to transit gateway {gateway} already, by {other}" in str(caught.value.failures[0].error)
    lab.down()
    assert inventory(lab.sandbox.endpoint, REGION) == before


@pytest.mark.usefixtures("impatient")
def test_that_another_account_must_accept_is_told_with_the_way_to_do_it(lab: Lab) -> None:
    owner = Owner(lab.sandbox)
    why = kept_waiting(lab, stack(owner.gateway))
    mine = lab.id_of("attachment")
    assert f"account {OTHER}, the owner of transit gateway {owner.gateway}, must accept" in why
    command = "aws ec2 accept-transit-gateway-vpc-attachment --region us-east-1 --transit-gateway-attachment-id"
    assert f"{command} {mine}" in why
    owner.accept(mine)
    lab.up(stack(owner.gateway))
    assert (lab.id_of("attachment"), way(lab)) == (mine, (owner.gateway, "active"))


@pytest.mark.usefixtures("impatient")
def test_one_that_waits_to_be_accepted_can_be_destroyed(lab: Lab) -> None:
    kept_waiting(lab, stack(Owner(lab.sandbox).gateway))
    lab.down()
    assert list(inventory(lab.sandbox.endpoint, REGION)) == ["transit gateway"]


@pytest.mark.usefixtures("impatient")
def test_a_rejected_one_is_told_and_made_anew_by_the_next_run(lab: Lab) -> None:
    owner = Owner(lab.sandbox)
    kept_waiting(lab, stack(owner.gateway))
    rejected = lab.id_of("attachment")
    owner.reject(rejected)
    record = lab.record("attachment")
    [seen] = TransitGatewayAttachment.survey(Look(lab.aws), [record])
    needs = {name: lab.record(name) for name in record.needs}
    with pytest.raises(StepFailed, match=f"account {OTHER}, .* rejected it"):
        attachment(owner.gateway).settle(Job(lab.aws, record, needs), seen)
    assert "must accept" in kept_waiting(lab, stack(owner.gateway))
    assert lab.id_of("attachment") != rejected
    owner.accept(lab.id_of("attachment"))
    lab.up(stack(owner.gateway))
    assert [one["State"] for one in attachments(lab)] == ["available"]


@pytest.mark.usefixtures("impatient")
def test_what_others_once_had_rejected_is_in_nobodys_way(lab: Lab) -> None:
    owner = Owner(lab.sandbox)
    lab.up(network())
    theirs = lab.client("ec2").create_transit_gateway_vpc_attachment(
        TransitGatewayId=owner.gateway, VpcId=lab.id_of("vpc"), SubnetIds=[lab.id_of("a")]
    )["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    owner.reject(theirs)
    kept_waiting(lab, stack(owner.gateway))
    owner.accept(lab.id_of("attachment"))
    lab.up(stack(owner.gateway))
    assert {one["State"] for one in attachments(lab)} == {"rejected", "available"}


def test_nothing_is_left_but_the_transit_gateway(lab: Lab, gateway: str) -> None:
    lab.up(stack(gateway))
    lab.sandbox.latencies({"transit_gateway.attachment.deleted": 0.1})
    lab.down()
    assert list(inventory(lab.sandbox.endpoint, REGION)) == ["transit gateway"]
    assert [call["error"] for call in lab.sandbox.calls(mutating=True) if call["error"]] == []


def test_lost_answers_of_the_deletion_do_not_matter(lab: Lab, gateway: str) -> None:
    lab.up(stack(gateway))
    actions = ("DeleteTransitGatewayVpcAttachment", "DeleteRoute")
    lab.sandbox.faults([{"action": action, "do": "drop-after", "times": 2} for action in actions])
    lab.patient().down()
    assert list(inventory(lab.sandbox.endpoint, REGION)) == ["transit gateway"]


def test_subnets_and_groups_wait_for_interfaces_of_others(
    lab: Lab, gateway: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint or attachment that somebody else deletes meanwhile holds them for a while."""
    lab.up(network())
    ec2 = lab.client("ec2")
    attached = ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=gateway, VpcId=lab.id_of("vpc"), SubnetIds=[lab.id_of("a")]
    )["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=lab.id_of("vpc"),
        ServiceName=f"com.amazonaws.{REGION}.logs",
        VpcEndpointType="Interface",
        SubnetIds=[lab.id_of("b")],
        SecurityGroupIds=[lab.id_of("group")],
    )["VpcEndpoint"]["VpcEndpointId"]
    lab.sandbox.latencies({"transit_gateway.attachment.deleted": 999, "endpoint.interface.deleted": 999})
    ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=attached)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    with monkeypatch.context() as hasty:
        for cls in (Subnet, SecurityGroup):
            hasty.setattr(cls, "patience_delete", FAST / 10)
        with pytest.raises(Failed):
            lab.down()
    for step, holder in {"a": attached, "b": endpoint, "group": endpoint}.items():
        assert any(holder in said for said in lab.said(step))
    lab.sandbox.advance(1000)
    lab.down()
    assert list(inventory(lab.sandbox.endpoint, REGION)) == ["transit gateway"]
