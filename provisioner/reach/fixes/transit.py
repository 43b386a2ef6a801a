"""Transit gateways: what is attached to them, and the route tables of their own."""

from __future__ import annotations

from provisioner.reach import ranges
from provisioner.reach.fixes.case import Case, advice, aws
from provisioner.reach.needs import Attached, TransitRouteTo
from provisioner.reach.things import TransitGateway
from provisioner.reach.verdict import Fix

_ATTACHMENT = "transit_gateway_attachment"


def attached(case: Case, need: Attached) -> Fix:
    for step, key in case.owned.of_kind(_ATTACHMENT).items():
        if key == f"{need.vpc}|{need.gateway}":
            return case.heal(step)
    if need.attachment:
        return aws(
            *("ec2", "modify-transit-gateway-vpc-attachment", "--transit-gateway-attachment-id"),
            *(need.attachment, "--add-subnet-ids", need.subnet),
        )
    if case.settings and not case.table("network", "transit_gateway"):
        routes = f', routes = ["{case.network}"]' if case.network else ""
        return Fix("stack-file", f'network.transit_gateway = {{ id = "{need.gateway}"{routes} }}')
    return aws(
        *("ec2", "create-transit-gateway-vpc-attachment", "--transit-gateway-id", need.gateway),
        *("--vpc-id", need.vpc, "--subnet-ids", need.subnet),
    )


def transit_route(case: Case, need: TransitRouteTo) -> Fix:
    """Its route tables are its owner's business: the tool attaches to it, and no more."""
    if not need.table:
        return _associate(case, need)
    network = case.snapshot.network
    vpc = network.vpc_with(need.address)
    there = [one.id for one in network.attachments.values() if vpc and one.resource == vpc.id and one.alive]
    if vpc is None or not there:
        return advice(
            f"attach what has {need.address} to the transit gateway, and have {need.table} send it there"
        )
    return aws(
        *("ec2", "create-transit-gateway-route", "--transit-gateway-route-table-id", need.table),
        *("--destination-cidr-block", vpc.blocks[0], "--transit-gateway-attachment-id", there[0]),
    )


def _associate(case: Case, need: TransitRouteTo) -> Fix:
    """With the route table that knows the way; of several with the one that new attachments get."""
    network = case.snapshot.network
    gateway = network.transit_gateways[network.attachments[need.attachment].gateway]
    known = _leading(gateway, need.address) or list(gateway.tables or ())
    table = gateway.usual if gateway.usual in known else next(iter(known), "")
    if not table:
        return advice(f"a route table of {gateway.id} that sends {need.address} on, for {need.attachment}")
    return aws(
        *("ec2", "associate-transit-gateway-route-table", "--transit-gateway-attachment-id", need.attachment),
        *("--transit-gateway-route-table-id", table),
    )


def _leading(gateway: TransitGateway, address: str) -> list[str]:
    """Its route tables that send an address somewhere."""
    return [
        table
        for table, routes in (gateway.tables or {}).items()
        if any(not one.blackhole and ranges.contains(one.cidr, address) for one in routes or ())
    ]
