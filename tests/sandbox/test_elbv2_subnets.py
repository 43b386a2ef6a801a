"""What CreateLoadBalancer refuses: names, subnets, zones, groups, addresses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.test_elbv2 import new_network_balancer, new_subnet
from tests.sandbox.world import Network, refused

_WRONG = "InvalidConfigurationRequest"


def _refused(network: Network, code: str, **more: Any) -> str:
    wanted: dict[str, Any] = {"Name": "web", "Subnets": network.subnets, "Scheme": "internal", **more}
    given = {key: value for key, value in wanted.items() if value is not None}
    return refused(network.elbv2.create_load_balancer, code, **given)


@pytest.mark.parametrize("name", ["a" * 33, "my_app", "-web", "web-", "internal-web", "a.b"])
def test_names_that_are_refused(network: Network, name: str) -> None:
    assert name in _refused(network, "ValidationError", Name=name)


@pytest.mark.parametrize("name", ["a" * 32, "My-App-1", "internalweb"])
def test_names_that_are_taken(network: Network, name: str) -> None:
    network.new_balancer(name)


def test_an_application_load_balancer_is_in_two_zones(network: Network) -> None:
    first, second = network.subnets
    text = "At least two subnets in two different Availability Zones must be specified"
    assert _refused(network, "ValidationError", Subnets=[first]) == text
    assert _refused(network, "ValidationError", Subnets=None) == text
    twin = new_subnet(network, "a")
    text = "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
    assert _refused(network, _WRONG, Subnets=[first, twin]) == text
    assert _refused(network, _WRONG, Subnets=[first, second, twin]) == text
    network.new_balancer(Subnets=[second, twin])


def test_a_network_load_balancer_may_be_in_one_zone(network: Network) -> None:
    new_network_balancer(network, "one", Subnets=network.subnets[:1])
    twin = new_subnet(network, "a")
    _refused(network, _WRONG, Type="network", Subnets=[network.subnets[0], twin])
    _refused(network, "ValidationError", Type="network", Subnets=None)


def test_subnets_are_named_in_one_way_and_exist(network: Network) -> None:
    mapped = [{"SubnetId": subnet} for subnet in network.subnets]
    _refused(network, "ValidationError", SubnetMappings=mapped)
    unknown = "subnet-0123456789abcdef0"
    assert unknown in _refused(network, "SubnetNotFound", Subnets=[network.subnets[0], unknown])
    network.elbv2.create_load_balancer(Name="web", Scheme="internal", SubnetMappings=mapped)


def test_subnets_are_of_one_vpc(network: Network) -> None:
    other = network.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    stranger = new_subnet(network, "b", "10.9.0.0/24", vpc=other)
    _refused(network, _WRONG, Subnets=[network.subnets[0], stranger])
    balancer = network.new_balancer()
    wanted = [network.subnets[0], stranger]
    refused(network.elbv2.set_subnets, _WRONG, LoadBalancerArn=balancer, Subnets=wanted)


def test_subnets_have_space(network: Network) -> None:
    small = new_subnet(network, "b", "10.0.9.0/28")
    text = _refused(network, "InvalidSubnet", Subnets=[network.subnets[0], small])
    assert text == (
        f"Not enough IP space available in {small}. ELB requires at least 8 free IP addresses in each subnet."
    )
    new_network_balancer(network, "small", Subnets=[small])  # 11 are free
    for number in (10, 11, 12):
        network.ec2.create_network_interface(SubnetId=small, PrivateIpAddress=f"10.0.9.{number}")
    _refused(network, "InvalidSubnet", Type="network", Subnets=[small])
    mapped = [{"SubnetId": small, "PrivateIPv4Address": "10.0.9.14"}]
    new_network_balancer(network, "fixed", SubnetMappings=mapped)
    (interface,) = network.interfaces("ELB net/fixed/*")
    assert interface["PrivateIpAddress"] == "10.0.9.14"
    taken = {"Subnets": None, "SubnetMappings": mapped, "Type": "network"}
    _refused(network, _WRONG, **taken)


def test_a_full_subnet_of_27(network: Network) -> None:
    small = new_subnet(network, "b", "10.0.9.0/27")
    subnets = [network.subnets[0], small]
    for number in range(4, 23):
        network.ec2.create_network_interface(SubnetId=small, PrivateIpAddress=f"10.0.9.{number}")
    network.new_balancer(Subnets=subnets)  # 8 were free
    _refused(network, "InvalidSubnet", Name="other", Subnets=subnets)


def test_a_public_one_needs_an_internet_gateway(network: Network) -> None:
    network.ec2.detach_internet_gateway(InternetGatewayId=network.gateway, VpcId=network.vpc)
    text = _refused(network, "InvalidSubnet", Scheme="internet-facing")
    assert text == f"VPC {network.vpc} has no internet gateway"
    _refused(network, "InvalidSubnet", Scheme=None, Type="network")
    network.new_balancer()
    network.ec2.attach_internet_gateway(InternetGatewayId=network.gateway, VpcId=network.vpc)
    network.new_balancer("open", Scheme="internet-facing")


def test_groups_exist_in_the_vpc(network: Network) -> None:
    _refused(network, "InvalidSecurityGroup", SecurityGroups=["sg-0123456789abcdef0"])
    vpc = network.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    other = network.ec2.create_security_group(GroupName="x", Description="x", VpcId=vpc)["GroupId"]
    assert _refused(network, _WRONG, SecurityGroups=[other]) == "One or more security groups are invalid"
    many = [network.new_group(f"g{number}") for number in range(6)]
    _refused(network, _WRONG, SecurityGroups=many)
    balancer = network.new_balancer(SecurityGroups=many[:5])
    call = network.elbv2.set_security_groups
    refused(call, _WRONG, LoadBalancerArn=balancer, SecurityGroups=many)
    refused(call, "InvalidSecurityGroup", LoadBalancerArn=balancer, SecurityGroups=["sg-0123456789abcdef0"])


def test_gateway_load_balancers_have_no_groups(network: Network) -> None:
    _refused(network, _WRONG, Type="gateway", SecurityGroups=[network.group], Scheme=None)
    _refused(network, _WRONG, Type="gateway")
    network.elbv2.create_load_balancer(Name="gate", Type="gateway", Subnets=network.subnets[:1])
    assert len(network.interfaces("ELB gwy/gate/*")) == 1


def test_elastic_addresses(network: Network) -> None:
    address, taken = network.new_address(), network.new_address()
    network.new_nat(AllocationId=taken)

    def mapped(allocation: str) -> dict[str, Any]:
        mappings = [{"SubnetId": network.subnets[0], "AllocationId": allocation}]
        return {"Subnets": None, "Type": "network", "Scheme": "internet-facing", "SubnetMappings": mappings}

    _refused(network, "AllocationIdNotFound", **mapped("eipalloc-0123456789abcdef0"))
    _refused(network, "AllocationIdNotFound", **mapped(taken))
    _refused(network, _WRONG, **{**mapped(address), "Scheme": "internal"})
    new_network_balancer(network, Scheme="internet-facing", SubnetMappings=mapped(address)["SubnetMappings"])
    (interface,) = network.interfaces("ELB net/web/*")
    assert interface["Association"]["AllocationId"] == address
