"""Who makes connections: tokens for processes that do it by themselves, names for people who ask."""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.ec2.models.elastic_network_interfaces import NetworkInterface

from provisioner.sandbox import backends, functions
from provisioner.sandbox.call import Site
from provisioner.sandbox.containers.tasks import Tasks
from provisioner.sandbox.vpc.hyperplane import Hyperplane
from provisioner.sandbox.world import World

INTERNET = "internet"
_KEPT = 200


@dataclass(frozen=True)
class Source:
    """Where connections come from: an interface, or None for the internet. `label` is for people."""

    site: Site
    interface: NetworkInterface | None
    label: str


@dataclass
class Sources:
    """All that are registered, by token, and the last connections that any of them made."""

    known: dict[str, Source] = field(default_factory=dict)
    made: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_KEPT))


def register(site: Site, interface: NetworkInterface | None, label: str) -> str:
    """A token for a process whose connections come from that interface, or from the internet."""
    token = secrets.token_hex(16)
    of(site.world).known[token] = Source(site, interface, label)
    return token


def forget(token: str, world: World) -> None:
    """The process is over."""
    of(world).known.pop(token, None)


def of(world: World) -> Sources:
    return world.ledger(Sources, "", "")


def registered(world: World, token: str) -> Source:
    """ValueError for a token that is not known."""
    found = of(world).known.get(token)
    if found is None:
        raise ValueError(f"unknown source {token!r}")
    return found


def named(site: Site, name: str) -> Source:
    """An interface or instance by its id, a task by its ARN, a function by its name; or `internet`."""
    if name == INTERNET:
        return Source(site, None, name)
    for find in (_interface, _instance, _task):
        if (found := find(site, name)) is not None:
            return Source(site, found, name)
    return Source(site, _of_function(site, name), name)


def _interface(site: Site, name: str) -> NetworkInterface | None:
    return backends.ec2(site).enis.get(name)


def _instance(site: Site, name: str) -> NetworkInterface | None:
    instance = backends.ec2(site).get_instance_by_id(name)
    return next(iter(instance.nics.values()), None) if instance is not None else None


def _task(site: Site, name: str) -> NetworkInterface | None:
    task = site.ledger(Tasks).by_id.get(name.rpartition("/")[2])
    return task.interface if task is not None else None


def _of_function(site: Site, name: str) -> NetworkInterface | None:
    """One of the function's interfaces; None for a function outside of VPCs."""
    try:
        function = backends.functions(site).get_function(name)
    except JsonRESTError as error:
        raise ValueError(f"no interface, instance, task or function {name!r}") from error
    subnets, groups = functions.vpc(function)
    if not subnets:
        return None
    found = site.ledger(Hyperplane).source(subnets, groups)
    if found is None:
        raise ValueError(f"function {name!r} has no interfaces")
    return found
