"""ACM: certificates that wait for their domains to prove themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.dns import certificates
from provisioner.sandbox.dns.certificates import PENDING, Certificates, Request
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead

_REQUEST = "ACM API Reference: RequestCertificate"
_DOMAIN_PATTERN = r"(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])"
_ARN_PATTERN = r"arn:[\w+=/,.@-]+:acm:[\w+=/,.@-]*:[0-9]+:[\w+=,.@-]+(/[\w+=,.@-]+)*"
_TOKEN_PATTERN = r"\w{1,32}"
_LONGEST_NAME = 253
_LONGEST_COMMON_NAME = 64
_TOKEN_LIFE = 3600.0
_MOST = 1000
_AFTER_ISSUE = ("NotBefore", "NotAfter", "Serial", "IssuedAt")


class Tokens:
    """Which certificate each token and request made, and when."""

    def __init__(self) -> None:
        self.used: dict[tuple[str, str, frozenset[str]], tuple[str, float]] = {}


@before("acm", "RequestCertificate", source=_REQUEST)
def names_of_domains(call: Call) -> None:
    """ValidationException for what is no domain name, for over 253 characters, over 64 for the first one."""
    first = call.parameters["DomainName"]
    for name in (first, *call.parameters.get("SubjectAlternativeNames", ())):
        if len(name) > _LONGEST_NAME or not re.fullmatch(_DOMAIN_PATTERN, name):
            raise _invalid("domainName", name, _DOMAIN_PATTERN)
    if len(first) > _LONGEST_COMMON_NAME:
        raise Refusal("ValidationException", "The first domain name can be no more than 64 characters long.")


@before("acm", "RequestCertificate", source=_REQUEST)
def tokens_are_words(call: Call) -> None:
    """ValidationException for a token with hyphens, or a longer one than 32 characters."""
    token = call.parameters.get("IdempotencyToken")
    if token is not None and not re.fullmatch(_TOKEN_PATTERN, token):
        raise _invalid("idempotencyToken", token, r"\w+")


@instead("acm", "RequestCertificate", source=f"{_REQUEST}; public code of other tools")
def token_lasts_an_hour(call: Call) -> Answer:
    """Within the hour the same token gives the former certificate, even a deleted one; else PENDING_VALIDATION."""
    given = call.parameters
    names = tuple(dict.fromkeys((given["DomainName"], *given.get("SubjectAlternativeNames", ()))))
    key = (given.get("IdempotencyToken", ""), given["DomainName"], frozenset(names))
    tokens, now = call.ledger(Tokens).used, call.world.clock.now()
    if key[0] and key in tokens and now < tokens[key][1]:
        return {"CertificateArn": tokens[key][0]}
    arn = backends.acm(call).request_certificate(
        domain_name=given["DomainName"],
        idempotency_token=None,  # type: ignore[arg-type]  # moto counts the hour on the wall
        subject_alt_names=list(names),
        tags=given.get("Tags", []),
        cert_authority_arn=given.get("CertificateAuthorityArn"),
        cert_options=given.get("Options"),
    )
    tokens[key] = (arn, now + _token_life(call))
    if "CertificateAuthorityArn" not in given:
        certificates.begin(call.site, arn, names, given.get("ValidationMethod", "EMAIL"))
    return {"CertificateArn": arn}


@before(
    "acm",
    "DescribeCertificate",
    "DeleteCertificate",
    "GetCertificate",
    "AddTagsToCertificate",
    "ListTagsForCertificate",
    source="ACM API Reference: DescribeCertificate",
)
def arns_of_certificates(call: Call) -> None:
    """ValidationException for what is no ARN, ResourceNotFoundException for a certificate that is not there."""
    arn = call.parameters["CertificateArn"]
    if not re.fullmatch(_ARN_PATTERN, arn):
        raise _invalid("certificateArn", arn, _ARN_PATTERN)
    if arn not in backends.acm(call)._certificates:
        raise Refusal("ResourceNotFoundException", f"Could not find certificate {arn}.")


@before("acm", "GetCertificate", source="ACM API Reference: GetCertificate")
def pending_certificates_have_no_body(call: Call) -> None:
    """RequestInProgressException until it is issued."""
    arn = call.parameters["CertificateArn"]
    if backends.acm(call)._certificates[arn].status == PENDING:
        raise Refusal("RequestInProgressException", f"Certificate {arn} is not yet issued.")


@after("acm", "DescribeCertificate", source="ACM User Guide: DNS validation")
def domains_prove_themselves(call: Call, answer: Answer) -> None:
    """Each domain's CNAME, of the account and the domain, is told after seconds; issued only once it resolves."""
    told = answer["Certificate"]
    told["InUseBy"] = certificates.users(call, told["CertificateArn"])
    request = call.ledger(Certificates).requests.get(told["CertificateArn"])
    if request is None:
        return
    told["SubjectAlternativeNames"] = list(request.names)
    told["DomainValidationOptions"] = [_validation(call, request, name, told["Status"]) for name in request.names]
    for key in _AFTER_ISSUE if told["Status"] != "ISSUED" else ():
        told.pop(key, None)
    if request.issued is not None:
        told |= {"IssuedAt": request.issued, "RenewalEligibility": "ELIGIBLE"}
    if request.failure:
        told["FailureReason"] = request.failure


@after("acm", "ListCertificates", source="ACM API Reference: ListCertificates")
def lists_of_certificates(call: Call, answer: Answer) -> None:
    """A page at a time, with who is in use."""
    start = int(call.parameters.get("NextToken", "0"))
    end = start + min(call.parameters.get("MaxItems", _MOST), _MOST)
    everything = answer["CertificateSummaryList"]
    for told in everything:
        request = call.ledger(Certificates).requests.get(told["CertificateArn"])
        told["InUse"] = bool(certificates.users(call, told["CertificateArn"]))
        told["SubjectAlternativeNameSummaries"] = list(request.names if request else (told["DomainName"],))
        for key in _AFTER_ISSUE if told["Status"] != "ISSUED" else ():
            told.pop(key, None)
    answer["CertificateSummaryList"] = everything[start:end]
    if end < len(everything):
        answer["NextToken"] = str(end)


@before("acm", "DeleteCertificate", source="ACM API Reference: DeleteCertificate")
def used_certificates_stay(call: Call) -> None:
    """ResourceInUseException while a load balancer uses it, and a while longer."""
    arn = call.parameters["CertificateArn"]
    if certificates.users(call, arn):
        raise Refusal("ResourceInUseException", f"Certificate {arn} in account {call.account} is in use.")


@after("acm", "DeleteCertificate", source="ACM API Reference: DeleteCertificate")
def deleted_certificates_wait_for_nothing(call: Call, answer: Answer) -> None:
    """A request that is deleted is followed no longer."""
    call.ledger(Certificates).requests.pop(call.parameters["CertificateArn"], None)


@after(
    "elbv2",
    "CreateListener",
    "ModifyListener",
    "DeleteListener",
    "AddListenerCertificates",
    "RemoveListenerCertificates",
    "DeleteLoadBalancer",
    source="terraform-provider-aws: acm/certificate.go",
)
def load_balancers_use_certificates(call: Call, answer: Answer) -> None:
    """InUseBy names the load balancer, not the listener, and goes on doing so for a while when it is gone."""
    certificates.follow_uses(call.site)


def _validation(call: Call, request: Request, name: str, status: str) -> Mapping[str, Any]:
    base = name.removeprefix("*.")
    told: dict[str, Any] = {
        "DomainName": name,
        "ValidationDomain": base,
        "ValidationStatus": {PENDING: PENDING, "ISSUED": "SUCCESS"}.get(status, "FAILED"),
        "ValidationMethod": request.method,
    }
    if request.method == "EMAIL":
        people = ("admin", "administrator", "hostmaster", "postmaster", "webmaster")
        return {**told, "ValidationEmails": [f"{person}@{base}" for person in people]}
    return {**told, "ResourceRecord": certificates.proof(call, name)} if request.told else told


def _token_life(call: Call) -> float:
    """Where all time passes at once, an hour is still one of ours."""
    latencies = call.world.latencies
    return _TOKEN_LIFE if latencies.profile.timeless else latencies.scaled(_TOKEN_LIFE)


def _invalid(parameter: str, value: str, pattern: str) -> Refusal:
    message = (
        f"1 validation error detected: Value '{value}' at '{parameter}' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {pattern}"
    )
    return Refusal("ValidationException", message)
