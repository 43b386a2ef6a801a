"""The whole stack file."""

from __future__ import annotations

from pydantic import Field

from provisioner.model.balancing import Dns, LoadBalancer
from provisioner.model.database import Database
from provisioner.model.expect import Expect
from provisioner.model.functions import Api, Function
from provisioner.model.network import Network
from provisioner.model.services import Cluster, Service, ServiceConnect
from provisioner.model.table import Table
from provisioner.stack_file.ids import OutputName
from provisioner.stack_file.values import PartName, Region, StackName, TagKey, TagValue, Text


class Stack(Table):
    """A private stack of containers and functions on AWS."""

    name: StackName = Field(description="The stack's name, with which the names of all its resources begin.")
    region: Region | None = Field(
        default=None, description="The AWS region; without it the one that boto3 is configured for."
    )
    tags: dict[TagKey, TagValue] = Field(default={}, description="Tags for everything that can bear tags.")
    network: Network = Field(default=Network(), description="The VPC and its way out.")
    cluster: Cluster = Field(default=Cluster(), description="The ECS cluster.")
    service_connect: ServiceConnect | None = Field(
        default=None, description="Names by which the services' tasks reach each other."
    )
    dns: Dns | None = Field(default=None, description="The load balancer's public name.")
    load_balancer: LoadBalancer | None = Field(default=None, description="The load balancer of the services.")
    services: dict[PartName, Service] = Field(default={}, description="The services by name.")
    functions: dict[PartName, Function] = Field(default={}, description="The functions by name.")
    database: Database | None = Field(default=None, description="The database.")
    api: Api | None = Field(default=None, description="The HTTP API in front of functions.")
    expect: tuple[Expect, ...] = Field(default=(), description="What `provisioner verify` proves besides.")
    outputs: dict[OutputName, Text] = Field(
        default={}, description="What `provisioner outputs` tells besides; values hold references."
    )

    @property
    def balanced(self) -> dict[str, Service]:
        """The services that the load balancer sends to."""
        return {name: one for name, one in self.services.items() if self.load_balancer and one.load_balanced}

    @property
    def default_service(self) -> str | None:
        """The one that gets what no rule gives to another."""
        return next((name for name, one in self.balanced.items() if one.is_default), None)

    def public_ip(self, service: str) -> bool:
        """Whether the service's tasks run in public subnets with public addresses."""
        asked = self.services[service].public_ip
        return self.network.way_out == "public-ip" if asked is None else asked

    def callers(self, called: str) -> tuple[list[str], list[str]]:
        """The services, and the functions, that call a service or the database."""
        services = [name for name, one in self.services.items() if called in one.calls]
        return services, [name for name, one in self.functions.items() if called in one.calls]
