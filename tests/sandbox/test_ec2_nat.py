"""NAT gateways."""

from __future__ import annotations

from tests.sandbox.world import Network, refused


def test_a_new_gateway_is_pending_then_available(network: Network) -> None:
    network.sandbox.latencies({"nat_gateway.available": 90})
    gateway = network.new_nat()
    assert network.nat(gateway)["State"] == "pending"
    network.sandbox.advance(89)
    assert network.nat(gateway)["State"] == "pending"
    network.sandbox.advance(2)
    assert network.nat(gateway)["State"] == "available"


def test_its_private_address_is_of_its_subnet(network: Network) -> None:
    address = network.nat(network.new_nat())["NatGatewayAddresses"][0]
    assert address["PrivateIp"].startswith("10.0.0.")
    assert address["PublicIp"]


def test_without_an_internet_gateway_it_fails(network: Network) -> None:
    network.ec2.detach_internet_gateway(InternetGatewayId=network.gateway, VpcId=network.vpc)
    told = network.nat(network.new_nat())
    assert (told["State"], told["FailureCode"]) == ("failed", "Gateway.NotAttached")


def test_a_deleted_gateway_is_deleting_then_deleted(network: Network) -> None:
    network.sandbox.latencies({"nat_gateway.deleted": 60})
    gateway = network.new_nat()
    network.ec2.delete_nat_gateway(NatGatewayId=gateway)
    assert network.nat(gateway)["State"] == "deleting"
    network.sandbox.advance(61)
    assert network.nat(gateway)["State"] == "deleted"


def test_it_holds_its_address_and_interface_until_it_is_deleted(network: Network) -> None:
    network.sandbox.latencies({"nat_gateway.deleted": 60})
    address = network.new_address()
    gateway = network.new_nat(AllocationId=address)
    refused(network.ec2.release_address, "AuthFailure", AllocationId=address)
    network.ec2.delete_nat_gateway(NatGatewayId=gateway)
    refused(network.ec2.release_address, "AuthFailure", AllocationId=address)
    assert network.interfaces("Interface for NAT Gateway*")
    network.sandbox.advance(61)
    assert "AssociationId" not in network.ec2.describe_addresses(AllocationIds=[address])["Addresses"][0]
    assert not network.interfaces("Interface for NAT Gateway*")
    network.ec2.release_address(AllocationId=address)


def test_deleting_it_again_changes_nothing(network: Network) -> None:
    gateway = network.new_nat()
    for _ in range(2):
        assert network.ec2.delete_nat_gateway(NatGatewayId=gateway)["NatGatewayId"] == gateway


def test_routes_to_a_deleted_gateway_become_black_holes(network: Network) -> None:
    gateway = network.new_nat()
    table = network.ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"]
    network.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway)

    def state() -> str:
        routes = network.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        return str(next(route["State"] for route in routes if route.get("NatGatewayId") == gateway))

    assert state() == "active"
    network.ec2.delete_nat_gateway(NatGatewayId=gateway)
    assert state() == "blackhole"


def test_an_unknown_gateway_is_not_found(network: Network) -> None:
    unknown = "nat-0123456789abcdef0"
    refused(network.ec2.describe_nat_gateways, "NatGatewayNotFound", NatGatewayIds=[unknown])
    refused(network.ec2.delete_nat_gateway, "NatGatewayNotFound", NatGatewayId=unknown)
    table = network.ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"]
    refused(
        network.ec2.create_route,
        "InvalidNatGatewayID.NotFound",
        RouteTableId=table,
        DestinationCidrBlock="0.0.0.0/0",
        NatGatewayId=unknown,
    )
