"""Subnets and the interfaces in them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.world import Network, refused

SMALL = "10.0.9.0/28"


def new_subnet(network: Network, cidr: str = SMALL, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = network.ec2.create_subnet(VpcId=network.vpc, CidrBlock=cidr, **more)["Subnet"]
    return made


def free(network: Network, subnet: str) -> int:
    return int(network.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["AvailableIpAddressCount"])


def new_interface(network: Network, subnet: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = network.ec2.create_network_interface(SubnetId=subnet, **more)["NetworkInterface"]
    return made


def test_ranges_are_limited(network: Network) -> None:
    create = network.ec2.create_subnet
    refused(create, "InvalidSubnet.Range", VpcId=network.vpc, CidrBlock="10.0.9.0/29")
    refused(create, "InvalidSubnet.Range", VpcId=network.vpc, CidrBlock="10.1.0.0/24")
    refused(create, "InvalidSubnet.Conflict", VpcId=network.vpc, CidrBlock="10.0.0.128/28")
    refused(create, "InvalidParameterValue", VpcId=network.vpc, CidrBlock="10.0.9/28")
    assert new_subnet(network)["CidrBlock"] == SMALL


def test_a_range_is_kept_in_canonical_form(network: Network) -> None:
    assert new_subnet(network, "10.0.9.5/28")["CidrBlock"] == SMALL


@pytest.mark.parametrize("zone", ["eu-central-1z", "us-east-1a"])
def test_a_zone_must_be_one_of_the_region(network: Network, zone: str) -> None:
    more = {"VpcId": network.vpc, "CidrBlock": SMALL}
    message = refused(network.ec2.create_subnet, "InvalidParameterValue", AvailabilityZone=zone, **more)
    assert "eu-central-1a, eu-central-1b, eu-central-1c" in message
    refused(network.ec2.create_subnet, "InvalidParameterValue", AvailabilityZoneId="euc1-az9", **more)


def test_a_zone_may_be_named_by_its_id(network: Network) -> None:
    zones = network.ec2.describe_availability_zones()["AvailabilityZones"]
    made = new_subnet(network, AvailabilityZoneId=zones[1]["ZoneId"])
    assert made["AvailabilityZone"] == zones[1]["ZoneName"]
    assert made["AvailabilityZoneId"] == zones[1]["ZoneId"]


def test_a_subnet_gives_no_public_addresses_by_itself(network: Network) -> None:
    for old in network.ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]:
        network.ec2.delete_subnet(SubnetId=old["SubnetId"])
    made = new_subnet(network, AvailabilityZone="eu-central-1c")
    assert (made["MapPublicIpOnLaunch"], made["DefaultForAz"]) == (False, False)


def test_attributes_change_one_by_one(network: Network) -> None:
    modify, subnet = network.ec2.modify_subnet_attribute, network.subnets[0]
    on = {"Value": True}
    refused(
        modify,
        "InvalidParameterCombination",
        SubnetId=subnet,
        MapPublicIpOnLaunch=on,
        AssignIpv6AddressOnCreation=on,
    )
    modify(SubnetId=subnet, MapPublicIpOnLaunch=on)
    assert network.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["MapPublicIpOnLaunch"] is True


def test_addresses_are_counted_and_run_out(network: Network) -> None:
    subnet = new_subnet(network)["SubnetId"]
    assert free(network, subnet) == 11
    first = new_interface(network, subnet)
    assert first["PrivateIpAddress"] == "10.0.9.4"
    made = [new_interface(network, subnet)["PrivateIpAddress"] for _ in range(10)]
    assert made == [f"10.0.9.{number}" for number in range(5, 15)]
    assert free(network, subnet) == 0
    code = "InsufficientFreeAddressesInSubnet"
    refused(network.ec2.create_network_interface, code, SubnetId=subnet)
    network.ec2.delete_network_interface(NetworkInterfaceId=first["NetworkInterfaceId"])
    assert free(network, subnet) == 1
    assert new_interface(network, subnet)["PrivateIpAddress"] == "10.0.9.4"


def test_secondary_addresses_count_too(network: Network) -> None:
    subnet = new_subnet(network)["SubnetId"]
    made = new_interface(network, subnet, SecondaryPrivateIpAddressCount=2)
    assert [one["PrivateIpAddress"] for one in made["PrivateIpAddresses"]] == ["10.0.9.4", "10.0.9.5", "10.0.9.6"]
    assert [one["Primary"] for one in made["PrivateIpAddresses"]] == [True, False, False]
    assert free(network, subnet) == 8
    code = "InsufficientFreeAddressesInSubnet"
    refused(network.ec2.create_network_interface, code, SubnetId=subnet, SecondaryPrivateIpAddressCount=8)
    new_interface(network, subnet, SecondaryPrivateIpAddressCount=7)


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("10.0.9.4", "InvalidIPAddress.InUse"),
        ("10.0.9.2", "InvalidParameterValue"),
        ("10.0.9.15", "InvalidParameterValue"),
        ("10.0.8.7", "InvalidParameterValue"),
        ("10.0.9", "InvalidParameterValue"),
    ],
)
def test_an_address_must_be_free_and_the_subnets(network: Network, address: str, code: str) -> None:
    subnet = new_subnet(network)["SubnetId"]
    new_interface(network, subnet)
    refused(network.ec2.create_network_interface, code, SubnetId=subnet, PrivateIpAddress=address)
    assert new_interface(network, subnet, PrivateIpAddress="10.0.9.9")["PrivateIpAddress"] == "10.0.9.9"


def test_groups_of_an_interface_are_of_its_vpc(network: Network) -> None:
    vpc = network.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    other = network.ec2.create_security_group(GroupName="o", Description="o", VpcId=vpc)["GroupId"]
    create, subnet = network.ec2.create_network_interface, network.subnets[0]
    refused(create, "InvalidParameter", SubnetId=subnet, Groups=[other])
    refused(create, "InvalidGroup.NotFound", SubnetId=subnet, Groups=["sg-0123456789abcdef0"])
    assert new_interface(network, subnet, Groups=[network.group])["Groups"][0]["GroupId"] == network.group


def test_the_same_range_in_two_vpcs_is_two_subnets(network: Network) -> None:
    vpc = network.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    twin = network.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    addresses = [new_interface(network, subnet)["PrivateIpAddress"] for subnet in (network.subnets[0], twin)]
    assert addresses == ["10.0.0.4", "10.0.0.4"]


def test_a_deleted_subnet_is_associated_with_nothing(network: Network) -> None:
    ec2, subnet = network.ec2, network.subnets[0]
    table = ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    refused(ec2.delete_route_table, "DependencyViolation", RouteTableId=table)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_route_table(RouteTableId=table)
    acls = ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [network.vpc]}])["NetworkAcls"]
    assert [one["SubnetId"] for acl in acls for one in acl["Associations"]] == network.subnets[1:]


def test_services_interfaces_are_theirs(network: Network) -> None:
    network.new_balancer(Scheme="internet-facing")
    interface = network.interfaces("ELB app/web/*")[0]
    assert interface["RequesterId"] == "amazon-elb"
    assert interface["RequesterManaged"] is True
    assert interface["Association"]["IpOwnerId"] == "amazon-elb"
    assert "AllocationId" not in interface["Association"]
    name = interface["NetworkInterfaceId"]
    other = network.new_group("other")
    modify = network.ec2.modify_network_interface_attribute
    refused(modify, "OperationNotPermitted", NetworkInterfaceId=name, Groups=[other])
    detach, attachment = network.ec2.detach_network_interface, interface["Attachment"]["AttachmentId"]
    assert "ela-attach" in refused(detach, "OperationNotPermitted", AttachmentId=attachment)
    ours = new_interface(network, network.subnets[0])["NetworkInterfaceId"]
    modify(NetworkInterfaceId=ours, Groups=[other])
    (told,) = network.ec2.describe_network_interfaces(NetworkInterfaceIds=[ours])["NetworkInterfaces"]
    assert [group["GroupId"] for group in told["Groups"]] == [other]
    assert told["RequesterManaged"] is False


def test_interfaces_are_found_by_who_has_them(network: Network) -> None:
    network.new_balancer()
    new_interface(network, network.subnets[0])

    def found(name: str, value: str) -> int:
        wanted = [{"Name": name, "Values": [value]}]
        return len(network.ec2.describe_network_interfaces(Filters=wanted)["NetworkInterfaces"])

    assert found("status", "in-use") == 2
    assert found("status", "available") == 1
    assert found("requester-id", "amazon-elb") == 2
    assert found("attachment.instance-owner-id", "amazon-aws") == 2
    assert found("interface-type", "nat_gateway") == 0
