"""What EC2 describes of some VPCs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from provisioner.reach.reading.pages import Raw, items
from provisioner.reach.things import (
    ALL_PORTS,
    ENDPOINT,
    INTERNET,
    LOCAL,
    NAT,
    OTHER,
    TRANSIT,
    Acl,
    AclEntry,
    Endpoint,
    Group,
    Instance,
    Interface,
    NatGateway,
    Ports,
    Route,
    RouteTable,
    Rule,
    Subnet,
    Vpc,
)

_OVER = frozenset({"deleted", "deleting", "failed", "rejected", "expired"})


def vpcs(ec2: Any, ids: Sequence[str]) -> list[Vpc]:
    return [_vpc(ec2, raw) for raw in items(ec2, "describe_vpcs", "Vpcs", Filters={"vpc-id": ids})]


def _vpc(ec2: Any, raw: Raw) -> Vpc:
    blocks = [
        one["CidrBlock"]
        for one in raw.get("CidrBlockAssociationSet", ())
        if one["CidrBlockState"]["State"] == "associated"
    ]

    def attribute(name: str, key: str) -> bool:
        answer = ec2.describe_vpc_attribute(VpcId=raw["VpcId"], Attribute=name)
        return bool(answer[key]["Value"])

    return Vpc(
        raw["VpcId"],
        tuple(blocks),
        attribute("enableDnsSupport", "EnableDnsSupport"),
        attribute("enableDnsHostnames", "EnableDnsHostnames"),
    )


def subnets(ec2: Any, ids: Sequence[str]) -> list[Subnet]:
    """Those that have IPv4 addresses."""
    found = (
        raw for raw in items(ec2, "describe_subnets", "Subnets", Filters={"vpc-id": ids}) if raw.get("CidrBlock")
    )
    return [Subnet(raw["SubnetId"], raw["VpcId"], raw["CidrBlock"], raw["AvailabilityZone"]) for raw in found]


def tables(ec2: Any, ids: Sequence[str]) -> list[RouteTable]:
    found = items(ec2, "describe_route_tables", "RouteTables", Filters={"vpc-id": ids})
    return [_table(raw) for raw in found]


def _table(raw: Raw) -> RouteTable:
    known = raw.get("Associations", ())
    subnets = tuple(one["SubnetId"] for one in known if one.get("SubnetId"))
    routes = tuple(_route(one) for one in raw["Routes"] if _is_v4(one))
    return RouteTable(raw["RouteTableId"], raw["VpcId"], any(one["Main"] for one in known), subnets, routes)


def _is_v4(raw: Raw) -> bool:
    return "DestinationCidrBlock" in raw or "DestinationPrefixListId" in raw


def _route(raw: Raw) -> Route:
    destination = raw.get("DestinationCidrBlock") or raw["DestinationPrefixListId"]
    return Route(destination, *_target(raw), blackhole=raw.get("State") == "blackhole")


_TARGETS = (
    ("NatGatewayId", NAT),
    ("TransitGatewayId", TRANSIT),
    ("VpcPeeringConnectionId", OTHER),
    ("NetworkInterfaceId", OTHER),
    ("InstanceId", OTHER),
    ("LocalGatewayId", OTHER),
    ("CarrierGatewayId", OTHER),
    ("CoreNetworkArn", OTHER),
    ("VpcEndpointId", OTHER),
)
_GATEWAYS = {"local": LOCAL, "igw": INTERNET, "vpce": ENDPOINT}


def _target(raw: Raw) -> tuple[str, str]:
    """The kind and the id of what a route leads to."""
    for key, kind in _TARGETS:
        if raw.get(key):
            return kind, str(raw[key])
    gateway = str(raw.get("GatewayId", ""))
    return _GATEWAYS.get(gateway.partition("-")[0], OTHER), gateway


def acls(ec2: Any, ids: Sequence[str]) -> list[Acl]:
    found = items(ec2, "describe_network_acls", "NetworkAcls", Filters={"vpc-id": ids})
    return [_acl(raw) for raw in found]


def _acl(raw: Raw) -> Acl:
    subnets = tuple(one["SubnetId"] for one in raw.get("Associations", ()))
    entries = (_entry(one) for one in raw["Entries"] if one.get("CidrBlock"))
    ordered = sorted(entries, key=lambda one: (one.egress, one.number))
    return Acl(raw["NetworkAclId"], raw["VpcId"], subnets, tuple(ordered))


def _entry(raw: Raw) -> AclEntry:
    """Without a range, and for every protocol, an entry is for all ports."""
    ports, protocol = raw.get("PortRange"), str(raw["Protocol"])
    span = (int(ports["From"]), int(ports["To"])) if ports and protocol != "-1" else ALL_PORTS
    allows = raw["RuleAction"] == "allow"
    return AclEntry(int(raw["RuleNumber"]), bool(raw["Egress"]), allows, protocol, raw["CidrBlock"], span)


def groups(ec2: Any, ids: Sequence[str]) -> list[Group]:
    """With their rules, which another call lists, with ids of their own."""
    known = list(items(ec2, "describe_security_groups", "SecurityGroups", Filters={"vpc-id": ids}))
    rules = _rules(ec2, [raw["GroupId"] for raw in known])
    return [
        Group(raw["GroupId"], raw["GroupName"], raw["VpcId"], tuple(rules.get(raw["GroupId"], ())))
        for raw in known
    ]


def _rules(ec2: Any, ids: Sequence[str]) -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = {}
    if ids:
        listed = items(ec2, "describe_security_group_rules", "SecurityGroupRules", Filters={"group-id": ids})
        for raw in listed:
            found.setdefault(raw["GroupId"], []).append(_rule(raw))
    return found


def _rule(raw: Raw) -> Rule:
    peer = raw.get("ReferencedGroupInfo") or {}
    return Rule(
        raw["SecurityGroupRuleId"],
        raw["GroupId"],
        bool(raw["IsEgress"]),
        str(raw["IpProtocol"]),
        _ports(raw),
        raw.get("CidrIpv4") or raw.get("CidrIpv6") or "",
        peer.get("GroupId", ""),
        peer.get("UserId", ""),
        raw.get("PrefixListId") or "",
    )


def _ports(raw: Raw) -> Ports:
    """-1 stands for all of them."""
    low, high = int(raw.get("FromPort", -1)), int(raw.get("ToPort", -1))
    return (low, high) if low >= 0 and str(raw["IpProtocol"]) != "-1" else ALL_PORTS


def interfaces(ec2: Any, ids: Sequence[str]) -> list[Interface]:
    """Those that have IPv4 addresses."""
    found = items(ec2, "describe_network_interfaces", "NetworkInterfaces", Filters={"vpc-id": ids})
    return [_interface(raw) for raw in found if raw.get("PrivateIpAddress")]


def _interface(raw: Raw) -> Interface:
    several = (one["PrivateIpAddress"] for one in raw.get("PrivateIpAddresses") or ())
    addresses = dict.fromkeys((raw["PrivateIpAddress"], *several))
    return Interface(
        raw["NetworkInterfaceId"],
        raw["VpcId"],
        raw["SubnetId"],
        tuple(addresses),
        tuple(one["GroupId"] for one in raw.get("Groups", ())),
        (raw.get("Association") or {}).get("PublicIp", ""),
        raw.get("InterfaceType", "interface"),
        raw.get("Description", ""),
        (raw.get("Attachment") or {}).get("InstanceId", ""),
    )


def internet_gateways(ec2: Any, ids: Sequence[str]) -> dict[str, str]:
    """Those that are attached to one of the VPCs, each with that."""
    found = items(ec2, "describe_internet_gateways", "InternetGateways", Filters={"attachment.vpc-id": ids})
    return {raw["InternetGatewayId"]: one["VpcId"] for raw in found for one in raw["Attachments"]}


def nat_gateways(ec2: Any, ids: Sequence[str]) -> list[NatGateway]:
    found = items(ec2, "describe_nat_gateways", "NatGateways", Filters={"vpc-id": ids})
    return [_nat(raw) for raw in found]


def _nat(raw: Raw) -> NatGateway:
    """Its first address, which is the one that it uses; a private gateway has no public one."""
    address: Raw = next(iter(raw.get("NatGatewayAddresses") or ()), {})
    return NatGateway(
        raw["NatGatewayId"],
        raw["VpcId"],
        raw.get("SubnetId", ""),
        raw["State"],
        address.get("NetworkInterfaceId", ""),
        address.get("PrivateIp", ""),
        address.get("PublicIp", "") if raw.get("ConnectivityType") != "private" else "",
    )


def endpoints(ec2: Any, ids: Sequence[str]) -> list[Endpoint]:
    found = items(ec2, "describe_vpc_endpoints", "VpcEndpoints", Filters={"vpc-id": ids})
    return [_endpoint(raw) for raw in found]


def _endpoint(raw: Raw) -> Endpoint:
    """The state comes in either spelling. Source: EC2 API reference, VpcEndpoint; what is on the wire."""
    return Endpoint(
        raw["VpcEndpointId"],
        raw["VpcId"],
        raw["ServiceName"],
        raw["VpcEndpointType"],
        str(raw["State"]).lower(),
        bool(raw.get("PrivateDnsEnabled")),
        tuple(one["DnsName"] for one in raw.get("DnsEntries") or () if one.get("DnsName")),
        tuple(raw.get("NetworkInterfaceIds") or ()),
        tuple(raw.get("RouteTableIds") or ()),
    )


def instances(ec2: Any, ids: Sequence[str]) -> list[Instance]:
    found = items(ec2, "describe_instances", "Reservations", Filters={"vpc-id": ids})
    return [_instance(raw) for reservation in found for raw in reservation["Instances"]]


def _instance(raw: Raw) -> Instance:
    held: Iterable[Raw] = raw.get("NetworkInterfaces") or ()
    mine = tuple(one["NetworkInterfaceId"] for one in held)
    return Instance(raw["InstanceId"], raw["State"]["Name"], mine)
