"""The stack's public name: who delegates to its zone, and where it leads."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from provisioner.preflight import name_servers
from provisioner.verify.expectation import Expectation, Finding, failed, passed
from provisioner.verify.scene import Absent, Scene
from steps.aws.context import Aws
from steps.aws.route53 import canonical, plain, values

_ABOUT = "name"


def expectations(scene: Scene) -> Iterator[Expectation]:
    dns = scene.stack.dns
    if dns is None:
        return
    if dns.parent:
        what = f"{dns.zone} is delegated to its name servers"
        yield Expectation(what, _ABOUT, partial(_delegated, scene))
    if scene.stack.load_balancer:
        what = f"{dns.name} stands for the load balancer"
        yield Expectation(what, _ABOUT, partial(_leads, scene))


def _delegated(scene: Scene) -> Finding:
    """As the zone above has it in Route 53; and on AWS, as the public DNS tells."""
    assert scene.stack.dns is not None
    record = scene.state.records.get("delegation")
    if record is None or not record.request:
        raise Absent("the delegation was never made")
    parent, name = record.request["HostedZoneId"], scene.stack.dns.zone
    answer = scene.aws.clients.dns.get_hosted_zone(Id=scene.id_of("zone"))
    own = sorted(map(canonical, answer["DelegationSet"]["NameServers"]))
    there = _record(scene.aws.at(record.request.get("Way", "")), parent, name, "NS")
    if there is None:
        return failed(f"zone {parent} has no NS record for {name}", scene.resume)
    if values(there) != own:
        wrong = ", ".join(map(plain, values(there)))
        return failed(f"zone {parent} sends to {wrong}, which are not its name servers", scene.resume)
    return _as_heard(scene, name, set(own), f"{', '.join(map(plain, own))}, in zone {parent}")


def _as_heard(scene: Scene, name: str, own: set[str], said: str) -> Finding:
    if scene.in_sandbox:
        return passed(said)
    try:
        heard = {canonical(one) for one in name_servers.ask(name)}
    except name_servers.NoAnswer:
        return passed(f"{said}; no DNS server answers here")
    if not heard:
        why = f"the parent zone has the NS record, but the public DNS does not know {name}"
        return failed(why, "wait for the old answer to expire, or look who delegates to the parent zone")
    if heard != own:
        return failed(f"the public DNS sends to {', '.join(map(plain, sorted(heard)))}", "wait, and verify again")
    return passed(f"{said}; the public DNS says the same")


def _leads(scene: Scene) -> Finding:
    assert scene.stack.dns is not None
    name, wanted = scene.stack.dns.name, scene.balancer().dns_name
    found = _record(scene.aws, scene.id_of("zone"), name, "A")
    if found is None:
        return failed(f"its zone has no address for {name}", scene.resume)
    target = plain(found.get("AliasTarget", {}).get("DNSName", "")).removeprefix("dualstack.")
    if target.lower() == wanted.lower():
        return passed(wanted)
    return failed(f"it stands for {target or ', '.join(values(found))}, not for {wanted}", scene.resume)


def _record(aws: Aws, zone: str, name: str, kind: Any) -> Any:
    """The record set of this very name and type, None if there is none."""
    answer = aws.clients.dns.list_resource_record_sets(
        HostedZoneId=zone, StartRecordName=canonical(name), StartRecordType=kind, MaxItems="1"
    )
    there = (one for one in answer["ResourceRecordSets"] if one["Name"] == canonical(name) and one["Type"] == kind)
    return next(there, None)
