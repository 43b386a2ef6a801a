"""Networks that chance draws: a VPC in which nearly everything is open, and moves that change one entry each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import strategies as st

from tests.provisioner.reach_lab import Witnesses, aws_of
from tests.sandbox.network_lab import ALL, Lab
from tests.sandbox_fixture import REGION, Sandbox

INTERNET, OUTSIDE = "internet", "93.184.216.34"
PORTS = (80, 443)
EPHEMERAL = (1024, 65535)
PRIVATE = "db.corp.example"
S3, LOGS = f"s3.{REGION}.amazonaws.com", f"logs.{REGION}.amazonaws.com"
CIDRS = (ALL, "10.0.0.0/16", "10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24", "10.1.0.0/16", f"{OUTSIDE}/32")
RANGES = ((80, 80), (443, 443), EPHEMERAL, (0, 65535), (32768, 65535), (3389, 3389))
THIRD = range(3)
Move = tuple[str, tuple[Any, ...]]


class Drawn:
    """A VPC in which nearly everything is open: a public subnet, one behind its NAT gateway, one with endpoints.

    A second VPC is attached to the same transit gateway. Moves change one entry each; what AWS refuses is no move.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.lab, self.far = Lab(sandbox, "10.0"), Lab(sandbox, "10.1")
        self.ec2, lab = self.lab.ec2, self.lab
        self.witnesses = Witnesses(lab, aws_of(sandbox))
        lab.subnets.append(lab.new_subnet("10.0.2.0/24", "a"))
        lab.groups.append(lab.new_group("group c"))
        self.interfaces = [lab.a, lab.b, lab.new_interface(2)]
        for interface in (*self.interfaces, self.far.a):
            lab.listen(interface, *PORTS)
        self.acls: dict[int, str] = {}
        self.transit()
        self.nat = lab.new_nat(lab.subnets[0])
        self.tables = [
            lab.new_table(lab.subnets[0], GatewayId=lab.gateway),
            lab.new_table(lab.subnets[1], NatGatewayId=self.nat),
            lab.new_table(lab.subnets[2]),
        ]
        lab.new_public_address(lab.a)
        for group in (*lab.groups, self.far.groups[0]):
            for port in PORTS:
                lab.let_in(group, port, cidr=ALL)
        for table in self.tables:
            lab.route(table, self.far.cidr, TransitGatewayId=self.gateway)
        self.far.route(self.far.new_table(self.far.subnets[0]), lab.cidr, TransitGatewayId=self.gateway)
        self.addresses = [lab.address(one) for one in (*self.interfaces, self.far.a)]
        self.interface_endpoint(2, 2, True)
        self.private_name()

    def private_name(self) -> None:
        """A name that b has in the VPC only."""
        dns = self.lab.sandbox.client("route53")
        where = {"VPCRegion": REGION, "VPCId": self.lab.vpc}
        zone = dns.create_hosted_zone(Name="corp.example", CallerReference="corp", VPC=where)["HostedZone"]["Id"]
        record = {"Name": PRIVATE, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": self.addresses[1]}]}
        changes = [{"Action": "CREATE", "ResourceRecordSet": record}]
        dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})

    def transit(self) -> None:
        self.gateway = self.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
        self.attached = [
            self.ec2.create_transit_gateway_vpc_attachment(
                TransitGatewayId=self.gateway, VpcId=one.vpc, SubnetIds=one.subnets[:1]
            )["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
            for one in (self.lab, self.far)
        ]
        found = self.ec2.describe_transit_gateways(TransitGatewayIds=[self.gateway])["TransitGateways"][0]
        self.transit_table = found["Options"]["AssociationDefaultRouteTableId"]

    def move(self, name: str, arguments: tuple[Any, ...]) -> None:
        with suppress(ClientError):
            getattr(self, name)(*arguments)

    def permit(self, group: int, egress: bool, port: int, peer: int | str) -> None:
        self._authorize("authorize", group, egress, port, peer)

    def revoke(self, group: int, egress: bool, port: int, peer: int | str) -> None:
        self._authorize("revoke", group, egress, port, peer)

    def _authorize(self, verb: str, group: int, egress: bool, port: int, peer: int | str) -> None:
        permission: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
        if isinstance(peer, int):
            permission["UserIdGroupPairs"] = [{"GroupId": self.lab.groups[peer]}]
        else:
            permission["IpRanges"] = [{"CidrIp": peer}]
        call = getattr(self.ec2, f"{verb}_security_group_{'egress' if egress else 'ingress'}")
        call(GroupId=self.lab.groups[group], IpPermissions=[permission])

    def close_group(self, group: int, egress: bool) -> None:
        """Nothing gets in, or nothing out."""
        found = self.ec2.describe_security_groups(GroupIds=[self.lab.groups[group]])["SecurityGroups"][0]
        key, way = ("IpPermissionsEgress", "egress") if egress else ("IpPermissions", "ingress")
        getattr(self.ec2, f"revoke_security_group_{way}")(GroupId=self.lab.groups[group], IpPermissions=found[key])

    def open_acl(self, subnet: int) -> None:
        """An ACL of its own for a subnet, which lets everything pass at first."""
        self.acls[subnet] = self.lab.new_acl(self.lab.subnets[subnet])
        for egress in (True, False):
            self.lab.entry(self.acls[subnet], 500, (0, 65535), egress=egress)

    def entry(self, subnet: int, number: int, ports: tuple[int, int], egress: bool, cidr: str, deny: bool) -> None:
        if subnet not in self.acls:
            self.open_acl(subnet)
        self.lab.entry(self.acls[subnet], number, ports, egress=egress, cidr=cidr, deny=deny)

    def remove_entry(self, subnet: int, number: int, egress: bool) -> None:
        if subnet in self.acls:
            self.ec2.delete_network_acl_entry(NetworkAclId=self.acls[subnet], RuleNumber=number, Egress=egress)

    def route(self, table: int, cidr: str, target: str) -> None:
        wanted = {
            "internet": {"GatewayId": self.lab.gateway},
            "nat": {"NatGatewayId": self.nat},
            "transit": {"TransitGatewayId": self.gateway},
        }[target]
        self.ec2.create_route(RouteTableId=self.tables[table], DestinationCidrBlock=cidr, **wanted)

    def unroute(self, table: int, cidr: str) -> None:
        self.ec2.delete_route(RouteTableId=self.tables[table], DestinationCidrBlock=cidr)

    def main_table(self, subnet: int) -> None:
        """The subnet goes back to the VPC's main table."""
        filters = [{"Name": "association.subnet-id", "Values": [self.lab.subnets[subnet]]}]
        for table in self.ec2.describe_route_tables(Filters=filters)["RouteTables"]:
            for one in table["Associations"]:
                if one.get("SubnetId") == self.lab.subnets[subnet]:
                    self.ec2.disassociate_route_table(AssociationId=one["RouteTableAssociationId"])

    def lend_address(self, interface: int) -> None:
        self.lab.new_public_address(self.interfaces[interface])

    def detach(self) -> None:
        self.ec2.detach_internet_gateway(InternetGatewayId=self.lab.gateway, VpcId=self.lab.vpc)

    def delete_nat(self) -> None:
        self.ec2.delete_nat_gateway(NatGatewayId=self.nat)

    def gateway_endpoint(self, table: int) -> None:
        self.ec2.create_vpc_endpoint(
            VpcId=self.lab.vpc, ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=[self.tables[table]]
        )

    def interface_endpoint(self, subnet: int, group: int, private: bool) -> None:
        self.ec2.create_vpc_endpoint(
            VpcId=self.lab.vpc,
            VpcEndpointType="Interface",
            ServiceName=f"com.amazonaws.{REGION}.logs",
            SubnetIds=[self.lab.subnets[subnet]],
            SecurityGroupIds=[self.lab.groups[group]],
            PrivateDnsEnabled=private,
        )

    def names(self, support: bool, hostnames: bool) -> None:
        for name, value in (("EnableDnsSupport", support), ("EnableDnsHostnames", hostnames)):
            self.ec2.modify_vpc_attribute(VpcId=self.lab.vpc, **{name: {"Value": value}})

    def attach_zone(self, subnet: int) -> None:
        self.ec2.modify_transit_gateway_vpc_attachment(
            TransitGatewayAttachmentId=self.attached[0], AddSubnetIds=[self.lab.subnets[subnet]]
        )

    def transit_route(self, cidr: str, blackhole: bool) -> None:
        more = {"Blackhole": True} if blackhole else {"TransitGatewayAttachmentId": self.attached[1]}
        self.ec2.create_transit_gateway_route(
            TransitGatewayRouteTableId=self.transit_table, DestinationCidrBlock=cidr, **more
        )

    def dissociate(self, which: int) -> None:
        self.ec2.disassociate_transit_gateway_route_table(
            TransitGatewayRouteTableId=self.transit_table, TransitGatewayAttachmentId=self.attached[which]
        )

    def questions(self) -> Iterator[tuple[str, str, int]]:
        """Who might want to reach whom."""
        public = [
            one["PublicIp"] for one in self.ec2.describe_addresses()["Addresses"] if "NetworkInterfaceId" in one
        ]
        inside = [*self.interfaces, self.far.a]
        for source, to in product(inside, [*self.addresses, *public, OUTSIDE]):
            yield source, to, 80
        for source, to in product(self.interfaces, (S3, LOGS)):
            yield source, to, 443
        for source in inside:
            yield source, PRIVATE, 80
        for to in (*self.addresses[:2], *public):
            yield INTERNET, to, 80

    def agree(self) -> set[str]:
        """Assert that both say the same of everything; what was said."""
        snapshot = self.witnesses.look()
        return {self.witnesses.compare(snapshot, *question) for question in self.questions()}


third, yes = st.sampled_from(THIRD), st.booleans()
peers = st.one_of(third, st.sampled_from(CIDRS))
cidrs, ports, numbers = st.sampled_from(CIDRS), st.sampled_from(PORTS), st.sampled_from((90, 100, 110, 500))


def move(name: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Move]:
    return st.tuples(st.just(name), st.tuples(*arguments))


MOVES = st.one_of(
    move("permit", third, yes, ports, peers),
    move("revoke", third, yes, ports, peers),
    move("close_group", third, yes),
    move("open_acl", third),
    move("entry", third, numbers, st.sampled_from(RANGES), yes, cidrs, yes),
    move("remove_entry", third, numbers, yes),
    move("route", third, cidrs, st.sampled_from(("internet", "nat", "transit"))),
    move("unroute", third, cidrs),
    move("main_table", third),
    move("lend_address", third),
    move("detach"),
    move("delete_nat"),
    move("gateway_endpoint", third),
    move("interface_endpoint", third, third, yes),
    move("names", yes, yes),
    move("attach_zone", third),
    move("transit_route", cidrs, yes),
    move("dissociate", st.sampled_from((0, 1))),
)
