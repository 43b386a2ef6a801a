"""What DNS answers from hosted zones, on the internet and in a VPC.

A public zone is heard only if the zone above it names its name servers, or if it is registered: a name of two
labels above which the sandbox has no zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from provisioner.sandbox.call import Site
from provisioner.sandbox.dns import hosted_zones
from provisioner.sandbox.dns.hosted_zones import Zone
from provisioner.sandbox.dns.records import Alias, canonical, is_within, labels
from provisioner.sandbox.world import World

Found = list[str] | Alias | None
"""What a resolver hears: values (none if the name has others), a name to ask elsewhere, None for no such name."""

_LONGEST_CHAIN = 8
_REGISTERED = 2  # labels of a name that one can register


class Registrar:
    """Names that are delegated although no zone of the sandbox does it, with the name servers if they matter."""

    def __init__(self) -> None:
        self.delegated: dict[str, frozenset[str]] = {}


def delegate(world: World, name: str, servers: Iterable[str] = ()) -> None:
    """Have the registrar delegate a name, to these name servers or to whatever zone has it."""
    world.ledger(Registrar, "", "").delegated[canonical(name)] = frozenset(map(canonical, servers))
    hosted_zones.tell(world)


def public_answer(world: World, name: str, kind: str) -> Found:
    """What a resolver on the internet hears."""
    return _answer(world, canonical(name), kind, {})


def private_answer(site: Site, vpc: str, name: str, kind: str) -> Found:
    """What the resolver of a VPC hears: of its private zones the longest that fits, else what the internet hears.

    A name that this zone lacks does not exist, whatever public zones say.
    """
    mine = {
        zone.name: zone for zone in hosted_zones.every(site.world) if zone.moto.private_zone and vpc in zone.vpcs
    }
    return _answer(site.world, canonical(name), kind, mine)


def _answer(world: World, name: str, kind: str, private: Mapping[str, Zone]) -> Found:
    asked = name
    for _ in range(_LONGEST_CHAIN):
        zone = _authority(world, name, private)
        if zone is None:
            return None if name == asked or _is_ours(world, name) else Alias(name)
        found = _look(zone, name, kind)
        if not isinstance(found, Alias) or found.zone not in ("", zone.id):
            return found
        name = found.target
    return None


def _authority(world: World, name: str, private: Mapping[str, Zone]) -> Zone | None:
    """The zone that answers for a name, found from the top down."""
    above = list(_enclosing(name))
    if mine := [private[domain] for domain in above if domain in private]:
        return mine[-1]
    public = [zone for zone in hosted_zones.every(world) if not zone.moto.private_zone]
    zone: Zone | None = None
    for domain in above:
        here = [one for one in public if one.name == domain]
        if zone is None:
            zone = _registered(world, domain, here)
        elif domain != zone.name and (named := zone.heard.get((domain, "NS", ""))):
            zone = _served_by(here, frozenset(map(canonical, named.values)))
            if zone is None:
                return None
    return zone


def _registered(world: World, domain: str, zones: list[Zone]) -> Zone | None:
    """The zone of that name to which the registrar sends: the first one, unless it was told name servers."""
    servers = world.ledger(Registrar, "", "").delegated.get(domain)
    if servers:
        return _served_by(zones, servers)
    return zones[0] if zones and (servers is not None or len(labels(domain)) == _REGISTERED) else None


def _served_by(zones: list[Zone], servers: frozenset[str]) -> Zone | None:
    return next((zone for zone in zones if servers.intersection(map(canonical, zone.servers))), None)


def _look(zone: Zone, name: str, kind: str) -> Found:
    """What one zone answers; an alias or a CNAME is where to go on."""
    owner = _owner(zone, name)
    if owner is None:
        return None
    here = [record for record in zone.heard.values() if record.name == owner]
    found = [record for record in here if record.type == kind] or [one for one in here if one.type == "CNAME"]
    if not found:
        return []
    if found[0].alias is not None:
        return found[0].alias
    if found[0].type != kind:
        return Alias(canonical(found[0].values[0]))
    return [value for record in found for value in record.values]


def _owner(zone: Zone, name: str) -> str | None:
    """The name whose records answer: the name itself if there is one, or the nearest wildcard."""
    names = {record.name for record in zone.heard.values()}

    def there(name: str) -> bool:
        return any(is_within(one, name) for one in names)

    above = name
    while not there(above) and is_within(above, zone.name):
        above = above.partition(".")[2]
        if (wildcard := f"\\052.{above}") in names:
            return wildcard
    return name if above == name and there(name) else None


def _is_ours(world: World, name: str) -> bool:
    return any(is_within(name, zone.name) for zone in hosted_zones.every(world) if not zone.moto.private_zone)


def _enclosing(name: str) -> Iterator[str]:
    """From the top: `com.`, `example.com.`, `www.example.com.`."""
    parts = name.removesuffix(".").split(".")
    return (".".join(parts[-count:]) + "." for count in range(1, len(parts) + 1))
