"""Addresses and the networks that they are in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network

EVERYWHERE = "0.0.0.0/0"
_NOT_PUBLIC = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8")
"""Source: RFC 6890, address blocks that are not globally reachable."""
_HOSTS = ("198.51.100.1", "203.0.113.1", "192.0.2.1", "8.8.8.8", "1.1.1.1")
"""Hosts of which one may stand for all that no entry tells apart from the rest of the internet."""


@lru_cache(maxsize=4096)
def network(cidr: str) -> IPv4Network:
    return IPv4Network(cidr, strict=False)


@lru_cache(maxsize=65536)
def contains(cidr: str, address: str) -> bool:
    """Whether an address is in a network; an IPv6 network contains none of ours."""
    return ":" not in cidr and IPv4Address(address) in network(cidr)


def is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


def is_network(text: str) -> bool:
    try:
        IPv4Network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


def is_private(address: str) -> bool:
    """Whether nobody has this address on the internet."""
    return any(contains(cidr, address) for cidr in _NOT_PUBLIC)


def first(cidr: str) -> str:
    """A host's address in a network: not its own, where it has others."""
    found = network(cidr)
    return str(found[1] if found.num_addresses > 1 else found[0])


def somewhere(told: Iterable[str]) -> str:
    """A public address that none of these networks singles out."""
    narrow = [cidr for cidr in told if ":" not in cidr and network(cidr).prefixlen > 0]
    free = (one for one in _HOSTS if not any(contains(cidr, one) for cidr in narrow))
    return next(free, _HOSTS[0])


def pieces(cidr: str, told: Iterable[str], most: int) -> list[str]:
    """An address for each part of a network that one of these networks tells apart, at most so many."""
    whole = network(cidr)
    inner = sorted({one for one in map(network, _v4(told)) if one != whole and one.subnet_of(whole)})
    rest = _outside(whole, inner)
    return list(dict.fromkeys([*rest, *(first(str(one)) for one in inner)]))[:most]


def _outside(whole: IPv4Network, inner: list[IPv4Network]) -> Iterator[str]:
    """An address of the network that is in none of these, if there is any."""
    left = [whole]
    for one in inner:
        left = [piece for part in left for piece in _without(part, one)]
    if left:
        yield first(str(max(left, key=lambda part: part.num_addresses)))


def _without(part: IPv4Network, one: IPv4Network) -> Iterator[IPv4Network]:
    if part.subnet_of(one):
        return
    if one.subnet_of(part):
        yield from part.address_exclude(one)
    else:
        yield part


def _v4(told: Iterable[str]) -> Iterator[str]:
    return (cidr for cidr in told if ":" not in cidr)
