"""Route 53: hosted zones, their name servers and VPCs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call, Site
from provisioner.sandbox.dns import hosted_zones
from provisioner.sandbox.dns.hosted_zones import Zone
from provisioner.sandbox.dns.records import canonical, complaints_about_name, labels
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead

CLOUD_MAP = "servicediscovery.amazonaws.com"
_CREATE = "Route 53 API Reference: CreateHostedZone"
_NEEDED_AT_APEX = frozenset(("NS", "SOA"))
_TAGS_PER_CALL = 10


@before("route53", "CreateHostedZone", source=_CREATE)
def caller_reference_is_used_once(call: Call) -> None:
    """HostedZoneAlreadyExists (409) for a reference that has made a zone, whatever the name."""
    if call.parameters["CallerReference"] in hosted_zones.of(call).references:
        message = "A hosted zone has already been created with the specified caller reference."
        raise Refusal("HostedZoneAlreadyExists", message, 409)


@before("route53", "CreateHostedZone", source=f"{_CREATE}; Developer Guide: DNS domain name format")
def names_of_zones(call: Call) -> None:
    """InvalidDomainName for labels that are empty or too long, and for a public top-level domain."""
    name = call.parameters["Name"]
    for complaint in complaints_about_name(name):
        raise Refusal("InvalidDomainName", complaint)
    if "VPC" not in call.parameters and len(labels(name)) == 1:
        raise Refusal("InvalidDomainName", f"{canonical(name)} is a top-level domain")


@before("route53", "CreateHostedZone", "AssociateVPCWithHostedZone", source=_CREATE)
def vpcs_of_zones(call: Call) -> None:
    """InvalidVPCId for a VPC that is not there, InvalidInput for none or half of one."""
    vpc = call.parameters.get("VPC")
    wants = call.parameters.get("HostedZoneConfig", {}).get("PrivateZone")
    if vpc is None and not wants:
        return
    if not vpc or not {"VPCId", "VPCRegion"} <= vpc.keys():
        raise Refusal("InvalidInput", "A private hosted zone needs a VPC: VPCId and VPCRegion")
    there = backends.ec2(Site(call.account, vpc["VPCRegion"], call.world))
    if vpc["VPCId"] not in there.vpcs:
        raise Refusal("InvalidVPCId", "The VPC ID is invalid.")


@instead("route53", "CreateHostedZone", source=_CREATE)
def zone_has_name_servers_of_its_own(call: Call) -> Answer:
    """Four for a public zone; one with a VPC is private, ConflictingDomainExists for its second of a name."""
    given = call.parameters
    vpc = given.get("VPC")
    if vpc:
        _refuse_second(call, canonical(given["Name"]), vpc)
    zone = hosted_zones.create(
        call.site,
        given["Name"],
        given["CallerReference"],
        vpc=vpc,
        comment=given.get("HostedZoneConfig", {}).get("Comment"),
        delegation_set=given.get("DelegationSetId"),
    )
    info = hosted_zones.submit(call.site, zone).told()
    location = f"https://route53.amazonaws.com/2013-04-01{zone.moto.id}"
    return {"HostedZone": describe(zone), "ChangeInfo": info, "Location": location, **_place(zone, "VPC")}


@instead("route53", "GetHostedZone", source="Route 53 API Reference: GetHostedZone")
def zone_tells_its_name_servers_or_vpcs(call: Call) -> Answer:
    """The name servers of a public zone, the VPCs of a private one."""
    zone = find(call, call.parameters["Id"])
    place = _place(zone, "VPCs")
    return {"HostedZone": describe(zone), **place}


@instead("route53", "DeleteHostedZone", source="Route 53 API Reference: DeleteHostedZone")
def zones_to_delete_are_empty(call: Call) -> Answer:
    """HostedZoneNotEmpty while there is a record beside the zone's own NS and SOA records."""
    zone = editable(call, call.parameters["Id"])
    if any(name != zone.name or kind not in _NEEDED_AT_APEX for name, kind, _ in zone.records):
        message = "The specified hosted zone contains non-required resource record sets and so cannot be deleted."
        raise Refusal("HostedZoneNotEmpty", message)
    hosted_zones.remove(call.site, zone)
    return {"ChangeInfo": hosted_zones.submit(call.site, zone).told()}


@instead("route53", "AssociateVPCWithHostedZone", source="Route 53 API Reference: AssociateVPCWithHostedZone")
def private_zones_have_vpcs(call: Call) -> Answer:
    """PublicZoneVPCAssociation for a public zone; ConflictingDomainExists for a VPC's second zone of that name."""
    zone, vpc = find(call, call.parameters["HostedZoneId"]), call.parameters["VPC"]
    if not zone.moto.private_zone:
        message = "The hosted zone is public; only private hosted zones can be associated with VPCs."
        raise Refusal("PublicZoneVPCAssociation", message)
    _refuse_second(call, zone.name, vpc)
    zone.moto.add_vpc(vpc["VPCId"], vpc["VPCRegion"])
    return {"ChangeInfo": hosted_zones.submit(call.site, zone, call.parameters.get("Comment")).told()}


@instead(
    "route53", "DisassociateVPCFromHostedZone", source="Route 53 API Reference: DisassociateVPCFromHostedZone"
)
def last_vpc_stays(call: Call) -> Answer:
    """LastVPCAssociation for a zone's only VPC, VPCAssociationNotFound (404) for one that it does not have."""
    zone, vpc = find(call, call.parameters["HostedZoneId"]), call.parameters["VPC"]["VPCId"]
    if vpc not in zone.vpcs:
        message = f"The VPC {vpc} is not associated with the hosted zone {zone.id}."
        raise Refusal("VPCAssociationNotFound", message, 404)
    if len(zone.vpcs) == 1:
        message = f"The VPC {vpc} is the last one that is associated with the hosted zone {zone.id}."
        raise Refusal("LastVPCAssociation", message)
    zone.moto.delete_vpc(vpc)
    return {"ChangeInfo": hosted_zones.submit(call.site, zone, call.parameters.get("Comment")).told()}


@after("route53", "ListHostedZones", source="Route 53 API Reference: HostedZone")
def lists_tell_who_manages_a_zone(call: Call, answer: Answer) -> None:
    """Zones of Cloud Map name it as their linked service."""
    for told in answer["HostedZones"]:
        told.update(_linked(find(call, told["Id"])))


@instead("route53", "GetChange", source="Route 53 API Reference: GetChange")
def changes_take_a_while(call: Call) -> Answer:
    """PENDING until all name servers have the change; NoSuchChange (404) for an unknown one."""
    number = call.parameters["Id"].rpartition("/")[2]
    change = hosted_zones.of(call).changes.get(f"/change/{number}")
    if change is None:
        raise Refusal("NoSuchChange", f"Could not find resource with ID: {number}", 404)
    return {"ChangeInfo": change.told()}


@before("route53", "ChangeTagsForResource", "ListTagsForResource", source="Route 53 API Reference")
def tags_are_of_zones_that_are_there(call: Call) -> None:
    """NoSuchHostedZone (404) for the tags of a zone that is not there."""
    if call.parameters["ResourceType"] == "hostedzone":
        find(call, call.parameters["ResourceId"])


@before("route53", "ChangeTagsForResource", source="Route 53 API Reference: ChangeTagsForResource")
def tags_come_ten_at_a_time(call: Call) -> None:
    """InvalidInput for more than ten that are added, or taken away, in one call."""
    for key in ("AddTags", "RemoveTagKeys"):
        if len(call.parameters.get(key, ())) > _TAGS_PER_CALL:
            raise Refusal("InvalidInput", f"1 validation error detected: {key} has more than 10 members")


def find(call: Call, key: str) -> Zone:
    """That zone of the account; NoSuchHostedZone (404) without it."""
    short = key.rpartition("/")[2]
    zone = hosted_zones.of(call).all.get(short)
    if zone is None:
        raise Refusal("NoSuchHostedZone", f"No hosted zone found with ID: {short}", 404)
    return zone


def editable(call: Call, key: str) -> Zone:
    """That zone; AccessDenied (403) if it is Cloud Map's."""
    zone = find(call, key)
    if zone.owner:
        message = f"The resource hostedzone/{zone.id} can only be managed through AWS Cloud Map ({zone.owner})"
        raise Refusal("AccessDenied", message, 403)
    return zone


def describe(zone: Zone) -> dict[str, Any]:
    """The zone as boto3 gives it."""
    moto = zone.moto
    return {
        "Id": moto.id,
        "Name": zone.name,
        "CallerReference": moto.caller_reference,
        "Config": {"PrivateZone": moto.private_zone, **({"Comment": moto.comment} if moto.comment else {})},
        "ResourceRecordSetCount": len(zone.records),
        **_linked(zone),
    }


def _linked(zone: Zone) -> dict[str, Any]:
    if not zone.owner:
        return {}
    description = f"Created by AWS Cloud Map ({zone.owner})"
    return {"LinkedService": {"ServicePrincipal": CLOUD_MAP, "Description": description}}


def _place(zone: Zone, key: str) -> Answer:
    """Where the zone is answered: by its name servers, or in its VPCs."""
    if not zone.moto.private_zone:
        return {"DelegationSet": {"NameServers": list(zone.servers)}}
    vpcs = [{"VPCId": vpc["vpc_id"], "VPCRegion": vpc["vpc_region"]} for vpc in zone.moto.vpcs]
    return {key: vpcs if key == "VPCs" else vpcs[0]}


def _refuse_second(call: Call, name: str, vpc: Mapping[str, str]) -> None:
    for zone in _private(call):
        if zone.name == name and vpc["VPCId"] in zone.vpcs:
            message = (
                f"The VPC {vpc['VPCId']} in region {vpc['VPCRegion']} has already been associated with the hosted "
                f"zone {zone.id} with the same domain name."
            )
            raise Refusal("ConflictingDomainExists", message)


def _private(call: Call) -> Iterator[Zone]:
    return (zone for zone in hosted_zones.of(call).all.values() if zone.moto.private_zone)
