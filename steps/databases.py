"""Databases that AWS runs: the subnets in which they may be, and the instances."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from state.record import Record
from steps.aws import owner, rds
from steps.aws.context import Look
from steps.aws.errors import gone
from steps.aws.holders import residents
from steps.aws.holders.holder import Holder
from steps.base import Gone, Job, Made, Pending, Ready, Retry, Seen, Step, StepFailed

_PORT = 5432
_USABLE = frozenset({"available", "storage-optimization"})
_KEPT_BACK = frozenset({"FinalSnapshot"})
"""Of the request, what says how it ends and is no parameter of CreateDBInstance."""


@dataclass(frozen=True, kw_only=True)
class DbSubnetGroup(Step):
    """The subnets, of at least two zones, in which RDS may place an instance. `group_name` is lower-case."""

    kind = "db_subnet_group"
    noun = "DB subnet group"
    family = "databases"
    retry = Retry.KEY
    typical = 2.0
    typical_delete = 2.0
    group_name: str
    subnets: tuple[str, ...]
    description: str = ""

    def key(self, ids: Mapping[str, str]) -> str | None:
        return self.group_name

    def request(self, job: Job) -> dict[str, Any]:
        return {
            "DBSubnetGroupName": self.group_name,
            "DBSubnetGroupDescription": self.description or self.group_name,  # AWS wants one
            "SubnetIds": [job.id_of(subnet) for subnet in self.subnets],
        }

    mutable = frozenset({"DBSubnetGroupDescription", "SubnetIds"})

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        """Two reads each: RDS has no filter for them, and describes them without their tags."""
        databases = look.aws.clients.databases
        for name in sorted({record.key for record in records if record.key}):
            try:
                raw = databases.describe_db_subnet_groups(DBSubnetGroupName=name)["DBSubnetGroups"][0]
                tags = databases.list_tags_for_resource(ResourceName=raw["DBSubnetGroupArn"])["TagList"]
            except ClientError as error:
                if gone(error):
                    continue
                raise
            yield Seen(name, raw, owner.mapping(tags), key=name)

    def create(self, job: Job) -> str:
        tags = job.aws.owner.pairs(self.name)
        answer = job.aws.once.databases.create_db_subnet_group(**job.record.request, Tags=tags)
        return answer["DBSubnetGroup"]["DBSubnetGroupName"]

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is None:
            return Pending("created")
        wanted = self.request(job)
        subnets = sorted(subnet["SubnetIdentifier"] for subnet in seen.raw["Subnets"])
        described = seen.raw["DBSubnetGroupDescription"] == wanted["DBSubnetGroupDescription"]
        if described and subnets == sorted(wanted["SubnetIds"]):
            return Ready({"name": seen.id})
        if job.once("description or subnets"):
            job.aws.clients.databases.modify_db_subnet_group(**wanted)
            job.notes.append("set its description and subnets")
        return Pending("updating")

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        job.aws.clients.databases.delete_db_subnet_group(DBSubnetGroupName=seen.id)

    @classmethod
    def blockers(cls, job: Job, seen: Seen) -> Sequence[Holder]:
        """Which instances are in it."""
        found = residents.databases(Look(job.aws))
        own = job.aws.owner
        return [one.holder(own) for raw, one in found if _group_of(raw) == seen.id]


def _group_of(raw: Mapping[str, Any]) -> str:
    return str(raw.get("DBSubnetGroup", {}).get("DBSubnetGroupName", ""))


@dataclass(frozen=True, kw_only=True)
class DbInstance(Step):
    """A PostgreSQL instance of RDS, encrypted, without a public address, with a password that never passes here.

    RDS draws the password and keeps it in a secret of its own (`secret_arn`), which goes with the instance.
    `storage` is in GiB and only grows; more than asked for is left. A minor version is raised in place, and what
    RDS has raised by itself is left; a major one is not changed here. Destroy keeps the data in a final snapshot
    where `final_snapshot` says so, and nothing else: no automated backups.

    Sources: RDS API reference, CreateDBInstance, ModifyDBInstance, DeleteDBInstance; RDS User Guide, "Password
    management with Amazon RDS and AWS Secrets Manager". `patience` is terraform's hour, `typical` from memory.
    """

    kind = "db_instance"
    noun = "DB instance"
    family = "databases"
    retry = Retry.KEY
    typical = 300.0
    patience = 3600.0
    typical_delete = 300.0
    patience_delete = 3600.0
    identifier: str
    engine_version: str
    instance_class: str
    storage: int
    database_name: str
    username: str
    subnet_group: str
    groups: tuple[str, ...]
    engine: str = "postgres"
    multi_az: bool = False
    backup_days: int = 1
    deletion_protection: bool = False
    final_snapshot: bool = True

    def key(self, ids: Mapping[str, str]) -> str | None:
        return self.identifier

    def request(self, job: Job) -> dict[str, Any]:
        return {
            "DBInstanceIdentifier": self.identifier,
            "Engine": self.engine,
            "DBName": self.database_name,
            "MasterUsername": self.username,
            "ManageMasterUserPassword": True,
            "DBSubnetGroupName": job.id_of(self.subnet_group),
            "Port": _PORT,
            "StorageType": "gp3",
            "StorageEncrypted": True,
            "FinalSnapshot": self.final_snapshot,
            **self._changeable(job),
        }

    def _changeable(self, job: Job) -> dict[str, Any]:
        return {
            "EngineVersion": self.engine_version,
            "DBInstanceClass": self.instance_class,
            "AllocatedStorage": self.storage,
            "MultiAZ": self.multi_az,
            "BackupRetentionPeriod": self.backup_days,
            "DeletionProtection": self.deletion_protection,
            "VpcSecurityGroupIds": sorted(job.id_of(group) for group in self.groups),
            "PubliclyAccessible": False,
            "CopyTagsToSnapshot": True,
        }

    mutable = frozenset(
        {
            "EngineVersion",
            "DBInstanceClass",
            "AllocatedStorage",
            "MultiAZ",
            "BackupRetentionPeriod",
            "DeletionProtection",
            "VpcSecurityGroupIds",
            "FinalSnapshot",
        }
    )

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        """One that never became usable is `spent`; one that did has data, and is never deleted to be made anew.

        Nor is one deleted that has got the name since ours went: it is told by the id that RDS never gives twice.
        """
        made = {record.key: record for record in records if record.key}
        wanted: Any = [{"Name": "db-instance-id", "Values": sorted(made)}]
        pages = look.aws.clients.databases.get_paginator("describe_db_instances").paginate(Filters=wanted)
        for page in pages if made else ():
            for raw in page["DBInstances"]:
                name, status, born = raw["DBInstanceIdentifier"], raw["DBInstanceStatus"], raw["DbiResourceId"]
                record, tags = made[name], owner.mapping(raw.get("TagList", ()))
                ours = born == record.outputs.get("resource_id") or look.aws.owner.owns(tags)
                spent = status in rds.HOPELESS and not record.ready_at
                yield Seen(name if ours else born, raw, tags, name, going=status == "deleting", spent=spent)

    def create(self, job: Job) -> Made:
        sent = {name: value for name, value in job.record.request.items() if name not in _KEPT_BACK}
        tags = job.aws.owner.pairs(self.name)
        raw = job.aws.once.databases.create_db_instance(**sent, Tags=tags)["DBInstance"]
        return Made(raw["DBInstanceIdentifier"], {"resource_id": raw["DbiResourceId"]})

    @classmethod
    def known(cls, seen: Seen) -> Mapping[str, Any]:
        return {"resource_id": seen.raw["DbiResourceId"]}

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        status = seen.raw["DBInstanceStatus"] if seen else "creating"
        if seen and status in rds.HOPELESS:
            raise StepFailed(f"DB instance {seen.id} is {status}", rds.way_out(job), "CreateDBInstance", status)
        if seen and status == "stopped":
            return rds.start(job, seen)
        if seen is None or status not in _USABLE:
            return Pending(status)
        if wrong := self._wrong(job, seen.raw):
            return self._change(job, seen, wrong)
        secret = seen.raw.get("MasterUserSecret", {})
        if secret.get("SecretStatus", "creating") == "creating":
            return Pending("its secret is being made")
        endpoint = seen.raw["Endpoint"]
        return Ready(
            {
                "host": endpoint["Address"],
                "port": endpoint["Port"],
                "secret_arn": secret["SecretArn"],
                "database": self.database_name,
                **self.known(seen),
            }
        )

    def _wrong(self, job: Job, raw: Mapping[str, Any]) -> dict[str, Any]:
        """The settings that are not as asked for. Raises StepFailed where they cannot become so in place."""
        wanted = self._changeable(job)
        groups = (one["VpcSecurityGroupId"] for one in raw["VpcSecurityGroups"] if one["Status"] != "removing")
        found = {**raw, "VpcSecurityGroupIds": sorted(groups)}
        if self.storage < job.record.request.get("AllocatedStorage", 0):
            raise StepFailed(
                f"{self.identifier} has {found['AllocatedStorage']} GiB, and storage never shrinks",
                "put the former size back into the stack file",
            )
        right = {
            "EngineVersion": rds.recent(found["EngineVersion"], self.engine_version),
            "AllocatedStorage": found["AllocatedStorage"] >= self.storage,
        }
        return {key: value for key, value in wanted.items() if not right.get(key, found.get(key) == value)}

    def _change(self, job: Job, seen: Seen, wrong: Mapping[str, Any]) -> Pending:
        """Ask once, for now and not for the maintenance window; RDS tells what it has still to do as pending."""
        named = ", ".join(wrong)
        pending = seen.raw.get("PendingModifiedValues", {})
        if not job.first and wrong.keys() <= pending.keys():
            return Pending(f"changing {named}")
        if job.once(named):
            job.aws.clients.databases.modify_db_instance(
                DBInstanceIdentifier=seen.id, ApplyImmediately=True, **wrong
            )
            job.notes.append(f"set {named}")
        return Pending(f"changing {named}")

    @classmethod
    def objection(cls, job: Job, seen: Seen, ours: Container[str]) -> StepFailed | None:
        if not seen.raw.get("DeletionProtection"):
            return None
        command = f"aws rds modify-db-instance --db-instance-identifier {seen.id} --no-deletion-protection"
        return StepFailed(
            f"DB instance {seen.id} is protected from deletion",
            f"`{command} --apply-immediately`, or deletion_protection = false and provision; then destroy",
        )

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        if seen is None:
            return Gone()
        if seen.going:
            return Pending("deleting")
        if objection := cls.objection(job, seen, ()):
            raise objection
        return rds.delete(job, seen)
