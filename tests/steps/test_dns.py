"""Hosted zones: whose they are, what they are told by, what becomes of records that others put there."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest

from provisioner.run import Refused
from provisioner.schedule import Failed
from steps.base import Job, Need, Seen
from steps.dns import ExistingZone, HostedZone, NoSuchZone, find_zone
from steps.records import RecordSet
from tests.sandbox_fixture import Sandbox
from tests.steps.lab import REGION, Lab
from tests.steps.networks import network
from tests.steps.zones import Zone, change, in_other_account, records, route53, values

_CREATIONS = ("CreateHostedZone", "ChangeResourceRecordSets")
NAME = "app.example.test"
ZONE = HostedZone(name="zone", zone_name=NAME, comment="of a test")
RECORD = RecordSet(
    name="record", needs=(Need("zone"),), zone="zone", record_name=NAME, type="A", values=(("10.0.0.1",),)
)


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return Lab(sandbox, tmp_path)


def zones(lab: Lab) -> list[str]:
    return [zone["Id"].rpartition("/")[2] for zone in lab.client("route53").list_hosted_zones()["HostedZones"]]


def tags(lab: Lab, zone: str) -> dict[str, str]:
    answer = lab.client("route53").list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone)
    return {pair["Key"]: pair["Value"] for pair in answer["ResourceTagSet"]["Tags"]}


def test_a_public_zone_lives_and_goes(lab: Lab) -> None:
    lab.up([ZONE])
    told = lab.client("route53").get_hosted_zone(Id=lab.id_of("zone"))
    assert told["HostedZone"]["Name"] == f"{NAME}."
    assert told["HostedZone"]["Config"] == {"PrivateZone": False, "Comment": "of a test"}
    servers = told["DelegationSet"]["NameServers"]
    assert lab.outputs("zone") == {"zone_name": NAME, "name_servers": servers}
    assert len(servers) == 4
    assert tags(lab, lab.id_of("zone")) == dict(lab.aws.owner.of("zone"))
    assert lab.changed([ZONE]) == []
    assert [call["action"] for call in lab.sandbox.calls()] == ["ListHostedZonesByName"]
    assert zones(lab.down()) == []


def test_a_private_zone_is_its_vpcs(lab: Lab) -> None:
    private = HostedZone(name="zone", needs=(Need("vpc"),), zone_name="app.internal", vpc="vpc")
    steps = [*network(), private]
    lab.up(steps)
    told = lab.client("route53").get_hosted_zone(Id=lab.id_of("zone"))
    assert told["VPCs"] == [{"VPCId": lab.id_of("vpc"), "VPCRegion": REGION}]
    assert lab.outputs("zone") == {"zone_name": "app.internal"}
    assert lab.changed(steps) == []
    assert zones(lab.down()) == []


def test_more_tags_than_one_call_takes(lab: Lab) -> None:
    owner = lab.aws.owner
    object.__setattr__(owner, "tags", {f"tag-{number}": "x" for number in range(9)})
    lab.up([ZONE])
    assert len(tags(lab, lab.id_of("zone"))) == 12


@pytest.mark.parametrize("do", ["drop-after", "error-after"])
def test_a_lost_answer_makes_no_second_zone(lab: Lab, do: str) -> None:
    lab.sandbox.faults([{"action": "CreateHostedZone", "do": do}])
    lab.up([ZONE])
    assert zones(lab) == [lab.id_of("zone")]
    assert len(lab.outputs("zone")["name_servers"]) == 4
    assert tags(lab, lab.id_of("zone"))["provisioner:step"] == "zone"
    assert zones(lab.down()) == []


def test_a_zone_without_tags_is_known_by_its_reference(lab: Lab) -> None:
    """As a run leaves it that ended before it had the answer: it was made, and bears no tags."""
    denied = {"code": "AccessDenied", "status": 403}
    lab.sandbox.faults([{"action": "CreateHostedZone", "do": "error-after", **denied}])
    with pytest.raises(Failed, match="AccessDenied"):
        lab.up([ZONE])
    (made,) = zones(lab)
    assert tags(lab, made) == {}
    lab.up([ZONE])
    assert zones(lab) == [made]
    assert tags(lab, made)["provisioner:step"] == "zone"
    assert lab.changed([ZONE]) == []
    assert zones(lab.down()) == []


def test_a_zone_of_the_same_name_is_left_alone(lab: Lab) -> None:
    theirs = Zone(route53(lab.sandbox), NAME)
    theirs.put(NAME, "A", "10.9.9.9")
    lab.up([ZONE, RECORD])
    assert len(zones(lab)) == 2
    lab.down()
    assert zones(lab) == [theirs.id]
    assert values(theirs.records()[NAME, "A"]) == ["10.9.9.9"]
    assert tags(lab, theirs.id) == {}


def test_a_zone_that_was_deleted_by_hand_is_made_again_with_its_records(lab: Lab) -> None:
    lab.up([ZONE, RECORD])
    former, client = lab.id_of("zone"), lab.client("route53")
    change(client, former, "DELETE", NAME, "A", "10.0.0.1")
    client.delete_hosted_zone(Id=former)
    lab.up([ZONE, RECORD])
    assert zones(lab) == [lab.id_of("zone")] != [former]
    assert values(records(client, lab.id_of("zone"))[NAME, "A"]) == ["10.0.0.1"]
    assert zones(lab.down()) == []


def test_another_comment_or_kind_is_refused(lab: Lab) -> None:
    lab.up([ZONE])
    with pytest.raises(Exception, match="HostedZoneConfig"):
        lab.up([HostedZone(name="zone", zone_name=NAME, comment="another")])


def test_records_of_others_stop_destroy_until_it_is_forced(lab: Lab) -> None:
    lab.up([ZONE, RECORD])
    zone, client = lab.id_of("zone"), lab.client("route53")
    for number in range(60):
        change(client, zone, "CREATE", f"host-{number}.{NAME}", "A", f"10.1.0.{number}")
    before = records(client, zone)
    with pytest.raises(Refused) as refused:
        lab.down()
    assert f"host-0.{NAME} A 10.1.0.0" in str(refused.value)
    assert "and 40 more" in str(refused.value)
    assert str(refused.value).endswith("--force-records")
    assert records(client, zone) == before
    assert zones(lab.down(forced=frozenset({"records"}))) == []


def test_a_record_that_appears_while_destroy_is_under_way_stays(lab: Lab) -> None:
    lab.up([ZONE, RECORD])
    zone = lab.id_of("zone")
    lab.sandbox.faults([{"action": "ChangeResourceRecordSets", "do": "hold-before"}])
    raced = Thread(target=_add_when_held, args=(lab, zone))
    raced.start()
    with pytest.raises(Failed, match=rf"records that this stack did not make: new\.{NAME} A 10\.1\.0\.1"):
        lab.down()
    raced.join()
    assert list(records(lab.client("route53"), zone)) == [(f"new.{NAME}", "A")]


def _add_when_held(lab: Lab, zone: str) -> None:
    lab.sandbox.wait_for_held()
    change(route53(lab.sandbox), zone, "CREATE", f"new.{NAME}", "A", "10.1.0.1")
    lab.sandbox.release()


def test_what_keeps_a_zone_for_a_while_is_waited_out(lab: Lab) -> None:
    lab.up([ZONE])
    full = {"code": "HostedZoneNotEmpty", "status": 400, "times": 3}
    lab.sandbox.faults([{"action": "DeleteHostedZone", "do": "error", **full}])
    assert zones(lab.down()) == []
    tried = [call for call in lab.sandbox.calls() if call["action"] == "DeleteHostedZone"]
    assert len(tried) == 4


def test_who_keeps_a_zone_is_named(lab: Lab) -> None:
    lab.up([ZONE])
    change(lab.client("route53"), lab.id_of("zone"), "CREATE", f"new.{NAME}", "A", "10.1.0.1")
    job = Job(lab.aws, lab.record("zone"), {})
    (found,) = HostedZone.blockers(job, Seen(lab.id_of("zone"), {}))
    assert found.id == f"new.{NAME} A 10.1.0.1"
    assert "--force-records" in found.move


def test_throttling_is_outlived(lab: Lab) -> None:
    rate = {"code": "Throttling", "status": 400, "message": "Rate exceeded", "times": 3}
    lab.sandbox.faults([{"action": action, "do": "error", **rate} for action in _CREATIONS])
    lab.up([ZONE, RECORD])
    assert zones(lab) == [lab.id_of("zone")]


def test_the_users_own_zone_is_used_and_stays(lab: Lab) -> None:
    theirs = Zone(route53(lab.sandbox))
    existing = ExistingZone(name="zone", given=f"/hostedzone/{theirs.id}")
    lab.up([existing, RECORD])
    assert lab.id_of("zone") == theirs.id
    assert lab.outputs("zone")["zone_name"] == "example.test"
    assert len(lab.outputs("zone")["name_servers"]) == 4
    assert list(theirs.records()) == [(NAME, "A")]
    assert lab.changed([existing, RECORD]) == []
    lab.down()
    assert lab.outcomes()["zone"] == "left as it is"
    assert zones(lab) == [theirs.id]
    assert theirs.records() == {}


def test_a_zone_that_is_not_there_cannot_be_used(lab: Lab) -> None:
    with pytest.raises(Refused, match="there is no hosted zone Z123"):
        lab.up([ExistingZone(name="zone", given="Z123")])
    lab.down()


def cloud_map_zone(lab: Lab) -> str:
    """The private zone of a new Cloud Map namespace `app.internal`."""
    vpc = str(lab.client("ec2").create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"])
    lab.client("servicediscovery").create_private_dns_namespace(Name="app.internal", Vpc=vpc)
    (zone,) = zones(lab)
    return zone


def test_a_zone_of_cloud_maps_is_none_to_use(lab: Lab) -> None:
    managed = cloud_map_zone(lab)
    with pytest.raises(Failed, match="managed by servicediscovery"):
        lab.up([ExistingZone(name="zone", given=managed)])
    with pytest.raises(NoSuchZone, match=r"no private hosted zone app\.internal"):
        find_zone(lab.aws, "app.internal", private=True)


def test_a_zone_is_found_by_its_whole_name(lab: Lab) -> None:
    ours, theirs = (Zone(route53(lab.sandbox), name).id for name in ("example.test", "www.example.test"))
    assert find_zone(lab.aws, "Example.test.") == ours
    assert find_zone(lab.aws, "www.example.test") == theirs
    for name in ("test", "ample.test", "a.example.test"):
        with pytest.raises(NoSuchZone, match=f"there is no public hosted zone {name}"):
            find_zone(lab.aws, name)


def test_of_several_zones_the_user_must_choose(lab: Lab) -> None:
    client = route53(lab.sandbox)
    made = [
        client.create_hosted_zone(Name="example.test", CallerReference=str(number))["HostedZone"]["Id"]
        for number in range(2)
    ]
    with pytest.raises(NoSuchZone) as unfit:
        find_zone(lab.aws, "example.test")
    for zone in made:
        assert zone.rpartition("/")[2] in unfit.value.what
    assert unfit.value.fix == "give the zone's id"


def test_zones_of_one_name_may_take_more_than_a_page(lab: Lab) -> None:
    client = route53(lab.sandbox)
    for number in range(101):
        client.create_hosted_zone(Name="example.test", CallerReference=str(number))
    with pytest.raises(NoSuchZone, match="101 public hosted zones are named"):
        find_zone(lab.aws, "example.test")


def test_private_and_public_zones_are_told_apart(lab: Lab) -> None:
    vpc = lab.client("ec2").create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    client = route53(lab.sandbox)
    public = Zone(client)
    private = Zone(client, VPC={"VPCId": vpc, "VPCRegion": REGION})
    assert find_zone(lab.aws, "example.test") == public.id
    assert find_zone(lab.aws, "example.test", private=True) == private.id


def test_a_zone_of_another_account_is_found_by_the_way_there(lab: Lab) -> None:
    theirs, way = in_other_account(lab.sandbox)
    assert find_zone(lab.aws, "example.test", way) == theirs.id
    with pytest.raises(NoSuchZone, match=r"there is no public hosted zone example.test\. Fix: "):
        find_zone(lab.aws, "example.test")
