"""Nothing foreign is touched: a thing of the same name in other hands stops the run before it begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.life.tool import NAME, REGION, Tool, succeeded

TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
    ' "Principal": {"Service": "lambda.amazonaws.com"}}]}'
)


def load_balancer(tool: Tool) -> None:
    ec2 = tool.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.5.{place}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
            "SubnetId"
        ]
        for place, zone in enumerate("ab")
    ]
    tool.client("elbv2").create_load_balancer(Name=NAME, Subnets=subnets, Scheme="internal")


def target_group(tool: Tool) -> None:
    vpc = tool.client("ec2").create_vpc(CidrBlock="10.5.0.0/16")["Vpc"]["VpcId"]
    tool.client("elbv2").create_target_group(
        Name=f"{NAME}-web", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip"
    )


def role(tool: Tool) -> None:
    tool.client("iam").create_role(RoleName=f"{NAME}-web-execution-{REGION}", AssumeRolePolicyDocument=TRUST)


def log_group(tool: Tool) -> None:
    tool.client("logs").create_log_group(logGroupName=f"/aws/lambda/{NAME}-caller")


def cluster(tool: Tool) -> None:
    tool.client("ecs").create_cluster(clusterName=NAME)


def function(tool: Tool) -> None:
    import io
    import zipfile

    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("handler.py", "def handler(event, context): return 1\n")
    made = tool.client("iam").create_role(RoleName="theirs", AssumeRolePolicyDocument=TRUST)
    code: Any = {"ZipFile": content.getvalue()}
    tool.sandbox.advance(1)  # or Lambda could not assume the role yet
    tool.client("lambda").create_function(
        FunctionName=f"{NAME}-caller",
        Role=made["Role"]["Arn"],
        Runtime="python3.13",
        Handler="handler.handler",
        Code=code,
    )


FOREIGN: dict[str, Callable[[Tool], None]] = {
    "load balancer": load_balancer,
    "target group": target_group,
    "IAM role": role,
    "log group": log_group,
    "ECS cluster": cluster,
    "Lambda function": function,
}


@pytest.mark.parametrize("noun", FOREIGN)
def test_a_foreign_thing_of_the_same_name_stops_the_run_untouched(tool: Tool, noun: str) -> None:
    FOREIGN[noun](tool)
    tool.sandbox.advance(2)  # it is there for everybody, and ready
    before = tool.inventory()
    tool.sandbox.forget_calls()
    ended = tool.provision()
    assert ended.code == 4, ended.text
    assert noun in ended.err
    assert "exists already" in ended.err
    assert tool.attempts() == []
    assert tool.inventory() == before
    assert not tool.state_file.exists()


def test_all_that_is_foreign_is_told_at_once(tool: Tool) -> None:
    role(tool)
    log_group(tool)
    cluster(tool)
    ended = tool.provision()
    assert ended.code == 4
    for noun in ("IAM role", "log group", "ECS cluster"):
        assert noun in ended.err


def test_the_refusal_says_which_stack_it_belongs_to(tool: Tool) -> None:
    tool.provisioned()
    tool.state_file.unlink()
    ended = tool.provision()
    assert ended.code == 4
    assert f"another stack, '{NAME}'" in ended.err


def test_another_account_is_refused(tool: Tool) -> None:
    tool.provisioned()
    before = tool.inventory()
    document = tool.state_file.read_text().replace('"account": "123456789012"', '"account": "999999999999"')
    tool.state_file.write_text(document)
    tool.sandbox.forget_calls()
    for ended in (tool.provision(), tool.destroy(), tool.run("resume", NAME)):
        assert ended.code == 4, ended.text
        assert "account 999999999999" in ended.err
    assert tool.attempts() == []
    assert tool.inventory() == before


def test_another_region_is_refused(tool: Tool) -> None:
    tool.provisioned()
    tool.sandbox.forget_calls()
    ended = tool.provision("--region", "eu-west-1")
    assert ended.code == 4
    assert f"region {REGION}" in ended.err
    assert tool.attempts() == []


def test_destroy_leaves_what_others_have_made(tool: Tool) -> None:
    vpc = tool.client("ec2").create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    before = tool.inventory()
    tool.provisioned()
    succeeded(tool.destroy())
    assert tool.inventory() == before
    assert tool.client("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"]
