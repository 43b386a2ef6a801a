"""A small network: as steps of a stack, and as somebody's own, made with plain boto3."""

from __future__ import annotations

from typing import Any

from steps.base import Need, Step
from steps.network import Subnet, Vpc
from steps.routing import RouteTable
from steps.security import SecurityGroup
from tests.steps.lab import REGION

ZONES = (f"{REGION}a", f"{REGION}b")


def network() -> list[Step]:
    """A VPC, two subnets `a` and `b`, two route tables `table-1` and `table-2`, a group."""
    in_vpc = (Need("vpc"),)
    return [
        Vpc(name="vpc", cidr="10.0.0.0/16"),
        Subnet(name="a", needs=in_vpc, vpc="vpc", cidr="10.0.0.0/24", zone=ZONES[0]),
        Subnet(name="b", needs=in_vpc, vpc="vpc", cidr="10.0.1.0/24", zone=ZONES[1]),
        RouteTable(name="table-1", needs=in_vpc, vpc="vpc"),
        RouteTable(name="table-2", needs=in_vpc, vpc="vpc"),
        SecurityGroup(name="group", needs=in_vpc, vpc="vpc", group_name="endpoints", description="endpoints"),
    ]


class Theirs:
    """A network of somebody's own."""

    def __init__(self, ec2: Any, cidr: str = "10.9.0.0/16") -> None:
        self.ec2 = ec2
        self.vpc = str(ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"])

    def subnet(self, cidr: str, zone: str = ZONES[0], table: str = "", **tags: str) -> str:
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]
        name = str(made["SubnetId"])
        if table:
            self.ec2.associate_route_table(SubnetId=name, RouteTableId=table)
        self.tag(name, **tags)
        return name

    def tag(self, name: str, **tags: str) -> None:
        if tags:
            self.ec2.create_tags(
                Resources=[name], Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
            )

    def table(self) -> str:
        return str(self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"])

    def main_table(self) -> str:
        filters = [
            {"Name": "vpc-id", "Values": [self.vpc]},
            {"Name": "association.main", "Values": ["true"]},
        ]
        return str(self.ec2.describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"])

    def gateway(self) -> str:
        """An internet gateway at the VPC."""
        name = str(self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"])
        self.ec2.attach_internet_gateway(InternetGatewayId=name, VpcId=self.vpc)
        return name

    def route(self, table: str, to: str, **target: str) -> None:
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock=to, **target)

    def routes(self, table: str) -> dict[str, dict[str, Any]]:
        """By destination, but for the VPC's own."""
        found = self.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        return {
            route["DestinationCidrBlock"]: route
            for route in found
            if route.get("DestinationCidrBlock") and route.get("GatewayId") != "local"
        }
