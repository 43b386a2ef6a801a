"""EC2's eventual consistency: under the fault `invisible`, what is young is not there yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before


@dataclass(frozen=True)
class Kind:
    """How one kind of thing is created, listed and missed."""

    create: str
    answer: str | None  # the member of the create answer that holds it, None if the answer itself does
    listing: str
    listed: str
    id: str
    code: str
    text: str


_KINDS = (
    Kind("CreateVpc", "Vpc", "DescribeVpcs", "Vpcs", "VpcId", "InvalidVpcID.NotFound", "vpc ID"),
    Kind(
        "CreateSubnet",
        "Subnet",
        "DescribeSubnets",
        "Subnets",
        "SubnetId",
        "InvalidSubnetID.NotFound",
        "subnet ID",
    ),
    Kind(
        "CreateInternetGateway",
        "InternetGateway",
        "DescribeInternetGateways",
        "InternetGateways",
        "InternetGatewayId",
        "InvalidInternetGatewayID.NotFound",
        "internetGateway ID",
    ),
    Kind(
        "CreateSecurityGroup",
        None,
        "DescribeSecurityGroups",
        "SecurityGroups",
        "GroupId",
        "InvalidGroup.NotFound",
        "security group",
    ),
    Kind(
        "CreateRouteTable",
        "RouteTable",
        "DescribeRouteTables",
        "RouteTables",
        "RouteTableId",
        "InvalidRouteTableID.NotFound",
        "routeTable ID",
    ),
    Kind(
        "AllocateAddress",
        None,
        "DescribeAddresses",
        "Addresses",
        "AllocationId",
        "InvalidAllocationID.NotFound",
        "allocation ID",
    ),
    Kind(
        "CreateNatGateway",
        "NatGateway",
        "DescribeNatGateways",
        "NatGateways",
        "NatGatewayId",
        "NatGatewayNotFound",
        "natGateway ID",
    ),
)
_BY_CREATE: Mapping[str, Kind] = {kind.create: kind for kind in _KINDS}
_BY_LISTING: Mapping[str, Kind] = {kind.listing: kind for kind in _KINDS}
# A filter by an id that is not there gives an empty list, not an error; tokens and tags are no ids.
_NO_USE = frozenset({"Filters", "Filter", "ClientToken", "TagSpecifications"})


class Births:
    """When each thing was created, by id."""

    def __init__(self) -> None:
        self.at: dict[str, tuple[float, Kind]] = {}


@after("ec2", *_BY_CREATE, source="EC2 API Reference: eventual consistency")
def is_young(call: Call, answer: Answer) -> None:
    """Note when it was created."""
    kind = _BY_CREATE[call.action]
    made = answer if kind.answer is None else answer[kind.answer]
    call.ledger(Births).at.setdefault(made[kind.id], (call.world.clock.now(), kind))


@before("ec2", "*", source="EC2 API Reference: eventual consistency")
def young_ids_are_unknown(call: Call) -> None:
    """The kind's NotFound code for any use of an id that is too young."""
    hidden = _hidden(call)
    for value in _strings(call.parameters) if hidden else ():
        if kind := hidden.get(value):
            raise Refusal(kind.code, f"The {kind.text} '{value}' does not exist")


def _some_are_hidden(call: Call) -> bool:
    return bool(_hidden(call))


@after("ec2", *_BY_LISTING, when=_some_are_hidden, source="EC2 API Reference: eventual consistency")
def young_things_are_not_listed(call: Call, answer: Answer) -> None:
    """Leave them out."""
    kind, hidden = _BY_LISTING[call.action], _hidden(call)
    answer[kind.listed] = [item for item in answer[kind.listed] if item.get(kind.id) not in hidden]


def _hidden(call: Call) -> dict[str, Kind]:
    """What is too young to be seen, by id."""
    age = call.world.faults.youngest_usable("invisible", call.service)
    if not age:
        return {}
    now = call.world.clock.now()
    return {key: kind for key, (born, kind) in call.ledger(Births).at.items() if now - born < age}


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from () if key in _NO_USE else _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
