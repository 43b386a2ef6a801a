"""The database in the private subnets."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from provisioner.model.table import Table
from provisioner.stack_file.ids import DatabaseName, DatabaseVersion, DomainName, InstanceType
from provisioner.stack_file.values import Flag, Number

PORTS = {"mongodb": 27017, "postgres": 5432}
_VERSIONS = {"mongodb": "8.0", "postgres": "17"}
_TYPES = {"mongodb": "t4g.small", "postgres": "db.t4g.micro"}


class Database(Table):
    """MongoDB on an instance of EC2, or PostgreSQL on RDS. Nobody reaches it but those that call "database"."""

    engine: Literal["mongodb", "postgres"] = Field(
        description='"mongodb": installed on an EC2 instance; "postgres": run by RDS.'
    )
    name: DatabaseName = Field(default="app", description="The database's name inside the server.")
    version: DatabaseVersion | None = Field(
        default=None, description="The engine's version; without it 8.0 of MongoDB, 17 of PostgreSQL."
    )
    instance_type: InstanceType | None = Field(
        default=None, description="The instance's type; without it t4g.small for MongoDB, db.t4g.micro for RDS."
    )
    storage: Number = Field(default=20, ge=20, le=16384, description="Disk in GiB, encrypted.")
    private_zone: DomainName | None = Field(
        default=None,
        description="The private zone in which MongoDB is `db`; without it STACK.internal. RDS has its own.",
    )
    recovery_window_days: Number = Field(
        default=7,
        ge=0,
        le=30,
        description="Days for which MongoDB's deleted password can be restored: 7 to 30, or 0 for not at all.",
    )
    multi_az: Flag = Field(default=False, description="Whether RDS keeps a standby in another zone.")
    backup_retention_days: Number = Field(
        default=1, ge=0, le=35, description="Days for which RDS keeps automatic backups."
    )
    final_snapshot: Flag = Field(default=False, description="Whether RDS keeps a last snapshot at `destroy`.")
    deletion_protection: Flag = Field(
        default=False, description="Whether RDS refuses to delete it until this is false again."
    )

    @property
    def port(self) -> int:
        return PORTS[self.engine]

    @property
    def runs_version(self) -> str:
        return self.version or _VERSIONS[self.engine]

    @property
    def runs_on(self) -> str:
        return self.instance_type or _TYPES[self.engine]
