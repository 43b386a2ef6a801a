"""The network's places: VPC, subnets, internet gateway, addresses, NAT gateways."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from state.record import Record
from steps.aws.context import Aws, Look
from steps.aws.holders import interfaces, parts, strangers
from steps.aws.holders.holder import Holder
from steps.aws.listing import ListedStep, Listing
from steps.base import Gone, Job, Pending, Ready, Retry, Seen, Step, StepFailed

WITHOUT_FARGATE = frozenset({"use1-az3", "usw1-az2", "apne1-az3"})
_DNS_ATTRIBUTES: tuple[Literal["enableDnsSupport", "enableDnsHostnames"], ...] = (
    "enableDnsSupport",  # first: hostnames need it
    "enableDnsHostnames",
)


def availability_zones(aws: Aws) -> list[str]:
    """Names of the region's ordinary zones that this account may use, in order. One read.

    Zones in which Fargate is missing come last. Source: Amazon ECS developer guide, "Supported Regions for Amazon
    ECS on AWS Fargate".
    """
    answer = aws.clients.ec2.describe_availability_zones(
        Filters=[
            {"Name": "zone-type", "Values": ["availability-zone"]},
            {"Name": "state", "Values": ["available"]},
        ]
    )
    zones = [(zone["ZoneId"] in WITHOUT_FARGATE, zone["ZoneName"]) for zone in answer["AvailabilityZones"]]
    return [name for _, name in sorted(zones)]


@dataclass(frozen=True, kw_only=True)
class Vpc(ListedStep):
    """A VPC with DNS support and DNS hostnames. `cidr` is in canonical form: AWS would make it so silently."""

    kind = "vpc"
    noun = "VPC"
    family = "network"
    typical = 2.0
    listing = Listing("describe_vpcs", "Vpcs", "VpcId", "vpc-id")
    cidr: str

    def request(self, job: Job) -> dict[str, Any]:
        return {"CidrBlock": self.cidr}

    def create(self, job: Job) -> str:
        tags = job.aws.owner.specification("vpc", self.name)
        return job.aws.once.ec2.create_vpc(**job.record.request, TagSpecifications=tags)["Vpc"]["VpcId"]

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is None:
            _set_dns(job, _DNS_ATTRIBUTES)
            return Pending("pending")
        if seen.raw["State"] != "available":
            return Pending(seen.raw["State"])
        if off := [name for name in _DNS_ATTRIBUTES if not _dns_is_on(job, name)]:
            _set_dns(job, off)
            if job.record.ready_at:
                job.notes.append(f"switched on {' and '.join(off)}")
        return Ready({"cidr": seen.raw["CidrBlock"]})

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        job.aws.clients.ec2.delete_vpc(VpcId=seen.id)

    @classmethod
    def blockers(cls, job: Job, seen: Seen) -> Sequence[Holder]:
        return parts.of_vpc(job.aws, seen.id)

    @classmethod
    def objection(cls, job: Job, seen: Seen, ours: Container[str]) -> StepFailed | None:
        return strangers.objection(job.aws, seen.id, ours)


def _dns_is_on(job: Job, name: Literal["enableDnsSupport", "enableDnsHostnames"]) -> bool:
    answer: Mapping[str, Any] = job.aws.clients.ec2.describe_vpc_attribute(VpcId=job.id, Attribute=name)
    return bool(answer[name[0].upper() + name[1:]]["Value"])


def _set_dns(job: Job, names: Iterable[str]) -> None:
    """One call an attribute: AWS refuses two in one."""
    for name in names:
        parameter: Any = {name[0].upper() + name[1:]: {"Value": True}}
        job.aws.clients.ec2.modify_vpc_attribute(VpcId=job.id, **parameter)


@dataclass(frozen=True, kw_only=True)
class Subnet(ListedStep):
    """A subnet in one availability zone. It gives no public addresses by itself, not even a public one."""

    kind = "subnet"
    noun = "subnet"
    family = "network"
    retry = Retry.KEY
    listing = Listing("describe_subnets", "Subnets", "SubnetId", "subnet-id")
    vpc: str
    cidr: str
    zone: str

    def request(self, job: Job) -> dict[str, Any]:
        return {"VpcId": job.id_of(self.vpc), "CidrBlock": self.cidr, "AvailabilityZone": self.zone}

    def create(self, job: Job) -> str:
        tags = job.aws.owner.specification("subnet", self.name)
        answer = job.aws.once.ec2.create_subnet(**job.record.request, TagSpecifications=tags)
        return answer["Subnet"]["SubnetId"]

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        state = seen.raw["State"] if seen else "pending"
        if state in ("failed", "failed-insufficient-capacity", "unavailable"):
            raise StepFailed(f"subnet {job.id} is {state}", "try another availability zone")
        return Ready({"cidr": self.cidr, "zone": self.zone}) if state == "available" else Pending(state)

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        job.aws.clients.ec2.delete_subnet(SubnetId=seen.id)

    @classmethod
    def blockers(cls, job: Job, seen: Seen) -> Sequence[Holder]:
        return interfaces.holding(job.aws, "subnet-id", seen.id)


_GATEWAYS = Listing("describe_internet_gateways", "InternetGateways", "InternetGatewayId", "internet-gateway-id")


@dataclass(frozen=True, kw_only=True)
class InternetGateway(ListedStep):
    kind = "internet_gateway"
    noun = "internet gateway"
    family = "network"
    listing = _GATEWAYS

    def request(self, job: Job) -> dict[str, Any]:
        return {}

    def create(self, job: Job) -> str:
        tags = job.aws.owner.specification("internet-gateway", self.name)
        answer = job.aws.once.ec2.create_internet_gateway(TagSpecifications=tags)
        return answer["InternetGateway"]["InternetGatewayId"]

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        job.aws.clients.ec2.delete_internet_gateway(InternetGatewayId=seen.id)


@dataclass(frozen=True, kw_only=True)
class InternetGatewayAttachment(Step):
    """The attachment of an internet gateway to a VPC. Its id is `GATEWAY|VPC`.

    NAT gateways need it although it has no id of AWS's: without it they are accepted and fail a minute later
    (`Gateway.NotAttached`).
    """

    kind = "internet_gateway_attachment"
    noun = "internet gateway attachment"
    family = "network"
    retry = Retry.KEY
    typical = 3.0
    typical_delete = 10.0
    patience_delete = 1800.0
    gateway: str
    vpc: str

    def key(self, ids: Mapping[str, str]) -> str | None:
        return f"{ids[self.gateway]}|{ids[self.vpc]}" if {self.gateway, self.vpc} <= ids.keys() else None

    def request(self, job: Job) -> dict[str, Any]:
        return {"InternetGatewayId": job.id_of(self.gateway), "VpcId": job.id_of(self.vpc)}

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        gateways = _GATEWAYS.read(look, (), (record.key.split("|")[0] for record in records if record.key))
        for gateway in gateways:
            for attachment in gateway.raw.get("Attachments", ()):
                key = f"{gateway.id}|{attachment['VpcId']}"
                yield Seen(key, attachment, key=key, going=attachment["State"] == "detaching")

    def create(self, job: Job) -> str:
        job.aws.once.ec2.attach_internet_gateway(**job.record.request)
        return f"{job.id_of(self.gateway)}|{job.id_of(self.vpc)}"

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        """`available` is how attachments are told in the answer, `attached` in the documentation."""
        state = seen.raw["State"] if seen else "attaching"
        return Ready() if state in ("available", "attached") else Pending(state)

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        job.aws.clients.ec2.detach_internet_gateway(**job.record.request)

    @classmethod
    def blockers(cls, job: Job, seen: Seen) -> Sequence[Holder]:
        """Source: EC2's refusal, "has some mapped public address(es)"."""
        return parts.of_mapped_addresses(job.aws, seen.raw["VpcId"])


@dataclass(frozen=True, kw_only=True)
class ElasticIp(ListedStep):
    """An Elastic IP address. It must be visible before a NAT gateway gets it, or that fails later."""

    kind = "elastic_ip"
    noun = "Elastic IP address"
    family = "network"
    patience_delete = 900.0
    listing = Listing("describe_addresses", "Addresses", "AllocationId", "allocation-id")

    def request(self, job: Job) -> dict[str, Any]:
        return {"Domain": "vpc"}

    def create(self, job: Job) -> str:
        tags = job.aws.owner.specification("elastic-ip", self.name)
        return job.aws.once.ec2.allocate_address(Domain="vpc", TagSpecifications=tags)["AllocationId"]

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        return Ready({"public_ip": seen.raw["PublicIp"]}) if seen else Pending("allocated")

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        job.aws.clients.ec2.release_address(AllocationId=seen.id)


@dataclass(frozen=True, kw_only=True)
class NatGateway(ListedStep):
    """A public, zonal NAT gateway. AWS accepts it at once and tells later whether it failed."""

    kind = "nat_gateway"
    noun = "NAT gateway"
    family = "network"
    retry = Retry.TOKEN
    typical = 90.0
    patience = 900.0
    typical_delete = 60.0
    patience_delete = 1800.0
    listing = Listing(
        "describe_nat_gateways",
        "NatGateways",
        "NatGatewayId",
        "nat-gateway-id",
        going=frozenset({"deleting"}),
        spent=frozenset({"failed"}),
        over=frozenset({"deleted"}),
    )
    subnet: str
    address: str

    def request(self, job: Job) -> dict[str, Any]:
        return {"SubnetId": job.id_of(self.subnet), "AllocationId": job.id_of(self.address)}

    def create(self, job: Job) -> str:
        tags = job.aws.owner.specification("natgateway", self.name)
        answer = job.aws.once.ec2.create_nat_gateway(
            **job.record.request, ClientToken=job.record.token, TagSpecifications=tags
        )
        return answer["NatGateway"]["NatGatewayId"]

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        state = seen.raw["State"] if seen else "pending"
        if seen and state == "failed":
            raise _failure(seen)
        if not seen or state != "available":
            return Pending(state)
        return Ready({"public_ip": seen.raw["NatGatewayAddresses"][0].get("PublicIp")})

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        if seen is None:
            return Gone()
        if not seen.going:
            job.aws.clients.ec2.delete_nat_gateway(NatGatewayId=seen.id)
        return Pending("deleting")


def _failure(seen: Seen) -> StepFailed:
    """A failed gateway holds its address; the next run deletes it and makes another."""
    code, message = seen.raw.get("FailureCode", "failed"), seen.raw.get("FailureMessage", "")
    fix = "remove the cause and resume: the failed one is deleted first, then another is made"
    return StepFailed(f"NAT gateway {seen.id} failed: {code}: {message}", fix, "CreateNatGateway", code)
