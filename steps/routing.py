"""Where packets go: route tables, their routes, and which subnet uses which table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from state.record import Record
from steps.aws.context import Look
from steps.aws.listing import ListedStep, Listing, describe
from steps.base import Job, Pending, Ready, Retry, Seen, Step

_TABLES = Listing("describe_route_tables", "RouteTables", "RouteTableId", "route-table-id")
_TARGETS = ("GatewayId", "NatGatewayId", "TransitGatewayId", "NetworkInterfaceId", "VpcPeeringConnectionId")


@dataclass(frozen=True, kw_only=True)
class RouteTable(ListedStep):
    kind = "route_table"
    noun = "route table"
    family = "network"
    listing = _TABLES
    retry = Retry.TOKEN
    vpc: str

    def request(self, job: Job) -> dict[str, Any]:
        return {"VpcId": job.id_of(self.vpc)}

    def create(self, job: Job) -> str:
        tags = job.aws.owner.specification("route-table", self.name)
        answer = job.aws.once.ec2.create_route_table(
            **job.record.request, ClientToken=job.record.token, TagSpecifications=tags
        )
        return answer["RouteTable"]["RouteTableId"]

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        job.aws.clients.ec2.delete_route_table(RouteTableId=seen.id)


@dataclass(frozen=True, kw_only=True)
class Route(Step):
    """One route of a table to `target`, whose id goes into the parameter `target_parameter`. Id: `TABLE|CIDR`.

    A route may point at a NAT gateway that is still pending, so it needs no more than that the gateway exists.
    """

    kind = "route"
    noun = "route"
    family = "network"
    retry = Retry.KEY
    table: str
    destination: str
    target: str
    target_parameter: str

    def key(self, ids: Mapping[str, str]) -> str | None:
        return f"{ids[self.table]}|{self.destination}" if self.table in ids else None

    def request(self, job: Job) -> dict[str, Any]:
        return {
            "RouteTableId": job.id_of(self.table),
            "DestinationCidrBlock": self.destination,
            self.target_parameter: job.id_of(self.target),
        }

    mutable = frozenset(_TARGETS)

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        for table in _TABLES.read(look, (), (record.key.split("|")[0] for record in records if record.key)):
            for route in table.raw.get("Routes", ()):
                if route.get("Origin") == "CreateRoute" and "DestinationCidrBlock" in route:
                    key = f"{table.id}|{route['DestinationCidrBlock']}"
                    yield Seen(key, route, key=key)

    def create(self, job: Job) -> str:
        job.aws.once.ec2.create_route(**job.record.request)
        return f"{job.id_of(self.table)}|{self.destination}"

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        wanted = job.id_of(self.target)
        if seen and (found := _target(seen.raw)) != wanted:
            job.aws.clients.ec2.replace_route(**self.request(job))
            job.notes.append(f"{self.destination} pointed at {found or 'nothing'}, now at {wanted}")
        return Ready()

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        table, destination = seen.id.split("|")
        job.aws.clients.ec2.delete_route(RouteTableId=table, DestinationCidrBlock=destination)


def _target(route: Mapping[str, Any]) -> str | None:
    return next((route[name] for name in _TARGETS if route.get(name)), None)


@dataclass(frozen=True, kw_only=True)
class RouteTableAssociation(Step):
    """The table that one subnet uses. The subnet is the key: it has one table at a time."""

    kind = "route_table_association"
    noun = "route table association"
    family = "network"
    retry = Retry.KEY
    table: str
    subnet: str

    def key(self, ids: Mapping[str, str]) -> str | None:
        return ids.get(self.subnet)

    def request(self, job: Job) -> dict[str, Any]:
        return {"RouteTableId": job.id_of(self.table), "SubnetId": job.id_of(self.subnet)}

    mutable = frozenset({"RouteTableId"})

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        """The associations of our subnets with whatever table, ours or another's."""
        subnets = {record.key for record in records if record.key}
        found = describe(look, "describe_route_tables", "RouteTables", _of_subnets(subnets)) if subnets else ()
        for table in found:
            for association in table.get("Associations", ()):
                state = association.get("AssociationState", {}).get("State", "associated")
                if association.get("SubnetId") in subnets and state not in ("disassociated", "failed"):
                    yield Seen(
                        association["RouteTableAssociationId"],
                        {**association, "RouteTableId": table["RouteTableId"]},
                        key=association["SubnetId"],
                        going=state == "disassociating",
                    )

    def create(self, job: Job) -> str:
        return job.aws.once.ec2.associate_route_table(**job.record.request)["AssociationId"]

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        wanted = job.id_of(self.table)
        if seen and seen.raw["RouteTableId"] != wanted:
            job.aws.clients.ec2.replace_route_table_association(AssociationId=seen.id, RouteTableId=wanted)
            job.notes.append(f"the subnet used {seen.raw['RouteTableId']}, now {wanted}")
            return Pending("replaced")
        return Ready()

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        job.aws.clients.ec2.disassociate_route_table(AssociationId=seen.id)


def _of_subnets(subnets: set[str]) -> dict[str, list[str]]:
    return {"association.subnet-id": sorted(subnets)}
