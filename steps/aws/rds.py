"""How an RDS instance starts again and ends, and how its versions compare."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from state.record import now
from steps.aws.errors import verdict
from steps.base import Job, Pending, Seen, StepFailed

_NO_SNAPSHOT = frozenset({"failed", "incompatible-restore", "incompatible-network"})
"""Statuses in which AWS makes no final snapshot. Source: RDS User Guide, "Deleting a DB instance"."""
HOPELESS = _NO_SNAPSHOT | {
    "inaccessible-encryption-credentials",
    "incompatible-create",
    "incompatible-option-group",
    "incompatible-parameters",
    "insufficient-capacity",
    "restore-error",
    "storage-full",
}
"""Statuses that waiting does not end. Source: RDS User Guide, "Viewing Amazon RDS DB instance status"."""


def recent(found: str, wanted: str) -> bool:
    """Whether a version is the wanted one or a later minor one. Raises StepFailed for another major one."""
    has, wants = _numbers(found), _numbers(wanted)
    if has[0] != wants[0]:
        raise StepFailed(
            f"the engine is {found}, the stack file wants {wanted}: a major version is not changed here",
            "upgrade it yourself (`aws rds modify-db-instance --allow-major-version-upgrade`), or put it back",
        )
    return has[: len(wants)] >= wants


def _numbers(version: str) -> list[int]:
    """`16.3-R2` is 16, 3."""
    return [int(part) for part in version.partition("-")[0].split(".") if part.isdigit()]


def start(job: Job, seen: Seen) -> Pending:
    if job.once("start"):
        job.aws.clients.databases.start_db_instance(DBInstanceIdentifier=seen.id)
        job.notes.append("was stopped, started")
    return Pending("stopped, starting")


def way_out(job: Job) -> str:
    """What never was usable is deleted by the next run; what was has data."""
    if job.record.ready_at:
        return "see its events in the RDS console (`aws rds describe-events`), mend what they name, then resume"
    return "remove the cause and resume: the failed one is deleted first, then another is made"


def delete(job: Job, seen: Seen) -> Pending:
    """Delete it, with a final snapshot where the request says so, under a name that is still free."""
    databases, snapshot = job.aws.clients.databases, _snapshot(job, seen)
    common: dict[str, Any] = {"DBInstanceIdentifier": seen.id, "DeleteAutomatedBackups": True}
    if not snapshot:
        databases.delete_db_instance(**common, SkipFinalSnapshot=True)
        return Pending("deleting")
    try:
        databases.delete_db_instance(**common, SkipFinalSnapshot=False, FinalDBSnapshotIdentifier=snapshot)
    except ClientError as error:
        if verdict(error).code != "DBSnapshotAlreadyExists":
            raise
        snapshot = f"{snapshot}-{_stamp()}"  # an earlier life's data has the usual name
        databases.delete_db_instance(**common, SkipFinalSnapshot=False, FinalDBSnapshotIdentifier=snapshot)
    return Pending(f"deleting; its data stays in the snapshot {snapshot}")


def _snapshot(job: Job, seen: Seen) -> str:
    """The final snapshot's name; empty where none is to be made. Raises StepFailed where none can be made."""
    status = seen.raw["DBInstanceStatus"]
    if not job.record.request.get("FinalSnapshot"):
        return ""
    if status not in _NO_SNAPSHOT:
        return f"{seen.id}-final"
    if not job.record.ready_at:
        return ""  # it never held anything
    command = f"aws rds delete-db-instance --db-instance-identifier {seen.id} --skip-final-snapshot"
    raise StepFailed(
        f"DB instance {seen.id} is {status}, and AWS makes no final snapshot of it then",
        f"if its data may go: `{command}`, then resume",
    )


def _stamp() -> str:
    """The time as a snapshot's name may hold it: digits."""
    return "".join(character for character in now()[:19] if character.isdigit())
