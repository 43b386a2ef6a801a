"""The way to other networks: attachments of VPCs to transit gateways that others own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from state.record import Record
from steps.aws.context import Aws, Look
from steps.aws.errors import Cause, verdict
from steps.aws.listing import describe
from steps.aws.owner import mapping
from steps.base import Gone, Job, Pending, Ready, Seen, Step, StepFailed

_SPENT = ("failed", "rejected")
_HOLDING = ("pendingAcceptance", "pending", "available", "modifying")
"""States of an attachment that stays."""


def gateway_is_there(aws: Aws, gateway: str) -> bool:
    """Whether this account sees the transit gateway: its own, or one that is shared with it and accepted."""
    try:
        found = aws.clients.ec2.describe_transit_gateways(TransitGatewayIds=[gateway])["TransitGateways"]
    except ClientError as error:
        if verdict(error).code.startswith("InvalidTransitGatewayID"):
            return False
        raise
    return any(one["State"] not in ("deleting", "deleted") for one in found)


@dataclass(frozen=True, kw_only=True)
class TransitGatewayAttachment(Step):
    """The attachment of a VPC to the transit gateway of this id, with an interface in each of the subnets.

    The transit gateway may be another account's, which has shared it and may want to accept the attachment. Its
    output `transit_gateway` is what routes point at.
    """

    kind = "transit_gateway_attachment"
    noun = "transit gateway attachment"
    family = "network"
    typical = 90.0
    patience = 3600.0
    typical_delete = 60.0
    patience_delete = 1200.0
    transit_gateway: str
    vpc: str
    subnets: tuple[str, ...]

    def key(self, ids: Mapping[str, str]) -> str | None:
        """AWS attaches a pair once."""
        return f"{ids[self.vpc]}|{self.transit_gateway}" if self.vpc in ids else None

    def request(self, job: Job) -> dict[str, Any]:
        return {
            "TransitGatewayId": self.transit_gateway,
            "VpcId": job.id_of(self.vpc),
            "SubnetIds": [job.id_of(subnet) for subnet in self.subnets],
        }

    mutable = frozenset({"SubnetIds"})

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        """By VPC: the EC2 API reference names no filter by tag for DescribeTransitGatewayVpcAttachments.

        They are told without their key: it is by the tags of its birth that one is ours, or not.
        """
        vpcs = sorted({record.key.split("|")[0] for record in records if record.key})
        found = describe(look, *_ATTACHMENTS, {"vpc-id": vpcs}) if vpcs else ()
        return [_seen(raw) for raw in found if raw["State"] != "deleted"]

    def create(self, job: Job) -> str:
        tags = job.aws.owner.specification("transit-gateway-attachment", self.name)
        try:
            answer = job.aws.once.ec2.create_transit_gateway_vpc_attachment(
                **job.record.request, TagSpecifications=tags
            )
        except ClientError as error:
            _tell_of_another(job, error)
            raise
        return answer["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        state = seen.raw["State"] if seen else "pending"
        if seen and seen.spent:
            raise _failure(job, seen, state)
        if seen and state == "pendingAcceptance":
            return Pending(_asking(job, seen))
        if not seen or state != "available":
            return Pending(state)
        if changes := self._changes(job, seen):
            return _set_right(job, seen, changes)
        return Ready({"transit_gateway": self.transit_gateway})

    def _changes(self, job: Job, seen: Seen) -> dict[str, list[str]]:
        wanted, found = [job.id_of(subnet) for subnet in self.subnets], set(seen.raw.get("SubnetIds", ()))
        changes = {
            "AddSubnetIds": [subnet for subnet in wanted if subnet not in found],
            "RemoveSubnetIds": sorted(found - set(wanted)),
        }
        return {name: value for name, value in changes.items() if value}

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        """Its interfaces hold the subnets until it is `deleted`."""
        if seen is None:
            return Gone()
        if not seen.going:
            job.aws.clients.ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=seen.id)
        return Pending("deleting")


_ATTACHMENTS = ("describe_transit_gateway_vpc_attachments", "TransitGatewayVpcAttachments")


def _seen(raw: Mapping[str, Any]) -> Seen:
    return Seen(
        raw["TransitGatewayAttachmentId"],
        raw,
        mapping(raw.get("Tags", ())),
        going=raw["State"] == "deleting",
        spent=raw["State"] in _SPENT,
    )


def _tell_of_another(job: Job, error: ClientError) -> None:
    """Raises StepFailed where it is another's attachment by which the VPC is attached already."""
    found = verdict(error)
    if found.cause is not Cause.EXISTS:
        return
    vpc, gateway = job.record.request["VpcId"], job.record.request["TransitGatewayId"]
    filters = {"vpc-id": [vpc], "transit-gateway-id": [gateway]}
    seen = [_seen(raw) for raw in describe(Look(job.aws), *_ATTACHMENTS, filters)]
    others = [one.id for one in seen if one.raw["State"] in _HOLDING and not job.aws.owner.owns(one.tags or {})]
    if others:
        why = f"{vpc} is attached to transit gateway {gateway} already, by {others[0]}, which is not this stack's"
        fix = "use that attachment and let the stack make none, or delete it; then resume"
        raise StepFailed(why, fix, found.call, found.code) from error


def _set_right(job: Job, seen: Seen, changes: Mapping[str, list[str]]) -> Pending:
    if job.once("change of its subnets"):
        parameters: Any = changes
        job.aws.clients.ec2.modify_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=seen.id, **parameters)
        job.notes.append("put it into its subnets again")
    return Pending("modified, but not shown yet")


def _owner(job: Job, attachment: str) -> str:
    """The account of the transit gateway, which only the general listing of attachments tells."""
    filters = {"transit-gateway-attachment-id": [attachment]}
    listing = ("describe_transit_gateway_attachments", "TransitGatewayAttachments")
    return next((raw["TransitGatewayOwnerId"] for raw in describe(Look(job.aws), *listing, filters)), "unknown")


def _asking(job: Job, seen: Seen) -> str:
    gateway, account = seen.raw["TransitGatewayId"], _owner(job, seen.id)
    line = "aws ec2 accept-transit-gateway-vpc-attachment"
    return (
        f"pendingAcceptance: account {account}, the owner of transit gateway {gateway}, must accept attachment "
        f"{seen.id}: {line} --region {job.aws.region} --transit-gateway-attachment-id {seen.id}"
    )


def _failure(job: Job, seen: Seen, state: str) -> StepFailed:
    """AWS gives no reason of its own."""
    account = _owner(job, seen.id)
    who = f"account {account}, the owner of transit gateway {seen.raw['TransitGatewayId']}, rejected it"
    why = f"attachment {seen.id} is {state}: {who if state == 'rejected' else 'AWS gives no reason'}"
    fix = f"agree with account {account}, then resume: this one is deleted first, then another is made"
    return StepFailed(why, fix, "CreateTransitGatewayVpcAttachment", state)
