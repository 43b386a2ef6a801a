"""The language of policies."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.sandbox.permissions.conditions import Context
from provisioner.sandbox.permissions.documents import Malformed, identity_policy, trust_policy
from provisioner.sandbox.permissions.patterns import matches
from provisioner.sandbox.permissions.policies import Decision, Policy, Request, decide
from tests.sandbox.principals import allow, deny, document, trusting

ALLOWED, IMPLICIT, EXPLICIT = Decision.ALLOWED, Decision.IMPLICIT_DENY, Decision.EXPLICIT_DENY


def decided(statement: Any, action: str, resource: str) -> Decision:
    return decide([identity_policy(document(statement))], Request(action, resource))


@pytest.mark.parametrize(
    ("statement", "action", "resource", "expected"),
    [
        (allow("ec2:CreateVpc"), "ec2:CreateVpc", "*", ALLOWED),
        (allow("EC2:createvpc"), "ec2:CreateVpc", "*", ALLOWED),
        (allow("ec2:*Vpc"), "ec2:CreateVpc", "*", ALLOWED),
        (allow("ec2:?reateVpc"), "ec2:CreateVpc", "*", ALLOWED),
        (allow("*"), "ec2:CreateVpc", "*", ALLOWED),
        (allow("ec2:CreateVpc"), "ec2:CreateVpcEndpoint", "*", IMPLICIT),
        (allow("ec2:?CreateVpc"), "ec2:CreateVpc", "*", IMPLICIT),
        (allow("ec2:*", resource="arn:aws:ec2:*:*:vpc/*"), "ec2:CreateVpc", "arn:aws:ec2:a:1:vpc/v", ALLOWED),
        (allow("ec2:*", resource="arn:aws:ec2:*:*:vpc/*"), "ec2:CreateVpc", "arn:aws:ec2:a:1:subnet/s", IMPLICIT),
        (allow("ec2:*", resource="arn:aws:ec2:*:*:vpc/*"), "ec2:DescribeVpcs", "*", IMPLICIT),
        (allow("ec2:*", resource=["arn:aws:a", "arn:aws:b"]), "ec2:X", "arn:aws:b", ALLOWED),
        (allow("ec2:*", resource="arn:aws:B"), "ec2:X", "arn:aws:b", IMPLICIT),
        (deny("ec2:*"), "ec2:CreateVpc", "*", EXPLICIT),
        (deny("iam:*"), "ec2:CreateVpc", "*", IMPLICIT),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, "ec2:CreateVpc", "*", ALLOWED),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, "iam:CreateRole", "*", IMPLICIT),
        ({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:x"}, "a:B", "arn:aws:y", ALLOWED),
        ({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:x"}, "a:B", "arn:aws:x", IMPLICIT),
    ],
)
def test_actions_and_resources(statement: Any, action: str, resource: str, expected: Decision) -> None:
    assert decided(statement, action, resource) is expected


def test_one_denial_outweighs_all_that_allow() -> None:
    policies = [identity_policy(document(allow("*"))), identity_policy(document(allow("*"), deny("ec2:*")))]
    assert decide(policies, Request("ec2:CreateVpc")) is EXPLICIT
    assert decide(policies, Request("ecs:CreateCluster")) is ALLOWED
    assert decide([], Request("ecs:CreateCluster")) is IMPLICIT


_NOW = "2026-11-21T12:00:00Z"
CONDITIONS: list[tuple[str, str, Any, dict[str, Any], bool]] = [
    ("StringEquals", "a:k", "v", {"a:k": "v"}, True),
    ("StringEquals", "A:K", "v", {"a:k": "v"}, True),
    ("StringEquals", "a:k", "V", {"a:k": "v"}, False),
    ("StringEquals", "a:k", "v*", {"a:k": "vw"}, False),
    ("StringEquals", "a:k", ["u", "v"], {"a:k": "v"}, True),
    ("StringEquals", "a:k", "v", {}, False),
    ("StringEqualsIfExists", "a:k", "v", {}, True),
    ("StringEqualsIfExists", "a:k", "v", {"a:k": "w"}, False),
    ("StringNotEquals", "a:k", ["u", "v"], {"a:k": "w"}, True),
    ("StringNotEquals", "a:k", ["u", "v"], {"a:k": "v"}, False),
    ("StringNotEquals", "a:k", "v", {}, True),
    ("StringEqualsIgnoreCase", "a:k", "V", {"a:k": "v"}, True),
    ("StringNotEqualsIgnoreCase", "a:k", "V", {"a:k": "v"}, False),
    ("StringLike", "a:k", "v*x?", {"a:k": "v--xy"}, True),
    ("StringLike", "a:k", "v*x?", {"a:k": "v--x"}, False),
    ("StringNotLike", "a:k", "v*", {"a:k": "vw"}, False),
    ("StringNotLike", "a:k", "v*", {"a:k": "w"}, True),
    ("ArnLike", "a:k", "arn:aws:ecs:*:1:*", {"a:k": "arn:aws:ecs:eu:1:task/x/y"}, True),
    ("ArnLike", "a:k", "arn:aws:ecs:*:1:*", {"a:k": "arn:aws:ecs:eu:2:task/x"}, False),
    ("ArnLike", "a:k", "arn:aws:*:task", {"a:k": "arn:aws:ecs:eu:1:task"}, False),
    ("ArnEquals", "a:k", "arn:aws:iam::1:role/*", {"a:k": "arn:aws:iam::1:role/x"}, True),
    ("ArnNotLike", "a:k", "arn:aws:iam::1:role/*", {"a:k": "arn:aws:iam::1:role/x"}, False),
    ("ArnNotEquals", "a:k", "arn:aws:iam::1:role/*", {"a:k": "arn:aws:iam::1:user/x"}, True),
    ("Bool", "a:k", "true", {"a:k": "true"}, True),
    ("Bool", "a:k", True, {"a:k": "true"}, True),
    ("Bool", "a:k", "false", {"a:k": "true"}, False),
    ("BoolIfExists", "a:k", "false", {}, True),
    ("Null", "a:k", "true", {}, True),
    ("Null", "a:k", "true", {"a:k": "v"}, False),
    ("Null", "a:k", "false", {"a:k": "v"}, True),
    ("NumericEquals", "a:k", 5, {"a:k": "5.0"}, True),
    ("NumericNotEquals", "a:k", "5", {"a:k": "5"}, False),
    ("NumericLessThan", "a:k", "5", {"a:k": "4"}, True),
    ("NumericLessThanEquals", "a:k", "5", {"a:k": "6"}, False),
    ("NumericGreaterThan", "a:k", "5", {"a:k": "5"}, False),
    ("NumericGreaterThanEquals", "a:k", "5", {"a:k": "5"}, True),
    ("NumericEquals", "a:k", "5", {"a:k": "five"}, False),
    ("DateGreaterThan", "a:k", "2026-01-01T00:00:00Z", {"a:k": _NOW}, True),
    ("DateLessThan", "a:k", "2026-01-01T00:00:00Z", {"a:k": _NOW}, False),
    ("DateEquals", "a:k", "2026-11-21T12:00:00+00:00", {"a:k": _NOW}, True),
    ("DateLessThanEquals", "a:k", "1795262400", {"a:k": _NOW}, True),
    ("IpAddress", "a:k", "10.0.0.0/8", {"a:k": "10.1.2.3"}, True),
    ("IpAddress", "a:k", "10.0.0.0/8", {"a:k": "11.1.2.3"}, False),
    ("NotIpAddress", "a:k", "10.0.0.0/8", {"a:k": "11.1.2.3"}, True),
    ("IpAddress", "a:k", "10.0.0.0/8", {"a:k": "here"}, False),
    ("ForAllValues:StringEquals", "a:k", ["u", "v"], {"a:k": ["u", "v"]}, True),
    ("ForAllValues:StringEquals", "a:k", ["u", "v"], {"a:k": ["u", "w"]}, False),
    ("ForAllValues:StringEquals", "a:k", "u", {}, True),
    ("ForAllValues:StringLike", "a:k", "u*", {"a:k": ["u1", "u2"]}, True),
    ("ForAnyValue:StringEquals", "a:k", "u", {"a:k": ["u", "w"]}, True),
    ("ForAnyValue:StringEquals", "a:k", "u", {"a:k": ["w"]}, False),
    ("ForAnyValue:StringEquals", "a:k", "u", {}, False),
    ("ForAnyValue:StringNotEquals", "a:k", "u", {"a:k": ["u", "w"]}, True),
    ("ForAllValues:StringNotEquals", "a:k", "u", {"a:k": ["u", "w"]}, False),
]


@pytest.mark.parametrize(("operator", "key", "values", "keys", "expected"), CONDITIONS)
def test_conditions(operator: str, key: str, values: Any, keys: dict[str, Any], expected: bool) -> None:
    policy = identity_policy(document(allow("*", Condition={operator: {key: values}})))
    assert (decide([policy], Request("a:B", "*", Context(keys))) is ALLOWED) == expected


def test_all_conditions_must_hold() -> None:
    both = allow("*", Condition={"StringEquals": {"a:k": "v", "a:l": "w"}, "Bool": {"a:m": "true"}})
    policy = [identity_policy(document(both))]
    given = {"a:k": "v", "a:l": "w", "a:m": "true"}
    assert decide(policy, Request("a:B", "*", Context(given))) is ALLOWED
    for missing in given:
        less = Context({key: value for key, value in given.items() if key != missing})
        assert decide(policy, Request("a:B", "*", less)) is IMPLICIT


VARIABLES = [
    ("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/ann/x", {"aws:username": "ann"}, True),
    ("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/bob/x", {"aws:username": "ann"}, False),
    ("arn:aws:s3:::b/${aws:username}", "arn:aws:s3:::b/anything", {"aws:username": "*"}, False),
    ("arn:aws:s3:::b/${aws:username}", "arn:aws:s3:::b/", {}, False),
    ("arn:aws:s3:::b/${aws:username, 'all'}", "arn:aws:s3:::b/all", {}, True),
    ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/*", {}, True),
    ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/x", {}, False),
]


@pytest.mark.parametrize(("pattern", "resource", "keys", "expected"), VARIABLES)
def test_variables(pattern: str, resource: str, keys: dict[str, str], expected: bool) -> None:
    policy = identity_policy(document(allow("s3:*", resource=pattern)))
    assert (decide([policy], Request("s3:GetObject", resource, Context(keys))) is ALLOWED) == expected


def test_variables_came_with_the_second_version() -> None:
    statement = allow("s3:*", resource="arn:aws:s3:::${aws:username}")
    text = json.dumps({"Version": "2008-10-17", "Statement": statement})
    request = Request("s3:GetObject", "arn:aws:s3:::ann", Context({"aws:username": "ann"}))
    assert decide([identity_policy(text)], request) is IMPLICIT
    assert decide([identity_policy(document(statement))], request) is ALLOWED


BAD = [
    ("{", "This policy contains invalid Json"),
    ("[]", "Syntax errors in policy."),
    ('{"Version": "2012-10-17"}', "Syntax errors in policy."),
    ('{"Version": "2013-10-17", "Statement": []}', "Syntax errors in policy."),
    (document(), "Syntax errors in policy."),
    (document({"Effect": "allow", "Action": "*", "Resource": "*"}), "Syntax errors in policy."),
    (document({"Effect": "Allow", "Resource": "*"}), "Policy statement must contain actions."),
    (document({"Effect": "Allow", "Action": "a:B"}), "Policy statement must contain resources."),
    (
        document({"Effect": "Allow", "Action": "a:B", "NotAction": "a:C", "Resource": "*"}),
        "Syntax errors in policy.",
    ),
    (document(allow("a:B", Principal="*")), "Has prohibited field Principal"),
    (document(allow("a:B", Condition={"StringSimilar": {"a:k": "v"}})), "Syntax errors in policy."),
    (document(allow("a:B", Condition={"ForSomeValues:StringLike": {"a:k": "v"}})), "Syntax errors in policy."),
    (document(allow("a:B", Condition={"NullIfExists": {"a:k": "true"}})), "Syntax errors in policy."),
    (document(allow("a:B", Condition={"StringLike": "v"})), "Syntax errors in policy."),
    (document(allow("a:B", Resouce="*")), "Syntax errors in policy."),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_what_is_no_policy_is_refused(text: str, message: str) -> None:
    with pytest.raises(Malformed, match=message.replace(".", r"\.")):
        identity_policy(text)


def test_trust_policies_name_principals_and_no_resources() -> None:
    lambdas = {"Service": "lambda.amazonaws.com"}
    policy = trust_policy(trusting(lambdas))
    for service, expected in (("lambda.amazonaws.com", ALLOWED), ("ec2.amazonaws.com", IMPLICIT)):
        request = Request("sts:AssumeRole", "*", principals={"Service": frozenset({service})})
        assert decide([policy], request) is expected
    assert decide([policy], Request("sts:AssumeRole", principals={"AWS": frozenset({"x"})})) is IMPLICIT
    for text, message in (
        (document({"Effect": "Allow", "Action": "sts:AssumeRole"}), "Missing required field Principal"),
        (trusting(lambdas, Resource="*"), "Has prohibited field Resource"),
        (trusting(lambdas, Action="ec2:*"), "may only specify STS AssumeRole actions"),
        (trusting({}), "Syntax errors"),
    ):
        with pytest.raises(Malformed, match=message):
            trust_policy(text)


@pytest.mark.parametrize(
    ("wanted", "expected"), [("*", ALLOWED), ({"AWS": "*"}, ALLOWED), ({"AWS": "1"}, IMPLICIT)]
)
def test_everybody_is_somebody(wanted: Any, expected: Decision) -> None:
    request = Request("sts:AssumeRole", principals={"AWS": frozenset({"arn:aws:iam::2:user/x"})})
    assert decide([trust_policy(trusting(wanted))], request) is expected


def test_who_is_not_meant_may() -> None:
    statement = {"Effect": "Deny", "NotPrincipal": {"AWS": "arn:x"}, "Action": "sts:*"}
    policy = trust_policy(document(statement))
    assert decide([policy], Request("sts:AssumeRole", principals={"AWS": frozenset({"arn:x"})})) is IMPLICIT
    assert decide([policy], Request("sts:AssumeRole", principals={"AWS": frozenset({"arn:y"})})) is EXPLICIT


_TEXT = st.text(alphabet="ab:/*?$", max_size=12)
_PLAIN = st.text(alphabet="ab:/", max_size=12)


def _slowly(pattern: str, text: str) -> bool:
    """Matching by its definition, one character after the other."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(_slowly(pattern[1:], text[start:]) for start in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and _slowly(pattern[1:], text[1:])


@given(_TEXT, _PLAIN)
def test_wildcards_match_what_they_stand_for(pattern: str, text: str) -> None:
    assert matches(pattern, text) == _slowly(pattern, text)


@given(_PLAIN, _PLAIN, _PLAIN)
def test_a_star_stands_for_anything(before: str, middle: str, after: str) -> None:
    assert matches(f"{before}*{after}", before + middle + after)


@given(_TEXT)
def test_without_wildcards_only_itself_matches(text: str) -> None:
    assert matches(text, text, wild=False)
    assert not matches(text, text + "a", wild=False)


_ACTIONS = st.sampled_from(["a:B", "a:*", "*", "b:C", "a:b"])
_RESOURCES = st.sampled_from(["*", "arn:aws:x", "arn:aws:*", "arn:aws:y"])
_STATEMENTS = st.builds(
    lambda effect, action, resource: {"Effect": effect, "Action": action, "Resource": resource},
    st.sampled_from(["Allow", "Deny"]),
    _ACTIONS,
    _RESOURCES,
)
_POLICIES = st.lists(_STATEMENTS, min_size=1, max_size=4).map(lambda some: identity_policy(document(*some)))
_REQUESTS = st.builds(Request, st.sampled_from(["a:B", "b:C"]), st.sampled_from(["*", "arn:aws:x", "arn:aws:y"]))


@given(st.lists(_POLICIES, max_size=3), _ACTIONS, _RESOURCES, _REQUESTS)
def test_adding_a_denial_never_allows(
    policies: list[Policy], action: str, resource: str, request: Request
) -> None:
    more = [*policies, identity_policy(document(deny(action, resource=resource)))]
    assert not (decide(more, request) is ALLOWED and decide(policies, request) is not ALLOWED)


@given(st.lists(_POLICIES, max_size=3), _ACTIONS, _RESOURCES, _REQUESTS)
def test_adding_a_permission_never_denies(
    policies: list[Policy], action: str, resource: str, request: Request
) -> None:
    more = [*policies, identity_policy(document(allow(action, resource=resource)))]
    assert not (decide(policies, request) is ALLOWED and decide(more, request) is not ALLOWED)
