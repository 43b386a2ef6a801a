"""The VPC, its subnets, and the ways out of it."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.blueprint.plan import Plan, Tier, group, subnet, subnet_blocks
from steps.base import Need, Step, Until
from steps.endpoints import VpcEndpoint
from steps.existing_network import ExistingRouteTable, ExistingSubnet, ExistingVpc
from steps.network import ElasticIp, InternetGateway, InternetGatewayAttachment, NatGateway, Subnet, Vpc
from steps.routing import Route, RouteTable, RouteTableAssociation
from steps.transit import TransitGatewayAttachment

ANYWHERE = "0.0.0.0/0"
_GATEWAY_SERVICES = frozenset({"s3", "dynamodb"})
"""Reached by a route instead of an interface, and free of charge."""
_TIERS: tuple[Tier, Tier] = ("public", "private")


def network(plan: Plan) -> Iterator[Step]:
    if plan.site.found is None:
        yield from _own(plan)
        yield from _nat(plan)
    else:
        yield from _given(plan)
    yield from _transit(plan)


def _own(plan: Plan) -> Iterator[Step]:
    """The VPC and its subnets in each zone."""
    yield Vpc(name="vpc", cidr=plan.stack.network.cidr)
    if "public" in plan.tiers:
        yield from _internet()
    blocks = subnet_blocks(plan)
    for tier, zone, cidr in blocks:
        yield Subnet(name=subnet(tier, zone), needs=(Need("vpc"),), vpc="vpc", cidr=cidr, zone=zone)
    for zone in plan.site.zones:
        yield RouteTable(name=plan.table("private", zone), needs=(Need("vpc"),), vpc="vpc")
    for tier, zone, _ in blocks:
        yield _association(plan, tier, zone)


def _internet() -> Iterator[Step]:
    """The public subnets' way to the internet."""
    yield InternetGateway(name="internet-gateway")
    yield InternetGatewayAttachment(
        name="internet-gateway-attachment",
        needs=(Need("vpc"), Need("internet-gateway")),
        gateway="internet-gateway",
        vpc="vpc",
    )
    yield RouteTable(name="route-table-public", needs=(Need("vpc"),), vpc="vpc")
    yield Route(
        name="route-public-internet",
        needs=(Need("route-table-public"), Need("internet-gateway"), Need("internet-gateway-attachment")),
        table="route-table-public",
        destination=ANYWHERE,
        target="internet-gateway",
        target_parameter="GatewayId",
    )


def _association(plan: Plan, tier: Tier, zone: str) -> Step:
    table, place = plan.table(tier, zone), subnet(tier, zone)
    return RouteTableAssociation(
        name=f"association-{tier}-{zone}", needs=(Need(table), Need(place)), table=table, subnet=place
    )


def _nat(plan: Plan) -> Iterator[Step]:
    """NAT gateways, and the private subnets' routes to them; a route may be made while its gateway is pending."""
    if plan.stack.network.way_out != "nat":
        return
    for zone in plan.gateway_zones:
        yield ElasticIp(name=f"elastic-ip-{zone}", needs=(Need("internet-gateway-attachment", Until.EXISTS),))
        yield NatGateway(
            name=f"nat-gateway-{zone}",
            needs=(
                Need(subnet("public", zone)),
                Need(f"elastic-ip-{zone}"),
                Need("internet-gateway-attachment"),
                Need("route-public-internet", Until.EXISTS),
                Need(f"association-public-{zone}", Until.EXISTS),
            ),
            subnet=subnet("public", zone),
            address=f"elastic-ip-{zone}",
        )
    for zone in plan.site.zones:
        gateway = f"nat-gateway-{zone if zone in plan.gateway_zones else plan.gateway_zones[0]}"
        yield Route(
            name=f"route-private-{zone}-internet",
            needs=(Need(plan.table("private", zone)), Need(gateway, Until.EXISTS)),
            table=plan.table("private", zone),
            destination=ANYWHERE,
            target=gateway,
            target_parameter="NatGatewayId",
        )


def _given(plan: Plan) -> Iterator[Step]:
    """The user's own VPC, subnets and route tables: used, and left as they are."""
    found = plan.site.found
    assert found is not None
    yield ExistingVpc(name="vpc", given=found.vpc)
    for tier in _TIERS:
        tables: dict[str, str] = {}
        for place in getattr(found, tier):
            yield ExistingSubnet(name=subnet(tier, place.zone), given=place.id)
            tables.setdefault(plan.table(tier, place.zone), place.route_table)
        for table, given in tables.items():
            yield ExistingRouteTable(name=table, given=given)


def endpoints(plan: Plan) -> Iterator[Step]:
    """Ways to AWS's services that do not leave the VPC."""
    for service in plan.endpoints:
        name, full = f"endpoint-{service}", f"com.amazonaws.{plan.site.region}.{service}"
        if service in _GATEWAY_SERVICES:
            tables = (*plan.tables("private"), *_public_tables(plan))
            yield VpcEndpoint(
                name=name,
                needs=(Need("vpc"), *map(Need, tables)),
                vpc="vpc",
                service=full,
                type="Gateway",
                route_tables=tables,
            )
        else:
            places = plan.subnets("private")
            rules = tuple(f"rule-endpoints-from-{cidr.replace('/', '-')}-443" for cidr in plan.cidrs)
            yield VpcEndpoint(
                name=name,
                needs=(Need("vpc"), *map(Need, (*places, group("endpoints"), *rules))),
                vpc="vpc",
                service=full,
                type="Interface",
                subnets=places,
                groups=(group("endpoints"),),
            )


def _public_tables(plan: Plan) -> tuple[str, ...]:
    """Tasks with public addresses reach S3 by the endpoint, too."""
    used = any(map(plan.stack.public_ip, plan.stack.services))
    return tuple(table for table in plan.tables("public") if table not in plan.tables("private")) if used else ()


def has_interface_endpoints(plan: Plan) -> bool:
    return bool(set(plan.endpoints) - _GATEWAY_SERVICES)


def _transit(plan: Plan) -> Iterator[Step]:
    """The attachment to a transit gateway, and the private subnets' routes to what is behind it."""
    transit = plan.stack.network.transit_gateway
    if transit is None:
        return
    attachment = "transit-gateway-attachment"
    places = plan.subnets("private")
    yield TransitGatewayAttachment(
        name=attachment,
        needs=(Need("vpc"), *map(Need, places)),
        transit_gateway=transit.id,
        vpc="vpc",
        subnets=places,
    )
    for table in plan.tables("private"):
        for cidr in transit.routes:
            yield Route(
                name=f"{table.replace('route-table', 'route')}-{cidr.replace('/', '-')}",
                needs=(Need(table), Need(attachment)),
                table=table,
                destination=cidr,
                target=attachment,
                target_output="transit_gateway",
                target_parameter="TransitGatewayId",
            )
