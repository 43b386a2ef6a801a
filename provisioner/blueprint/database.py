"""The database: MongoDB on an instance of ours, or PostgreSQL on RDS."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.blueprint.identity import policies_of
from provisioner.blueprint.plan import Plan, group
from provisioner.blueprint.security import rules_of
from provisioner.model import Database
from provisioner.references import database_host, database_zone
from provisioner.user_data import mongodb
from steps.base import Need, Step
from steps.databases import DbInstance, DbSubnetGroup
from steps.dns import HostedZone
from steps.instances import Instance, InstanceProfile
from steps.records import RecordSet
from steps.secrets import Secret

_USER = "app"
_IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{}"
"""The newest Amazon Linux 2023. Source: Amazon EC2 user guide, "Find the latest AMI using Systems Manager"."""


def database(plan: Plan) -> Iterator[Step]:
    settings = plan.stack.database
    if settings is None:
        return
    yield from {"mongodb": _mongodb, "postgres": _postgres}[settings.engine](plan, settings)


def _mongodb(plan: Plan, settings: Database) -> Iterator[Step]:
    yield Secret(
        name="secret-database",
        secret_name=plan.names.database_secret,
        description=f"user and password of the database of stack {plan.stack.name}",
        username=_USER,
        recovery_days=settings.recovery_window_days,
    )
    yield InstanceProfile(
        name="instance-profile-database",
        needs=(Need("role-database"),),
        profile_name=plan.names.role("database"),
        role="role-database",
    )
    yield _instance(plan, settings)
    yield HostedZone(
        name="database-zone",
        needs=(Need("vpc"),),
        zone_name=database_zone(plan.stack),
        vpc="vpc",
        comment=f"database of stack {plan.stack.name}",
    )
    yield RecordSet(
        name="database-record",
        needs=(Need("database-zone"), Need("database")),
        zone="database-zone",
        record_name=database_host(plan.stack),
        type="A",
        values=((("database", "private_ip"),),),
    )


def _instance(plan: Plan, settings: Database) -> Step:
    """It installs itself when it starts, so its way out and its right to the password come first."""
    place = plan.subnets("private")[0]
    return Instance(
        name="database",
        needs=(
            Need(place),
            Need(group("database")),
            Need("instance-profile-database"),
            Need("secret-database"),
            *map(Need, policies_of(plan, "database")),
            *map(Need, rules_of(plan, "database")),
            *plan.way_out("private"),
        ),
        image=_IMAGE.format("arm64" if _is_arm(settings.runs_on) else "x86_64"),
        instance_type=settings.runs_on,
        subnet=place,
        groups=(group("database"),),
        profile="instance-profile-database",
        user_data=mongodb(
            secret=("secret-database", "arn"),
            region=plan.site.region,
            version=settings.runs_version,
            database=settings.name,
        ),
        volume_size=settings.storage,
    )


def _is_arm(instance_type: str) -> bool:
    """Graviton's types have a `g` after the generation's number: t4g, m7gd. Source: EC2, "Instance type names"."""
    family = instance_type.partition(".")[0]
    return "g" in family.lstrip("abcdefghijklmnopqrstuvwxyz").lstrip("0123456789")


def _postgres(plan: Plan, settings: Database) -> Iterator[Step]:
    places = plan.subnets("private")
    yield DbSubnetGroup(
        name="db-subnet-group",
        needs=tuple(map(Need, places)),
        group_name=plan.names.database,
        description=f"database of stack {plan.stack.name}",
        subnets=places,
    )
    yield DbInstance(
        name="database",
        needs=(Need("db-subnet-group"), Need(group("database")), *map(Need, rules_of(plan, "database"))),
        identifier=plan.names.database,
        engine="postgres",
        engine_version=settings.runs_version,
        instance_class=settings.runs_on,
        storage=settings.storage,
        database_name=settings.name,
        username=_USER,
        subnet_group="db-subnet-group",
        groups=(group("database"),),
        multi_az=settings.multi_az,
        backup_days=settings.backup_retention_days,
        deletion_protection=settings.deletion_protection,
        final_snapshot=settings.final_snapshot,
    )
