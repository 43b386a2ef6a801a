"""What a task gets from elsewhere before its containers start: secrets, logs, its image.

All of it goes through the task's own interface, with its execution role.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ecs.models import TaskDefinition

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.containers import secret_stores
from provisioner.sandbox.containers.container_logs import Log
from provisioner.sandbox.containers.images import Image, Repository
from provisioner.sandbox.faults import Fault
from provisioner.sandbox.network import judge
from provisioner.sandbox.permissions import roles

_TLS = 443
_TIMEOUT = 120.0
"""Seconds of AWS's until all tries of a connection that hangs are over."""
_SECRETS = "ResourceInitializationError: unable to pull secrets or registry auth"
_RETRIEVAL = f"{_SECRETS}: execution resource retrieval failed"
_LOGGER = "ResourceInitializationError: failed to validate logger args"
_STREAM = f"{_LOGGER}: create stream has been retried 1 times: failed to create Cloudwatch log stream"
_MANIFEST = "CannotPullContainerError: pull image manifest has been retried"
_LAYERS = (
    "CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open"
)
_CHECK_NETWORK = "Check your task network configuration."


@dataclass(frozen=True)
class Hitch:
    """Why a task does not start. `seconds` of AWS's pass in trying; some reasons are told of the container too."""

    reason: str
    seconds: float = 0.0
    of_container: bool = False


@dataclass(frozen=True)
class Errand:
    """One task's start, as far as it concerns others."""

    site: Site
    definition: TaskDefinition
    interface: NetworkInterface
    task: str

    def lost(self, host: str) -> str | None:
        """How a connection to the host fails, as the agent tells it; None if it opens."""
        verdict = judge.reach(self.site, self.interface, host, _TLS)
        return None if verdict.outcome == "open" else _failure(verdict.outcome, host, verdict.address)

    def unsent(self, host: str) -> str | None:
        """The same of a request to one of AWS's services."""
        lost = self.lost(host)
        return lost and f'RequestError: send request failed caused by: Post "https://{host}/": {lost}'

    def denied(self, action: str, resource: str) -> str | None:
        """What AWS says if the execution role may not do this."""
        role = str(getattr(self.definition, "execution_role_arn", ""))
        if roles.allows(self.site, role, action, resource):
            return None
        who = f"arn:aws:sts::{self.site.account}:assumed-role/{role.rpartition('/')[2]}/{self.task}"
        what = f"{action} on resource: {resource} because no identity-based policy allows the {action} action"
        return f"AccessDeniedException: User: {who} is not authorized to perform: {what}"


def hitch(errand: Errand) -> Hitch | None:
    """What stops the task from starting, as things stand now."""
    containers = errand.definition.container_definitions
    found = (told for check in _CHECKS for container in containers for told in check(errand, container))
    return next(found, None)


def _injected(errand: Errand, container: Mapping[str, Any]) -> Iterator[Hitch]:
    """What a test wants to go wrong."""
    fault = errand.site.world.faults.strike("pull-fails", "ecs")
    if fault is not None:
        image = Image.read(container["image"])
        told = fault.message != Fault.message
        yield (
            Hitch(fault.message, of_container=True)
            if told
            else _unresolved(image, _failure("hangs", image.hosts[0]))
        )


def _secrets(errand: Errand, container: Mapping[str, Any]) -> Iterator[Hitch]:
    for secret in container.get("secrets", ()):
        name = secret["valueFrom"]
        store = secret_stores.store(name)
        told = f"{_RETRIEVAL}: {store.told.format(name)}"
        if unsent := errand.unsent(f"{store.host}.{errand.site.region}.amazonaws.com"):
            yield Hitch(f"{told}: {unsent}. Please check your task network configuration.", _TIMEOUT)
        if denied := errand.denied(store.action, secret_stores.arn(errand.site, name)):
            yield Hitch(f"{told}: {denied}")
        if not secret_stores.exists(errand.site, name):
            yield Hitch(f"{told}: {store.missing.format(name)}")


def _registry_auth(errand: Errand, container: Mapping[str, Any]) -> Iterator[Hitch]:
    repository = Image.read(container["image"]).private
    if repository is None:
        return
    if unsent := errand.unsent(repository.api):
        what = "The task cannot pull registry auth from Amazon ECR"
        why = "There is a connection issue between the task and Amazon ECR."
        yield Hitch(f"{_SECRETS}: {what}: {why} {_CHECK_NETWORK} {unsent}", _TIMEOUT)
    if denied := errand.denied("ecr:GetAuthorizationToken", "*"):
        retried = "unable to retrieve ecr registry auth: service call has been retried 1 time(s)"
        yield Hitch(f"{_RETRIEVAL}: {retried}: {denied}")


def _logger(errand: Errand, container: Mapping[str, Any]) -> Iterator[Hitch]:
    log = Log.of(container, errand.task)
    if log is None:
        return
    arn = log.arn(errand.site.account)
    if unsent := errand.unsent(log.host):
        yield Hitch(f"{_STREAM}: {unsent} : exit status 1", _TIMEOUT)
    if log.creates_group and (denied := errand.denied("logs:CreateLogGroup", f"{arn}:*")):
        yield Hitch(f"{_LOGGER}: failed to create Cloudwatch log group: {denied} : exit status 1")
    if denied := errand.denied("logs:CreateLogStream", f"{arn}:log-stream:{log.stream}"):
        yield Hitch(f"{_STREAM}: {denied} : exit status 1")
    if not log.creates_group and not log.exists(errand.site):
        missing = "ResourceNotFoundException: The specified log group does not exist."
        yield Hitch(f"{_STREAM}: {missing} : exit status 1")


def _image(errand: Errand, container: Mapping[str, Any]) -> Iterator[Hitch]:
    image = Image.read(container["image"])
    for host in image.hosts:
        if lost := errand.lost(host):
            yield _unresolved(image, lost, _TIMEOUT)
    if image.private:
        yield from _from_ecr(errand, image, image.private)


def _from_ecr(errand: Errand, image: Image, repository: Repository) -> Iterator[Hitch]:
    told = f"{_MANIFEST} 1 time(s): failed to resolve ref {image}"
    for action in ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"):
        if errand.denied(action, repository.arn):
            yield Hitch(f"{told}: unexpected status from HEAD request to {image.manifest}: 403 Forbidden", 0, True)
    if not _stored(errand.site, image, repository):
        yield Hitch(f"{told}: {image}: not found", 0, True)
    if lost := errand.lost(repository.layers):
        yield Hitch(f'{_LAYERS}: failed to do request: Get "https://{repository.layers}/": {lost}', _TIMEOUT, True)


def _stored(site: Site, image: Image, repository: Repository) -> bool:
    """Whether the repository has an image of this tag or digest."""
    home = Site(repository.account, repository.region, site.world)
    found = backends.ecr(home).repositories.get(repository.name)
    names = ((one.image_tags or []) + [one.get_image_digest()] for one in found.images) if found else ()
    return any(image.reference in known for known in names)


def _unresolved(image: Image, lost: str, seconds: float = 0.0) -> Hitch:
    request = f'failed to do request: Head "{image.manifest}": {lost}'
    return Hitch(f"{_MANIFEST} 5 time(s): failed to resolve ref {image}: {request}", seconds, of_container=True)


def _failure(outcome: str, host: str, address: str = "") -> str:
    number = zlib.crc32(host.encode())
    somewhere = f"52.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return _FAILURES[outcome].format(host=host, address=address or somewhere)


_FAILURES: Mapping[str, str] = {
    "hangs": "dial tcp {address}:443: i/o timeout",
    "refused": "dial tcp {address}:443: connect: connection refused",
    "unknown name": "dial tcp: lookup {host}: no such host",
}
_CHECKS: tuple[Callable[[Errand, Mapping[str, Any]], Iterator[Hitch]], ...] = (
    _injected,
    _secrets,
    _registry_auth,
    _logger,
    _image,
)
