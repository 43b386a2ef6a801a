"""Which attachments of transit gateways an account is told of: those of its VPCs, and those to its gateways."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.ec2.utils import describe_tag_filter

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, instead
from provisioner.sandbox.rules.ec2_transit_gateways import filters_of
from provisioner.sandbox.vpc.attachments import VpcAttachment

_SOURCE = "terraform-provider-aws#10393; EC2 API Reference"
_ASSOCIATION: Mapping[str, str] = {}
_FILTERS: Mapping[str, Callable[[Any], Any]] = {
    "association.state": lambda one: (one.association or _ASSOCIATION).get("State"),
    "association.transit-gateway-route-table-id": lambda one: (one.association or _ASSOCIATION).get(
        "TransitGatewayRouteTableId"
    ),
    "resource-id": lambda one: one.resource_id,
    "resource-owner-id": lambda one: one.resource_owner_id,
    "resource-type": lambda one: one.resource_type,
    "state": lambda one: one.state,
    "transit-gateway-attachment-id": lambda one: one.id,
    "transit-gateway-id": lambda one: one.transit_gateway_id,
    "transit-gateway-owner-id": lambda one: one.transit_gateway_owner_id,
    "vpc-id": lambda one: one.resource_id,
}


@instead("ec2", "DescribeTransitGatewayVpcAttachments", source=_SOURCE)
def vpc_attachments(call: Call) -> Answer:
    """With their tags, deleted ones too; InvalidTransitGatewayAttachmentID.NotFound for an unknown id."""
    everything = backends.ec2(call).transit_gateway_attachments.values()
    return {
        "TransitGatewayVpcAttachments": _asked(call, (one for one in everything if isinstance(one, VpcAttachment)))
    }


@instead("ec2", "DescribeTransitGatewayAttachments", source=_SOURCE)
def all_attachments(call: Call) -> Answer:
    """Whatever is attached, with its tags; InvalidTransitGatewayAttachmentID.NotFound for an unknown id."""
    return {"TransitGatewayAttachments": _asked(call, backends.ec2(call).transit_gateway_attachments.values())}


def _asked(call: Call, attachments: Iterable[Any]) -> list[Any]:
    found = {one.id: one for one in attachments}
    names = call.parameters.get("TransitGatewayAttachmentIds") or list(found)
    for name in names:
        if name not in found:
            message = f"Transit Gateway Attachment {name} was deleted or does not exist."
            raise Refusal("InvalidTransitGatewayAttachmentID.NotFound", message)
    filters = filters_of(call.parameters)
    fitting = [found[name] for name in names if _fits(found[name], filters)]
    return list(describe_tag_filter(filters, fitting))


def _fits(one: Any, filters: Mapping[str, list[str]]) -> bool:
    return all(_FILTERS[name](one) in values for name, values in filters.items() if name in _FILTERS)
