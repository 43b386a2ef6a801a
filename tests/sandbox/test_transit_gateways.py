"""Transit gateways, what is attached to them, and accounts that share one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.principals import in_account
from tests.sandbox.world import Network, refused
from tests.sandbox_fixture import REGION, Sandbox

OTHER = "222222222222"


class Site(Network):
    """A network and its transit gateway."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.tgw = ""

    def new_gateway(self, **options: str) -> str:
        """One that is available already."""
        answer = self.ec2.create_transit_gateway(Options=options)["TransitGateway"]
        assert answer["State"] == "pending"
        self.sandbox.advance(91)
        self.tgw = str(answer["TransitGatewayId"])
        return self.tgw

    def attach(self, gateway: str = "", **more: Any) -> dict[str, Any]:
        wanted = {"TransitGatewayId": gateway or self.tgw, "VpcId": self.vpc, "SubnetIds": self.subnets}
        answer = self.ec2.create_transit_gateway_vpc_attachment(**{**wanted, **more})
        made: dict[str, Any] = answer["TransitGatewayVpcAttachment"]
        return made

    def attached(self, **more: Any) -> str:
        """An attachment that is available already."""
        name = str(self.attach(**more)["TransitGatewayAttachmentId"])
        self.sandbox.advance(91)
        return name

    def attachment(self, name: str) -> dict[str, Any]:
        answer = self.ec2.describe_transit_gateway_vpc_attachments(TransitGatewayAttachmentIds=[name])
        found: dict[str, Any] = answer["TransitGatewayVpcAttachments"][0]
        return found

    def gateway_state(self) -> str:
        answer = self.ec2.describe_transit_gateways(TransitGatewayIds=[self.tgw])
        return str(answer["TransitGateways"][0]["State"])

    def default_table(self) -> str:
        found = self.ec2.describe_transit_gateways(TransitGatewayIds=[self.tgw])["TransitGateways"][0]
        return str(found["Options"]["AssociationDefaultRouteTableId"])

    def routes(self, table: str, **filters: str) -> dict[str, tuple[str, str]]:
        """Type and state of each."""
        named = [{"Name": name.replace("__", "-"), "Values": [value]} for name, value in filters.items()]
        wanted = named or [{"Name": "state", "Values": ["active", "blackhole"]}]
        answer = self.ec2.search_transit_gateway_routes(TransitGatewayRouteTableId=table, Filters=wanted)
        return {one["DestinationCidrBlock"]: (one["Type"], one["State"]) for one in answer["Routes"]}


class Guest(Site):
    """The same in another account."""

    @property
    def ec2(self) -> Any:
        return in_account(self.sandbox, OTHER, "ec2")


@pytest.fixture
def site(sandbox: Sandbox) -> Iterator[Site]:
    """Where time passes as on AWS, and only as the test says."""
    sandbox.become("scaled=1")
    yield Site(sandbox)
    sandbox.become("instant")


@pytest.fixture
def guest(site: Site) -> Guest:
    return Guest(site.sandbox)


def share(site: Site) -> str:
    arn = f"arn:aws:ec2:{REGION}:123456789012:transit-gateway/{site.tgw}"
    ram = site.sandbox.client("ram")
    answer = ram.create_resource_share(name="tgw", resourceArns=[arn], principals=[OTHER])
    return str(answer["resourceShare"]["resourceShareArn"])


def test_a_gateway_takes_its_time(site: Site) -> None:
    site.tgw = site.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    assert site.gateway_state() == "pending"
    refused(site.ec2.delete_transit_gateway, "IncorrectState", TransitGatewayId=site.tgw)
    refused(site.attach, "IncorrectState")
    site.sandbox.advance(91)
    assert site.gateway_state() == "available"
    site.ec2.delete_transit_gateway(TransitGatewayId=site.tgw)
    assert site.gateway_state() == "deleting"
    site.sandbox.advance(61)
    assert site.gateway_state() == "deleted"
    refused(site.ec2.delete_transit_gateway, "InvalidTransitGatewayID.NotFound", TransitGatewayId=site.tgw)
    refused(site.attach, "InvalidTransitGatewayID.NotFound")
    site.sandbox.advance(3600)
    refused(site.gateway_state, "InvalidTransitGatewayID.NotFound")


def test_gateways_are_found_by_filters(site: Site) -> None:
    tags = [{"ResourceType": "transit-gateway", "Tags": [{"Key": "a", "Value": "b"}]}]
    made = site.ec2.create_transit_gateway(TagSpecifications=tags)["TransitGateway"]["TransitGatewayId"]
    site.new_gateway()

    def found(name: str, value: str) -> list[str]:
        answer = site.ec2.describe_transit_gateways(Filters=[{"Name": name, "Values": [value]}])
        return [one["TransitGatewayId"] for one in answer["TransitGateways"]]

    assert found("tag:a", "b") == [made]
    assert found("transit-gateway-id", site.tgw) == [site.tgw]
    assert len(found("state", "available")) == 2
    assert found("owner-id", OTHER) == []


def test_default_route_tables_are_optional(site: Site) -> None:
    site.new_gateway(DefaultRouteTableAssociation="disable", DefaultRouteTablePropagation="disable")
    tables = site.ec2.describe_transit_gateway_route_tables()["TransitGatewayRouteTables"]
    assert tables == []
    name = site.attached()
    assert "Association" not in site.ec2.describe_transit_gateway_attachments()["TransitGatewayAttachments"][0]
    assert site.attachment(name)["State"] == "available"


def test_an_attachment_takes_its_time(site: Site) -> None:
    site.new_gateway()
    tags = [{"ResourceType": "transit-gateway-attachment", "Tags": [{"Key": "a", "Value": "b"}]}]
    made = site.attach(TagSpecifications=tags)
    name = made["TransitGatewayAttachmentId"]
    assert (made["State"], made["Tags"]) == ("pending", [{"Key": "a", "Value": "b"}])
    refused(site.ec2.delete_transit_gateway_vpc_attachment, "IncorrectState", TransitGatewayAttachmentId=name)
    site.sandbox.advance(91)
    assert site.attachment(name)["State"] == "available"
    assert site.attachment(name)["Tags"] == [{"Key": "a", "Value": "b"}]
    answer = site.ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=name)
    assert answer["TransitGatewayVpcAttachment"]["State"] == "deleting"
    site.sandbox.advance(61)
    assert site.attachment(name)["State"] == "deleted"
    unknown = "InvalidTransitGatewayAttachmentID.NotFound"
    refused(site.ec2.delete_transit_gateway_vpc_attachment, unknown, TransitGatewayAttachmentId=name)
    site.sandbox.advance(3600)
    refused(site.attachment, unknown, name=name)


def test_attachments_are_found_by_filters(site: Site) -> None:
    site.new_gateway()
    tags = [{"ResourceType": "transit-gateway-attachment", "Tags": [{"Key": "a", "Value": "b"}]}]
    name = site.attached(TagSpecifications=tags)

    def found(name: str, value: str) -> list[str]:
        filters = [{"Name": name, "Values": [value]}]
        both = (
            site.ec2.describe_transit_gateway_vpc_attachments(Filters=filters)["TransitGatewayVpcAttachments"],
            site.ec2.describe_transit_gateway_attachments(Filters=filters)["TransitGatewayAttachments"],
        )
        assert [one["TransitGatewayAttachmentId"] for one in both[0]] == [
            one["TransitGatewayAttachmentId"] for one in both[1]
        ]
        return [one["TransitGatewayAttachmentId"] for one in both[0]]

    for key, value in {
        "tag:a": "b",
        "state": "available",
        "vpc-id": site.vpc,
        "transit-gateway-id": site.tgw,
    }.items():
        assert found(key, value) == [name]
    for key in ("tag:a", "state", "vpc-id", "transit-gateway-id"):
        assert found(key, "other") == []


def test_its_interfaces_hold_the_subnets(site: Site) -> None:
    site.new_gateway()
    name = site.attached()
    found = site.interfaces(f"Network Interface for Transit Gateway Attachment {name}")
    assert {one["SubnetId"] for one in found} == set(site.subnets)
    assert {one["InterfaceType"] for one in found} == {"transit_gateway"}
    assert [one["Groups"] for one in found] == [[], []]
    site.ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=name)
    refused(site.ec2.delete_subnet, "DependencyViolation", SubnetId=site.subnets[0])
    site.sandbox.advance(61)
    site.ec2.delete_subnet(SubnetId=site.subnets[0])


def test_subnets_must_fit(site: Site) -> None:
    site.new_gateway()
    twin = site.ec2.create_subnet(VpcId=site.vpc, CidrBlock="10.0.9.0/24", AvailabilityZone=f"{REGION}a")
    subnets = [site.subnets[0], twin["Subnet"]["SubnetId"]]
    refused(site.attach, "DuplicateSubnetsInSameZone", SubnetIds=subnets)
    refused(site.attach, "InvalidSubnetID.NotFound", SubnetIds=["subnet-12345678"])
    refused(site.attach, "InvalidSubnetID.NotFound", SubnetIds=Network(site.sandbox).subnets)
    refused(site.attach, "InvalidVpcID.NotFound", VpcId="vpc-12345678")
    refused(site.attach, "InvalidTransitGatewayID.NotFound", gateway="tgw-12345678")
    name = site.attached(SubnetIds=subnets[:1])
    modify = {"TransitGatewayAttachmentId": name, "AddSubnetIds": subnets[1:]}
    refused(site.ec2.modify_transit_gateway_vpc_attachment, "DuplicateSubnetsInSameZone", **modify)
    site.ec2.modify_transit_gateway_vpc_attachment(**modify, RemoveSubnetIds=subnets[:1])
    assert (site.attachment(name)["State"], site.attachment(name)["SubnetIds"]) == ("modifying", subnets[1:])
    refused(site.ec2.modify_transit_gateway_vpc_attachment, "IncorrectState", **modify)
    site.sandbox.advance(91)
    assert site.attachment(name)["State"] == "available"
    (left,) = site.interfaces("Network Interface for Transit *")
    assert left["SubnetId"] == subnets[1]


def test_a_vpc_is_attached_once(site: Site) -> None:
    site.new_gateway()
    name = site.attached()
    refused(site.attach, "DuplicateTransitGatewayAttachment")
    site.ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=name)
    refused(site.attach, "DuplicateTransitGatewayAttachment")
    site.sandbox.advance(61)
    site.attach()


def test_a_gateway_with_attachments_stays(site: Site) -> None:
    site.new_gateway()
    name = site.attached()
    message = refused(site.ec2.delete_transit_gateway, "IncorrectState", TransitGatewayId=site.tgw)
    assert name in message
    site.ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=name)
    refused(site.ec2.delete_transit_gateway, "IncorrectState", TransitGatewayId=site.tgw)
    site.sandbox.advance(61)
    site.ec2.delete_transit_gateway(TransitGatewayId=site.tgw)


def test_an_attachment_joins_the_default_table(site: Site) -> None:
    site.new_gateway()
    name = str(site.attach()["TransitGatewayAttachmentId"])
    table = site.default_table()
    assert site.routes(table) == {}
    site.sandbox.advance(91)
    assert site.routes(table) == {"10.0.0.0/16": ("propagated", "active")}
    (found,) = site.ec2.describe_transit_gateway_attachments()["TransitGatewayAttachments"]
    assert found["Association"] == {"TransitGatewayRouteTableId": table, "State": "associated"}
    site.ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=name)
    site.sandbox.advance(61)
    assert site.routes(table) == {}


def test_tables_take_available_attachments(site: Site) -> None:
    site.new_gateway(DefaultRouteTableAssociation="disable", DefaultRouteTablePropagation="disable")
    answer = site.ec2.create_transit_gateway_route_table(TransitGatewayId=site.tgw)
    table = answer["TransitGatewayRouteTable"]["TransitGatewayRouteTableId"]
    name = site.attach()["TransitGatewayAttachmentId"]
    both = {"TransitGatewayRouteTableId": table, "TransitGatewayAttachmentId": name}
    associate = site.ec2.associate_transit_gateway_route_table
    propagate = site.ec2.enable_transit_gateway_route_table_propagation
    route = site.ec2.create_transit_gateway_route
    for call, more in ((associate, {}), (propagate, {}), (route, {"DestinationCidrBlock": "0.0.0.0/0"})):
        refused(call, "IncorrectState", **both, **more)
        unknown = {**both, "TransitGatewayAttachmentId": "tgw-attach-1"}
        refused(call, "InvalidTransitGatewayAttachmentID.NotFound", **unknown, **more)
        refused(call, "InvalidRouteTableID.NotFound", **{**both, "TransitGatewayRouteTableId": "x"}, **more)
    site.sandbox.advance(91)
    assert associate(**both)["Association"]["State"] == "associating"
    assert propagate(**both)["Propagation"]["State"] == "enabling"
    assert site.routes(table) == {}
    refused(associate, "Resource.AlreadyAssociated", **both)
    refused(propagate, "TransitGatewayRouteTablePropagation.Duplicate", **both)
    site.sandbox.advance(11)
    (found,) = site.ec2.get_transit_gateway_route_table_associations(TransitGatewayRouteTableId=table)[
        "Associations"
    ]
    assert found["State"] == "associated"
    (one,) = site.ec2.describe_transit_gateway_attachments()["TransitGatewayAttachments"]
    assert one["Association"]["State"] == "associated"
    assert site.routes(table) == {"10.0.0.0/16": ("propagated", "active")}
    delete = site.ec2.delete_transit_gateway_route_table
    refused(delete, "IncorrectState", TransitGatewayRouteTableId=table)
    site.ec2.disassociate_transit_gateway_route_table(**both)
    refused(site.ec2.disassociate_transit_gateway_route_table, "InvalidAssociation.NotFound", **both)
    site.ec2.disable_transit_gateway_route_table_propagation(**both)
    refused(
        site.ec2.disable_transit_gateway_route_table_propagation,
        "TransitGatewayRouteTablePropagation.NotFound",
        **both,
    )
    associate(**both)
    site.ec2.disassociate_transit_gateway_route_table(**both)
    delete(TransitGatewayRouteTableId=table)
    refused(delete, "InvalidRouteTableID.NotFound", TransitGatewayRouteTableId=table)


def test_route_tables_are_of_a_gateway(site: Site) -> None:
    create = site.ec2.create_transit_gateway_route_table
    refused(create, "InvalidTransitGatewayID.NotFound", TransitGatewayId="tgw-12345678")
    create(TransitGatewayId=site.new_gateway())
    refused(
        site.ec2.delete_transit_gateway_route_table,
        "IncorrectState",
        TransitGatewayRouteTableId=site.default_table(),
    )


def test_static_routes(site: Site) -> None:
    site.new_gateway()
    name, table = site.attached(), site.default_table()
    route = {"TransitGatewayRouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    site.ec2.create_transit_gateway_route(**route, TransitGatewayAttachmentId=name)
    refused(site.ec2.create_transit_gateway_route, "RouteAlreadyExists", **route, TransitGatewayAttachmentId=name)
    assert site.routes(table, type="static") == {"0.0.0.0/0": ("static", "active")}
    assert list(site.routes(table, **{"route-search.longest-prefix-match": "10.0.1.0/24"})) == ["10.0.0.0/16"]
    assert list(site.routes(table, **{"route-search.exact-match": "0.0.0.0/0"})) == ["0.0.0.0/0"]
    assert list(site.routes(table, **{"route-search.subnet-of-match": "10.0.0.0/8"})) == ["10.0.0.0/16"]
    site.ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=name)
    site.sandbox.advance(61)
    assert site.routes(table) == {"0.0.0.0/0": ("static", "blackhole")}
    site.ec2.delete_transit_gateway_route(**route)
    refused(site.ec2.delete_transit_gateway_route, "InvalidRoute.NotFound", **route)


def test_routes_of_a_vpc_become_black_holes(site: Site) -> None:
    site.new_gateway()
    name = site.attached()
    table = site.ec2.create_route_table(VpcId=site.vpc)["RouteTable"]["RouteTableId"]
    site.ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.8.0.0/16", TransitGatewayId=site.tgw)

    def state() -> str:
        routes = site.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        return str(next(route["State"] for route in routes if "TransitGatewayId" in route))

    assert state() == "active"
    site.ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=name)
    assert state() == "blackhole"


def test_a_gateway_is_seen_by_those_it_is_shared_with(site: Site, guest: Guest) -> None:
    guest.tgw = site.new_gateway()
    refused(guest.gateway_state, "InvalidTransitGatewayID.NotFound")
    refused(guest.attach, "InvalidTransitGatewayID.NotFound")
    arn = share(site)
    assert guest.gateway_state() == "available"
    refused(guest.ec2.delete_transit_gateway, "InvalidTransitGatewayID.NotFound", TransitGatewayId=guest.tgw)
    site.sandbox.client("ram").delete_resource_share(resourceShareArn=arn)
    refused(guest.gateway_state, "InvalidTransitGatewayID.NotFound")


def test_the_owner_accepts_an_attachment(site: Site, guest: Guest) -> None:
    guest.tgw = site.new_gateway()
    share(site)
    made = guest.attach()
    name = made["TransitGatewayAttachmentId"]
    assert made["State"] == "pendingAcceptance"
    assert made["VpcOwnerId"] == OTHER
    site.sandbox.advance(91)
    assert guest.attachment(name)["State"] == site.attachment(name)["State"] == "pendingAcceptance"
    assert guest.interfaces("Network Interface for Transit *") == []
    accept = site.ec2.accept_transit_gateway_vpc_attachment
    refused(
        guest.ec2.accept_transit_gateway_vpc_attachment, "OperationNotPermitted", TransitGatewayAttachmentId=name
    )
    accepted = accept(TransitGatewayAttachmentId=name)["TransitGatewayVpcAttachment"]
    assert accepted["State"] == "pending"
    refused(accept, "IncorrectState", TransitGatewayAttachmentId=name)
    assert len(guest.interfaces("Network Interface for Transit *")) == 2
    assert site.interfaces("Network Interface for Transit *") == []
    site.sandbox.advance(91)
    assert guest.attachment(name)["State"] == "available"
    (seen,) = site.ec2.describe_transit_gateway_attachments()["TransitGatewayAttachments"]
    assert (seen["ResourceOwnerId"], seen["TransitGatewayOwnerId"]) == (OTHER, "123456789012")
    assert site.routes(site.default_table()) == {"10.0.0.0/16": ("propagated", "active")}
    refused(site.ec2.delete_transit_gateway, "IncorrectState", TransitGatewayId=site.tgw)


def test_routes_lead_to_a_shared_gateway(site: Site, guest: Guest) -> None:
    guest.tgw = site.new_gateway(AutoAcceptSharedAttachments="enable")
    share(site)
    name = guest.attach()["TransitGatewayAttachmentId"]
    assert guest.attachment(name)["State"] == "pending"
    site.sandbox.advance(91)
    table = guest.ec2.create_route_table(VpcId=guest.vpc)["RouteTable"]["RouteTableId"]
    guest.ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.8.0.0/16", TransitGatewayId=guest.tgw)
    routes = guest.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    assert [route["State"] for route in routes if route.get("TransitGatewayId") == guest.tgw] == ["active"]


def test_the_owner_rejects_an_attachment(site: Site, guest: Guest) -> None:
    guest.tgw = site.new_gateway()
    share(site)
    name = guest.attach()["TransitGatewayAttachmentId"]
    site.ec2.reject_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=name)
    assert guest.attachment(name)["State"] == "rejected"
    guest.attach()
    site.sandbox.advance(3601)
    refused(guest.attachment, "InvalidTransitGatewayAttachmentID.NotFound", name=name)
