"""STS: who one is and who one may become."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.principals import (
    ACCOUNT,
    User,
    allow,
    code_of,
    deny,
    document,
    enforce,
    in_account,
    new_role,
    trusting,
)
from tests.sandbox.world import refused
from tests.sandbox_fixture import Sandbox

OTHER = "210987654321"
HERE = trusting({"AWS": ACCOUNT})


def _assumed(principal: Any, role: str, **more: Any) -> str:
    """The error code, empty if it went well."""
    more.setdefault("RoleSessionName", "session")
    return code_of(principal.client("sts").assume_role, RoleArn=role, **more)


def test_who_one_is(sandbox: Sandbox) -> None:
    root = sandbox.client("sts").get_caller_identity()
    assert (root["Arn"], root["UserId"]) == (f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
    user = User(sandbox)
    assert user.client("sts").get_caller_identity()["Arn"] == user.arn
    worker = user.assume(new_role(sandbox, "worker", HERE)).client("sts").get_caller_identity()
    assert worker["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/session"
    assert worker["UserId"].endswith(":session")


def test_a_role_that_is_not_there_cannot_be_assumed(sandbox: Sandbox) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/ghost"
    sts = sandbox.client("sts")
    message = refused(sts.assume_role, "AccessDenied", RoleArn=role, RoleSessionName="session")
    assert message.endswith(f"is not authorized to perform: sts:AssumeRole on resource: {role}")


def test_a_role_trusts_whom_it_names(sandbox: Sandbox) -> None:
    ann, bob = User(sandbox), User(sandbox)
    role = new_role(sandbox, "worker", trusting({"AWS": ann.arn}))
    assert _assumed(ann, role) == ""
    assert _assumed(bob, role) == "AccessDenied"
    service = new_role(sandbox, "function", trusting({"Service": "lambda.amazonaws.com"}))
    assert _assumed(ann, service) == "AccessDenied"


def test_to_be_named_is_enough_in_ones_own_account(sandbox: Sandbox) -> None:
    """The account as a whole only delegates: then the caller's policies decide."""
    ann = User(sandbox)
    named = new_role(sandbox, "named", trusting({"AWS": ann.arn}))
    account = new_role(sandbox, "account", HERE)
    enforce(sandbox)
    assert _assumed(ann, named) == ""
    assert _assumed(ann, account) == "AccessDenied"
    may = User(sandbox, allow("sts:AssumeRole", resource=account))
    assert _assumed(may, account) == ""
    assert _assumed(may, named) == "AccessDenied"
    must_not = User(sandbox, deny("sts:AssumeRole"))
    open_to_all = new_role(sandbox, "open", trusting({"AWS": must_not.arn}))
    assert _assumed(must_not, open_to_all) == "AccessDenied"


def test_into_another_account_both_must_agree(sandbox: Sandbox) -> None:
    may, may_not = User(sandbox, allow("sts:AssumeRole")), User(sandbox)
    role = new_role(sandbox, "deployer", HERE, allow("ec2:*"), account=OTHER)
    closed = new_role(sandbox, "closed", trusting({"AWS": OTHER}), account=OTHER)
    named = new_role(sandbox, "named", trusting({"AWS": [may.arn, may_not.arn]}), account=OTHER)
    enforce(sandbox)
    assert _assumed(may, named) == ""
    assert _assumed(may_not, named) == "AccessDenied"
    assert _assumed(may_not, role) == "AccessDenied"
    assert _assumed(may, closed) == "AccessDenied"
    deployer = may.assume(role)
    assert deployer.client("sts").get_caller_identity()["Account"] == OTHER
    deployer.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")
    assert code_of(deployer.client("ecs").list_clusters) == "AccessDeniedException"
    there = in_account(sandbox, OTHER, "ec2").describe_vpcs()["Vpcs"]
    assert "10.9.0.0/16" in [vpc["CidrBlock"] for vpc in there]
    here = sandbox.client("ec2").describe_vpcs()["Vpcs"]
    assert "10.9.0.0/16" not in [vpc["CidrBlock"] for vpc in here]


def test_conditions_of_trust(sandbox: Sandbox) -> None:
    user = User(sandbox)
    secret = {"StringEquals": {"sts:ExternalId": "secret-1"}}
    role = new_role(sandbox, "worker", trusting({"AWS": ACCOUNT}, Condition=secret))
    assert _assumed(user, role) == "AccessDenied"
    assert _assumed(user, role, ExternalId="other-1") == "AccessDenied"
    assert _assumed(user, role, ExternalId="secret-1") == ""


def test_a_young_role_cannot_be_assumed_yet(sandbox: Sandbox) -> None:
    sandbox.latencies({"iam.role.usable": 6})
    user, role = User(sandbox), new_role(sandbox, "worker", HERE)
    assert _assumed(user, role) == "AccessDenied"
    sandbox.advance(7)
    assert _assumed(user, role) == ""


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"DurationSeconds": 3600}, ""),
        ({"DurationSeconds": 7200}, ""),
        ({"DurationSeconds": 7201}, "ValidationError"),
        ({"DurationSeconds": 43201}, "ValidationError"),
        ({"RoleSessionName": "ann@example.com"}, ""),
        ({"RoleSessionName": "ann bob"}, "ValidationError"),
        ({"Policy": document(allow("ec2:*"))}, ""),
        ({"Policy": "{"}, "MalformedPolicyDocument"),
    ],
)
def test_what_a_session_is_asked_with(sandbox: Sandbox, more: dict[str, Any], code: str) -> None:
    role = new_role(sandbox, "worker", HERE)
    sandbox.client("iam").update_role(RoleName="worker", MaxSessionDuration=7200)
    assert _assumed(User(sandbox), role, **more) == code


def test_a_session_from_a_session_lasts_an_hour_at_most(sandbox: Sandbox) -> None:
    role = new_role(sandbox, "worker", HERE)
    sandbox.client("iam").update_role(RoleName="worker", MaxSessionDuration=7200)
    worker = User(sandbox).assume(role)
    sts = worker.client("sts")
    wanted = {"RoleArn": role, "RoleSessionName": "again"}
    message = refused(sts.assume_role, "ValidationError", DurationSeconds=3601, **wanted)
    assert message.endswith("1 hour session limit for roles assumed by role chaining.")
    sts.assume_role(DurationSeconds=3600, **wanted)


def test_a_longer_session_ends_later(sandbox: Sandbox) -> None:
    role = new_role(sandbox, "worker", HERE, allow("ecs:*"))
    sandbox.client("iam").update_role(RoleName="worker", MaxSessionDuration=7200)
    user = User(sandbox, allow("sts:AssumeRole"))
    enforce(sandbox)
    short, long = user.assume(role), user.assume(role, DurationSeconds=7200)
    sandbox.advance(3601)
    assert code_of(short.client("ecs").list_clusters) == "ExpiredTokenException"
    assert code_of(long.client("ecs").list_clusters) == ""


def test_managed_policies_limit_a_session_too(sandbox: Sandbox) -> None:
    role = new_role(sandbox, "worker", HERE, allow("*"))
    policy = sandbox.client("iam").create_policy(PolicyName="p", PolicyDocument=document(allow("ecs:*")))
    worker = User(sandbox).assume(role, PolicyArns=[{"arn": policy["Policy"]["Arn"]}])
    enforce(sandbox)
    assert code_of(worker.client("ecs").list_clusters) == ""
    assert code_of(worker.client("lambda").list_functions) == "AccessDeniedException"
