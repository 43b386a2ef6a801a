"""What security groups let through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupRule

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead
from provisioner.sandbox.vpc import permits
from provisioner.sandbox.vpc.permits import INVALID
from provisioner.sandbox.vpc.tagging import specified

_SOURCE = "EC2 API Reference: error codes; the wording: public notes of what clients met"
_MODIFY = "EC2 API Reference: ModifySecurityGroupRules; moto"
_ONE = "The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId"
# What a rule speaks of, and how messages call rules of that kind.
_KINDS = {
    "CidrIpv4": "an existing IPv4 CIDR rule",
    "CidrIpv6": "an existing IPv6 CIDR rule",
    "PrefixListId": "an existing prefix list rule",
    "ReferencedGroupId": "an existing referenced group id rule",
}


@instead("ec2", "AuthorizeSecurityGroupIngress", source=_SOURCE)
def authorize_ingress(call: Call) -> Answer:
    """All rules or none; InvalidPermission.Duplicate for one that is there, InvalidGroup.NotFound for other VPCs'.

    InvalidParameterValue for ports, protocols, ranges and descriptions that do not fit.
    """
    return _authorize(call, egress=False)


@instead("ec2", "AuthorizeSecurityGroupEgress", source=_SOURCE)
def authorize_egress(call: Call) -> Answer:
    """As for ingress."""
    return _authorize(call, egress=True)


@instead("ec2", "RevokeSecurityGroupIngress", source=_SOURCE)
def revoke_ingress(call: Call) -> Answer:
    """All rules or none; InvalidPermission.NotFound, InvalidSecurityGroupRuleId.NotFound for what is not there."""
    return _revoke(call, egress=False)


@instead("ec2", "RevokeSecurityGroupEgress", source=_SOURCE)
def revoke_egress(call: Call) -> Answer:
    """As for ingress."""
    return _revoke(call, egress=True)


@before("ec2", "ModifySecurityGroupRules", source=_MODIFY)
def kind_stays(call: Call) -> None:
    """InvalidParameterValue for a rule that would speak of something of another kind."""
    rules = {rule.id: rule for rule in _rules(_group(call))}
    for change in call.parameters["SecurityGroupRules"]:
        name, wanted = change["SecurityGroupRuleId"], change["SecurityGroupRule"]
        rule = _found(rules, name)
        asked = [kind for kind in _KINDS if wanted.get(kind)]
        if len(asked) != 1:
            message = (
                "The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId"
            )
            raise Refusal("InvalidParameterCombination" if asked else "MissingParameter", message)
        if asked[0] != _kind(rule):
            message = f"Invalid rule type for security group rule '{name}'. You may not specify {asked[0]} for"
            raise Refusal(INVALID, f"{message} {_KINDS[_kind(rule)]}.")


@instead("ec2", "ModifySecurityGroupRules", source=_MODIFY)
def modify(call: Call) -> Answer:
    """All rules or none; they keep their ids."""
    group = _group(call)
    rules = {rule.id: rule for rule in _rules(group)}
    changed = {}
    for change in call.parameters["SecurityGroupRules"]:
        old = rules[change["SecurityGroupRuleId"]]
        (new,) = permits.read(
            group.ec2_backend, group, _permission(change["SecurityGroupRule"]), egress=old.is_egress
        )
        new.id = old.id
        changed[old.id] = new
    for egress in (False, True):
        there = [changed.get(rule.id, rule) for rule in _of(group, egress)]
        _must_be_unique(there)
        _keep(group, there, egress)
    return {"Return": True}


@instead("ec2", "UpdateSecurityGroupRuleDescriptionsIngress", source="EC2 API Reference")
def describe_ingress(call: Call) -> Answer:
    """Another description, or none; InvalidPermission.NotFound for a rule that is not there."""
    return _describe(call, egress=False)


@instead("ec2", "UpdateSecurityGroupRuleDescriptionsEgress", source="EC2 API Reference")
def describe_egress(call: Call) -> Answer:
    """As for ingress."""
    return _describe(call, egress=True)


@after("ec2", "DescribeSecurityGroupRules", source="EC2 API Reference: SecurityGroupRule")
def owners_are_told(call: Call, answer: Answer) -> None:
    """Each with the owner of its group."""
    for rule in answer.get("SecurityGroupRules", ()):
        rule.setdefault("GroupOwnerId", call.account)


def _authorize(call: Call, *, egress: bool) -> Answer:
    group = _group(call)
    made = permits.read(backends.ec2(call), group, call.parameters, egress=egress)
    there = _of(group, egress)
    _must_be_unique([*there, *made])
    _keep(group, [*there, *made], egress)
    for rule in made:
        rule.add_tags(specified(call))
    return {"Return": True, "SecurityGroupRules": [permits.told(rule) for rule in made]}


def _revoke(call: Call, *, egress: bool) -> Answer:
    group = _group(call)
    doomed = {rule.id for rule in _named(call, group, egress)}
    _keep(group, [rule for rule in _of(group, egress) if rule.id not in doomed], egress)
    return {"Return": True}


def _describe(call: Call, *, egress: bool) -> Answer:
    group, asked = _group(call), call.parameters
    if "SecurityGroupRuleDescriptions" in asked:
        rules = {rule.id: rule for rule in _of(group, egress)}
        for one in asked["SecurityGroupRuleDescriptions"]:
            permits.describe(_found(rules, one["SecurityGroupRuleId"]), one.get("Description"))
        return {"Return": True}
    wanted = permits.read(backends.ec2(call), group, asked, egress=egress)
    for rule, new in zip(_named(call, group, egress), wanted, strict=True):
        permits.describe(rule, new.description)
    return {"Return": True}


def _named(call: Call, group: SecurityGroup, egress: bool) -> list[SecurityGroupRule]:
    """The rules that the call speaks of, by their ids or by what they say."""
    rules = _of(group, egress)
    if names := call.parameters.get("SecurityGroupRuleIds"):
        by_id = {rule.id: rule for rule in rules}
        return [_found(by_id, name) for name in names]
    by_key = {permits.key(rule): rule for rule in rules}
    wanted = permits.read(backends.ec2(call), group, call.parameters, egress=egress)
    if any(permits.key(rule) not in by_key for rule in wanted):
        message = "The specified rule does not exist in this security group."
        raise Refusal("InvalidPermission.NotFound", message)
    return [by_key[permits.key(rule)] for rule in wanted]


def _found(rules: Mapping[str, SecurityGroupRule], name: str) -> SecurityGroupRule:
    if name not in rules:
        message = f"The security group rule ID '{name}' does not exist"
        raise Refusal("InvalidSecurityGroupRuleId.NotFound", message)
    return rules[name]


def _must_be_unique(rules: Iterable[SecurityGroupRule]) -> None:
    seen: set[permits.Key] = set()
    for rule in rules:
        if permits.key(rule) in seen:
            raise Refusal(
                "InvalidPermission.Duplicate", f"the specified rule {permits.shown(rule)} already exists"
            )
        seen.add(permits.key(rule))


def _group(call: Call) -> SecurityGroup:
    asked, ec2 = call.parameters, backends.ec2(call)
    name = asked.get("GroupId") or asked.get("GroupName", "")
    found = ec2.get_security_group_by_name_or_id(name, ec2.default_vpc.id)
    if found is None:
        raise Refusal("InvalidGroup.NotFound", f"The security group '{name}' does not exist")
    return found


def _rules(group: SecurityGroup) -> list[SecurityGroupRule]:
    return [*group.ingress_rules, *group.egress_rules]


def _of(group: SecurityGroup, egress: bool) -> list[SecurityGroupRule]:
    return group.egress_rules if egress else group.ingress_rules


def _keep(group: SecurityGroup, rules: list[SecurityGroupRule], egress: bool) -> None:
    if egress:
        group.egress_rules = rules
    else:
        group.ingress_rules = rules


def _kind(rule: SecurityGroupRule) -> str:
    parts = (rule.cidr_ipv4, rule.cidr_ipv6, rule.prefix_list_id, rule.referenced_group_info)
    return next(kind for kind, part in zip(_KINDS, parts, strict=True) if part)


def _permission(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """One rule in the form in which several are authorized."""
    description = {"Description": wanted["Description"]} if "Description" in wanted else {}
    lists = (
        ("IpRanges", "CidrIp", "CidrIpv4"),
        ("Ipv6Ranges", "CidrIpv6", "CidrIpv6"),
        ("PrefixListIds", "PrefixListId", "PrefixListId"),
        ("UserIdGroupPairs", "GroupId", "ReferencedGroupId"),
    )
    peers = {several: [{one: wanted[name], **description}] for several, one, name in lists if wanted.get(name)}
    ports = {name: wanted[name] for name in ("IpProtocol", "FromPort", "ToPort") if name in wanted}
    return {"IpPermissions": [{**ports, **peers}]}
