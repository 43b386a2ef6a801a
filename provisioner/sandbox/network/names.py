"""What a name stands for, as seen from a VPC or from the internet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.vpcs import VPC, VPCEndPoint
from moto.elbv2.models import FakeLoadBalancer

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.databases import rds
from provisioner.sandbox.dns import hosted_zones, zones
from provisioner.sandbox.dns.records import Alias, canonical, is_within
from provisioner.sandbox.network import mesh, nodes, ranges, routes, services
from provisioner.sandbox.vpc import endpoints
from provisioner.sandbox.vpc.endpoints import Endpoint

_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+(?P<top>[a-z][a-z0-9-]*[a-z0-9])")
_RESERVED = frozenset({"example", "home", "internal", "invalid", "lan", "local", "localhost", "onion", "test"})
_INTERNAL = re.compile(r"ip-(\d+)-(\d+)-(\d+)-(\d+)\.([a-z0-9-]+\.compute|ec2)\.internal")
_AWS = ("amazonaws.com", "amazonaws.com.cn")


def resolve(site: Site, source: NetworkInterface | None, host: str) -> list[str]:
    """The IPv4 addresses of a name as seen from an interface (None: from the internet), none if it is unknown."""
    name = host.lower().removesuffix(".")
    if ranges.is_address(name):
        return [name]
    if source is None:
        return _heard(site, zones.public_answer(site.world, name, "A"), name, None)
    if alias := mesh.address(site, source, name):
        return [alias]
    vpc = backends.ec2(site).vpcs.get(source.vpc_id)
    if vpc is None or not _on(vpc.enable_dns_support):
        return []
    return _inside(site, vpc, name)


def balancer_named(site: Site, host: str) -> tuple[Site, FakeLoadBalancer] | None:
    """The load balancer that has this DNS name, whosever it is, and where it is."""
    name = host.removeprefix("dualstack.")
    for elbv2 in backends.every_elbv2():
        for balancer in elbv2.load_balancers.values():
            if balancer.dns_name.lower() == name:
                return Site(elbv2.account_id, elbv2.region_name, site.world), balancer
    return None


def _inside(site: Site, vpc: VPC, name: str) -> list[str]:
    """What the resolver of a VPC answers; private zones need both of its attributes."""
    if not _on(vpc.enable_dns_hostnames):
        return _heard(site, zones.public_answer(site.world, name, "A"), name, vpc)
    if endpoint := _endpoint_for(site, vpc, name):
        return _addresses_of(site, endpoint)
    found = zones.private_answer(site, vpc.id, name, "A")
    if found is None and any(is_within(canonical(name), zone) for zone in _private_zones(site, vpc)):
        return []
    return _heard(site, found, name, vpc)


def _heard(site: Site, found: zones.Found, name: str, vpc: VPC | None) -> list[str]:
    """The answer of hosted zones, or what is known beyond them."""
    if isinstance(found, list):
        return found
    if isinstance(found, Alias):
        target = found.target.removesuffix(".")
        endpoint = _endpoint_for(site, vpc, target) if vpc is not None else None
        return _addresses_of(site, endpoint) if endpoint else _known(site, target, vpc)
    if any(is_within(canonical(name), zone) for zone in _public_zones(site)):
        return []
    return _known(site, name, vpc)


def _known(site: Site, name: str, vpc: VPC | None) -> list[str]:
    """What everybody knows without hosted zones."""
    if found := balancer_named(site, name):
        return nodes.addresses(*found)
    if any(name.endswith(f".{domain}") for domain in _AWS):
        return _of_aws(site, name)
    if match := _INTERNAL.fullmatch(name):
        return _of_vpc(vpc, ".".join(match.groups()[:4]))
    domain = _DOMAIN.fullmatch(name)
    return [ranges.of_host(name)] if domain and domain["top"] not in _RESERVED else []


def _of_aws(site: Site, name: str) -> list[str]:
    """A service, or a VPC endpoint or a database by its own name, which everybody may resolve."""
    if name.endswith(".vpce.amazonaws.com"):
        return _of_endpoint(site, name)
    if name.endswith(rds.DOMAIN):
        return rds.addresses(site, name)
    named = services.named(name)
    return [services.address(site, named)] if named and ".elb." not in f".{name}" else []


def _of_endpoint(site: Site, name: str) -> list[str]:
    """The addresses of an interface endpoint: all, or the one of the zone in the name."""
    for ec2 in backends.every_ec2():
        there = Site(ec2.account_id, ec2.region_name, site.world)
        for endpoint in ec2.vpc_end_points.values():
            if isinstance(endpoint, Endpoint) and endpoint.id in name and endpoint.state != "deleted":
                own = [entry["DnsName"] for entry in endpoints.dns_entries(there, endpoint)]
                if fitting := [one for one in own if _fits(one, name)]:
                    return _addresses_of(there, endpoint, fitting[0])
    return []


def _fits(pattern: str, name: str) -> bool:
    return name.endswith(pattern[1:]) if pattern.startswith("*.") else name == pattern


def _of_vpc(vpc: VPC | None, address: str) -> list[str]:
    if vpc is None or not ranges.is_address(address):
        return []
    return [address] if any(ranges.contains(cidr, address) for cidr in routes.blocks(vpc)) else []


def _endpoint_for(site: Site, vpc: VPC, name: str) -> VPCEndPoint | None:
    """The interface endpoint that has taken the name over in this VPC: when it is available, before it answers."""
    if not _on(vpc.enable_dns_hostnames) or not name.endswith(_AWS):
        return None
    for endpoint in backends.ec2(site).vpc_end_points.values():
        mine = endpoint.vpc_id == vpc.id and _on(endpoint.private_dns_enabled) and endpoint.state == "available"
        if mine and any(_fits(one, name) for one in endpoints.private_names(site, endpoint.service_name)):
            return endpoint
    return None


def _addresses_of(site: Site, endpoint: VPCEndPoint, name: str = "") -> list[str]:
    known = backends.ec2(site).enis
    mine = [known[one] for one in endpoint.network_interface_ids if one in known]
    zonal = [one for one in mine if f"-{one.subnet.availability_zone}." in name]
    return [str(one.private_ip_address) for one in zonal or mine]


def _private_zones(site: Site, vpc: VPC) -> Iterator[str]:
    for zone in hosted_zones.every(site.world):
        if zone.moto.private_zone and vpc.id in zone.vpcs:
            yield zone.name


def _public_zones(site: Site) -> Iterator[str]:
    return (zone.name for zone in hosted_zones.every(site.world) if not zone.moto.private_zone)


def _on(value: object) -> bool:
    return value is True or str(value).lower() == "true"
