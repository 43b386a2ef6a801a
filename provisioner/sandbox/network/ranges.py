"""Addresses outside of VPCs: made up, but the same every time."""

from __future__ import annotations

import ipaddress
import zlib
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network

AWS = "198.19.0.0/16"
"""AWS's services, but for those that have a prefix list."""
_HOSTS = "198.18.0.0/16"
CLIENT = "203.0.113.10"
"""Whoever calls from the internet."""
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16")


@lru_cache(maxsize=4096)
def network(cidr: str) -> IPv4Network:
    return IPv4Network(cidr, strict=False)


@lru_cache(maxsize=4096)
def address(text: str) -> IPv4Address:
    return IPv4Address(text)


@lru_cache(maxsize=65536)
def contains(cidr: str, text: str) -> bool:
    return address(text) in network(cidr)


def is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def is_private(text: str) -> bool:
    """Whether an address has no meaning on the internet."""
    return any(contains(cidr, text) for cidr in _PRIVATE)


def hashed(cidr: str, key: str) -> str:
    """Some address of a range, always the same for the same key."""
    block = network(cidr)
    return str(block[1 + zlib.crc32(key.encode()) % (block.num_addresses - 2)])


def of_host(name: str) -> str:
    """The address of a host on the internet that is not in the sandbox."""
    return hashed(_HOSTS, name)
