"""What DeleteVpc and its like are refused for besides what every stack has: others' gateways and endpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.world import Network, refused
from tests.sandbox_fixture import REGION

VIOLATION = "DependencyViolation"
Undo = Callable[[], Any]


def endpoint(network: Network, vpc: str) -> Undo:
    service = f"com.amazonaws.{REGION}.s3"
    made = network.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=service)["VpcEndpoint"]["VpcEndpointId"]
    return lambda: network.ec2.delete_vpc_endpoints(VpcEndpointIds=[made])


def egress_only_gateway(network: Network, vpc: str) -> Undo:
    made = network.ec2.create_egress_only_internet_gateway(VpcId=vpc)["EgressOnlyInternetGateway"]
    name = made["EgressOnlyInternetGatewayId"]
    return lambda: network.ec2.delete_egress_only_internet_gateway(EgressOnlyInternetGatewayId=name)


def virtual_private_gateway(network: Network, vpc: str) -> Undo:
    made = network.ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    network.ec2.attach_vpn_gateway(VpcId=vpc, VpnGatewayId=made)
    return lambda: network.ec2.detach_vpn_gateway(VpcId=vpc, VpnGatewayId=made)


@pytest.mark.parametrize("attach", [endpoint, egress_only_gateway, virtual_private_gateway])
def test_a_vpc_stays_while_it_has(network: Network, attach: Callable[[Network, str], Undo]) -> None:
    vpc = network.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    undo = attach(network, vpc)
    refused(network.ec2.delete_vpc, VIOLATION, VpcId=vpc)
    undo()
    network.ec2.delete_vpc(VpcId=vpc)


def test_a_subnet_stays_while_somebodys_own_interface_is_in_it(network: Network) -> None:
    made = network.ec2.create_network_interface(SubnetId=network.subnets[0])["NetworkInterface"]
    refused(network.ec2.delete_subnet, VIOLATION, SubnetId=network.subnets[0])
    network.ec2.delete_network_interface(NetworkInterfaceId=made["NetworkInterfaceId"])
    network.ec2.delete_subnet(SubnetId=network.subnets[0])


def test_a_gateway_stays_attached_while_an_instance_has_a_public_address(network: Network) -> None:
    place = {"DeviceIndex": 0, "SubnetId": network.subnets[0], "AssociatePublicIpAddress": True}
    made = network.ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, NetworkInterfaces=[place])[
        "Instances"
    ][0]["InstanceId"]
    where = {"InternetGatewayId": network.gateway, "VpcId": network.vpc}
    assert "mapped public address" in refused(network.ec2.detach_internet_gateway, VIOLATION, **where)
    network.ec2.terminate_instances(InstanceIds=[made])
    network.ec2.detach_internet_gateway(**where)


def test_a_route_table_stays_while_a_subnet_uses_it(network: Network) -> None:
    table = network.ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"]
    used = network.ec2.associate_route_table(RouteTableId=table, SubnetId=network.subnets[0])["AssociationId"]
    refused(network.ec2.delete_route_table, VIOLATION, RouteTableId=table)
    network.ec2.disassociate_route_table(AssociationId=used)
    network.ec2.delete_route_table(RouteTableId=table)


def test_others_filter_groups_by_whom_they_speak_of(network: Network) -> None:
    other = network.new_group("other")
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": network.group}]}
    asked: Any = {"Filters": [{"Name": "egress.ip-permission.group-id", "Values": [network.group]}]}
    assert network.ec2.describe_security_groups(**asked)["SecurityGroups"] == []
    network.ec2.authorize_security_group_egress(GroupId=other, IpPermissions=[rule])
    assert [one["GroupId"] for one in network.ec2.describe_security_groups(**asked)["SecurityGroups"]] == [other]
