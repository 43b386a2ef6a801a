"""How many there may be of the parts of networks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.quotas import Limit, enforce

# Its rule comes before these: a request that is repeated under its token adds nothing.
from provisioner.sandbox.rules import tokens  # noqa: F401

_COUNTED = ("pending", "available", "deleting")
_LAST_ENTRY = 32767  # the one that every network ACL has


def _vpcs(call: Call) -> int:
    return len(backends.ec2(call).vpcs) + 1


def _addresses(call: Call) -> int:
    return len(backends.ec2(call).addresses) + 1


def _internet_gateways(call: Call) -> int:
    return len(backends.ec2(call).internet_gateways) + 1


def _nat_gateways(call: Call) -> int:
    """In the zone of the subnet; a failed one does not count."""
    ec2 = backends.ec2(call)
    zone = ec2.get_subnet(call.parameters["SubnetId"]).availability_zone
    there = (one for one in ec2.nat_gateways.values() if one.state in _COUNTED)
    return len([one for one in there if ec2.get_subnet(one.subnet_id).availability_zone == zone]) + 1


def _subnets(call: Call) -> int:
    zones = backends.ec2(call).subnets.values()
    return _in_vpc(call, (subnet for zone in zones for subnet in zone.values()))


def _route_tables(call: Call) -> int:
    return _in_vpc(call, backends.ec2(call).route_tables.values())


def _network_acls(call: Call) -> int:
    return _in_vpc(call, backends.ec2(call).network_acls.values())


def _routes(call: Call) -> int:
    """The local ones do not count."""
    table = backends.ec2(call).route_tables.get(call.parameters["RouteTableId"])
    return sum(not route.local for route in table.routes) + 1 if table else 0


def _network_acl_rules(call: Call) -> int:
    asked = call.parameters
    acl = backends.ec2(call).network_acls.get(asked["NetworkAclId"])
    entries = acl.network_acl_entries if acl else ()
    counted = (one for one in entries if int(one.rule_number) != _LAST_ENTRY)
    return len([one for one in counted if one.egress == asked["Egress"]]) + 1


def _in_vpc(call: Call, things: Iterable[Any]) -> int:
    return len([one for one in things if one.vpc_id == call.parameters["VpcId"]]) + 1


def _limit(quota: str, action: str, count: Callable[[Call], int], code: str, things: str) -> Limit:
    message = f"The maximum number of {things} has been reached."
    return Limit(quota, "ec2", action, count, f"{code}LimitExceeded", message)


enforce(
    (
        _limit("vpcs", "CreateVpc", _vpcs, "Vpc", "VPCs"),
        _limit("addresses", "AllocateAddress", _addresses, "Address", "addresses"),
        _limit(
            "internet-gateways",
            "CreateInternetGateway",
            _internet_gateways,
            "InternetGateway",
            "internet gateways",
        ),
        _limit("nat-gateways", "CreateNatGateway", _nat_gateways, "NatGateway", "NAT Gateways"),
        _limit("subnets", "CreateSubnet", _subnets, "Subnet", "subnets"),
        _limit("route-tables", "CreateRouteTable", _route_tables, "RouteTable", "route tables"),
        _limit("routes", "CreateRoute", _routes, "Route", "routes"),
        _limit("network-acls", "CreateNetworkAcl", _network_acls, "NetworkAcl", "network ACLs"),
        _limit(
            "network-acl-rules",
            "CreateNetworkAclEntry",
            _network_acl_rules,
            "NetworkAclEntry",
            "network ACL entries",
        ),
    ),
    "VPC User Guide: quotas; EC2 API Reference: error codes; what installers of OpenShift met",
)
