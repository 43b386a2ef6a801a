"""Record sets and delegations: what is ours, what is not, and when all name servers have it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from provisioner.schedule import Failed
from steps.base import Need, Step
from steps.dns import ExistingZone, HostedZone
from steps.lifecycle import Foreign
from steps.records import Delegation, RecordSet
from tests.sandbox_fixture import Sandbox
from tests.steps import front
from tests.steps.lab import Lab
from tests.steps.zones import OTHER, PARENT, Zone, change, in_other_account, records, route53, values

NAME = "app.example.test"
ZONE = HostedZone(name="zone", zone_name=NAME)


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return Lab(sandbox, tmp_path)


@pytest.fixture
def theirs(sandbox: Sandbox) -> Zone:
    return Zone(route53(sandbox))


def record(*texts: str, **more: Any) -> RecordSet:
    wanted: dict[str, Any] = {"record_name": NAME, "type": "A", **more}
    return RecordSet(
        name="record", needs=(Need("zone"),), zone="zone", values=tuple((text,) for text in texts), **wanted
    )


def with_record(*texts: str, **more: Any) -> list[Step]:
    return [ZONE, record(*texts, **more)]


def existing(zone: Zone) -> ExistingZone:
    return ExistingZone(name="zone", given=zone.id)


def in_zone(lab: Lab) -> dict[tuple[str, str], Any]:
    return records(route53(lab.sandbox), lab.id_of("zone"))


def actions(lab: Lab) -> list[str]:
    return [str(call["action"]) for call in lab.sandbox.calls()]


def test_a_record_set_lives_and_goes(lab: Lab, theirs: Zone) -> None:
    steps = [existing(theirs), record("10.0.0.2", "10.0.0.1", ttl=30)]
    lab.up(steps)
    assert lab.id_of("record") == f"{theirs.id}|{NAME}.|A"
    assert lab.outputs("record") == {"name": NAME}
    (told,) = theirs.records().values()
    assert (values(told), told["TTL"]) == (["10.0.0.2", "10.0.0.1"], 30)
    assert lab.changed(steps) == []
    assert sorted(actions(lab)) == ["GetHostedZone", "ListResourceRecordSets"]
    lab.down()
    assert theirs.records() == {}


def test_names_may_be_written_in_any_way(lab: Lab) -> None:
    steps = [
        ZONE,
        record("WWW.example.test", record_name=f"*.{NAME.upper()}.", type="CNAME"),
        RecordSet(
            name="text", needs=(Need("zone"),), zone="zone", record_name=NAME, type="TXT", values=(('"aB c"',),)
        ),
    ]
    lab.up(steps)
    assert lab.id_of("record").endswith(rf"|\052.{NAME}.|CNAME")
    assert lab.changed(steps) == []
    lab.down()


def test_values_may_be_made_of_other_steps_outputs(lab: Lab) -> None:
    text = RecordSet(
        name="record",
        needs=(Need("zone"),),
        zone="zone",
        record_name=NAME,
        type="TXT",
        values=(('"zone=', ("zone", "id"), " of ", ("zone", "zone_name"), '"'),),
    )
    lab.up([ZONE, text])
    assert values(in_zone(lab)[NAME, "TXT"]) == [f'"zone={lab.id_of("zone")} of {NAME}"']


def test_an_alias_leads_to_a_load_balancer(lab: Lab) -> None:
    alias = RecordSet(
        name="record",
        needs=(Need("zone"), Need("balancer")),
        zone="zone",
        record_name=NAME,
        type="A",
        alias="balancer",
    )
    steps = [*front.network(), front.balancer(), ZONE, alias]
    lab.up(steps)
    told = in_zone(lab)[NAME, "A"]["AliasTarget"]
    assert told["DNSName"] == f"{lab.outputs('balancer')['dns_name'].lower()}."
    assert told["HostedZoneId"] == lab.outputs("balancer")["zone_id"]
    assert told["EvaluateTargetHealth"] is False
    assert lab.changed(steps) == []
    change(lab.client("route53"), lab.id_of("zone"), "UPSERT", NAME, "A", "10.0.0.1")
    assert lab.changed(steps) == ["ChangeResourceRecordSets"]
    assert in_zone(lab)[NAME, "A"]["AliasTarget"] == told
    assert lab.changed([*steps[:-1], record("10.0.0.1")]) == ["ChangeResourceRecordSets"]
    assert values(in_zone(lab)[NAME, "A"]) == ["10.0.0.1"]
    lab.down()


@pytest.mark.parametrize(("text", "ttl"), [("10.0.0.9", 60), ("10.0.0.1", 5)])
def test_what_was_changed_by_hand_is_set_right(lab: Lab, text: str, ttl: int) -> None:
    steps = with_record("10.0.0.1")
    lab.up(steps)
    change(lab.client("route53"), lab.id_of("zone"), "UPSERT", NAME, "A", text, ttl=ttl)
    assert lab.changed(steps) == ["ChangeResourceRecordSets"]
    told = in_zone(lab)[NAME, "A"]
    assert (values(told), told["TTL"]) == (["10.0.0.1"], 60)
    assert lab.notices() == [f"it was {NAME} A {text} ({ttl} s), now {NAME} A 10.0.0.1 (60 s)"]
    assert lab.outcomes()["record"] == "set right"
    assert lab.changed(steps) == []


def test_another_wish_is_met_in_place_and_removed_as_it_is(lab: Lab) -> None:
    lab.up(with_record("10.0.0.1"))
    changed = with_record("10.0.0.2", "10.0.0.3", ttl=10)
    assert lab.changed(changed) == ["ChangeResourceRecordSets"]
    assert values(in_zone(lab)[NAME, "A"]) == ["10.0.0.2", "10.0.0.3"]
    assert lab.changed(changed) == []
    lab.down()
    assert lab.outcomes()["record"] == "deleted"


def test_it_is_ready_when_all_name_servers_have_it(lab: Lab, theirs: Zone) -> None:
    lab.sandbox.latencies({"route53.insync": 0.3})
    steps = [existing(theirs), record("10.0.0.1")]
    lab.up(steps)
    asked = [call for call in lab.sandbox.calls() if call["action"] == "GetChange"]
    assert len(asked) in range(2, 7)  # of 18 seconds, one in five
    assert any("PENDING: not all name servers have change C" in said for said in lab.said("record"))
    assert "change" not in lab.outputs("record")
    lab.sandbox.forget_calls()
    lab.up([existing(theirs), record("10.0.0.2")])
    assert "GetChange" in actions(lab)
    changes = lab.client("route53").get_change(Id=_last_change(lab))["ChangeInfo"]
    assert changes["Status"] == "INSYNC"


def _last_change(lab: Lab) -> str:
    asked = [call["parameters"] for call in lab.sandbox.calls() if call["action"] == "GetChange"]
    return str(asked[-1]["Id"])


@pytest.mark.parametrize("do", ["drop-after", "error-after", "drop-before"])
def test_a_lost_answer_is_looked_for(lab: Lab, do: str) -> None:
    lab.sandbox.faults([{"action": "ChangeResourceRecordSets", "do": do}])
    steps = with_record("10.0.0.1")
    lab.up(steps)
    assert values(in_zone(lab)[NAME, "A"]) == ["10.0.0.1"]
    assert lab.changed(steps) == []
    lab.down()
    assert lab.outcomes()["record"] == "deleted"


def test_a_change_at_the_same_time_is_waited_out(lab: Lab) -> None:
    busy = {"code": "PriorRequestNotComplete", "status": 400, "times": 3}
    lab.sandbox.faults([{"action": "ChangeResourceRecordSets", "do": "error", **busy}])
    lab.up(with_record("10.0.0.1"))
    lab.down()


def test_a_record_that_was_there_is_not_taken_over(lab: Lab, theirs: Zone) -> None:
    theirs.put(NAME, "A", "10.9.9.9")
    for _ in range(2):
        with pytest.raises(Foreign, match=r"app\.example\.test\.\|A exists already.* Fix: delete that record"):
            lab.up([existing(theirs), record("10.0.0.1")])
    assert values(theirs.records()[NAME, "A"]) == ["10.9.9.9"]
    lab.down()
    assert values(theirs.records()[NAME, "A"]) == ["10.9.9.9"]


@pytest.mark.parametrize("text", ["10.9.9.9", "10.0.0.1"])
def test_in_a_zone_that_is_known_it_is_refused_before_anything_is_made(lab: Lab, theirs: Zone, text: str) -> None:
    """Even where it says what is wanted: nobody knows who else relies on it."""
    lab.up([existing(theirs)])
    theirs.put(NAME, "A", text)
    other = RecordSet(
        name="other",
        needs=(Need("zone"),),
        zone="zone",
        record_name=f"b.{NAME}",
        type="A",
        values=(("10.0.0.2",),),
    )
    with pytest.raises(Foreign, match=f"record set {theirs.id}"):
        lab.up([existing(theirs), other, record("10.0.0.1")])
    assert list(theirs.records()) == [(NAME, "A")]


def test_a_weighted_record_of_the_name_is_not_taken_over(lab: Lab, theirs: Zone) -> None:
    theirs.put(NAME, "A", "10.0.0.1", SetIdentifier="blue", Weight=1)
    with pytest.raises(Foreign, match="exists already"):
        lab.up([existing(theirs), record("10.0.0.1")])
    lab.down()
    assert [one.get("SetIdentifier") for one in theirs.records().values()] == ["blue"]


def test_what_leads_elsewhere_by_now_is_left(lab: Lab, theirs: Zone) -> None:
    lab.up([existing(theirs), record("10.0.0.1")])
    theirs.put(NAME, "A", "10.9.9.9")
    lab.down()
    assert lab.outcomes()["record"] == "left as it is"
    assert values(theirs.records()[NAME, "A"]) == ["10.9.9.9"]


def test_what_was_deleted_by_hand_is_made_again_or_gone(lab: Lab, theirs: Zone) -> None:
    steps = [existing(theirs), record("10.0.0.1")]
    lab.up(steps)
    theirs.put(NAME, "A", "10.0.0.1", action="DELETE")
    lab.up(steps)
    assert values(theirs.records()[NAME, "A"]) == ["10.0.0.1"]
    theirs.put(NAME, "A", "10.0.0.1", action="DELETE")
    lab.down()


def test_of_a_large_zone_only_what_is_wanted_is_read(lab: Lab, theirs: Zone) -> None:
    _fill(theirs, 700)
    steps = [existing(theirs), record("10.0.0.1")]
    lab.up(steps)
    assert lab.changed(steps) == []
    reads = [call["parameters"] for call in lab.sandbox.calls() if call["action"] == "ListResourceRecordSets"]
    assert [read.get("StartRecordName") for read in reads] == [None, f"{NAME}."]
    lab.down()
    assert lab.outcomes()["record"] == "deleted"


def _fill(zone: Zone, count: int) -> None:
    sets = [
        {"Name": f"a{number}.{PARENT}", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.1.0.1"}]}
        for number in range(count)
    ]
    changes = [{"Action": "CREATE", "ResourceRecordSet": one} for one in sets]
    zone.client.change_resource_record_sets(HostedZoneId=zone.id, ChangeBatch={"Changes": changes})


def delegated(parent: Zone, way: str = "") -> Sequence[Step]:
    delegation = Delegation(
        name="delegation",
        needs=(Need("zone"),),
        record_name=NAME,
        zone="zone",
        parent_zone_id=parent.id,
        way=way,
    )
    return [ZONE, delegation]


def test_a_zone_is_delegated_by_the_one_above_in_another_account(lab: Lab) -> None:
    parent, way = in_other_account(lab.sandbox)
    steps = delegated(parent, way)
    lab.up(steps)
    told = parent.records()[NAME, "NS"]
    assert (values(told), told["TTL"]) == (lab.outputs("zone")["name_servers"], 300)
    assert lab.id_of("delegation") == f"{parent.id}|{NAME}.|NS|{way}"
    assert OTHER in way
    assert lab.changed(steps) == []
    lab.sandbox.forget_calls()
    lab.down()
    assert parent.records() == {}
    gone = [call["action"] for call in lab.sandbox.calls(mutating=True) if call["service"] == "route53"]
    assert gone == ["ChangeResourceRecordSets", "DeleteHostedZone"]


def test_a_record_that_is_there_is_seen_over_there_too(lab: Lab) -> None:
    """Though it appears only after the first look."""
    parent, way = in_other_account(lab.sandbox)
    lab.sandbox.faults([{"action": "CreateHostedZone", "do": "hold-before"}])
    raced = Thread(target=_put_when_held, args=(lab.sandbox, parent))
    raced.start()
    with pytest.raises(Failed, match=r"it is not this stack's: app.example.test NS ns-1.example.org"):
        lab.up(delegated(parent, way))
    raced.join()
    lab.down()
    assert values(parent.records()[NAME, "NS"]) == ["ns-1.example.org."]


def _put_when_held(sandbox: Sandbox, parent: Zone) -> None:
    sandbox.wait_for_held()
    parent.put(NAME, "NS", "ns-1.example.org.")
    sandbox.release()


def test_a_lost_answer_of_a_delegation_is_looked_for_over_there(lab: Lab) -> None:
    parent, way = in_other_account(lab.sandbox)
    steps = delegated(parent, way)
    lab.sandbox.faults([{"action": "ChangeResourceRecordSets", "do": "drop-after"}])
    lab.up(steps)
    assert lab.changed(steps) == []
    lab.down()
    assert parent.records() == {}


def test_a_name_that_is_delegated_elsewhere_is_refused_before_anything_is_made(lab: Lab) -> None:
    parent, way = in_other_account(lab.sandbox)
    parent.put(NAME, "NS", "ns-1.example.org.")
    lab.sandbox.forget_calls()
    with pytest.raises(Foreign, match=NAME):
        lab.up(delegated(parent, way))
    assert [call["service"] for call in lab.sandbox.calls(mutating=True)] in ([], ["sts"])
    assert values(parent.records()[NAME, "NS"]) == ["ns-1.example.org."]


def test_a_delegation_follows_a_zone_that_was_made_again(lab: Lab, theirs: Zone) -> None:
    steps = delegated(theirs)
    lab.up(steps)
    lab.client("route53").delete_hosted_zone(Id=lab.id_of("zone"))
    lab.up(steps)
    assert values(theirs.records()[NAME, "NS"]) == lab.outputs("zone")["name_servers"]
    assert lab.changed(steps) == []
    lab.down()
    assert theirs.records() == {}


@pytest.mark.parametrize("ours", [True, False])
def test_a_delegation_goes_as_long_as_it_leads_to_the_zone_at_all(lab: Lab, theirs: Zone, ours: bool) -> None:
    lab.up(delegated(theirs))
    servers = [lab.outputs("zone")["name_servers"][0].upper()] if ours else []
    theirs.put(NAME, "NS", "ns-1.example.org", *servers)
    lab.down()
    assert lab.outcomes()["delegation"] == ("deleted" if ours else "left as it is")
    assert bool(theirs.records()) is not ours


def test_a_zone_above_that_is_not_there(lab: Lab, theirs: Zone) -> None:
    steps = delegated(theirs)
    theirs.client.delete_hosted_zone(Id=theirs.id)
    with pytest.raises(Failed, match=f"no hosted zone {theirs.id} to delegate {NAME} in"):
        lab.up(steps)
    lab.down()


def test_who_may_not_look_over_there_is_told_before_anything_is_made(lab: Lab) -> None:
    parent, _ = in_other_account(lab.sandbox)
    lab.sandbox.forget_calls()
    with pytest.raises(Exception, match="AccessDenied"):
        lab.up(delegated(parent, f"role:arn:aws:iam::{OTHER}:role/ghost"))
    assert [call for call in lab.sandbox.calls(mutating=True) if call["service"] == "route53"] == []
