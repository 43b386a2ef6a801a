"""MongoDB on instances: there as soon as the user data that installs it could be carried out.

What user data says is not run. It is read for what it needs: hosts to fetch from, a secret of Secrets Manager with
the user's name and password; and for what it sets up. As long as something of that is out of reach, by the network
or by the permissions of the instance's role, nothing is installed; a script that gives up after a while is taken
for one that goes on trying. Documents are kept as long as the instance exists.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance
from moto.secretsmanager.models import FakeSecret

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.clock import Action
from provisioner.sandbox.databases import mongodb, scram
from provisioner.sandbox.databases.mongodb import Server
from provisioner.sandbox.databases.party import Database
from provisioner.sandbox.network import judge, listening, ranges
from provisioner.sandbox.permissions import roles

PORT = 27017
AGAIN = 10.0
"""AWS's seconds between two tries."""
_AT_LEAST = 0.05
"""Our seconds: in a sandbox without time, tries would never end."""
_INSTALLS = re.compile(r"\bmongod\b")
_HOST = re.compile(r"\b(https?)://([A-Za-z0-9][A-Za-z0-9.-]*[A-Za-z0-9])(?::(\d+))?")
_PORTS = {"http": 80, "https": 443}
_SECRET = re.compile(r"arn:aws[\w-]*:secretsmanager:([a-z0-9-]+):\d{12}:secret:[\w/+=.@!-]+")
_LISTENS = re.compile(r"\bbind_?ip", re.IGNORECASE)
_ASKS = re.compile(r"\bauthorization\b|--auth\b")
_READ = "secretsmanager:GetSecretValue"


@dataclass(frozen=True)
class _Wanted:
    """What user data asks for."""

    hosts: tuple[tuple[str, int], ...]
    secret: str
    everywhere: bool
    asks: bool


class _NotYet(Exception):
    """Why it cannot be installed as things are."""


def begin(site: Site, name: str) -> None:
    """An instance was launched: what its user data installs follows, if that is a MongoDB."""
    instance = backends.ec2(site).get_instance(name)
    text = instance.user_data.decode() if instance.user_data else ""
    if _INSTALLS.search(text):
        interface = next(iter(instance.nics.values()))
        listening.explain(site, interface, PORT, "its user data is still being carried out")
        site.later("instance.installed", _try(site, instance, interface, _read(text)))


def _read(text: str) -> _Wanted:
    found = {(host, int(port or _PORTS[scheme])) for scheme, host, port in _HOST.findall(text)}
    hosts = {(host, port) for host, port in found if "." in host and not ranges.is_address(host)}
    secret = _SECRET.search(text)
    if secret is not None:
        hosts.add((f"secretsmanager.{secret[1]}.amazonaws.com", _PORTS["https"]))
    named, everywhere = secret[0] if secret else "", bool(_LISTENS.search(text))
    return _Wanted(tuple(sorted(hosts)), named, everywhere, bool(_ASKS.search(text)))


def _try(site: Site, instance: Instance, interface: NetworkInterface, wanted: _Wanted) -> Action:
    """Install it, or try again later."""

    def act() -> None:
        if instance.state in ("shutting-down", "terminated"):
            return
        try:
            server = _installed(site, instance, interface, wanted)
        except _NotYet as error:
            listening.explain(site, interface, PORT, str(error))
            site.world.clock.later(max(_AT_LEAST, site.world.latencies.scaled(AGAIN)), act)
            return
        if not wanted.everywhere:
            alone = "mongod listens at 127.0.0.1 alone, as its user data sets no bindIp"
            listening.explain(site, interface, PORT, alone)
            return

        def alive() -> bool:
            return bool(instance.state == "running")

        database = Database(
            f"MongoDB of {instance.id}", lambda connection: mongodb.serve(server, connection, alive), alive
        )
        listening.accept(site, interface, PORT, database)

    return act


def _installed(site: Site, instance: Instance, interface: NetworkInterface, wanted: _Wanted) -> Server:
    """Raises _NotYet."""
    if instance.state != "running":
        raise _NotYet(f"{instance.id} is {instance.state}")
    for host, port in wanted.hosts:
        found = judge.reach(site, interface, host, port)
        if not found.opens:
            raise _NotYet(f"its user data cannot reach {host}:{port}: {found.why}")
    if not wanted.secret:
        return Server()
    user, password = _credentials(site, instance, wanted.secret)
    known = {user: scram.verifier(password, mongodb.ITERATIONS)}
    return Server(known if wanted.asks else {})


def _credentials(site: Site, instance: Instance, secret: str) -> tuple[str, str]:
    """What the instance's role gets from Secrets Manager."""
    arns = list(_roles(site, instance))
    if not any(roles.allows(site, arn, _READ, secret) for arn in arns):
        who = " and ".join(arns) or f"{instance.id}, which has no role,"
        raise _NotYet(f"its user data cannot read the secret: {who} may not {_READ} on {secret}")
    region = secret.split(":")[3]
    found = backends.secrets(Site(site.account, region, site.world)).secrets.get(secret)
    if not isinstance(found, FakeSecret) or found.is_deleted():
        raise _NotYet(f"its user data cannot read the secret: there is no {secret}")
    version = found.versions.get(found.default_version_id or "", {})
    try:
        value = json.loads(version["secret_string"])
        return str(value["username"]), str(value["password"])
    except (KeyError, TypeError, ValueError):
        raise _NotYet(f"secret {secret} is not JSON with username and password") from None


def _roles(site: Site, instance: Instance) -> Iterator[str]:
    association = backends.ec2(site).iam_instance_profile_associations.get(instance.id)
    if association is not None:
        yield from (role.arn for role in association.iam_instance_profile.roles)
