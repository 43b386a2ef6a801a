"""Subnets."""

from __future__ import annotations

import ipaddress

from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead
from provisioner.sandbox.rules.ec2_vpcs import canonical
from provisioner.sandbox.vpc.tagging import specified

_LARGEST, _SMALLEST = 16, 28
_INVALID = "InvalidParameterValue"
_ONLY = "Subnets can currently only be created in the following availability zones"
_ATTRIBUTES = (
    "AssignIpv6AddressOnCreation",
    "EnableDns64",
    "EnableResourceNameDnsAAAARecordOnLaunch",
    "EnableResourceNameDnsARecordOnLaunch",
    "MapPublicIpOnLaunch",
    "PrivateDnsHostnameTypeOnLaunch",
)


@before("ec2", "CreateSubnet", source="EC2 API Reference: error codes")
def range_must_fit(call: Call) -> None:
    """InvalidSubnet.Range for a range beyond /16 to /28."""
    cidr = call.parameters.get("CidrBlock", "")
    try:
        length = ipaddress.IPv4Network(cidr, strict=False).prefixlen
    except ValueError:
        return
    if not _LARGEST <= length <= _SMALLEST:
        raise Refusal("InvalidSubnet.Range", f"The CIDR '{cidr}' is invalid.")


@before("ec2", "CreateSubnet", source="EC2 API Reference: error codes; the wording: public bug reports")
def zone_must_exist(call: Call) -> None:
    """InvalidParameterValue for a zone that the region does not have."""
    zones = RegionsAndZonesBackend.zones.get(call.region, [])
    for parameter, known in (
        ("AvailabilityZone", [zone.name for zone in zones]),
        ("AvailabilityZoneId", [zone.zone_id for zone in zones]),
    ):
        asked = call.parameters.get(parameter)
        if asked and asked not in known:
            name = parameter[0].lower() + parameter[1:]
            where = (
                f"Subnets can currently only be created in the following availability zones: {', '.join(known)}."
            )
            raise Refusal(_INVALID, f"Value ({asked}) for parameter {name} is invalid. {where}")


@instead("ec2", "CreateSubnet", source="EC2 API Reference: CreateSubnet")
def is_nobodys_default(call: Call) -> Answer:
    """In the zone of that name or id, or in any; 10.0.1.7/24 becomes 10.0.1.0/24; no addresses by itself."""
    asked, ec2 = call.parameters, backends.ec2(call)
    if "CidrBlock" not in asked and "Ipv6CidrBlock" not in asked:
        raise Refusal("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    subnet = ec2.create_subnet(
        asked["VpcId"],
        canonical(asked["CidrBlock"]) if "CidrBlock" in asked else "",
        asked.get("Ipv6CidrBlock"),
        _zone(call),
        ipv6_native=asked.get("Ipv6Native", False),
    )
    subnet.default_for_az = subnet.map_public_ip_on_launch = False
    subnet.add_tags(specified(call))
    return {"Subnet": subnet}


@before("ec2", "ModifySubnetAttribute", source="EC2 API Reference: ModifySubnetAttribute; the wording from memory")
def attributes_change_one_by_one(call: Call) -> None:
    """InvalidParameterCombination for two attributes in one call."""
    asked = [name for name in _ATTRIBUTES if name in call.parameters]
    if len(asked) > 1:
        message = f"Fields for multiple attribute types specified: {', '.join(asked)}"
        raise Refusal("InvalidParameterCombination", message)


@after("ec2", "DeleteSubnet", source="EC2 API Reference: DeleteSubnet")
def takes_its_associations_along(call: Call, answer: Answer) -> None:
    """Repair moto, which leaves those with route tables and network ACLs."""
    subnet, ec2 = call.parameters["SubnetId"], backends.ec2(call)
    for table in ec2.route_tables.values():
        table._associations = {name: to for name, to in table._associations.items() if to != subnet}
    for acl in ec2.network_acls.values():
        acl._associations = {name: to for name, to in acl._associations.items() if to.subnet_id != subnet}


def _zone(call: Call) -> str:
    zones = RegionsAndZonesBackend.zones[call.region]
    asked = (call.parameters.get("AvailabilityZone"), call.parameters.get("AvailabilityZoneId"))
    named = [zone.name for zone in zones if zone.name == asked[0] or zone.zone_id == asked[1]]
    return named[0] if named else call.world.latencies.chance("zone").choice([zone.name for zone in zones])
