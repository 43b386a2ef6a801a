"""Route tables and routes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.world import Network, refused

EVERYWHERE = "0.0.0.0/0"
OUTSIDE = "10.8.0.0/16"


def new_table(network: Network, vpc: str = "") -> str:
    return str(network.ec2.create_route_table(VpcId=vpc or network.vpc)["RouteTable"]["RouteTableId"])


def routes(network: Network, table: str) -> dict[str, str]:
    """The state of each route, by its destination."""
    (told,) = network.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    return {route["DestinationCidrBlock"]: route["State"] for route in told["Routes"]}


def main_table(network: Network) -> dict[str, Any]:
    wanted = [{"Name": "vpc-id", "Values": [network.vpc]}, {"Name": "association.main", "Values": ["true"]}]
    (told,) = network.ec2.describe_route_tables(Filters=wanted)["RouteTables"]
    found: dict[str, Any] = told
    return found


def new_interface(network: Network) -> str:
    made = network.ec2.create_network_interface(SubnetId=network.subnets[0])["NetworkInterface"]
    return str(made["NetworkInterfaceId"])


class Other:
    """Another VPC with a table, and what might be taken for a target."""

    def __init__(self, network: Network) -> None:
        ec2 = network.ec2
        self.vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        self.table = new_table(network, self.vpc)
        self.subnet = ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]


def test_a_route_needs_one_target(network: Network) -> None:
    create, table = network.ec2.create_route, new_table(network)
    both = {"RouteTableId": table, "DestinationCidrBlock": EVERYWHERE}
    refused(create, "MissingParameter", **both)
    nat = network.new_nat()
    refused(create, "InvalidParameterCombination", GatewayId=network.gateway, NatGatewayId=nat, **both)
    create(GatewayId=network.gateway, **both)
    assert routes(network, table)[EVERYWHERE] == "active"


@pytest.mark.parametrize(
    ("parameter", "name", "code"),
    [
        ("GatewayId", "igw-0123456789abcdef0", "InvalidGatewayID.NotFound"),
        ("NatGatewayId", "nat-0123456789abcdef0", "InvalidNatGatewayID.NotFound"),
        ("NetworkInterfaceId", "eni-0123456789abcdef0", "InvalidNetworkInterfaceID.NotFound"),
        ("InstanceId", "i-0123456789abcdef0", "InvalidInstanceID.NotFound"),
        ("TransitGatewayId", "tgw-0123456789abcdef0", "InvalidTransitGatewayID.NotFound"),
        ("VpcPeeringConnectionId", "pcx-0123456789abcdef0", "InvalidVpcPeeringConnectionID.NotFound"),
        ("VpcEndpointId", "vpce-0123456789abcdef0", "InvalidVpcEndpointId.NotFound"),
    ],
)
def test_a_target_must_exist(network: Network, parameter: str, name: str, code: str) -> None:
    table = new_table(network)
    both: dict[str, Any] = {"RouteTableId": table, "DestinationCidrBlock": OUTSIDE}
    refused(network.ec2.create_route, code, **both, **{parameter: name})
    network.ec2.create_route(**both, GatewayId=network.gateway)
    refused(network.ec2.replace_route, code, **both, **{parameter: name})


def test_a_target_must_be_in_the_vpc(network: Network) -> None:
    other, create = Other(network), network.ec2.create_route
    both = {"RouteTableId": other.table, "DestinationCidrBlock": EVERYWHERE}
    message = refused(create, "InvalidParameterValue", **both, GatewayId=network.gateway)
    assert message == (
        f"route table {other.table} and network gateway {network.gateway} belong to different networks"
    )
    refused(create, "InvalidParameterValue", **both, NatGatewayId=network.new_nat())
    refused(create, "InvalidParameterValue", **both, NetworkInterfaceId=new_interface(network))
    free = network.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    refused(create, "InvalidParameterValue", **both, GatewayId=free)
    network.ec2.attach_internet_gateway(InternetGatewayId=free, VpcId=other.vpc)
    create(**both, GatewayId=free)


def test_a_transit_gateway_must_be_attached(network: Network) -> None:
    ec2, table = network.ec2, new_table(network)
    gateway = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    route = {"RouteTableId": table, "DestinationCidrBlock": OUTSIDE, "TransitGatewayId": gateway}
    refused(ec2.create_route, "InvalidTransitGatewayID.NotFound", **route)
    network.sandbox.latencies({"transit_gateway.attachment.available": 60})
    made = ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=gateway, VpcId=network.vpc, SubnetIds=network.subnets[:1]
    )["TransitGatewayVpcAttachment"]
    refused(ec2.create_route, "InvalidTransitGatewayID.NotFound", **route)
    network.sandbox.advance(61)
    ec2.create_route(**route)
    assert routes(network, table)[OUTSIDE] == "active"
    ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=made["TransitGatewayAttachmentId"])
    assert routes(network, table)[OUTSIDE] == "blackhole"


def test_a_route_may_lead_to_a_pending_gateway_but_not_to_one_that_is_going(network: Network) -> None:
    network.sandbox.latencies({"nat_gateway.available": 90, "nat_gateway.deleted": 60})
    ec2, table, gateway = network.ec2, new_table(network), network.new_nat()
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=EVERYWHERE, NatGatewayId=gateway)
    assert routes(network, table)[EVERYWHERE] == "active"
    ec2.delete_nat_gateway(NatGatewayId=gateway)
    assert routes(network, table)[EVERYWHERE] == "blackhole"
    again = {"RouteTableId": table, "DestinationCidrBlock": OUTSIDE, "NatGatewayId": gateway}
    refused(ec2.create_route, "InvalidNatGatewayID.NotFound", **again)


def test_a_destination_has_one_route(network: Network) -> None:
    ec2, table = network.ec2, new_table(network)
    both = {"RouteTableId": table, "GatewayId": network.gateway}
    ec2.create_route(**both, DestinationCidrBlock=EVERYWHERE)
    refused(ec2.create_route, "RouteAlreadyExists", **both, DestinationCidrBlock=EVERYWHERE)
    refused(ec2.create_route, "RouteAlreadyExists", **both, DestinationCidrBlock="10.0.0.0/16")
    refused(ec2.replace_route, "InvalidParameterValue", **both, DestinationCidrBlock=OUTSIDE)
    nat = network.new_nat()
    ec2.replace_route(RouteTableId=table, DestinationCidrBlock=EVERYWHERE, NatGatewayId=nat)
    (told,) = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    targets = [
        (one["DestinationCidrBlock"], one.get("GatewayId"), one.get("NatGatewayId")) for one in told["Routes"]
    ]
    assert targets == [("10.0.0.0/16", "local", None), (EVERYWHERE, None, nat)]


def test_a_destination_is_kept_in_canonical_form(network: Network) -> None:
    ec2, table = network.ec2, new_table(network)
    both = {"RouteTableId": table, "GatewayId": network.gateway}
    ec2.create_route(**both, DestinationCidrBlock="100.68.0.18/18")
    assert "100.68.0.0/18" in routes(network, table)
    refused(ec2.create_route, "RouteAlreadyExists", **both, DestinationCidrBlock="100.68.0.0/18")
    refused(ec2.create_route, "InvalidParameterValue", **both, DestinationCidrBlock="100.68/18")
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="100.68.0.18/18")
    assert list(routes(network, table)) == ["10.0.0.0/16"]


def test_local_addresses_stay_local(network: Network) -> None:
    ec2, table = network.ec2, new_table(network)
    inside = {"RouteTableId": table, "DestinationCidrBlock": "10.0.0.0/24"}
    refused(ec2.create_route, "InvalidParameterValue", **inside, GatewayId=network.gateway)
    interface = new_interface(network)
    odd = {**inside, "DestinationCidrBlock": "10.0.0.0/25"}
    refused(ec2.create_route, "InvalidParameterValue", **odd, NetworkInterfaceId=interface)
    ec2.create_route(**inside, NetworkInterfaceId=interface)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.0.0.0/8", GatewayId=network.gateway)


def test_local_routes_stay(network: Network) -> None:
    ec2, table = network.ec2, new_table(network)
    delete = ec2.delete_route
    message = refused(delete, "InvalidParameterValue", RouteTableId=table, DestinationCidrBlock="10.0.0.0/16")
    assert message == f"cannot remove local route 10.0.0.0/16 in route table {table}"
    refused(delete, "InvalidRoute.NotFound", RouteTableId=table, DestinationCidrBlock=EVERYWHERE)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=EVERYWHERE, GatewayId=network.gateway)
    delete(RouteTableId=table, DestinationCidrBlock=EVERYWHERE)


def test_routes_to_what_is_gone_are_black_holes(network: Network) -> None:
    ec2, table = network.ec2, new_table(network)
    interface, place = new_interface(network), {"InternetGatewayId": network.gateway, "VpcId": network.vpc}
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=EVERYWHERE, GatewayId=network.gateway)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=OUTSIDE, NetworkInterfaceId=interface)
    told = routes(network, table)
    assert (told[EVERYWHERE], told[OUTSIDE]) == ("active", "blackhole")  # nothing has the interface
    ec2.detach_internet_gateway(**place)
    assert routes(network, table)[EVERYWHERE] == "blackhole"
    ec2.attach_internet_gateway(**place)
    assert routes(network, table)[EVERYWHERE] == "active"
    ec2.delete_network_interface(NetworkInterfaceId=interface)
    assert routes(network, table)[OUTSIDE] == "blackhole"


def test_a_subnet_has_one_table(network: Network) -> None:
    ec2, subnet = network.ec2, network.subnets[0]
    first, second = new_table(network), new_table(network)
    associate = ec2.associate_route_table
    name = associate(RouteTableId=first, SubnetId=subnet)["AssociationId"]
    assert associate(RouteTableId=first, SubnetId=subnet)["AssociationId"] == name
    message = refused(associate, "Resource.AlreadyAssociated", RouteTableId=second, SubnetId=subnet)
    assert message == f"the specified association for route table {second} conflicts with an existing association"
    refused(ec2.delete_route_table, "DependencyViolation", RouteTableId=first)
    ec2.disassociate_route_table(AssociationId=name)
    refused(ec2.disassociate_route_table, "InvalidAssociationID.NotFound", AssociationId=name)
    associate(RouteTableId=second, SubnetId=subnet)
    ec2.delete_route_table(RouteTableId=first)


def test_a_subnet_of_another_vpc_is_no_use(network: Network) -> None:
    other, associate = Other(network), network.ec2.associate_route_table
    refused(associate, "InvalidParameterValue", RouteTableId=other.table, SubnetId=network.subnets[0])
    associate(RouteTableId=other.table, SubnetId=other.subnet)


def test_the_main_table_stays(network: Network) -> None:
    ec2, main = network.ec2, main_table(network)
    table, (association,) = main["RouteTableId"], main["Associations"]
    refused(ec2.delete_route_table, "DependencyViolation", RouteTableId=table)
    name = association["RouteTableAssociationId"]
    refused(ec2.disassociate_route_table, "InvalidParameterValue", AssociationId=name)
    new = new_table(network)
    ec2.replace_route_table_association(AssociationId=name, RouteTableId=new)
    ec2.delete_route_table(RouteTableId=table)
    refused(ec2.delete_route_table, "DependencyViolation", RouteTableId=new)
