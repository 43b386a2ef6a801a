"""What a stack takes for granted is there at one's word, with the names that it gives."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from tests.sandbox.world import refused
from tests.sandbox_fixture import REGION, Sandbox

HERE, THERE = "123456789012", "222222222222"
GATEWAY = "tgw-0123456789abcdef0"
ROLE = f"arn:aws:iam::{THERE}:role/dns"
IMAGE = f"{HERE}.dkr.ecr.{REGION}.amazonaws.com/team/api:1.0"


def furnish(sandbox: Sandbox, *wants: dict[str, str]) -> list[str]:
    made: list[str] = sandbox.ask("POST", "furnish", {"account": HERE, "region": REGION, "wants": wants})["made"]
    return made


def elsewhere(sandbox: Sandbox, service: str) -> Any:
    keys = sandbox.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="test")["Credentials"]
    session: Any = boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    return session.client(service, region_name=REGION, endpoint_url=sandbox.endpoint)


def test_a_zone_of_ours_and_one_of_another_account_behind_a_role(sandbox: Sandbox) -> None:
    furnish(sandbox, {"kind": "zone", "name": "example.com"})
    furnish(sandbox, {"kind": "role", "arn": ROLE}, {"kind": "zone", "name": "example.org", "account": THERE})
    assert [zone["Name"] for zone in sandbox.client("route53").list_hosted_zones()["HostedZones"]] == [
        "example.com."
    ]
    assert [zone["Name"] for zone in elsewhere(sandbox, "route53").list_hosted_zones()["HostedZones"]] == [
        "example.org."
    ]


def test_a_transit_gateway_of_a_given_id_can_be_attached_to(sandbox: Sandbox) -> None:
    ec2 = sandbox.client("ec2")
    refused(ec2.describe_transit_gateways, "InvalidTransitGatewayID.NotFound", TransitGatewayIds=[GATEWAY])
    furnish(sandbox, {"kind": "transit_gateway", "id": GATEWAY})
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=GATEWAY, VpcId=vpc, SubnetIds=[subnet])
    found = ec2.describe_transit_gateway_vpc_attachments()["TransitGatewayVpcAttachments"]
    assert [(one["TransitGatewayId"], one["State"]) for one in found] == [(GATEWAY, "available")]


def test_networks_are_behind_a_transit_gateway(sandbox: Sandbox) -> None:
    ec2 = sandbox.client("ec2")
    furnish(sandbox, {"kind": "transit_gateway", "id": GATEWAY, "routes": "10.64.0.0/16 10.65.0.0/16"})
    (table,) = ec2.describe_transit_gateway_route_tables()["TransitGatewayRouteTables"]
    found = ec2.search_transit_gateway_routes(
        TransitGatewayRouteTableId=table["TransitGatewayRouteTableId"],
        Filters=[{"Name": "state", "Values": ["active"]}],
    )["Routes"]
    assert {one["DestinationCidrBlock"] for one in found} == {"10.64.0.0/16", "10.65.0.0/16"}
    assert {one["TransitGatewayAttachments"][0]["ResourceType"] for one in found} == {"peering"}
    attached = ec2.describe_transit_gateway_attachments()["TransitGatewayAttachments"]
    assert [(one["ResourceType"], one["State"]) for one in attached] == [("peering", "available")]


def test_an_image_under_its_tag_and_a_cluster(sandbox: Sandbox) -> None:
    furnish(sandbox, {"kind": "image", "image": IMAGE}, {"kind": "cluster", "name": "shared"})
    images = sandbox.client("ecr").list_images(repositoryName="team/api")["imageIds"]
    assert [image["imageTag"] for image in images] == ["1.0"]
    clusters = sandbox.client("ecs").describe_clusters(clusters=["shared"])["clusters"]
    assert [cluster["status"] for cluster in clusters] == ["ACTIVE"]


@pytest.mark.parametrize(
    "want",
    [
        {"kind": "zone", "name": "example.com"},
        {"kind": "role", "arn": ROLE},
        {"kind": "transit_gateway", "id": GATEWAY},
        {"kind": "image", "image": IMAGE},
        {"kind": "cluster", "name": "shared"},
    ],
    ids=lambda want: want["kind"],
)
def test_what_is_there_stays_as_it_is(sandbox: Sandbox, want: dict[str, str]) -> None:
    assert len(furnish(sandbox, want)) == 1
    assert furnish(sandbox, want) == []
