"""IAM: names, documents, what hangs on what, and how long news travel."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.principals import (
    ACCOUNT,
    Principal,
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
from tests.sandbox.world import Network, refused, zipped
from tests.sandbox_fixture import REGION, Sandbox

LAMBDA = trusting({"Service": "lambda.amazonaws.com"})
MALFORMED = "MalformedPolicyDocument"
VALIDATION = "ValidationError"


@pytest.fixture
def iam(sandbox: Sandbox) -> Any:
    return sandbox.client("iam")


@pytest.mark.parametrize("name", ["r" * 64, "a+b=c,d.e@f-g_h", "R"])
def test_good_names(iam: Any, name: str) -> None:
    assert iam.create_role(RoleName=name, AssumeRolePolicyDocument=LAMBDA)["Role"]["RoleName"] == name


@pytest.mark.parametrize("name", ["r" * 65, "a/b", "a b", "ä", "a:b"])
def test_bad_names(iam: Any, name: str) -> None:
    refused(iam.create_role, VALIDATION, RoleName=name, AssumeRolePolicyDocument=LAMBDA)
    refused(iam.create_user, VALIDATION, UserName=name)
    long = name * 2 if len(name) > 64 else name
    refused(iam.create_instance_profile, VALIDATION, InstanceProfileName=long)
    refused(iam.create_policy, VALIDATION, PolicyName=long, PolicyDocument=document(allow("ec2:*")))


def test_too_long_is_said_as_aws_says_it(iam: Any) -> None:
    message = refused(iam.create_role, VALIDATION, RoleName="r" * 65, AssumeRolePolicyDocument=LAMBDA)
    constraint = "Member must have length less than or equal to 64"
    assert message.endswith(f"at 'roleName' failed to satisfy constraint: {constraint}")


def test_names_are_unique_whatever_their_case(iam: Any) -> None:
    iam.create_role(RoleName="Web", AssumeRolePolicyDocument=LAMBDA)
    message = refused(iam.create_role, "EntityAlreadyExists", RoleName="wEB", AssumeRolePolicyDocument=LAMBDA)
    assert message == "Role with name wEB already exists."
    iam.create_role(RoleName="Web2", AssumeRolePolicyDocument=LAMBDA)
    iam.create_user(UserName="Ann")
    refused(iam.create_user, "EntityAlreadyExists", UserName="ann")


@pytest.mark.parametrize(
    ("more", "good"),
    [
        ({"Description": "made by hand\n"}, True),
        ({"Description": "für alle"}, True),
        ({"Description": "\u0416"}, False),
        ({"Path": "/apps/web/"}, True),
        ({"Path": "apps"}, False),
        ({"MaxSessionDuration": 43200}, True),
        ({"MaxSessionDuration": 43201}, False),
        ({"Tags": [{"Key": "team", "Value": "red"}]}, True),
        ({"Tags": [{"Key": "aws:team", "Value": "red"}]}, False),
    ],
)
def test_what_else_a_role_is_made_with(iam: Any, more: dict[str, Any], good: bool) -> None:
    code = code_of(iam.create_role, RoleName="r", AssumeRolePolicyDocument=LAMBDA, **more)
    assert bool(code) is not good, code


def test_what_is_not_there_is_told_in_awss_words(iam: Any) -> None:
    assert refused(iam.get_role, "NoSuchEntity", RoleName="r") == "The role with name r cannot be found."
    assert refused(iam.get_user, "NoSuchEntity", UserName="u") == "The user with name u cannot be found."
    refused(iam.delete_instance_profile, "NoSuchEntity", InstanceProfileName="p")
    new_policy = {"RoleName": "r", "PolicyName": "p", "PolicyDocument": document(allow("ec2:*"))}
    refused(iam.put_role_policy, "NoSuchEntity", **new_policy)
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=LAMBDA)
    iam.put_role_policy(**new_policy)
    missing = "arn:aws:iam::aws:policy/NoSuchPolicy"
    message = refused(iam.attach_role_policy, "NoSuchEntity", RoleName="r", PolicyArn=missing)
    assert message == f"Policy {missing} does not exist or is not attachable."


TRUST = [
    (LAMBDA, ""),
    (trusting({"AWS": ACCOUNT}), ""),
    (trusting({"AWS": "arn:aws:iam::210987654321:root"}), ""),
    (trusting({"AWS": "*"}), ""),
    (trusting({"Service": ["ecs-tasks.amazonaws.com", "ecs.amazonaws.com"]}), ""),
    (trusting({"Federated": "cognito-identity.amazonaws.com"}, Action="sts:AssumeRoleWithWebIdentity"), ""),
    ("{", "This policy contains invalid Json"),
    (document({"Effect": "Allow", "Action": "sts:AssumeRole"}), "Missing required field Principal"),
    (trusting({"AWS": ACCOUNT}, Resource="*"), "Has prohibited field Resource"),
    (trusting({"AWS": ACCOUNT}, Action="ec2:RunInstances"), "AssumeRole policy may only specify STS AssumeRole"),
    (trusting({"Service": "lambda"}), 'Invalid principal in policy: "SERVICE":"lambda"'),
    (trusting({"AWS": f"arn:aws:iam::{ACCOUNT}:role/ghost"}), 'Invalid principal in policy: "AWS":"arn:aws:iam'),
    (trusting({"AWS": "nobody"}), 'Invalid principal in policy: "AWS":"nobody"'),
]


@pytest.mark.parametrize(("trust", "message"), TRUST)
def test_trust_policies(iam: Any, trust: str, message: str) -> None:
    iam.create_role(RoleName="old", AssumeRolePolicyDocument=LAMBDA)
    if message:
        assert refused(iam.create_role, MALFORMED, RoleName="r", AssumeRolePolicyDocument=trust).startswith(
            message
        )
        refused(iam.update_assume_role_policy, MALFORMED, RoleName="old", PolicyDocument=trust)
    else:
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)
        iam.update_assume_role_policy(RoleName="old", PolicyDocument=trust)


def test_a_fresh_role_is_no_principal_yet(sandbox: Sandbox, iam: Any) -> None:
    sandbox.latencies({"iam.role.usable": 10})
    arn = iam.create_role(RoleName="first", AssumeRolePolicyDocument=LAMBDA)["Role"]["Arn"]
    wanted = {"RoleName": "second", "AssumeRolePolicyDocument": trusting({"AWS": arn})}
    refused(iam.create_role, MALFORMED, **wanted)
    sandbox.advance(11)
    iam.create_role(**wanted)


def test_policies_must_be_policies(iam: Any) -> None:
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=LAMBDA)
    own = {"RoleName": "r", "PolicyName": "p"}
    odd = document(allow("ec2:*", Condition={"StringSimilar": {"aws:username": "x"}}))
    assert refused(iam.put_role_policy, MALFORMED, PolicyDocument=odd, **own) == "Syntax errors in policy."
    refused(iam.create_policy, MALFORMED, PolicyName="p", PolicyDocument=odd)
    refused(iam.put_role_policy, MALFORMED, PolicyDocument=LAMBDA, **own)
    good = document(allow("ec2:*", Condition={"StringLike": {"aws:username": "x"}}))
    iam.put_role_policy(PolicyDocument=good, **own)
    iam.create_policy(PolicyName="p", PolicyDocument=good)


def _long(size: int) -> str:
    empty = len(json.dumps(json.loads(document(allow("ec2:*", Sid=""))), separators=(",", ":")))
    return document(allow("ec2:*", Sid="x" * (size - empty)))


def test_inline_policies_fit_in_together(iam: Any) -> None:
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=LAMBDA)
    iam.create_user(UserName="u")
    iam.put_role_policy(RoleName="r", PolicyName="a", PolicyDocument=_long(10000))
    second = {"RoleName": "r", "PolicyName": "b"}
    message = refused(iam.put_role_policy, "LimitExceeded", PolicyDocument=_long(241), **second)
    assert message == "Maximum policy size of 10240 bytes exceeded for role r"
    iam.put_role_policy(PolicyDocument=_long(240), **second)
    iam.put_role_policy(PolicyDocument=_long(240), **second)
    own = {"UserName": "u", "PolicyName": "a"}
    refused(iam.put_user_policy, "LimitExceeded", PolicyDocument=_long(2049), **own)
    iam.put_user_policy(PolicyDocument=_long(2048).replace('"Sid"', ' "Sid"'), **own)


def test_managed_and_trust_policies_fit_in(iam: Any) -> None:
    message = refused(iam.create_policy, "LimitExceeded", PolicyName="p", PolicyDocument=_long(6145))
    assert message == "Cannot exceed quota for PolicySize: 6144"
    iam.create_policy(PolicyName="p", PolicyDocument=_long(6144))
    long = trusting({"AWS": ACCOUNT}, Sid="x" * 2048)
    message = refused(iam.create_role, "LimitExceeded", RoleName="r", AssumeRolePolicyDocument=long)
    assert message == "Cannot exceed quota for ACLSizePerRole: 2048"


def test_a_policy_that_somebody_has_stays(iam: Any) -> None:
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document(allow("ec2:*")))["Policy"]["Arn"]
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=LAMBDA)
    for _ in range(2):
        iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    message = refused(iam.delete_policy, "DeleteConflict", PolicyArn=arn)
    assert message == "Cannot delete a policy attached to entities."
    refused(iam.delete_role, "DeleteConflict", RoleName="r")
    iam.detach_role_policy(RoleName="r", PolicyArn=arn)
    iam.delete_role(RoleName="r")
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(allow("ecs:*")))
    assert "more than one version" in refused(iam.delete_policy, "DeleteConflict", PolicyArn=arn)
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    iam.delete_policy(PolicyArn=arn)
    refused(iam.delete_policy, "NoSuchEntity", PolicyArn=arn)


def test_a_role_goes_bare(iam: Any) -> None:
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=LAMBDA)
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=document(allow("ec2:*")))
    iam.create_instance_profile(InstanceProfileName="p")
    iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="r")
    both = {"InstanceProfileName": "p", "RoleName": "r"}
    refused(iam.add_role_to_instance_profile, "LimitExceeded", **both)
    refused(iam.delete_instance_profile, "DeleteConflict", InstanceProfileName="p")
    refused(iam.delete_role, "DeleteConflict", RoleName="r")
    iam.remove_role_from_instance_profile(**both)
    refused(iam.remove_role_from_instance_profile, "NoSuchEntity", **both)
    iam.delete_instance_profile(InstanceProfileName="p")
    refused(iam.delete_role, "DeleteConflict", RoleName="r")
    iam.delete_role_policy(RoleName="r", PolicyName="p")
    iam.delete_role(RoleName="r")


def test_users_and_groups_go_bare(sandbox: Sandbox, iam: Any) -> None:
    user = User(sandbox)
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName=user.name)
    refused(iam.delete_group, "DeleteConflict", GroupName="g")
    refused(iam.delete_user, "DeleteConflict", UserName=user.name)
    iam.remove_user_from_group(GroupName="g", UserName=user.name)
    iam.delete_group(GroupName="g")
    message = refused(iam.delete_user, "DeleteConflict", UserName=user.name)
    assert message == "Cannot delete entity, must delete access keys first."
    iam.delete_access_key(UserName=user.name, AccessKeyId=user.keys["AccessKeyId"])
    iam.delete_user(UserName=user.name)


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("ecs.amazonaws.com", "AWSServiceRoleForECS"),
        ("elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing"),
        (
            "ecs.application-autoscaling.amazonaws.com",
            "AWSServiceRoleForApplicationAutoScaling_ECSService",
        ),
        ("ops.apigateway.amazonaws.com", "AWSServiceRoleForAPIGateway"),
        ("transitgateway.amazonaws.com", "AWSServiceRoleForVPCTransitGateway"),
    ],
)
def test_service_linked_roles(iam: Any, service: str, name: str) -> None:
    role = iam.create_service_linked_role(AWSServiceName=service)["Role"]
    assert role["RoleName"] == name
    assert role["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{service}/{name}"
    message = refused(iam.create_service_linked_role, "InvalidInput", AWSServiceName=service)
    taken = f"Service role name {name} has been taken in this account"
    assert message == f"{taken}, please try a different suffix."
    refused(iam.create_service_linked_role, "InvalidInput", AWSServiceName=service, CustomSuffix="x")
    protected = {
        "delete_role": {},
        "attach_role_policy": {"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
        "put_role_policy": {"PolicyName": "p", "PolicyDocument": document(allow("*"))},
        "update_assume_role_policy": {"PolicyDocument": LAMBDA},
    }
    for operation, more in protected.items():
        refused(getattr(iam, operation), "UnmodifiableEntity", RoleName=name, **more)
    iam.delete_service_linked_role(RoleName=name)
    iam.create_service_linked_role(AWSServiceName=service)


def test_the_first_use_makes_the_role_by_itself(network: Network) -> None:
    iam = network.sandbox.client("iam")
    refused(iam.get_role, "NoSuchEntity", RoleName="AWSServiceRoleForElasticLoadBalancing")
    network.new_balancer()
    role = iam.get_role(RoleName="AWSServiceRoleForElasticLoadBalancing")["Role"]
    assert role["Path"] == "/aws-service-role/elasticloadbalancing.amazonaws.com/"
    network.new_balancer("second")


def test_a_boundary_is_a_policy(iam: Any) -> None:
    wanted = {"RoleName": "r", "AssumeRolePolicyDocument": LAMBDA}
    missing = f"arn:aws:iam::{ACCOUNT}:policy/most"
    refused(iam.create_role, "NoSuchEntity", PermissionsBoundary=missing, **wanted)
    iam.create_policy(PolicyName="most", PolicyDocument=document(allow("ec2:*")))
    iam.create_role(PermissionsBoundary=missing, **wanted)
    refused(iam.delete_policy, "DeleteConflict", PolicyArn=missing)
    iam.create_user(UserName="u")
    ghost = {"UserName": "u", "PermissionsBoundary": f"{missing}-ghost"}
    refused(iam.put_user_permissions_boundary, "NoSuchEntity", **ghost)


def test_a_young_role_is_of_no_use_to_lambda(network: Network) -> None:
    network.sandbox.latencies({"iam.role.usable": 6})
    role = network.new_role("r", "lambda.amazonaws.com")
    wanted = {"FunctionName": "f", "Role": role, "Runtime": "python3.12", "Handler": "a.b"}
    code = {"ZipFile": zipped()}
    refused(network.functions.create_function, "InvalidParameterValueException", Code=code, **wanted)
    network.sandbox.advance(7)
    network.functions.create_function(Code=code, **wanted)


def test_a_changed_trust_policy_reaches_services_later(network: Network) -> None:
    iam = network.sandbox.client("iam")
    role = network.new_role("r", "ec2.amazonaws.com")
    wanted = {"FunctionName": "f", "Role": role, "Runtime": "python3.12", "Handler": "a.b"}
    code = {"ZipFile": zipped()}
    network.sandbox.latencies({"iam.policy.effective": 6})
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=LAMBDA)
    refused(network.functions.create_function, "InvalidParameterValueException", Code=code, **wanted)
    network.sandbox.advance(7)
    network.functions.create_function(Code=code, **wanted)


@pytest.mark.parametrize(
    ("condition", "good"),
    [
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, True),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:*"}}, True),
        ({"StringEquals": {"aws:SourceAccount": "210987654321"}}, False),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:ecs:eu-west-1:{ACCOUNT}:*"}}, False),
    ],
)
def test_ecs_says_for_whom_it_assumes_a_role_and_lambda_does_not(
    network: Network, condition: dict[str, Any], good: bool
) -> None:
    both = {"Service": ["ecs-tasks.amazonaws.com", "lambda.amazonaws.com"]}
    role = new_role(network.sandbox, "r", trusting(both, Condition=condition))
    wanted = {"FunctionName": "f", "Role": role, "Runtime": "python3.12", "Handler": "a.b"}
    refused(
        network.functions.create_function,
        "InvalidParameterValueException",
        Code={"ZipFile": zipped()},
        **wanted,
    )
    network.ecs.create_cluster(clusterName="main")
    service = network.service_parameters(taskDefinition=network.new_definition(executionRoleArn=role))
    assert (code_of(network.ecs.create_service, **service) == "") is good


def test_the_simulator_tells_what_a_principal_may_do(sandbox: Sandbox, iam: Any) -> None:
    red = {"StringEquals": {"aws:RequestTag/team": "red"}}
    user = User(sandbox, allow("ec2:CreateVpc", Condition=red), allow("ecs:*"), deny("ecs:DeleteCluster"))

    def simulated(*actions: str, **more: Any) -> list[str]:
        answer = iam.simulate_principal_policy(PolicySourceArn=user.arn, ActionNames=list(actions), **more)
        return [result["EvalDecision"] for result in answer["EvaluationResults"]]

    three = ("ecs:CreateCluster", "ecs:DeleteCluster", "iam:PassRole")
    assert simulated(*three) == ["allowed", "explicitDeny", "implicitDeny"]
    tag = {"ContextKeyName": "aws:RequestTag/team", "ContextKeyType": "string"}
    assert simulated("ec2:CreateVpc") == ["implicitDeny"]
    for value, expected in (("red", "allowed"), ("blue", "implicitDeny")):
        assert simulated("ec2:CreateVpc", ContextEntries=[{**tag, "ContextKeyValues": [value]}]) == [expected]
    answer = iam.simulate_principal_policy(PolicySourceArn=user.arn, ActionNames=["ec2:CreateVpc"])
    assert answer["EvaluationResults"][0]["MissingContextValues"] == ["aws:RequestTag/team"]
    more = [document(allow("iam:PassRole", resource=f"arn:aws:iam::{ACCOUNT}:role/a"))]
    resources = [f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in "ab"]
    found = simulated("iam:PassRole", PolicyInputList=more, ResourceArns=resources)
    assert found == ["allowed", "implicitDeny"]
    ghost = f"arn:aws:iam::{ACCOUNT}:user/ghost"
    refused(iam.simulate_principal_policy, "NoSuchEntity", PolicySourceArn=ghost, ActionNames=["ec2:RunInstances"])


def test_the_simulator_knows_groups_boundaries_and_loose_policies(sandbox: Sandbox, iam: Any) -> None:
    iam.create_group(GroupName="g")
    iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=document(allow("ecs:*")))
    asked: dict[str, Any] = {"ActionNames": ["ecs:ListClusters"]}
    group = iam.simulate_principal_policy(PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:group/g", **asked)
    assert group["EvaluationResults"][0]["EvalDecision"] == "allowed"
    custom = iam.simulate_custom_policy(
        PolicyInputList=[document(allow("*"))],
        PermissionsBoundaryPolicyInputList=[document(allow("ec2:*"))],
        **asked,
    )["EvaluationResults"][0]
    assert custom["EvalDecision"] == "implicitDeny"
    assert custom["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}


def test_accounts_have_roles_of_their_own(sandbox: Sandbox) -> None:
    other = in_account(sandbox, "210987654321", "iam")
    arn = new_role(sandbox, "r", LAMBDA, account="210987654321")
    assert arn == "arn:aws:iam::210987654321:role/r"
    assert other.get_role(RoleName="r")["Role"]["Arn"] == arn
    refused(sandbox.client("iam").get_role, "NoSuchEntity", RoleName="r")


def test_iam_itself_is_enforced_by_name(sandbox: Sandbox) -> None:
    web = f"arn:aws:iam::{ACCOUNT}:role/web-*"
    user = User(sandbox, allow("iam:CreateRole", "iam:AttachRolePolicy", resource=web))
    own = Principal(sandbox, user.keys).client("iam")
    enforce(sandbox)
    refused(own.create_role, "AccessDenied", RoleName="app", AssumeRolePolicyDocument=LAMBDA)
    own.create_role(RoleName="web-1", AssumeRolePolicyDocument=LAMBDA)
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    own.attach_role_policy(RoleName="web-1", PolicyArn=admin)
    refused(own.delete_role, "AccessDenied", RoleName="web-1")
