"""What lives in a VPC and places network interfaces there, as its own service describes it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from steps.aws import elbv2
from steps.aws.context import Look
from steps.aws.holders.holder import Holder, guard_duty, readable, whose
from steps.aws.listing import describe
from steps.aws.owner import Owner, mapping

INSTANCE = "EC2 instance"
BALANCER = "load balancer"
ENDPOINT = "VPC endpoint"
NAT = "NAT gateway"
DATABASE = "DB instance"
TRANSIT = "transit gateway attachment"

_SOON = "it is being deleted and goes within minutes"
_WATCHED = "GuardDuty makes it again as long as its Runtime Monitoring is on and something runs here"
"""Source: terraform-provider-aws, ec2/vpc_subnet.go; public clean-up scripts, which find it made again."""
COMMANDS: Mapping[str, str] = {
    INSTANCE: "aws ec2 terminate-instances --instance-ids {}",
    BALANCER: "aws elbv2 delete-load-balancer --load-balancer-arn {}",
    ENDPOINT: "aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {}",
    NAT: "aws ec2 delete-nat-gateway --nat-gateway-id {}",
    DATABASE: "aws rds delete-db-instance --db-instance-identifier {} --final-db-snapshot-identifier {}-last",
    TRANSIT: "aws ec2 delete-transit-gateway-vpc-attachment --transit-gateway-attachment-id {}",
}
"""What removes one, by its id. Source: AWS CLI reference."""


@dataclass(frozen=True)
class Resident:
    kind: str
    id: str
    name: str = ""
    tags: Mapping[str, str] | None = None
    since: datetime | None = None
    going: bool = False
    managed: bool = False
    """It is run by a service of AWS's."""
    groups: frozenset[str] = frozenset()

    @property
    def told(self) -> str:
        return f'{self.kind} "{self.name}"' if self.name else self.kind

    @property
    def move(self) -> str:
        command = COMMANDS[self.kind].format(self.id, self.id)
        return f"{command}; {_WATCHED}" if guard_duty(self.tags) else command

    def holder(self, owner: Owner) -> Holder:
        way = {"passes": _SOON} if self.going else {"move": self.move}
        return Holder(self.id, self.told, whose(owner, self.tags), self.since, **way)


class Residents:
    """Those of one VPC. Each kind is read once, and only when it is asked for.

    `recorded` are ids of the stack's own: of these no tags are read where that takes a read of its own.
    """

    def __init__(self, look: Look, vpc: str, recorded: Container[str] = ()) -> None:
        self.look, self.vpc, self.recorded = look, vpc, recorded
        self._known: dict[str, list[Resident] | None] = {}

    def of(self, kind: str) -> list[Resident] | None:
        """None where the caller may not see any of them."""
        if kind not in self._known:
            self._known[kind] = readable(lambda: _READS[kind](self))
        return self._known[kind]


@dataclass(frozen=True)
class _Ec2:
    """One EC2 describe call that filters by VPC."""

    kind: str
    operation: str
    items: str
    id: str
    since: str
    over: frozenset[str] = frozenset({"deleted"})
    going: frozenset[str] = frozenset({"deleting"})

    def __call__(self, home: Residents) -> Iterator[Resident]:
        for raw in _items(home, self):
            state = _state(raw)
            if state not in self.over:
                tags = mapping(raw.get("Tags", ()))
                yield Resident(
                    self.kind,
                    raw[self.id],
                    tags.get("Name", ""),
                    tags,
                    raw.get(self.since),
                    going=state in self.going,
                    managed=raw.get("RequesterManaged", False),
                )


def _items(home: Residents, listing: _Ec2) -> Iterator[Mapping[str, Any]]:
    """Instances are listed by reservations."""
    for raw in describe(home.look, listing.operation, listing.items, {"vpc-id": [home.vpc]}):
        yield from raw.get("Instances", (raw,))


def _state(raw: Mapping[str, Any]) -> str:
    """Endpoints are told with a capital letter, or without."""
    state = raw["State"]
    return str(state["Name"] if isinstance(state, Mapping) else state).lower()


def _balancers(home: Residents) -> Iterator[Resident]:
    aws = home.look.aws
    pages = aws.clients.elbv2.get_paginator("describe_load_balancers").paginate()
    every = (one for page in pages for one in page["LoadBalancers"])
    found = {one["LoadBalancerArn"]: one for one in every if one.get("VpcId") == home.vpc}
    others = [arn for arn in found if arn not in home.recorded]
    tags = dict(readable(lambda: elbv2.tags(aws, others)) or ())
    for arn, raw in found.items():
        yield Resident(BALANCER, arn, raw["LoadBalancerName"], tags.get(arn), raw.get("CreatedTime"))


def databases(look: Look) -> Iterator[tuple[Mapping[str, Any], Resident]]:
    """All of the account and Region, each with what RDS says of it."""
    for page in look.aws.clients.databases.get_paginator("describe_db_instances").paginate():
        for raw in page["DBInstances"]:
            yield (
                raw,
                Resident(
                    DATABASE,
                    raw["DBInstanceIdentifier"],
                    tags=mapping(raw.get("TagList", ())),
                    since=raw.get("InstanceCreateTime"),
                    going=raw["DBInstanceStatus"] == "deleting",
                    groups=frozenset(group["VpcSecurityGroupId"] for group in raw.get("VpcSecurityGroups", ())),
                ),
            )


def _databases(home: Residents) -> Iterator[Resident]:
    return (one for raw, one in databases(home.look) if raw.get("DBSubnetGroup", {}).get("VpcId") == home.vpc)


_READS: Mapping[str, Callable[[Residents], Iterator[Resident]]] = {
    INSTANCE: _Ec2(
        INSTANCE,
        "describe_instances",
        "Reservations",
        "InstanceId",
        "LaunchTime",
        over=frozenset({"terminated"}),
        going=frozenset({"shutting-down"}),
    ),
    BALANCER: _balancers,
    ENDPOINT: _Ec2(ENDPOINT, "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", "CreationTimestamp"),
    NAT: _Ec2(
        NAT,
        "describe_nat_gateways",
        "NatGateways",
        "NatGatewayId",
        "CreateTime",
        over=frozenset({"deleted", "failed"}),
    ),
    DATABASE: _databases,
    TRANSIT: _Ec2(
        TRANSIT,
        "describe_transit_gateway_vpc_attachments",
        "TransitGatewayVpcAttachments",
        "TransitGatewayAttachmentId",
        "CreationTime",
    ),
}
