"""What AWS must tell before a stack's steps are listed: asked once, kept, and told where it cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from provisioner.blueprint import Site
from provisioner.events import Notice
from provisioner.model import Stack
from provisioner.site import Surveyor
from provisioner.stack_file.errors import StackError
from tests.sandbox_fixture import Sandbox
from tests.steps.lab import REGION, Lab

WEB = {"image": "nginx", "port": 80}


class Asking:
    """A survey of a stack, again and again with the facts of the ones before."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.facts: dict[str, Any] = {}
        self.told: list[Notice] = []

    def __call__(self, **tables: Any) -> Site:
        stack = Stack.model_validate({"name": "lab", "region": REGION, **tables})
        return Surveyor(self.lab.aws, stack, self.facts, self.told.append, Path("lab.toml")).survey()

    def refusal(self, **tables: Any) -> str:
        with pytest.raises(StackError) as refused:
            self(**tables)
        assert self.lab.sandbox.calls(mutating=True) == []
        return str(refused.value)


@pytest.fixture
def asking(sandbox: Sandbox, tmp_path: Path) -> Asking:
    return Asking(Lab(sandbox, tmp_path))


class Vpc:
    """Somebody's own, with one public and one private subnet in each of two zones."""

    def __init__(self, lab: Lab) -> None:
        self.ec2 = lab.client("ec2")
        self.id = self.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        for name in ("EnableDnsSupport", "EnableDnsHostnames"):
            self.ec2.modify_vpc_attribute(VpcId=self.id, **{name: {"Value": True}})
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.id)
        self.table = self.ec2.create_route_table(VpcId=self.id)["RouteTable"]["RouteTableId"]
        self.ec2.create_route(RouteTableId=self.table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        self.public = [self.subnet(place, "public") for place in range(2)]
        self.private = [self.subnet(place + 2, "private") for place in range(2)]
        for subnet in self.public:
            self.ec2.associate_route_table(RouteTableId=self.table, SubnetId=subnet)
        lab.sandbox.forget_calls()

    def subnet(self, place: int, tier: str) -> str:
        made = self.ec2.create_subnet(
            VpcId=self.id,
            CidrBlock=f"10.9.{place}.0/24",
            AvailabilityZone=f"{REGION}{'ab'[place % 2]}",
            TagSpecifications=[{"ResourceType": "subnet", "Tags": [{"Key": "tier", "Value": tier}]}],
        )
        return str(made["Subnet"]["SubnetId"])


def given(vpc: Vpc, **more: Any) -> Mapping[str, Any]:
    return {"vpc_id": vpc.id, "private_subnet_ids": vpc.private, **more}


def test_the_first_zones_are_chosen_once(asking: Asking) -> None:
    assert asking().zones == (f"{REGION}a", f"{REGION}b")
    asking.lab.sandbox.forget_calls()
    assert asking().zones == (f"{REGION}a", f"{REGION}b")
    assert asking.lab.sandbox.calls() == []


def test_a_given_vpc_is_found_told_and_kept(asking: Asking) -> None:
    vpc = Vpc(asking.lab)
    found = asking(network=given(vpc, public_subnet_tags={"tier": "public"})).found
    assert found is not None
    assert [one.id for one in found.private] == vpc.private
    assert [one.id for one in found.public] == vpc.public
    told = " ".join([asking.told[0].text, *asking.told[0].details])
    assert all(subnet in told for subnet in (vpc.id, *vpc.private, *vpc.public))
    asking.lab.sandbox.forget_calls()
    assert asking(network=given(vpc, public_subnet_tags={"tier": "public"})).found == found
    assert asking.lab.sandbox.calls() == []


def test_two_given_subnets_in_one_zone_are_refused_by_name(asking: Asking) -> None:
    vpc = Vpc(asking.lab)
    twice = [vpc.private[0], vpc.subnet(4, "private")]
    asking.lab.sandbox.forget_calls()
    refusal = asking.refusal(network={"vpc_id": vpc.id, "private_subnet_ids": twice})
    assert "network.private_subnet_ids" in refusal
    assert all(subnet in refusal for subnet in twice)
    assert f"{REGION}a" in refusal


def test_tags_choose_the_lowest_of_a_zone_and_say_so(asking: Asking) -> None:
    vpc = Vpc(asking.lab)
    other = vpc.subnet(4, "private")
    found = asking(network={"vpc_id": vpc.id, "private_subnet_tags": {"tier": "private"}}).found
    assert found is not None
    assert [one.id for one in found.private] == vpc.private
    assert any(other in detail for detail in asking.told[0].details)


def test_a_subnet_without_an_internet_gateway_is_no_public_one(asking: Asking) -> None:
    vpc = Vpc(asking.lab)
    refusal = asking.refusal(network=given(vpc, public_subnet_ids=vpc.private))
    assert f"{vpc.private[0]} is no public subnet" in refusal


def test_tasks_in_subnets_without_a_way_out_are_refused(asking: Asking) -> None:
    vpc = Vpc(asking.lab)
    refusal = asking.refusal(network=given(vpc), services={"web": {**WEB, "load_balanced": False}})
    assert f"nothing in {vpc.private[0]} gets out" in refusal


def test_endpoints_want_the_vpcs_names(asking: Asking) -> None:
    vpc = Vpc(asking.lab)
    vpc.ec2.modify_vpc_attribute(VpcId=vpc.id, EnableDnsHostnames={"Value": False})
    asking.lab.sandbox.forget_calls()
    assert "enableDnsHostnames" in asking.refusal(network=given(vpc, egress="endpoints"))


def test_endpoints_that_are_there_are_used(asking: Asking) -> None:
    vpc = Vpc(asking.lab)
    service = f"com.amazonaws.{REGION}.s3"
    tables = [vpc.table]
    vpc.ec2.create_vpc_endpoint(VpcId=vpc.id, ServiceName=service, VpcEndpointType="Gateway", RouteTableIds=tables)
    found = asking(network=given(vpc, egress="endpoints"))
    assert found.served == {"s3"}
    assert "s3" in asking.told[-1].details
    assert asking(network=given(vpc, egress="endpoints")).served == {"s3"}


def test_a_transit_gateway_that_nobody_sees_is_told_at_once(asking: Asking) -> None:
    gateway = "tgw-0123456789abcdef0"
    refusal = asking.refusal(network={"transit_gateway": {"id": gateway}})
    assert gateway in refusal
    assert "share it with this account" in refusal


def test_a_route_that_is_there_is_not_taken(asking: Asking) -> None:
    vpc = Vpc(asking.lab)
    gateway = vpc.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    attached = {"TransitGatewayId": gateway, "VpcId": vpc.id, "SubnetIds": vpc.private}
    vpc.ec2.create_transit_gateway_vpc_attachment(**attached)
    main = vpc.ec2.describe_route_tables(
        Filters=[{"Name": "vpc-id", "Values": [vpc.id]}, {"Name": "association.main", "Values": ["true"]}]
    )["RouteTables"][0]["RouteTableId"]
    route = {"DestinationCidrBlock": "10.64.0.0/16", "TransitGatewayId": gateway}
    vpc.ec2.create_route(RouteTableId=main, **route)
    asking.lab.sandbox.forget_calls()
    network = given(vpc, transit_gateway={"id": gateway, "routes": ["10.64.0.0/16"]})
    assert "has a route for 10.64.0.0/16 already" in asking.refusal(network=network)
    network = given(vpc, transit_gateway={"id": gateway, "routes": ["10.9.0.0/20"]})
    assert "overlaps the VPC's own network" in asking.refusal(network=network)


def test_the_parent_zone_is_looked_for_by_name_and_kept(asking: Asking) -> None:
    dns = {"zone": "api.example.com", "parent": {"zone": "example.com"}}
    assert "dns.parent.zone" in asking.refusal(dns=dns)
    made = asking.lab.client("route53").create_hosted_zone(Name="example.com", CallerReference="x")
    zone = made["HostedZone"]["Id"].rpartition("/")[2]
    assert asking(dns=dns).parent_zone == zone
    asking.lab.sandbox.forget_calls()
    assert asking(dns=dns).parent_zone == zone
    assert asking.lab.sandbox.calls() == []


def services(**paths: Any) -> dict[str, Any]:
    return {name: {**WEB, **settings} for name, settings in paths.items()}


def test_priorities_are_given_once_so_that_a_new_service_moves_no_other(asking: Asking) -> None:
    first = services(web={}, a={"paths": ["/a"]}, b={"paths": ["/b"]})
    assert asking(load_balancer={}, services=first).priorities == {"a": 100, "b": 200}
    later = services(c={"paths": ["/c"]}, a={"paths": ["/a"]}, b={"paths": ["/b"]})
    assert asking(load_balancer={}, services=later).priorities == {"a": 100, "b": 200, "c": 300}


def test_a_priority_that_is_asked_for_is_given_to_no_other(asking: Asking) -> None:
    first = services(a={"paths": ["/a"]}, b={"paths": ["/b"], "priority": 100})
    assert asking(load_balancer={}, services=first).priorities["a"] == 200
    later = services(a={"paths": ["/a"]}, b={"paths": ["/b"], "priority": 200})
    assert asking(load_balancer={}, services=later).priorities["a"] == 300
