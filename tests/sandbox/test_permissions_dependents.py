"""What calls need beside their own action, of services that ask others with the caller's permissions."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.sandbox.call import Call
from provisioner.sandbox.permissions import actions
from provisioner.sandbox.permissions.asks import Ask
from provisioner.sandbox.world import Nature, World
from tests.sandbox.principals import ACCOUNT, User, allow, code_of, enforce
from tests.sandbox_fixture import REGION, Sandbox

TAGS = {"team": "blue"}
ECS = f"arn:aws:ecs:{REGION}:{ACCOUNT}:"
GATEWAY = f"arn:aws:apigateway:{REGION}::"
RDS = f"arn:aws:rds:{REGION}:{ACCOUNT}:"
WEB = {"ServiceNamespace": "ecs", "ResourceId": "service/c/web", "ScalableDimension": "ecs:service:DesiredCount"}
AMAZON_LINUX = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"


def asks(service: str, action: str, parameters: dict[str, Any]) -> list[Ask]:
    world = World(Nature(), lambda: None)
    return list(actions.asks(Call(ACCOUNT, REGION, world, service=service, action=action, parameters=parameters)))


ASKED: list[tuple[str, str, dict[str, Any], list[str]]] = [
    (
        "ec2",
        "RunInstances",
        {"ImageId": f"resolve:ssm:{AMAZON_LINUX}"},
        [f"arn:aws:ssm:{REGION}::parameter{AMAZON_LINUX}"],
    ),
    ("ec2", "RunInstances", {"ImageId": "resolve:ssm:own"}, [f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/own"]),
    ("ec2", "RunInstances", {"ImageId": "ami-1"}, []),
]


@pytest.mark.parametrize(("service", "action", "parameters", "expected"), ASKED)
def test_a_parameter_that_stands_for_an_image_is_read(
    service: str, action: str, parameters: dict[str, Any], expected: list[str]
) -> None:
    found = asks(service, action, parameters)
    assert [ask.resource for ask in found if ask.action == "ssm:GetParameters"] == expected


def test_an_interface_endpoint_is_looked_up_by_its_network() -> None:
    asked = {"VpcId": "vpc-1", "SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"], "PrivateDnsEnabled": True}
    found = {ask.action for ask in asks("ec2", "CreateVpcEndpoint", asked)} - {"ec2:CreateVpcEndpoint"}
    looks = {"ec2:DescribeVpcs", "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups"}
    assert found == {*looks, "route53:AssociateVPCWithHostedZone"}
    gateway = asks("ec2", "CreateVpcEndpoint", {"VpcId": "vpc-1", "RouteTableIds": ["rtb-1"]})
    assert {ask.action for ask in gateway} == {"ec2:CreateVpcEndpoint"}


def test_who_scales_a_service_must_be_allowed_to_change_it() -> None:
    found = asks("application-autoscaling", "RegisterScalableTarget", {**WEB, "MinCapacity": 1})
    wanted = [f"ecs:DescribeServices {ECS}service/c/web", f"ecs:UpdateService {ECS}service/c/web"]
    assert [f"{ask.action} {ask.resource}" for ask in found if ask.action.startswith("ecs:")] == wanted
    assert found[0].keys["application-autoscaling:service-namespace"] == ["ecs"]
    table = {**WEB, "ServiceNamespace": "dynamodb", "ResourceId": "table/x"}
    assert not [ask for ask in asks("application-autoscaling", "RegisterScalableTarget", table) if ask.code]


def test_who_lets_a_metric_scale_must_be_allowed_to_make_alarms() -> None:
    found = asks("application-autoscaling", "PutScalingPolicy", {**WEB, "PolicyType": "TargetTrackingScaling"})
    alarms = ["cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"]
    assert [ask.action for ask in found if ask.action.startswith("cloudwatch:")] == alarms
    steps = asks("application-autoscaling", "PutScalingPolicy", {**WEB, "PolicyType": "StepScaling"})
    assert not [ask for ask in steps if ask.action.startswith("cloudwatch:")]


def test_apis_and_stages_with_tags_ask_for_tagging() -> None:
    wanted = [f"apigateway:POST {GATEWAY}/apis", f"apigateway:TagResource {GATEWAY}/apis"]
    found = asks("apigatewayv2", "CreateApi", {"Name": "x", "Tags": TAGS})
    assert [f"{ask.action} {ask.resource}" for ask in found] == wanted
    stage = asks("apigatewayv2", "CreateStage", {"ApiId": "a1", "StageName": "$default", "Tags": TAGS})
    assert stage[-1].action == "apigateway:TagResource"
    assert stage[-1].resource == f"{GATEWAY}/apis/a1/stages"


def test_a_database_uses_the_default_groups_unless_others_are_named() -> None:
    asked = {"DBInstanceIdentifier": "d", "DBSubnetGroupName": "s", "DBParameterGroupName": "p"}
    found = [
        ask.resource for ask in asks("rds", "CreateDBInstance", asked) if ask.action == "rds:CreateDBInstance"
    ]
    assert found == [f"{RDS}db:d", f"{RDS}subgrp:s", f"{RDS}og:default:*", f"{RDS}pg:p"]


def test_a_database_with_a_managed_password_makes_a_secret() -> None:
    asked = {"DBInstanceIdentifier": "d", "ManageMasterUserPassword": True}
    found = {ask.action for ask in asks("rds", "CreateDBInstance", asked)}
    assert {"kms:DescribeKey", "secretsmanager:CreateSecret", "secretsmanager:TagResource"} <= found
    assert "kms:DescribeKey" not in {
        ask.action for ask in asks("rds", "CreateDBInstance", {"DBInstanceIdentifier": "d"})
    }


def test_a_last_snapshot_is_a_snapshot() -> None:
    asked = {"DBInstanceIdentifier": "d", "FinalDBSnapshotIdentifier": "last"}
    found = [
        ask.resource for ask in asks("rds", "DeleteDBInstance", asked) if ask.action == "rds:CreateDBSnapshot"
    ]
    assert found == [f"{RDS}db:d", f"{RDS}snapshot:last"]


def test_records_are_told_apart_by_their_plain_names(sandbox: Sandbox) -> None:
    """Upper case, the dot at the end and `*` are written as conditions have them."""
    zone = sandbox.client("route53").create_hosted_zone(Name="x.test", CallerReference="1")["HostedZone"]["Id"]
    key = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
    names = {"ForAllValues:StringEquals": {key: ["a.x.test", "\\052.x.test"]}}
    user = User(sandbox, allow("route53:ChangeResourceRecordSets", Condition=names))
    enforce(sandbox)
    change = user.client("route53").change_resource_record_sets

    def batch(*wanted: str) -> dict[str, Any]:
        rest = {"Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"v"'}]}
        return {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": {"Name": one, **rest}} for one in wanted]}

    assert code_of(change, HostedZoneId=zone, ChangeBatch=batch("A.x.TEST.", "*.x.test")) == ""
    assert code_of(change, HostedZoneId=zone, ChangeBatch=batch("a.x.test", "b.x.test")) == "AccessDenied"


def test_a_namespace_is_told_by_its_tags(sandbox: Sandbox) -> None:
    client = sandbox.client("servicediscovery")
    for name, team in (("ours", "blue"), ("theirs", "red")):
        client.create_http_namespace(Name=name, Tags=[{"Key": "team", "Value": team}])
    ids = {one["Name"]: one["Id"] for one in client.list_namespaces()["Namespaces"]}
    blue = {"StringEquals": {"aws:ResourceTag/team": "blue"}}
    user = User(sandbox, allow("servicediscovery:DeleteNamespace", Condition=blue))
    enforce(sandbox)
    delete = user.client("servicediscovery").delete_namespace
    assert code_of(delete, Id=ids["theirs"]) == "AccessDeniedException"
    assert code_of(delete, Id=ids["ours"]) == ""
