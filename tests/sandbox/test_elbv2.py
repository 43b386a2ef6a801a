"""Load balancers: names, states, interfaces, groups, subnets."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.world import Network, refused


def told(network: Network, balancer: str) -> dict[str, Any]:
    answer: dict[str, Any] = network.elbv2.describe_load_balancers(LoadBalancerArns=[balancer])
    found: dict[str, Any] = answer["LoadBalancers"][0]
    return found


def new_network_balancer(network: Network, name: str = "web", **more: Any) -> str:
    wanted: dict[str, Any] = {"Subnets": network.subnets, "Scheme": "internal", **more}
    if "SubnetMappings" in more:
        del wanted["Subnets"]
    answer = network.elbv2.create_load_balancer(Name=name, Type="network", **wanted)
    return str(answer["LoadBalancers"][0]["LoadBalancerArn"])


def new_subnet(network: Network, zone: str, cidr: str = "10.0.9.0/24", vpc: str = "") -> str:
    wanted = {"VpcId": vpc or network.vpc, "CidrBlock": cidr, "AvailabilityZone": f"eu-central-1{zone}"}
    return str(network.ec2.create_subnet(**wanted)["Subnet"]["SubnetId"])


def test_a_new_load_balancer_is_provisioning_then_active(network: Network) -> None:
    network.sandbox.latencies({"load_balancer.active": 120, "network_load_balancer.active": 150})
    balancer, other = network.new_balancer(), new_network_balancer(network, "net")
    assert {told(network, arn)["State"]["Code"] for arn in (balancer, other)} == {"provisioning"}
    network.sandbox.advance(121)
    assert [told(network, arn)["State"]["Code"] for arn in (balancer, other)] == ["active", "provisioning"]
    network.sandbox.advance(30)
    assert told(network, other)["State"]["Code"] == "active"


def test_names_in_the_dns_and_hosted_zones(network: Network) -> None:
    inside = told(network, network.new_balancer())
    outside = told(network, network.new_balancer("open", Scheme="internet-facing"))
    other = told(network, new_network_balancer(network, "net"))
    zone = "eu-central-1.elb.amazonaws.com"
    assert inside["DNSName"].startswith("internal-web-") and inside["DNSName"].endswith(f".{zone}")
    assert outside["DNSName"].startswith("open-") and outside["DNSName"].endswith(f".{zone}")
    number = other["LoadBalancerArn"].rpartition("/")[2]
    assert other["DNSName"] == f"net-{number}.elb.eu-central-1.amazonaws.com"
    assert ":loadbalancer/net/net/" in other["LoadBalancerArn"]
    assert inside["CanonicalHostedZoneId"] == "Z215JYRZR1TBD5"
    assert other["CanonicalHostedZoneId"] == "Z3F0SRJ5LGBH90"


def test_a_load_balancer_made_again_has_another_name_in_the_dns(network: Network) -> None:
    first = network.new_balancer()
    name = told(network, first)["DNSName"]
    network.elbv2.delete_load_balancer(LoadBalancerArn=first)
    assert told(network, network.new_balancer())["DNSName"] != name


def test_tags_of_a_network_load_balancer(network: Network) -> None:
    balancer = new_network_balancer(network, Tags=[{"Key": "a", "Value": "b"}])
    described = network.elbv2.describe_tags(ResourceArns=[balancer])["TagDescriptions"]
    assert described == [{"ResourceArn": balancer, "Tags": [{"Key": "a", "Value": "b"}]}]


def test_its_interfaces_are_told_by_their_description(network: Network) -> None:
    network.new_balancer()
    found = network.interfaces("ELB app/web/*")
    assert sorted(item["SubnetId"] for item in found) == sorted(network.subnets)
    assert all(item["Groups"][0]["GroupId"] == network.group for item in found)
    assert {(item["InterfaceType"], item["RequesterId"]) for item in found} == {("interface", "amazon-elb")}


def test_interfaces_of_a_network_load_balancer(network: Network) -> None:
    new_network_balancer(network)
    found = network.interfaces("ELB net/web/*")
    assert {item["InterfaceType"] for item in found} == {"network_load_balancer"}
    assert [item["Groups"] for item in found] == [[], []]


@pytest.mark.parametrize("kind", ["application", "network"])
def test_interfaces_outlive_it(network: Network, kind: str) -> None:
    network.sandbox.latencies({"load_balancer.interfaces": 240, "network_load_balancer.interfaces": 180})
    application = kind == "application"
    balancer = network.new_balancer() if application else new_network_balancer(network)
    network.elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    network.sandbox.advance(239 if application else 179)
    refused(network.ec2.delete_subnet, "DependencyViolation", SubnetId=network.subnets[0])
    network.sandbox.advance(2)
    network.ec2.delete_subnet(SubnetId=network.subnets[0])


def test_a_public_one_keeps_the_internet_gateway(network: Network) -> None:
    balancer = network.new_balancer(Scheme="internet-facing")
    place = {"InternetGatewayId": network.gateway, "VpcId": network.vpc}
    refused(network.ec2.detach_internet_gateway, "DependencyViolation", **place)
    network.elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    network.ec2.detach_internet_gateway(**place)


def test_elastic_addresses_are_held_until_the_interfaces_are_gone(network: Network) -> None:
    network.sandbox.latencies({"network_load_balancer.interfaces": 180})
    address = network.new_address()
    mapping = [{"SubnetId": network.subnets[0], "AllocationId": address}]
    balancer = new_network_balancer(network, Scheme="internet-facing", SubnetMappings=mapping)
    network.elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    refused(network.ec2.release_address, "AuthFailure", AllocationId=address)
    network.sandbox.advance(181)
    network.ec2.release_address(AllocationId=address)


def test_same_name_and_settings_give_the_existing_one(network: Network) -> None:
    assert network.new_balancer() == network.new_balancer(Subnets=network.subnets[::-1])
    assert len(network.elbv2.describe_load_balancers()["LoadBalancers"]) == 1


@pytest.mark.parametrize("more", [{"Scheme": "internet-facing"}, {"SecurityGroups": []}, {"Type": "network"}])
def test_same_name_and_other_settings_are_refused(network: Network, more: dict[str, Any]) -> None:
    network.new_balancer()
    wanted = {"Name": "web", "Subnets": network.subnets, "SecurityGroups": [network.group], "Scheme": "internal"}
    refused(network.elbv2.create_load_balancer, "DuplicateLoadBalancerName", **{**wanted, **more})


def test_the_default_group_is_that_of_the_vpc(network: Network) -> None:
    filters = [{"Name": "vpc-id", "Values": [network.vpc]}, {"Name": "group-name", "Values": ["default"]}]
    (default,) = network.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    balancer = network.new_balancer(SecurityGroups=[])
    assert told(network, balancer)["SecurityGroups"] == [default["GroupId"]]
    assert network.new_balancer(SecurityGroups=[]) == balancer


def test_protected_from_deletion(network: Network) -> None:
    balancer = network.new_balancer()
    for value in ("true", "false"):
        attribute = {"Key": "deletion_protection.enabled", "Value": value}
        network.elbv2.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=[attribute])
        if value == "true":
            refused(network.elbv2.delete_load_balancer, "OperationNotPermitted", LoadBalancerArn=balancer)
    network.elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    network.elbv2.delete_load_balancer(LoadBalancerArn=balancer)  # again: nothing happens


def test_other_subnets(network: Network) -> None:
    network.sandbox.latencies({"load_balancer.interfaces": 60})
    third = new_subnet(network, "c")
    balancer = network.new_balancer()
    wanted = [network.subnets[0], third]
    answer = network.elbv2.set_subnets(LoadBalancerArn=balancer, Subnets=wanted)
    assert [zone["SubnetId"] for zone in answer["AvailabilityZones"]] == wanted
    assert len(network.interfaces("ELB app/web/*")) == 3
    network.sandbox.advance(61)
    assert {item["SubnetId"] for item in network.interfaces("ELB app/web/*")} == set(wanted)


def test_subnets_of_a_network_load_balancer_change_in_two_steps(network: Network) -> None:
    balancer, other = new_network_balancer(network), new_subnet(network, "b")
    wanted = [network.subnets[0], other]
    call = network.elbv2.set_subnets
    refused(call, "InvalidConfigurationRequest", LoadBalancerArn=balancer, Subnets=wanted)
    call(LoadBalancerArn=balancer, Subnets=wanted[:1])
    call(LoadBalancerArn=balancer, Subnets=wanted)
    assert {item["SubnetId"] for item in network.interfaces("ELB net/web/*")} == set(wanted)


def test_other_groups_are_on_the_interfaces_at_once(network: Network) -> None:
    balancer, other = network.new_balancer(), network.new_group("other")
    answer = network.elbv2.set_security_groups(LoadBalancerArn=balancer, SecurityGroups=[other])
    assert answer["SecurityGroupIds"] == [other]
    assert {item["Groups"][0]["GroupId"] for item in network.interfaces("ELB app/web/*")} == {other}
    network.ec2.delete_security_group(GroupId=network.group)


def test_groups_of_a_network_load_balancer_are_decided_when_it_is_made(network: Network) -> None:
    without = new_network_balancer(network)
    having = new_network_balancer(network, "having", SecurityGroups=[network.group])
    call, other = network.elbv2.set_security_groups, network.new_group("other")
    refused(call, "InvalidConfigurationRequest", LoadBalancerArn=without, SecurityGroups=[other])
    refused(call, "InvalidConfigurationRequest", LoadBalancerArn=having, SecurityGroups=[])
    refused(call, "LoadBalancerNotFound", LoadBalancerArn=having[:-1], SecurityGroups=[other])
    call(LoadBalancerArn=having, SecurityGroups=[other])
    assert told(network, having)["SecurityGroups"] == [other]
