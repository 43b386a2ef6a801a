"""Instances of RDS: what AWS tells of one, its password, and its interfaces in our subnets."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.rds.models import DBInstance, DBSubnetGroup, MasterUserSecret, RDSBackend
from moto.secretsmanager.utils import random_password

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.vpc import interfaces

_REQUESTER = "amazon-rds"
_DESCRIPTION = "RDSNetworkInterface"
_LENGTH, _NEVER = 28, "/'@\" "
"""Of drawn passwords. Source: RDS User Guide, "Password management"; which characters: CreateDBInstance."""


class Secret(MasterUserSecret):
    """The secret that RDS keeps of its own, with a password that nobody else has."""

    def _generate_secret_string(self) -> str:
        username = str(self.resource.master_username)
        password = random_password(_LENGTH, _NEVER, False, False, False, False, False, True)
        return json.dumps({"username": username, "password": password})

    @property
    def secret_status(self) -> str:
        return "creating" if self.resource.status == "creating" else "active"


class Database(DBInstance):
    """moto's, with the life of one of AWS's: no endpoint at first, and changes that take their time."""

    def __init__(self, backend: RDSBackend, managed: bool, **asked: Any) -> None:
        super().__init__(backend, **asked)
        self.status = "creating"
        self.interfaces: list[str] = []
        self.pending: dict[str, Any] = {}
        letters = string.ascii_uppercase + string.digits
        self.dbi_resource_id = "db-" + "".join(secrets.choice(letters) for _ in range(26))
        if managed:
            self.manage_master_user_password = True
            self.master_user_secret = Secret(self, asked.get("master_user_secret_kms_key_id"))

    @property
    def endpoint(self) -> Any:
        return None if self.status in ("creating", "incompatible-network") else super().endpoint

    @property
    def pending_modified_values(self) -> dict[str, Any]:
        return self.pending

    @property
    def group(self) -> DBSubnetGroup | None:
        found: DBSubnetGroup | None = getattr(self, "db_subnet_group", None)
        return found


def every(site: Site) -> Iterator[Database]:
    """All of this account and region."""
    return (one for one in backends.databases(site).databases.values() if isinstance(one, Database))


def named(site: Site, name: str) -> Database | None:
    return next((one for one in every(site) if one.db_instance_identifier == name.lower()), None)


def at(site: Site, host: str) -> Database | None:
    """The one whose endpoint has this name."""
    return next((one for one in every(site) if one.address == host.lower()), None)


def interfaces_of(site: Site, database: Database) -> list[NetworkInterface]:
    """That of the active instance first, then that of the standby."""
    known = backends.ec2(site).enis
    return [known[name] for name in database.interfaces if name in known]


def place(site: Site, database: Database, zone: str = "") -> None:
    """Put its interfaces into its subnets: one, or two in different zones for an instance with a standby.

    Raises interfaces.Full where no address is left.
    """
    for subnet in _chosen(database, zone):
        made = interfaces.place(site, subnet, database.vpc_security_group_ids, _DESCRIPTION)
        made.requester_id = _REQUESTER
        database.interfaces.append(made.id)


def regroup(site: Site, database: Database, groups: Iterable[str]) -> None:
    """Have its interfaces in these security groups."""
    ec2 = backends.ec2(site)
    for interface in interfaces_of(site, database):
        interface._group_set = [ec2.get_security_group_from_id(group) for group in groups]


def release(site: Site, database: Database) -> None:
    for interface in interfaces_of(site, database):
        interfaces.remove(backends.ec2(site), interface)


def _chosen(database: Database, zone: str) -> list[str]:
    group = database.group
    by_zone: dict[str, str] = {}
    for subnet in group._subnets if group else ():
        by_zone.setdefault(subnet.availability_zone, subnet.id)
    order = [zone] if zone in by_zone else []
    order += [one for one in by_zone if one not in order]
    used = order[: 2 if database.multi_az else 1]
    if used:
        database.availability_zone = used[0]
    return [by_zone[one] for one in used]


def in_group(site: Site, name: str) -> list[Database]:
    """Those in this DB subnet group."""
    return [one for one in every(site) if one.group is not None and one.group.name == name]


def vpc_of(groups: Mapping[str, DBSubnetGroup], name: str) -> str:
    return str(groups[name].vpc_id) if name in groups else ""
