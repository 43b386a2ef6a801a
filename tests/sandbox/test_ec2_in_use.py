"""What EC2 does not give up while it is used: each rule refuses once and, with the cause gone, accepts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from tests.sandbox.world import Network, refused
from tests.sandbox_fixture import REGION

VIOLATION = "DependencyViolation"


def test_an_address_on_our_own_interface_is_in_use(network: Network) -> None:
    ec2, address = network.ec2, network.new_address()
    interface = ec2.create_network_interface(SubnetId=network.subnets[0])["NetworkInterface"]["NetworkInterfaceId"]
    association = ec2.associate_address(AllocationId=address, NetworkInterfaceId=interface)["AssociationId"]
    refused(ec2.release_address, "InvalidIPAddress.InUse", AllocationId=address)
    ec2.disassociate_address(AssociationId=association)
    ec2.release_address(AllocationId=address)


def test_a_gateway_stays_attached_while_public_addresses_are_mapped(network: Network) -> None:
    gateway = network.new_nat()
    place = {"InternetGatewayId": network.gateway, "VpcId": network.vpc}
    assert "mapped public address" in refused(network.ec2.detach_internet_gateway, VIOLATION, **place)
    network.ec2.delete_nat_gateway(NatGatewayId=gateway)
    network.ec2.detach_internet_gateway(**place)


def test_a_subnet_stays_while_a_nat_gateway_is_in_it(network: Network) -> None:
    gateway = network.new_nat()
    refused(network.ec2.delete_subnet, VIOLATION, SubnetId=network.subnets[0])
    network.ec2.delete_nat_gateway(NatGatewayId=gateway)
    network.ec2.delete_subnet(SubnetId=network.subnets[0])


def test_a_subnet_stays_while_a_load_balancer_is_in_it(network: Network) -> None:
    network.sandbox.latencies({"load_balancer.interfaces": 60})
    balancer = network.new_balancer()
    refused(network.ec2.delete_subnet, VIOLATION, SubnetId=network.subnets[1])
    network.elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    refused(network.ec2.delete_subnet, VIOLATION, SubnetId=network.subnets[1])
    network.sandbox.advance(61)
    network.ec2.delete_subnet(SubnetId=network.subnets[1])


def test_a_subnet_stays_while_a_task_runs_in_it(network: Network) -> None:
    tables = network.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [network.vpc]}])
    network.ec2.create_route(
        RouteTableId=tables["RouteTables"][0]["RouteTableId"],
        DestinationCidrBlock="0.0.0.0/0",
        GatewayId=network.gateway,
    )
    wanted = {"subnets": network.subnets, "securityGroups": [network.group], "assignPublicIp": "ENABLED"}
    network.new_service(desiredCount=2, networkConfiguration={"awsvpcConfiguration": wanted})
    refused(network.ec2.delete_subnet, VIOLATION, SubnetId=network.subnets[0])
    network.ecs.update_service(cluster="main", service="app", desiredCount=0)
    network.ec2.delete_subnet(SubnetId=network.subnets[0])


def test_a_group_stays_while_a_load_balancer_is_in_it(network: Network) -> None:
    balancer = network.new_balancer()
    refused(network.ec2.delete_security_group, VIOLATION, GroupId=network.group)
    network.elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    network.ec2.delete_security_group(GroupId=network.group)


def test_a_group_that_a_load_balancer_has_left_is_free(network: Network) -> None:
    balancer, other = network.new_balancer(), network.new_group("other")
    network.elbv2.set_security_groups(LoadBalancerArn=balancer, SecurityGroups=[other])
    refused(network.ec2.delete_security_group, VIOLATION, GroupId=other)
    network.ec2.delete_security_group(GroupId=network.group)


def test_a_group_stays_while_a_function_is_in_it(network: Network) -> None:
    network.sandbox.latencies({"lambda.interfaces": 420})
    network.new_function(VpcConfig=network.in_vpc())
    refused(network.ec2.delete_security_group, VIOLATION, GroupId=network.group)
    network.functions.delete_function(FunctionName="hello")
    refused(network.ec2.delete_security_group, VIOLATION, GroupId=network.group)
    network.sandbox.advance(421)
    network.ec2.delete_security_group(GroupId=network.group)


def test_a_group_stays_while_another_ones_rule_speaks_of_it(network: Network) -> None:
    ec2, other = network.ec2, network.new_group("other")
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": network.group}]}
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[rule])
    refused(ec2.delete_security_group, VIOLATION, GroupId=network.group)
    ec2.revoke_security_group_ingress(GroupId=other, IpPermissions=[rule])
    ec2.delete_security_group(GroupId=network.group)


def test_a_group_may_speak_of_itself(network: Network) -> None:
    rule = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": network.group}]}
    network.ec2.authorize_security_group_ingress(GroupId=network.group, IpPermissions=[rule])
    network.ec2.delete_security_group(GroupId=network.group)


def test_a_default_group_cannot_be_deleted(network: Network) -> None:
    groups = network.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [network.vpc]}])
    default = next(item["GroupId"] for item in groups["SecurityGroups"] if item["GroupName"] == "default")
    refused(network.ec2.delete_security_group, "CannotDelete", GroupId=default)


@pytest.mark.parametrize("left", ["gateway", "group", "subnet", "table", "acl"])
def test_a_vpc_stays_while_a_part_is_left(network: Network, left: str) -> None:
    ec2 = network.ec2
    ec2.delete_subnet(SubnetId=network.subnets[0])
    table = ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"]
    acl = ec2.create_network_acl(VpcId=network.vpc)["NetworkAcl"]["NetworkAclId"]
    steps: dict[str, Callable[[], Any]] = {
        "gateway": lambda: ec2.detach_internet_gateway(InternetGatewayId=network.gateway, VpcId=network.vpc),
        "group": lambda: ec2.delete_security_group(GroupId=network.group),
        "subnet": lambda: ec2.delete_subnet(SubnetId=network.subnets[1]),
        "table": lambda: ec2.delete_route_table(RouteTableId=table),
        "acl": lambda: ec2.delete_network_acl(NetworkAclId=acl),
    }
    last = steps.pop(left)
    for step in steps.values():
        step()
    refused(ec2.delete_vpc, VIOLATION, VpcId=network.vpc)
    last()
    ec2.delete_vpc(VpcId=network.vpc)


def test_an_interface_of_a_service_cannot_be_deleted(network: Network) -> None:
    network.new_balancer()
    interface = network.interfaces("ELB app/web/*")[0]["NetworkInterfaceId"]
    refused(network.ec2.delete_network_interface, "InvalidParameterValue", NetworkInterfaceId=interface)


def test_an_interface_of_ours_can(network: Network) -> None:
    answer = network.ec2.create_network_interface(SubnetId=network.subnets[0])
    network.ec2.delete_network_interface(NetworkInterfaceId=answer["NetworkInterface"]["NetworkInterfaceId"])
    assert not network.interfaces()


def test_what_came_with_a_vpc_goes_with_it(network: Network) -> None:
    ec2 = network.ec2
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ours = {"Filters": [{"Name": "vpc-id", "Values": [vpc]}]}
    assert len(ec2.describe_network_acls(**ours)["NetworkAcls"]) == 1
    ec2.delete_vpc(VpcId=vpc)
    assert not ec2.describe_network_acls(**ours)["NetworkAcls"]
    assert not ec2.describe_security_groups(**ours)["SecurityGroups"]
    assert not ec2.describe_route_tables(**ours)["RouteTables"]


def test_dry_run_says_what_is_not_there(network: Network) -> None:
    refused(network.ec2.delete_vpc, "InvalidVpcID.NotFound", VpcId="vpc-0123456789abcdef0", DryRun=True)
    refused(network.ec2.delete_vpc, "DryRunOperation", VpcId=network.vpc, DryRun=True)
    refused(network.ec2.describe_vpcs, "DryRunOperation", DryRun=True)


def test_dry_run_tells_what_is_not_allowed(network: Network) -> None:
    network.sandbox.ask("POST", "permissions", {"enforce": True})
    iam = network.sandbox.client("iam")
    iam.create_user(UserName="guest")
    key = iam.create_access_key(UserName="guest")["AccessKey"]
    guest: Any = boto3.client(
        "ec2",
        region_name=REGION,
        endpoint_url=network.sandbox.endpoint,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    refused(guest.create_vpc, "UnauthorizedOperation", CidrBlock="10.9.0.0/16", DryRun=True)
    refused(network.ec2.create_vpc, "DryRunOperation", CidrBlock="10.9.0.0/16", DryRun=True)


def test_dry_run_executes_nothing(network: Network) -> None:
    before = len(network.ec2.describe_vpcs()["Vpcs"])
    refused(network.ec2.create_vpc, "DryRunOperation", CidrBlock="10.9.0.0/16", DryRun=True)
    assert len(network.ec2.describe_vpcs()["Vpcs"]) == before
    network.ec2.create_vpc(CidrBlock="10.9.0.0/16", DryRun=False)
    assert len(network.ec2.describe_vpcs()["Vpcs"]) == before + 1
