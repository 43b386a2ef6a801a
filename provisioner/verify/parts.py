"""What must stand by itself: services, endpoints, routes, the transit gateway's attachment, private interfaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from provisioner.reach import find, hindered
from provisioner.reach.things import Endpoint, Interface
from provisioner.verify import drift, judging
from provisioner.verify.expectation import Expectation, Finding, failed, passed
from provisioner.verify.scene import DATABASE, Absent, Scene
from state.record import Record

_NETWORK = "network"
_DONE = "COMPLETED"
_GONE = ("deleting", "deleted")


def expectations(scene: Scene) -> Iterator[Expectation]:
    for record in scene.of_kind("vpc_endpoint"):
        what = f"{record.name} is available"
        yield Expectation(what, _NETWORK, partial(_endpoint, scene, record.name))
    if scene.stack.network.transit_gateway:
        what = "the transit gateway is attached"
        yield Expectation(what, _NETWORK, partial(_attached, scene))
    if any(scene.of_kind("route")):
        yield Expectation("the routes are as they were made", _NETWORK, partial(_routes, scene))
    for name in scene.stack.services:
        yield Expectation(f"service {name} is steady", name, partial(_steady, scene, name))
    yield from _without_address(scene)


def _endpoint(scene: Scene, step: str) -> Finding:
    found = scene.snapshot.network.endpoints.get(scene.id_of(step))
    if found is None or found.state in _GONE:
        raise Absent("somebody has deleted it")
    if not found.available:
        return failed(f"it is {found.state}", scene.resume)
    if found.kind == "Interface" and not found.private_dns:
        why = "private DNS is off: the service's name stands for its public addresses"
        return failed(why, scene.resume)
    if wrong := list(_spread(scene, scene.state.records[step], found)):
        return failed(", ".join(wrong), scene.resume)
    return passed("with private DNS" if found.private_dns else f"in {len(found.tables)} route tables")


def _spread(scene: Scene, record: Record, found: Endpoint) -> Iterator[str]:
    """Whether it is in the subnets, or the route tables, that it was made for."""
    yield from drift.place(scene, found.tables, record.request.get("RouteTableIds") or ())
    held = (scene.snapshot.network.interfaces.get(one) for one in found.interfaces)
    subnets = {one.subnet for one in held if one}
    yield from drift.place(scene, subnets, record.request.get("SubnetIds") or ())


def _attached(scene: Scene) -> Finding:
    found = scene.snapshot.network.attachments.get(scene.id_of("transit-gateway-attachment"))
    if found is None:
        raise Absent("there is no such attachment any more")
    if found.state == "available":
        return passed(found.gateway)
    whose = "accept it in the transit gateway's account" if found.state == "pendingAcceptance" else scene.resume
    return failed(f"the attachment is {found.state}", whose)


def _routes(scene: Scene) -> Finding:
    """Each that was made is there, alive, and leads where it was to lead."""
    wrong, total = [], 0
    for record in scene.of_kind("route"):
        total += 1
        table, _, destination = (record.key or "").partition("|")
        known = scene.snapshot.network.tables.get(table)
        there = [one for one in known.routes if one.destination == destination] if known else []
        if not there:
            wrong.append(f"{record.name} is gone")
        elif there[0].blackhole:
            wrong.append(f"{record.name} is a black hole: {there[0].target} is gone")
        elif there[0].target not in record.request.values():
            wrong.append(f"{record.name} leads to {there[0].target}")
    return failed("; ".join(wrong), scene.resume) if wrong else passed(f"{total} of {total}")


def _steady(scene: Scene, name: str) -> Finding:
    arn = scene.id_of(f"service-{name}")
    answer = scene.aws.clients.ecs.describe_services(cluster=arn.split("/")[-2], services=[arn])
    raw = next((one for one in answer["services"] if one["status"] == "ACTIVE"), None)
    if raw is None:
        raise Absent("AWS has no such service any more")
    running = f"{raw['runningCount']} of {raw['desiredCount']} tasks running"
    states = [one.get("rolloutState", _DONE) for one in raw["deployments"]]
    if raw["runningCount"] == raw["desiredCount"] and states == [_DONE]:
        return passed(running)
    said = next((str(one["message"]) for one in raw.get("events", ())), "")
    deployments = f"{len(states)} deployments ({', '.join(states)})"
    why = "; ".join(filter(None, [running, "" if states == [_DONE] else deployments, said]))
    verdict = hindered(scene.snapshot, name)
    if verdict is None:
        return failed(why, scene.resume)
    told = f"{why}; {verdict.source} does not reach {verdict.destination}: {verdict.stop}"
    return failed(told, *judging.fix(scene, verdict))


def _without_address(scene: Scene) -> Iterator[Expectation]:
    """What is meant to be private; the load balancer has its own expectation."""
    stack = scene.stack
    private = [(name, f"tasks of {name}") for name in stack.services if not stack.public_ip(name)]
    private += [(name, f"interfaces of {name}") for name, one in stack.functions.items() if one.vpc]
    private += [(DATABASE, "the database")] if stack.database else []
    for name, what in private:
        have = "has" if name == DATABASE else "have"
        yield Expectation(f"{what} {have} no public address", name, partial(_no_address, scene, name))


def _no_address(scene: Scene, name: str) -> Finding:
    held = find(scene.snapshot, name).interfaces
    public = [one for one in held if one.public]
    if not public:
        return passed(", ".join(sorted({one.address for one in held if one.id})))
    why = ", ".join(f"{one.id or 'its next interface'} has {one.public}" for one in public)
    return failed(why, *_taking(scene, public))


def _taking(scene: Scene, public: Iterable[Interface]) -> Iterator[str]:
    """An Elastic IP can be taken away; an address of the subnet's stays as long as its interface."""
    addresses = [one.public for one in public]
    filters = [{"Name": "public-ip", "Values": addresses}]
    raw = scene.aws.clients.ec2.describe_addresses(Filters=filters)["Addresses"]  # type: ignore[arg-type]
    for one in raw:
        yield f"aws ec2 disassociate-address --association-id {one.get('AssociationId', '')}"
    if len(raw) < len(addresses):
        yield scene.resume
