"""Who accepts a connection at an interface."""

from __future__ import annotations

from collections.abc import Callable

from provisioner.reach import balancers
from provisioner.reach.balancers import Front
from provisioner.reach.needs import PortOf, Wait
from provisioner.reach.snapshot import Snapshot
from provisioner.reach.things import Interface
from provisioner.reach.trail import Stopped, Trail
from provisioner.reach.verdict import REFUSED

_TLS = 443
_PLAIN = 80
_SERVING = ("available", "backing-up", "modifying", "storage-optimization")
"""States of a DB instance in which it answers. Source: RDS user guide, "Viewing DB instance status"."""
_DEAF = {
    "lambda": "a function accepts no connections: it is invoked through Lambda's API",
    "nat_gateway": "a NAT gateway accepts no connections",
    "transit_gateway": "a transit gateway's interface accepts no connections",
}


def accepted(snapshot: Snapshot, trail: Trail, interface: Interface, port: int) -> Front | None:
    """The listener, where it is a load balancer's; None where something else accepts. Raises Stopped."""
    if balancer := snapshot.balancer_at(interface):
        front = balancers.listening(snapshot, balancer, interface, port)
        trail.passed(balancer.arn, f"listens at {port} ({interface.id})", by=front.listener.arn)
        return front
    if interface.kind in _DEAF:
        raise Stopped(interface.id, _DEAF[interface.kind])
    for check in _CHECKS:
        if check(snapshot, trail, interface, port):
            return None
    trail.passed(interface.id, f"has {interface.address}; what listens there at {port} no call of AWS's tells")
    return None


def service(trail: Trail, at: str, name: str, port: int, *, ports: tuple[int, ...] = (_PLAIN, _TLS)) -> None:
    """One of AWS's own, by whatever way it is reached. Raises Stopped."""
    if port not in ports:
        why = f"{name} listens at {' and '.join(map(str, ports))}, not at {port}"
        raise Stopped(at, why, PortOf(ports), fails=REFUSED)
    trail.passed(at, f"{name} listens at {port}")


def _endpoint(snapshot: Snapshot, trail: Trail, interface: Interface, port: int) -> bool:
    """Interface endpoints listen with TLS only.

    Source: AWS PrivateLink guide, "Access an AWS service using an interface VPC endpoint", which has 443 allowed.
    """
    endpoint = snapshot.network.endpoint_of(interface)
    if endpoint is None:
        return False
    if not endpoint.available:
        raise Stopped(endpoint.id, f"the endpoint is {endpoint.state}", Wait(endpoint.id))
    name = f"the endpoint of {endpoint.service}"
    service(trail, endpoint.id, name, port, ports=(_TLS,))
    return True


def _task(snapshot: Snapshot, trail: Trail, interface: Interface, port: int) -> bool:
    found = snapshot.service_at(interface)
    if found is None:
        return False
    task = next((one for one in found.tasks if one.interface == interface.id), None)
    if task is None or task.state != "RUNNING":
        state = task.state if task else "not there yet"
        raise Stopped(task.arn if task else found.arn, f"the task is {state}", Wait(found.arn))
    known = "" if port in found.ports else f", though no container of it names port {port}"
    trail.passed(interface.id, f"a task of {snapshot.named(found.arn)} has {interface.address}{known}")
    return True


def _database(snapshot: Snapshot, trail: Trail, interface: Interface, port: int) -> bool:
    found = snapshot.database_at(interface)
    if found is None:
        return False
    if found.state not in _SERVING:
        raise Stopped(found.id, f"the DB instance is {found.state}", Wait(found.id))
    if port != found.port:
        need = PortOf((found.port,))
        raise Stopped(found.id, f"it listens at {found.port}, not at {port}", need, fails=REFUSED)
    trail.passed(found.id, f"listens at {port} ({interface.id})")
    return True


def _instance(snapshot: Snapshot, trail: Trail, interface: Interface, port: int) -> bool:
    found = snapshot.network.instances.get(interface.instance)
    if found is None:
        return False
    if found.state != "running":
        raise Stopped(found.id, f"the instance is {found.state}")
    trail.passed(found.id, f"runs; what listens there at {port} no call of AWS's tells")
    return True


_CHECKS: tuple[Callable[[Snapshot, Trail, Interface, int], bool], ...] = (_endpoint, _task, _database, _instance)
