"""Networks that are there before the stack: VPCs, subnets and route tables of the user's own, only ever read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from ipaddress import IPv4Network
from typing import Any, ClassVar, Literal

from state.record import Record
from steps.aws import networks
from steps.aws.context import Aws, Look
from steps.aws.listing import describe
from steps.base import Job, Pending, Ready, Seen
from steps.observed import Existing

_CHECK = "correct it in the stack file; is it the right account and region?"


@dataclass(frozen=True, kw_only=True)
class _Listed(Existing):
    """One that EC2 lists by id."""

    family = "network"
    listing: ClassVar[tuple[str, str, str, str]]
    """The operation, where its answer holds the items, what is their id, and which filter takes it."""

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        operation, items, name, id_filter = cls.listing
        given = sorted({record.key for record in records if record.key})
        for raw in describe(look, operation, items, {id_filter: given}) if given else ():
            yield Seen(raw[name], raw, key=raw[name])

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        state = seen.raw.get("State", "available") if seen else "unseen"
        return Ready(self._told(job, seen.raw)) if seen and state == "available" else Pending(state)

    def _told(self, job: Job, raw: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class ExistingVpc(_Listed):
    """Outputs: `cidr`, the block that it was made with, and `cidrs`, all of them."""

    kind = "existing_vpc"
    noun = "VPC"
    listing = ("describe_vpcs", "Vpcs", "VpcId", "vpc-id")

    def _told(self, job: Job, raw: Mapping[str, Any]) -> dict[str, Any]:
        return {"cidr": raw["CidrBlock"], "cidrs": networks.cidrs(raw)}


@dataclass(frozen=True, kw_only=True)
class ExistingSubnet(_Listed):
    """Outputs: `cidr` and `zone`."""

    kind = "existing_subnet"
    noun = "subnet"
    listing = ("describe_subnets", "Subnets", "SubnetId", "subnet-id")

    def _told(self, job: Job, raw: Mapping[str, Any]) -> dict[str, Any]:
        return {"cidr": raw["CidrBlock"], "zone": raw["AvailabilityZone"]}


@dataclass(frozen=True, kw_only=True)
class ExistingRouteTable(_Listed):
    """Output `taken`: to where it has routes since before this stack first saw it, which are not the stack's."""

    kind = "existing_route_table"
    noun = "route table"
    listing = ("describe_route_tables", "RouteTables", "RouteTableId", "route-table-id")

    def _told(self, job: Job, raw: Mapping[str, Any]) -> dict[str, Any]:
        found = networks.destinations(raw)
        former = job.record.outputs.get("taken", found)
        return {"taken": [destination for destination in found if destination in former]}


class Unfit(Exception):
    """The network that the user names cannot be used. `problems`: which setting, what is wrong, what to do."""

    def __init__(self, problems: Sequence[tuple[str, str, str]]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{key}: {what}" for key, what, _ in problems))


@dataclass(frozen=True)
class Wanted:
    """What the user names: ids, or else tags, all of them. In values `*` and `?` stand for anything, as in EC2."""

    ids: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def named(self) -> bool:
        return bool(self.ids or self.tags)

    def filters(self, id_filter: str) -> dict[str, Sequence[str]]:
        if self.ids:
            return {id_filter: self.ids}
        return {f"tag:{key}": [value] for key, value in self.tags.items()}

    def __str__(self) -> str:
        return ", ".join(self.ids or (f"{key}={value}" for key, value in self.tags.items()))


@dataclass(frozen=True)
class FoundSubnet:
    id: str
    zone: str
    cidr: str
    route_table: str
    """The one that it uses, by itself or because it is the VPC's main one."""
    public: bool
    """Whether that has a default route to an internet gateway."""
    outward: bool
    """Whether that has any default route that is not a blackhole."""
    routes: tuple[str, ...] = ()
    """To where that has routes already, but for the VPC itself."""


@dataclass(frozen=True)
class FoundNetwork:
    """What of the user's network the stack uses; subnets in the order of their zones, one a zone."""

    vpc: str
    cidrs: tuple[str, ...]
    dns_support: bool
    dns_hostnames: bool
    private: tuple[FoundSubnet, ...]
    public: tuple[FoundSubnet, ...]
    passed_over: tuple[str, ...] = ()
    """Which subnets with the tags were not chosen, and why."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> FoundNetwork:
        """The network that `to_json` told, also after a way through JSON."""
        subnets = {
            tier: tuple(FoundSubnet(**{**one, "routes": tuple(one["routes"])}) for one in told[tier])
            for tier in ("private", "public")
        }
        lists = {name: tuple(told[name]) for name in ("cidrs", "passed_over")}
        return cls(**{**told, **subnets, **lists})


def find_network(aws: Aws, vpc: Wanted, private: Wanted, public: Wanted) -> FoundNetwork:
    """The VPC and the subnets that the user names, in seven reads at most; nothing is changed.

    Where neither ids nor tags of subnets are given there are none of that sort. Raises Unfit.
    """
    look = Look(aws)
    found = _vpc(look, vpc)
    tables = list(describe(look, "describe_route_tables", "RouteTables", {"vpc-id": [found["VpcId"]]}))
    tiers = {"private_subnets": private, "public_subnets": public}
    choices = {key: _choose(look, found["VpcId"], key, wanted) for key, wanted in tiers.items() if wanted.named}
    if problems := [problem for choice in choices.values() for problem in choice.problems]:
        raise Unfit(problems)
    chosen = {
        key: tuple(_subnet(raw, tables) for raw in choices[key].chosen) if key in choices else () for key in tiers
    }
    return FoundNetwork(
        found["VpcId"],
        tuple(networks.cidrs(found)),
        _attribute(aws, found["VpcId"], "enableDnsSupport"),
        _attribute(aws, found["VpcId"], "enableDnsHostnames"),
        chosen["private_subnets"],
        chosen["public_subnets"],
        tuple(text for choice in choices.values() for text in choice.passed_over),
    )


def _vpc(look: Look, wanted: Wanted) -> Mapping[str, Any]:
    if not wanted.named:
        raise Unfit([("vpc", "no VPC is named", "give its id or its tags")])
    found = list(describe(look, "describe_vpcs", "Vpcs", wanted.filters("vpc-id")))
    if len(found) == 1:
        return found[0]
    if not found:
        raise Unfit(
            [("vpc", f"there is no VPC {wanted} in {look.aws.region} of account {look.aws.account}", _CHECK)]
        )
    ids = ", ".join(sorted(raw["VpcId"] for raw in found))
    raise Unfit([("vpc", f"{len(found)} VPCs are meant by {wanted}: {ids}", "name one of them by its id")])


@dataclass(frozen=True)
class _Choice:
    chosen: Sequence[Mapping[str, Any]]
    passed_over: Sequence[str]
    problems: Sequence[tuple[str, str, str]]


def _choose(look: Look, vpc: str, key: str, wanted: Wanted) -> _Choice:
    """One subnet a zone, which is what a load balancer takes: exactly one."""
    # Not only those of the VPC where there are ids: it shall be told that one is of another.
    within = {} if wanted.ids else {"vpc-id": [vpc]}
    filters = {**wanted.filters("subnet-id"), **within}
    zones: dict[str, list[Mapping[str, Any]]] = {}
    told = describe(look, "describe_subnets", "Subnets", filters)
    found = sorted((raw for raw in told if raw.get("CidrBlock")), key=_place)
    for raw in found:
        zones.setdefault(raw["AvailabilityZone"], []).append(raw)
    problems = list(_strange(key, wanted, vpc, found))
    if wanted.ids:
        problems += [_doubled(key, zone, subnets) for zone, subnets in zones.items() if len(subnets) > 1]
    over = [_passed(subnets[0], other) for subnets in zones.values() for other in subnets[1:]]
    return _Choice([subnets[0] for subnets in zones.values()], over, problems)


def _place(subnet: Mapping[str, Any]) -> tuple[str, IPv4Network]:
    return subnet["AvailabilityZone"], IPv4Network(subnet["CidrBlock"])


def _strange(
    key: str, wanted: Wanted, vpc: str, found: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, str, str]]:
    """What is not there, or is elsewhere."""
    of = {raw["SubnetId"]: raw["VpcId"] for raw in found}
    for name in dict.fromkeys(wanted.ids):
        if name not in of:
            yield key, f"there is no subnet {name} with IPv4 addresses", _CHECK
        elif of[name] != vpc:
            yield key, f"subnet {name} is in {of[name]}, not in {vpc}", f"name subnets of {vpc}"
    if not wanted.ids and not found:
        yield (
            key,
            f"no subnet of {vpc} has the tags {wanted}",
            "correct the tags, or name subnets by their ids",
        )


def _doubled(key: str, zone: str, subnets: Sequence[Mapping[str, Any]]) -> tuple[str, str, str]:
    ids = " and ".join(raw["SubnetId"] for raw in subnets)
    return key, f"{ids} are both in {zone}", "name one subnet a zone: a load balancer takes exactly one"


def _passed(chosen: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    told = f"{other['SubnetId']} ({other['CidrBlock']}, {other['AvailabilityZone']})"
    return f"{told} has the tags too; one subnet a zone is used, {chosen['SubnetId']} ({chosen['CidrBlock']})"


def _subnet(raw: Mapping[str, Any], tables: Sequence[Mapping[str, Any]]) -> FoundSubnet:
    table = networks.table_of(raw["SubnetId"], tables)
    ways = networks.default_routes(table)
    return FoundSubnet(
        raw["SubnetId"],
        raw["AvailabilityZone"],
        raw["CidrBlock"],
        table["RouteTableId"],
        any(way.get("GatewayId", "").startswith("igw-") for way in ways),
        bool(ways),
        tuple(networks.destinations(table)),
    )


def _attribute(aws: Aws, vpc: str, name: Literal["enableDnsSupport", "enableDnsHostnames"]) -> bool:
    answer: Mapping[str, Any] = aws.clients.ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)
    return bool(answer[name[0].upper() + name[1:]]["Value"])
