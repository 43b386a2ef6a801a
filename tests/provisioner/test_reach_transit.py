"""Routes of transit gateways that are taken away, dead or not learned: what we say, and what the sandbox does."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.reach import judge
from tests.provisioner.reach_lab import Witnesses, aws_of
from tests.sandbox.network_lab import ALL, Lab
from tests.sandbox_fixture import Sandbox


class Joined:
    """Two VPCs attached to a transit gateway whose route table learns nothing by itself."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.near, self.far = Lab(sandbox, "10.0"), Lab(sandbox, "10.1")
        self.ec2 = self.near.ec2
        options = {"DefaultRouteTablePropagation": "disable"}
        self.gateway = self.ec2.create_transit_gateway(Options=options)["TransitGateway"]["TransitGatewayId"]
        self.attached = [self.attach(one) for one in (self.near, self.far)]
        found = self.ec2.describe_transit_gateways(TransitGatewayIds=[self.gateway])["TransitGateways"][0]
        self.table = found["Options"]["AssociationDefaultRouteTableId"]
        for one, other in ((self.near, self.far), (self.far, self.near)):
            one.route(one.new_table(one.subnets[0]), other.cidr, TransitGatewayId=self.gateway)
            one.let_in(one.groups[0], cidr=ALL)
        self.route(self.near.cidr, 0)
        self.witnesses = Witnesses(self.near, aws_of(sandbox))

    def attach(self, lab: Lab) -> str:
        made = self.ec2.create_transit_gateway_vpc_attachment(
            TransitGatewayId=self.gateway, VpcId=lab.vpc, SubnetIds=lab.subnets[:1]
        )
        return str(made["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"])

    def route(self, cidr: str, to: int | None) -> None:
        """To an attachment, or nowhere."""
        more: dict[str, Any] = {"TransitGatewayAttachmentId": self.attached[to]} if to is not None else {}
        self.ec2.create_transit_gateway_route(
            TransitGatewayRouteTableId=self.table, DestinationCidrBlock=cidr, Blackhole=to is None, **more
        )

    def unroute(self, cidr: str) -> None:
        self.ec2.delete_transit_gateway_route(TransitGatewayRouteTableId=self.table, DestinationCidrBlock=cidr)

    def learn(self, which: int, *, on: bool) -> None:
        verb = "enable" if on else "disable"
        call = getattr(self.ec2, f"{verb}_transit_gateway_route_table_propagation")
        call(TransitGatewayRouteTableId=self.table, TransitGatewayAttachmentId=self.attached[which])

    def said(self) -> str:
        """What both say of a connection from the near VPC to the far one."""
        there = self.far.address(self.far.a)
        return self.witnesses.compare(self.witnesses.look(), self.near.a, there, 80)


@pytest.fixture
def joined(sandbox: Sandbox) -> Joined:
    return Joined(sandbox)


def test_a_static_route_that_is_deleted(joined: Joined) -> None:
    assert joined.said() == "hangs"
    joined.route(joined.far.cidr, 1)
    assert joined.said() == "open"
    joined.unroute(joined.far.cidr)
    assert joined.said() == "hangs"
    joined.route(joined.far.cidr, 1)
    assert joined.said() == "open"
    joined.unroute(joined.near.cidr)  # the answer's
    assert joined.said() == "hangs"


def test_a_route_into_a_black_hole_beats_a_shorter_one(joined: Joined) -> None:
    joined.route(ALL, 1)
    assert joined.said() == "open"
    joined.route(joined.far.cidr, None)
    assert joined.said() == "hangs"
    found = judge(joined.witnesses.look(), joined.near.a, joined.far.address(joined.far.a), 80)
    assert found.stop is not None
    assert found.stop.why == f"route {joined.far.cidr} -> nothing is a blackhole"
    joined.unroute(joined.far.cidr)
    assert joined.said() == "open"


def test_a_propagation_that_is_disabled(joined: Joined) -> None:
    joined.learn(1, on=True)
    assert joined.said() == "open"
    joined.route(joined.far.cidr, None)  # a static route of the same length comes first
    assert joined.said() == "hangs"
    joined.unroute(joined.far.cidr)
    joined.learn(1, on=False)
    assert joined.said() == "hangs"


@pytest.mark.parametrize("static", [True, False])
@pytest.mark.parametrize("which", [0, 1])
def test_an_attachment_that_is_being_deleted(joined: Joined, static: bool, which: int) -> None:
    if static:
        joined.route(joined.far.cidr, 1)
    else:
        joined.learn(1, on=True)
    assert joined.said() == "open"
    attachment = joined.attached[which]
    joined.sandbox.latencies({"transit_gateway.attachment.deleted": 60})
    joined.ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=attachment)
    found = joined.ec2.describe_transit_gateway_vpc_attachments(TransitGatewayAttachmentIds=[attachment])
    assert found["TransitGatewayVpcAttachments"][0]["State"] == "deleting"
    assert joined.said() == "hangs"
    joined.sandbox.advance(3600)
    assert joined.said() == "hangs"
