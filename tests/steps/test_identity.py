"""Inline policies of roles, and the documents that they are made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from provisioner.schedule import Failed
from steps.base import Need
from steps.identity import RolePolicy
from steps.logs import LogGroup
from steps.policies import decrypts, ec2_trust, exec_statement, reads_parameters, reads_secrets
from tests.inventory import inventory
from tests.sandbox_fixture import Sandbox
from tests.steps.lab import Lab
from tests.steps.serverless import function, lab_with_code, lost, role

SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:one-abcdef"
NAME = "reads"


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return lab_with_code(sandbox, tmp_path)


def policy(*statements: Mapping[str, Any], needs: tuple[str, ...] = ()) -> RolePolicy:
    return RolePolicy(
        name="policy",
        needs=tuple(map(Need, ("role", *needs))),
        role="role",
        policy_name=NAME,
        statements=statements or (reads_secrets([(SECRET,)]),),
    )


def wanted(*statements: Mapping[str, Any]) -> list[Any]:
    return [role(), policy(*statements)]


def told(lab: Lab, name: str = NAME) -> Any:
    """The statements of the role's policy."""
    answer = lab.client("iam").get_role_policy(RoleName="lab-role", PolicyName=name)
    return answer["PolicyDocument"]["Statement"]


def put(lab: Lab, *actions: str, name: str = NAME) -> None:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    lab.client("iam").put_role_policy(RoleName="lab-role", PolicyName=name, PolicyDocument=document)


def test_a_policy_is_as_asked_for_and_a_second_run_changes_nothing(lab: Lab) -> None:
    statements = (reads_secrets([(SECRET,)]), exec_statement())
    lab.up(wanted(*statements))
    first, second = told(lab)
    assert first == {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": [SECRET]}
    assert second["Resource"] == ["*"]
    assert lab.id_of("policy") == f"lab-role|{NAME}"
    assert lab.changed(wanted(*statements)) == []


def test_resources_are_put_together_of_other_steps_ids_and_outputs(lab: Lab) -> None:
    group = LogGroup(name="logs", group_name="/lab/logs", retention=1)
    writes = {
        "Sid": "Writes",
        "Effect": "Allow",
        "Action": "logs:PutLogEvents",
        "Resource": [("arn:aws:logs:*:*:log-group:", ("logs", "id"), ":*"), (("other", "arn"),)],
        "Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
    }
    lab.up([role(), role("other"), group, policy(writes, needs=("logs", "other"))])
    resources = ["arn:aws:logs:*:*:log-group:/lab/logs:*", "arn:aws:iam::123456789012:role/lab-other"]
    assert told(lab) == [{**writes, "Resource": resources}]


def test_what_was_changed_by_hand_is_set_right(lab: Lab) -> None:
    lab.up(wanted())
    put(lab, "s3:GetObject")
    assert lab.changed(wanted()) == ["PutRolePolicy"]
    assert told(lab)[0]["Action"] == ["secretsmanager:GetSecretValue"]
    assert lab.outcomes()["policy"] == "set right"
    assert lab.changed(wanted()) == []


def test_what_was_deleted_by_hand_is_made_again(lab: Lab) -> None:
    lab.up(wanted())
    lab.client("iam").delete_role_policy(RoleName="lab-role", PolicyName=NAME)
    assert lab.changed(wanted()) == ["PutRolePolicy"]
    assert lab.outcomes()["policy"] == "made again"


def test_another_wish_is_brought_up_to_date_in_place(lab: Lab) -> None:
    lab.up(wanted())
    assert lab.changed(wanted(reads_parameters([("*",)]), decrypts([("*",)]))) == ["PutRolePolicy"]
    assert [one["Action"] for one in told(lab)] == [["ssm:GetParameters"], ["kms:Decrypt"]]


def test_a_lost_answer_makes_no_second_one(lab: Lab, sandbox: Sandbox) -> None:
    lost(sandbox, "PutRolePolicy")
    lab.up(wanted())
    assert lab.client("iam").list_role_policies(RoleName="lab-role")["PolicyNames"] == [NAME]
    assert lab.changed(wanted()) == []


def test_other_policies_of_the_role_stay_as_long_as_it_does(lab: Lab, sandbox: Sandbox) -> None:
    lab.up(wanted())
    put(lab, "s3:GetObject", name="theirs")
    assert lab.changed(wanted()) == []
    assert told(lab, "theirs")[0]["Action"] == ["s3:GetObject"]
    lab.down()
    assert "role" not in inventory(sandbox.endpoint, "us-east-1")


def test_a_document_that_iam_refuses_says_so(lab: Lab) -> None:
    with pytest.raises(Failed) as failed:
        lab.up(wanted({"Effect": "Perhaps", "Action": "*", "Resource": [("*",)]}))
    assert "MalformedPolicyDocument" in str(failed.value)


def test_it_goes_before_its_role_and_after_the_roles_users(lab: Lab, sandbox: Sandbox) -> None:
    lab.up([*wanted(), function(needs=(Need("role"), Need("policy")))])
    sandbox.forget_calls()
    lab.down()
    gone = [call["action"] for call in sandbox.calls(mutating=True)]
    assert gone == ["DeleteFunction", "DeleteRolePolicy", "DeleteRole"]


def test_instances_may_use_a_role_that_trusts_ec2(lab: Lab) -> None:
    trusting = role()
    lab.up([type(trusting)(name="role", role_name="lab-role", trust=ec2_trust())])
    found = lab.client("iam").get_role(RoleName="lab-role")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert [one["Principal"] for one in found] == [{"Service": "ec2.amazonaws.com"}]
