"""How many there may be of VPC endpoints and transit gateways."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.quotas import Limit, enforce

# Its rule comes before these: a request that is repeated under its token adds nothing.
from provisioner.sandbox.rules import tokens  # noqa: F401

_ENDED = ("deleted", "rejected", "failed")


def _interface_endpoints(call: Call) -> int:
    if call.parameters.get("VpcEndpointType") != "Interface":
        return 0
    vpc = call.parameters["VpcId"]
    return len([one for one in _endpoints(call, "Interface") if one.vpc_id == vpc]) + 1


def _gateway_endpoints(call: Call) -> int:
    gateway = call.parameters.get("VpcEndpointType", "Gateway") == "Gateway"
    return len(_endpoints(call, "Gateway")) + 1 if gateway else 0


def _endpoints(call: Call, kind: str) -> list[Any]:
    known = backends.ec2(call).vpc_end_points.values()
    return [one for one in known if (one.vpc_endpoint_type or "Gateway") == kind and one.state != "deleted"]


def _transit_gateways(call: Call) -> int:
    known = backends.ec2(call).transit_gateways.values()
    return sum(one.state != "deleted" for one in known) + 1


def _transit_gateway_attachments(call: Call) -> int:
    known = backends.ec2(call).transit_gateway_attachments.values()
    vpc = call.parameters["VpcId"]
    return len([one for one in known if one.resource_id == vpc and one.state not in _ENDED]) + 1


_ENDPOINTS = ("VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached.")
_GATEWAYS = ("TransitGatewayLimitExceeded", "The maximum number of transit gateways has been reached.")
_ATTACHMENTS = (
    "TransitGatewayAttachmentLimitExceeded",
    "The maximum number of transit gateway attachments of a VPC has been reached.",
)
_ATTACH = "CreateTransitGatewayVpcAttachment"

enforce(
    (
        Limit("interface-endpoints", "ec2", "CreateVpcEndpoint", _interface_endpoints, *_ENDPOINTS),
        Limit("gateway-endpoints", "ec2", "CreateVpcEndpoint", _gateway_endpoints, *_ENDPOINTS),
    ),
    "VPC User Guide: quotas; EC2 API Reference: error codes",
)
enforce(
    (
        Limit("transit-gateways", "ec2", "CreateTransitGateway", _transit_gateways, *_GATEWAYS),
        Limit("transit-gateway-attachments", "ec2", _ATTACH, _transit_gateway_attachments, *_ATTACHMENTS),
    ),
    "VPC User Guide: transit gateway quotas; the codes from memory",
)
