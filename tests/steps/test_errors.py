"""What an AWS error means for us."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
    SSOTokenLoadError,
)

from provisioner.error_reference import page
from steps.aws.errors import BY_MESSAGE, CAUSES, NEXT_MOVE, Cause, gone, permission, verdict
from steps.aws.meanings import BY_WORDS, MEANINGS, SENTENCES
from steps.aws.remedies import MOVES, QUOTAS, next_move

ROOT = Path(__file__).resolve().parents[2]


def answered(code: str, message: str = "", status: int = 400) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "SomeCall")


@pytest.mark.parametrize(
    ("code", "message", "status", "cause"),
    [
        ("InvalidVpcID.NotFound", "", 400, Cause.GONE),
        ("Gateway.NotAttached", "", 400, Cause.GONE),
        ("LoadBalancerNotFound", "", 400, Cause.GONE),
        ("NoSuchEntity", "", 404, Cause.GONE),
        ("ServiceNotActiveException", "", 400, Cause.GONE),
        ("DependencyViolation", "has a dependent object", 400, Cause.IN_USE),
        ("ClusterContainsServicesException", "", 400, Cause.IN_USE),
        ("ResourceConflictException", "An update is in progress", 409, Cause.IN_USE),
        ("ResourceConflictException", "Function already exist: x", 409, Cause.EXISTS),
        ("EntityAlreadyExists", "", 409, Cause.EXISTS),
        ("InvalidPermission.Duplicate", "", 400, Cause.EXISTS),
        ("InvalidParameterException", "Creation of service was not idempotent.", 400, Cause.EXISTS),
        (
            "InvalidParameterException",
            "The target group x does not have an associated load balancer",
            400,
            Cause.NOT_YET,
        ),
        ("InvalidParameterException", "Subnet is not valid", 400, Cause.REFUSED),
        ("InvalidParameterValueException", "The role cannot be assumed by Lambda.", 400, Cause.NOT_YET),
        ("InvalidParameterValueException", "Unsupported runtime", 400, Cause.REFUSED),
        (
            "InvalidParameterValue",
            "route table rtb-1 and gateway igw-1 belong to different networks",
            400,
            Cause.NOT_YET,
        ),
        ("InvalidParameterValue", "Network interface 'eni-1' is currently in use.", 400, Cause.IN_USE),
        ("InvalidParameterValueException", "the KMS key is invalid for CreateGrant", 400, Cause.NOT_YET),
        ("InvalidParameterValueException", "EC2 Error Code: InvalidGroup.NotFound", 400, Cause.NOT_YET),
        ("InvalidSecurityGroup", "", 400, Cause.NOT_YET),
        ("SubnetNotFound", "", 400, Cause.NOT_YET),
        ("ConcurrentModification", "", 409, Cause.IN_USE),
        ("RequestLimitExceeded", "", 503, Cause.THROTTLED),
        ("Throttling", "Rate exceeded", 400, Cause.THROTTLED),
        ("InternalError", "", 500, Cause.UNKNOWN_OUTCOME),
        ("500", "", 500, Cause.UNKNOWN_OUTCOME),
        ("SomethingNew", "", 503, Cause.UNKNOWN_OUTCOME),
        ("SomethingNew", "", 400, Cause.REFUSED),
        ("VpcLimitExceeded", "", 400, Cause.QUOTA),
        ("TooManyLoadBalancers", "", 400, Cause.QUOTA),
        ("UnauthorizedOperation", "", 403, Cause.DENIED),
        ("ExpiredToken", "", 403, Cause.EXPIRED),
        ("AuthFailure", "You do not have permission to access the specified resource.", 400, Cause.IN_USE),
        ("AuthFailure", "AWS was not able to validate the provided access credentials", 401, Cause.EXPIRED),
    ],
)
def test_an_answer_is_sorted_by_code_and_where_needed_by_message(
    code: str, message: str, status: int, cause: Cause
) -> None:
    assert verdict(answered(code, message, status)).cause is cause


@pytest.mark.parametrize(
    "error",
    [
        ConnectionClosedError(endpoint_url="http://x"),
        ReadTimeoutError(endpoint_url="http://x"),
        EndpointConnectionError(endpoint_url="http://x", error="refused"),
    ],
)
def test_no_answer_means_that_the_outcome_is_not_known(error: Any) -> None:
    assert verdict(error).cause is Cause.UNKNOWN_OUTCOME


@pytest.mark.parametrize("error", [ParamValidationError(report="no")])
def test_what_was_never_sent_is_refused(error: Any) -> None:
    assert verdict(error).cause is Cause.REFUSED


@pytest.mark.parametrize("error", [NoCredentialsError(), SSOTokenLoadError(error_msg="expired")])
def test_a_login_that_has_ended_is_told_as_such(error: Any) -> None:
    assert verdict(error).cause is Cause.EXPIRED


def test_a_verdict_keeps_awss_own_words() -> None:
    found = verdict(answered("VpcLimitExceeded", "The maximum number of VPCs has been reached."))
    assert str(found) == "VpcLimitExceeded: The maximum number of VPCs has been reached."
    assert found.call == "SomeCall"


def test_every_cause_has_a_next_move() -> None:
    assert set(NEXT_MOVE) == set(Cause)


def test_gone_is_only_gone() -> None:
    assert gone(answered("InvalidVpcID.NotFound"))
    assert not gone(answered("DependencyViolation"))


def test_what_only_aws_can_read_is_left_out() -> None:
    said = "You are not authorized to perform: ec2:CreateVpc. Encoded authorization failure message: 4WGfMoq"
    answer: Any = {"Error": {"Code": "UnauthorizedOperation", "Message": said}}
    found = verdict(ClientError(answer, "CreateVpc"))
    assert found.message == "You are not authorized to perform: ec2:CreateVpc."


def test_every_code_has_a_meaning_and_no_other_has() -> None:
    assert set(CAUSES) <= {*MEANINGS, *QUOTAS}
    assert {code for code, _, _ in BY_MESSAGE} & {"AuthFailure", "LimitExceeded"} <= set(MEANINGS)
    assert {words for _, words, _ in BY_MESSAGE} == set(BY_WORDS)
    assert {*MOVES, *QUOTAS} <= set(CAUSES)
    assert set(SENTENCES) == set(Cause)


def test_the_page_has_a_row_for_every_code_and_is_up_to_date() -> None:
    shown = page()
    assert [code for code in CAUSES if f"| `{code}` |" not in shown] == []
    assert [words for _, words, _ in BY_MESSAGE if f"“{words}”" not in shown] == []
    assert "{}" not in shown
    assert (ROOT / "docs" / "errors.md").read_text() == shown, "run: make docs"


DENIALS = [
    ("You are not authorized to perform: ec2:CreateVpc. Encoded ...", "ec2:CreateVpc"),
    ("You are not authorized to perform this operation. User: arn:aws:iam::1:user/x is not authorized to perform: "
     "ec2:AllocateAddress on resource: ...", "ec2:AllocateAddress"),
    ("User: arn:aws:iam::1:user/x is not authorized to perform: iam:PassRole on resource: arn", "iam:PassRole"),
    ("is not authorized to perform: elasticloadbalancing:AddTags on", "elasticloadbalancing:AddTags"),
    ("User: x is not authorized to perform CreateLogGroup with Tags", ""),
    ("Access Denied", ""),
]  # fmt: skip


@pytest.mark.parametrize(("message", "action"), DENIALS, ids=[row[1] or "none" for row in DENIALS])
def test_a_denial_names_the_permission_to_give_where_it_tells_it(message: str, action: str) -> None:
    assert permission(message) == action
    move = next_move(verdict(answered("AccessDenied", message)))
    assert action in move
    assert (move == NEXT_MOVE[Cause.DENIED]) is (action == "")


def test_a_quota_is_named_with_its_code() -> None:
    move = next_move(
        verdict(answered("AddressLimitExceeded", "The maximum number of addresses has been reached."))
    )
    assert "'EC2-VPC Elastic IPs' (Service Quotas: ec2 L-0263D0A3)" in move
    assert "by a support case" in next_move(verdict(answered("TooManyTargets")))


def test_a_codes_own_move_is_not_that_of_another_cause() -> None:
    """IAM's LimitExceeded is no quota where a profile has its role already."""
    assert next_move(verdict(answered("LimitExceeded"))) == MOVES["LimitExceeded"]
    held = verdict(answered("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"))
    assert next_move(held) == NEXT_MOVE[Cause.NOT_YET]
    assert next_move(verdict(answered("InvalidVpcID.NotFound"))) == NEXT_MOVE[Cause.GONE]
