"""NAT gateways: they take their time, fail late, and hold an address and an interface until they are gone."""

from __future__ import annotations

from moto.ec2.utils import generic_filter

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before, instead
from provisioner.sandbox.vpc import nat
from provisioner.sandbox.vpc.nat import Gateway
from provisioner.sandbox.vpc.tagging import specified

_SOURCE = "EC2 API Reference: NatGateway"
_ENDING = ("deleting", "deleted")


@before("ec2", "CreateNatGateway", source="EC2 API Reference: CreateNatGateway; the wording from memory")
def parameters_must_fit_the_kind(call: Call) -> None:
    """MissingParameter for a public one without AllocationId; a private one takes none."""
    asked = call.parameters
    public = asked.get("ConnectivityType", "public") == "public"
    for name in ("SubnetId", "AllocationId") if public else ("SubnetId",):
        if not asked.get(name):
            message = f"The request must include the {name} parameter. Add the required parameter and retry"
            raise Refusal("MissingParameter", f"{message} the request.")
    if not public and asked.get("AllocationId"):
        message = "AllocationId cannot be specified for a NAT gateway with private connectivity."
        raise Refusal("InvalidParameterCombination", message)


@instead("ec2", "CreateNatGateway", source=f"{_SOURCE}; terraform-provider-aws#709")
def is_pending_at_first(call: Call) -> Answer:
    """A new one is `pending`, then `available` or `failed`, with a FailureCode that names what was wrong."""
    asked = call.parameters
    kind = asked.get("ConnectivityType", "public")
    gateway = Gateway(  # type: ignore[abstract]  # what it lacks is CloudFormation's
        call.site, asked["SubnetId"], asked.get("AllocationId", ""), kind, specified(call)
    )
    nat.begin(gateway)
    token = {"ClientToken": asked["ClientToken"]} if "ClientToken" in asked else {}
    return {"NatGateway": gateway, **token}


@before("ec2", "DeleteNatGateway", "DescribeNatGateways", source=_SOURCE)
def must_exist(call: Call) -> None:
    """NatGatewayNotFound for an unknown id."""
    asked = call.parameters.get("NatGatewayIds") or [call.parameters.get("NatGatewayId")]
    for gateway in filter(None, asked):
        if gateway not in backends.ec2(call).nat_gateways:
            raise Refusal("NatGatewayNotFound", f"NatGateway {gateway} was not found")


@instead("ec2", "DeleteNatGateway", source=_SOURCE)
def is_deleting_at_first(call: Call) -> Answer:
    """`deleting`, then `deleted`, for an hour; deleting it again changes nothing."""
    gateway = backends.ec2(call).nat_gateways[call.parameters["NatGatewayId"]]
    assert isinstance(gateway, Gateway)  # none is made elsewhere
    if gateway.state not in _ENDING:
        nat.end(gateway)
    return {"NatGatewayId": gateway.id}


@instead("ec2", "DescribeNatGateways", source="EC2 API Reference: DescribeNatGateways")
def are_filtered_by_tags_too(call: Call) -> Answer:
    """Repair moto, which leaves out filters that it does not know."""
    gateways, asked = backends.ec2(call).nat_gateways, call.parameters
    listed = [gateways[name] for name in asked.get("NatGatewayIds") or list(gateways)]
    return {"NatGateways": generic_filter({one["Name"]: one["Values"] for one in asked.get("Filter", ())}, listed)}
