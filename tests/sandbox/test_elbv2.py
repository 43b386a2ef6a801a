"""Load balancers, target groups, listeners."""

from __future__ import annotations

from typing import Any

from tests.sandbox.world import Network, refused


def _told(network: Network, balancer: str) -> dict[str, Any]:
    answer: dict[str, Any] = network.elbv2.describe_load_balancers(LoadBalancerArns=[balancer])
    found: dict[str, Any] = answer["LoadBalancers"][0]
    return found


def test_a_new_load_balancer_is_provisioning_then_active(network: Network) -> None:
    network.sandbox.latencies({"load_balancer.active": 120})
    balancer = network.new_balancer()
    assert _told(network, balancer)["State"]["Code"] == "provisioning"
    network.sandbox.advance(121)
    assert _told(network, balancer)["State"]["Code"] == "active"


def test_its_interfaces_are_told_by_their_description(network: Network) -> None:
    network.new_balancer()
    found = network.interfaces("ELB app/web/*")
    assert sorted(item["SubnetId"] for item in found) == sorted(network.subnets)
    assert all(item["Groups"][0]["GroupId"] == network.group for item in found)


def test_a_public_one_keeps_the_internet_gateway(network: Network) -> None:
    balancer = network.new_balancer(Scheme="internet-facing")
    place = {"InternetGatewayId": network.gateway, "VpcId": network.vpc}
    refused(network.ec2.detach_internet_gateway, "DependencyViolation", **place)
    network.elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    network.ec2.detach_internet_gateway(**place)


def test_same_name_and_settings_give_the_existing_one(network: Network) -> None:
    assert network.new_balancer() == network.new_balancer(Subnets=network.subnets[::-1])
    assert len(network.elbv2.describe_load_balancers()["LoadBalancers"]) == 1


def test_same_name_and_other_settings_are_refused(network: Network) -> None:
    network.new_balancer()
    wanted = {"Name": "web", "Subnets": network.subnets, "SecurityGroups": [network.group]}
    refused(network.elbv2.create_load_balancer, "DuplicateLoadBalancerName", Scheme="internet-facing", **wanted)


def test_protected_from_deletion(network: Network) -> None:
    balancer = network.new_balancer()
    for value in ("true", "false"):
        attribute = {"Key": "deletion_protection.enabled", "Value": value}
        network.elbv2.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=[attribute])
        if value == "true":
            refused(network.elbv2.delete_load_balancer, "OperationNotPermitted", LoadBalancerArn=balancer)
    network.elbv2.delete_load_balancer(LoadBalancerArn=balancer)


def test_an_identical_target_group_is_the_existing_one(network: Network) -> None:
    assert network.new_targets() == network.new_targets()
    wanted = {"Name": "web", "Protocol": "HTTP", "Port": 81, "VpcId": network.vpc, "TargetType": "ip"}
    refused(network.elbv2.create_target_group, "DuplicateTargetGroupName", **wanted)


def test_a_deleted_target_group_can_be_made_again(network: Network) -> None:
    first = network.new_targets()
    network.elbv2.delete_target_group(TargetGroupArn=first)
    assert network.new_targets() != first


def test_a_port_has_one_listener(network: Network) -> None:
    balancer, targets = network.new_balancer(), network.new_targets()
    network.new_listener(balancer, targets)
    action = {"Type": "forward", "TargetGroupArn": targets}
    wanted = {"LoadBalancerArn": balancer, "Protocol": "HTTP", "DefaultActions": [action]}
    refused(network.elbv2.create_listener, "DuplicateListener", Port=80, **wanted)
    network.elbv2.create_listener(Port=81, **wanted)


def test_health_of_targets_registered_by_hand(network: Network) -> None:
    network.sandbox.latencies({"target.healthy": 20})
    targets = network.new_targets()
    network.elbv2.register_targets(TargetGroupArn=targets, Targets=[{"Id": "10.0.0.9", "Port": 80}])

    def health() -> str:
        told = network.elbv2.describe_target_health(TargetGroupArn=targets)["TargetHealthDescriptions"]
        return str(told[0]["TargetHealth"]["State"])

    assert health() == "unused"
    network.new_listener(network.new_balancer(), targets)
    assert health() == "initial"
    network.sandbox.advance(21)
    assert health() == "healthy"


def test_other_subnets(network: Network) -> None:
    answer = network.ec2.create_subnet(
        VpcId=network.vpc, CidrBlock="10.0.9.0/24", AvailabilityZone="eu-central-1c"
    )
    third = answer["Subnet"]["SubnetId"]
    balancer = network.new_balancer()
    network.elbv2.set_subnets(LoadBalancerArn=balancer, Subnets=[network.subnets[0], third])
    found = {item["SubnetId"] for item in network.interfaces("ELB app/web/*")}
    assert found == {network.subnets[0], third}


def test_a_target_group_tells_its_load_balancer_once(network: Network) -> None:
    balancer, targets = network.new_balancer(), network.new_targets()
    for port in (80, 81):
        network.new_listener(balancer, targets, port)
    assert _balancers_of(network, targets) == [balancer]


def test_a_target_group_does_not_tell_a_load_balancer_that_is_gone(network: Network) -> None:
    balancer, targets = network.new_balancer(), network.new_targets()
    network.new_listener(balancer, targets)
    network.elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    assert _balancers_of(network, targets) == []


def _balancers_of(network: Network, targets: str) -> list[str]:
    (told,) = network.elbv2.describe_target_groups(TargetGroupArns=[targets])["TargetGroups"]
    found: list[str] = told["LoadBalancerArns"]
    return found
