"""Route 53: the order of lists, tags of zones, record sets of different routing under one name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.world import refused
from tests.sandbox_fixture import Sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Any:
    return sandbox.client("route53")


def new_zone(client: Any, name: str = "example.test") -> str:
    return str(client.create_hosted_zone(Name=name, CallerReference=name)["HostedZone"]["Id"])


def change(client: Any, zone: str, name: str, action: str = "CREATE", **more: Any) -> None:
    record = {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.0.0.1"}], **more}
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


def test_what_comes_before_a_dot_comes_before_the_names_below(client: Any) -> None:
    zone = new_zone(client)
    for name in ("x.a.example.test", "a-b.example.test", "a.example.test"):
        change(client, zone, name)
    told = client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    names = [one["Name"] for one in told if one["Type"] == "A"]
    assert names == ["a-b.example.test.", "a.example.test.", "x.a.example.test."]
    started = client.list_resource_record_sets(HostedZoneId=zone, StartRecordName="a.example.test")
    assert len(started["ResourceRecordSets"]) == 2


def test_zones_too(client: Any) -> None:
    for name in ("x.a.test", "a-b.test", "a.test"):
        new_zone(client, name)
    told = client.list_hosted_zones_by_name()["HostedZones"]
    assert [zone["Name"] for zone in told] == ["a-b.test.", "a.test.", "x.a.test."]


def test_tags_are_added_ten_at_a_time(client: Any) -> None:
    zone = new_zone(client).rpartition("/")[2]
    tags = [{"Key": f"key-{number}", "Value": "v"} for number in range(11)]
    wanted = {"ResourceType": "hostedzone", "ResourceId": zone}
    refused(client.change_tags_for_resource, "InvalidInput", AddTags=tags, **wanted)
    for some in (tags[:10], tags[10:]):
        client.change_tags_for_resource(AddTags=some, **wanted)
    assert len(client.list_tags_for_resource(**wanted)["ResourceTagSet"]["Tags"]) == 11


def test_only_zones_that_are_there_have_tags(client: Any) -> None:
    ghost = {"ResourceType": "hostedzone", "ResourceId": "Z123"}
    refused(client.change_tags_for_resource, "NoSuchHostedZone", AddTags=[{"Key": "a", "Value": "b"}], **ghost)
    refused(client.list_tags_for_resource, "NoSuchHostedZone", **ghost)


def test_simple_record_sets_are_alone_under_their_name(client: Any) -> None:
    zone = new_zone(client)
    weighted: dict[str, Any] = {"SetIdentifier": "blue", "Weight": 1}
    change(client, zone, "www.example.test", **weighted)
    change(client, zone, "www.example.test", SetIdentifier="green", Weight=1)
    change(client, zone, "app.example.test")
    for name, more in (("www.example.test", {}), ("app.example.test", weighted)):
        with pytest.raises(
            client.exceptions.InvalidChangeBatch, match="an RRSet of another routing policy exists"
        ):
            change(client, zone, name, **more)
    for identifier in ("blue", "green"):
        change(client, zone, "www.example.test", "DELETE", SetIdentifier=identifier, Weight=1)
    change(client, zone, "www.example.test")
