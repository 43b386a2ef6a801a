"""HTTP APIs: routes, integrations, stages, deployments, VPC links."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from provisioner.sandbox.apis import http_apis
from provisioner.sandbox.call import Site
from provisioner.sandbox.embedded import embedded
from tests.sandbox.world import Network, refused
from tests.sandbox_fixture import REGION, Sandbox

FUNCTION = f"arn:aws:lambda:{REGION}:123456789012:function:hello"
LISTENER = f"arn:aws:elasticloadbalancing:{REGION}:123456789012:listener/app/web/1/2"


class Gateway:
    """One HTTP API and what one does to it."""

    def __init__(self, sandbox: Sandbox | None = None) -> None:
        """In this sandbox, or in the one of this process."""
        self.sandbox = sandbox
        here = sandbox or boto3.Session(region_name=REGION)
        self.client: Any = here.client("apigatewayv2")
        client = self.client
        made = client.create_api(Name="app", ProtocolType="HTTP", Tags={"a": "b"})
        self.id: str = made["ApiId"]
        self.endpoint: str = made["ApiEndpoint"]

    def integration(self, **more: Any) -> str:
        wanted = {"IntegrationType": "AWS_PROXY", "IntegrationUri": FUNCTION, "PayloadFormatVersion": "2.0"}
        return str(self.client.create_integration(ApiId=self.id, **{**wanted, **more})["IntegrationId"])

    def route(self, key: str = "GET /", **more: Any) -> str:
        return str(self.client.create_route(ApiId=self.id, RouteKey=key, **more)["RouteId"])

    def stage(self, name: str = "$default", **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.create_stage(ApiId=self.id, StageName=name, **more)
        return answer

    def told(self, stage: str = "$default") -> dict[str, Any]:
        answer: dict[str, Any] = self.client.get_stage(ApiId=self.id, StageName=stage)
        return answer

    def refuse_integration(self, **given: Any) -> str:
        wanted = {"IntegrationType": "AWS_PROXY", "IntegrationUri": FUNCTION, "PayloadFormatVersion": "2.0"}
        wanted = {key: value for key, value in {**wanted, **given}.items() if value}
        return refused(self.client.create_integration, "BadRequestException", ApiId=self.id, **wanted)


@pytest.fixture
def gateway(sandbox: Sandbox) -> Gateway:
    return Gateway(sandbox)


@pytest.fixture
def timed(sandbox: Sandbox) -> Iterator[Gateway]:
    """The same at AWS's own pace."""
    sandbox.ask("POST", "reset", {"profile": "scaled=1"})
    yield Gateway(sandbox)
    sandbox.ask("POST", "reset", {"profile": "instant"})


def status(call: Any, code: str, **given: Any) -> int:
    """The HTTP status with which the call is refused with this code."""
    with pytest.raises(ClientError) as caught:
        call(**given)
    assert caught.value.response["Error"]["Code"] == code
    return int(caught.value.response["ResponseMetadata"]["HTTPStatusCode"])


def test_where_an_api_answers(gateway: Gateway) -> None:
    assert gateway.endpoint == f"https://{gateway.id}.execute-api.{REGION}.amazonaws.com"
    told = gateway.client.get_api(ApiId=gateway.id)
    assert told["Tags"] == {"a": "b"}
    assert Gateway(gateway.sandbox).id != gateway.id


def test_unknown_things_are_not_found(gateway: Gateway) -> None:
    client = gateway.client
    for call in (client.get_api, client.delete_api, client.get_routes, client.get_deployments):
        assert status(call, "NotFoundException", ApiId="none") == 404
    here = {"ApiId": gateway.id}
    assert status(client.delete_route, "NotFoundException", RouteId="none", **here) == 404
    assert status(client.delete_integration, "NotFoundException", IntegrationId="none", **here) == 404
    assert status(client.delete_stage, "NotFoundException", StageName="none", **here) == 404
    assert status(client.update_stage, "NotFoundException", StageName="none", **here) == 404
    assert status(client.get_deployment, "NotFoundException", DeploymentId="none", **here) == 404
    assert status(client.delete_vpc_link, "NotFoundException", VpcLinkId="none") == 404


def test_a_route_key_is_there_once(gateway: Gateway) -> None:
    other = gateway.route("GET /b")
    gateway.route("GET /a")
    gateway.route("ANY /a/{id}")
    create, here = gateway.client.create_route, {"ApiId": gateway.id}
    assert status(create, "ConflictException", RouteKey="GET /a", **here) == 409
    assert status(create, "ConflictException", RouteKey="ANY /a/{name}", **here) == 409
    assert (
        status(gateway.client.update_route, "ConflictException", RouteId=other, RouteKey="GET /a", **here) == 409
    )
    gateway.client.update_route(RouteId=other, RouteKey="GET /b", **here)
    gateway.client.delete_route(RouteId=other, **here)
    gateway.route("GET /b")


@pytest.mark.parametrize("key", ["GET", "get /", "FETCH /", "/a", "$connect"])
def test_route_keys_have_a_form(gateway: Gateway, key: str) -> None:
    refused(gateway.client.create_route, "BadRequestException", ApiId=gateway.id, RouteKey=key)


def test_a_route_leads_to_an_integration_of_its_api(gateway: Gateway) -> None:
    elsewhere = Gateway(gateway.sandbox).integration()
    create, here = gateway.client.create_route, {"ApiId": gateway.id, "RouteKey": "$default"}
    for target in (f"integrations/{elsewhere}", gateway.integration()):
        refused(create, "BadRequestException", Target=target, **here)
    gateway.route("$default", Target=f"integrations/{gateway.integration()}")


def test_an_integration_of_a_route_stays(gateway: Gateway) -> None:
    integration = gateway.integration()
    route = gateway.route(Target=f"integrations/{integration}")
    here = {"ApiId": gateway.id, "IntegrationId": integration}
    message = refused(gateway.client.delete_integration, "ConflictException", **here)
    assert f"[{route}]" in message
    gateway.client.delete_route(ApiId=gateway.id, RouteId=route)
    gateway.client.delete_integration(**here)
    assert gateway.client.get_integrations(ApiId=gateway.id)["Items"] == []


def test_integrations_that_cannot_be(gateway: Gateway) -> None:
    url = {"IntegrationType": "HTTP_PROXY", "IntegrationUri": "https://example.test/"}
    gateway.refuse_integration(PayloadFormatVersion=None)
    gateway.refuse_integration(PayloadFormatVersion="3.0")
    gateway.refuse_integration(IntegrationType="MOCK")
    gateway.refuse_integration(IntegrationUri="hello")
    gateway.refuse_integration(**url)
    gateway.refuse_integration(TimeoutInMillis=30001)
    gateway.refuse_integration(IntegrationType="HTTP_PROXY", PayloadFormatVersion="1.0")
    gateway.integration(**url, PayloadFormatVersion="1.0", IntegrationMethod="ANY")


def test_what_is_told_of_an_integration(gateway: Gateway) -> None:
    key = gateway.integration(TimeoutInMillis=30000, PayloadFormatVersion="1.0")
    (told,) = gateway.client.get_integrations(ApiId=gateway.id)["Items"]
    assert told["IntegrationId"] == key
    assert (told["PayloadFormatVersion"], told["ConnectionType"], told["TimeoutInMillis"]) == (
        "1.0",
        "INTERNET",
        30000,
    )
    change = {"ApiId": gateway.id, "IntegrationId": key, "TimeoutInMillis": 30001}
    refused(gateway.client.update_integration, "BadRequestException", **change)


@pytest.mark.parametrize(
    "cors",
    [
        {"AllowCredentials": True, "AllowOrigins": ["*"]},
        {"AllowOrigins": ["example.test"]},
        {"AllowMethods": ["FETCH"]},
        {"MaxAge": 86401},
    ],
)
def test_cors_that_cannot_be(gateway: Gateway, cors: dict[str, Any]) -> None:
    wanted = {"Name": "a", "ProtocolType": "HTTP", "CorsConfiguration": cors}
    refused(gateway.client.create_api, "BadRequestException", **wanted)
    refused(gateway.client.update_api, "BadRequestException", ApiId=gateway.id, CorsConfiguration=cors)


def test_cors_that_can_be(gateway: Gateway) -> None:
    for cors in (
        {"AllowOrigins": ["*"], "AllowMethods": ["*"], "MaxAge": 86400},
        {"AllowCredentials": True, "AllowOrigins": ["https://example.test"], "AllowMethods": ["GET"]},
    ):
        gateway.client.update_api(ApiId=gateway.id, CorsConfiguration=cors)
        assert gateway.client.get_api(ApiId=gateway.id)["CorsConfiguration"] == cors


def test_names_of_apis(gateway: Gateway) -> None:
    for name in ("", "x" * 129):
        refused(gateway.client.create_api, "BadRequestException", Name=name, ProtocolType="HTTP")


def test_a_stage_name_is_there_once(gateway: Gateway) -> None:
    gateway.stage()
    create, here = gateway.client.create_stage, {"ApiId": gateway.id}
    assert status(create, "ConflictException", StageName="$default", **here) == 409
    refused(create, "BadRequestException", StageName="a b", **here)
    gateway.stage("v1")
    gateway.client.delete_stage(StageName="v1", **here)
    gateway.stage("v1")


def test_each_change_is_deployed_automatically(timed: Gateway, sandbox: Sandbox) -> None:
    told = timed.stage(AutoDeploy=True)
    assert "DeploymentId" not in told
    assert "At least one route is required" in told["LastDeploymentStatusMessage"]
    timed.route("GET /a")
    assert "DeploymentId" not in timed.told()
    sandbox.advance(3)
    first = timed.told()
    assert first["LastDeploymentStatusMessage"].startswith("Successfully deployed")
    timed.route("GET /b")
    assert timed.told()["DeploymentId"] == first["DeploymentId"]
    sandbox.advance(3)
    assert timed.told()["DeploymentId"] != first["DeploymentId"]


def test_a_deployment_by_hand(timed: Gateway, sandbox: Sandbox) -> None:
    client, here = timed.client, {"ApiId": timed.id}
    refused(client.create_deployment, "BadRequestException", **here)
    timed.route()
    timed.stage("v1")
    assert status(client.create_deployment, "NotFoundException", StageName="v2", **here) == 404
    made = client.create_deployment(StageName="v1", Description="first", **here)
    assert made["DeploymentStatus"] == "PENDING"
    sandbox.advance(3)
    named = {**here, "DeploymentId": made["DeploymentId"]}
    assert client.get_deployment(**named)["DeploymentStatus"] == "DEPLOYED"
    assert timed.told("v1")["DeploymentId"] == made["DeploymentId"]
    assert [one["Description"] for one in client.get_deployments(**here)["Items"]] == ["first"]
    refused(client.delete_deployment, "BadRequestException", **named)
    client.delete_stage(StageName="v1", **here)
    client.delete_deployment(**named)
    assert client.get_deployments(**here)["Items"] == []


def test_a_stage_with_a_deployment(gateway: Gateway) -> None:
    gateway.route()
    key = gateway.client.create_deployment(ApiId=gateway.id)["DeploymentId"]
    create, here = gateway.client.create_stage, {"ApiId": gateway.id, "StageName": "v1"}
    refused(create, "BadRequestException", DeploymentId="none", **here)
    refused(create, "BadRequestException", DeploymentId=key, AutoDeploy=True, **here)
    gateway.stage("v1", DeploymentId=key)
    assert gateway.told("v1")["DeploymentId"] == key


def test_a_changed_stage(gateway: Gateway) -> None:
    gateway.route()
    gateway.stage("v1", Description="old", StageVariables={"a": "b"})
    change = {"ApiId": gateway.id, "StageName": "v1", "Description": "new", "AutoDeploy": True}
    assert gateway.client.update_stage(**change)["Description"] == "new"
    told = gateway.told("v1")
    assert (told["Description"], told["StageVariables"], told["AutoDeploy"]) == ("new", {"a": "b"}, True)
    assert told["LastDeploymentStatusMessage"].startswith("Successfully deployed")


def test_lists_come_in_pages(gateway: Gateway) -> None:
    for number in range(26):
        gateway.route(f"GET /{number}")
    first = gateway.client.get_routes(ApiId=gateway.id)
    assert len(first["Items"]) == 25
    second = gateway.client.get_routes(ApiId=gateway.id, NextToken=first["NextToken"])
    assert [one["RouteKey"] for one in second["Items"]] == ["GET /25"]
    assert len(gateway.client.get_routes(ApiId=gateway.id, MaxResults="26")["Items"]) == 26


def test_an_api_under_a_domain_stays(gateway: Gateway) -> None:
    client = gateway.client
    gateway.stage()
    client.create_domain_name(DomainName="api.example.test", DomainNameConfigurations=[{}])
    mapping = client.create_api_mapping(ApiId=gateway.id, DomainName="api.example.test", Stage="$default")
    assert "api.example.test" in refused(client.delete_api, "BadRequestException", ApiId=gateway.id)
    client.delete_api_mapping(ApiMappingId=mapping["ApiMappingId"], DomainName="api.example.test")
    client.delete_api(ApiId=gateway.id)


def test_links_come_and_go_slowly(network: Network) -> None:
    gateway = Gateway(network.sandbox)
    client = gateway.client
    network.sandbox.latencies({"api.vpc_link.available": 120, "api.vpc_link.deleted": 120})
    wanted = {"Name": "link", "SubnetIds": network.subnets, "SecurityGroupIds": [network.group]}
    made = client.create_vpc_link(**wanted)
    link = made["VpcLinkId"]
    assert made["VpcLinkStatus"] == "PENDING"
    network.sandbox.advance(121)
    assert client.get_vpc_link(VpcLinkId=link)["VpcLinkStatus"] == "AVAILABLE"
    private = {"IntegrationType": "HTTP_PROXY", "PayloadFormatVersion": "1.0", "IntegrationUri": LISTENER}
    private |= {"ConnectionType": "VPC_LINK", "IntegrationMethod": "ANY"}
    gateway.refuse_integration(**private, ConnectionId="none")
    gateway.refuse_integration(**{**private, "IntegrationUri": "https://example.test"}, ConnectionId=link)
    integration = gateway.integration(**private, ConnectionId=link)
    refused(client.delete_vpc_link, "BadRequestException", VpcLinkId=link)
    client.delete_integration(ApiId=gateway.id, IntegrationId=integration)
    client.delete_vpc_link(VpcLinkId=link)
    assert client.get_vpc_links()["Items"][0]["VpcLinkStatus"] == "DELETING"
    refused(network.ec2.delete_subnet, "DependencyViolation", SubnetId=network.subnets[0])
    network.sandbox.advance(121)
    assert status(client.get_vpc_link, "NotFoundException", VpcLinkId=link) == 404
    network.ec2.delete_subnet(SubnetId=network.subnets[0])


def test_links_are_in_subnets_that_are_there(network: Network) -> None:
    create = network.sandbox.client("apigatewayv2").create_vpc_link
    refused(create, "BadRequestException", Name="link", SubnetIds=["subnet-0123456789abcdef0"])
    refused(create, "BadRequestException", Name="link", SubnetIds=[])
    group = ["sg-0123456789abcdef0"]
    refused(create, "BadRequestException", Name="link", SubnetIds=network.subnets, SecurityGroupIds=group)


def test_a_stage_answers_from_what_was_deployed() -> None:
    with embedded("scaled=1") as world:
        site = Site("123456789012", REGION, world)
        gateway = Gateway()
        integration = gateway.integration()
        gateway.route("GET /a", Target=f"integrations/{integration}")
        gateway.stage(AutoDeploy=True)
        assert http_apis.content(site, gateway.id, "$default") is None
        world.clock.advance(3)
        gateway.client.get_apis()
        content = http_apis.content(site, gateway.id, "$default")
        assert content is not None
        assert content.routes["GET /a"].integration_uri == FUNCTION
        gateway.client.update_api(ApiId=gateway.id, DisableExecuteApiEndpoint=True)
        assert http_apis.content(site, gateway.id, "$default") is None


def test_a_link_fails_in_a_full_subnet(network: Network) -> None:
    client = network.sandbox.client("apigatewayv2")
    small = network.ec2.create_subnet(VpcId=network.vpc, CidrBlock="10.0.9.0/28")["Subnet"]["SubnetId"]
    made = [client.create_vpc_link(Name="link", SubnetIds=[small])["VpcLinkStatus"] for _ in range(12)]
    assert made == ["PENDING"] * 11 + ["FAILED"]
