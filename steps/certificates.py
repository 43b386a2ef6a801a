"""Certificates of ACM: requesting one, proving its domains by DNS, and waiting until it is issued."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from state.record import Record
from steps.aws import record_sets
from steps.aws.acm import described, listed, tags
from steps.aws.context import Look
from steps.aws.errors import Cause, verdict
from steps.aws.holders.holder import Holder
from steps.aws.route53 import Place, canonical, plain, same, told
from steps.base import Gone, Job, Made, Pending, Ready, Retry, Seen, Step, StepFailed
from steps.observed import Existing

_NEVER_ISSUED = frozenset({"FAILED", "VALIDATION_TIMED_OUT"})
_PENDING = "PENDING_VALIDATION"
_ISSUED = "ISSUED"
_RECORD_TTL = 60
_LONG = 300.0
_CAUSES: Mapping[str, str] = {
    "CAA_ERROR": "a CAA record of the domain or of one above it lets others issue only: it must name amazon.com",
    "DOMAIN_NOT_ALLOWED": "the domain is listed as unsafe, or no public certificate can be had for it",
    "INVALID_PUBLIC_DOMAIN": "the domain is under no public top-level domain",
}
"""From the ACM User Guide: certificate request fails."""
_TAKE_OFF = "take the certificate off it; if that is done, ACM notices within 20 minutes"
"""Source: terraform-provider-aws, acm/certificate.go, which waits so long."""


def _seen(raw: Mapping[str, Any], tags: Mapping[str, str] | None = None) -> Seen:
    arn = raw["CertificateArn"]
    return Seen(arn, raw, tags, key=arn, spent=raw["Status"] in _NEVER_ISSUED)


def _failed(raw: Mapping[str, Any]) -> StepFailed:
    reason = raw.get("FailureReason", "")
    why = ": ".join(text for text in (f"it is {raw['Status']}", reason, _CAUSES.get(reason, "")) if text)
    fix = "correct that, then resume: it requests another certificate"
    if raw["Status"] not in _NEVER_ISSUED:
        fix = "take it off whatever uses it, delete it, then resume: it requests another certificate"
    return StepFailed(f"certificate {raw['CertificateArn']} of {raw['DomainName']}: {why}", fix)


@dataclass(frozen=True, kw_only=True)
class Certificate(Step):
    """A request for a public certificate, to be proved by DNS. Ready when ACM tells the records that it wants.

    Outputs: `arn`, `records` (each `name`, `type`, `value`; one for a domain and its wildcard together).
    ACM knows a token for an hour (ACM API reference, RequestCertificate); a lost one is found by its tags.
    """

    kind = "certificate"
    noun = "certificate"
    family = "certificates"
    retry = Retry.TOKEN
    typical = 5.0
    typical_delete = 5.0
    patience_delete = 1800.0
    domain: str
    alternatives: tuple[str, ...] = ()

    def request(self, job: Job) -> dict[str, Any]:
        names = list(dict.fromkeys((self.domain, *self.alternatives)))
        return {"DomainName": self.domain, "SubjectAlternativeNames": names, "ValidationMethod": "DNS"}

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        """What is recorded by its ARN; all of the account only for a request whose answer was lost."""
        for record in records:
            if record.id is not None and (raw := described(look, record.id)):
                yield _seen(raw)
        lost = {record.request["DomainName"] for record in records if record.id is None and record.request}
        for summary in listed(look.aws) if lost else ():
            if summary["DomainName"] in lost and (raw := described(look, summary["CertificateArn"])):
                yield _seen(raw, tags(look.aws, raw["CertificateArn"]))

    def create(self, job: Job) -> str:
        answer = job.aws.once.acm.request_certificate(
            **job.record.request, IdempotencyToken=job.record.token, Tags=job.aws.owner.pairs(self.name)
        )
        return answer["CertificateArn"]

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is None:
            return Pending("requested")
        if seen.spent:
            raise _failed(seen.raw)
        records = [option.get("ResourceRecord") for option in seen.raw["DomainValidationOptions"]]
        if not records or not all(records):
            return Pending("ACM has not told yet which records it wants")
        distinct = {one["Name"]: {key.lower(): one[key] for key in ("Name", "Type", "Value")} for one in records}
        return Ready({"arn": seen.id, "records": list(distinct.values())})

    @classmethod
    def blockers(cls, job: Job, seen: Seen) -> Sequence[Holder]:
        return [Holder(user, "uses it", move=_TAKE_OFF) for user in seen.raw.get("InUseBy", ())]

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        """It stays in use for up to 20 minutes after its user has gone (terraform-provider-aws)."""
        job.aws.clients.acm.delete_certificate(CertificateArn=seen.id)


@dataclass(frozen=True, kw_only=True)
class ValidationRecord(Step):
    """The CNAME that proves one domain of a certificate, with its wildcard. Id: `ZONE|name|CNAME`.

    It follows from the domain and the account, so all certificates of the domain share it (ACM User Guide: DNS
    validation). One that is there is used (output `shared`) and stays; one that was made here goes when no other
    certificate of this account and region wants it: renewals need it as long as a certificate lives.
    """

    kind = "validation_record"
    noun = "validation record"
    family = "certificates"
    retry = Retry.KEY
    mutable = record_sets.MUTABLE
    typical = 30.0
    patience = 1800.0
    certificate: str
    zone: str
    domain: str

    def request(self, job: Job) -> dict[str, Any]:
        base = canonical(self.domain.removeprefix("*."))
        for record in job.output(self.certificate, "records"):
            if canonical(record["name"]).partition(".")[2] == base:
                return {
                    "HostedZoneId": job.id_of(self.zone),
                    "Name": canonical(record["name"]),
                    "Type": record["type"],
                    "TTL": _RECORD_TTL,
                    "ResourceRecords": [{"Value": record["value"]}],
                }
        raise StepFailed(f"the certificate wants no record for {self.domain}", "name a domain of the certificate")

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        return record_sets.sightings(look, records)

    def create(self, job: Job) -> Made:
        try:
            return record_sets.create(job, job.aws)
        except ClientError as error:
            if verdict(error).cause is Cause.EXISTS:
                return Made(str(Place.of(job.record.request)), {"shared": True})
            raise

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        wanted = self.request(job)
        if not job.record.outputs.get("shared"):
            return record_sets.settle(job, job.aws, wanted, seen) or Ready({"name": plain(wanted["Name"])})
        if seen is None:
            return Pending("not listed yet")
        if not same(seen.raw, wanted):
            why = f"it was there before this stack, and is now {told(seen.raw)}"
            raise StepFailed(why, f"give it the value {wanted['ResourceRecords'][0]['Value']}, then resume")
        return Ready({"name": plain(wanted["Name"]), "shared": True})

    @classmethod
    def objection(cls, job: Job, seen: Seen, ours: Container[str]) -> StepFailed | None:
        return record_sets.objection(job, seen, ", ".join(_others(job, seen)))

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        if seen is not None and (job.record.outputs.get("shared") or _others(job, seen)):
            return Gone(left=True)
        return record_sets.delete(job, job.aws, seen)


def _others(job: Job, seen: Seen) -> list[str]:
    """The certificates beside the step's own that this record proves."""
    own = {record.id for record in job.needs.values()}
    name = canonical(seen.raw["Name"])
    domain, look = name.partition(".")[2], Look(job.aws)
    candidates = [one["CertificateArn"] for one in listed(job.aws) if domain in _domains(one)]
    return [arn for arn in candidates if arn not in own and name in _wanted(described(look, arn))]


def _domains(summary: Mapping[str, Any]) -> set[str]:
    names = (summary["DomainName"], *summary.get("SubjectAlternativeNameSummaries", ()))
    return {canonical(name.removeprefix("*.")) for name in names}


def _wanted(raw: Mapping[str, Any] | None) -> set[str]:
    """The names of the records that prove a certificate's domains."""
    options = raw["DomainValidationOptions"] if raw else ()
    return {canonical(one["ResourceRecord"]["Name"]) for one in options if "ResourceRecord" in one}


@dataclass(frozen=True, kw_only=True)
class IssuedCertificate(Step):
    """A certificate's validation: makes nothing, waits until ACM has issued it. Id and output `arn`: the ARN."""

    kind = "issued_certificate"
    noun = "certificate validation"
    family = "certificates"
    retry = Retry.KEY
    typical = 90.0
    patience = 4500.0
    certificate: str

    def key(self, ids: Mapping[str, str]) -> str | None:
        return ids.get(self.certificate)

    def request(self, job: Job) -> dict[str, Any]:
        return {"CertificateArn": job.id_of(self.certificate)}

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        for arn in sorted({arn for record in records if (arn := record.id or record.key)}):
            if raw := described(look, arn):
                yield _seen(raw)

    def create(self, job: Job) -> Made:
        """There is nothing to make."""
        return Made(str(job.record.request["CertificateArn"]))

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is None:
            return Pending("not described yet")
        if seen.raw["Status"] == _ISSUED:
            return Ready({"arn": seen.id})
        if seen.raw["Status"] == _PENDING:
            return Pending(_missing(job, seen.raw))
        raise _failed(seen.raw)

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        return Gone()


def _missing(job: Job, raw: Mapping[str, Any]) -> str:
    options = [one for one in raw["DomainValidationOptions"] if one.get("ValidationStatus") != "SUCCESS"]
    records = {one["ResourceRecord"]["Name"] for one in options if "ResourceRecord" in one}
    said = f"{_PENDING}: ACM waits to find CNAME {', '.join(map(plain, sorted(records)))}"
    if job.elapsed < _LONG:
        return said
    return f"{said}; usually the zone above has no NS record for this zone, or one with other name servers"


@dataclass(frozen=True, kw_only=True)
class ExistingCertificate(Existing):
    """An issued certificate of the user's own in the stack's region, by its ARN. Output: `arn`."""

    kind = "existing_certificate"
    noun = "certificate"
    family = "certificates"

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        for arn in sorted({record.key for record in records if record.key}):
            if _region(arn) == look.aws.region and (raw := described(look, arn)):
                yield Seen(arn, raw, key=arn)

    @property
    def missing(self) -> StepFailed:
        return StepFailed(
            f"there is no certificate {self.given} here", "give one of the stack's own region and account"
        )

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is not None and seen.raw["Status"] == _ISSUED:
            return Ready({"arn": self.given})
        status = seen.raw["Status"] if seen else "not there"
        raise StepFailed(f"certificate {self.given} is {status}, not {_ISSUED}", "give one that is, then resume")


def _region(arn: str) -> str:
    """The fourth part, of whatever was given."""
    return arn.split(":")[3] if arn.count(":") > 3 else ""
