"""Transit gateways: they come and go slowly, and are seen by the accounts that they are shared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.ec2.models.transit_gateway import TransitGateway
from moto.ec2.utils import describe_tag_filter
from moto.utilities.utils import filter_resources

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call, Site
from provisioner.sandbox.clock import Action
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead
from provisioner.sandbox.vpc import attachments, gone

_SOURCE = "EC2 API Reference: TransitGateway"
_FILTERS = (("transit-gateway-id", "id"), ("state", "state"), ("owner-id", "owner_id"))
# The options that say whether it has a default route table, and the one that names it.
_DEFAULTS = {
    "DefaultRouteTableAssociation": "AssociationDefaultRouteTableId",
    "DefaultRouteTablePropagation": "PropagationDefaultRouteTableId",
}


@after("ec2", "CreateTransitGateway", source=_SOURCE)
def is_pending_at_first(call: Call, answer: Answer) -> None:
    """A new one is `pending`, and has a default route table unless the options say otherwise."""
    ec2 = backends.ec2(call)
    gateway = ec2.transit_gateways[answer["TransitGateway"]["TransitGatewayId"]]
    gateway.state = answer["TransitGateway"]["State"] = "pending"
    unwanted = [option for option in _DEFAULTS if gateway.options[option] == "disable"]
    for option in unwanted:
        del gateway.options[_DEFAULTS[option]]
        answer["TransitGateway"]["Options"].pop(_DEFAULTS[option], None)
    if len(unwanted) == len(_DEFAULTS):
        del ec2.transit_gateways_route_tables[gateway.default_route_table.id]
    call.later("transit_gateway.available", _become(gateway, "pending", "available"))


@instead(
    "ec2", "DescribeTransitGateways", source="RAM User Guide: shareable resources; terraform-provider-aws#6670"
)
def shared_ones_are_seen(call: Call) -> Answer:
    """Those of other accounts too, if a share names this one; InvalidTransitGatewayID.NotFound otherwise."""
    found = {gateway.id: gateway for gateway in attachments.visible(call)}
    asked = call.parameters.get("TransitGatewayIds") or list(found)
    for name in asked:
        if name not in found:
            raise unknown(name)
    filters = filters_of(call.parameters)
    chosen = filter_resources([found[name] for name in asked], filters, _FILTERS)
    return {"TransitGateways": describe_tag_filter(filters, chosen)}


@before(
    "ec2",
    "CreateTransitGatewayRouteTable",
    "DeleteTransitGateway",
    "ModifyTransitGateway",
    source="terraform-provider-aws#7196",
)
def must_be_ours(call: Call) -> None:
    """InvalidTransitGatewayID.NotFound for an unknown one, IncorrectState for one that comes or goes."""
    name = call.parameters["TransitGatewayId"]
    gateway = backends.ec2(call).transit_gateways.get(name)
    if gateway is None:
        raise unknown(name)
    must_be_available(gateway)


@before("ec2", "DeleteTransitGateway", source="terraform-provider-aws#7196")
def has_attachments(call: Call) -> None:
    """IncorrectState while an attachment of any account is not deleted."""
    gateway = backends.ec2(call).transit_gateways[call.parameters["TransitGatewayId"]]
    left = [one.id for one in attachments.of_gateway(gateway) if one.state not in attachments.GONE]
    if left:
        message = f"{gateway.id} has non-deleted Transit Gateway Attachments: {', '.join(left)}."
        raise Refusal("IncorrectState", message)


@instead("ec2", "DeleteTransitGateway", source=_SOURCE)
def is_deleting_at_first(call: Call) -> Answer:
    """A deleted one is `deleting`, and listed as `deleted` for a while yet."""
    gateway = backends.ec2(call).transit_gateways[call.parameters["TransitGatewayId"]]
    gateway.state = "deleting"
    call.later("transit_gateway.deleted", _leave(call.site, gateway))
    return {"TransitGateway": gateway}


def unknown(gateway: str) -> Refusal:
    return Refusal("InvalidTransitGatewayID.NotFound", f"Transit Gateway {gateway} was deleted or does not exist.")


def must_be_available(gateway: TransitGateway) -> None:
    if gateway.state in attachments.GONE:
        raise unknown(gateway.id)
    if gateway.state != "available":
        raise Refusal("IncorrectState", f"{gateway.id} is in invalid state")


def filters_of(parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    """The filters as moto takes them."""
    given: Iterable[Mapping[str, Any]] = parameters.get("Filters", ())
    return {one["Name"]: one["Values"] for one in given}


def _become(gateway: TransitGateway, old: str, new: str) -> Action:
    def act() -> None:
        if gateway.state == old:
            gateway.state = new

    return act


def _leave(site: Site, gateway: TransitGateway) -> Action:
    def act() -> None:
        ec2 = backends.ec2(site)
        gateway.state = "deleted"
        for table in list(ec2.transit_gateways_route_tables.values()):
            if table.transit_gateway_id == gateway.id:
                del ec2.transit_gateways_route_tables[table.id]
        gone.forget(site, _forget(site, gateway))

    return act


def _forget(site: Site, gateway: TransitGateway) -> Action:
    def act() -> None:
        backends.ec2(site).transit_gateways.pop(gateway.id, None)

    return act
