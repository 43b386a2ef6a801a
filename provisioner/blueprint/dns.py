"""The load balancer's public name, who delegates to it, and the certificate for it."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.blueprint.plan import Plan, loose
from steps.base import Need, Step, Until
from steps.certificates import Certificate, ExistingCertificate, IssuedCertificate, ValidationRecord
from steps.dns import ExistingZone, HostedZone
from steps.records import Delegation, RecordSet


def names(plan: Plan) -> Iterator[Step]:
    """Early, for a delegation and a certificate take longest to be believed."""
    dns = plan.stack.dns
    if dns is None:
        return
    if dns.zone_id:
        yield ExistingZone(name="zone", given=dns.zone_id)
    else:
        yield HostedZone(name="zone", zone_name=dns.zone, comment=f"stack {plan.stack.name}")
    if dns.parent:
        yield Delegation(
            name="delegation",
            needs=(Need("zone"),),
            record_name=dns.zone,
            zone="zone",
            parent_zone_id=plan.site.parent_zone,
            way=dns.parent.way,
        )


def record(plan: Plan) -> Iterator[Step]:
    if plan.stack.dns and plan.stack.load_balancer:
        yield RecordSet(
            name="record",
            needs=(Need("zone"), Need("load-balancer", Until.EXISTS)),
            zone="zone",
            record_name=plan.stack.dns.name,
            type="A",
            alias="load-balancer",
        )


def certificate(plan: Plan) -> Iterator[Step]:
    """`certificate-issued` is the one that may be used, whether it is made or given."""
    tls = plan.stack.load_balancer.tls if plan.stack.load_balancer else None
    if tls is None:
        return
    if tls.certificate_arn:
        yield ExistingCertificate(name="certificate-issued", given=tls.certificate_arn)
        return
    assert plan.stack.dns is not None  # checked with the stack file
    name = plan.stack.dns.name
    yield Certificate(name="certificate", domain=name)
    yield ValidationRecord(
        name="certificate-record",
        needs=(Need("certificate"), Need("zone")),
        certificate="certificate",
        zone="zone",
        domain=name,
    )
    # ACM looks for the record from outside: without the delegation it never finds it.
    delegated = loose("delegation", until=Until.READY) if plan.stack.dns.parent else ()
    yield IssuedCertificate(
        name="certificate-issued",
        needs=(Need("certificate"), Need("certificate-record"), *delegated),
        certificate="certificate",
    )
