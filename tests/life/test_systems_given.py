"""The further systems in a VPC that was there before: they use it, and leave it as it was."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from steps.lifecycle import Foreign
from tests.life.conftest import Bring
from tests.life.death import WHENS, dying
from tests.life.systems import FURTHER, Inside, System
from tests.life.tool import REGION, ROOT

INTERNAL, DATABASE, PUBLIC, SERVICES, _ = FURTHER
WAYS = (
    (INTERNAL, "endpoints"),
    (DATABASE, "existing"),
    (PUBLIC, "existing"),
    (SERVICES, "existing"),
    (SERVICES, "public-ip"),
)
ways = pytest.mark.parametrize(("system", "egress"), WAYS, ids=str)
_OWN = re.compile(r"^(cidr|availability_zones|egress)\b.*\n", re.MULTILINE)
_GIVEN = """[network]
vpc_tags = { Name = "shared" }
private_subnet_tags = { tier = "private" }
public_subnet_tags = { tier = "public" }
"""


def in_given_network(system: System, egress: str, folder: Path) -> System:
    """The system with the VPC found by its tags instead of one of its own."""
    text = _OWN.sub("", system.file.read_text()).replace("../lambda_payload", f"{ROOT}/lambda_payload")
    file = folder / f"{system.example}.toml"
    file.write_text(text.replace("[network]", f'{_GIVEN}egress = "{egress}"', 1))
    return System(system.example, system.asked, file)


class Network:
    """Two zones, in each a public and a private subnet; one NAT gateway."""

    def __init__(self, stack: Inside) -> None:
        self.stack, self.ec2 = stack, stack.client("ec2")
        self.vpc = self.made("create_vpc", "Vpc", "vpc", {"Name": "shared"}, CidrBlock="10.99.0.0/16")
        for name in ("EnableDnsSupport", "EnableDnsHostnames"):
            self.ec2.modify_vpc_attribute(VpcId=self.vpc, **{name: {"Value": True}})
        gateway = self.made("create_internet_gateway", "InternetGateway", "internet-gateway", {"Name": "theirs"})
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        public = self.table("public", GatewayId=gateway)
        places = [self.subnet(f"10.99.{place}.0/24", zone, "public", public) for place, zone in enumerate("ab")]
        address = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        stack.sandbox.advance(1)
        asked = {"SubnetId": places[0], "AllocationId": address}
        gateway = self.made("create_nat_gateway", "NatGateway", "natgateway", {"Name": "theirs"}, **asked)
        for place, zone in enumerate("ab", start=10):
            table = self.table(f"private-{zone}", NatGatewayId=gateway)
            self.subnet(f"10.99.{place}.0/24", zone, "private", table)

    def made(self, operation: str, part: str, kind: str, tags: dict[str, str], **parameters: Any) -> str:
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        parameters["TagSpecifications"] = [{"ResourceType": kind, "Tags": pairs}]
        answer = getattr(self.ec2, operation)(**parameters)[part]
        self.stack.sandbox.advance(1)
        return str(answer[f"{part}Id"])

    def table(self, name: str, **target: str) -> str:
        table = self.made("create_route_table", "RouteTable", "route-table", {"Name": name}, VpcId=self.vpc)
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)
        return table

    def subnet(self, cidr: str, zone: str, tier: str, table: str) -> str:
        tags = {"Name": f"{tier}-{zone}", "tier": tier}
        place = {"VpcId": self.vpc, "CidrBlock": cidr, "AvailabilityZone": f"{REGION}{zone}"}
        subnet = self.made("create_subnet", "Subnet", "subnet", tags, **place)
        self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        return subnet


def stands_in(bring: Bring, folder: Path, system: System, egress: str) -> tuple[Inside, Network]:
    stack = bring(in_given_network(system, egress, folder))
    network = Network(stack)
    stack.sandbox.advance(1)
    stack.before = stack.inventory()
    return stack, network


@ways
def test_up_unchanged_and_down_to_what_was_there_before(
    bring: Bring, tmp_path: Path, system: System, egress: str
) -> None:
    stack, network = stands_in(bring, tmp_path, system, egress)
    stack.up()
    assert stack.id_of("vpc") == network.vpc
    stack.sandbox.forget_calls()
    stack.up()
    assert stack.mutations() == []
    stack.down()
    assert stack.inventory() == stack.before


@pytest.mark.complete
@ways
def test_complete_dying_at_every_call(bring: Bring, tmp_path: Path, system: System, egress: str) -> None:
    stack, _ = stands_in(bring, tmp_path, system, egress)
    for run in (stack.up, stack.down):
        for turn in count():
            with dying(1 + turn % 2, WHENS[1 - turn % 2]) as death:
                run()
            if not death.came:
                break
    assert stack.inventory() == stack.before


def test_a_security_group_of_theirs_with_our_name_stops_the_run_untouched(bring: Bring, tmp_path: Path) -> None:
    stack, network = stands_in(bring, tmp_path, PUBLIC, "existing")
    name = {"GroupName": "public-api-load-balancer", "Description": "theirs"}
    stack.client("ec2").create_security_group(VpcId=network.vpc, **name)
    stack.sandbox.advance(1)
    before = stack.inventory()
    stack.sandbox.forget_calls()
    with pytest.raises(Foreign, match=f"security group .*{name['GroupName']} exists already"):
        stack.up()
    assert stack.mutations() == []
    assert stack.inventory() == before
