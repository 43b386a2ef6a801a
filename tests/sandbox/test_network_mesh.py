"""Service Connect: the proxies' names, which tasks know which, and how long a verdict takes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.ec2.models.elastic_network_interfaces import NetworkInterface

from provisioner.sandbox.call import Site
from provisioner.sandbox.embedded import embedded
from provisioner.sandbox.network import judge, listening, mesh
from provisioner.sandbox.vpc import interfaces
from tests.sandbox.fargate import Fargate
from tests.sandbox.network_lab import ACCOUNT
from tests.sandbox_fixture import REGION, Sandbox


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


class Shop(Fargate):
    """A namespace `shop` with services in it, each with a group of its own."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.ecs.create_cluster(clusterName="main")
        self.sandbox.client("servicediscovery").create_http_namespace(Name="shop")
        self.groups = {name: self.new_group(name) for name in ("backend", "webapp")}

    def run(self, name: str, *offered: dict[str, Any], connected: bool = True) -> str:
        """The only task of a new service, which has a port `http`."""
        ports = [{"containerPort": 5000, "name": "http"}]
        container = {"name": name, "image": "own/backend:1", "portMappings": ports}
        definition = self.new_definition(family=name, containerDefinitions=[container])
        told = {"enabled": connected, **({"namespace": "shop", "services": list(offered)} if connected else {})}
        wanted = {
            "serviceName": name,
            "desiredCount": 1,
            "serviceConnectConfiguration": told,
            "networkConfiguration": self.placement(securityGroups=[self.groups[name]]),
        }
        self.ecs.create_service(**self.service_parameters(taskDefinition=definition, **wanted))
        return self.task(name)

    def task(self, name: str) -> str:
        (found,) = self.tasks(serviceName=name)
        assert found["lastStatus"] == "RUNNING"
        return str(found["taskArn"])

    def let_in(self) -> None:
        pairs = [{"GroupId": self.groups["webapp"]}]
        permission = {"IpProtocol": "tcp", "FromPort": 5000, "ToPort": 5000, "UserIdGroupPairs": pairs}
        self.ec2.authorize_security_group_ingress(GroupId=self.groups["backend"], IpPermissions=[permission])

    def fetch(self, task: str, url: str = "http://backend:5000/hello") -> dict[str, Any]:
        body = {"account": ACCOUNT, "region": REGION, "from": task, "url": url}
        found: dict[str, Any] = self.sandbox.ask("POST", "network/fetch", body)
        return found


OFFER = {"portName": "http", "discoveryName": "api", "clientAliases": [{"dnsName": "backend", "port": 5000}]}


@pytest.fixture
def shop(sandbox: Sandbox) -> Shop:
    return Shop(sandbox)


def test_a_task_calls_another_service_by_its_alias(shop: Shop) -> None:
    backend = shop.run("backend", OFFER)
    webapp = shop.run("webapp")
    assert shop.fetch(webapp)["outcome"] == "hangs"
    shop.let_in()
    told = json.loads(shop.fetch(webapp)["body"])
    assert (told["path"], told["task"]) == ("/hello", backend)
    assert shop.fetch(webapp, "http://backend:5001/")["outcome"] == "refused"
    assert shop.fetch(webapp, "http://api:5000/")["outcome"] == "unknown name"


@pytest.mark.parametrize(
    ("offer", "host"),
    [
        ({"portName": "http"}, "http.shop:5000"),
        ({"portName": "http", "discoveryName": "api"}, "api.shop:5000"),
        ({"portName": "http", "discoveryName": "api", "clientAliases": [{"port": 80}]}, "api.shop:80"),
    ],
)
def test_what_an_alias_leaves_out_is_in_the_namespace(shop: Shop, offer: dict[str, Any], host: str) -> None:
    shop.run("backend", offer)
    shop.let_in()
    webapp = shop.run("webapp")
    assert shop.fetch(webapp, f"http://{host}/")["status"] == 200
    assert shop.fetch(webapp)["outcome"] == "unknown name"


def test_without_service_connect_nothing_is_known(shop: Shop) -> None:
    shop.run("backend", OFFER)
    shop.let_in()
    assert shop.fetch(shop.run("webapp", connected=False))["outcome"] == "unknown name"


def test_only_services_that_offer_something_are_known(shop: Shop) -> None:
    shop.run("backend")
    assert shop.fetch(shop.run("webapp"))["outcome"] == "unknown name"


def test_tasks_that_run_learn_of_later_services_with_a_new_deployment(shop: Shop) -> None:
    webapp = shop.run("webapp")
    shop.run("backend", OFFER)
    shop.let_in()
    assert shop.fetch(webapp)["outcome"] == "unknown name"
    shop.ecs.update_service(cluster="main", service="webapp", forceNewDeployment=True)
    again = shop.task("webapp")
    assert again != webapp
    assert shop.fetch(again)["status"] == 200


def test_a_known_name_stands_for_the_tasks_that_run_now(shop: Shop) -> None:
    backend = shop.run("backend", OFFER)
    shop.let_in()
    webapp = shop.run("webapp")
    shop.ecs.update_service(cluster="main", service="backend", forceNewDeployment=True)
    told = json.loads(shop.fetch(webapp)["body"])
    assert told["task"] == shop.task("backend") != backend
    shop.ecs.update_service(cluster="main", service="backend", desiredCount=0)
    assert shop.fetch(webapp)["outcome"] == "refused"


def test_a_task_that_stops_knows_nothing_any_longer(shop: Shop) -> None:
    shop.run("backend", OFFER)
    shop.let_in()
    webapp = shop.run("webapp")
    shop.ecs.update_service(cluster="main", service="webapp", desiredCount=0)
    assert shop.tasks("STOPPED")
    assert shop.fetch(webapp)["outcome"] == "unknown name"
