"""Service Connect: the names that the proxy beside a task answers for, and the tasks to which it sends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.reach.needs import PortOf, Wait
from provisioner.reach.parts import Alias, Service
from provisioner.reach.snapshot import Snapshot
from provisioner.reach.things import Interface
from provisioner.reach.trail import Stopped
from provisioner.reach.verdict import REFUSED


@dataclass(frozen=True)
class Address:
    """One that a name stands for. `port` is set where it is not the one that was asked for; `service` is the AWS
    service that is there, where nobody knows its very address; `instead` says why it is not an endpoint's."""

    ip: str
    service: str = ""
    port: int = 0
    instead: str = ""


def connected(snapshot: Snapshot, source: Interface, name: str, port: int) -> list[Address]:
    """The tasks behind a name, which the proxy beside each task of the namespace knows; nothing where it does not.

    Raises Stopped where it knows the name and has nobody to send to: nobody else is then asked for it.
    Source: ECS developer guide, "Service Connect concepts".
    """
    mine = snapshot.service_at(source)
    others = [one for one in snapshot.services if mine and mine.namespace and one.namespace == mine.namespace]
    known = [(other, alias) for other in others for alias in other.aliases if alias.name == name]
    at = source.id or (mine.arn if mine else name)
    if known and not any(alias.port == port for _, alias in known):
        ports = tuple(dict.fromkeys(alias.port for _, alias in known))
        why = f"Service Connect knows {name} at {' and '.join(map(str, ports))}, not at {port}"
        raise Stopped(at, why, PortOf(ports), fails=REFUSED)
    behind = [(other, alias) for other, alias in known if alias.port == port]
    found = [one for other, alias in behind for one in _tasks(snapshot, other, alias)]
    if behind and not found:
        nobody = behind[0][0]
        why = f"no task of {snapshot.named(nobody.arn)} runs, to which Service Connect would send {name}:{port}"
        raise Stopped(nobody.arn, why, Wait(nobody.arn), fails=REFUSED)
    return found


def _tasks(snapshot: Snapshot, service: Service, alias: Alias) -> Iterator[Address]:
    known = snapshot.network.interfaces
    for task in service.tasks:
        if task.state == "RUNNING" and task.interface in known:
            yield Address(known[task.interface].address, port=alias.container_port)
