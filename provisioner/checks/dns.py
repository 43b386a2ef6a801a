"""The load balancer's public name, who delegates to its zone, and the certificate for it."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.base import Check
from provisioner.model import Stack
from provisioner.stack_file.errors import Problem

_CERTIFICATE_NAME = 64
"""Characters. Source: ACM API, RequestCertificate, DomainName."""
_HTTP = 80


def _below(name: str, zone: str) -> bool:
    return name.endswith(f".{zone}")


def _names_a_balancer(stack: Stack, _: str) -> Iterator[Problem]:
    if stack.dns and stack.load_balancer is None:
        what = "there is no load balancer that the name could stand for"
        yield Problem("dns", None, what, "add a table [load_balancer], or leave [dns] out")


def _record_in_zone(stack: Stack, _: str) -> Iterator[Problem]:
    dns = stack.dns
    if dns and dns.name != dns.zone and not _below(dns.name, dns.zone):
        what = f"is not in the zone {dns.zone}"
        fix = f'use a name such as "api.{dns.zone}", or leave it out for "{dns.zone}" itself'
        yield Problem("dns.record", dns.record, what, fix)


def _zone_below_parent(stack: Stack, _: str) -> Iterator[Problem]:
    parent = stack.dns.parent if stack.dns else None
    if stack.dns is None or parent is None or parent.zone is None:
        return
    if stack.dns.zone == parent.zone:
        what = "is the parent's own name, and a zone cannot delegate to itself"
        fix = f'use a zone below it, such as "api.{parent.zone}", or zone_id = ... to write into the zone itself'
        yield Problem("dns.zone", stack.dns.zone, what, fix)
    elif not _below(stack.dns.zone, parent.zone):
        what = f"{stack.dns.zone} is not below it, so it cannot delegate to it"
        fix = f'use a zone such as "api.{parent.zone}", or the parent of {stack.dns.zone}'
        yield Problem("dns.parent.zone", parent.zone, what, fix)


def _delegated_by_us(stack: Stack, _: str) -> Iterator[Problem]:
    if stack.dns and stack.dns.zone_id and stack.dns.parent:
        what = "a zone that is there already has its delegation; one is written only for a zone that is made"
        yield Problem("dns.parent", None, what, "remove [dns.parent], or zone_id to have a zone made")


def _parent_named(stack: Stack, _: str) -> Iterator[Problem]:
    parent = stack.dns.parent if stack.dns else None
    if parent is None:
        return
    if not parent.zone and not parent.zone_id:
        yield Problem("dns.parent", None, "no zone is named", 'add zone = "example.com" or zone_id = ...')
    if parent.role_arn and parent.profile:
        what = "there are two ways into the parent's account, a role and a profile"
        yield Problem("dns.parent.profile", parent.profile, what, "remove profile or role_arn")


def _certificate_has_a_name(stack: Stack, _: str) -> Iterator[Problem]:
    tls = stack.load_balancer.tls if stack.load_balancer else None
    if tls is None or tls.certificate_arn:
        return
    if stack.dns is None:
        what = "there is no name to make a certificate for, and no zone to validate it in"
        fix = "add a table [dns] with a zone, or certificate_arn = ..."
        yield Problem("load_balancer.tls", None, what, fix)
    elif len(stack.dns.name) > _CERTIFICATE_NAME:
        key = "dns.record" if stack.dns.record else "dns.zone"
        what = f"ACM makes certificates for names of up to {_CERTIFICATE_NAME} characters"
        yield Problem(key, stack.dns.name, what, "use a shorter name, or certificate_arn = ...")


def _certificate_is_here(stack: Stack, _: str) -> Iterator[Problem]:
    tls = stack.load_balancer.tls if stack.load_balancer else None
    arn = tls.certificate_arn if tls else None
    if arn and stack.region and arn.split(":")[3] != stack.region:
        what = f"a load balancer in {stack.region} can use certificates of {stack.region} only"
        fix = f"use one of {stack.region}, or leave it out and add [dns]"
        yield Problem("load_balancer.tls.certificate_arn", arn, what, fix)


def _tls_apart_from_http(stack: Stack, _: str) -> Iterator[Problem]:
    balancer = stack.load_balancer
    if balancer and balancer.tls and balancer.port == _HTTP:
        what = "clients speak unencrypted HTTP on port 80, from where an application load balancer redirects them"
        fix = "leave port out, which makes it 443, or remove [load_balancer.tls]"
        yield Problem("load_balancer.port", _HTTP, what, fix)


CHECKS = (
    Check("`[dns]` has a load balancer to name.", _names_a_balancer, ("dns", "load_balancer")),
    Check("`dns.record` is in `dns.zone`.", _record_in_zone, ("dns.zone", "dns.record")),
    Check(
        "`dns.zone` is below `dns.parent.zone`: only a zone above delegates.",
        _zone_below_parent,
        ("dns.zone", "dns.parent.zone"),
    ),
    Check(
        "`[dns.parent]` is for a zone that is made; one with `zone_id` has its delegation already.",
        _delegated_by_us,
        ("dns.zone_id", "dns.parent"),
    ),
    Check(
        "`[dns.parent]` names a `zone` or a `zone_id`, and at most one way into its account.",
        _parent_named,
        ("dns.parent.zone", "dns.parent.zone_id", "dns.parent.role_arn", "dns.parent.profile"),
    ),
    Check(
        "`[load_balancer.tls]` has a name of at most 64 characters and a zone to validate it in (`[dns]`), or a "
        "`certificate_arn`.",
        _certificate_has_a_name,
        ("load_balancer.tls.certificate_arn", "dns.zone", "dns.record"),
    ),
    Check(
        "The certificate is one of `region`, as load balancers want it.",
        _certificate_is_here,
        ("load_balancer.tls.certificate_arn", "region"),
    ),
    Check(
        "TLS is not spoken on port 80, which is for those who do not speak it.",
        _tls_apart_from_http,
        ("load_balancer.port", "load_balancer.tls"),
    ),
)
