"""Whether the chosen zones have what the stack needs, and whether its networks are nobody else's."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from ipaddress import IPv4Network

from botocore.exceptions import ClientError

from provisioner.preflight.base import Check, Finding, Ground, Level
from steps.databases import DbInstance
from steps.endpoints import VpcEndpoint
from steps.instances import Instance
from steps.network import WITHOUT_FARGATE, Subnet, Vpc
from steps.services import Service
from steps.transit import TransitGatewayAttachment

_ZONES = "network.availability_zones"
_ENOUGH = 20


def zones(ground: Ground) -> Iterator[Finding]:
    """Zones that the stack file names: whether the region has them, and Fargate there."""
    named = ground.stack.network.availability_zones
    if isinstance(named, int) or not ground.making(Subnet):
        return
    known = {one["ZoneName"]: one for one in ground.read("describe_availability_zones", "AvailabilityZones")}
    for zone in named:
        if zone not in known or known[zone]["State"] != "available":
            what = f"account {ground.aws.account} has no such availability zone in {ground.aws.region}"
            yield Finding(
                Level.PROBLEM, what, f"name others, such as {', '.join(sorted(known)[:3])}", _ZONES, zone
            )
        elif known[zone]["ZoneId"] in WITHOUT_FARGATE and ground.making(Service):
            what = f"{zone} ({known[zone]['ZoneId']}) has no Fargate: no task can run there"
            yield Finding(Level.WARNING, what, "name another zone", _ZONES, zone)


def endpoint_services(ground: Ground) -> Iterator[Finding]:
    """Whether each interface endpoint's service is offered in each zone: CreateVpcEndpoint refuses others."""
    wanted = {one.service: one for one in ground.making(VpcEndpoint) if one.type == "Interface"}
    if not wanted:
        return
    try:
        answer = ground.aws.clients.ec2.describe_vpc_endpoint_services(ServiceNames=sorted(wanted))
    except ClientError as error:
        if error.response["Error"].get("Code") != "InvalidServiceName":
            raise
        told = error.response["Error"].get("Message", "a service is not known")
        yield Finding(Level.PROBLEM, told, "correct its name, or leave it out", "network.endpoints")
        return
    offered = {one["ServiceName"]: one.get("AvailabilityZones", []) for one in answer["ServiceDetails"]}
    for service in wanted:
        if missing := [zone for zone in ground.site.zones if zone not in offered.get(service, [])]:
            there = ", ".join(offered.get(service, [])) or "no other"
            what = f"{service} has no endpoint in {', '.join(missing)}, only in {there}"
            yield Finding(Level.PROBLEM, what, "choose zones that have it", _ZONES, service)


def instance_type(ground: Ground) -> Iterator[Finding]:
    """Whether the database's type is offered in the zone of its subnet."""
    for one in ground.making(Instance):
        answer = ground.aws.clients.ec2.describe_instance_type_offerings(
            LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [one.instance_type]}]
        )
        offered = {found["Location"] for found in answer["InstanceTypeOfferings"]}
        yield from _offered(one.instance_type, offered, ground.site.zones[:1], 1)


def instance_class(ground: Ground) -> Iterator[Finding]:
    """The same of RDS's class, in as many zones as it needs. One page tells all zones of a class."""
    for one in ground.making(DbInstance):
        answer = ground.aws.clients.databases.describe_orderable_db_instance_options(
            Engine=one.engine, DBInstanceClass=one.instance_class, Vpc=True, MaxRecords=_ENOUGH
        )
        options = answer["OrderableDBInstanceOptions"]
        offered = {zone["Name"] for option in options for zone in option["AvailabilityZones"]}
        if not offered:
            yield Finding(Level.UNKNOWN, f"{one.instance_class}: RDS does not tell where it is offered")
            continue
        yield from _offered(one.instance_class, offered, ground.site.zones, 2 if one.multi_az else 1)


def _offered(kind: str, offered: Collection[str], places: tuple[str, ...], needed: int) -> Iterator[Finding]:
    if sum(place in offered for place in places) >= needed:
        yield Finding(Level.OK, f"{kind} is offered in {', '.join(place for place in places if place in offered)}")
        return
    elsewhere = f"only in {', '.join(sorted(offered))}" if offered else "nor anywhere in this region"
    what = f"{kind} is not offered in {', '.join(places)}, {elsewhere}"
    yield Finding(Level.PROBLEM, what, "choose another type, or other zones", "database.instance_type", kind)


def overlaps(ground: Ground) -> Iterator[Finding]:
    """Other VPCs on the same transit gateway with the same addresses: it leads a packet to one of them only."""
    wanted = ground.making(TransitGatewayAttachment)
    if not wanted or not ground.making(Vpc):
        return
    ours = IPv4Network(ground.stack.network.cidr)
    filters = [{"Name": "transit-gateway-id", "Values": [wanted[0].transit_gateway]}]
    attached = {
        one["VpcId"]
        for one in ground.read(
            "describe_transit_gateway_vpc_attachments", "TransitGatewayVpcAttachments", Filters=filters
        )
        if one["State"] not in ("deleted", "deleting", "failed", "rejected")
    }
    for vpc in ground.read("describe_vpcs", "Vpcs"):
        if vpc["VpcId"] in attached and IPv4Network(vpc["CidrBlock"]).overlaps(ours):
            what = f"{ours} overlaps {vpc['VpcId']} ({vpc['CidrBlock']}) on the same transit gateway"
            fix = "choose another network: what comes back through the gateway goes to one of them only"
            yield Finding(Level.WARNING, what, fix, "network.cidr", str(ours))


CHECKS: dict[str, Check] = {
    "zones": zones,
    "endpoint services": endpoint_services,
    "instance type": instance_type,
    "DB instance class": instance_class,
    "overlapping networks": overlaps,
}
