"""Certificates: requested once, proved by a record that others may share, waited for with the reason told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.run import Refused
from provisioner.schedule import Failed
from state.record import Record
from steps.base import Job, Need, Pending, Seen, Step, StepFailed, Until
from steps.certificates import Certificate, ExistingCertificate, IssuedCertificate, ValidationRecord
from steps.dns import ExistingZone, HostedZone
from steps.records import Delegation
from tests.sandbox_fixture import Sandbox
from tests.steps.lab import ACCOUNT, REGION, Lab
from tests.steps.zones import Zone, in_other_account, records, route53, values

DOMAIN = "app.example.test"
CERTIFICATE = Certificate(name="certificate", domain=DOMAIN, alternatives=(f"*.{DOMAIN}",))
RECORD = ValidationRecord(
    name="proof",
    needs=(Need("certificate"), Need("zone", Until.EXISTS)),
    certificate="certificate",
    zone="zone",
    domain=f"*.{DOMAIN}",
)
ISSUED = IssuedCertificate(name="issued", needs=(Need("certificate"), Need("proof")), certificate="certificate")
ARN = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012"
NOTHING: Any = None


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return Lab(sandbox, tmp_path)


@pytest.fixture
def zone(sandbox: Sandbox) -> Zone:
    """The user's own zone `example.test`, which is registered."""
    return Zone(route53(sandbox))


def in_zone(zone: Zone) -> list[Step]:
    return [ExistingZone(name="zone", given=zone.id), CERTIFICATE, RECORD, ISSUED]


def requested(lab: Lab, domain: str = DOMAIN, **more: Any) -> str:
    """A certificate of somebody's own."""
    acm = lab.client("acm")
    return str(acm.request_certificate(DomainName=domain, ValidationMethod="DNS", **more)["CertificateArn"])


def proof(lab: Lab, arn: str) -> Mapping[str, str]:
    """The record that ACM wants for the first domain of a certificate."""
    told = lab.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    wanted: Mapping[str, str] = told["DomainValidationOptions"][0]["ResourceRecord"]
    return wanted


def certificates(lab: Lab) -> dict[str, str]:
    """The status of each, by ARN."""
    found = lab.client("acm").list_certificates()["CertificateSummaryList"]
    return {one["CertificateArn"]: one["Status"] for one in found}


def test_a_certificate_is_requested_proved_and_issued(lab: Lab, zone: Zone) -> None:
    steps = in_zone(zone)
    lab.up(steps)
    arn = lab.id_of("certificate")
    assert certificates(lab) == {arn: "ISSUED"}
    assert lab.outputs("issued") == {"arn": arn}
    told = lab.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    assert told["SubjectAlternativeNames"] == [DOMAIN, f"*.{DOMAIN}"]
    wanted = proof(lab, arn)
    assert lab.outputs("certificate") == {
        "arn": arn,
        "records": [{"name": wanted["Name"], "type": "CNAME", "value": wanted["Value"]}],
    }
    assert {name: values(one) for name, one in zone.records().items()} == {
        (wanted["Name"].removesuffix("."), "CNAME"): [wanted["Value"]]
    }
    pairs = lab.client("acm").list_tags_for_certificate(CertificateArn=arn)["Tags"]
    assert {pair["Key"]: pair["Value"] for pair in pairs} == dict(lab.aws.owner.of("certificate"))


def test_a_second_run_looks_and_does_nothing(lab: Lab, zone: Zone) -> None:
    lab.up(in_zone(zone))
    assert lab.changed(in_zone(zone)) == []
    looks = sorted(call["action"] for call in lab.sandbox.calls())
    assert looks == ["DescribeCertificate", "GetHostedZone", "ListResourceRecordSets"]


def test_destroy_leaves_nothing(lab: Lab, zone: Zone) -> None:
    lab.up(in_zone(zone)).down()
    assert certificates(lab) == {}
    assert zone.records() == {}
    assert lab.outcomes() == {
        "issued": "deleted",
        "proof": "deleted",
        "certificate": "deleted",
        "zone": "left as it is",
    }


def test_in_a_zone_of_ones_own_that_another_account_delegates(lab: Lab) -> None:
    parent, way = in_other_account(lab.sandbox)
    delegation = Delegation(
        name="delegation",
        needs=(Need("zone"),),
        record_name=DOMAIN,
        zone="zone",
        parent_zone_id=parent.id,
        way=way,
    )
    steps = [HostedZone(name="zone", zone_name=DOMAIN), delegation, CERTIFICATE, RECORD, ISSUED]
    lab.up(steps)
    assert certificates(lab) == {lab.id_of("certificate"): "ISSUED"}
    assert lab.changed(steps) == []
    lab.down()
    assert certificates(lab) == {}
    assert parent.records() == {}
    assert lab.client("route53").list_hosted_zones()["HostedZones"] == []


@pytest.mark.parametrize("do", ["drop-after", "error-after", "drop-before"])
@pytest.mark.parametrize("action", ["RequestCertificate", "ChangeResourceRecordSets"])
def test_a_lost_answer_makes_nothing_twice(lab: Lab, zone: Zone, action: str, do: str) -> None:
    lab.sandbox.faults([{"action": action, "do": do}])
    lab.up(in_zone(zone))
    assert certificates(lab) == {lab.id_of("certificate"): "ISSUED"}
    assert lab.changed(in_zone(zone)) == []
    lab.down()
    assert certificates(lab) == {}
    assert zone.records() == {}


def test_a_request_of_more_than_an_hour_ago_is_found_by_its_tags(lab: Lab, zone: Zone) -> None:
    """ACM has forgotten the token by then; another certificate of the domain is not taken for it."""
    requested(lab)
    denied = {"code": "AccessDeniedException", "status": 400}
    lab.sandbox.faults([{"action": "RequestCertificate", "do": "error-after", **denied}])
    with pytest.raises(Failed, match="AccessDeniedException"):
        lab.up(in_zone(zone))
    record = lab.record("certificate")
    assert record.id is None
    lab.ledger.put(replace(record, intended_at="2020-01-01T00:00:00+00:00"))
    lab.sandbox.advance(7200)
    lab.up(in_zone(zone))
    assert len(certificates(lab)) == 2
    pairs = lab.client("acm").list_tags_for_certificate(CertificateArn=lab.id_of("certificate"))["Tags"]
    assert {"Key": "provisioner:step", "Value": "certificate"} in pairs


def test_the_record_is_waited_for(lab: Lab, zone: Zone) -> None:
    lab.sandbox.latencies({"acm.record": 0.1})
    lab.up(in_zone(zone))
    assert "ACM has not told yet which records it wants" in lab.said("certificate")


def test_other_names_are_refused(lab: Lab, zone: Zone) -> None:
    lab.up(in_zone(zone))
    other = replace(CERTIFICATE, alternatives=())
    with pytest.raises(Exception, match="SubjectAlternativeNames"):
        lab.up([ExistingZone(name="zone", given=zone.id), other, RECORD, ISSUED])


def test_what_was_deleted_by_hand_is_made_again(lab: Lab, zone: Zone) -> None:
    lab.up(in_zone(zone))
    former = lab.id_of("certificate")
    lab.client("acm").delete_certificate(CertificateArn=former)
    lab.up(in_zone(zone))
    assert certificates(lab) == {lab.id_of("certificate"): "ISSUED"}
    assert lab.outputs("issued")["arn"] == lab.id_of("certificate") != former
    lab.down()
    assert certificates(lab) == {}
    assert zone.records() == {}


def test_a_record_of_the_domain_that_is_there_is_used_and_stays(lab: Lab, zone: Zone) -> None:
    wanted = proof(lab, requested(lab))
    zone.put(wanted["Name"], "CNAME", wanted["Value"], ttl=3600)
    before = zone.records()
    lab.up(in_zone(zone))
    assert lab.outputs("proof")["shared"] is True
    assert lab.changed(in_zone(zone)) == []
    lab.down()
    assert zone.records() == before
    assert lab.outcomes()["proof"] == "left as it is"


@pytest.mark.parametrize("name", [DOMAIN, f"*.{DOMAIN}"])
def test_a_record_that_another_certificate_relies_on_by_now_stays(lab: Lab, zone: Zone, name: str) -> None:
    lab.up(in_zone(zone))
    before = zone.records()
    other = requested(lab, "other.test", SubjectAlternativeNames=[name])
    lab.down()
    assert zone.records() == before
    assert list(certificates(lab)) == [other]


def test_certificates_of_other_domains_keep_no_record(lab: Lab, zone: Zone) -> None:
    requested(lab, f"sub.{DOMAIN}")
    requested(lab, "example.test")
    lab.up(in_zone(zone)).down()
    assert zone.records() == {}


def test_a_changed_record_is_set_right_or_left(lab: Lab, zone: Zone) -> None:
    lab.up(in_zone(zone))
    ((name, kind),) = zone.records()
    zone.put(name, kind, "elsewhere.test")
    assert lab.changed(in_zone(zone)) == ["ChangeResourceRecordSets"]
    assert values(zone.records()[name, kind]) == [proof(lab, lab.id_of("certificate"))["Value"]]
    zone.put(name, kind, "elsewhere.test")
    lab.down()
    assert values(zone.records()[name, kind]) == ["elsewhere.test"]


def test_a_shared_record_that_was_changed_is_told_and_not_touched(lab: Lab, zone: Zone) -> None:
    wanted = proof(lab, requested(lab))
    zone.put(wanted["Name"], "CNAME", wanted["Value"])
    lab.up(in_zone(zone))
    zone.put(wanted["Name"], "CNAME", "elsewhere.test")
    with pytest.raises(Failed, match=r"there before this stack, and is now .* CNAME elsewhere\.test"):
        lab.up(in_zone(zone))
    assert [values(one) for one in zone.records().values()] == [["elsewhere.test"]]


def test_another_value_under_the_name_is_not_overwritten(lab: Lab, zone: Zone) -> None:
    zone.put(proof(lab, requested(lab))["Name"], "CNAME", "elsewhere.test")
    with pytest.raises(Failed, match=r"CNAME elsewhere\.test\. It was not touched"):
        lab.up(in_zone(zone))
    lab.down()
    assert [values(one) for one in zone.records().values()] == [["elsewhere.test"]]


def test_a_domain_that_is_not_the_certificates_is_told(lab: Lab, zone: Zone) -> None:
    wrong = replace(RECORD, domain="example.test")
    with pytest.raises(Failed, match=r"wants no record for example\.test"):
        lab.up([ExistingZone(name="zone", given=zone.id), CERTIFICATE, wrong])


def test_a_zone_that_nobody_asks_is_the_likely_cause(sandbox: Sandbox, tmp_path: Path) -> None:
    """The zone above is there, and does not send to it. All 75 minutes pass in half a second."""
    Zone(route53(sandbox))
    hurried = Lab(sandbox, tmp_path, scale=9000.0)
    with pytest.raises(Failed) as failed:
        hurried.up([HostedZone(name="zone", zone_name=DOMAIN), CERTIFICATE, RECORD, ISSUED])
    (failure,) = failed.value.failures
    name = proof(hurried, hurried.id_of("certificate"))["Name"].removesuffix(".")
    assert f"PENDING_VALIDATION: ACM waits to find CNAME {name}" in str(failure.error)
    assert "the zone above has no NS record for this zone" in str(failure.error)
    assert records(route53(sandbox), hurried.id_of("zone")).keys() == {(name, "CNAME")}
    hurried.down()


def test_while_it_is_young_nobody_is_blamed() -> None:
    option = {"ValidationStatus": "PENDING_VALIDATION", "ResourceRecord": {"Name": f"_a.{DOMAIN}."}}
    done = {"ValidationStatus": "SUCCESS", "ResourceRecord": {"Name": f"_b.{DOMAIN}."}}
    raw = {"Status": "PENDING_VALIDATION", "DomainValidationOptions": [option, done]}
    job = Job(NOTHING, Record("issued", "issued_certificate"), {}, elapsed=100.0)
    assert ISSUED.settle(job, Seen(ARN, raw)) == Pending(
        f"PENDING_VALIDATION: ACM waits to find CNAME _a.{DOMAIN}"
    )


def test_a_domain_that_lets_only_others_issue_is_told_and_asked_for_anew(lab: Lab, zone: Zone) -> None:
    zone.put("example.test", "CAA", '0 issue "letsencrypt.org"')
    with pytest.raises(Failed) as failed:
        lab.up(in_zone(zone))
    (failure,) = failed.value.failures
    assert "it is FAILED: CAA_ERROR: a CAA record" in str(failure.error)
    former = lab.id_of("certificate")
    zone.put("example.test", "CAA", '0 issue "letsencrypt.org"', action="DELETE")
    lab.up(in_zone(zone))
    assert certificates(lab) == {lab.id_of("certificate"): "ISSUED"}
    assert lab.outputs("issued")["arn"] == lab.id_of("certificate") != former
    assert lab.changed(in_zone(zone)) == []
    lab.down()
    assert zone.records() == {}


@pytest.mark.parametrize(
    ("status", "fix"),
    [("VALIDATION_TIMED_OUT", "correct that"), ("REVOKED", "take it off"), ("EXPIRED", "take it off")],
)
def test_what_will_never_be_issued_ends_the_waiting(status: str, fix: str) -> None:
    raw = {"CertificateArn": ARN, "DomainName": DOMAIN, "Status": status}
    with pytest.raises(StepFailed, match=f"of {DOMAIN}: it is {status}") as failed:
        ISSUED.settle(Job(NOTHING, Record("issued", "issued_certificate"), {}), Seen(ARN, raw))
    assert failed.value.fix.startswith(fix)


def test_a_certificate_that_is_in_use_for_a_while_is_waited_for(lab: Lab, zone: Zone) -> None:
    lab.up(in_zone(zone))
    busy = {"code": "ResourceInUseException", "status": 400, "message": "is in use"}
    lab.sandbox.faults([{"action": "DeleteCertificate", "do": "error", "times": 3, **busy}])
    lab.down()
    assert certificates(lab) == {}
    assert any("is in use" in said for said in lab.said("certificate"))


def test_who_uses_a_certificate_is_named() -> None:
    job = Job(NOTHING, Record("certificate", "certificate"), {})
    users = ["arn:aws:elasticloadbalancing:balancer"]
    (found,) = Certificate.blockers(job, Seen(ARN, {"InUseBy": users}))
    assert found.id == users[0]
    assert "take the certificate off it" in found.move
    assert not Certificate.blockers(job, Seen(ARN, {"InUseBy": []}))


def issued(lab: Lab, zone: Zone, domain: str = DOMAIN) -> str:
    arn = requested(lab, domain)
    wanted = proof(lab, arn)
    zone.put(wanted["Name"], "CNAME", wanted["Value"])
    assert certificates(lab)[arn] == "ISSUED"
    return arn


def test_the_users_own_certificate_is_used_and_stays(lab: Lab, zone: Zone) -> None:
    arn = issued(lab, zone)
    existing = ExistingCertificate(name="certificate", given=arn)
    lab.up([existing])
    assert lab.outputs("certificate") == {"arn": arn}
    assert lab.changed([existing]) == []
    lab.down()
    assert lab.outcomes() == {"certificate": "left as it is"}
    assert certificates(lab) == {arn: "ISSUED"}


def test_the_users_own_certificate_must_be_issued(lab: Lab) -> None:
    arn = requested(lab)
    with pytest.raises(Failed, match=f"certificate {arn} is PENDING_VALIDATION, not ISSUED"):
        lab.up([ExistingCertificate(name="certificate", given=arn)])
    lab.down()
    assert list(certificates(lab)) == [arn]


@pytest.mark.parametrize("given", [ARN, ARN.replace(REGION, "eu-west-1"), "certificate"])
def test_the_users_own_certificate_must_be_there_and_of_the_region(lab: Lab, given: str) -> None:
    with pytest.raises(Refused, match=f"there is no certificate {given} here"):
        lab.up([ExistingCertificate(name="certificate", given=given)])
    lab.down()
