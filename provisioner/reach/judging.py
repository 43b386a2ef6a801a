"""Whether one end reaches another, and where nobody is there to be reached, why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from provisioner.reach import services
from provisioner.reach.ends import End, find
from provisioner.reach.parts import Service
from provisioner.reach.path import follow
from provisioner.reach.snapshot import Snapshot
from provisioner.reach.verdict import Outcome, Stop, Verdict, Way

_USABLE = ("healthy", "unhealthy")
_LOGS = "logs"


def judge(
    snapshot: Snapshot,
    source: str | End,
    destination: str | End,
    port: int | None = None,
    *,
    host: str = "",
    path: str = "",
) -> Verdict:
    """Whether a TCP connection from one end to another comes about, and if not, why and what would open it.

    `host` and `path` are what an application load balancer is asked for; without them what its rules have for the
    service that is meant. Where a load balancer has nobody to send to, what keeps the tasks away is the reason.
    Raises UnknownEnd, Unfit.
    """
    found = follow(snapshot, source, destination, port, host=host, path=path)
    return replace(found, ways=tuple(_deeper(snapshot, way) for way in found.ways))


def starting(snapshot: Snapshot, service: str) -> list[Verdict]:
    """Whether the tasks of a service get what they need to start and to stay: their images, a place for their log,
    and the load balancer's health checks. Also where none of them runs. Raises UnknownEnd.
    """
    meant = find(snapshot, service)
    return list(_needed(snapshot, meant.service)) if meant.service else []


def _needed(snapshot: Snapshot, service: Service) -> Iterator[Verdict]:
    tasks = replace(find(snapshot, service.step), name=service.name)
    for image in service.images:
        hosts = services.registry(image, snapshot.partition)
        kind = "AWS service" if len(hosts) > 1 else "host"
        yield follow(snapshot, tasks, End(f"the registry of {image}", kind, hosts=hosts, ports=(443,)))
    yield follow(snapshot, tasks, _LOGS)
    if tasks.balancer is not None:
        front = replace(find(snapshot, tasks.balancer.arn), name=snapshot.named(tasks.balancer.arn))
        for port in service.ports:
            yield follow(snapshot, front, tasks, port)


def _deeper(snapshot: Snapshot, way: Way) -> Way:
    """A way that ends where nobody is in use, with what keeps them away."""
    if way.stop is None or not _is_empty(snapshot, way.stop):
        return way
    for service in snapshot.services:
        if way.stop.at in service.target_groups:
            for found in _needed(snapshot, service):
                if found.outcome is Outcome.BLOCKED and found.stop and _stands(snapshot, found.stop):
                    return replace(way, stop=_caused(way.stop, found, found.stop))
    return way


def _is_empty(snapshot: Snapshot, stop: Stop) -> bool:
    group = snapshot.target_groups.get(stop.at)
    return group is not None and not any(one.state in _USABLE for one in group.targets)


def _stands(snapshot: Snapshot, stop: Stop) -> bool:
    """Whether something in the network stops it: that a task is not there yet is no reason for its absence."""
    return not any(stop.at == one.arn for one in snapshot.services)


def _caused(stop: Stop, by: Verdict, cause: Stop) -> Stop:
    where = cause.name or cause.at
    why = f"{by.source} does not reach {by.destination} at {by.port}: {where}: {cause.why}"
    return replace(stop, why=f"{stop.why}; {why}", fix=cause.fix)
