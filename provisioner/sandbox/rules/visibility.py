"""Eventual consistency: some of what is young is not there yet for whoever looks, or names it in a call.

In a realistic profile one fresh thing in seven is missed once to three times; under the fault `invisible` all are
missed that are younger than it says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before


@dataclass(frozen=True)
class Kind:
    """How one kind of thing is created, listed and missed. `made` and `listed` are paths into answers."""

    service: str
    create: str
    made: str  # to the id
    code: str
    text: str  # of the error, with the id at {}
    listing: str = ""
    listed: str = ""
    id: str = ""  # the member of a listed thing that holds its id
    status: int = 400


def _ec2(create: str, made: str, code: str, noun: str, listing: str, listed: str) -> Kind:
    text = f"The {noun} '{{}}' does not exist"
    return Kind("ec2", create, made, code, text, listing, listed, made.rpartition(".")[2])


KINDS = (
    _ec2("CreateVpc", "Vpc.VpcId", "InvalidVpcID.NotFound", "vpc ID", "DescribeVpcs", "Vpcs"),
    _ec2("CreateSubnet", "Subnet.SubnetId", "InvalidSubnetID.NotFound", "subnet ID", "DescribeSubnets", "Subnets"),
    _ec2(
        "CreateInternetGateway",
        "InternetGateway.InternetGatewayId",
        "InvalidInternetGatewayID.NotFound",
        "internetGateway ID",
        "DescribeInternetGateways",
        "InternetGateways",
    ),
    _ec2(
        "CreateSecurityGroup",
        "GroupId",
        "InvalidGroup.NotFound",
        "security group",
        "DescribeSecurityGroups",
        "SecurityGroups",
    ),
    _ec2(
        "CreateRouteTable",
        "RouteTable.RouteTableId",
        "InvalidRouteTableID.NotFound",
        "routeTable ID",
        "DescribeRouteTables",
        "RouteTables",
    ),
    _ec2(
        "AllocateAddress",
        "AllocationId",
        "InvalidAllocationID.NotFound",
        "allocation ID",
        "DescribeAddresses",
        "Addresses",
    ),
    _ec2(
        "CreateNatGateway",
        "NatGateway.NatGatewayId",
        "NatGatewayNotFound",
        "natGateway ID",
        "DescribeNatGateways",
        "NatGateways",
    ),
    _ec2(
        "CreateVpcEndpoint",
        "VpcEndpoint.VpcEndpointId",
        "InvalidVpcEndpointId.NotFound",
        "Vpc Endpoint Id",
        "DescribeVpcEndpoints",
        "VpcEndpoints",
    ),
    _ec2(
        "CreateTransitGatewayVpcAttachment",
        "TransitGatewayVpcAttachment.TransitGatewayAttachmentId",
        "InvalidTransitGatewayAttachmentID.NotFound",
        "transit gateway attachment",
        "DescribeTransitGatewayVpcAttachments",
        "TransitGatewayVpcAttachments",
    ),
    Kind(
        "elbv2",
        "CreateLoadBalancer",
        "LoadBalancers.0.LoadBalancerArn",
        "LoadBalancerNotFound",
        "One or more load balancers not found",
        "DescribeLoadBalancers",
        "LoadBalancers",
        "LoadBalancerArn",
    ),
    Kind(
        "elbv2",
        "CreateTargetGroup",
        "TargetGroups.0.TargetGroupArn",
        "TargetGroupNotFound",
        "One or more target groups not found",
        "DescribeTargetGroups",
        "TargetGroups",
        "TargetGroupArn",
    ),
    Kind(
        "iam",
        "CreateRole",
        "Role.RoleName",
        "NoSuchEntity",
        "The role with name {} cannot be found.",
        "ListRoles",
        "Roles",
        "RoleName",
        404,
    ),
    Kind(
        "lambda",
        "CreateFunction",
        "FunctionName",
        "ResourceNotFoundException",
        "Function not found: {}",
        "ListFunctions",
        "Functions",
        "FunctionName",
        404,
    ),
    Kind(
        "acm",
        "RequestCertificate",
        "CertificateArn",
        "ResourceNotFoundException",
        "Could not find certificate {}.",
        "ListCertificates",
        "CertificateSummaryList",
        "CertificateArn",
    ),
)
_SOURCE = (
    "EC2 Developer Guide: eventual consistency; IAM User Guide; terraform-provider-aws: propagation time-outs"
)
_LONGEST = 30.0
"""Seconds of AWS's after which everything is seen. From memory of peers' patience."""
# A filter by an id that is not there gives an empty list, not an error; tokens and tags are no ids.
_NO_USE = frozenset({"Filters", "Filter", "ClientToken", "TagSpecifications", "Tags"})


@dataclass
class Young:
    """A fresh thing: since when it is there, and how often it will be missed."""

    kind: Kind
    born: float
    misses: int


class Births:
    """What is young, or was, by id."""

    def __init__(self) -> None:
        self.young: dict[str, Young] = {}


def _is_young(kind: Kind) -> Any:
    def note(call: Call, answer: Answer) -> None:
        made = _at(answer, kind.made)
        late = call.world.latencies.lag("consistency.ec2" if kind.service == "ec2" else "consistency.others")
        misses = call.world.latencies.chance("misses").randint(1, 3) if late else 0
        births = call.ledger(Births).young
        births.setdefault(made, Young(kind, call.world.clock.now(), misses))

    note.__doc__ = "A fresh one may be missed at first."
    note.__name__ = "is_young_at_first"
    return note


for _kind in KINDS:
    after(_kind.service, _kind.create, source=_SOURCE)(_is_young(_kind))


@before("*", "*", source=_SOURCE)
def young_ids_are_unknown(call: Call) -> None:
    """The kind's NotFound code for any use of an id that is too young to be known everywhere."""
    hidden = _hidden(call)
    for value in _strings(call.parameters) if hidden else ():
        young = hidden.get(value)
        if young is not None and call.action != young.kind.create:
            young.misses -= 1
            raise Refusal(young.kind.code, young.kind.text.format(value), young.kind.status)


def _some_are_hidden(call: Call) -> bool:
    return bool(_hidden(call))


@after("*", *{kind.listing for kind in KINDS}, when=_some_are_hidden, source=_SOURCE)
def young_things_are_not_listed(call: Call, answer: Answer) -> None:
    """What is too young is left out of lists."""
    hidden = _hidden(call)
    kind = next(kind for kind in KINDS if (kind.service, kind.listing) == (call.service, call.action))
    missed = [item[kind.id] for item in answer.get(kind.listed, ()) if item.get(kind.id) in hidden]
    for name in missed:
        hidden[name].misses -= 1
    answer[kind.listed] = [item for item in answer.get(kind.listed, ()) if item.get(kind.id) not in missed]


def _hidden(call: Call) -> dict[str, Young]:
    """What of this service is too young to be seen, by id."""
    young = call.ledger(Births).young
    if not young:
        return {}
    demanded = call.world.faults.youngest_usable("invisible", call.service)
    now, longest = call.world.clock.now(), call.world.latencies.scaled(_LONGEST)

    def unseen(item: Young) -> bool:
        age = now - item.born
        return age < demanded or (item.misses > 0 and age < longest)

    return {name: item for name, item in young.items() if item.kind.service == call.service and unseen(item)}


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from () if key in _NO_USE else _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _at(answer: Any, path: str) -> Any:
    for part in path.split("."):
        answer = answer[int(part)] if part.isdigit() else answer[part]
    return answer
