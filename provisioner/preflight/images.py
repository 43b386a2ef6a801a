"""Whether the images of private registries are there, and built for the processor that is asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from provisioner.preflight.base import Check, Finding, Ground, Level
from steps.services import Service

_PRIVATE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/(?P<path>.+)"
)
_LISTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_SINGLE = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_GOARCH = {"x86_64": "amd64", "arm64": "arm64"}
"""A manifest names processors as Go does. Source: OCI image index specification, `platform`."""
_PUSH = "push it, or correct the name (`aws ecr describe-images --repository-name {}`)"


@dataclass(frozen=True)
class Image:
    """An image of a private registry in ECR, in its parts."""

    account: str
    region: str
    repository: str
    reference: str

    @classmethod
    def read(cls, name: str) -> Image | None:
        """None where it is of another registry, whom we do not ask."""
        found = _PRIVATE.fullmatch(name)
        if found is None:
            return None
        path, _, digest = found["path"].partition("@")
        repository, _, tag = path.partition(":")
        return cls(found["account"], found["region"], repository, digest or tag or "latest")

    @property
    def id(self) -> dict[str, str]:
        return {"imageDigest" if self.reference.startswith("sha256:") else "imageTag": self.reference}


def images(ground: Ground) -> Iterator[Finding]:
    fresh = {one.service_name for one in ground.making(Service)}
    for name, service in ground.stack.services.items():
        image = Image.read(service.image)
        if image is None or name not in fresh:
            continue
        key = f"services.{name}.image"
        if image.region != ground.aws.region:
            what = f"{service.image} is in {image.region}, where this run does not look"
            yield Finding(Level.UNKNOWN, what, key=key)
            continue
        yield _found(ground, key, service.image, image, _GOARCH[service.architecture])


def _found(ground: Ground, key: str, name: str, image: Image, wanted: str) -> Finding:
    fix = _PUSH.format(image.repository)
    try:
        answer = ground.aws.clients.images.batch_get_image(
            registryId=image.account,
            repositoryName=image.repository,
            imageIds=[image.id],
            acceptedMediaTypes=[*_LISTS, *_SINGLE],
        )
    except ClientError as error:
        if error.response["Error"].get("Code") != "RepositoryNotFoundException":
            raise
        what = f"account {image.account} has no repository {image.repository} in {image.region}"
        return Finding(Level.PROBLEM, what, fix, key, name)
    if not answer["images"]:
        return Finding(Level.PROBLEM, f"{image.repository} has no image {image.reference}", fix, key, name)
    built = processors(answer["images"][0]["imageManifest"])
    if not built:
        text = f"{name} is there; its manifest does not tell for which processor it is built"
        return Finding(Level.OK, text, key=key, value=name)
    if wanted not in built:
        what = f"built for {', '.join(sorted(built))}, and the service runs on {wanted}"
        return Finding(Level.PROBLEM, what, f"build it for {wanted}, or set `architecture`", key, name)
    return Finding(Level.OK, f"{name} is there, for {', '.join(sorted(built))}", key=key, value=name)


def processors(manifest: str) -> set[str]:
    """Those that a list of manifests names; a single manifest names none. `unknown` are its attestations."""
    told: Mapping[str, Any] = json.loads(manifest)
    found = {one.get("platform", {}).get("architecture", "") for one in told.get("manifests", ())}
    return found - {"", "unknown"}


CHECKS: dict[str, Check] = {"images": images}
