"""Security groups, which know connections, and network ACLs, which know packets only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.network_acls import NetworkAcl, NetworkAclEntry
from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupRule

from provisioner.sandbox.network import ranges, services

EPHEMERAL = (1024, 65535)
"""The ports at which clients wait for answers: NAT gateways, load balancers and functions use all of these."""
_TCP = ("tcp", "6", "-1")
_UNFILTERED = ("nat_gateway", "transit_gateway")
_LAST = 32767  # the number of the entry that is told as `*`


@dataclass(frozen=True)
class Peer:
    """The other side as a security group sees it: its address, and its groups if it is in the same VPC."""

    address: str
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Ruling:
    """What a firewall says, and which entry of it."""

    passes: bool
    why: str


def groups_of(interface: NetworkInterface) -> list[SecurityGroup]:
    return list(interface.group_set)


def is_filtered(interface: NetworkInterface) -> bool:
    """Whether security groups are asked at all: not at gateways, nor at network load balancers that have none."""
    if interface.interface_type in _UNFILTERED:
        return False
    return bool(groups_of(interface)) or not interface.description.startswith("ELB net/")


def lets_out(ec2: EC2Backend, interface: NetworkInterface, peer: Peer, port: int) -> Ruling:
    """What the security groups of an interface say of a connection that it makes."""
    rules = [rule for group in groups_of(interface) for rule in group.egress_rules]
    return _ruled(ec2, interface, rules, peer, port, "out to")


def lets_in(ec2: EC2Backend, interface: NetworkInterface, peer: Peer, port: int) -> Ruling:
    """What the security groups of an interface say of a connection that is made to it."""
    rules = [rule for group in groups_of(interface) for rule in group.ingress_rules]
    return _ruled(ec2, interface, rules, peer, port, "in from")


def _ruled(
    ec2: EC2Backend,
    interface: NetworkInterface,
    rules: Iterable[SecurityGroupRule],
    peer: Peer,
    port: int,
    way: str,
) -> Ruling:
    if not is_filtered(interface):
        return Ruling(True, f"{interface.id} has no security groups")
    for rule in rules:
        if _is_for(rule, port) and (matched := _matched(ec2, rule, peer)):
            return Ruling(True, f"rule {rule.id} of {rule.group_id} lets tcp {port} {way} {matched}")
    names = ", ".join(group.id for group in groups_of(interface)) or "no group"
    return Ruling(False, f"no rule of {names} at {interface.id} lets tcp {port} {way} {peer.address}")


def _is_for(rule: SecurityGroupRule, port: int) -> bool:
    if rule.ip_protocol not in _TCP:
        return False
    # All ports where none are named, as in rules for every protocol.
    if rule.ip_protocol == "-1" or rule.from_port is None or rule.to_port is None:
        return True
    return int(rule.from_port) <= port <= int(rule.to_port)


def _matched(ec2: EC2Backend, rule: SecurityGroupRule, peer: Peer) -> str:
    """By what a rule speaks of the peer, nothing if it does not."""
    if rule.cidr_ipv4 and ranges.contains(rule.cidr_ipv4, peer.address):
        return rule.cidr_ipv4
    group = (rule.referenced_group_info or {}).get("GroupId", "")
    if group in peer.groups:
        return group
    if rule.prefix_list_id:
        listed = services.cidrs(ec2.managed_prefix_lists.get(rule.prefix_list_id))
        if any(ranges.contains(cidr, peer.address) for cidr in listed if "." in cidr):
            return str(rule.prefix_list_id)
    return ""


def lets_pass(ec2: EC2Backend, subnet: str, *, egress: bool, peer: str, ports: tuple[int, int]) -> Ruling:
    """What the network ACL of a subnet says of packets to or from that peer, to any of these destination ports."""
    acl = acl_of(ec2, subnet)
    if acl is None:
        return Ruling(True, f"{subnet} has no network ACL")
    low, high = ports
    shown = f"tcp {low}" if low == high else f"tcp {low}-{high}"
    where = f"{shown} {'out to' if egress else 'in from'} {peer}"
    open_ports, entry = _open_ports(_entries(acl, egress=egress, peer=peer), ports)
    if open_ports == [ports]:
        return Ruling(True, f"{acl.id} lets {where}")
    if entry is None:
        return Ruling(False, f"no entry of {acl.id} lets {where}")
    some = " for all of these ports" if open_ports else ""
    return Ruling(False, f"entry {_number(entry)} of {acl.id} does not let {where}{some}")


def acl_of(ec2: EC2Backend, subnet: str) -> NetworkAcl | None:
    """The network ACL with which a subnet is associated."""
    for acl in ec2.network_acls.values():
        if any(one.subnet_id == subnet for one in acl.associations):
            return acl
    return None


def _number(entry: NetworkAclEntry) -> str:
    return "*" if int(entry.rule_number) == _LAST else str(entry.rule_number)


def _entries(acl: NetworkAcl, *, egress: bool, peer: str) -> Iterator[NetworkAclEntry]:
    """Those that speak of this direction and peer, in the order in which they are asked."""
    for entry in sorted(acl.network_acl_entries, key=lambda one: int(one.rule_number)):
        ours = _as_bool(entry.egress) is egress and str(entry.protocol) in _TCP
        if ours and entry.cidr_block and ranges.contains(entry.cidr_block, peer):
            yield entry


def _open_ports(
    entries: Iterable[NetworkAclEntry], ports: tuple[int, int]
) -> tuple[list[tuple[int, int]], NetworkAclEntry | None]:
    """Which of these ports are let through, joined where they touch, and the first entry that denies one."""
    left: Collection[tuple[int, int]] = [ports]
    passed: list[tuple[int, int]] = []
    denier: NetworkAclEntry | None = None
    for entry in entries:
        span = _span(entry)
        hit = [(max(low, span[0]), min(high, span[1])) for low, high in left]
        hit = [(low, high) for low, high in hit if low <= high]
        if entry.rule_action == "allow":
            passed += hit
        elif hit and denier is None:
            denier = entry
        left = [piece for part in left for piece in _without(part, span)]
    return _joined(passed), denier


def _span(entry: NetworkAclEntry) -> tuple[int, int]:
    """The ports of an entry: all, unless it is for TCP and names some."""
    if str(entry.protocol) == "-1" or entry.port_range_from is None or entry.port_range_to is None:
        return 0, 65535
    return int(entry.port_range_from), int(entry.port_range_to)


def _without(part: tuple[int, int], span: tuple[int, int]) -> list[tuple[int, int]]:
    pieces = [(part[0], min(part[1], span[0] - 1)), (max(part[0], span[1] + 1), part[1])]
    return [(low, high) for low, high in pieces if low <= high]


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for low, high in sorted(spans):
        if joined and joined[-1][1] + 1 >= low:
            joined[-1] = joined[-1][0], max(joined[-1][1], high)
        else:
            joined.append((low, high))
    return joined


def _as_bool(value: object) -> bool:
    return value is True or str(value).lower() == "true"
