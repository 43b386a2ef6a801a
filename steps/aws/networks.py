"""What EC2's descriptions of VPCs and route tables say. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Raw = Mapping[str, Any]

_ANYWHERE = "0.0.0.0/0"


def cidrs(vpc: Raw) -> list[str]:
    """The IPv4 blocks that are associated with a VPC, its first one first."""
    blocks = vpc.get("CidrBlockAssociationSet", ())
    usable = [block["CidrBlock"] for block in blocks if block["CidrBlockState"]["State"] == "associated"]
    return list(dict.fromkeys([vpc["CidrBlock"], *usable]))


def destinations(table: Raw) -> list[str]:
    """The IPv4 destinations of a table's routes, but for the VPC's own."""
    routes = [route for route in table["Routes"] if route.get("GatewayId") != "local"]
    return sorted(route["DestinationCidrBlock"] for route in routes if "DestinationCidrBlock" in route)


def default_routes(table: Raw) -> list[Raw]:
    """The routes to everywhere by which packets really leave: a blackhole is none."""
    routes = [route for route in table["Routes"] if route.get("DestinationCidrBlock") == _ANYWHERE]
    return [route for route in routes if route.get("State") != "blackhole"]


def table_of(subnet: str, tables: Sequence[Raw]) -> Raw:
    """The one with which the subnet is associated, else the VPC's main one: every VPC has one."""
    told = [(association, table) for table in tables for association in table.get("Associations", ())]
    own = (table for association, table in told if association.get("SubnetId") == subnet)
    return next(own, None) or next(table for association, table in told if association.get("Main"))
