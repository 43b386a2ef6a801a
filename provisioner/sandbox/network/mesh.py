"""Service Connect: the names that the proxy beside a task answers for, and where the proxy sends.

As on AWS, a name stands for an address of the task's own machine, at which the proxy listens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from moto.ec2.models.elastic_network_interfaces import NetworkInterface

from provisioner.sandbox.call import Site

Endpoint = tuple[str, int]
Endpoints = Callable[[], Sequence[Endpoint]]
"""Addresses and ports of the tasks behind a name, as they are now."""
Names = Mapping[tuple[str, int], Endpoints]
"""What a proxy answers for: names, each with a port."""
_RANGE = "127.255.0."


@dataclass
class _Proxies:
    """What each task's proxy knows, by interface id: name and port, and who is behind."""

    known: dict[str, dict[tuple[str, int], Endpoints]] = field(default_factory=dict)
    turns: dict[tuple[str, str, int], int] = field(default_factory=dict)


def join(site: Site, interface: NetworkInterface, names: Names) -> None:
    """From now on the proxy of the task at this interface answers for these names (and ports) and no others."""
    site.ledger(_Proxies).known[interface.id] = {(name.lower(), port): of for (name, port), of in names.items()}


def leave(site: Site, interface: NetworkInterface) -> None:
    """There is no proxy at this interface any longer."""
    site.ledger(_Proxies).known.pop(interface.id, None)


def address(site: Site, interface: NetworkInterface, name: str) -> str:
    """The address that a name has for this task, nothing if its proxy does not know it."""
    names = _names(site, interface)
    return f"{_RANGE}{names.index(name) + 1}" if name in names else ""


def knows(address: str) -> bool:
    """Whether an address is one of a proxy's."""
    return address.startswith(_RANGE)


def behind(site: Site, interface: NetworkInterface, address: str, port: int) -> Endpoint | None:
    """To whom the proxy sends next what comes to this address; None where nobody is, or it does not listen."""
    names = _names(site, interface)
    number = int(address.removeprefix(_RANGE)) - 1
    if not 0 <= number < len(names):
        return None
    notes, name = site.ledger(_Proxies), names[number]
    found = notes.known[interface.id].get((name, port))
    known = list(found()) if found is not None else []
    if not known:
        return None
    turn = notes.turns[interface.id, name, port] = notes.turns.get((interface.id, name, port), -1) + 1
    return known[turn % len(known)]


def _names(site: Site, interface: NetworkInterface) -> list[str]:
    known = site.ledger(_Proxies).known.get(interface.id, {})
    return list(dict.fromkeys(name for name, _ in known))
