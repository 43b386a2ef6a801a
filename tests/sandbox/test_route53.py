"""Hosted zones: names, name servers, VPCs, changes that take their time, lists."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.world import Network, refused
from tests.sandbox_fixture import REGION, Sandbox


@pytest.fixture
def route53(sandbox: Sandbox) -> Any:
    return sandbox.client("route53")


def new_zone(route53: Any, name: str = "example.test", **more: Any) -> dict[str, Any]:
    more.setdefault("CallerReference", f"{name}/{len(route53.list_hosted_zones()['HostedZones'])}")
    answer: dict[str, Any] = route53.create_hosted_zone(Name=name, **more)
    return answer


def records(route53: Any, zone: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return found


def put(route53: Any, zone: str, name: str, kind: str, *values: str, action: str = "CREATE") -> None:
    record = {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value} for value in values]}
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


@pytest.mark.parametrize("name", ["a..test", f"{'x' * 64}.test", "caf\u00e9.test", "test", "a b.test"])
def test_names_that_no_public_zone_can_have(route53: Any, name: str) -> None:
    refused(route53.create_hosted_zone, "InvalidDomainName", Name=name, CallerReference="r")


def test_a_name_comes_back_in_lower_case_with_its_dot(route53: Any) -> None:
    made = new_zone(route53, "WWW.Example.test")
    assert made["HostedZone"]["Name"] == "www.example.test."
    assert made["HostedZone"]["ResourceRecordSetCount"] == 2


def test_every_zone_has_its_own_name_servers(route53: Any) -> None:
    first, second = (new_zone(route53)["DelegationSet"]["NameServers"] for _ in range(2))
    assert len(set(first)) == 4
    assert not set(first) & set(second)
    assert sorted(name.partition(".awsdns-")[2].partition(".")[2] for name in first) == [
        "co.uk",
        "com",
        "net",
        "org",
    ]


def test_ns_and_soa_tell_the_name_servers(route53: Any) -> None:
    made = new_zone(route53)
    servers = made["DelegationSet"]["NameServers"]
    zone = made["HostedZone"]["Id"]
    assert route53.get_hosted_zone(Id=zone)["DelegationSet"]["NameServers"] == servers
    ns, soa = records(route53, zone)
    assert ns["TTL"] == 172800
    assert [value["Value"] for value in ns["ResourceRecords"]] == [f"{server}." for server in servers]
    words = soa["ResourceRecords"][0]["Value"].split()
    assert words[1:] == ["awsdns-hostmaster.amazon.com.", "1", "7200", "900", "1209600", "86400"]
    assert words[0].removesuffix(".") in servers


def test_a_change_is_pending_for_a_while(sandbox: Sandbox, route53: Any) -> None:
    sandbox.latencies({"route53.insync": 30})
    change = new_zone(route53)["ChangeInfo"]
    assert change["Status"] == "PENDING"
    assert route53.get_change(Id=change["Id"])["ChangeInfo"]["Status"] == "PENDING"
    sandbox.advance(31)
    assert route53.get_change(Id=change["Id"])["ChangeInfo"]["Status"] == "INSYNC"
    refused(route53.get_change, "NoSuchChange", Id="C1PA6795UKMFR9")


def test_an_unknown_zone_is_not_found(route53: Any) -> None:
    with pytest.raises(ClientError) as caught:
        route53.get_hosted_zone(Id="Z123")
    assert caught.value.response["Error"]["Code"] == "NoSuchHostedZone"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    refused(route53.delete_hosted_zone, "NoSuchHostedZone", Id="Z123")
    refused(route53.list_resource_record_sets, "NoSuchHostedZone", HostedZoneId="Z123")


@pytest.mark.parametrize(("name", "kind"), [("www.example.test", "A"), ("sub.example.test", "NS")])
def test_only_an_empty_zone_can_be_deleted(route53: Any, name: str, kind: str) -> None:
    zone = new_zone(route53)["HostedZone"]["Id"]
    value = "192.0.2.1" if kind == "A" else "ns-1.awsdns-01.com."
    put(route53, zone, name, kind, value)
    refused(route53.delete_hosted_zone, "HostedZoneNotEmpty", Id=zone)
    put(route53, zone, name, kind, value, action="DELETE")
    assert route53.delete_hosted_zone(Id=zone)["ChangeInfo"]["Status"] == "PENDING"
    refused(route53.get_hosted_zone, "NoSuchHostedZone", Id=zone)


def test_a_zone_with_a_vpc_is_private(network: Network) -> None:
    route53 = network.sandbox.client("route53")
    vpc = {"VPCRegion": REGION, "VPCId": network.vpc}
    made = new_zone(route53, "corp", VPC=vpc)
    zone = made["HostedZone"]["Id"]
    assert made["HostedZone"]["Config"]["PrivateZone"] is True
    assert made["VPC"] == vpc
    assert "DelegationSet" not in made
    assert route53.get_hosted_zone(Id=zone)["VPCs"] == [vpc]
    conflict = {"Name": "corp.", "CallerReference": "other", "VPC": vpc}
    refused(route53.create_hosted_zone, "ConflictingDomainExists", **conflict)


def test_vpcs_must_be_there(network: Network) -> None:
    route53 = network.sandbox.client("route53")
    wanted = {"Name": "corp.test", "CallerReference": "r"}
    missing = {"VPCRegion": REGION, "VPCId": "vpc-0123456789abcdef0"}
    refused(route53.create_hosted_zone, "InvalidVPCId", VPC=missing, **wanted)
    elsewhere = {"VPCRegion": "us-east-1", "VPCId": network.vpc}
    refused(route53.create_hosted_zone, "InvalidVPCId", VPC=elsewhere, **wanted)
    refused(route53.create_hosted_zone, "InvalidInput", HostedZoneConfig={"PrivateZone": True}, **wanted)


def test_more_vpcs_for_a_private_zone(network: Network) -> None:
    route53 = network.sandbox.client("route53")
    second = network.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    vpcs = [{"VPCRegion": REGION, "VPCId": key} for key in (network.vpc, second)]
    zone = new_zone(route53, "corp.test", VPC=vpcs[0])["HostedZone"]["Id"]
    refused(route53.disassociate_vpc_from_hosted_zone, "LastVPCAssociation", HostedZoneId=zone, VPC=vpcs[0])
    refused(route53.disassociate_vpc_from_hosted_zone, "VPCAssociationNotFound", HostedZoneId=zone, VPC=vpcs[1])
    route53.associate_vpc_with_hosted_zone(HostedZoneId=zone, VPC=vpcs[1])
    refused(route53.associate_vpc_with_hosted_zone, "ConflictingDomainExists", HostedZoneId=zone, VPC=vpcs[1])
    route53.disassociate_vpc_from_hosted_zone(HostedZoneId=zone, VPC=vpcs[0])
    assert route53.get_hosted_zone(Id=zone)["VPCs"] == vpcs[1:]
    public = new_zone(route53)["HostedZone"]["Id"]
    refused(route53.associate_vpc_with_hosted_zone, "PublicZoneVPCAssociation", HostedZoneId=public, VPC=vpcs[0])


def test_zones_by_name_begin_at_the_name(route53: Any) -> None:
    for name in ("b.test", "a.b.test", "c.other", "a.test"):
        new_zone(route53, name)

    def names(**given: Any) -> list[str]:
        return [zone["Name"] for zone in route53.list_hosted_zones_by_name(**given)["HostedZones"]]

    assert names() == ["c.other.", "a.test.", "b.test.", "a.b.test."]
    assert names(DNSName="aa.test") == ["b.test.", "a.b.test."]
    answer = route53.list_hosted_zones_by_name(MaxItems="2")
    assert answer["IsTruncated"] is True
    after = {"DNSName": answer["NextDNSName"], "HostedZoneId": answer["NextHostedZoneId"]}
    assert names(**after) == ["b.test.", "a.b.test."]


def test_zones_of_one_name_are_all_listed(route53: Any) -> None:
    made = {new_zone(route53)["HostedZone"]["Id"] for _ in range(2)}
    found = route53.list_hosted_zones_by_name(DNSName="example.test")["HostedZones"]
    assert {zone["Id"] for zone in found} == made


def test_records_are_listed_by_their_names_from_the_end(route53: Any) -> None:
    zone = new_zone(route53)["HostedZone"]["Id"]
    for name in ("b.example.test", "*.example.test", "z.a.example.test"):
        put(route53, zone, name, "TXT", '"x"')
    put(route53, zone, "b.example.test", "A", "192.0.2.1")
    pages = route53.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=zone, PaginationConfig={"PageSize": 2}
    )
    sizes, found = [], []
    for page in pages:
        sizes.append(len(page["ResourceRecordSets"]))
        found += [(record["Name"], record["Type"]) for record in page["ResourceRecordSets"]]
    assert sizes == [2, 2, 2]
    assert found == [
        ("example.test.", "NS"),
        ("example.test.", "SOA"),
        ("\\052.example.test.", "TXT"),
        ("z.a.example.test.", "TXT"),
        ("b.example.test.", "A"),
        ("b.example.test.", "TXT"),
    ]
    refused(route53.list_resource_record_sets, "InvalidInput", HostedZoneId=zone, StartRecordType="A")


def test_limits(network: Network) -> None:
    route53 = network.sandbox.client("route53")
    zone = new_zone(route53)["HostedZone"]["Id"]
    told = route53.get_account_limit(Type="MAX_HOSTED_ZONES_BY_OWNER")
    assert (told["Limit"]["Value"], told["Count"]) == (500, 1)
    assert route53.get_hosted_zone_limit(HostedZoneId=zone, Type="MAX_RRSETS_BY_ZONE")["Count"] == 2
    kind = "MAX_VPCS_ASSOCIATED_BY_ZONE"
    refused(route53.get_hosted_zone_limit, "HostedZoneNotPrivate", HostedZoneId=zone, Type=kind)


def test_tags_go_with_their_zone(route53: Any) -> None:
    zone = new_zone(route53)["HostedZone"]["Id"].rpartition("/")[2]
    what = {"ResourceType": "hostedzone", "ResourceId": zone}
    route53.change_tags_for_resource(AddTags=[{"Key": "a", "Value": "b"}], **what)
    assert route53.list_tags_for_resource(**what)["ResourceTagSet"]["Tags"] == [{"Key": "a", "Value": "b"}]
    route53.delete_hosted_zone(Id=zone)
    refused(route53.change_tags_for_resource, "NoSuchHostedZone", AddTags=[{"Key": "a", "Value": "b"}], **what)
