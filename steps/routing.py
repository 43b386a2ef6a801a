"""Where packets go: route tables, their routes, and which subnet uses which table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from state.record import Record
from steps.aws.context import Look
from steps.aws.holders import parts
from steps.aws.holders.holder import Holder
from steps.aws.listing import ListedStep, Listing, describe
from steps.base import Job, Pending, Ready, Retry, Seen, Step, StepFailed

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

    @classmethod
    def blockers(cls, job: Job, seen: Seen) -> Sequence[Holder]:
        return parts.of_table(seen.raw["Associations"])


@dataclass(frozen=True, kw_only=True)
class Route(Step):
    """One route of a table to `target`, whose id goes into the parameter `target_parameter`. Id: `TABLE|CIDR`.

    With `target_output` that output of the target goes into the parameter: a route to a transit gateway needs the
    attachment to it, and is refused until that is ready. A route may point at a NAT gateway that is still pending,
    so it needs no more than that the gateway exists. In a table of the user's own (it has the output `taken`) the
    routes that were there before are never taken over.
    """

    kind = "route"
    noun = "route"
    gives_way = "delete that route, or leave its destination out of the stack file"
    family = "network"
    retry = Retry.KEY
    table: str
    destination: str
    target: str
    target_parameter: str
    target_output: str = ""

    def key(self, ids: Mapping[str, str]) -> str | None:
        return f"{ids[self.table]}|{self.destination}" if self.table in ids else None

    def request(self, job: Job) -> dict[str, Any]:
        """Raises StepFailed, before there is an intent, for a destination that the user's table has taken."""
        table = job.id_of(self.table)
        if self.destination in job.needs[self.table].outputs.get("taken", ()):
            why = f"route table {table} had a route to {self.destination} before this stack, which is left alone"
            raise StepFailed(why, "take one of the two away (in the table or in the stack file), then resume")
        return {
            "RouteTableId": table,
            "DestinationCidrBlock": self.destination,
            self.target_parameter: self._wanted(job),
        }

    def _wanted(self, job: Job) -> str:
        return str(job.output(self.target, self.target_output)) if self.target_output else job.id_of(self.target)

    mutable = frozenset(_TARGETS)

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        """Whatever is in our own tables is ours; in others', what we recorded, or asked for just so.

        Of anything else there it matters only as long as nothing was asked for that it was there first.
        """
        known = {record.key: record for record in records if record.key}
        for table in _TABLES.read(look, (), (key.split("|")[0] for key in known)):
            own = look.aws.owner.owns(table.tags or {})
            for key, route in _routes(table):
                ours = own or (key in known and _asked(known[key], route))
                if ours or (key in known and not known[key].request):
                    yield Seen(key, route, None if ours else {}, key=key)

    def create(self, job: Job) -> str:
        job.aws.once.ec2.create_route(**job.record.request)
        return f"{job.id_of(self.table)}|{self.destination}"

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        wanted = self._wanted(job)
        if seen and (found := _target(seen.raw)) != wanted:
            job.aws.clients.ec2.replace_route(**self.request(job))
            job.notes.append(f"{self.destination} pointed at {found or 'nothing'}, now at {wanted}")
        elif seen and seen.raw.get("State") == "blackhole":
            return self._revive(job)
        return Ready()

    def _revive(self, job: Job) -> Pending:
        """Its target had gone, and this run may have brought it back since the look: then it lives by itself."""
        if not job.first and job.once("route in the place of the blackhole"):
            job.aws.clients.ec2.replace_route(**self.request(job))
            job.notes.append(f"{self.destination} was a blackhole, and was put there again")
        return Pending("blackhole")

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        table, destination = seen.id.split("|")
        job.aws.clients.ec2.delete_route(RouteTableId=table, DestinationCidrBlock=destination)


def _routes(table: Seen) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each with its key; those that AWS or another service put there are none of ours."""
    for route in table.raw.get("Routes", ()):
        if route.get("Origin") == "CreateRoute" and "DestinationCidrBlock" in route:
            yield f"{table.id}|{route['DestinationCidrBlock']}", route


def _target(route: Mapping[str, Any]) -> str | None:
    return next((route[name] for name in _TARGETS if route.get(name)), None)


def _asked(record: Record, route: Mapping[str, Any]) -> bool:
    return record.id is not None or _target(record.request) == _target(route)


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
