"""What every part of the blueprint works from: the stack, where it is to stand, and what its parts are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Literal

from provisioner.model import Stack
from provisioner.names import Names
from steps.base import Need, Until
from steps.existing_network import FoundNetwork

Tier = Literal["public", "private"]


@dataclass(frozen=True)
class Site:
    """Where the stack is to stand: what AWS tells and the stack file cannot."""

    account: str
    region: str
    partition: str
    zones: tuple[str, ...]
    found: FoundNetwork | None = None
    """The VPC that the stack file names, where it is not the stack's own."""
    parent_zone: str = ""
    """The id of the zone that delegates to ours."""
    priorities: Mapping[str, int] = field(default_factory=dict)
    """Of the listener rules of services that name none: given once, so that a new service moves no other."""
    served: frozenset[str] = frozenset()
    """Services that have endpoints in a given VPC already."""


@dataclass(frozen=True)
class Plan:
    """`code` gives the SHA-256 of each function's zip by function name."""

    stack: Stack
    site: Site
    code: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> Names:
        return Names(self.stack.name, self.site.region)

    def zones(self, tier: Tier) -> tuple[str, ...]:
        """The zones in which there is a subnet of this tier."""
        if self.site.found is None:
            return self.site.zones if tier in self.tiers else ()
        return tuple(subnet.zone for subnet in getattr(self.site.found, tier))

    def subnets(self, tier: Tier) -> tuple[str, ...]:
        """The steps of this tier's subnets, one a zone."""
        return tuple(subnet(tier, zone) for zone in self.zones(tier))

    def tables(self, tier: Tier) -> tuple[str, ...]:
        """The steps of the route tables that this tier's subnets use, each once."""
        return tuple(dict.fromkeys(self.table(tier, zone) for zone in self.zones(tier)))

    def table(self, tier: Tier, zone: str) -> str:
        """The step of the route table that the subnet of this tier and zone uses.

        In a given VPC several subnets may use one table: it is called after the first of their zones.
        """
        if self.site.found is None:
            return "route-table-public" if tier == "public" else f"route-table-private-{zone}"
        tables = {one.zone: one.route_table for one in getattr(self.site.found, tier)}
        first = next(other for other, table in tables.items() if table == tables[zone])
        return f"route-table-{tier}-{first}"

    @property
    def cidrs(self) -> tuple[str, ...]:
        """The VPC's networks."""
        return (self.stack.network.cidr,) if self.site.found is None else tuple(self.site.found.cidrs)

    @property
    def priorities(self) -> dict[str, int]:
        """Of the rule of each service with paths or hosts: its own, else the one that it was given."""
        return {
            name: one.priority or self.site.priorities[name]
            for name, one in self.stack.balanced.items()
            if not one.is_default
        }

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The services that are to get an endpoint: a VPC takes one with private names for each."""
        return tuple(one for one in self.stack.network.all_endpoints if one not in self.site.served)

    def way_out(self, tier: Tier) -> tuple[Need, ...]:
        """What must stand before anything in this tier reaches what is outside the VPC, and outlive it."""
        own = self.site.found is None
        ways: list[str] = [f"endpoint-{service}" for service in self.endpoints]
        if own and tier == "public":
            ways += ["internet-gateway-attachment", "route-public-internet"]
        if own and tier == "private" and self.stack.network.way_out == "nat":
            ways += [f"nat-gateway-{zone}" for zone in self.gateway_zones]
            ways += [f"route-private-{zone}-internet" for zone in self.site.zones]
        if own:
            ways += [f"association-{tier}-{zone}" for zone in self.site.zones]
        return tuple(map(Need, ways))

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """The tiers of an own VPC: without anything that is to be seen from the internet there is no way to it."""
        stack = self.stack
        balancer = stack.load_balancer
        seen = (balancer is not None and balancer.tier == "public") or any(map(stack.public_ip, stack.services))
        return ("public", "private") if seen or stack.network.way_out == "nat" else ("private",)

    @property
    def gateway_zones(self) -> tuple[str, ...]:
        """The zones that have a NAT gateway."""
        return self.site.zones if self.stack.network.nat_gateways == "per-az" else self.site.zones[:1]


def subnet(tier: str, zone: str) -> str:
    return f"subnet-{tier}-{zone}"


def group(part: str) -> str:
    return f"security-group-{part}"


def subnet_blocks(plan: Plan) -> list[tuple[Tier, str, str]]:
    """Tier, zone and CIDR of each subnet of an own VPC: the network's blocks in order, public ones first.

    Their blocks are kept free where there are none, so that they can be added later.
    """
    network = plan.stack.network
    blocks = IPv4Network(network.cidr).subnets(new_prefix=network.subnet_prefix)
    all_tiers: tuple[Tier, Tier] = ("public", "private")
    found = [(tier, zone, str(next(blocks))) for tier in all_tiers for zone in plan.site.zones]
    return [block for block in found if block[0] in plan.tiers]


def loose(*steps: str, until: Until = Until.EXISTS) -> tuple[Need, ...]:
    """Needs that let go at destroy: only a value of theirs was wanted, or that they were there."""
    return tuple(Need(step, until, holds=False) for step in steps)
