"""Connections through transit gateways."""

from __future__ import annotations

import pytest

from tests.sandbox.network_lab import ALL, Lab
from tests.sandbox_fixture import REGION, Sandbox

EPHEMERAL = (1024, 65535)
HTTP = (80, 80)


class Transit:
    """Two VPCs, both attached to a transit gateway in zone a, each with routes to the other."""

    def __init__(self, sandbox: Sandbox, *, default_table: bool = True) -> None:
        self.near, self.far = Lab(sandbox, "10.0"), Lab(sandbox, "10.1")
        self.ec2 = self.near.ec2
        on = "enable" if default_table else "disable"
        options = {"DefaultRouteTableAssociation": on, "DefaultRouteTablePropagation": on}
        self.gateway = self.ec2.create_transit_gateway(Options=options)["TransitGateway"]["TransitGatewayId"]
        self.attachments = [self.attach(lab, lab.subnets[:1]) for lab in (self.near, self.far)]
        self.tables = [
            self.near.new_table(self.near.subnets[0]),
            self.far.new_table(self.far.subnets[0]),
        ]
        self.near.route(self.tables[0], self.far.cidr, TransitGatewayId=self.gateway)
        self.far.route(self.tables[1], self.near.cidr, TransitGatewayId=self.gateway)

    def attach(self, lab: Lab, subnets: list[str]) -> str:
        made = self.ec2.create_transit_gateway_vpc_attachment(
            TransitGatewayId=self.gateway, VpcId=lab.vpc, SubnetIds=subnets
        )
        return str(made["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"])

    def new_table(self) -> str:
        made = self.ec2.create_transit_gateway_route_table(TransitGatewayId=self.gateway)
        return str(made["TransitGatewayRouteTable"]["TransitGatewayRouteTableId"])

    def default_table(self) -> str:
        found = self.ec2.describe_transit_gateways(TransitGatewayIds=[self.gateway])["TransitGateways"][0]
        return str(found["Options"]["AssociationDefaultRouteTableId"])

    def opens(self, port: int = 80) -> str:
        return self.near.opens(self.near.a, self.far.address(self.far.a), port)

    def hangs(self, to: str = "") -> str:
        return self.near.hangs(self.near.a, to or self.far.address(self.far.a))


@pytest.fixture
def transit(sandbox: Sandbox) -> Transit:
    return Transit(sandbox)


def test_attached_vpcs_reach_each_other(transit: Transit) -> None:
    assert transit.far.groups[0] in transit.hangs()
    transit.far.let_in(transit.far.groups[0], cidr=transit.near.cidr)
    assert transit.attachments[1] in transit.opens()


def test_the_way_there_needs_a_route(transit: Transit) -> None:
    transit.far.let_in(transit.far.groups[0])
    transit.ec2.delete_route(RouteTableId=transit.tables[0], DestinationCidrBlock=transit.far.cidr)
    assert transit.tables[0] in transit.hangs()


def test_the_way_back_needs_a_route(transit: Transit) -> None:
    transit.far.let_in(transit.far.groups[0])
    transit.ec2.delete_route(RouteTableId=transit.tables[1], DestinationCidrBlock=transit.near.cidr)
    assert "no way back" in transit.hangs()


def test_the_way_back_is_the_same_gateway(transit: Transit) -> None:
    transit.far.let_in(transit.far.groups[0])
    other = transit.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    transit.ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=other, VpcId=transit.far.vpc, SubnetIds=transit.far.subnets[:1]
    )
    route = {"RouteTableId": transit.tables[1], "DestinationCidrBlock": transit.near.cidr}
    transit.ec2.replace_route(**route, TransitGatewayId=other)
    assert "no way back" in transit.hangs()
    transit.ec2.replace_route(**route, TransitGatewayId=transit.gateway)
    transit.opens()


def test_the_table_of_the_other_side_needs_a_way_back(sandbox: Sandbox) -> None:
    transit = Transit(sandbox, default_table=False)
    transit.far.let_in(transit.far.groups[0])
    tables = [transit.new_table() for _ in transit.attachments]
    for table, attachment in zip(tables, transit.attachments, strict=True):
        transit.ec2.associate_transit_gateway_route_table(
            TransitGatewayRouteTableId=table, TransitGatewayAttachmentId=attachment
        )
    learn = transit.ec2.enable_transit_gateway_route_table_propagation
    learn(TransitGatewayRouteTableId=tables[0], TransitGatewayAttachmentId=transit.attachments[1])
    assert f"no way back: no route of {tables[1]}" in transit.hangs()
    learn(TransitGatewayRouteTableId=tables[1], TransitGatewayAttachmentId=transit.attachments[0])
    transit.opens()


def test_a_gateway_endpoint_is_for_its_own_vpc(transit: Transit) -> None:
    near, far, s3 = transit.near, transit.far, f"s3.{REGION}.amazonaws.com"
    near.route(transit.tables[0], ALL, TransitGatewayId=transit.gateway)
    transit.ec2.create_transit_gateway_route(
        TransitGatewayRouteTableId=transit.default_table(),
        DestinationCidrBlock=ALL,
        TransitGatewayAttachmentId=transit.attachments[1],
    )
    transit.ec2.create_vpc_endpoint(
        VpcId=far.vpc, ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=[transit.tables[1]]
    )
    far.opens(far.a, s3, 443)
    assert "gateway endpoint" in near.hangs(near.a, s3, 443)


def test_zones_without_an_attachment_are_cut_off(transit: Transit) -> None:
    transit.far.let_in(transit.far.groups[1])
    far, near = transit.far, transit.near
    table = far.new_table(far.subnets[1])
    far.route(table, near.cidr, TransitGatewayId=transit.gateway)
    assert "no way back" in transit.hangs(far.address(far.b))
    transit.ec2.modify_transit_gateway_vpc_attachment(
        TransitGatewayAttachmentId=transit.attachments[1], AddSubnetIds=[far.subnets[1]]
    )
    near.opens(near.a, far.address(far.b))


def test_an_attachment_must_be_available(sandbox: Sandbox) -> None:
    sandbox.latencies({"transit_gateway.attachment.deleted": 60})
    transit = Transit(sandbox)
    transit.far.let_in(transit.far.groups[0])
    transit.opens()
    transit.ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=transit.attachments[1])
    transit.hangs()


def test_without_default_tables_one_has_to_associate_and_propagate(sandbox: Sandbox) -> None:
    transit = Transit(sandbox, default_table=False)
    transit.far.let_in(transit.far.groups[0])
    table = transit.new_table()
    assert "associated with no route table" in transit.hangs()
    for attachment in transit.attachments:
        transit.ec2.associate_transit_gateway_route_table(
            TransitGatewayRouteTableId=table, TransitGatewayAttachmentId=attachment
        )
    for attachment in transit.attachments:
        assert table in transit.hangs()
        transit.ec2.enable_transit_gateway_route_table_propagation(
            TransitGatewayRouteTableId=table, TransitGatewayAttachmentId=attachment
        )
    transit.opens()


def test_associations_and_propagations_take_their_time(sandbox: Sandbox) -> None:
    transit = Transit(sandbox, default_table=False)
    transit.far.let_in(transit.far.groups[0])
    sandbox.latencies({"transit_gateway.route": 30})
    table = transit.new_table()
    steps = (
        (transit.ec2.associate_transit_gateway_route_table, "associated with no route table"),
        (transit.ec2.enable_transit_gateway_route_table_propagation, "no route"),
    )
    for step, why in steps:
        for attachment in transit.attachments:
            step(TransitGatewayRouteTableId=table, TransitGatewayAttachmentId=attachment)
        assert why in transit.hangs()
        sandbox.advance(31)
    transit.opens()


def test_a_static_route_beats_a_propagated_one(transit: Transit) -> None:
    transit.far.let_in(transit.far.groups[0])
    table = transit.default_table()
    transit.ec2.create_transit_gateway_route(
        TransitGatewayRouteTableId=table, DestinationCidrBlock=transit.far.cidr, Blackhole=True
    )
    assert "blackhole" in transit.hangs()
    transit.ec2.create_transit_gateway_route(
        TransitGatewayRouteTableId=table,
        DestinationCidrBlock="10.1.0.0/24",
        TransitGatewayAttachmentId=transit.attachments[1],
    )
    transit.opens()


def test_what_is_in_no_vpc_is_beyond(transit: Transit) -> None:
    near, remote = transit.near, "192.168.7.7"
    near.route(transit.tables[0], "192.168.0.0/16", TransitGatewayId=transit.gateway)
    assert "no route" in transit.hangs(remote)
    customer = transit.ec2.create_customer_gateway(Type="ipsec.1", PublicIp="198.51.100.1", BgpAsn=65000)
    transit.ec2.create_vpn_connection(
        Type="ipsec.1",
        CustomerGatewayId=customer["CustomerGateway"]["CustomerGatewayId"],
        TransitGatewayId=transit.gateway,
    )
    known = transit.ec2.describe_transit_gateway_attachments()["TransitGatewayAttachments"]
    vpn = next(one["TransitGatewayAttachmentId"] for one in known if one["ResourceType"] == "vpn")
    transit.ec2.create_transit_gateway_route(
        TransitGatewayRouteTableId=transit.default_table(),
        DestinationCidrBlock="192.168.0.0/16",
        TransitGatewayAttachmentId=vpn,
    )
    assert "beyond" in near.opens(near.a, remote)


def test_a_vpc_may_lend_its_nat_gateway(transit: Transit) -> None:
    near, far = transit.near, transit.far
    inner = far.new_subnet("10.1.7.0/24")
    far.new_table(inner, GatewayId=far.gateway)
    nat = far.new_nat(inner)
    near.route(transit.tables[0], ALL, TransitGatewayId=transit.gateway)
    far.route(transit.tables[1], ALL, NatGatewayId=nat)
    outside = "www.elsewhere.org"
    transit.ec2.create_transit_gateway_route(
        TransitGatewayRouteTableId=transit.default_table(),
        DestinationCidrBlock=ALL,
        TransitGatewayAttachmentId=transit.attachments[1],
    )
    assert "no way back" in near.hangs(near.a, outside)  # from the NAT gateway's subnet
    tables = transit.ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [inner]}])
    far.route(tables["RouteTables"][0]["RouteTableId"], near.cidr, TransitGatewayId=transit.gateway)
    assert nat in near.opens(near.a, outside)
    transit.ec2.create_vpc_endpoint(
        VpcId=far.vpc,
        ServiceName=f"com.amazonaws.{REGION}.s3",
        RouteTableIds=[tables["RouteTables"][0]["RouteTableId"]],
    )
    assert "vpce-" in near.opens(near.a, f"s3.{REGION}.amazonaws.com", 443)


def test_network_acls_see_the_attachment_as_one_of_the_subnet(transit: Transit) -> None:
    """In a subnet of its own: into it for what goes to the gateway, out of it for what comes back."""
    near, far = transit.near, transit.far
    far.let_in(far.groups[0])
    own = near.new_subnet("10.0.9.0/28")
    transit.ec2.modify_transit_gateway_vpc_attachment(
        TransitGatewayAttachmentId=transit.attachments[0], AddSubnetIds=[own], RemoveSubnetIds=near.subnets[:1]
    )
    transit.opens()
    acl = near.new_acl(own)
    assert acl in transit.hangs()
    near.entry(acl, 10, HTTP, egress=False, cidr="10.0.0.0/24")
    assert "the answer" in transit.hangs()
    near.entry(acl, 10, EPHEMERAL, egress=True, cidr="10.0.0.0/24")
    transit.opens()


def test_network_acls_within_the_subnet_of_the_attachment(transit: Transit) -> None:
    """What comes from the gateway is not judged there, what goes to it is judged in both directions."""
    near, far = transit.near, transit.far
    far.let_in(far.groups[0])
    acl = far.new_acl(far.subnets[0])
    assert "the answer" in transit.hangs()
    far.entry(acl, 10, EPHEMERAL, egress=True, cidr=near.cidr)
    assert "the answer" in transit.hangs()
    far.entry(acl, 10, EPHEMERAL, egress=False, cidr=far.cidr)
    transit.opens()


def test_network_acls_on_the_way_into_the_same_subnets_attachment(transit: Transit) -> None:
    near, far = transit.near, transit.far
    far.let_in(far.groups[0])
    acl = near.new_acl(near.subnets[0])
    near.entry(acl, 10, HTTP, egress=True, cidr=far.cidr)
    assert acl in transit.hangs()
    near.entry(acl, 10, HTTP, egress=False, cidr=near.cidr)
    transit.opens()
