"""From what a person types to the end of a connection that is meant."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from provisioner.model.database import PORTS as DATABASE_PORTS
from provisioner.reach import expected, intent, ranges, services
from provisioner.reach.parts import Balancer, Function, Service
from provisioner.reach.snapshot import Snapshot
from provisioner.reach.things import Interface

INTERNET = "internet"
_DATABASE, _BALANCER = "database", intent.BALANCER
_HTTPS = 443
_SCHEMES = {"http": 80, "https": _HTTPS}
_CLOSE = 0.6
_OF_INTERFACES = "Interface"  # Source: EC2 API reference, VpcEndpoint, VpcEndpointType.


class UnknownEnd(Exception):
    """Nothing of the stack, and nothing outside, is called so."""


@dataclass(frozen=True)
class End:
    """One end: the interfaces that it has, or the names or networks by which it is asked for.

    `part` is what the stack file calls it, `ports` where it listens. A service that a load balancer is in front
    of has its own interfaces and that one's name both: which is meant depends on who asks.
    """

    name: str
    kind: str
    part: str = ""
    interfaces: tuple[Interface, ...] = ()
    hosts: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    groups: tuple[str, ...] = ()
    path: str = ""
    service: Service | None = None
    balancer: Balancer | None = field(default=None, repr=False)

    @property
    def outside(self) -> bool:
        """Whether it is on the internet, where nobody sees private addresses."""
        return self.kind in ("internet", "function outside of VPCs")


def find(snapshot: Snapshot, typed: str) -> End:
    """The end that is meant: a name of the stack file, a step, an id, an address, a host, an AWS service.

    Raises UnknownEnd, with what may have been meant.
    """
    name = typed.strip()
    for look in _LOOKS:
        if (found := look(snapshot, name)) is not None:
            return found
    raise UnknownEnd(_unknown(snapshot, name))


def _unknown(snapshot: Snapshot, name: str) -> str:
    near = difflib.get_close_matches(name, [*known(snapshot), *services.known()], 3, _CLOSE)
    meant = f" Did you mean {' or '.join(near)}?" if near else ""
    listed = ", ".join(known(snapshot))
    return (
        f"'{name}' is nothing that this stack knows.{meant} Fix: name one of {listed}; a step, an id, an address, "
        "a network, a host, a URL, or an AWS service such as ecr or secretsmanager."
    )


def hosts_in(*typed: str) -> set[str]:
    """The names of hosts among what was typed, whose zones must be read."""
    urls = {urlsplit(one).hostname or "" for one in typed if "://" in one}
    dotted = {one for one in typed if "." in one and "://" not in one and "/" not in one}
    return {one for one in urls | dotted if one and not ranges.is_address(one)}


def known(snapshot: Snapshot) -> list[str]:
    """What people call the ends of this stack, for help and completion."""
    steps = [one.step for one in snapshot.functions] + [one.step for one in snapshot.services]
    found = [_part(step) for step in steps]
    kinds = set(snapshot.owned.kinds.values())
    found += [_BALANCER] if "load_balancer" in kinds else []
    found += [_DATABASE] if kinds & {"instance", "db_instance"} else []
    return [*found, INTERNET]


def _part(step: str) -> str:
    """The stack file's name in a step's: `caller` in `function-caller`."""
    return step.partition("-")[2]


def _internet(snapshot: Snapshot, name: str) -> End | None:
    if name != INTERNET:
        return None
    return End(name, "internet", networks=(f"{ranges.somewhere(snapshot.network.told)}/32",), ports=(_HTTPS,))


def _function(snapshot: Snapshot, name: str) -> End | None:
    for one in snapshot.functions:
        if name in (_part(one.step), one.step, one.name, one.arn):
            return _of_function(snapshot, name, one)
    return None


def _of_function(snapshot: Snapshot, name: str, one: Function) -> End:
    if not one.subnets:
        public = f"{ranges.somewhere(snapshot.network.told)}/32"
        return End(name, "function outside of VPCs", _part(one.step), networks=(public,))
    return End(name, "function", _part(one.step), expected.of_function(snapshot, one))


def _service(snapshot: Snapshot, name: str) -> End | None:
    for one in snapshot.services:
        if name in (_part(one.step), one.step, one.arn):
            return _of_service(snapshot, name, one)
        for task in one.tasks:
            if name in (task.arn, task.arn.rpartition("/")[2]) and task.interface in snapshot.network.interfaces:
                held = snapshot.network.interfaces[task.interface]
                return End(name, "task", _part(one.step), (held,), ports=one.ports, service=one)
    return None


def _of_service(snapshot: Snapshot, name: str, one: Service) -> End:
    front = intent.front(snapshot, one)
    return End(
        name,
        "service",
        _part(one.step),
        expected.of_service(snapshot, one),
        (front.name,) if front else (),
        ports=one.ports,
        groups=front.groups if front else (),
        service=one,
        balancer=front.balancer if front else None,
    )


def _balancer(snapshot: Snapshot, name: str) -> End | None:
    for one in snapshot.balancers:
        step = snapshot.owned.step_of(one.arn)
        called = name.replace("_", "-") == step and bool(step)
        if called or name.lower() in (one.arn.lower(), one.name.lower(), one.dns_name):
            ports = tuple(listener.port for listener in one.listeners)
            return End(
                name, "load balancer", _BALANCER, snapshot.nodes(one), (one.dns_name,), ports=ports, balancer=one
            )
    return _lost_balancer(snapshot, name)


def _lost_balancer(snapshot: Snapshot, name: str) -> End | None:
    """The stack's own, where AWS has it no longer: only its name is left."""
    host, arn = intent.known_name(snapshot), snapshot.owned.ids.get(_BALANCER)
    if not arn or name.lower().replace("_", "-") not in (_BALANCER, arn.lower(), host):
        return None
    return End(name, "load balancer", _BALANCER, hosts=(host,), ports=(intent.listens_on(snapshot),))


def _database(snapshot: Snapshot, name: str) -> End | None:
    for one in snapshot.databases:
        if name in (one.step, one.id):
            return End(name, "database", _DATABASE, snapshot.interfaces_of(one), (one.host,), ports=(one.port,))
    record = snapshot.owned.ids.get(_DATABASE, "")
    if name != _DATABASE or record not in snapshot.network.instances:
        return None
    host = str(snapshot.owned.outputs.get("database-record", {}).get("name", ""))
    engine = (snapshot.owned.settings.get("database") or {}).get("engine", "")
    port = DATABASE_PORTS.get(engine)
    held = _held(snapshot, snapshot.network.instances[record].interfaces)
    return End(name, "database", _DATABASE, held, (host,) if host else (), ports=(port,) if port else ())


def _held(snapshot: Snapshot, ids: tuple[str, ...]) -> tuple[Interface, ...]:
    known = snapshot.network.interfaces
    return tuple(known[one] for one in ids if one in known)


def _id(snapshot: Snapshot, name: str) -> End | None:
    """Something of EC2's by its id, or by the step that recorded it."""
    found, network = snapshot.owned.ids.get(name, name), snapshot.network
    if found in network.interfaces:
        return _of_interface(snapshot, name, network.interfaces[found])
    if found in network.instances:
        return End(name, "instance", interfaces=_held(snapshot, network.instances[found].interfaces))
    if found in network.nat_gateways:
        return End(name, "NAT gateway", interfaces=_held(snapshot, (network.nat_gateways[found].interface,)))
    if found in network.endpoints:
        return _of_endpoint(snapshot, name, found)
    url = snapshot.owned.outputs.get(name, {}).get("url")
    return _url(snapshot, str(url)) if url else None


def _of_interface(snapshot: Snapshot, name: str, held: Interface) -> End:
    service = snapshot.service_at(held)
    return End(name, "interface", interfaces=(held,), ports=service.ports if service else ())


def _of_endpoint(snapshot: Snapshot, name: str, found: str) -> End:
    """A gateway endpoint has no interfaces: it is the way to its service."""
    endpoint = snapshot.network.endpoints[found]
    if endpoint.interfaces or endpoint.kind == _OF_INTERFACES:
        return End(name, "endpoint", interfaces=_held(snapshot, endpoint.interfaces), ports=(_HTTPS,))
    service = endpoint.service.removeprefix(f"com.amazonaws.{snapshot.region}.")
    return _aws(snapshot, service) or End(name, "endpoint")


def _network(snapshot: Snapshot, name: str) -> End | None:
    if ranges.is_address(name):
        return End(name, "address", networks=(f"{name}/32",))
    return End(name, "network", networks=(str(ranges.network(name)),)) if ranges.is_network(name) else None


def _url(snapshot: Snapshot, name: str) -> End | None:
    if "://" not in name:
        return None
    url = urlsplit(name)
    port = url.port or _SCHEMES.get(url.scheme, 0)
    return End(name, "host", hosts=(url.hostname or "",), ports=(port,) if port else (), path=url.path)


def _host(snapshot: Snapshot, name: str) -> End | None:
    """A name with a dot in it, that is not a service's."""
    dotted = "." in name.strip(".") and not any(letter in name for letter in " /:")
    if not dotted or name in services.known():
        return None
    return End(name, "host", hosts=(name,), ports=(_HTTPS,))


def _aws(snapshot: Snapshot, name: str) -> End | None:
    hosts = services.hosts(name, snapshot.account, snapshot.region, snapshot.partition)
    return End(name, "AWS service", hosts=hosts, ports=(_HTTPS,)) if hosts else None


_LOOKS: tuple[Callable[[Snapshot, str], End | None], ...] = (
    _internet,
    _function,
    _service,
    _balancer,
    _database,
    _id,
    _network,
    _url,
    _aws,
    _host,
)
