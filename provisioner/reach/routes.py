"""Route tables of subnets: the longest prefix wins."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.reach import ranges
from provisioner.reach.needs import RouteTo, Wait
from provisioner.reach.snapshot import Network
from provisioner.reach.things import ENDPOINT, INTERNET, LOCAL, NAT, Route, RouteTable, Subnet
from provisioner.reach.trail import Stopped, Trail


@dataclass(frozen=True)
class Found:
    """The route that is taken, and the network by which it fits: its own, or one of its prefix list's."""

    table: RouteTable
    route: Route
    cidr: str

    @property
    def by(self) -> str:
        return f"{self.route.destination} -> {self.route.target}"


def find(network: Network, trail: Trail, subnet: Subnet, address: str, *, back: bool = False) -> Found:
    """The route that a subnet's packets to an address take. Raises Stopped where there is none."""
    table = network.table_of(subnet.id)
    assert table is not None, f"{subnet.id} has no route table"  # every VPC has a main one
    fitting = [
        Found(table, route, cidr)
        for route in table.routes
        for cidr in _networks(network, trail, table, route)
        if ranges.contains(cidr, address)
    ]
    if fitting:
        return max(fitting, key=_preference)
    what = "no way back: no route fits" if back else "no route fits"
    raise Stopped(table.id, f"{what} {address} ({subnet.id})", RouteTo(table.id, subnet.id, address))


def _preference(found: Found) -> tuple[int, bool]:
    """Of two that are as long, one that names the network itself beats a prefix list.

    Source: VPC user guide, "Route priority".
    """
    return ranges.network(found.cidr).prefixlen, "/" in found.route.destination


def _networks(network: Network, trail: Trail, table: RouteTable, route: Route) -> tuple[str, ...]:
    if "/" in route.destination:
        return (route.destination,)
    listed = network.cidrs(route.destination)
    if listed is None:
        why = f"the contents of {route.destination}, which goes to {route.target}, may not be read"
        trail.doubt(table.id, why)
    return listed or ()


def check(network: Network, found: Found, subnet: Subnet, *, back: bool = False) -> None:
    """Raise Stopped where a route leads to something through which nothing gets."""
    if why := _dead(network, found.route, subnet):
        what = f"no way back: {found.by}: {why}" if back else f"{found.by}: {why}"
        need = RouteTo(found.table.id, subnet.id, found.cidr, instead=found.route.destination)
        on_its_way = why.endswith(("pending", "modifying"))
        raise Stopped(found.table.id, what, Wait(found.route.target) if on_its_way else need, by=found.by)


def expect(network: Network, found: Found, subnet: Subnet, kind: str, source: str, gateway: str) -> None:
    """Raise Stopped where the answer does not go back the way that the packet came."""
    check(network, found, subnet, back=True)
    same = found.route.kind == kind and gateway in ("", found.route.target)
    if not same:
        need = RouteTo(
            found.table.id,
            subnet.id,
            source,
            instead=found.route.destination if found.cidr == source else "",
            gateway=gateway,
            local=kind == LOCAL,
        )
        why = f"no way back: the answer to {source} goes elsewhere, {found.by} ({subnet.id})"
        raise Stopped(found.table.id, why, need, by=found.by)


def _dead(network: Network, route: Route, subnet: Subnet) -> str:
    """Why nothing gets through there, nothing if something does."""
    if route.kind == INTERNET and network.internet_gateways.get(route.target) != subnet.vpc:
        return f"{route.target} is not attached to {subnet.vpc}, a blackhole"
    state = "available"
    if route.kind == NAT:
        gateway = network.nat_gateways.get(route.target)
        state = gateway.state if gateway else "gone"
    if route.kind == ENDPOINT:
        endpoint = network.endpoints.get(route.target)
        state = endpoint.state if endpoint else "gone"
    if state != "available":
        return f"{route.target} is {state}"
    return f"{route.target} is gone, a blackhole" if route.blackhole else ""
