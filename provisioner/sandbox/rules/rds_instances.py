"""RDS: the life of an instance: creating, backing up, available; modifying; deleting, perhaps with a snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore import xform_name
from moto.rds.models import DBSnapshot

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call, Site
from provisioner.sandbox.clock import Action
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before, instead
from provisioner.sandbox.rules.rds_checks import VERSIONS, major
from provisioner.sandbox.vpc import databases, interfaces
from provisioner.sandbox.vpc.databases import Database

_LIFE = "RDS User Guide: viewing DB instance status"
_DELETING = "RDS User Guide: deleting a DB instance"
_STATE, _COMBINATION = "InvalidDBInstanceState", "InvalidParameterCombination"
_SLOW = ("DBInstanceClass", "AllocatedStorage", "MultiAZ", "EngineVersion", "StorageType")
"""What is changed while the status is `modifying`, or waits for the maintenance window."""
_ARRIVED = ("available", "storage-optimization")


@instead("rds", "CreateDBInstance", source=f"{_LIFE}; minutes, from memory")
def is_creating_at_first(call: Call) -> Answer:
    """`creating` without an endpoint, `backing-up`, `available`; its interfaces are in its subnets from the start.

    `incompatible-network` where a subnet has no address left.
    """
    rds, asked = backends.databases(call), dict(call.parameters)
    name = asked["DBInstanceIdentifier"] = asked["DBInstanceIdentifier"].lower()
    rds._validate_db_identifier(name)
    managed = bool(asked.pop("ManageMasterUserPassword", False))
    if "DBSubnetGroupName" in asked:
        asked["DBSubnetGroupName"] = asked["DBSubnetGroupName"].lower()
    if "EngineVersion" in asked or asked["Engine"] == "postgres":
        asked["EngineVersion"] = _full(asked["Engine"], asked.get("EngineVersion", str(max(VERSIONS) - 1)))
    made = Database(rds, managed, **_snake(asked))  # type: ignore[abstract]  # what it lacks is CloudFormation's
    rds.databases[name] = made
    made.add_event("DB_INSTANCE_CREATE")
    try:
        databases.place(call, made, asked.get("AvailabilityZone", ""))
    except interfaces.Full:
        made.status = "incompatible-network"
    else:
        _begin(call, made)
    return {"DBInstance": made}


@before("rds", "ModifyDBInstance", "RebootDBInstance", "StopDBInstance", "CreateDBSnapshot", source=_LIFE)
def only_available_ones_change(call: Call) -> None:
    """InvalidDBInstanceState for an instance that is creating, modifying, stopped or on its way out."""
    known = databases.named(call, call.parameters["DBInstanceIdentifier"])
    if known is not None and known.status not in _ARRIVED:
        raise Refusal(_STATE, f"Database instance {known.db_instance_identifier} is not in available state.")


@before("rds", "ModifyDBInstance", source="RDS API Reference: ModifyDBInstance; wording: public issue threads")
def some_changes_are_impossible(call: Call) -> None:
    """InvalidParameterCombination for less storage, an older version, or another major one without saying so."""
    known, asked = databases.named(call, call.parameters["DBInstanceIdentifier"]), call.parameters
    if known is None:
        return
    if asked.get("AllocatedStorage", known.allocated_storage) < known.allocated_storage:
        size = asked["AllocatedStorage"]
        message = (
            f"Invalid storage size for engine name {known.engine} and storage type {known.storage_type}: {size}"
        )
        raise Refusal(_COMBINATION, message)
    version = asked.get("EngineVersion", known.engine_version)
    if major(version) != major(known.engine_version) and not asked.get("AllowMajorVersionUpgrade"):
        message = "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version."
        raise Refusal(_COMBINATION, message)
    if _numbers(_full(known.engine, version)) < _numbers(known.engine_version):
        raise Refusal(_COMBINATION, f"Cannot upgrade {known.engine} from {known.engine_version} to {version}")


@instead("rds", "ModifyDBInstance", source="RDS User Guide: modifying a DB instance")
def some_changes_take_their_time(call: Call) -> Answer:
    """Class, storage, standby and version wait for the window, or are `modifying` at once; the rest is done."""
    asked = dict(call.parameters)
    known = _found(call, asked.pop("DBInstanceIdentifier"))
    now = bool(asked.pop("ApplyImmediately", False))
    asked.pop("AllowMajorVersionUpgrade", None)
    known.pending.update(
        {name: asked.pop(name) for name in _SLOW if name in asked and asked[name] != _value(known, name)}
    )
    for name in _SLOW:
        asked.pop(name, None)
    if "VpcSecurityGroupIds" in asked:
        databases.regroup(call, known, asked["VpcSecurityGroupIds"])
    backends.databases(call).modify_db_instance(known.db_instance_identifier, _snake(asked))
    if known.pending and now:
        known.status = "modifying"
        call.later("rds.modified", _apply(call.site, known))
    return {"DBInstance": known}


@before("rds", "DeleteDBInstance", source=f"{_DELETING}; wording: public issue threads")
def the_snapshot_is_decided(call: Call) -> None:
    """InvalidParameterCombination without a name for the final snapshot, or a word that there is to be none."""
    name, skipped = (call.parameters.get(key) for key in ("FinalDBSnapshotIdentifier", "SkipFinalSnapshot"))
    if not name and not skipped:
        raise Refusal(_COMBINATION, "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")
    if name and skipped:
        message = "FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is specified."
        raise Refusal(_COMBINATION, message)


@instead("rds", "DeleteDBInstance", source=_DELETING)
def is_deleting_for_minutes(call: Call) -> Answer:
    """`deleting`, with its interfaces, while the final snapshot is made; then gone with its own secret.

    InvalidParameterCombination while it is protected; InvalidDBInstanceState for a second time, and for a final
    snapshot of one that is not available or has failed; DBSnapshotAlreadyExists for the name of another.
    """
    known, snapshot = (
        _found(call, call.parameters["DBInstanceIdentifier"]),
        call.parameters.get("FinalDBSnapshotIdentifier"),
    )
    _may_go(known, snapshot)
    made = _snapshot(call, known, snapshot) if snapshot else None
    known.status = "deleting"
    call.later("rds.deleted", _leave(call.site, known, made))
    return {"DBInstance": known}


def _may_go(known: Database, snapshot: str | None) -> None:
    name = known.db_instance_identifier
    if known.deletion_protection:
        message = "Cannot delete protected DB Instance, please disable deletion protection and try again."
        raise Refusal(_COMBINATION, message)
    if known.status == "deleting":
        raise Refusal(_STATE, f"Instance {name} is already being deleted.")
    if snapshot and known.status not in _ARRIVED:
        message = (
            f"Cannot create a snapshot because the database instance {name} is not currently in the available"
        )
        raise Refusal(_STATE, f"{message} state.")


def _snapshot(call: Call, known: Database, name: str) -> DBSnapshot:
    rds = backends.databases(call)
    rds.validate_db_snapshot_identifier(name, parameter_name="FinalDBSnapshotIdentifier")
    if name.lower() in rds.database_snapshots:
        message = f"Cannot create the snapshot because a snapshot with the identifier {name} already exists."
        raise Refusal("DBSnapshotAlreadyExists", message)
    made: DBSnapshot = rds.create_db_snapshot(known.db_instance_identifier, name.lower())
    made.status = "creating"
    return made


def _begin(call: Call, made: Database) -> None:
    """Creating, then the first backup if there are to be any, for as long as it takes altogether."""
    latencies, clock = call.world.latencies, call.world.clock
    whole = latencies.seconds("rds.available")
    last = min(whole, latencies.seconds("rds.backing_up")) if made.backup_retention_period else 0.0

    def back_up() -> None:
        if made.status == "creating":
            made.status = "backing-up"

    def arrive() -> None:
        if made.status in ("creating", "backing-up"):
            made.status = "available"
            if made.backup_retention_period:
                made.save_automated_backup()

    if last:
        clock.later(whole - last, back_up)
    clock.later(whole, arrive)


def _apply(site: Site, known: Database) -> Action:
    def act() -> None:
        if known.status != "modifying":
            return
        changes = dict(known.pending)
        known.pending.clear()
        if "EngineVersion" in changes:
            changes["EngineVersion"] = _full(known.engine, changes["EngineVersion"])
        known.update(**_snake(changes))
        known.status = "available"
        if "MultiAZ" in changes:
            zone = known.availability_zone
            databases.release(site, known)
            known.interfaces.clear()
            databases.place(site, known, zone)

    return act


def _leave(site: Site, known: Database, snapshot: DBSnapshot | None) -> Action:
    def act() -> None:
        databases.release(site, known)
        if snapshot is not None:
            snapshot.status = "available"
        backends.databases(site).delete_db_instance(known.db_instance_identifier, skip_final_snapshot=True)

    return act


def _found(call: Call, name: str) -> Database:
    if known := databases.named(call, name):
        return known
    raise Refusal("DBInstanceNotFound", f"DBInstance {name} not found.", 404)


def _value(known: Database, name: str) -> Any:
    return getattr(known, xform_name(name))


def _full(engine: str, version: str) -> str:
    """A major version alone is its newest minor one."""
    if engine == "postgres" and "." not in version and major(version) in VERSIONS:
        return f"{version}.{VERSIONS[major(version)]}"
    return version


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]


def _snake(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Under moto's names, with lists of its own: it changes what it is given."""
    return {xform_name(name): list(value) if isinstance(value, list) else value for name, value in asked.items()}
