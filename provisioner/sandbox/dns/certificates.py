"""Certificates of ACM: which record proves a domain, when one is issued, who uses it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from moto.acm.models import CertBundle

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.dns import hosted_zones, zones
from provisioner.sandbox.world import World

# moto issues a certificate after a time, whatever its domain says; here the domain decides.
CertBundle.check = lambda self: None  # type: ignore[method-assign]

PENDING = "PENDING_VALIDATION"
_PATIENCE = 72 * 3600.0
"""Seconds of AWS's after which a domain that has not proved itself is given up."""
_AMAZON = frozenset(("amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"))
_CAA = re.compile(r'\d+ (?P<tag>\w+) "(?P<value>[^;"]*)')
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass
class Request:
    """What somebody asked for, and how far it is; moto's bundle holds the status."""

    arn: str
    names: tuple[str, ...]
    method: str
    told: bool = False  # whether it says which records it wants
    awaited: bool = False  # whether its records were seen, and it will be issued
    issued: datetime | None = None
    failure: str = ""


class Certificates:
    """One account's and region's requests by ARN, and who uses which certificate: also those that did lately."""

    def __init__(self) -> None:
        self.requests: dict[str, Request] = {}
        self.uses: set[tuple[str, str]] = set()


def begin(site: Site, arn: str, names: tuple[str, ...], method: str) -> None:
    """Follow a new certificate until it is issued or given up."""
    request = Request(arn, names, method)
    site.ledger(Certificates).requests[arn] = request

    def tell() -> None:
        request.told = True

    def give_up() -> None:
        _end(site, request, "VALIDATION_TIMED_OUT")

    site.later("acm.record", tell)
    if not site.world.latencies.profile.timeless:
        site.after(_PATIENCE, give_up)
    hosted_zones.watch(site.world, (site.account, site.region), lambda: _look(site))
    _look(site)


def proof(site: Site, domain: str) -> dict[str, str]:
    """The record that proves a domain: one for all certificates of the account, with a wildcard or without."""
    base = domain.removeprefix("*.").lower()
    digest = hashlib.sha512(f"{site.account}/{base}".encode()).digest()
    letters = "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[32:42])
    name, value = f"_{digest[:16].hex()}.{base}.", f"_{digest[16:32].hex()}.{letters}.acm-validations.aws."
    return {"Name": name, "Type": "CNAME", "Value": value}


def users(site: Site, arn: str) -> list[str]:
    """The load balancers that use a certificate, or did a while ago."""
    return sorted(user for used, user in site.ledger(Certificates).uses if used == arn)


def follow_uses(site: Site) -> None:
    """Note who uses which certificate now; who no longer does is forgotten after a while."""
    uses, current = site.ledger(Certificates).uses, set(_uses(site))
    gone = uses - current
    uses |= current

    def release() -> None:
        uses.difference_update(gone.difference(_uses(site)))

    if gone:
        site.later("acm.released", release)


def _uses(site: Site) -> Iterator[tuple[str, str]]:
    for balancer in backends.elbv2(site).load_balancers.values():
        for listener in balancer.listeners.values():
            yield from ((arn, balancer.arn) for arn in {listener.certificate, *listener.certificates} if arn)


def _look(site: Site) -> None:
    """Issue, after a while, what is proved by now."""
    for request in site.ledger(Certificates).requests.values():
        bundle = _bundle(site, request)
        if bundle is not None and bundle.status == PENDING and not request.awaited and _proved(site, request):
            request.awaited = True
            _issue_later(site, request)


def _issue_later(site: Site, request: Request) -> None:
    def issue() -> None:
        request.awaited = False
        if not _proved(site, request):
            return  # the records were taken away again
        allowed = all(_amazon_may_issue(site.world, name) for name in request.names)
        _end(site, request, "ISSUED" if allowed else "FAILED", "" if allowed else "CAA_ERROR")

    site.later("acm.issued", issue)


def _end(site: Site, request: Request, status: str, failure: str = "") -> None:
    bundle = _bundle(site, request)
    if bundle is not None and bundle.status == PENDING:
        bundle.status, request.failure = status, failure
        request.issued = datetime.now(UTC) if status == "ISSUED" else None


def _bundle(site: Site, request: Request) -> CertBundle | None:
    return backends.acm(site)._certificates.get(request.arn)


def _proved(site: Site, request: Request) -> bool:
    return request.method == "DNS" and all(_is_published(site, name) for name in request.names)


def _is_published(site: Site, domain: str) -> bool:
    record = proof(site, domain)
    found = zones.public_answer(site.world, record["Name"], "CNAME")
    return isinstance(found, list) and [value.rstrip(".").lower() for value in found] == [
        record["Value"].rstrip(".")
    ]


def _amazon_may_issue(world: World, domain: str) -> bool:
    """Whether the nearest CAA records allow it; none allow everybody."""
    wildcard, name = domain.startswith("*."), domain.removeprefix("*.")
    while "." in name:
        found = zones.public_answer(world, name, "CAA")
        if isinstance(found, list) and found:
            return _allows(found, wildcard)
        name = name.partition(".")[2]
    return True


def _allows(records: list[str], wildcard: bool) -> bool:
    parts = [match for record in records if (match := _CAA.match(record))]
    told = {tag: [part["value"].strip() for part in parts if part["tag"] == tag] for tag in ("issue", "issuewild")}
    values = (told["issuewild"] if wildcard else []) or told["issue"]
    return not values or any(value in _AMAZON for value in values)
