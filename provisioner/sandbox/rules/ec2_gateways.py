"""Internet gateways: one for a VPC, one VPC for each."""

from __future__ import annotations

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import before

_SOURCE = "EC2 API Reference: error codes"


@before("ec2", "AttachInternetGateway", source=f"{_SOURCE}; public notes of what Terraform met")
def is_attached_once(call: Call) -> None:
    """Resource.AlreadyAssociated for one that is attached, InvalidParameterValue for a VPC that has another."""
    gateway, vpc = call.parameters["InternetGatewayId"], call.parameters["VpcId"]
    gateways = backends.ec2(call).internet_gateways
    for attached in gateways[gateway].attachments:
        message = f"resource {gateway} is already attached to network {attached['VpcId']}"
        raise Refusal("Resource.AlreadyAssociated", message)
    if any(attached["VpcId"] == vpc for other in gateways.values() for attached in other.attachments):
        raise Refusal("InvalidParameterValue", f"Network {vpc} already has an internet gateway attached")


@before("ec2", "DetachInternetGateway", source=_SOURCE)
def must_be_attached(call: Call) -> None:
    """Gateway.NotAttached for one that is not attached, or elsewhere."""
    gateway, vpc = call.parameters["InternetGatewayId"], call.parameters["VpcId"]
    attachments = backends.ec2(call).internet_gateways[gateway].attachments
    if not any(attached["VpcId"] == vpc for attached in attachments):
        raise Refusal("Gateway.NotAttached", f"resource {gateway} is not attached to network {vpc}")


@before("ec2", "DeleteInternetGateway", source=_SOURCE)
def must_be_detached(call: Call) -> None:
    """DependencyViolation for one that is attached."""
    gateway = call.parameters["InternetGatewayId"]
    if backends.ec2(call).internet_gateways[gateway].attachments:
        message = f"The internetGateway '{gateway}' has dependencies and cannot be deleted."
        raise Refusal("DependencyViolation", message)
