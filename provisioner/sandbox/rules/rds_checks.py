"""RDS: what AWS refuses to create."""

from __future__ import annotations

import re
from collections.abc import Mapping

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import before
from provisioner.sandbox.vpc import databases

_API = "RDS API Reference: CreateDBInstance"
_VALUE, _COMBINATION = "InvalidParameterValue", "InvalidParameterCombination"
_USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_DATABASE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_RESERVED = frozenset({"admin", "rdsadmin", "rdsrepladmin", "rds_replication", "rds_superuser", "public", "user"})
_CLASS = re.compile(r"db\.(?P<family>[a-z0-9]+)\.(?P<size>[a-z0-9]+)")
_SMALL = frozenset({"micro", "small", "medium", "large", "xlarge", "2xlarge"})
_LARGE = frozenset({"large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge"})
_FAMILIES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("t3", "t4g"), _SMALL),
    **dict.fromkeys(("m5", "m6g", "m6i", "m7g", "m7i", "m8g", "r5", "r6g", "r6i", "r7g", "r7i", "r8g"), _LARGE),
}
_PAST: Mapping[str, int] = {"t2": 13, "m4": 12, "r4": 12, "m3": 9}
"""Families that are no longer, with the last major version that they ran."""
VERSIONS: Mapping[int, int] = {13: 22, 14: 19, 15: 14, 16: 10, 17: 6, 18: 1}
"""PostgreSQL's major versions, and the newest minor of each as of the end of 2025; later ones are believed."""
_SMALLEST: Mapping[str, int] = {"gp2": 20, "gp3": 20, "io1": 100, "io2": 100, "standard": 5}
_LARGEST = 65536


def _of_postgres(call: Call) -> bool:
    return call.parameters.get("Engine") == "postgres"


@before("rds", "CreateDBInstance", source=_API)
def identifiers_are_taken_once(call: Call) -> None:
    """DBInstanceAlreadyExists, in whatever case, while one of the name is being deleted, too."""
    if databases.named(call, call.parameters["DBInstanceIdentifier"]):
        raise Refusal("DBInstanceAlreadyExists", "DB instance already exists")


@before("rds", "CreateDBInstance", source=f"{_API}; terraform-provider-aws for the wording")
def somebody_keeps_the_password(call: Call) -> None:
    """InvalidParameterCombination for a password of one's own and RDS's; InvalidParameterValue for neither."""
    managed, own = (call.parameters.get(name) for name in ("ManageMasterUserPassword", "MasterUserPassword"))
    if managed and own:
        message = "You can't specify MasterUserPassword when ManageMasterUserPassword is enabled."
        raise Refusal(_COMBINATION, message)
    if not managed and not own and "DBClusterIdentifier" not in call.parameters:
        raise Refusal(_VALUE, "The parameter MasterUserPassword must be provided and must not be blank.")


@before("rds", "CreateDBInstance", source=f"{_API}; which words are reserved: from memory")
def names_inside(call: Call) -> None:
    """InvalidParameterValue for a user or a database whose name has other characters or is a reserved word."""
    user, name = call.parameters.get("MasterUsername", ""), call.parameters.get("DBName")
    if not _of_postgres(call):
        return
    if not _USERNAME.fullmatch(user):
        raise Refusal(_VALUE, "The parameter MasterUsername is not a valid identifier.")
    if user.lower() in _RESERVED:
        message = f"MasterUsername {user} cannot be used as it is a reserved word used by the engine"
        raise Refusal(_VALUE, message)
    if name is not None and not _DATABASE.fullmatch(name):
        raise Refusal(_VALUE, "DBName must begin with a letter and contain only alphanumeric characters.")


@before("rds", "CreateDBInstance", source="RDS User Guide: PostgreSQL versions; wording: public issue threads")
def versions_must_exist(call: Call) -> None:
    """InvalidParameterCombination for a version of PostgreSQL that is none."""
    version = call.parameters.get("EngineVersion")
    if _of_postgres(call) and version is not None and major(version) not in VERSIONS:
        raise Refusal(_COMBINATION, f"Cannot find version {version} for postgres")


@before(
    "rds", "CreateDBInstance", "ModifyDBInstance", source="RDS User Guide: DB instance classes; public threads"
)
def classes_must_fit(call: Call) -> None:
    """InvalidParameterValue for an unknown class, InvalidParameterCombination for one that has had its day."""
    name = call.parameters.get("DBInstanceClass")
    match = _CLASS.fullmatch(name or "")
    if name is None or not (_of_postgres(call) or call.action == "ModifyDBInstance"):
        return
    if match and match["family"] in _PAST:
        version = call.parameters.get("EngineVersion", str(max(VERSIONS)))
        message = (
            "RDS does not support creating a DB instance with the following combination: "
            f"DBInstanceClass={name}, Engine=postgres, EngineVersion={version}, LicenseModel=postgresql-license. "
            "For supported combinations of instance class and database engine version, see the documentation."
        )
        raise Refusal(_COMBINATION, message)
    if match is None or match["size"] not in _FAMILIES.get(match["family"], ()):
        raise Refusal(_VALUE, f"Invalid DB Instance class: {name}")


@before("rds", "CreateDBInstance", "ModifyDBInstance", source="RDS User Guide: DB instance storage")
def storage_has_its_sizes(call: Call) -> None:
    """InvalidParameterValue for too little or too much storage of its type."""
    size, kind = call.parameters.get("AllocatedStorage"), call.parameters.get("StorageType", "gp3")
    if size is not None and not _SMALLEST.get(kind, 0) <= size <= _LARGEST:
        engine = call.parameters.get("Engine", "postgres")
        raise Refusal(_VALUE, f"Invalid storage size for engine name {engine} and storage type {kind}: {size}")


@before("rds", "CreateDBInstance", "ModifyDBInstance", source=_API)
def numbers_have_their_range(call: Call) -> None:
    """InvalidParameterValue for backups kept longer than 35 days, and ports below 1150 or above 65535."""
    days, port = call.parameters.get("BackupRetentionPeriod"), call.parameters.get("Port")
    if days is not None and not 0 <= days <= 35:
        raise Refusal(_VALUE, f"Invalid backup retention period: {days}. Must be between 0 and 35.")
    if port is not None and not 1150 <= port <= 65535:
        raise Refusal(_VALUE, f"Invalid port: {port}. Must be between 1150 and 65535.")


@before("rds", "CreateDBInstance", source=_API)
def subnet_group_must_exist(call: Call) -> None:
    """DBSubnetGroupNotFoundFault for an unknown one."""
    name = call.parameters.get("DBSubnetGroupName")
    if name is not None and name.lower() not in backends.databases(call).subnet_groups:
        raise Refusal("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.")


@before("rds", "CreateDBInstance", "ModifyDBInstance", source=f"{_API}; wording: public issue threads")
def groups_must_be_of_the_network(call: Call) -> None:
    """InvalidParameterValue for an unknown security group, InvalidParameterCombination for one of another VPC."""
    vpc = _vpc(call)
    for name in call.parameters.get("VpcSecurityGroupIds", ()):
        group = backends.ec2(call).get_security_group_from_id(name)
        if group is None:
            raise Refusal(_VALUE, f"Invalid security group , groupId= {name}, groupName=.")
        if vpc and group.vpc_id != vpc:
            message = (
                "The DB instance and EC2 security group are in different VPCs. "
                f"The DB instance is in {vpc} and the EC2 security group is in {group.vpc_id}"
            )
            raise Refusal(_COMBINATION, message)


@before("rds", "CreateDBInstance", source="RDS User Guide: working with a DB instance in a VPC")
def public_ones_need_names(call: Call) -> None:
    """InvalidVPCNetworkStateFault for a public instance in a VPC without DNS host names."""
    found = backends.ec2(call).vpcs.get(_vpc(call))
    if found is None or not call.parameters.get("PubliclyAccessible"):
        return
    if not (found.enable_dns_support and found.enable_dns_hostnames):
        message = (
            "Cannot create a publicly accessible DBInstance. The specified VPC does not support DNS resolution, "
            "DNS hostnames, or both. Update the VPC and then try again"
        )
        raise Refusal("InvalidVPCNetworkStateFault", message)


def major(version: str) -> int:
    first = version.partition(".")[0]
    return int(first) if first.isdigit() else 0


def _vpc(call: Call) -> str:
    if call.action == "ModifyDBInstance":
        known = databases.named(call, call.parameters["DBInstanceIdentifier"])
        return str(known.group.vpc_id) if known and known.group else ""
    groups = backends.databases(call).subnet_groups
    return databases.vpc_of(groups, call.parameters.get("DBSubnetGroupName", "").lower())
