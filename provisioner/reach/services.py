"""AWS's own services: what they are called, and the hosts at which they are asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.loaders import Loader

_ECR = "ecr"
_DOCKER_HUB = "registry-1.docker.io"
_EXTRA = ("ecr.api", "ecr.dkr", _ECR, "execute-api")
_GLOBAL = ("iam", "route53", "sts")
"""Those of which older clients ask a host without a region."""


@dataclass(frozen=True)
class Named:
    """A service as an endpoint for it would name it (`ecr.api`), and the region in the host's name."""

    service: str
    region: str


def hosts(service: str, account: str, region: str, partition: str) -> tuple[str, ...]:
    """The names under which a service is asked; nothing for what is no service.

    An image comes from three: ECR's API, the registry, and S3, which holds its layers.
    Source: Amazon ECR user guide, "Amazon ECR interface VPC endpoints", minimum S3 bucket permissions.
    """
    if service.lower() not in known():
        return ()
    suffix, name = domain(partition), service.lower()
    if name == "ecr.dkr":
        return (f"{account}.dkr.ecr.{region}.{suffix}",)
    if name == _ECR:
        layers = f"prod-{region}-starport-layer-bucket.s3.{region}.{suffix}"
        return (f"api.ecr.{region}.{suffix}", f"{account}.dkr.ecr.{region}.{suffix}", layers)
    return (f"{'.'.join(reversed(name.split('.')))}.{region}.{suffix}",)


def registry(image: str, partition: str = "aws") -> tuple[str, ...]:
    """The hosts from which an image comes: its registry, and S3 where that is a private one of ECR's.

    Source: Docker, "docker image pull": without a host it is Docker Hub.
    """
    host = image.partition("/")[0] if "/" in image else ""
    if not ("." in host or ":" in host or host == "localhost"):
        return (_DOCKER_HUB,)
    if ".dkr.ecr." not in host:
        return (host.partition(":")[0],)
    account, _, _, region, *_ = host.split(".")
    return hosts(_ECR, account, region, partition)


@cache
def known() -> frozenset[str]:
    """All names of services: as VPC endpoints have them, so `ecr.api` for what botocore calls `api.ecr`."""
    return frozenset({*_EXTRA, *(".".join(reversed(name.split("."))) for name in _partition("aws")["services"])})


def domain(partition: str) -> str:
    return str(_partition(partition)["dnsSuffix"])


def named(host: str, partition: str = "aws") -> Named | None:
    """The service that a host is of: `api.ecr.eu-central-1.amazonaws.com` of `ecr.api`. None for other hosts."""
    suffix = f".{domain(partition)}"
    if not host.endswith(suffix):
        return None
    labels = [one for one in host.removesuffix(suffix).split(".") if one not in ("dualstack", "fips")]
    regions = _partition(partition)["regions"]
    region = labels.pop() if labels and labels[-1] in regions else ""
    if not labels or not (region or labels[-1] in _GLOBAL or labels[-1] == "s3"):
        return None
    for service in (".".join(reversed(labels[-2:])), labels[-1]):
        if service in known():
            return Named(service, region)
    return None


@cache
def _partition(name: str) -> Any:
    found = Loader().load_data("endpoints")["partitions"]
    return next((one for one in found if one["partition"] == name), found[0])
