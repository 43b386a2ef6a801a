"""What the tasks of a service need from elsewhere to start and to stay, and whether they get there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from provisioner.reach import services
from provisioner.reach.ends import End, find
from provisioner.reach.parts import Service
from provisioner.reach.path import follow
from provisioner.reach.snapshot import Snapshot
from provisioner.reach.verdict import Outcome, Verdict

_TLS = 443
_LOGS, _SECRETS, _PARAMETERS = "logs", "secretsmanager", "ssm"


@dataclass(frozen=True)
class _Place:
    """A store of AWS's: the service, and the region where that is said."""

    service: str
    region: str = ""


def needed(snapshot: Snapshot, service: Service) -> Iterator[Verdict]:
    """Images, log, secrets, and the load balancer's health checks: in this order."""
    tasks = replace(find(snapshot, service.step), name=service.name)
    for image in service.wants.images:
        hosts = services.registry(image, snapshot.partition)
        kind = "AWS service" if len(hosts) > 1 else "host"
        yield follow(snapshot, tasks, End(f"the registry of {image}", kind, hosts=hosts, ports=(_TLS,)))
    for region in service.wants.logs:
        yield follow(snapshot, tasks, _store(snapshot, "its log", _Place(_LOGS, region)))
    for place in _stores(service):
        where = f" in {place.region}" if place.region not in ("", snapshot.region) else ""
        yield follow(snapshot, tasks, _store(snapshot, f"its secrets ({place.service}{where})", place))
    yield from _checked(snapshot, service, tasks)


def _stores(service: Service) -> list[_Place]:
    """Where its secrets are, and what it needs to log in at a registry: each once."""
    found = {_place(one, _PARAMETERS) for one in service.wants.secrets}
    found |= {_place(one, _SECRETS) for one in service.wants.credentials}
    return sorted(found, key=lambda one: (one.service, one.region))


def _place(name: str, usual: str) -> _Place:
    """By the ARN of a secret or a parameter; a plain name is of the task's own region, and of what is usual.

    Source: ECS API reference, Secret (valueFrom) and RepositoryCredentials (credentialsParameter).
    """
    if not name.startswith("arn:"):
        return _Place(usual)
    service, region = name.split(":")[2:4]
    return _Place(service, region)


def _store(snapshot: Snapshot, name: str, place: _Place) -> End:
    region = place.region or snapshot.region
    hosts = services.hosts(place.service, snapshot.account, region, snapshot.partition)
    return End(name, "AWS service", hosts=hosts, ports=(_TLS,))


def _checked(snapshot: Snapshot, service: Service, tasks: End) -> Iterator[Verdict]:
    """By a load balancer that has nodes from which to ask."""
    if tasks.balancer is None or not snapshot.nodes(tasks.balancer):
        return
    front = replace(find(snapshot, tasks.balancer.arn), name=snapshot.named(tasks.balancer.arn))
    for port in service.ports:
        yield follow(snapshot, front, tasks, port)


def hindered(snapshot: Snapshot, service: Service) -> Verdict | None:
    """The first of what is needed that something in the network keeps away, None where nothing does."""
    standing = (_standing(snapshot, found) for found in needed(snapshot, service))
    return next((one for one in standing if one and one.outcome is Outcome.BLOCKED), None)


def _standing(snapshot: Snapshot, found: Verdict) -> Verdict | None:
    """Without the ways that end where a task is missing: that it is not there yet is no reason for its absence.
    None where no others are left."""
    absent = {one for service in snapshot.services for one in (service.arn, *(task.arn for task in service.tasks))}
    ways = tuple(way for way in found.ways if way.stop is None or way.stop.at not in absent)
    return replace(found, ways=ways) if ways else None
