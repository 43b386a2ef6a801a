"""Where a container's secrets come from: Secrets Manager and the Parameter Store."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site


@dataclass(frozen=True)
class Store:
    """`told` and `missing` are how ECS tells of it, with the secret's name at {}."""

    host: str
    action: str
    told: str
    missing: str


MANAGER = Store(
    "secretsmanager",
    "secretsmanager:GetSecretValue",
    "unable to retrieve secret from asm: service call has been retried 1 time(s): "
    "failed to fetch secret {} from secrets manager",
    "ResourceNotFoundException: Secrets Manager can't find the specified secret.",
)
PARAMETERS = Store(
    "ssm",
    "ssm:GetParameters",
    "unable to retrieve secrets from ssm: service call has been retried 1 time(s)",
    "invalid parameters: {}",
)


def store(name: str) -> Store:
    return MANAGER if ":secretsmanager:" in name else PARAMETERS


def arn(site: Site, name: str) -> str:
    """Parameters of one's own region may be named without an ARN; a secret's may have a JSON key behind it."""
    if name.startswith("arn:"):
        return ":".join(name.split(":")[:7]) if store(name) is MANAGER else name
    return f"arn:aws:ssm:{site.region}:{site.account}:parameter/{name.lstrip('/')}"


def exists(site: Site, name: str) -> bool:
    if store(name) is MANAGER:
        return any(secret.arn == arn(site, name) for secret in backends.secrets(site).secrets.values())
    path = arn(site, name).partition(":parameter/")[2]
    known = backends.parameters(site)
    return any(known.get_parameter(name) is not None for name in (path, f"/{path}"))
