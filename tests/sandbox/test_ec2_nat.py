"""NAT gateways."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.world import Network, refused
from tests.sandbox_fixture import Sandbox


@pytest.fixture
def there(sandbox: Sandbox) -> Iterator[Network]:
    """A network where time passes."""
    sandbox.become("scaled=1")
    yield Network(sandbox)
    sandbox.become("instant")


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


def test_a_public_gateway_needs_an_address_and_a_private_one_takes_none(network: Network) -> None:
    create = network.ec2.create_nat_gateway
    refused(create, "MissingParameter", SubnetId=network.subnets[0])
    address = network.new_address()
    both = {"SubnetId": network.subnets[0], "ConnectivityType": "private"}
    refused(create, "InvalidParameterCombination", AllocationId=address, **both)
    made = create(**both)["NatGateway"]["NatGatewayId"]
    assert network.nat(made)["State"] == "available"
    assert "PublicIp" not in network.nat(made)["NatGatewayAddresses"][0]


def test_an_unknown_subnet_is_told_at_once(network: Network) -> None:
    create, address = network.ec2.create_nat_gateway, network.new_address()
    refused(create, "InvalidSubnetID.NotFound", SubnetId="subnet-0123456789abcdef0", AllocationId=address)


def test_an_address_that_vanishes_meanwhile_fails_it(network: Network) -> None:
    network.sandbox.latencies({"nat_gateway.checked": 5, "nat_gateway.available": 90})
    address = network.new_address()
    gateway = network.new_nat(AllocationId=address)
    network.ec2.release_address(AllocationId=address)
    network.sandbox.advance(6)
    told = network.nat(gateway)
    assert (told["State"], told["FailureCode"]) == ("failed", "InvalidAllocationID.NotFound")
    assert address in told["FailureMessage"]


def test_an_address_that_another_one_has_fails_it(network: Network) -> None:
    address = network.new_address()
    first, second = network.new_nat(AllocationId=address), network.new_nat(AllocationId=address)
    assert network.nat(first)["State"] == "available"
    assert network.nat(second)["FailureCode"] == "Resource.AlreadyAssociated"
    network.ec2.delete_nat_gateway(NatGatewayId=second)
    refused(network.ec2.release_address, "AuthFailure", AllocationId=address)


def test_a_full_subnet_fails_it(network: Network) -> None:
    ec2 = network.ec2
    small = ec2.create_subnet(VpcId=network.vpc, CidrBlock="10.0.9.0/28")["Subnet"]["SubnetId"]
    for _ in range(11):
        ec2.create_network_interface(SubnetId=small)
    answer = ec2.create_nat_gateway(SubnetId=small, AllocationId=network.new_address())
    told = network.nat(answer["NatGateway"]["NatGatewayId"])
    assert told["FailureCode"] == "InsufficientFreeAddressesInSubnet"


def test_a_fault_fails_as_many_as_it_says(network: Network) -> None:
    network.sandbox.faults([{"do": "nat-fails", "service": "ec2", "code": "InternalError", "times": 1}])
    told = network.nat(network.new_nat())
    assert (told["State"], told["FailureCode"]) == ("failed", "InternalError")
    assert told["FailureMessage"].startswith("Network interface eni-")
    assert network.nat(network.new_nat())["State"] == "available"


def test_a_failed_one_keeps_its_address_until_it_is_deleted(network: Network) -> None:
    network.ec2.detach_internet_gateway(InternetGatewayId=network.gateway, VpcId=network.vpc)
    address = network.new_address()
    gateway = network.new_nat(AllocationId=address)
    assert network.nat(gateway)["State"] == "failed"
    refused(network.ec2.release_address, "AuthFailure", AllocationId=address)
    refused(network.ec2.delete_subnet, "DependencyViolation", SubnetId=network.subnets[0])
    network.ec2.delete_nat_gateway(NatGatewayId=gateway)
    network.ec2.release_address(AllocationId=address)
    network.ec2.delete_subnet(SubnetId=network.subnets[0])


def test_what_is_gone_is_listed_for_an_hour(there: Network) -> None:
    gone, failed = there.new_nat(), there.new_nat()
    there.sandbox.advance(100)
    there.ec2.delete_nat_gateway(NatGatewayId=gone)
    there.sandbox.advance(3500)
    assert there.nat(gone)["State"] == "deleted"
    there.sandbox.advance(200)
    refused(there.ec2.describe_nat_gateways, "NatGatewayNotFound", NatGatewayIds=[gone])
    assert there.nat(failed)["State"] == "available"


def test_a_failed_one_vanishes_after_an_hour_and_lets_go(there: Network) -> None:
    there.ec2.detach_internet_gateway(InternetGatewayId=there.gateway, VpcId=there.vpc)
    address = there.new_address()
    gateway = there.new_nat(AllocationId=address)
    there.sandbox.advance(30)
    assert there.nat(gateway)["State"] == "failed"
    refused(there.ec2.release_address, "AuthFailure", AllocationId=address)
    there.sandbox.advance(3700)
    refused(there.ec2.describe_nat_gateways, "NatGatewayNotFound", NatGatewayIds=[gateway])
    there.ec2.release_address(AllocationId=address)


def test_gateways_are_found_by_their_tags(network: Network) -> None:
    tags = [{"ResourceType": "natgateway", "Tags": [{"Key": "a", "Value": "1"}]}]
    mine, _ = network.new_nat(TagSpecifications=tags), network.new_nat()

    def found(**filters: str) -> list[str]:
        wanted = [{"Name": name.replace("_", ":"), "Values": [value]} for name, value in filters.items()]
        listed = network.ec2.describe_nat_gateways(Filters=wanted)["NatGateways"]
        return [one["NatGatewayId"] for one in listed]

    assert found(tag_a="1") == [mine]
    assert found(tag_a="2", tag_b="1") == []
    assert len(found(state="available")) == 2


def test_its_interface_tells_whose_it_is(network: Network) -> None:
    address = network.new_address()
    network.new_nat(AllocationId=address)
    (interface,) = network.interfaces("Interface for NAT Gateway*")
    assert interface["InterfaceType"] == "nat_gateway"
    assert interface["RequesterManaged"] is True
    assert interface["Status"] == "in-use"
    assert interface["Groups"] == []
    assert interface["Attachment"]["InstanceOwnerId"] == "amazon-aws"
    assert interface["Association"]["AllocationId"] == address
    assert interface["Association"]["IpOwnerId"] == "123456789012"


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
    assert network.ec2.describe_route_tables(Filters=[{"Name": "route.nat-gateway-id", "Values": [gateway]}])[
        "RouteTables"
    ]
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
