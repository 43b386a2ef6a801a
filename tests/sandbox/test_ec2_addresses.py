"""Elastic IP addresses and internet gateways."""

from __future__ import annotations

from typing import Any

from tests.sandbox.world import Network, refused

UNKNOWN = "eipalloc-0123456789abcdef0"


def new_interface(network: Network, subnet: int = 0) -> str:
    made = network.ec2.create_network_interface(SubnetId=network.subnets[subnet])["NetworkInterface"]
    return str(made["NetworkInterfaceId"])


def holder(network: Network, address: str) -> str | None:
    told: dict[str, Any] = network.ec2.describe_addresses(AllocationIds=[address])["Addresses"][0]
    return told.get("NetworkInterfaceId") or None


def test_an_unknown_address_is_not_found(network: Network) -> None:
    code = "InvalidAllocationID.NotFound"
    refused(network.ec2.release_address, code, AllocationId=UNKNOWN)
    refused(network.ec2.associate_address, code, AllocationId=UNKNOWN, NetworkInterfaceId=new_interface(network))
    assert UNKNOWN in refused(network.ec2.describe_addresses, code, AllocationIds=[UNKNOWN])
    network.ec2.release_address(AllocationId=network.new_address())


def test_an_address_moves_unless_it_may_not(network: Network) -> None:
    ec2, address = network.ec2, network.new_address()
    first, second = new_interface(network), new_interface(network)
    named = {"AllocationId": address}
    association = ec2.associate_address(**named, NetworkInterfaceId=first)["AssociationId"]
    assert ec2.associate_address(**named, NetworkInterfaceId=first)["AssociationId"] == association
    refused(
        ec2.associate_address,
        "Resource.AlreadyAssociated",
        **named,
        NetworkInterfaceId=second,
        AllowReassociation=False,
    )
    assert holder(network, address) == first
    ec2.associate_address(**named, NetworkInterfaceId=second)
    assert holder(network, address) == second
    (told,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[first])["NetworkInterfaces"]
    assert "Association" not in told


def test_another_address_takes_the_place_of_the_former(network: Network) -> None:
    ec2, interface = network.ec2, new_interface(network)
    former, new = network.new_address(), network.new_address()
    for address in (former, new):
        ec2.associate_address(AllocationId=address, NetworkInterfaceId=interface)
    assert (holder(network, former), holder(network, new)) == (None, interface)
    ec2.release_address(AllocationId=former)


def test_a_service_keeps_the_address_that_it_has(network: Network) -> None:
    address = network.new_address()
    network.new_nat(AllocationId=address)
    interface = new_interface(network)
    refused(network.ec2.associate_address, "AuthFailure", AllocationId=address, NetworkInterfaceId=interface)
    association = network.ec2.describe_addresses(AllocationIds=[address])["Addresses"][0]["AssociationId"]
    refused(network.ec2.disassociate_address, "AuthFailure", AssociationId=association)


def test_an_address_needs_an_internet_gateway(network: Network) -> None:
    ec2, address, interface = network.ec2, network.new_address(), new_interface(network)
    place = {"InternetGatewayId": network.gateway, "VpcId": network.vpc}
    ec2.detach_internet_gateway(**place)
    both = {"AllocationId": address, "NetworkInterfaceId": interface}
    refused(ec2.associate_address, "Gateway.NotAttached", **both)
    ec2.attach_internet_gateway(**place)
    ec2.associate_address(**both)
    refused(ec2.associate_address, "MissingParameter", AllocationId=address)
    refused(ec2.associate_address, "MissingParameter", NetworkInterfaceId=interface)


def test_a_vpc_has_one_gateway_and_a_gateway_one_vpc(network: Network) -> None:
    ec2 = network.ec2
    second = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    attach = ec2.attach_internet_gateway
    message = refused(attach, "InvalidParameterValue", InternetGatewayId=second, VpcId=network.vpc)
    assert message == f"Network {network.vpc} already has an internet gateway attached"
    refused(attach, "Resource.AlreadyAssociated", InternetGatewayId=network.gateway, VpcId=vpc)
    refused(attach, "Resource.AlreadyAssociated", InternetGatewayId=network.gateway, VpcId=network.vpc)
    attach(InternetGatewayId=second, VpcId=vpc)


def test_a_gateway_is_detached_where_it_is_and_deleted_where_it_is_not(network: Network) -> None:
    ec2, gateway = network.ec2, {"InternetGatewayId": network.gateway}
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    network.new_nat()
    refused(ec2.detach_internet_gateway, "Gateway.NotAttached", **gateway, VpcId=vpc)
    free = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    refused(ec2.detach_internet_gateway, "Gateway.NotAttached", InternetGatewayId=free, VpcId=network.vpc)
    refused(ec2.delete_internet_gateway, "DependencyViolation", **gateway)
    refused(ec2.detach_internet_gateway, "DependencyViolation", **gateway, VpcId=network.vpc)
    ec2.delete_internet_gateway(InternetGatewayId=free)
    refused(ec2.delete_internet_gateway, "InvalidInternetGatewayID.NotFound", InternetGatewayId=free)
