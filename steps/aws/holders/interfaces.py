"""The network interfaces that hold a subnet, a group or an address: whose each is, and how it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from steps.aws.context import Aws, Look
from steps.aws.holders import residents, writings
from steps.aws.holders.holder import Holder, readable, whose
from steps.aws.holders.residents import COMMANDS, DATABASE, INSTANCE, Resident, Residents
from steps.aws.holders.writings import Read
from steps.aws.listing import describe
from steps.aws.owner import mapping

_RELEASED = "Lambda frees it by itself, usually within 20 minutes after the last function that used it"
"""Source: Lambda developer guide, "Giving Lambda functions access to resources in an Amazon VPC"."""
_DELETE = "aws ec2 delete-network-interface --network-interface-id {}"
_LEAVE_VPC = (
    "aws lambda update-function-configuration --function-name {} --vpc-config SubnetIds=[],SecurityGroupIds=[]"
)
Raw = Mapping[str, Any]


def holding(aws: Aws, name: str, value: str) -> list[Holder]:
    """Those that a filter of DescribeNetworkInterfaces finds; none where the caller may not see them."""
    return told(aws, found(Look(aws), name, value))


def found(look: Look, name: str, value: str) -> list[Raw]:
    filters = {name: [value]}
    return readable(lambda: describe(look, "describe_network_interfaces", "NetworkInterfaces", filters)) or []


def told(aws: Aws, interfaces: Iterable[Raw]) -> list[Holder]:
    """Each with what its owner tells: a read a kind of owner, and only of the kinds that there are."""
    owners: dict[str, Residents] = {}
    return [
        _holder(raw, owners.setdefault(raw["VpcId"], Residents(Look(aws), raw["VpcId"]))) for raw in interfaces
    ]


def plain(raw: Raw) -> bool:
    """Whether it lies about unused, made by a person: no service manages it or has written on it."""
    return (
        raw.get("Status") == "available"
        and raw.get("InterfaceType", "interface") == "interface"
        and not raw.get("RequesterManaged")
        and writings.read(raw) is None
    )


def own(aws: Aws, raw: Raw) -> Holder:
    """One that belongs to nothing."""
    text = f', "{raw["Description"]}"' if raw.get("Description") else ""
    return Holder(
        raw["NetworkInterfaceId"],
        f"unused network interface{text}",
        whose(aws.owner, mapping(raw.get("TagSet", ()))),
        move=_DELETE.format(raw["NetworkInterfaceId"]),
    )


def _holder(raw: Raw, known: Residents) -> Holder:
    if instance := raw.get("Attachment", {}).get("InstanceId"):
        what = f"network interface of EC2 instance {instance}"
        return _of_resident(raw, known, INSTANCE, instance, what, writings.MINUTES)
    if read := writings.read(raw):
        return _TOLD.get(read.writing.what, _of_service)(raw, read, known)
    return own(known.look.aws, raw) if plain(raw) else _of_unknown(raw, known)


def _of_service(raw: Raw, read: Read, known: Residents) -> Holder:
    writing = read.writing
    if writing.kind:
        return _of_resident(raw, known, writing.kind, _id(read, known.look.aws), read.what, writing.passes)
    holder = _bare(raw, read.what, known)
    return replace(holder, passes=writing.passes, move=writing.move.format(read.id))


def _id(read: Read, aws: Aws) -> str:
    """A load balancer's interfaces bear the end of its ARN."""
    if read.writing.kind != residents.BALANCER:
        return read.id
    return f"arn:{aws.partition}:elasticloadbalancing:{aws.region}:{aws.account}:loadbalancer/{read.id}"


def _of_resident(raw: Raw, known: Residents, kind: str, name: str, what: str, passes: str) -> Holder:
    """`passes` is for an owner that is not there any more, which only who may list its kind can know."""
    listed = known.of(kind)
    one = next((one for one in listed or () if one.id == name), None)
    if one is not None:
        return _like(raw, one, known, f'{what} "{one.name}"' if one.name and one.name not in what else what)
    holder = _bare(raw, what, known)
    if listed is not None and passes:
        return replace(holder, passes=passes)
    return replace(holder, move=COMMANDS[kind].format(name, name))


def _like(raw: Raw, one: Resident, known: Residents, what: str) -> Holder:
    """As its owner."""
    return replace(one.holder(known.look.aws.owner), id=raw["NetworkInterfaceId"], what=what)


def _bare(raw: Raw, what: str, known: Residents) -> Holder:
    """What the interface tells of itself. It has no time of its own but that at which it was attached."""
    tags = mapping(raw.get("TagSet", ()))
    since = raw.get("Attachment", {}).get("AttachTime")
    mine = whose(known.look.aws.owner, tags) if tags else ""
    return Holder(raw["NetworkInterfaceId"], what, mine, since)


def _of_lambda(raw: Raw, read: Read, known: Residents) -> Holder:
    """It is shared by all functions of the same subnets and groups, so its name may be another's.

    Source: awslabs/aws-support-tools, Lambda/FindEniMappings.
    """
    what = f"network interface of Lambda function {read.id}" if read.id else "network interface of Lambda"
    holder = _bare(raw, what, known)
    users = readable(lambda: _users(raw, known.look))
    if not users:
        return replace(holder, passes=_RELEASED)
    return replace(holder, what=f"{what}, used by {', '.join(users)}", move=_LEAVE_VPC.format(users[0]))


def _users(raw: Raw, look: Look) -> list[str]:
    """The functions that are there and have its subnet and its groups."""
    subnet, groups = raw["SubnetId"], {group["GroupId"] for group in raw.get("Groups", ())}
    pages = look.share(
        "functions", lambda: list(look.aws.clients.functions.get_paginator("list_functions").paginate())
    )
    names = []
    for function in (one for page in pages for one in page["Functions"]):
        place = function.get("VpcConfig", {})
        if subnet in place.get("SubnetIds", ()) and set(place.get("SecurityGroupIds", ())) == groups:
            names.append(function["FunctionName"])
    return names


def _of_database(raw: Raw, read: Read, known: Residents) -> Holder:
    """RDS does not write which instance it is: those that have a group of the interface's may be it."""
    groups = {group["GroupId"] for group in raw.get("Groups", ())}
    may = [one for one in known.of(DATABASE) or () if one.groups & groups]
    if len(may) == 1:
        return _like(raw, may[0], known, f"network interface of DB instance {may[0].id}")
    named = f" ({' or '.join(one.id for one in may)})" if may else ""
    holder = _bare(raw, "network interface of RDS", known)
    return replace(holder, move=f"delete the DB instance, cluster or proxy that it belongs to{named}")


def _of_unknown(raw: Raw, known: Residents) -> Holder:
    asked = raw.get("RequesterId")
    who = f" (asked for by {asked})" if asked else ""
    return replace(
        _bare(raw, writings.unknown(raw), known), move=f"delete what it belongs to{who}, which takes it along"
    )


_TOLD: Mapping[str, Callable[[Raw, Read, Residents], Holder]] = {
    writings.LAMBDA: _of_lambda,
    writings.DATABASES: _of_database,
}
