"""Security groups."""

from __future__ import annotations

import re

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead
from provisioner.sandbox.vpc import permits
from provisioner.sandbox.vpc.permits import CHARACTERS, INVALID
from provisioner.sandbox.vpc.tagging import specified

_LONGEST = 255
_CREATE = ("ec2", "CreateSecurityGroup")
_ASCII = "Character sets beyond ASCII are not supported."
_VALID = "a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*"


class Opened:
    """The VPCs whose default groups let themselves in, or did until somebody changed it."""

    def __init__(self) -> None:
        self.vpcs: set[str] = set()


@before("ec2", "*", source="VPC User Guide: default security groups")
def default_groups_let_themselves_in(call: Call) -> None:
    """Repair moto: that of a new VPC has an ingress rule for everything from its own members."""
    ec2, opened = backends.ec2(call), call.ledger(Opened).vpcs
    for vpc in ec2.vpcs.keys() - opened:
        opened.add(vpc)
        group = ec2.get_default_security_group(vpc)
        if group is not None:
            itself = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group.id}]}
            group.ingress_rules += permits.read(ec2, group, {"IpPermissions": [itself]}, egress=False)


@before(*_CREATE, source="EC2 API Reference: CreateSecurityGroup; public notes of what Terraform met")
def name_must_fit(call: Call) -> None:
    """InvalidParameterValue for long or strange names and `sg-`..., InvalidGroup.Reserved for `default`."""
    name = call.parameters["GroupName"]
    if name.lower() == "default":
        raise Refusal("InvalidGroup.Reserved", f"The security group name '{name}' is reserved")
    if name.lower().startswith("sg-"):
        message = f"invalid value for parameter group-name: {name}. Group names may not be in the format sg-*."
        raise Refusal(INVALID, message)
    _check("GroupName", name, "security group name")


@before(*_CREATE, source="EC2 API Reference: CreateSecurityGroup; public notes of what Terraform met")
def description_must_fit(call: Call) -> None:
    """MissingParameter without a description, InvalidParameterValue for a long or strange one."""
    description = call.parameters.get("Description", "")
    if not description:
        raise Refusal("MissingParameter", "The request must contain the parameter GroupDescription")
    _check("GroupDescription", description, "security group description")


@before(*_CREATE, source="EC2 API Reference: error codes")
def name_must_be_free(call: Call) -> None:
    """InvalidGroup.Duplicate for a name that the VPC has, in whatever case."""
    ec2, name = backends.ec2(call), call.parameters["GroupName"]
    vpc = call.parameters.get("VpcId") or ec2.default_vpc.id
    if any(group.name.lower() == name.lower() for group in ec2.groups.get(vpc, {}).values()):
        message = f"The security group '{name}' already exists for VPC '{vpc}'"
        raise Refusal("InvalidGroup.Duplicate", message)


@after(*_CREATE, source="EC2 API Reference: CreateSecurityGroup")
def tags_are_told(call: Call, answer: Answer) -> None:
    """With the tags that it was given."""
    if tags := specified(call):
        answer["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]


@instead("ec2", "GetSecurityGroupsForVpc", source="EC2 API Reference: GetSecurityGroupsForVpc")
def groups_for_a_vpc(call: Call) -> Answer:
    """Those that can be used in it."""
    groups = backends.ec2(call).groups.get(call.parameters["VpcId"], {}).values()
    told = [
        {
            "GroupId": group.id,
            "GroupName": group.name,
            "Description": group.description,
            "OwnerId": group.owner_id,
            "PrimaryVpcId": group.vpc_id,
        }
        for group in groups
    ]
    return {"SecurityGroupForVpcs": told}


@instead("ec2", "DescribeSecurityGroupReferences", source="EC2 API Reference: DescribeSecurityGroupReferences")
def other_vpcs_refer_to_none(call: Call) -> Answer:
    """Only of groups in other VPCs, of which there can be none here."""
    return {"SecurityGroupReferenceSet": []}


@instead("ec2", "DescribeStaleSecurityGroups", source="EC2 API Reference: DescribeStaleSecurityGroups")
def none_are_stale(call: Call) -> Answer:
    """Only those whose rules speak of groups in other VPCs, of which there can be none here."""
    return {"StaleSecurityGroupSet": []}


def _check(parameter: str, value: str, noun: str) -> None:
    if not value.isascii():
        raise Refusal(INVALID, f"Value ({value}) for parameter {parameter} is invalid. {_ASCII}")
    if len(value) > _LONGEST:
        message = f"Value ({value}) for parameter {parameter} is invalid."
        raise Refusal(INVALID, f"{message} Length exceeds maximum of {_LONGEST}.")
    if not re.fullmatch(f"{CHARACTERS}*", value):
        raise Refusal(INVALID, f"Invalid {noun}. Valid {noun}s contain the following characters: {_VALID}")
