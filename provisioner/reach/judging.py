"""Whether one end reaches another, and where nobody is there to be reached, why not."""

from __future__ import annotations

from dataclasses import replace

from provisioner.reach import running
from provisioner.reach.ends import End, find
from provisioner.reach.parts import Service
from provisioner.reach.path import follow
from provisioner.reach.snapshot import Snapshot
from provisioner.reach.verdict import Stop, Verdict, Way

_USABLE = ("healthy", "unhealthy")


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
    """Whether the tasks of a service get what they need to start and to stay: their images, a place for their log
    where they write one to CloudWatch, their secrets, and the load balancer's health checks. In this order, and
    also where none of them runs. Raises UnknownEnd.
    """
    meant = find(snapshot, service)
    return list(running.needed(snapshot, meant.service)) if meant.service else []


def hindered(snapshot: Snapshot, service: str) -> Verdict | None:
    """The first of what `starting` judges that something in the network keeps from the tasks: None where nothing
    does. Raises UnknownEnd.

    Its ways are without those that end only because no task is there yet.
    """
    meant = find(snapshot, service)
    return running.hindered(snapshot, meant.service) if meant.service else None


def _deeper(snapshot: Snapshot, way: Way) -> Way:
    """A way that ends where nobody is in use, with what keeps them away."""
    if way.stop is None:
        return way
    for service in _missed(snapshot, way.stop):
        found = running.hindered(snapshot, service)
        if found is not None and found.stop is not None:
            return replace(way, stop=_caused(way.stop, found, found.stop))
    return way


def _missed(snapshot: Snapshot, stop: Stop) -> list[Service]:
    """The services whose tasks are not there: in a target group, or by themselves."""
    group = snapshot.target_groups.get(stop.at)
    if group is not None and not any(one.state in _USABLE for one in group.targets):
        return [one for one in snapshot.services if stop.at in one.target_groups]
    return [one for one in snapshot.services if stop.at == one.arn]


def _caused(stop: Stop, by: Verdict, cause: Stop) -> Stop:
    where = cause.name or cause.at
    why = f"{by.source} does not reach {by.destination} at {by.port}: {where}: {cause.why}"
    return replace(stop, why=f"{stop.why}; {why}", fix=cause.fix)
