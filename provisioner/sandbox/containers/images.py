"""Names of container images, and where their registries are."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HUB = "docker.io"
_HUB_HOSTS = ("registry-1.docker.io", "auth.docker.io", "production.cloudflare.docker.com")
_ECR = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com")


@dataclass(frozen=True)
class Repository:
    """Where in ECR a private repository is."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        return f"arn:aws:ecr:{self.region}:{self.account}:repository/{self.name}"

    @property
    def api(self) -> str:
        return f"api.ecr.{self.region}.amazonaws.com"

    @property
    def layers(self) -> str:
        """The bucket that layers come from."""
        return f"prod-{self.region}-starport-layer-bucket.s3.{self.region}.amazonaws.com"


@dataclass(frozen=True)
class Image:
    """A name in its parts: `nginx` is docker.io/library/nginx:latest."""

    registry: str
    path: str
    reference: str

    @classmethod
    def read(cls, name: str) -> Image:
        first, slash, rest = name.partition("/")
        told = bool(slash) and ("." in first or ":" in first or first == "localhost")
        registry, path = (first, rest) if told else (_HUB, name)
        path, _, digest = path.partition("@")
        path, _, tag = path.partition(":")
        official = registry == _HUB and "/" not in path
        return cls(registry, f"library/{path}" if official else path, digest or tag or "latest")

    def __str__(self) -> str:
        return f"{self.registry}/{self.path}{'@' if self.by_digest else ':'}{self.reference}"

    @property
    def by_digest(self) -> bool:
        return self.reference.startswith("sha256:")

    @property
    def hosts(self) -> tuple[str, ...]:
        """All that a pull connects to, the one with the manifest first; ECR's layers come from S3."""
        return _HUB_HOSTS if self.registry == _HUB else (self.registry.partition(":")[0],)

    @property
    def manifest(self) -> str:
        return f"https://{self.hosts[0]}/v2/{self.path}/manifests/{self.reference}"

    @property
    def private(self) -> Repository | None:
        """The repository in ECR, if it is in a private registry there."""
        match = _ECR.fullmatch(self.registry)
        return Repository(match["account"], match["region"], self.path) if match else None
