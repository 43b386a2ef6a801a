"""Lambda: what a function in a VPC must be given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from provisioner.sandbox import backends, functions
from provisioner.sandbox.call import Call
from provisioner.sandbox.permissions import roles
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import before

_CALLS = ("CreateFunction", "UpdateFunctionConfiguration")
_NEEDED = ("CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface")
_LISTS = (("subnetIds", 16, "subnet-[0-9a-z]*"), ("securityGroupIds", 5, "sg-[0-9a-zA-Z]*"))


@before("lambda", *_CALLS, source="Lambda API Reference: VpcConfig; LocalStack's recordings of AWS")
def subnets_and_groups_are_well_formed(call: Call) -> None:
    """ValidationException for more than 16 subnets or 5 groups, or for what is no id."""
    given = functions.places(call.parameters.get("VpcConfig") or {})
    for ids, (name, most, pattern) in zip(given, _LISTS, strict=True):
        for wrong in _wrong(ids, most, pattern):
            found = f"Value '[{', '.join(ids)}]' at 'vpcConfig.{name}' failed to satisfy constraint"
            raise Refusal("ValidationException", f"1 validation error detected: {found}: {wrong}")


@before("lambda", *_CALLS, source="Lambda API Reference: VpcConfig; appleboy/lambda-action#81")
def subnets_and_groups_come_together(call: Call) -> None:
    """InvalidParameterValueException for only one of them."""
    subnets, groups = functions.places(call.parameters.get("VpcConfig") or {})
    if bool(subnets) != bool(groups):
        raise Refusal(functions.INVALID, "SubnetIds and SecurityIds must coexist or be both empty list.")


@before("lambda", *_CALLS, source="LocalStack's recordings of AWS; smoketurner/serverless-vpc-plugin#765")
def subnets_and_groups_exist_in_one_vpc(call: Call) -> None:
    """InvalidParameterValueException for one that does not exist, or for those of different VPCs."""
    subnets, groups = functions.places(call.parameters.get("VpcConfig") or {})
    ec2, vpcs = backends.ec2(call), set()
    for subnet in subnets:
        found = next((zone[subnet] for zone in ec2.subnets.values() if subnet in zone), None)
        if found is None:
            raise _missing("Subnets", "InvalidSubnetID.NotFound", f"The subnet ID '{subnet}' does not exist")
        vpcs.add(found.vpc_id)
    if len(vpcs) > 1:
        raise Refusal(functions.INVALID, "Subnets are required to be in the same VPC.")
    for group in groups:
        known = ec2.get_security_group_from_id(group)
        if known is None:
            text = f"The security group '{group}' does not exist"
            raise _missing("SecurityGroups", "InvalidGroup.NotFound", text)
        if known.vpc_id not in vpcs:
            raise Refusal(functions.INVALID, "Security Groups are required to be in the same VPC.")


@before("lambda", *_CALLS, source="Lambda Developer Guide: permissions for VPC access; serverless/serverless#1966")
def role_may_manage_interfaces(call: Call) -> None:
    """InvalidParameterValueException for a role whose policies do not allow it, or have not taken effect yet."""
    function = functions.latest(call)
    network = call.parameters.get("VpcConfig") or (function and function._vpc_config) or {}
    role = call.parameters.get("Role") or (function.role if function else "")
    asked = {"VpcConfig", "Role"} & call.parameters.keys() and functions.places(network)[0]
    for action in _NEEDED if asked and role else ():
        if not roles.allows(call, role, f"ec2:{action}"):
            text = f"The provided execution role does not have permissions to call {action} on EC2"
            raise Refusal(functions.INVALID, text)


def _wrong(ids: Sequence[str], most: int, pattern: str) -> Iterator[str]:
    if len(ids) > most:
        yield f"Member must have length less than or equal to {most}"
    if not all(re.fullmatch(pattern, item) for item in ids):
        length = (
            "Member must have length less than or equal to 1024, Member must have length greater than or equal"
        )
        shape = f"Member must satisfy regular expression pattern: {pattern}"
        yield f"Member must satisfy constraint: [{length} to 0, {shape}]"


def _missing(what: str, code: str, text: str) -> Refusal:
    where = f"Error occurred while Describe{what}."
    return Refusal(functions.INVALID, f"{where} EC2 Error Code: {code}. EC2 Error Message: {text}")
