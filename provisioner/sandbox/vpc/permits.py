"""The rules of security groups: what they may say, when two are the same, and how they are told."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupRule

from provisioner.sandbox.refusal import Refusal

CHARACTERS = r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]"
INVALID = "InvalidParameterValue"
_LONGEST = 255
_PORTS = 65535
_PROTOCOLS = {"tcp": "tcp", "6": "tcp", "udp": "udp", "17": "udp", "icmp": "icmp", "1": "icmp"}
_MORE_PROTOCOLS = {"icmpv6": "icmpv6", "58": "icmpv6", "all": "-1", "-1": "-1"}
_BAD_DESCRIPTION = (
    "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: "
    "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
)


class Permit(SecurityGroupRule):
    """One with a description whatever it speaks of."""

    described: str | None = None

    @property
    def description(self) -> str | None:
        return self.described

    @property
    def group_owner_id(self) -> str:
        return self.owner_id


Key = tuple[str, ...]


def key(rule: SecurityGroupRule) -> Key:
    """What a rule says; two that say the same are one."""
    group = (rule.referenced_group_info or {}).get("GroupId", "")
    peer = (rule.cidr_ipv4, rule.cidr_ipv6, group, rule.prefix_list_id)
    return tuple(str(part or "") for part in (rule.ip_protocol, _port(rule.from_port), _port(rule.to_port), *peer))


def read(ec2: EC2Backend, group: SecurityGroup, asked: Mapping[str, Any], *, egress: bool) -> list[Permit]:
    """The rules that the parameters of a call describe; Refusal for what cannot be one."""
    made: list[Permit] = []
    for permission in asked.get("IpPermissions") or [_single(asked)]:
        protocol, low, high = _ports(permission)
        before = len(made)
        for peer in _peers(ec2, group, permission):
            made.append(_permit(ec2, group, (protocol, low, high), peer, egress))
        if len(made) == before:
            message = "A CIDR block, a security group ID or a prefix list has to be specified."
            raise Refusal(INVALID, message)
    keys = [key(rule) for rule in made]
    if len(set(keys)) < len(keys):
        raise Refusal(INVALID, "The same permission must not appear multiple times")
    return made


def told(rule: SecurityGroupRule) -> dict[str, Any]:
    """As AWS tells it."""
    reference = rule.referenced_group_info
    ports = {"FromPort": _port(rule.from_port), "ToPort": _port(rule.to_port)}
    peer = {
        "CidrIpv4": rule.cidr_ipv4,
        "CidrIpv6": rule.cidr_ipv6,
        "PrefixListId": rule.prefix_list_id,
        "ReferencedGroupInfo": {"GroupId": reference["GroupId"], "UserId": rule.owner_id} if reference else None,
        "Description": rule.description,
    }
    return {
        "SecurityGroupRuleId": rule.id,
        "GroupId": rule.group_id,
        "GroupOwnerId": rule.owner_id,
        "IsEgress": rule.is_egress,
        "IpProtocol": rule.ip_protocol,
        **ports,
        **{name: value for name, value in peer.items() if value},
        "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in rule.get_tags()],
    }


def describe(rule: SecurityGroupRule, description: str | None) -> None:
    """Give a rule another description, in every list in which it is told."""
    check_description(description)
    if isinstance(rule, Permit):
        rule.described = description
    for place in (rule.ip_range, rule.source_group):
        place.pop("Description", None)
        if place and description:
            place["Description"] = description


def check_description(description: str | None) -> None:
    if description and not re.fullmatch(f"{CHARACTERS}{{0,{_LONGEST}}}", description):
        raise Refusal(INVALID, _BAD_DESCRIPTION)


def shown(rule: SecurityGroupRule) -> str:
    """As AWS's messages speak of one."""
    reference = (rule.referenced_group_info or {}).get("GroupId")
    peer = rule.cidr_ipv4 or rule.cidr_ipv6 or reference or rule.prefix_list_id
    protocol = "ALL" if rule.ip_protocol == "-1" else str(rule.ip_protocol).upper()
    ports = "" if rule.from_port is None else f", from port: {rule.from_port}, to port: {rule.to_port}"
    return f'"peer: {peer}, {protocol}{ports}, ALLOW"'


def _port(port: Any) -> int:
    return -1 if port is None else int(port)


def _single(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The one permission that a call has in parameters of its own."""
    ranges = {"IpRanges": "CidrIp", "Ipv6Ranges": "CidrIpv6"}
    listed = {several: [{one: asked[one]}] for several, one in ranges.items() if one in asked}
    names = ("IpProtocol", "FromPort", "ToPort")
    source = asked.get("SourceSecurityGroupName")
    groups = {"UserIdGroupPairs": [{"GroupName": source}]} if source else {}
    return {**{name: asked[name] for name in names if name in asked}, **listed, **groups}


def _ports(permission: Mapping[str, Any]) -> tuple[str, Any, Any]:
    """Protocol and ports, none for those that have none."""
    given = str(permission.get("IpProtocol", "")).lower()
    protocol = {**_PROTOCOLS, **_MORE_PROTOCOLS}.get(given, given)
    low, high = permission.get("FromPort"), permission.get("ToPort")
    if protocol in ("tcp", "udp"):
        _check_ports(low, high)
        return protocol, low, high
    if protocol in ("icmp", "icmpv6"):
        return protocol, -1 if low is None else low, -1 if high is None else high
    if protocol != "-1" and not (protocol.isdigit() and int(protocol) <= _PROTOCOL):
        raise Refusal(INVALID, f"Invalid value '{given}' for IP protocol. Unknown protocol.")
    return protocol, None if protocol == "-1" else -1, None if protocol == "-1" else -1


_PROTOCOL = 255


def _check_ports(low: Any, high: Any) -> None:
    if low is None or high is None:
        raise Refusal(INVALID, "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.")
    for port in (low, high):
        if not 0 <= port <= _PORTS:
            raise Refusal(INVALID, f"TCP/UDP port ({port}) out of range")
    if low > high:
        raise Refusal(INVALID, f"Invalid TCP/UDP port range ({low}:{high})")


def _peers(ec2: EC2Backend, group: SecurityGroup, permission: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each with what it speaks of, under moto's names, and its description."""
    for several, name, kind in (
        ("IpRanges", "CidrIp", ipaddress.IPv4Network),
        ("Ipv6Ranges", "CidrIpv6", ipaddress.IPv6Network),
    ):
        for one in permission.get(several, ()):
            yield {"ip_range": {**one, name: _range(one[name], kind)}, "described": one.get("Description")}
    for one in permission.get("UserIdGroupPairs", ()):
        found = _referenced(ec2, group, one)
        pair = {**one, "GroupId": found.id, "UserId": found.owner_id, "OwnerId": found.owner_id}
        pair.pop("GroupName", None)
        yield {"source_group": pair, "described": one.get("Description")}
    for one in permission.get("PrefixListIds", ()):
        name = one["PrefixListId"]
        if name not in ec2.managed_prefix_lists:
            raise Refusal("InvalidPrefixListID.NotFound", f"The prefix list ID '{name}' does not exist")
        yield {"prefix_list_id": one, "described": one.get("Description")}


def _range(cidr: str, kind: type[ipaddress.IPv4Network] | type[ipaddress.IPv6Network]) -> str:
    try:
        return str(kind(cidr, strict=False))
    except ValueError:
        raise Refusal(INVALID, f"CIDR block {cidr} is malformed") from None


def _referenced(ec2: EC2Backend, group: SecurityGroup, pair: Mapping[str, Any]) -> SecurityGroup:
    name = pair.get("GroupId") or pair.get("GroupName", "")
    found = ec2.get_security_group_by_name_or_id(name, group.vpc_id)
    if found is None:
        raise Refusal("InvalidGroup.NotFound", f"The security group '{name}' does not exist")
    if found.vpc_id != group.vpc_id:
        message = "You have specified two resources that belong to different networks."
        raise Refusal("InvalidGroup.NotFound", message)
    return found


def _permit(
    ec2: EC2Backend, group: SecurityGroup, ports: tuple[str, Any, Any], peer: dict[str, Any], egress: bool
) -> Permit:
    described = peer.pop("described")
    check_description(described)
    protocol, low, high = ports
    peer.setdefault("ip_range", None)
    made = Permit(ec2, protocol, group.id, low, high, is_egress=egress, **peer)
    made.described = described
    return made
