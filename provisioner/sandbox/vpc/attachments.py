"""Transit gateways and the VPCs attached to them, across accounts.

An attachment is kept in two places, as AWS shows it to two: by the account whose VPC it is, and by the account
that owns the transit gateway.
"""

from __future__ import annotations

from collections.abc import Iterator

from moto.ec2.models import EC2Backend
from moto.ec2.models.transit_gateway import TransitGateway
from moto.ec2.models.transit_gateway_attachments import TransitGatewayVpcAttachment
from moto.ram.models import ResourceShare

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site

GONE = frozenset({"deleted", "rejected", "failed"})
"""States of what is only listed any longer."""


class VpcAttachment(TransitGatewayVpcAttachment):
    """One as AWS tells of it: with its tags, and with the gateway's owner, who may be another account.

    `site` is where its VPC is, `interfaces` are those that it has in the VPC's subnets.
    """

    site: Site
    gateway: TransitGateway
    interfaces: dict[str, str]  # by subnet

    @property
    def tags(self) -> list[dict[str, str]]:
        return self.get_tags()

    @property
    def transit_gateway_owner_id(self) -> str:
        return self.gateway.owner_id

    @property
    def association(self) -> dict[str, str] | None:
        data = self._association_data
        if not data:
            return None
        return {"State": data["state"], "TransitGatewayRouteTableId": data["transitGatewayRouteTableId"]}


def available(site: Site, vpc: str, gateway: str) -> bool:
    """Whether the VPC, which is in this account, may route to this transit gateway."""
    return any(one.transit_gateway_id == gateway and one.state == "available" for one in of_vpc(site, vpc))


def of_vpc(site: Site, vpc: str) -> Iterator[VpcAttachment]:
    """The attachments of a VPC of this account, to whatever gateways, deleted ones too."""
    return (one for one in _all(backends.ec2(site)) if one.vpc_id == vpc and one.owner_id == site.account)


def of_gateway(gateway: TransitGateway) -> Iterator[VpcAttachment]:
    """What is attached to the gateway, from whatever account, deleted ones too."""
    return (one for one in _all(gateway.ec2_backend) if one.transit_gateway_id == gateway.id)


def attachment(site: Site, name: str) -> VpcAttachment | None:
    """The attachment as this account sees it: of its VPC, or of its gateway."""
    return next((one for one in _all(backends.ec2(site)) if one.id == name), None)


def keep(one: VpcAttachment) -> None:
    """Show it to both of its accounts."""
    for ec2 in (one.ec2_backend, one.gateway.ec2_backend):
        ec2.transit_gateway_attachments[one.id] = one


def drop(one: VpcAttachment) -> None:
    """Show it to nobody any longer."""
    for ec2 in (one.ec2_backend, one.gateway.ec2_backend):
        ec2.transit_gateway_attachments.pop(one.id, None)


def find(site: Site, gateway: str) -> TransitGateway | None:
    """The gateway as this account sees it: its own, or one that is shared with it."""
    return next((one for one in visible(site) if one.id == gateway), None)


def visible(site: Site) -> Iterator[TransitGateway]:
    """The transit gateways of this account, and those of others that are shared with it."""
    yield from backends.ec2(site).transit_gateways.values()
    for ec2 in backends.every_ec2():
        if ec2.account_id != site.account and ec2.region_name == site.region:
            yield from (one for one in ec2.transit_gateways.values() if site.account in _shared_with(one))


def _all(ec2: EC2Backend) -> Iterator[VpcAttachment]:
    for one in list(ec2.transit_gateway_attachments.values()):
        if isinstance(one, VpcAttachment):
            yield one


def _shared_with(gateway: TransitGateway) -> set[str]:
    """The accounts that resource shares of the gateway's owner name as principals."""
    shares = backends.shares(gateway.owner_id, gateway.ec2_backend.region_name).resource_shares
    return {_account(principal) for share in shares if _holds(share, gateway) for principal in share.principals}


def _holds(share: ResourceShare, gateway: TransitGateway) -> bool:
    return share.status == "ACTIVE" and gateway.arn in share.resource_arns


def _account(principal: str) -> str:
    """Of an account's number, or of an ARN that contains it."""
    return principal.split(":")[4] if ":" in principal else principal
