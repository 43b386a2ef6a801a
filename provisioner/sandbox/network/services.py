"""AWS's own services: under which names and at which public addresses they are, and the VPC endpoints for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from botocore.loaders import Loader
from moto.ec2.models import EC2Backend
from moto.ec2.models.managed_prefixes import ManagedPrefixList
from moto.ec2.models.vpcs import AWS_ENDPOINT_SERVICES

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.network import ranges

TLS_PORT = 443
PORTS = (80, TLS_PORT)
"""Where services listen on the internet; interface endpoints listen with TLS only."""
_HOST = re.compile(r"(?P<labels>.+?)(\.(?P<region>[a-z]{2}(-gov|-iso[a-z]?)?-[a-z]+-\d))?\.amazonaws\.com")
_GLOBAL = "us-east-1"
_DECORATIONS = ("dualstack", "fips")


class Directory:
    """Which public address was told for which service."""

    def __init__(self) -> None:
        self.by_address: dict[str, Named] = {}


@dataclass(frozen=True)
class Named:
    """A service as an endpoint for it would name it (`ecr.api`), and its region."""

    service: str
    region: str


@cache
def named(host: str) -> Named | None:
    """The service that a public name of AWS's belongs to: `api.ecr.eu-central-1.amazonaws.com` to `ecr.api`."""
    match = _HOST.fullmatch(host)
    if match is None:
        return None
    labels = [label for label in match["labels"].split(".") if label not in _DECORATIONS]
    region = match["region"] or _GLOBAL
    for service in (".".join(reversed(labels[-2:])), labels[-1]) if labels else ():
        if service in _known():
            return Named(service, region)
    return None


def address(site: Site, name: Named) -> str:
    """The public address of a service, always the same; of one that has a prefix list, from that."""
    ec2 = backends.ec2(Site(site.account, name.region, site.world))
    blocks = cidrs(prefix_list(ec2, f"com.amazonaws.{name.region}.{name.service}"))
    chosen = ranges.hashed(blocks[0] if blocks else ranges.AWS, f"{name.service}.{name.region}")
    site.world.ledger(Directory, "", "").by_address[chosen] = name
    return chosen


def prefix_list(ec2: EC2Backend, name: str) -> ManagedPrefixList | None:
    known = ec2.managed_prefix_lists.values()
    return next((one for one in known if one.prefix_list_name == name), None)


def cidrs(listed: ManagedPrefixList | None) -> list[str]:
    """What a prefix list contains now."""
    if listed is None or not listed.entries:
        return []
    version = listed.version if listed.version in listed.entries else max(filter(None, listed.entries))
    return [entry["Cidr"] for entry in listed.entries[version] or ()]


@cache
def _known() -> frozenset[str]:
    partition = Loader().load_data("endpoints")["partitions"][0]
    prefixes = (name.split(".") for name in partition["services"])
    return frozenset({*AWS_ENDPOINT_SERVICES, *(".".join(reversed(parts)) for parts in prefixes)})
