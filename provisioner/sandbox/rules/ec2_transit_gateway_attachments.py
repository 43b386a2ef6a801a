"""Attachments of VPCs to transit gateways, within an account and between two."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.clock import Action
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before, instead
from provisioner.sandbox.rules import ec2_transit_gateways as gateways
from provisioner.sandbox.rules.ec2_transit_gateway_tables import join_defaults, leave_tables
from provisioner.sandbox.vpc import attachments, gone, interfaces
from provisioner.sandbox.vpc.attachments import VpcAttachment

_SOURCE = "EC2 API Reference: TransitGatewayVpcAttachment"
_CREATE = ("ec2", "CreateTransitGatewayVpcAttachment")
_READY = {
    "ModifyTransitGatewayVpcAttachment": frozenset({"available"}),
    "DeleteTransitGatewayVpcAttachment": frozenset({"available", "pendingAcceptance", "rejected", "failed"}),
    "AcceptTransitGatewayVpcAttachment": frozenset({"pendingAcceptance"}),
    "RejectTransitGatewayVpcAttachment": frozenset({"pendingAcceptance"}),
}
"""In which states an attachment takes each call."""


@before(*_CREATE, source="terraform-aws-modules/terraform-aws-transit-gateway#89")
def gateway_must_be_there(call: Call) -> None:
    """InvalidTransitGatewayID.NotFound unless it is ours or shared with us, IncorrectState unless available."""
    name = call.parameters["TransitGatewayId"]
    gateway = attachments.find(call, name)
    if gateway is None:
        raise gateways.unknown(name)
    gateways.must_be_available(gateway)


@before(*_CREATE, source="terraform-provider-aws#26136; zoitech/terraform-aws-network#46")
def subnets_must_fit(call: Call) -> None:
    """InvalidVpcID.NotFound, InvalidSubnetID.NotFound; DuplicateSubnetsInSameZone for two in one zone."""
    vpc = call.parameters["VpcId"]
    if vpc not in backends.ec2(call).vpcs:
        raise Refusal("InvalidVpcID.NotFound", f"Vpc {vpc} was deleted or does not exist.")
    _check_zones(call, vpc, call.parameters["SubnetIds"])


@before(*_CREATE, source="terraform-provider-aws#10852")
def vpc_is_attached_once(call: Call) -> None:
    """DuplicateTransitGatewayAttachment while an attachment of the VPC to that gateway is not deleted."""
    gateway = call.parameters["TransitGatewayId"]
    for one in attachments.of_vpc(call, call.parameters["VpcId"]):
        if one.transit_gateway_id == gateway and one.state not in attachments.GONE:
            message = f"{gateway} has non-deleted Transit Gateway Attachments with same VPC ID."
            raise Refusal("DuplicateTransitGatewayAttachment", message)


@instead(*_CREATE, source=f"{_SOURCE}; terraform-provider-aws#7417")
def is_pending_at_first(call: Call) -> Answer:
    """`pending`, or `pendingAcceptance` at another account's gateway that does not accept by itself."""
    one = _made(call)
    attachments.keep(one)
    if one.gateway.owner_id == call.account or one.gateway.options["AutoAcceptSharedAttachments"] == "enable":
        _begin(one)
    else:
        one.state = "pendingAcceptance"
    return _told(one)


@before("ec2", *_READY, source="rebuy-de/aws-nuke#961; the states: EC2 API Reference")
def must_be_ready(call: Call) -> None:
    """InvalidTransitGatewayAttachmentID.NotFound for an unknown one, IncorrectState in an unfitting state."""
    one = attachments.attachment(call, call.parameters["TransitGatewayAttachmentId"])
    if one is None or one.state == "deleted":
        raise unknown("Transit Gateway VPC Attachment", call.parameters["TransitGatewayAttachmentId"])
    if one.state not in _READY[call.action]:
        raise Refusal("IncorrectState", f"{one.id} is in invalid state")


@before("ec2", "AcceptTransitGatewayVpcAttachment", "RejectTransitGatewayVpcAttachment", source="from memory")
def only_the_owner_accepts(call: Call) -> None:
    """OperationNotPermitted for anybody but the owner of the transit gateway."""
    one = _found(call)
    if one.gateway.owner_id != call.account:
        message = f"Account {call.account} is not the owner of the transit gateway of {one.id}"
        raise Refusal("OperationNotPermitted", message)


@instead("ec2", "AcceptTransitGatewayVpcAttachment", source=_SOURCE)
def accepted_ones_are_pending(call: Call) -> Answer:
    """An accepted one is `pending`, as one that needs no acceptance."""
    return _told(_begin(_found(call)))


@instead("ec2", "RejectTransitGatewayVpcAttachment", source=_SOURCE)
def rejected_ones_are_listed(call: Call) -> Answer:
    """A rejected one is listed as `rejected` for a while."""
    one = _found(call)
    one.state = "rejected"
    gone.forget(one.site, lambda: attachments.drop(one))
    return _told(one)


@before("ec2", "ModifyTransitGatewayVpcAttachment", source=_SOURCE)
def added_subnets_must_fit(call: Call) -> None:
    """DuplicateSubnetsInSameZone for a subnet in a zone in which there is one."""
    one, asked = _found(call), call.parameters
    present = [subnet for subnet in one.subnet_ids if subnet not in asked.get("RemoveSubnetIds", ())]
    _check_zones(call, one.vpc_id, [*present, *asked.get("AddSubnetIds", ())])


@instead("ec2", "ModifyTransitGatewayVpcAttachment", source=_SOURCE)
def is_modifying_at_first(call: Call) -> Answer:
    """`modifying` until its interfaces are where they shall be."""
    one, asked = _found(call), call.parameters
    _remove(one, asked.get("RemoveSubnetIds", ()))
    _place(one, asked.get("AddSubnetIds", ()))
    one.subnet_ids = list(one.interfaces)
    one.options.update(asked.get("Options", {}))
    one.state = "modifying"
    call.later("transit_gateway.attachment.available", _become(one, "modifying", "available"))
    return _told(one)


@instead("ec2", "DeleteTransitGatewayVpcAttachment", source=_SOURCE)
def is_deleting_at_first(call: Call) -> Answer:
    """`deleting`, with its interfaces; then listed as `deleted` for a while."""
    one = _found(call)
    one.state = "deleting"
    call.later("transit_gateway.attachment.deleted", _leave(one))
    return _told(one)


def unknown(noun: str, name: str) -> Refusal:
    message = f"{noun} {name} was deleted or does not exist."
    return Refusal("InvalidTransitGatewayAttachmentID.NotFound", message)


def _found(call: Call) -> VpcAttachment:
    one = attachments.attachment(call, call.parameters["TransitGatewayAttachmentId"])
    assert one is not None  # as must_be_ready has seen
    return one


def _made(call: Call) -> VpcAttachment:
    asked, gateway = call.parameters, attachments.find(call, call.parameters["TransitGatewayId"])
    assert gateway is not None  # as gateway_must_be_there has seen
    tags = {tag["Key"]: tag["Value"] for spec in asked.get("TagSpecifications", ()) for tag in spec["Tags"]}
    subnets = list(asked["SubnetIds"])
    one = VpcAttachment(backends.ec2(call), gateway, asked["VpcId"], subnets, tags, asked.get("Options"))
    one.site, one.gateway, one.interfaces = call.site, gateway, {}
    return one


def _begin(one: VpcAttachment) -> VpcAttachment:
    one.state = "pending"
    _place(one, one.subnet_ids)
    one.site.later("transit_gateway.attachment.available", _become(one, "pending", "available", join_defaults))
    return one


def _place(one: VpcAttachment, subnets: Iterable[str]) -> None:
    for subnet in subnets:
        description = f"Network Interface for Transit Gateway Attachment {one.id}"
        interface = interfaces.place(one.site, subnet, (), description, kind="transit_gateway")
        interface._group_set = []  # moto gives the default group to one without groups
        one.interfaces[subnet] = interface.id


def _remove(one: VpcAttachment, subnets: Iterable[str]) -> None:
    for subnet in subnets:
        if interface := one.interfaces.pop(subnet, None):
            backends.ec2(one.site).enis.pop(interface, None)


def _become(one: VpcAttachment, old: str, new: str, then: Callable[[VpcAttachment], None] | None = None) -> Action:
    def act() -> None:
        if one.state == old:
            one.state = new
            if then is not None:
                then(one)

    return act


def _leave(one: VpcAttachment) -> Action:
    def act() -> None:
        one.state = "deleted"
        _remove(one, list(one.interfaces))
        leave_tables(one)
        gone.forget(one.site, lambda: attachments.drop(one))

    return act


def _check_zones(call: Call, vpc: str, subnets: Iterable[str]) -> None:
    ec2, zones = backends.ec2(call), set()
    known = {subnet.id: subnet for in_zone in ec2.subnets.values() for subnet in in_zone.values()}
    for name in subnets:
        subnet = known.get(name)
        if subnet is None or subnet.vpc_id != vpc:
            raise Refusal("InvalidSubnetID.NotFound", f"Subnet {name} was deleted or does not exist.")
        if subnet.availability_zone in zones:
            raise Refusal("DuplicateSubnetsInSameZone", "Duplicate Subnets for same AZ")
        zones.add(subnet.availability_zone)


def _told(one: VpcAttachment) -> dict[str, Any]:
    return {"TransitGatewayVpcAttachment": one}
