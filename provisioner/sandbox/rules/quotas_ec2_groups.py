"""How many there may be of security groups, their rules, and the interfaces in them."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.quotas import Limit, enforce

# Its rule comes before these: a request that is repeated under its token adds nothing.
from provisioner.sandbox.rules import tokens  # noqa: F401


def _security_groups(call: Call) -> int:
    return sum(len(of_vpc) for of_vpc in backends.ec2(call).groups.values()) + 1


def _rules(call: Call) -> int:
    """Of one direction, for IPv4 or for IPv6, whichever are more; a group or prefix list counts in both."""
    group = backends.ec2(call).get_security_group_from_id(call.parameters.get("GroupId", ""))
    if group is None:
        return 0
    there = group.egress_rules if call.action.endswith("Egress") else group.ingress_rules
    asked = call.parameters.get("IpPermissions") or [call.parameters]
    four = sum(not rule.cidr_ipv6 for rule in there) + sum(_ranges(one, "IpRanges", "CidrIp") for one in asked)
    six = sum(not rule.cidr_ipv4 for rule in there) + sum(_ranges(one, "Ipv6Ranges", "CidrIpv6") for one in asked)
    return max(four, six)


def _ranges(permission: dict[str, Any], several: str, single: str) -> int:
    both = (*permission.get("UserIdGroupPairs", ()), *permission.get("PrefixListIds", ()))
    return len(permission.get(several, ())) + (single in permission) + len(both)


def _network_interfaces(call: Call) -> int:
    return len(backends.ec2(call).enis) + 1


def _groups_of_interface(call: Call) -> int:
    return len(set(call.parameters.get("Groups", ())))


def _groups_of_instance(call: Call) -> int:
    asked = call.parameters
    specified = [one.get("Groups", ()) for one in asked.get("NetworkInterfaces", ())]
    return max(len(set(groups)) for groups in (asked.get("SecurityGroupIds", ()), *specified))


_INTERFACE = (
    "SecurityGroupsPerInterfaceLimitExceeded",
    "The maximum number of security groups per interface has been reached.",
)
_INSTANCE = (
    "SecurityGroupsPerInstanceLimitExceeded",
    "The maximum number of security groups per instance has been reached.",
)
_RULES = ("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached")
_GROUPS = ("SecurityGroupLimitExceeded", "The maximum number of security groups has been reached.")
_INTERFACES = ("NetworkInterfaceLimitExceeded", "The maximum number of network interfaces has been reached.")

enforce(
    (
        Limit("security-groups", "ec2", "CreateSecurityGroup", _security_groups, *_GROUPS),
        Limit("rules", "ec2", "AuthorizeSecurityGroupIngress", _rules, *_RULES),
        Limit("rules", "ec2", "AuthorizeSecurityGroupEgress", _rules, *_RULES),
        Limit("network-interfaces", "ec2", "CreateNetworkInterface", _network_interfaces, *_INTERFACES),
        Limit("groups-of-interface", "ec2", "CreateNetworkInterface", _groups_of_interface, *_INTERFACE),
        Limit("groups-of-interface", "ec2", "ModifyNetworkInterfaceAttribute", _groups_of_interface, *_INTERFACE),
        Limit("groups-of-interface", "ec2", "RunInstances", _groups_of_instance, *_INSTANCE),
    ),
    "VPC User Guide: quotas; EC2 API Reference: error codes",
)
