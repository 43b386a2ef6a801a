"""Service Connect's names, and how long a verdict takes; both in this process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.ec2.models.elastic_network_interfaces import NetworkInterface

from provisioner.sandbox import interfaces
from provisioner.sandbox.call import Site
from provisioner.sandbox.embedded import embedded
from provisioner.sandbox.network import judge, listening, mesh
from tests.sandbox.network_lab import ACCOUNT
from tests.sandbox_fixture import REGION


class Pair:
    """A client and a backend in one subnet, with a group each; the backend listens at port 5000."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.ec2: Any = boto3.client("ec2", REGION, aws_access_key_id="testing", aws_secret_access_key="testing")
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = self.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        self.groups = [
            self.ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
            for name in ("client", "backend")
        ]
        self.client, self.backend = (interfaces.place(site, subnet, [group], group) for group in self.groups)
        listening.listen(site, self.backend, "own/backend", [5000], "the backend")

    def let_in(self) -> None:
        pairs = [{"GroupId": self.groups[0]}]
        permission = {"IpProtocol": "tcp", "FromPort": 5000, "ToPort": 5000, "UserIdGroupPairs": pairs}
        self.ec2.authorize_security_group_ingress(GroupId=self.groups[1], IpPermissions=[permission])

    def reach(self, host: str, port: int, source: NetworkInterface | None = None) -> judge.Verdict:
        return judge.reach(self.site, source or self.client, host, port)


@pytest.fixture
def pair() -> Iterator[Pair]:
    with embedded() as world:
        yield Pair(Site(ACCOUNT, REGION, world))


def test_a_proxy_answers_for_a_name(pair: Pair) -> None:
    endpoint = (str(pair.backend.private_ip_address), 5000)
    assert pair.reach("backend", 80).outcome == "unknown name"
    mesh.join(pair.site, pair.client, {("backend", 80): lambda: [endpoint]})
    assert pair.reach("backend", 80).outcome == "hangs"
    pair.let_in()
    assert pair.reach("backend", 80).opens
    assert pair.reach("backend", 81).outcome == "refused"
    mesh.leave(pair.site, pair.client)
    assert pair.reach("backend", 80).outcome == "unknown name"


def test_nobody_else_knows_the_name(pair: Pair) -> None:
    mesh.join(pair.site, pair.client, {("backend", 80): list})
    assert pair.reach("backend", 80, pair.backend).outcome == "unknown name"


def test_a_proxy_without_endpoints_refuses(pair: Pair) -> None:
    mesh.join(pair.site, pair.client, {("backend", 80): list})
    assert pair.reach("backend", 80).outcome == "refused"


def test_endpoints_take_turns(pair: Pair) -> None:
    endpoints = [("10.0.0.77", 5000), ("10.0.0.78", 5000)]
    mesh.join(pair.site, pair.client, {("backend", 80): lambda: endpoints})
    assert ["10.0.0.77" in pair.reach("backend", 80).why for _ in range(2)] == [True, False]


def test_a_verdict_takes_no_time(pair: Pair) -> None:
    pair.let_in()
    address = str(pair.backend.private_ip_address)
    for number in range(200):
        interfaces.place(pair.site, pair.client.subnet.id, pair.groups[:1], f"neighbour {number}")
    began = time.perf_counter()
    for _ in range(100):
        assert pair.reach(address, 5000).opens
    assert (time.perf_counter() - began) / 100 < 0.005
