"""PostgreSQL on RDS: which instance answers at which interface, and to whom."""

from __future__ import annotations

import json
import shutil
import tempfile
from functools import partial
from pathlib import Path

from moto.ec2.models.elastic_network_interfaces import NetworkInterface

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.databases import postgres, scram
from provisioner.sandbox.databases.party import Away
from provisioner.sandbox.databases.party import Database as Party
from provisioner.sandbox.databases.postgres import Server
from provisioner.sandbox.databases.scram import Verifier
from provisioner.sandbox.network import authority
from provisioner.sandbox.vpc import databases
from provisioner.sandbox.vpc.databases import Database
from provisioner.sandbox.world import World

DOMAIN = ".rds.amazonaws.com"
_ANSWERING = ("available", "backing-up", "modifying", "storage-optimization")
_ENGINE = "postgres"
_ONLY_TLS_SINCE = 15
"""Source: RDS User Guide, "Using SSL with a PostgreSQL DB instance": rds.force_ssl is 1 from version 15 on."""


class Files:
    """Where the data of all instances is, as long as the sandbox lasts."""

    def __init__(self) -> None:
        self._folder: Path | None = None

    def folder(self, world: World) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="databases-", dir=world.home))
            world.at_end(partial(shutil.rmtree, self._folder, ignore_errors=True))
        return self._folder


def addresses(site: Site, host: str) -> list[str]:
    """What the name of an endpoint stands for, the same for everybody: the address of the active instance."""
    for ec2 in backends.every_ec2():
        there = Site(ec2.account_id, ec2.region_name, site.world)
        if (found := databases.at(there, host)) is not None:
            return [str(one.private_ip_address) for one in databases.interfaces_of(there, found)[:1]]
    return []


def behind(site: Site, interface: NetworkInterface) -> Database | None:
    """The instance of RDS whose interface it is."""
    return next((one for one in databases.every(site) if interface.id in one.interfaces), None)


def party(site: Site, database: Database, interface: NetworkInterface, port: int) -> Party | None:
    """Who accepts a connection there, None if it is refused. Raises Away where nobody is there even to refuse."""
    name = database.db_instance_identifier
    if database.status not in _ANSWERING:
        raise Away(f"{name} is {database.status}")
    if interface.id != database.interfaces[0]:
        raise Away(f"it is the standby's of {name}")
    if database.engine != _ENGINE or port != int(database.port or 0):
        return None
    server = _server(site, database)

    def alive() -> bool:
        return database.status in _ANSWERING

    return Party(f"PostgreSQL {name}", partial(postgres.serve, server, alive=alive), alive)


def _server(site: Site, database: Database) -> Server:
    folder = site.world.ledger(Files, "", "").folder(site.world)
    names = {"postgres", database.db_name or "postgres"}
    version = str(database.engine_version)

    def find(user: str) -> Verifier | None:
        if user != database.master_username:
            return None
        return scram.verifier(_password(database), postgres.ITERATIONS)

    return Server(
        find,
        {name: folder / f"{database.dbi_resource_id}-{name}.sqlite" for name in names},
        version,
        authority.context(site.world, [str(database.address)]),
        int(version.partition(".")[0]) >= _ONLY_TLS_SINCE,
    )


def _password(database: Database) -> str:
    """The master user's, from RDS's own secret where there is one."""
    if not database.manage_master_user_password:
        return str(database.master_user_password)
    secret = database.master_user_secret.secret
    version = secret.versions[str(secret.default_version_id)]
    return str(json.loads(version["secret_string"])["password"])
