"""Interfaces in subnets, and what connections between them come to."""

from __future__ import annotations

import urllib.error
from functools import cached_property
from typing import Any

from tests.sandbox_fixture import REGION, Sandbox

ACCOUNT = "123456789012"
ALL = "0.0.0.0/0"


class Lab:
    """A VPC with an internet gateway, subnets a and b in two zones, a group each, an interface in each.

    Interface `a` has something that listens at port 80, and so has `b`. Nothing lets anything in at first.
    """

    def __init__(self, sandbox: Sandbox, cidr: str = "10.0") -> None:
        self.sandbox = sandbox
        self.cidr = f"{cidr}.0.0/16"
        self.vpc = self.ec2.create_vpc(CidrBlock=self.cidr)["Vpc"]["VpcId"]
        for name in ("EnableDnsSupport", "EnableDnsHostnames"):
            self.ec2.modify_vpc_attribute(VpcId=self.vpc, **{name: {"Value": True}})
        self.gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.subnets = [self.new_subnet(f"{cidr}.{number}.0/24", zone) for number, zone in enumerate("ab")]
        self.groups = [self.new_group(f"group {letter}") for letter in "ab"]
        self.a, self.b = (self.new_interface(number) for number in (0, 1))

    @cached_property
    def ec2(self) -> Any:
        return self.sandbox.client("ec2")

    def new_subnet(self, cidr: str, zone: str = "a") -> str:
        found = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=cidr, AvailabilityZone=f"{REGION}{zone}")
        return str(found["Subnet"]["SubnetId"])

    def new_group(self, name: str) -> str:
        found = self.ec2.create_security_group(GroupName=name, Description="test", VpcId=self.vpc)
        return str(found["GroupId"])

    def new_interface(self, number: int, *, port: int = 80) -> str:
        subnet, group = self.subnets[number], self.groups[number]
        found = self.ec2.create_network_interface(SubnetId=subnet, Groups=[group])
        name = str(found["NetworkInterface"]["NetworkInterfaceId"])
        self.listen(name, port)
        return name

    def listen(self, interface: str, *ports: int, image: str = "own/app:1") -> None:
        self.ask("listen", **{"from": interface}, image=image, ports=ports)

    def address(self, interface: str) -> str:
        found = self.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"][0]
        return str(found["PrivateIpAddress"])

    def let_in(self, at: str, port: int = 80, **source: Any) -> str:
        """Let a CIDR block, a group or a prefix list in; the id of the rule."""
        permission = _permission(port, source)
        answer = self.ec2.authorize_security_group_ingress(GroupId=at, IpPermissions=[permission])
        return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def forbid_leaving(self, group: str) -> None:
        everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": ALL}]}
        self.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[everything])

    def let_out(self, at: str, port: int = 80, **target: Any) -> str:
        permission = _permission(port, target)
        answer = self.ec2.authorize_security_group_egress(GroupId=at, IpPermissions=[permission])
        return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def new_table(self, subnet: str, **routes: Any) -> str:
        """A route table for a subnet, with a default route if one is given."""
        table = str(self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"])
        self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        if routes:
            self.route(table, ALL, **routes)
        return table

    def route(self, table: str, cidr: str, **target: Any) -> None:
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock=cidr, **target)

    def new_public_address(self, interface: str = "") -> dict[str, str]:
        made: dict[str, str] = self.ec2.allocate_address(Domain="vpc")
        if interface:
            self.ec2.associate_address(AllocationId=made["AllocationId"], NetworkInterfaceId=interface)
        return made

    def new_nat(self, subnet: str, **more: Any) -> str:
        more = more or {"AllocationId": self.new_public_address()["AllocationId"]}
        return str(self.ec2.create_nat_gateway(SubnetId=subnet, **more)["NatGateway"]["NatGatewayId"])

    def new_acl(self, *subnets: str) -> str:
        """A network ACL, which denies everything, for these subnets."""
        acl = str(self.ec2.create_network_acl(VpcId=self.vpc)["NetworkAcl"]["NetworkAclId"])
        for subnet in subnets:
            filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
            known = self.ec2.describe_network_acls(Filters=filters)["NetworkAcls"][0]["Associations"]
            association = next(one["NetworkAclAssociationId"] for one in known if one["SubnetId"] == subnet)
            self.ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)
        return acl

    def entry(
        self, acl: str, number: int, ports: tuple[int, int], *, egress: bool, cidr: str = ALL, deny: bool = False
    ) -> None:
        self.ec2.create_network_acl_entry(
            NetworkAclId=acl,
            RuleNumber=number,
            Protocol="6",
            RuleAction="deny" if deny else "allow",
            Egress=egress,
            CidrBlock=cidr,
            PortRange={"From": ports[0], "To": ports[1]},
        )

    def ask(self, what: str, **body: Any) -> Any:
        try:
            return self.sandbox.ask("POST", f"network/{what}", {"account": ACCOUNT, "region": REGION, **body})
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error

    def reach(self, source: str, to: str, port: int = 80) -> dict[str, str]:
        """The verdict on a connection from an interface, or whatever, to an interface, a name or an address."""
        there = self.address(to) if to.startswith("eni-") else to
        found: dict[str, str] = self.ask("reach", **{"from": source}, to=there, port=port)
        return found

    def fetch(self, source: str, url: str, **more: Any) -> Any:
        return self.ask("fetch", **{"from": source}, url=url, **more)

    def opens(self, source: str, to: str, port: int = 80) -> str:
        """Assert that a connection opens; why."""
        found = self.reach(source, to, port)
        assert found["outcome"] == "open", found
        return found["why"]

    def hangs(self, source: str, to: str, port: int = 80) -> str:
        """Assert that a connection hangs; why."""
        found = self.reach(source, to, port)
        assert found["outcome"] == "hangs", found
        return found["why"]


def _permission(port: int, peer: dict[str, Any]) -> dict[str, Any]:
    permission: dict[str, Any] = {"IpProtocol": peer.get("protocol", "tcp"), "FromPort": port, "ToPort": port}
    if "to_port" in peer:
        permission["ToPort"] = peer["to_port"]
    if not {"group", "prefix_list"} & peer.keys():
        permission["IpRanges"] = [{"CidrIp": peer.get("cidr", ALL)}]
    if "group" in peer:
        permission["UserIdGroupPairs"] = [{"GroupId": peer["group"]}]
    if "prefix_list" in peer:
        permission["PrefixListIds"] = [{"PrefixListId": peer["prefix_list"]}]
    return permission
