"""VPC endpoints: which services have them, under which names, and whether one answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from moto.ec2.models.managed_prefixes import ManagedPrefixList
from moto.ec2.models.vpcs import VPCBackend, VPCEndPoint

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site

INTERFACE, GATEWAY = "Interface", "Gateway"

PREFIX_LISTS: Mapping[str, tuple[str, ...]] = {
    "s3": ("52.216.0.0/15", "3.5.0.0/19", "54.231.0.0/16"),
    "dynamodb": ("3.218.182.0/24", "3.218.180.0/23", "52.94.0.0/22", "52.119.224.0/20"),
}
"""The addresses behind gateway endpoints, the same in every region."""

# What differs from `service.region.amazonaws.com`: the names, before the region, that become private.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "ecr.api": ("api.ecr",),
    "ecr.dkr": ("dkr.ecr", "*.dkr.ecr"),
    "ecs-agent": ("ecs-a",),
    "ecs-telemetry": ("ecs-t",),
    "execute-api": ("execute-api", "*.execute-api"),
    "s3": ("s3", "*.s3", "*.s3-accesspoint", "*.s3-control"),
}


class Endpoint(VPCEndPoint):
    """One with everything that AWS tells of it."""

    ip_address_type = "ipv4"
    requester_managed = False
    dns_options: Mapping[str, Any] = {"DnsRecordIpType": "ipv4"}

    @property
    def vpc_endpoint_id(self) -> str:
        return str(self.id)


class Endpoints:
    """From when on each answers, by its id; until when a name is not free yet in a VPC after its endpoint."""

    def __init__(self) -> None:
        self.answers_at: dict[str, float] = {}
        self.released_at: dict[tuple[str, str], float] = {}


def answering(site: Site, endpoint: str) -> bool:
    """Whether what is sent to the endpoint arrives: an interface does so a while after it is available."""
    found = backends.ec2(site).vpc_end_points.get(endpoint)
    if found is None or found.state != "available":
        return False
    return site.world.clock.now() >= site.ledger(Endpoints).answers_at.get(endpoint, float("inf"))


def kinds(site: Site, service: str) -> list[str]:
    """The kinds of endpoint that the service of this name has, none if there is no such service."""
    found = VPCBackend._collect_default_endpoint_services(site.account, site.region)
    all_kinds = (kind["ServiceType"] for one in found if one["ServiceName"] == service for kind in _types(one))
    return sorted(set(all_kinds), reverse=True)


def _types(service: Mapping[str, Any]) -> list[dict[str, str]]:
    return list(service["ServiceType"])


def short(site: Site, service: str) -> str:
    """`ecr.api` of `com.amazonaws.eu-central-1.ecr.api`."""
    return service.removeprefix(f"com.amazonaws.{site.region}.")


def labels(site: Site, service: str) -> tuple[str, ...]:
    """What stands before the region in the service's own names."""
    name = short(site, service)
    return _NAMES.get(name, (name,))


def private_names(site: Site, service: str) -> tuple[str, ...]:
    """The names that an endpoint for the service takes over in its VPC; those with `*` are for all below."""
    return tuple(f"{label}.{site.region}.amazonaws.com" for label in labels(site, service))


def dns_entries(site: Site, endpoint: Endpoint) -> list[dict[str, str]]:
    """The names of an interface endpoint: of the region, of each zone, and the private ones if it has them."""
    label = labels(site, endpoint.service_name)[0]
    # S3's endpoint is asked for a bucket, or the like, below its own name.
    front = "*." if label == "s3" else ""
    start = f"{front}{endpoint.id}-{_digest(endpoint.id)[:8]}"
    zone = "Z" + _digest(f"vpce.{site.region}")[:13].upper()
    own = [f"{part}.{label}.{site.region}.vpce.amazonaws.com" for part in (start, *_zonal(site, endpoint, start))]
    entries = [{"DnsName": name, "HostedZoneId": zone} for name in own]
    if endpoint.private_dns_enabled:
        private = "Z" + _digest(f"private.{endpoint.id}")[:20].upper()
        names = private_names(site, endpoint.service_name)
        entries += [{"DnsName": name, "HostedZoneId": private} for name in names]
    return entries


def _zonal(site: Site, endpoint: Endpoint, start: str) -> Iterator[str]:
    for subnet in endpoint.subnet_ids or ():
        yield f"{start}-{backends.ec2(site).get_subnet(subnet).availability_zone}"


def name_is_taken(site: Site, vpc: str, name: str, but: str = "") -> bool:
    """Whether another endpoint than `but` has the private name in the VPC, or has just given it up."""
    ledger = site.ledger(Endpoints)
    if site.world.clock.now() < ledger.released_at.get((vpc, name), 0.0):
        return True
    return any(name in private_names(site, one.service_name) for one in _with_names(site, vpc) if one.id != but)


def _with_names(site: Site, vpc: str) -> Iterator[VPCEndPoint]:
    for one in backends.ec2(site).vpc_end_points.values():
        if one.vpc_id == vpc and one.private_dns_enabled and one.state != "deleted":
            yield one


def release_names(site: Site, endpoint: VPCEndPoint) -> None:
    """Give up its private names; it takes a while until another endpoint may have them."""
    free = site.world.clock.now() + site.world.latencies.seconds("endpoint.private_dns.released")
    for name in private_names(site, endpoint.service_name):
        site.ledger(Endpoints).released_at[endpoint.vpc_id, name] = free


def prefix_list(site: Site, service: str) -> ManagedPrefixList:
    """The prefix list of a service with gateway endpoints, under the id that it has in this region for ever."""
    lists = backends.ec2(site).managed_prefix_lists
    name = f"com.amazonaws.{site.region}.{service}"
    found: ManagedPrefixList = next(one for one in lists.values() if one.prefix_list_name == name)
    stable = "pl-" + _digest(name)[:8]
    if found.id != stable:
        del lists[found.id]
        found.id = stable
        found.prefix_list_arn = found.arn(site.region, found.owner_id)
        found.entries = {1: [{"Cidr": cidr} for cidr in PREFIX_LISTS[service]]}
        lists[stable] = found
    return found


def prefix_lists(site: Site) -> dict[str, list[str]]:
    """The addresses of every prefix list, by its id."""
    return {one.id: _cidrs(one) for one in backends.ec2(site).managed_prefix_lists.values()}


def _cidrs(prefix_list: ManagedPrefixList) -> list[str]:
    versions = list(prefix_list.entries.values())
    return [entry["Cidr"] for entry in versions[-1] or ()] if versions else []


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
