"""The least policy of `docs/policies`: enough to provision and destroy, and nothing of it is too much."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.sandbox.call import Call
from provisioner.sandbox.permissions import actions
from provisioner.sandbox.world import Nature, World
from tests.life.tool import NAME, REGION, ROOT, Tool, succeeded
from tests.sandbox.principals import ACCOUNT, Principal, User, code_of, enforce
from tests.sandbox_fixture import Sandbox

POLICIES = ROOT / "docs" / "policies"
LEAST = POLICIES / "private-lambda.json"
REPAIR = POLICIES / "private-lambda-repair.json"
# What the log of calls does not show: Lambda asks for a function's tags by itself.
_INWARD = frozenset({"lambda:ListTags"})

Edit = Callable[[dict[str, Any]], None]


def _as_user(tool: Tool, *policies: Path, edit: Edit | None = None) -> Tool:
    """The tool under a user who has these managed policies and no others."""
    sandbox: Sandbox = tool.sandbox
    user, iam = User(sandbox), sandbox.client("iam")
    for path in policies:
        document = json.loads(path.read_text())
        if edit:
            edit(document)
        name, text = f"{path.stem}-{user.name}", json.dumps(document)
        arn = iam.create_policy(PolicyName=name, PolicyDocument=text)["Policy"]["Arn"]
        iam.attach_user_policy(UserName=user.name, PolicyArn=arn)
    enforce(sandbox)
    keys = {"AWS_ACCESS_KEY_ID": user.keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": user.keys["SecretAccessKey"]}
    return replace(tool, environment=keys)


def _without(action: str) -> Edit:
    def edit(document: dict[str, Any]) -> None:
        found = [one for one in document["Statement"] if action in one["Action"]]
        assert found, f"{action} is not in the policy"
        for statement in found:
            statement["Action"] = [one for one in statement["Action"] if one != action]
        document["Statement"] = [one for one in document["Statement"] if one["Action"]]

    return edit


def _granted(path: Path) -> Iterator[str]:
    for statement in json.loads(path.read_text())["Statement"]:
        yield from statement["Action"]


def test_the_least_policy_is_enough(tool: Tool) -> None:
    limited = _as_user(tool, LEAST)
    limited.provisioned()
    assert "nothing to change" in limited.provisioned().out
    limited.provisioned("--set", "services.web.count=3", "--set", "functions.caller.timeout=20")
    succeeded(limited.destroy())
    left = tool.inventory()
    assert left.keys() == {"policy"}, left
    assert not [call for call in tool.sandbox.calls() if call["status"] == 403]


def test_the_least_policy_holds_nothing_that_is_not_needed(tool: Tool) -> None:
    tool.sandbox.forget_calls()
    tool.provisioned()
    tool.provisioned("--set", "services.web.count=3")
    succeeded(tool.destroy())
    asked = {ask.action for entry in tool.sandbox.calls() for ask in actions.asks(_call(entry))}
    granted = set(_granted(LEAST))
    assert granted - asked <= _INWARD
    assert asked <= granted


def _call(entry: Mapping[str, Any]) -> Call:
    """In an empty account, where what is used is used for the first time."""
    given = {name: entry[name] for name in ("service", "action", "parameters")}
    return Call(ACCOUNT, REGION, World(Nature(), lambda: None), **given)


# Without which permission, in which step, by which call and with which code.
DENIED = [
    ("iam:CreateRole", "role", "CreateRole", "AccessDenied"),
    ("iam:TagRole", "role", "CreateRole", "AccessDenied"),
    ("iam:AttachRolePolicy", "policy", "AttachRolePolicy", "AccessDenied"),
    ("iam:PassRole", "web", "RegisterTaskDefinition", "AccessDeniedException"),
    ("iam:CreateServiceLinkedRole", "load-balancer", "CreateLoadBalancer", "AccessDenied"),
    ("ec2:CreateTags", "vpc", "CreateVpc", "UnauthorizedOperation"),
    ("ec2:ModifyVpcAttribute", "vpc", "ModifyVpcAttribute", "UnauthorizedOperation"),
    ("ec2:DescribeSubnets", "before anything was changed", "DescribeSubnets", "UnauthorizedOperation"),
    ("elasticloadbalancing:AddTags", "target-group", "CreateTargetGroup", "AccessDenied"),
    ("ecs:TagResource", "cluster", "CreateCluster", "AccessDeniedException"),
    ("lambda:TagResource", "caller", "CreateFunction", "AccessDeniedException"),
]


@pytest.mark.parametrize(("action", "step", "call", "code"), DENIED, ids=[row[0] for row in DENIED])
def test_without_one_permission_it_stops_and_names_it(
    tool: Tool, action: str, step: str, call: str, code: str
) -> None:
    ended = _as_user(tool, LEAST, edit=_without(action)).provision()
    assert ended.code != 0, ended.text
    for word in (action, step, call, code):
        assert word in ended.err, ended.err


def test_cloudwatch_logs_names_the_call_but_not_the_permission(tool: Tool) -> None:
    ended = _as_user(tool, LEAST, edit=_without("logs:TagResource")).provision()
    assert ended.code != 0, ended.text
    assert "is not authorized to perform CreateLogGroup with Tags" in ended.err


def test_once_it_is_permitted_it_goes_on(tool: Tool) -> None:
    ended = _as_user(tool, LEAST, edit=_without("ec2:CreateNatGateway")).provision()
    assert "ec2:CreateNatGateway" in ended.err
    enforce(tool.sandbox, on=False)
    succeeded(tool.run("resume", NAME))


def test_what_may_not_be_deleted_stops_a_destroy(tool: Tool) -> None:
    limited = _as_user(tool, LEAST, edit=_without("ec2:DeleteNatGateway"))
    limited.provisioned()
    ended = limited.destroy()
    assert ended.code != 0, ended.text
    for word in ("DeleteNatGateway", "UnauthorizedOperation", "nat-gateway"):
        assert word in ended.err, ended.err
    enforce(tool.sandbox, on=False)
    succeeded(tool.destroy())


def test_others_things_stay_out_of_reach(tool: Tool) -> None:
    """The policy lets a stack's own network be removed, told by its tag, and none else."""
    limited = _as_user(tool, LEAST)
    theirs = tool.client("ec2").create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    limited.provisioned()
    keys = limited.environment["AWS_ACCESS_KEY_ID"], limited.environment["AWS_SECRET_ACCESS_KEY"]
    user = Principal(tool.sandbox, dict(zip(("AccessKeyId", "SecretAccessKey"), keys, strict=True)))
    delete = user.client("ec2", REGION).delete_vpc
    assert code_of(delete, VpcId=theirs, DryRun=True) == "UnauthorizedOperation"
    assert code_of(delete, VpcId=tool.id_of("vpc"), DryRun=True) == "DryRunOperation"


def test_repairs_need_the_second_policy(tool: Tool) -> None:
    limited = _as_user(tool, LEAST)
    limited.provisioned()
    tool.client("ec2").replace_route(
        RouteTableId=tool.id_of("route-table-private-us-east-1a"),
        DestinationCidrBlock="0.0.0.0/0",
        GatewayId=tool.id_of("internet-gateway"),
    )
    ended = limited.provision()
    assert ended.code != 0, ended.text
    assert "ec2:ReplaceRoute" in ended.err
    _as_user(tool, LEAST, REPAIR).provisioned()
