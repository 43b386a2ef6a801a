"""Transit gateways: what is attached to them, and where they send it, as far as this account may see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from provisioner.reach.reading.pages import Raw, hidden, items
from provisioner.reach.things import Attachment, TransitGateway, TransitRoute

_ATTACHMENTS = ("describe_transit_gateway_attachments", "TransitGatewayAttachments")
_GONE = frozenset({"deleted", "rejected", "failed"})
_MOST = 1000


def attachments(ec2: Any, vpc: str) -> list[Attachment]:
    """Of one VPC, and of whatever else is attached to the same gateways."""
    own = [_attachment(raw) for raw in items(ec2, *_ATTACHMENTS, Filters={"resource-id": [vpc]})]
    gateways = sorted({one.gateway for one in own})
    if not gateways:
        return []
    others = [_attachment(raw) for raw in items(ec2, *_ATTACHMENTS, Filters={"transit-gateway-id": gateways})]
    found = {one.id: one for one in (*own, *others) if one.state not in _GONE}
    placed = _subnets(ec2, gateways)
    return [_in(one, placed.get(one.id, ())) for one in found.values()]


def _attachment(raw: Raw) -> Attachment:
    association = raw.get("Association") or {}
    table = association.get("TransitGatewayRouteTableId", "") if association.get("State") == "associated" else ""
    return Attachment(
        raw["TransitGatewayAttachmentId"],
        raw["TransitGatewayId"],
        raw["ResourceType"],
        raw.get("ResourceId", ""),
        raw["State"],
        table,
    )


def _subnets(ec2: Any, gateways: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found = items(
        ec2,
        "describe_transit_gateway_vpc_attachments",
        "TransitGatewayVpcAttachments",
        Filters={"transit-gateway-id": gateways},
    )
    return {raw["TransitGatewayAttachmentId"]: tuple(raw.get("SubnetIds") or ()) for raw in found}


def _in(one: Attachment, subnets: tuple[str, ...]) -> Attachment:
    return Attachment(one.id, one.gateway, one.kind, one.resource, one.state, one.table, subnets)


def gateways(ec2: Any, ids: Sequence[str], account: str) -> list[TransitGateway]:
    """With their route tables where they are this account's; nobody else may read those."""
    if not ids:
        return []
    found = items(ec2, "describe_transit_gateways", "TransitGateways", Filters={"transit-gateway-id": sorted(ids)})
    return [_gateway(ec2, raw, account) for raw in found]


def _gateway(ec2: Any, raw: Raw, account: str) -> TransitGateway:
    """Source: Transit gateway guide, "Security group referencing"; EC2 API reference, TransitGatewayOptions."""
    name, owner = raw["TransitGatewayId"], raw["OwnerId"]
    tables = _tables(ec2, name) if owner == account else None
    options: Raw = raw.get("Options") or {}
    passes = options.get("SecurityGroupReferencingSupport") == "enable"
    usual = options.get("AssociationDefaultRouteTableId", "")
    return TransitGateway(name, owner, raw["State"], tables, passes, usual)


def _tables(ec2: Any, gateway: str) -> dict[str, tuple[TransitRoute, ...] | None] | None:
    try:
        found = items(
            ec2,
            "describe_transit_gateway_route_tables",
            "TransitGatewayRouteTables",
            Filters={"transit-gateway-id": [gateway]},
        )
        alive = [raw["TransitGatewayRouteTableId"] for raw in found if raw["State"] == "available"]
        return {table: _routes(ec2, table) for table in alive}
    except ClientError as error:
        if hidden(error):
            return None
        raise


def _routes(ec2: Any, table: str) -> tuple[TransitRoute, ...] | None:
    """A search is no list with pages; it says if there are more, which then nobody can get."""
    answer = ec2.search_transit_gateway_routes(
        TransitGatewayRouteTableId=table,
        Filters=[{"Name": "state", "Values": ["active", "blackhole"]}],
        MaxResults=_MOST,
    )
    if answer.get("AdditionalRoutesAvailable"):
        return None
    return tuple(_route(raw) for raw in answer["Routes"] if raw.get("DestinationCidrBlock"))


def _route(raw: Raw) -> TransitRoute:
    target: Raw = next(iter(raw.get("TransitGatewayAttachments") or ()), {})
    return TransitRoute(
        raw["DestinationCidrBlock"],
        target.get("TransitGatewayAttachmentId", ""),
        raw["Type"] == "static",
        raw["State"] == "blackhole",
    )
