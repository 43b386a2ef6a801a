"""Certificates: names, the record that proves a domain, when they are issued, who uses them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.world import Network, refused
from tests.sandbox_fixture import Sandbox

MISSING = "arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"


class Domain:
    """A registered zone `example.test`, and certificates for it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.acm: Any = sandbox.client("acm")
        self.route53: Any = sandbox.client("route53")
        self.zone: str = self.new_zone("example.test")["HostedZone"]["Id"]

    def new_zone(self, name: str) -> dict[str, Any]:
        made: dict[str, Any] = self.route53.create_hosted_zone(Name=name, CallerReference=name)
        return made

    def request(self, name: str = "www.example.test", **more: Any) -> str:
        more.setdefault("ValidationMethod", "DNS")
        return str(self.acm.request_certificate(DomainName=name, **more)["CertificateArn"])

    def told(self, arn: str) -> dict[str, Any]:
        told: dict[str, Any] = self.acm.describe_certificate(CertificateArn=arn)["Certificate"]
        return told

    def status(self, arn: str) -> str:
        return str(self.told(arn)["Status"])

    def proofs(self, arn: str) -> list[dict[str, str]]:
        found = {
            one["ResourceRecord"]["Name"]: one["ResourceRecord"]
            for one in self.told(arn)["DomainValidationOptions"]
        }
        return list(found.values())

    def change(self, name: str, kind: str, *values: str, action: str = "UPSERT", zone: str = "") -> None:
        record = {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value} for value in values]}
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        self.route53.change_resource_record_sets(HostedZoneId=zone or self.zone, ChangeBatch=batch)

    def prove(self, arn: str, **more: str) -> None:
        for proof in self.proofs(arn):
            self.change(proof["Name"], "CNAME", proof["Value"], **more)


@pytest.fixture
def domain(sandbox: Sandbox) -> Domain:
    return Domain(sandbox)


@pytest.fixture
def timed(sandbox: Sandbox) -> Iterator[Domain]:
    """The same at AWS's own pace."""
    sandbox.ask("POST", "reset", {"profile": "scaled=1"})
    domain = Domain(sandbox)
    sandbox.advance(31)
    yield domain
    sandbox.ask("POST", "reset", {"profile": "instant"})


def test_a_certificate_waits_for_its_record(timed: Domain) -> None:
    arn = timed.request()
    assert timed.status(arn) == "PENDING_VALIDATION"
    timed.sandbox.advance(600)
    assert timed.status(arn) == "PENDING_VALIDATION"
    timed.prove(arn)
    timed.sandbox.advance(30 + 89)
    assert timed.status(arn) == "PENDING_VALIDATION"
    timed.sandbox.advance(2)
    told = timed.told(arn)
    assert told["Status"] == "ISSUED"
    assert told["DomainValidationOptions"][0]["ValidationStatus"] == "SUCCESS"
    assert "IssuedAt" in told


def test_the_record_is_told_after_a_moment(timed: Domain) -> None:
    arn = timed.request()
    told = timed.told(arn)
    assert "ResourceRecord" not in told["DomainValidationOptions"][0]
    assert "IssuedAt" not in told
    timed.sandbox.advance(3)
    record = timed.told(arn)["DomainValidationOptions"][0]["ResourceRecord"]
    assert record["Type"] == "CNAME"
    assert record["Name"].endswith(".www.example.test.")
    assert record["Value"].endswith(".acm-validations.aws.")


def test_a_certificate_is_given_up_after_three_days(timed: Domain) -> None:
    arn = timed.request()
    timed.sandbox.advance(72 * 3600 + 1)
    assert timed.status(arn) == "VALIDATION_TIMED_OUT"
    timed.prove(arn)
    timed.sandbox.advance(600)
    assert timed.status(arn) == "VALIDATION_TIMED_OUT"


def test_a_record_that_vanishes_proves_nothing(timed: Domain) -> None:
    arn = timed.request()
    timed.sandbox.advance(3)
    timed.prove(arn)
    timed.sandbox.advance(32)
    timed.prove(arn, action="DELETE")
    timed.sandbox.advance(600)
    assert timed.status(arn) == "PENDING_VALIDATION"
    timed.prove(arn)
    timed.sandbox.advance(600)
    assert timed.status(arn) == "ISSUED"


def test_a_zone_that_is_not_delegated_proves_nothing(domain: Domain) -> None:
    made = domain.new_zone("sub.example.test")
    arn = domain.request("sub.example.test")
    domain.prove(arn, zone=made["HostedZone"]["Id"])
    assert domain.status(arn) == "PENDING_VALIDATION"
    domain.change("sub.example.test", "NS", *made["DelegationSet"]["NameServers"])
    assert domain.status(arn) == "ISSUED"


def test_all_names_are_to_be_proved(domain: Domain) -> None:
    arn = domain.request("example.test", SubjectAlternativeNames=["www.example.test", "*.example.test"])
    first, second = domain.proofs(arn)
    domain.change(first["Name"], "CNAME", first["Value"])
    assert domain.status(arn) == "PENDING_VALIDATION"
    domain.change(second["Name"], "CNAME", second["Value"])
    told = domain.told(arn)
    assert told["Status"] == "ISSUED"
    assert told["SubjectAlternativeNames"] == ["example.test", "www.example.test", "*.example.test"]


def test_a_domain_has_one_record_for_all_its_certificates(domain: Domain) -> None:
    first, second, wild, other = (
        domain.proofs(domain.request(name))
        for name in ("www.example.test", "WWW.example.test", "*.www.example.test", "api.example.test")
    )
    assert first == second == wild
    assert first != other


def test_a_wrong_value_proves_nothing(domain: Domain) -> None:
    arn = domain.request()
    domain.change(domain.proofs(arn)[0]["Name"], "CNAME", "_other.acm-validations.aws.")
    assert domain.status(arn) == "PENDING_VALIDATION"


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ('0 issue "letsencrypt.org"', "FAILED"),
        ('0 issue "amazon.com"', "ISSUED"),
        ('0 iodef "mailto:a@b.test"', "ISSUED"),
    ],
)
def test_caa_records_say_who_may_issue(domain: Domain, value: str, status: str) -> None:
    domain.change("example.test", "CAA", value)
    arn = domain.request()
    domain.prove(arn)
    told = domain.told(arn)
    assert told["Status"] == status
    assert told.get("FailureReason") == ("CAA_ERROR" if status == "FAILED" else None)


def test_validation_by_mail_has_no_record(domain: Domain) -> None:
    told = domain.told(domain.request(ValidationMethod="EMAIL"))
    (validation,) = told["DomainValidationOptions"]
    assert "ResourceRecord" not in validation
    assert "admin@www.example.test" in validation["ValidationEmails"]


@pytest.mark.parametrize(
    "name", ["localhost", "a..test", "-a.test", "a_b.test", "example.test.", "x" * 64 + ".test"]
)
def test_names_that_no_certificate_can_have(domain: Domain, name: str) -> None:
    refused(domain.acm.request_certificate, "ValidationException", DomainName=name)
    wanted = {"DomainName": "a.test", "SubjectAlternativeNames": [name]}
    refused(domain.acm.request_certificate, "ValidationException", **wanted)


def test_only_the_first_name_is_short(domain: Domain) -> None:
    long = f"{'x' * 60}.test"
    refused(domain.acm.request_certificate, "ValidationException", DomainName=long)
    assert domain.request("a.test", SubjectAlternativeNames=[long])


def test_a_token_gives_the_same_certificate_for_an_hour(timed: Domain) -> None:
    first = timed.request(IdempotencyToken="token")
    assert timed.request(IdempotencyToken="token") == first
    assert timed.request(IdempotencyToken="other") != first
    timed.acm.delete_certificate(CertificateArn=first)
    assert timed.request(IdempotencyToken="token") == first
    timed.sandbox.advance(3601)
    assert timed.request(IdempotencyToken="token") != first
    refused(timed.acm.request_certificate, "ValidationException", DomainName="a.test", IdempotencyToken="a-b")


def test_a_used_certificate_stays_for_a_while(network: Network) -> None:
    domain = Domain(network.sandbox)
    arn = domain.request()
    domain.prove(arn)
    balancer, targets = network.new_balancer(), network.new_targets()
    action = {"Type": "forward", "TargetGroupArn": targets}
    listener = network.elbv2.create_listener(
        LoadBalancerArn=balancer,
        Port=443,
        Protocol="HTTPS",
        Certificates=[{"CertificateArn": arn}],
        DefaultActions=[action],
    )["Listeners"][0]["ListenerArn"]
    assert domain.told(arn)["InUseBy"] == [balancer]
    assert domain.acm.list_certificates()["CertificateSummaryList"][0]["InUse"] is True
    refused(domain.acm.delete_certificate, "ResourceInUseException", CertificateArn=arn)
    network.sandbox.latencies({"acm.released": 30})
    network.elbv2.delete_listener(ListenerArn=listener)
    refused(domain.acm.delete_certificate, "ResourceInUseException", CertificateArn=arn)
    network.sandbox.advance(31)
    assert domain.told(arn)["InUseBy"] == []
    domain.acm.delete_certificate(CertificateArn=arn)
    refused(domain.acm.describe_certificate, "ResourceNotFoundException", CertificateArn=arn)


def test_unknown_certificates(domain: Domain) -> None:
    for call in (domain.acm.describe_certificate, domain.acm.delete_certificate):
        refused(call, "ResourceNotFoundException", CertificateArn=MISSING)
        refused(call, "ValidationException", CertificateArn="certificate/12345678-1234")


def test_a_pending_certificate_has_no_body(domain: Domain) -> None:
    arn = domain.request()
    refused(domain.acm.get_certificate, "RequestInProgressException", CertificateArn=arn)
    domain.prove(arn)
    assert "BEGIN CERTIFICATE" in domain.acm.get_certificate(CertificateArn=arn)["Certificate"]


def test_lists_come_in_pages(domain: Domain) -> None:
    made = {domain.request(name) for name in ("a.example.test", "b.example.test")}
    first = domain.acm.list_certificates(MaxItems=1)
    second = domain.acm.list_certificates(MaxItems=1, NextToken=first["NextToken"])
    assert "NextToken" not in second
    found = first["CertificateSummaryList"] + second["CertificateSummaryList"]
    assert {one["CertificateArn"] for one in found} == made
    pending = domain.acm.list_certificates(CertificateStatuses=["ISSUED"])
    assert pending["CertificateSummaryList"] == []
