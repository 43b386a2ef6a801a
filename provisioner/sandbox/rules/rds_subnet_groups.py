"""RDS: DB subnet groups."""

from __future__ import annotations

import re

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.subnets import Subnet

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.quotas import Limit, enforce
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before, instead
from provisioner.sandbox.vpc import databases

_API = "RDS API Reference: CreateDBSubnetGroup"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9 ._-]{0,254}")


@before("rds", "CreateDBSubnetGroup", source=_API)
def names_of_groups(call: Call) -> None:
    """InvalidParameterValue for other characters, too long a name, or `default`."""
    name = call.parameters["DBSubnetGroupName"]
    if not _NAME.fullmatch(name) or name.lower() == "default":
        raise Refusal("InvalidParameterValue", "The parameter DBSubnetGroupName is not a valid identifier.")


@before("rds", "CreateDBSubnetGroup", source=_API)
def names_are_taken_once(call: Call) -> None:
    """DBSubnetGroupAlreadyExists, in whatever case."""
    name = call.parameters["DBSubnetGroupName"].lower()
    if name in backends.databases(call).subnet_groups:
        raise Refusal("DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists.")


@before(
    "rds", "CreateDBSubnetGroup", "ModifyDBSubnetGroup", source=f"{_API}; brianz/serverless-design-patterns#16"
)
def subnets_must_exist(call: Call) -> None:
    """InvalidParameterValue for an unknown subnet; InvalidSubnet for none at all."""
    asked = call.parameters.get("SubnetIds", [])
    if not asked:
        raise Refusal("InvalidSubnet", "Subnet IDs are required.")
    if unknown := [name for name in asked if _subnet(call, name) is None]:
        raise Refusal("InvalidParameterValue", f"Some input subnets in :[{', '.join(unknown)}] are invalid.")


@before("rds", "CreateDBSubnetGroup", "ModifyDBSubnetGroup", source=f"{_API}; the wording from memory")
def subnets_are_of_one_network(call: Call) -> None:
    """InvalidSubnet for subnets of several VPCs."""
    if len({subnet.vpc_id for subnet in _subnets(call)}) > 1:
        raise Refusal("InvalidSubnet", "The subnets of a DB subnet group must be in the same VPC.")


@before("rds", "CreateDBSubnetGroup", "ModifyDBSubnetGroup", source="RDS User Guide: DB subnet groups")
def two_zones_at_least(call: Call) -> None:
    """DBSubnetGroupDoesNotCoverEnoughAZs for subnets that are all in one zone."""
    zones = sorted({subnet.availability_zone for subnet in _subnets(call)})
    if len(zones) < 2:
        message = (
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. "
            f"Current AZ coverage: {', '.join(zones)}. Add subnets to cover at least 2 AZs."
        )
        raise Refusal("DBSubnetGroupDoesNotCoverEnoughAZs", message)


@instead("rds", "CreateDBSubnetGroup", source=_API)
def names_are_lower_case(call: Call) -> Answer:
    """AWS keeps the name in lower case."""
    asked = call.parameters
    name, tags = asked["DBSubnetGroupName"].lower(), [dict(tag) for tag in asked.get("Tags", ())]
    made = backends.databases(call).create_subnet_group(
        name, asked["DBSubnetGroupDescription"], _subnets(call), tags
    )
    return {"DBSubnetGroup": made}


@instead("rds", "ModifyDBSubnetGroup", source="RDS API Reference: ModifyDBSubnetGroup")
def groups_stay_when_they_change(call: Call) -> Answer:
    """The description and all subnets; SubnetAlreadyInUse for leaving out one in which an instance is."""
    name = call.parameters["DBSubnetGroupName"].lower()
    group = backends.databases(call).subnet_groups.get(name)
    if group is None:
        raise Refusal("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.")
    used = {
        interface.subnet.id
        for database in databases.in_group(call, name)
        for interface in databases.interfaces_of(call, database)
    }
    if used - set(call.parameters["SubnetIds"]):
        raise Refusal("SubnetAlreadyInUse", f"Some of the subnets to delete are currently in use: {sorted(used)}")
    group._subnets = _subnets(call)
    group.description = call.parameters.get("DBSubnetGroupDescription", group.description)
    return {"DBSubnetGroup": group}


@before("rds", "DeleteDBSubnetGroup", source="RDS API Reference: DeleteDBSubnetGroup; terraform-provider-aws")
def groups_in_use_stay(call: Call) -> None:
    """InvalidDBSubnetGroupStateFault while an instance is in it, a deleting one, too."""
    name = call.parameters["DBSubnetGroupName"]
    if users := databases.in_group(call, name):
        message = (
            f"Cannot delete the subnet group '{name}' because at least one database instance: "
            f"{users[0].db_instance_identifier} is still using it."
        )
        raise Refusal("InvalidDBSubnetGroupStateFault", message)


def _subnets(call: Call) -> list[Subnet]:
    found = (_subnet(call, name) for name in call.parameters.get("SubnetIds", ()))
    return [subnet for subnet in found if subnet is not None]


def _subnet(call: Call, name: str) -> Subnet | None:
    try:
        return backends.ec2(call).get_subnet(name)
    except EC2ClientError:
        return None


enforce(
    (
        Limit(
            "db-subnet-groups",
            "rds",
            "CreateDBSubnetGroup",
            lambda call: len(backends.databases(call).subnet_groups) + 1,
            "DBSubnetGroupQuotaExceeded",
            "Cannot create more than {limit} DB subnet groups.",
        ),
        Limit(
            "db-instances",
            "rds",
            "CreateDBInstance",
            lambda call: len(backends.databases(call).databases) + 1,
            "InstanceQuotaExceeded",
            "DB Instance quota exceeded.",
        ),
    ),
    source="RDS User Guide: quotas and constraints",
)
