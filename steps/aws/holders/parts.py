"""What EC2 refuses to delete a VPC, a security group or a route table for, beside network interfaces."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from steps.aws.context import Aws, Look
from steps.aws.holders import interfaces
from steps.aws.holders.holder import Holder, guard_duty, readable, whose
from steps.aws.holders.residents import ENDPOINT, Residents
from steps.aws.listing import describe
from steps.aws.owner import mapping

Raw = Mapping[str, Any]


@dataclass(frozen=True)
class _Part:
    """A describe call, the filter by which it knows a VPC (none: it knows no such), and which items do not count.

    `move` is a command with the part's id and the VPC's.
    """

    noun: str
    operation: str
    items: str
    id: str
    vpc_filter: str
    move: str
    counts: Callable[[Raw, str], bool] = lambda raw, vpc: True

    def read(self, look: Look, vpc: str) -> list[Holder]:
        return [self._holder(look.aws, raw, vpc) for raw in self._counted(look, vpc)]

    def foreign(self, look: Look, vpc: str, ours: Container[str]) -> list[Holder]:
        """Those that are certainly not the stack's: neither recorded nor tagged so, and not GuardDuty's."""
        found = [raw for raw in self._counted(look, vpc) if raw[self.id] not in ours]
        return [self._holder(look.aws, raw, vpc) for raw in found if _is_others(look.aws, raw)]

    def _counted(self, look: Look, vpc: str) -> list[Raw]:
        found = look.share(f"{self.operation} {self.vpc_filter}", lambda: self._found(look, vpc))
        return [raw for raw in found if self.counts(raw, vpc)]

    def _found(self, look: Look, vpc: str) -> list[Raw]:
        filters = {self.vpc_filter: [vpc]} if self.vpc_filter else {}
        return readable(lambda: describe(look, self.operation, self.items, filters)) or []

    def _holder(self, aws: Aws, raw: Raw, vpc: str) -> Holder:
        tags = mapping(raw.get("Tags", ()))
        name = raw.get("GroupName") or tags.get("Name", "")
        what = f'{self.noun} "{name}"' if name else self.noun
        return Holder(raw[self.id], what, whose(aws.owner, tags), move=self.move.format(raw[self.id], vpc))


def _is_others(aws: Aws, raw: Raw) -> bool:
    tags = mapping(raw.get("Tags", ()))
    return not (aws.owner.owns(tags) or guard_duty(tags))


def _stands(raw: Raw, vpc: str) -> bool:
    """Of a peering connection, which stays listed for a while when it is over."""
    return raw["Status"]["Code"] in ("active", "provisioning") or _asked_for(raw, vpc)


def _asked_for(raw: Raw, vpc: str) -> bool:
    """By this side: the other one can only reject it."""
    return _pending(raw) and raw["RequesterVpcInfo"].get("VpcId") == vpc


def _to_be_rejected(raw: Raw, vpc: str) -> bool:
    return _pending(raw) and not _asked_for(raw, vpc)


def _pending(raw: Raw) -> bool:
    return bool(raw["Status"]["Code"] == "pending-acceptance")


def _attached(raw: Raw, vpc: str) -> bool:
    """Of gateways that can be attached, and stay known when they are detached."""
    attachments = raw.get("Attachments") or raw.get("VpcAttachments") or ()
    return any(one.get("VpcId") == vpc and one["State"] != "detached" for one in attachments)


_PEERINGS = (
    "VPC peering connection",
    "describe_vpc_peering_connections",
    "VpcPeeringConnections",
    "VpcPeeringConnectionId",
)
_REQUESTED, _OFFERED = "requester-vpc-info.vpc-id", "accepter-vpc-info.vpc-id"
_END_PEERING = "aws ec2 delete-vpc-peering-connection --vpc-peering-connection-id {}"
_REJECT_PEERING = "aws ec2 reject-vpc-peering-connection --vpc-peering-connection-id {}"
_PARTS: Sequence[_Part] = (
    _Part(
        "internet gateway",
        "describe_internet_gateways",
        "InternetGateways",
        "InternetGatewayId",
        "attachment.vpc-id",
        "aws ec2 detach-internet-gateway --internet-gateway-id {} --vpc-id {}",
    ),
    _Part(
        "egress-only internet gateway",
        "describe_egress_only_internet_gateways",
        "EgressOnlyInternetGateways",
        "EgressOnlyInternetGatewayId",
        "",
        "aws ec2 delete-egress-only-internet-gateway --egress-only-internet-gateway-id {}",
        _attached,
    ),
    _Part(
        "virtual private gateway",
        "describe_vpn_gateways",
        "VpnGateways",
        "VpnGatewayId",
        "attachment.vpc-id",
        "aws ec2 detach-vpn-gateway --vpn-gateway-id {} --vpc-id {}",
        _attached,
    ),
    _Part(*_PEERINGS, _REQUESTED, _END_PEERING, _stands),
    _Part(*_PEERINGS, _OFFERED, _END_PEERING, _stands),
    _Part(*_PEERINGS, _OFFERED, _REJECT_PEERING, _to_be_rejected),
    _Part("subnet", "describe_subnets", "Subnets", "SubnetId", "vpc-id", "aws ec2 delete-subnet --subnet-id {}"),
    _Part(
        "security group",
        "describe_security_groups",
        "SecurityGroups",
        "GroupId",
        "vpc-id",
        "aws ec2 delete-security-group --group-id {}",
        lambda raw, vpc: raw["GroupName"] != "default",
    ),
    _Part(
        "route table",
        "describe_route_tables",
        "RouteTables",
        "RouteTableId",
        "vpc-id",
        "aws ec2 delete-route-table --route-table-id {}",
        lambda raw, vpc: not any(one.get("Main") for one in raw["Associations"]),
    ),
    _Part(
        "network ACL",
        "describe_network_acls",
        "NetworkAcls",
        "NetworkAclId",
        "vpc-id",
        "aws ec2 delete-network-acl --network-acl-id {}",
        lambda raw, vpc: not raw["IsDefault"],
    ),
)
"""Sources: EC2 API reference, DeleteVpc; VPC User Guide, "Delete your VPC"; VPC Peering Guide, "Delete a VPC
peering connection"."""


def of_vpc(aws: Aws, vpc: str) -> list[Holder]:
    """All that is left in a VPC but what goes with it; what has interfaces first."""
    look = Look(aws)
    endpoints = [one.holder(aws.owner) for one in Residents(look, vpc).of(ENDPOINT) or ()]
    placed = interfaces.holding(aws, "vpc-id", vpc)
    return [*endpoints, *placed, *(one for part in _PARTS for one in part.read(look, vpc))]


_LASTING = ("describe_security_groups", "describe_subnets", "describe_route_tables")
"""Reads that whoever has made a stack may make anyway; in the order in which the parts can be removed."""


def foreign(look: Look, vpc: str, ours: Container[str]) -> list[Holder]:
    """The groups, subnets and route tables of others, which would outlive all that is the stack's. Three reads."""
    parts = sorted(
        (one for one in _PARTS if one.operation in _LASTING), key=lambda one: _LASTING.index(one.operation)
    )
    return [one for part in parts for one in part.foreign(look, vpc, ours)]


def of_group(aws: Aws, group: str) -> list[Holder]:
    """The interfaces that have the group, and the other groups' rules that speak of it."""
    return [*interfaces.holding(aws, "group-id", group), *_references(aws, group)]


def of_mapped_addresses(aws: Aws, vpc: str) -> list[Holder]:
    """The interfaces in a VPC that have public addresses, which keep its internet gateway."""
    found = interfaces.found(Look(aws), "vpc-id", vpc)
    return interfaces.told(aws, [raw for raw in found if raw.get("Association", {}).get("PublicIp")])


def of_table(associations: Iterable[Raw]) -> list[Holder]:
    """The subnets and gateways that use a route table."""
    return [
        Holder(
            one["RouteTableAssociationId"],
            f"association of {one.get('SubnetId') or one.get('GatewayId')}",
            move=f"aws ec2 disassociate-route-table --association-id {one['RouteTableAssociationId']}",
        )
        for one in associations
        if not one.get("Main")
    ]


def _references(aws: Aws, group: str) -> Iterator[Holder]:
    look = Look(aws)
    others = _speaking(look, group)
    if not others:
        return
    filters = {"group-id": sorted(others)}
    rules = readable(lambda: describe(look, "describe_security_group_rules", "SecurityGroupRules", filters)) or ()
    for raw in rules:
        if raw.get("ReferencedGroupInfo", {}).get("GroupId") == group:
            yield _rule(aws, raw, others[raw["GroupId"]])


def _speaking(look: Look, group: str) -> dict[str, Raw]:
    """The other groups whose rules speak of it, by id."""
    found: dict[str, Raw] = {}
    for name in ("ip-permission.group-id", "egress.ip-permission.group-id"):
        groups = _groups(look, name, group)
        found |= {raw["GroupId"]: raw for raw in groups if raw["GroupId"] != group}
    return found


def _groups(look: Look, name: str, group: str) -> list[Raw]:
    return readable(lambda: describe(look, "describe_security_groups", "SecurityGroups", {name: [group]})) or []


def _rule(aws: Aws, rule: Raw, other: Raw) -> Holder:
    way = "egress" if rule["IsEgress"] else "ingress"
    name, number = rule["GroupId"], rule["SecurityGroupRuleId"]
    return Holder(
        number,
        f'{way} rule of security group {name} "{other["GroupName"]}" that speaks of this one',
        whose(aws.owner, mapping(other.get("Tags", ()))),
        move=f"aws ec2 revoke-security-group-{way} --group-id {name} --security-group-rule-ids {number}",
    )
