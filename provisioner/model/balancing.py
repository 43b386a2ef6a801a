"""The load balancer in front of the services, and the name by which it is known."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from provisioner.model.table import Table
from provisioner.stack_file.ids import CertificateArn, DomainName, RoleArn, SecurityPolicy, ZoneId
from provisioner.stack_file.values import Cidr, Flag, Number, Port, Text

_HTTP, _HTTPS = 80, 443
ANYWHERE = "0.0.0.0/0"


class Tls(Table):
    """Encryption up to the load balancer."""

    certificate_arn: CertificateArn | None = Field(
        default=None, description="A certificate of yours; without it one is made for the name in [dns]."
    )
    policy: SecurityPolicy = Field(
        default="ELBSecurityPolicy-TLS13-1-2-2021-06", description="Which protocols and ciphers are spoken."
    )
    redirect: Flag = Field(
        default=True, description="Whether an application load balancer sends requests on port 80 to https."
    )


class LoadBalancer(Table):
    """The load balancer in front of the services."""

    type: Literal["application", "network"] = Field(
        default="application", description='"application" for HTTP, with path rules; "network" for TCP and TLS.'
    )
    scheme: Literal["internal", "internet-facing"] = Field(
        default="internal",
        description='"internal": in the private subnets, with private addresses only; "internet-facing": in the '
        "public ones.",
    )
    port: Port | None = Field(
        default=None, description="The port that it listens on; without it 443 with [load_balancer.tls], else 80."
    )
    clients: tuple[Cidr, ...] | None = Field(
        default=None,
        description="Networks that may reach it, beside the functions that call its services. Without it "
        "everybody where it is internet-facing, nobody else where it is internal.",
    )
    idle_timeout: Number = Field(
        default=60,
        ge=1,
        le=4000,
        description="Seconds without data after which an application load balancer closes a connection.",
    )
    cross_zone: Flag = Field(
        default=True, description="Whether a network load balancer sends to the targets of all zones."
    )
    deletion_protection: Flag = Field(
        default=False, description="Whether it refuses to be deleted until this is false again."
    )
    tls: Tls | None = Field(default=None, description="TLS on its port; nothing is then answered unencrypted.")

    @property
    def listens_on(self) -> int:
        return self.port or (_HTTPS if self.tls else _HTTP)

    @property
    def redirects(self) -> bool:
        """Whether port 80 sends to https."""
        return self.type == "application" and self.tls is not None and self.tls.redirect

    @property
    def admits(self) -> tuple[str, ...]:
        """The networks that may reach it."""
        if self.clients is not None:
            return self.clients
        return (ANYWHERE,) if self.scheme == "internet-facing" else ()

    @property
    def tier(self) -> Literal["public", "private"]:
        return "public" if self.scheme == "internet-facing" else "private"


class Parent(Table):
    """The zone above ours, which must delegate to it; maybe in another account."""

    zone: DomainName | None = Field(default=None, description="The parent zone's name, to be looked for.")
    zone_id: ZoneId | None = Field(default=None, description="The parent zone's id, where its name is not unique.")
    role_arn: RoleArn | None = Field(default=None, description="The role to assume where it is another account's.")
    profile: Text | None = Field(default=None, description="The AWS profile to use where it is another account's.")

    @property
    def way(self) -> str:
        """As `Aws.at` takes it."""
        if self.role_arn:
            return f"role:{self.role_arn}"
        return f"profile:{self.profile}" if self.profile else ""


class Dns(Table):
    """The public name of the load balancer."""

    zone: DomainName = Field(description="The public zone that holds the name, such as api.example.com.")
    zone_id: ZoneId | None = Field(
        default=None,
        description="A zone that is there already; without it one is made, and deleted with the stack.",
    )
    record: DomainName | None = Field(
        default=None, description="The name that stands for the load balancer; without it the zone's own."
    )
    parent: Parent | None = Field(
        default=None,
        description="Where to write the delegation to the zone that is made. Without it somebody must do that by "
        "hand, and until then nobody finds the name and no certificate is issued.",
    )

    @property
    def name(self) -> str:
        """The load balancer's name."""
        return self.record or self.zone
