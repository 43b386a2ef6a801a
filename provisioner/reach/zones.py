"""What hosted zones answer: which zone a name is in, and where its records lead."""

from __future__ import annotations

from collections.abc import Iterable

from provisioner.reach.needs import Record
from provisioner.reach.parts import RecordSet, Zone
from provisioner.reach.trail import Stopped, Trail, Unseen
from provisioner.reach.verdict import UNRESOLVED

_WILDCARD = "\\052."
"""`*.` as Route 53 lists it."""


def nearest(zones: Iterable[Zone], name: str) -> Zone | None:
    """The zone with the longest name that a name is in."""
    return max((one for one in zones if is_within(name, one.name)), key=lambda one: len(one.name), default=None)


def answer(zone: Zone, name: str) -> tuple[list[str], str]:
    """The addresses that a zone has for a name, or the name at which to ask on. Raises Stopped, Unseen."""
    if zone.records is None:
        raise Unseen(zone.id, f"the records of zone {zone.name} may not be read")
    if below := _handed_on(zone.records, zone, name):
        raise Unseen(zone.id, f"zone {zone.name} delegates {below} to others, who are not asked")
    found = _records(zone.records, zone, canonical(name))
    addresses = [one for one in found if one.type == "A"]
    if aliases := list(dict.fromkeys(one.alias for one in addresses if one.alias)):
        return [], _only(zone, name, aliases).removesuffix(".").removeprefix("dualstack.").lower()
    if addresses:
        return [value for one in addresses for value in one.values], ""
    if links := [one.values[0] for one in found if one.type == "CNAME"]:
        return [], links[0].removesuffix(".").lower()
    if any(one.type == "AAAA" for one in found):
        raise Unseen(zone.id, f"{name} has IPv6 addresses only, which are not followed")
    raise _nothing(zone, name)


def _handed_on(known: tuple[RecordSet, ...], zone: Zone, name: str) -> str:
    """The name above or of this one, below the zone's own, for which others answer."""
    below = (one.name for one in known if one.type == "NS" and one.name != canonical(zone.name))
    return next((one for one in below if is_within(name, one)), "")


def _only(zone: Zone, name: str, aliases: list[str]) -> str:
    """Of records by weight, place or health Route 53 chooses one."""
    if len(aliases) > 1:
        raise Unseen(zone.id, f"{name} has several aliases, and which one is answered is not seen")
    return aliases[0]


def _nothing(zone: Zone, name: str) -> Stopped:
    which = "private zone" if zone.private else "zone"
    hides = ", which hides what is public," if zone.private else ""
    why = f"{which} {zone.name}{hides} has no address for {name}"
    return Stopped(zone.id, why, Record(zone.id, name), fails=UNRESOLVED)


def _records(known: tuple[RecordSet, ...], zone: Zone, name: str) -> list[RecordSet]:
    """Those of the name itself, or of the nearest wildcard above it."""
    above = name
    while not any(is_within(one.name, above) for one in known) and is_within(above, zone.name):
        above = above.partition(".")[2]
        if found := [one for one in known if one.name == f"{_WILDCARD}{above}"]:
            return found
    return [one for one in known if one.name == name]


def delegated(trail: Trail, public: Iterable[Zone], zone: Zone) -> None:
    """Have the zone above say that a public one answers for its name. Raises Stopped.

    Resolvers find a zone from above: what is in one to which nobody sends them is not heard.
    """
    others = [one for one in public if one.id != zone.id and one.name != zone.name]
    above = nearest(others, zone.name)
    if above is None or above.records is None:
        trail.doubt(zone.id, f"who sends resolvers to zone {zone.name} is not seen in this account")
        return
    servers = _servers(above.records, zone.name)
    if not servers:
        why = f"zone {above.name} does not delegate {zone.name}: no NS record"
        raise Stopped(above.id, why, Record(above.id, zone.name), fails=UNRESOLVED)
    own = _servers(zone.records or (), zone.name)
    if not servers & own:
        why = f"zone {above.name} delegates {zone.name} to other name servers than the zone's"
        raise Stopped(above.id, why, Record(above.id, zone.name), fails=UNRESOLVED)
    trail.passed(above.id, f"zone {above.name} delegates {zone.name} to {zone.id}")


def _servers(known: tuple[RecordSet, ...], name: str) -> set[str]:
    mine = (one for one in known if one.type == "NS" and one.name == canonical(name))
    return {canonical(value) for one in mine for value in one.values}


def canonical(name: str) -> str:
    """Lower case, with a dot at the end, as Route 53 has it."""
    return name.lower().removesuffix(".") + "."


def is_within(name: str, zone: str) -> bool:
    """Whether a name is a zone's own or one below it."""
    name, zone = canonical(name), canonical(zone)
    return name == zone or name.endswith(f".{zone}")
