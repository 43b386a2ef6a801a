"""The inventory that other tests rely on."""

from __future__ import annotations

from tests.inventory import inventory
from tests.sandbox.world import Network
from tests.sandbox_fixture import Sandbox


def _everything(sandbox: Sandbox) -> dict[str, list[str]]:
    """Make one of nearly everything in an empty sandbox, and take stock."""
    sandbox.reset()
    network = Network(sandbox)
    for key, name in ((network.vpc, "vpc"), (network.gateway, "igw"), *zip(network.subnets, "ab", strict=True)):
        network.ec2.create_tags(Resources=[key], Tags=[{"Key": "provisioner:step", "Value": name}])
    network.new_nat()
    table = network.ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"]
    for subnet in network.subnets:
        network.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    network.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=network.gateway)
    web = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": network.group}]}
    network.ec2.authorize_security_group_ingress(GroupId=network.group, IpPermissions=[web])
    balancer, targets = network.new_balancer(), network.new_targets()
    network.new_listener(balancer, targets)
    wanted = {"targetGroupArn": targets, "containerName": "app", "containerPort": 80}
    placed = {"subnets": network.subnets, "securityGroups": [network.group], "assignPublicIp": "ENABLED"}
    network.new_service(loadBalancers=[wanted], networkConfiguration={"awsvpcConfiguration": placed})
    network.new_function(VpcConfig=network.in_vpc())
    sandbox.client("logs").create_log_group(logGroupName="/app")
    inventory(sandbox.endpoint)  # moves on what is on its way
    return inventory(sandbox.endpoint)


def test_an_empty_account_has_none(sandbox: Sandbox) -> None:
    assert inventory(sandbox.endpoint) == {}


def test_two_runs_give_the_same(sandbox: Sandbox) -> None:
    first = _everything(sandbox)
    assert first == _everything(sandbox)
    assert {"vpc", "nat gateway", "network interface", "listener", "service", "task", "function"} <= first.keys()
    assert first["subnet"][0].startswith("a: ")
    assert "<vpc vpc>" in first["subnet"][0]


def test_a_changed_setting_shows(network: Network) -> None:
    before = inventory(network.sandbox.endpoint)
    network.ec2.modify_vpc_attribute(VpcId=network.vpc, EnableDnsHostnames={"Value": True})
    after = inventory(network.sandbox.endpoint)
    assert {kind for kind in before if before[kind] != after[kind]} == {"vpc"}


def test_one_more_of_the_same_shows(network: Network) -> None:
    before = inventory(network.sandbox.endpoint)
    network.new_address()
    assert len(inventory(network.sandbox.endpoint)["address"]) == 1
    assert "address" not in before
