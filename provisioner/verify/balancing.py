"""The load balancer, its targets and what stands in front of it: its certificate, and its addresses."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial

from provisioner.model import LoadBalancer
from provisioner.reach import Outcome, judge
from provisioner.reach.parts import Target, TargetGroup
from provisioner.verify import drift, judging
from provisioner.verify.expectation import Expectation, Finding, failed, passed, unknown
from provisioner.verify.scene import BALANCER, Absent, Scene, is_private

_HTTP = 80
_NOT_IN_USE = "Target.NotInUse"
_LEFT = 30
"""Days. ACM renews by itself from 60 days before the end on.
Source: ACM user guide, "Managed certificate renewal in AWS Certificate Manager"."""


def expectations(scene: Scene) -> Iterator[Expectation]:
    balancer = scene.stack.load_balancer
    if balancer is None:
        return
    yield Expectation("the load balancer is active", BALANCER, partial(_active, scene))
    ports = _ports(balancer)
    what = f"the load balancer listens at {_and(ports)} and nowhere else"
    yield Expectation(what, BALANCER, partial(_listens, scene, set(ports)))
    if scene.internal:
        what = "the load balancer's name stands for private addresses only"
        yield Expectation(what, BALANCER, partial(_private, scene))
    if balancer.tls:
        yield Expectation("the certificate is issued and fits its name", BALANCER, partial(_certificate, scene))
    for name in scene.stack.balanced:
        yield Expectation(f"the targets of {name} are healthy", name, partial(_healthy, scene, name))


def _active(scene: Scene) -> Finding:
    found = scene.balancer()
    if changed := drift.changes(scene, BALANCER):
        return failed(", ".join(changed), scene.resume)
    if found.state == "active":
        return passed(found.dns_name)
    return failed(f"it is {found.state}", "wait, and verify again" if found.state == "provisioning" else "")


def _ports(balancer: LoadBalancer) -> list[int]:
    return [balancer.listens_on, *([_HTTP] if balancer.redirects else [])]


def _listens(scene: Scene, wanted: set[int]) -> Finding:
    there = {one.port: one for one in scene.balancer().listeners}
    if missing := sorted(wanted - there.keys()):
        return failed(f"it does not listen at {_and(missing)}", scene.resume)
    if more := sorted(there.keys() - wanted):
        arns = [f"aws elbv2 delete-listener --listener-arn {there[port].arn}" for port in more]
        return failed(f"it listens at {_and(more)}, too, where it should not", *arns)
    protocols = {port: _protocol(scene, port) for port in sorted(wanted)}
    if wrong := [port for port, one in protocols.items() if one and there[port].protocol != one]:
        said = (f"{there[port].protocol} at {port}, not {protocols[port]}" for port in wrong)
        return failed(f"it speaks {' and '.join(said)}", scene.resume)
    return passed(" and ".join(f"{there[port].protocol} at {port}" for port in sorted(wanted)))


def _protocol(scene: Scene, port: int) -> str:
    record = scene.state.records.get(f"listener-{port}")
    return str(record.request.get("Protocol", "")) if record else ""


def _and(ports: Iterable[int]) -> str:
    return " and ".join(map(str, ports))


def _private(scene: Scene) -> Finding:
    """As its interfaces have them; and as this machine's own DNS tells its name, on AWS."""
    found = scene.balancer()
    held = sorted(one.address for one in scene.snapshot.nodes(found))
    public = [one.public for one in scene.snapshot.nodes(found) if one.public]
    if not held:
        raise Absent("it has no interfaces")
    asked, how = _resolved(scene, found.dns_name)
    if wrong := [*public, *(one for one in (*held, *asked) if not is_private(one))]:
        return failed(f"it stands for {', '.join(wrong)}, which is no private address")
    return passed(f"{', '.join(asked or held)} ({how})")


def _resolved(scene: Scene, name: str) -> tuple[list[str], str]:
    if scene.in_sandbox:
        return [], "its interfaces' own"
    try:
        found = socket.getaddrinfo(name, _HTTP, socket.AF_INET, socket.SOCK_STREAM)
    except OSError:
        return [], "its interfaces' own; this machine's DNS does not know the name"
    return sorted({str(one[4][0]) for one in found}), "as this machine's DNS tells"


def _certificate(scene: Scene) -> Finding:
    arn = scene.id_of("certificate-issued")
    raw = scene.aws.clients.acm.describe_certificate(CertificateArn=arn)["Certificate"]
    if raw["Status"] != "ISSUED":
        return failed(f"it is {raw['Status']}", scene.resume)
    names = [raw["DomainName"], *raw.get("SubjectAlternativeNames", ())]
    wanted = scene.stack.dns.name if scene.stack.dns else ""
    if wanted and not any(_fits(name, wanted) for name in names):
        return failed(f"it is for {', '.join(dict.fromkeys(names))}, not for {wanted}")
    if unlike := _shown(scene, arn) or _validating(scene):
        return failed(unlike, scene.resume)
    days = (raw["NotAfter"] - datetime.now(UTC)).days if "NotAfter" in raw else None
    if days is not None and days < _LEFT:
        why = f"it ends in {days} days and was not renewed"
        return failed(why, "look whether its validation record still stands, or import a new one")
    until = f", for {days} days more" if days is not None else ""
    return passed(f"{', '.join(dict.fromkeys(names))}{until}")


def _shown(scene: Scene, arn: str) -> str:
    """What is wrong with the certificate that the load balancer shows."""
    ports = {one.port: one.arn for one in scene.balancer().listeners}
    assert scene.stack.load_balancer is not None
    at = scene.stack.load_balancer.listens_on
    if at not in ports:
        return f"nobody listens at {at} and shows it"
    (raw,) = scene.aws.clients.elbv2.describe_listeners(ListenerArns=[ports[at]])["Listeners"]
    shown = [one.get("CertificateArn") for one in raw.get("Certificates", ())]
    return "" if arn in shown else f"the listener at {at} shows {shown[0] if shown else 'none'}, and not {arn}"


def _validating(scene: Scene) -> str:
    """What keeps ACM from renewing it, for which the record that proved the name must stay.

    Source: ACM user guide, "Renewal for domains validated by DNS".
    """
    record = scene.state.records.get("certificate-record")
    found = next(drift.names(scene, record), "") if record and record.id else ""
    return f"ACM cannot renew it: its validation record {found}" if found else ""


def _fits(pattern: str, name: str) -> bool:
    """A wildcard stands for one label. Source: RFC 6125, section 6.4.3."""
    if pattern.startswith("*."):
        return name.partition(".")[2] == pattern[2:]
    return pattern == name


def _healthy(scene: Scene, name: str) -> Finding:
    group = scene.snapshot.target_groups.get(scene.id_of(f"target-group-{name}"))
    if group is None:
        raise Absent("AWS has no such target group any more")
    return _unfit(scene, group) or _well(scene, name, group)


def _unfit(scene: Scene, group: TargetGroup) -> Finding | None:
    """What makes all of them useless, however well they are."""
    if any(one.reason == _NOT_IN_USE for one in group.targets):
        return failed("no listener sends anything to them", scene.resume)
    return None


def _well(scene: Scene, name: str, group: TargetGroup) -> Finding:
    used = [one for one in group.targets if one.state != "draining"]
    ill = [one for one in used if one.state != "healthy"]
    if used and not ill:
        return passed(f"{len(used)} of {len(used)}")
    if not used and not scene.stack.services[name].count:
        return passed("there are to be none")
    changed = drift.changes(scene, name)
    if ill and not changed and all(one.state == "initial" for one in ill):
        return unknown(f"{_told(ill)}; {len(used) - len(ill)} of {len(used)} healthy", "wait, and verify again")
    why = f"{_told(ill)}; {len(used) - len(ill)} of {len(used)} healthy" if ill else "there are none"
    return failed(f"{why}; {', '.join(changed)}", scene.resume) if changed else _because(scene, name, why)


def _told(targets: Iterable[Target]) -> str:
    return ", ".join(
        f"{one.id} is {one.state}{f' ({one.reason}: {one.said})' if one.reason else ''}" for one in targets
    )


def _because(scene: Scene, name: str, why: str) -> Finding:
    """With what the network has against the load balancer's health checks, if it has."""
    verdict = judge(scene.snapshot, BALANCER, name)
    if verdict.outcome is Outcome.BLOCKED:
        return failed(f"{why}; {verdict.stop}", *judging.fix(scene, verdict))
    group = scene.log_group("service", name)
    return failed(f"{why}; the network lets the checks pass", f"aws logs tail {group}" if group else "")
