"""What answers at which port of which interface.

Load balancers, VPC endpoints and databases of RDS are read from moto's models. What runs inside a task or an
instance is announced by whoever runs it, and what does not run is explained.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.vpcs import VPCEndPoint
from moto.elbv2.models import FakeListener, FakeLoadBalancer

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.databases import rds
from provisioner.sandbox.databases.party import Away, Database
from provisioner.sandbox.elb import balancers
from provisioner.sandbox.network import services
from provisioner.sandbox.vpc import endpoints

_BALANCER = "ELB "
# Where what is in an image listens by itself.
_OWN_PORTS: Mapping[str, tuple[int, ...]] = {
    "amazon-ecs-sample": (80,),
    "nginx": (80,),
    "nginx-unprivileged": (8080,),
}
_NOT_TCP = ("UDP", "QUIC")


@dataclass(frozen=True)
class Container:
    """A stand-in for an image: `label` says of what (a task's ARN), `address` where it is.

    `name` is the container's in its task.
    """

    image: str
    label: str
    address: str
    port: int
    name: str = ""


@dataclass(frozen=True)
class Balanced:
    """A listener of a load balancer, at one of its interfaces."""

    site: Site
    balancer: FakeLoadBalancer
    listener: FakeListener
    interface: NetworkInterface


@dataclass(frozen=True)
class Service:
    """One of AWS's services, by its name in the names of VPC endpoints (`ecr.api`), with TLS or without."""

    name: str
    region: str
    tls: bool = True


@dataclass(frozen=True)
class Outside:
    """Whatever is on the internet, or behind a transit gateway, and not in the sandbox."""

    address: str
    port: int


Party = Container | Database | Balanced | Service | Outside
"""Who accepts a connection."""


class Silent(Exception):
    """Nobody is there yet, not even to refuse: packets vanish."""


@dataclass
class _Announced:
    """What is announced, by interface id and port; and why something is not."""

    at: dict[str, dict[int, Container | Database]] = field(default_factory=dict)
    missing: dict[tuple[str, int], str] = field(default_factory=dict)


def listen(
    site: Site, interface: NetworkInterface, image: str, ports: Iterable[int], label: str = "", name: str = ""
) -> None:
    """From now on something stands in for the image, in addition to what is there already.

    It listens at these ports, unless the image is known to listen at others, whatever is mapped.
    """
    address, own = str(interface.private_ip_address), _OWN_PORTS.get(repository(image), ports)
    new = {int(port): Container(image, label or interface.id, address, int(port), name) for port in own}
    site.ledger(_Announced).at.setdefault(interface.id, {}).update(new)


def accept(site: Site, interface: NetworkInterface, port: int, database: Database) -> None:
    """From now on a database listens there."""
    known = site.ledger(_Announced)
    known.at.setdefault(interface.id, {})[port] = database
    known.missing.pop((interface.id, port), None)


def explain(site: Site, interface: NetworkInterface, port: int, why: str) -> None:
    """Say why nothing listens there, for whoever tries."""
    site.ledger(_Announced).missing[interface.id, port] = why


def nothing(site: Site, interface: NetworkInterface, port: int) -> str:
    """That nothing listens there, and why if that is known."""
    why = site.ledger(_Announced).missing.get((interface.id, port))
    return f"nothing listens at port {port} of {interface.id}{f': {why}' if why else ''}"


def repository(image: str) -> str:
    """The last part of an image's name, without tag and digest: `nginx` of `public.ecr.aws/nginx/nginx:1.27`."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def silence(site: Site, interface: NetworkInterface) -> None:
    """Nothing that was announced at this interface answers any longer."""
    site.ledger(_Announced).at.pop(interface.id, None)


def party(site: Site, interface: NetworkInterface, port: int) -> Party | None:
    """Who accepts a connection there, None if it is refused. Raises Silent if there is nobody even to refuse."""
    if interface.description.startswith(_BALANCER):
        return _balanced(site, interface, port)
    endpoint = endpoint_of(site, interface)
    if endpoint is not None:
        return _service(site, endpoint, port)
    if (database := rds.behind(site, interface)) is not None:
        try:
            return rds.party(site, database, interface, port)
        except Away as away:
            raise Silent(str(away)) from away
    return _announced(site, interface, port)


def _announced(site: Site, interface: NetworkInterface, port: int) -> Party | None:
    ports = site.ledger(_Announced).at.get(interface.id)
    if ports is None and not (interface.instance and interface.instance.state == "running"):
        raise Silent("nothing runs behind it")
    found = (ports or {}).get(port)
    if isinstance(found, Database) and not found.alive():
        raise Silent(f"{found.name} does not run")
    return found


def outside(site: Site, address: str, port: int, service: str = "") -> Party | None:
    """Who accepts a connection to a public address that no interface has; `service` if that is known already."""
    named = site.world.ledger(services.Directory, "", "").by_address.get(address)
    if service or named:
        name, region = (service, site.region) if service else (named.service, named.region)  # type: ignore[union-attr]
        return Service(name, region, port == services.TLS_PORT) if port in services.PORTS else None
    return Outside(address, port)


def balancer_of(site: Site, interface: NetworkInterface) -> FakeLoadBalancer | None:
    """The load balancer whose interface it is; None if it is none's, or that of one that is gone."""
    known = backends.elbv2(site).load_balancers.values()
    return next((one for one in known if balancers.description(one.arn) == interface.description), None)


def endpoint_of(site: Site, interface: NetworkInterface) -> VPCEndPoint | None:
    """The VPC endpoint whose interface it is."""
    known = backends.ec2(site).vpc_end_points.values()
    return next((one for one in known if interface.id in (one.network_interface_ids or ())), None)


def _balanced(site: Site, interface: NetworkInterface, port: int) -> Party | None:
    balancer = balancer_of(site, interface)
    if balancer is None:
        raise Silent(f"its load balancer is deleted, {interface.id} is only left over")
    if balancer.state != "active":
        raise Silent(f"load balancer {balancer.name} is {balancer.state}")
    for listener in balancer.listeners.values():
        if int(listener.port) == port and listener.protocol not in _NOT_TCP:
            return Balanced(site, balancer, listener, interface)
    return None


def _service(site: Site, endpoint: VPCEndPoint, port: int) -> Party | None:
    if not endpoints.answering(site, endpoint.id):
        raise Silent(f"endpoint {endpoint.id} is {endpoint.state} and does not answer yet")
    name = endpoints.short(site, endpoint.service_name)
    return Service(name, site.region) if port == services.TLS_PORT else None
