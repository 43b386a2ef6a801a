"""What the tool does and says where its caller may not do everything, with `private-lambda` for an example."""

from __future__ import annotations

import pytest

from provisioner import operation
from provisioner.schedule import Failed
from provisioner.stop import Stop
from steps.base import StepFailed
from tests.life.conftest import Bring
from tests.life.permissions import become, policy, refused, without
from tests.life.systems import Inside, System
from tests.life.tool import NAME, REGION, Tool
from tests.sandbox.principals import code_of, enforce
from tests.sandbox_fixture import Sandbox

SYSTEM = System(NAME)


def failures(stack: Inside) -> dict[str, StepFailed]:
    """With what each step of a run that cannot succeed failed, by step."""
    with pytest.raises(Failed) as failed:
        stack.up()
    found = {one.lane: one.error for one in failed.value.failures}
    assert all(isinstance(error, StepFailed) for error in found.values()), found
    return {step: error for step, error in found.items() if isinstance(error, StepFailed)}


# Without which permission, by which of these calls (whichever is first) and with which code.
DENIED = [
    ("iam:CreateRole", "CreateRole", "AccessDenied"),
    ("iam:TagRole", "CreateRole", "AccessDenied"),
    ("iam:AttachRolePolicy", "AttachRolePolicy", "AccessDenied"),
    ("iam:PassRole", "RegisterTaskDefinition CreateFunction", "AccessDeniedException"),
    ("iam:CreateServiceLinkedRole", "CreateLoadBalancer", "AccessDenied"),
    ("ec2:CreateTags", "CreateVpc CreateInternetGateway", "UnauthorizedOperation"),
    ("ec2:ModifyVpcAttribute", "ModifyVpcAttribute", "UnauthorizedOperation"),
    ("elasticloadbalancing:AddTags", "CreateTargetGroup CreateLoadBalancer", "AccessDenied"),
    ("ecs:TagResource", "CreateCluster RegisterTaskDefinition", "AccessDeniedException"),
    ("lambda:TagResource", "CreateFunction", "AccessDeniedException"),
]


@pytest.mark.parametrize(("action", "calls", "code"), DENIED, ids=[row[0] for row in DENIED])
def test_without_one_permission_it_stops_and_names_it(
    bring: Bring, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, action: str, calls: str, code: str
) -> None:
    become(sandbox, monkeypatch, without(NAME, action))
    errors = failures(bring(SYSTEM)).values()
    assert all(action in str(error) for error in errors)
    assert {error.code for error in errors} == {code}
    assert {error.call for error in errors} <= set(calls.split())


def test_without_a_look_nothing_is_begun(bring: Bring, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    become(sandbox, monkeypatch, without(NAME, "ec2:DescribeSubnets"))
    stack = bring(SYSTEM)
    sandbox.forget_calls()
    with pytest.raises(StepFailed, match="ec2:DescribeSubnets"):
        stack.up()
    assert stack.mutations() == []


def test_what_is_denied_is_told_with_step_call_and_code(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    become(tool.sandbox, monkeypatch, without(NAME, "ec2:CreateTags"))
    ended = tool.provision("--no-preflight")
    assert ended.code != 0, ended.text
    for word in ("vpc", "CreateVpc", "UnauthorizedOperation", "ec2:CreateTags"):
        assert word in ended.err, ended.err


def test_cloudwatch_logs_names_the_call_but_not_the_permission(
    bring: Bring, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    become(sandbox, monkeypatch, without(NAME, "logs:TagResource"))
    said = [str(error) for error in failures(bring(SYSTEM)).values()]
    assert all("is not authorized to perform CreateLogGroup with Tags" in text for text in said)


def test_once_it_is_permitted_it_goes_on(bring: Bring, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    become(sandbox, monkeypatch, without(NAME, "ec2:CreateNatGateway"))
    stack = bring(SYSTEM)
    assert any("ec2:CreateNatGateway" in str(error) for error in failures(stack).values())
    enforce(sandbox, on=False)
    operation.resume(NAME, stack.options, stack.told, Stop())


def test_what_may_not_be_deleted_stops_a_destroy(
    bring: Bring, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The policy lets a stack's own network be removed, told by its tag, and none else."""
    user = become(sandbox, monkeypatch, without(NAME, "ec2:DeleteNatGateway"))
    stack = bring(SYSTEM)
    stack.up()
    theirs = stack.client("ec2").create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    delete = user.client("ec2", REGION).delete_vpc
    assert code_of(delete, VpcId=theirs, DryRun=True) == "UnauthorizedOperation"
    assert code_of(delete, VpcId=stack.id_of("vpc"), DryRun=True) == "DryRunOperation"
    with pytest.raises(Failed) as failed:
        stack.down()
    (failure,) = failed.value.failures
    assert failure.lane.startswith("nat-gateway")
    assert "ec2:DeleteNatGateway" in str(failure.error)
    enforce(sandbox, on=False)
    stack.down()
    stack.client("ec2").delete_vpc(VpcId=theirs)
    assert stack.inventory() == stack.before


def test_repairs_need_the_second_policy(bring: Bring, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    become(sandbox, monkeypatch, policy(NAME))
    stack = bring(SYSTEM)
    stack.up()
    stack.client("ec2").replace_route(
        RouteTableId=stack.id_of("route-table-private-us-east-1a"),
        DestinationCidrBlock="0.0.0.0/0",
        GatewayId=stack.id_of("internet-gateway"),
    )
    assert any("ec2:ReplaceRoute" in str(error) for error in failures(stack).values())
    become(sandbox, monkeypatch, policy(NAME), policy(f"{NAME}-repair"))
    sandbox.forget_calls()
    stack.up()
    assert refused(sandbox.calls()) == []
