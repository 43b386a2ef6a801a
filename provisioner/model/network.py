"""The VPC, ours or the user's, and the ways out of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from provisioner.model.table import Table
from provisioner.stack_file.ids import EndpointService, SubnetId, TransitGatewayId, VpcId
from provisioner.stack_file.values import Cidr, Number, TagKey, TagValue, VpcCidr, Zones

WayOut = Literal["nat", "endpoints", "public-ip", "existing", "none"]
ENDPOINTS = ("s3", "ecr.api", "ecr.dkr", "logs")
"""What a Fargate task needs to start without the internet: its image (S3 holds the layers) and its log."""


class TransitGateway(Table):
    """The attachment of the VPC to a transit gateway that is there already, maybe another account's."""

    id: TransitGatewayId = Field(
        description="The transit gateway, shared with this account where it is another's."
    )
    routes: tuple[Cidr, ...] = Field(
        default=(), description="Networks behind it: the private subnets send what is for them there."
    )


class Network(Table):
    """The VPC: the stack's own, with a public and a private subnet in each availability zone, or a given one."""

    cidr: VpcCidr = Field(default="10.0.0.0/16", description="The own VPC's IPv4 network, from /16 to /28.")
    availability_zones: Zones = Field(
        default=2, description="How many availability zones (the region's first ones), or a list of their names."
    )
    subnet_prefix: Number = Field(
        default=24, ge=16, le=28, description="The prefix length of each subnet: 24 gives 251 usable addresses."
    )
    egress: WayOut | None = Field(
        default=None,
        description='How tasks and functions reach what is outside the VPC: "nat" (NAT gateways), "endpoints" '
        '(VPC endpoints and no internet), "public-ip" (tasks in public subnets with public addresses), '
        '"existing" (a given VPC\'s own routes) or "none". Without it "nat", and "existing" in a given VPC.',
    )
    nat_gateways: Literal["one", "per-az"] = Field(
        default="one", description='"one" for all zones (cheaper), or "per-az" to survive the loss of a zone.'
    )
    endpoints: tuple[EndpointService, ...] = Field(
        default=(),
        max_length=50,
        description='VPC endpoints by service, such as "s3" or "secretsmanager", with whatever egress. With '
        'egress = "endpoints" there are always s3, ecr.api, ecr.dkr and logs.',
    )
    vpc_id: VpcId | None = Field(default=None, description="A VPC that is there already, by its id.")
    vpc_tags: dict[TagKey, TagValue] = Field(default={}, description="A VPC that is there already, by its tags.")
    private_subnet_ids: tuple[SubnetId, ...] = Field(
        default=(), description="The given VPC's private subnets by their ids, one in each availability zone."
    )
    private_subnet_tags: dict[TagKey, TagValue] = Field(
        default={},
        description="The given VPC's private subnets by their tags; of several in one zone, the lowest.",
    )
    public_subnet_ids: tuple[SubnetId, ...] = Field(
        default=(), description="The given VPC's public subnets by their ids, one in each availability zone."
    )
    public_subnet_tags: dict[TagKey, TagValue] = Field(
        default={}, description="The given VPC's public subnets by their tags; of several in one zone, the lowest."
    )
    transit_gateway: TransitGateway | None = Field(default=None, description="A transit gateway to attach to.")

    @property
    def given(self) -> bool:
        """Whether the VPC is the user's own: it is used, and never changed or deleted."""
        return bool(self.vpc_id or self.vpc_tags)

    @property
    def way_out(self) -> WayOut:
        return self.egress or ("existing" if self.given else "nat")

    @property
    def all_endpoints(self) -> tuple[str, ...]:
        """The services that get an endpoint, each once."""
        usual = ENDPOINTS if self.way_out == "endpoints" else ()
        return tuple(dict.fromkeys((*usual, *self.endpoints)))

    @property
    def has_internet(self) -> bool:
        """Whether the private subnets have a way to the internet, as far as the stack file tells."""
        return self.way_out in ("nat", "existing")
