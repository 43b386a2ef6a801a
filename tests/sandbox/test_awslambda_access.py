"""Who may invoke functions, and their URLs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.lambdas import LambdaNetwork
from tests.sandbox.world import refused
from tests.sandbox_fixture import Sandbox

CONFLICT = "ResourceConflictException"
INVALID = "InvalidParameterValueException"
MISSING = "ResourceNotFoundException"


@pytest.fixture
def network(sandbox: Sandbox) -> LambdaNetwork:
    return LambdaNetwork(sandbox)


def wanted(**more: Any) -> dict[str, Any]:
    usual = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"}
    return {"FunctionName": "hello", **usual, **more}


def statements(network: LambdaNetwork) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(network.functions.get_policy(FunctionName="hello")["Policy"])[
        "Statement"
    ]
    return found


def test_a_statement_names_the_source(network: LambdaNetwork) -> None:
    arn = network.new_function()["FunctionArn"]
    source = "arn:aws:execute-api:eu-central-1:123456789012:api/*/*/path"
    answer = network.functions.add_permission(**wanted(SourceArn=source))
    (statement,) = statements(network)
    assert json.loads(answer["Statement"]) == statement
    assert statement == {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": arn,
        "Condition": {"ArnLike": {"AWS:SourceArn": source}},
    }


def test_a_url_is_opened_to_everybody(network: LambdaNetwork) -> None:
    network.new_function()
    more = {"Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "NONE"}
    network.functions.add_permission(**wanted(**more))
    (statement,) = statements(network)
    assert statement["Principal"] == "*"
    assert statement["Condition"] == {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}


def test_an_account_is_told_by_its_root(network: LambdaNetwork) -> None:
    network.new_function()
    network.functions.add_permission(**wanted(Principal="210987654321"))
    assert statements(network)[0]["Principal"] == {"AWS": "arn:aws:iam::210987654321:root"}


def test_statement_ids(network: LambdaNetwork) -> None:
    network.new_function()
    add = network.functions.add_permission
    refused(add, "ValidationException", **wanted(StatementId="no.dots"))
    add(**wanted(StatementId="dashes-and_more"))
    refused(add, CONFLICT, **wanted(StatementId="dashes-and_more"))


def test_principals(network: LambdaNetwork) -> None:
    network.new_function()
    message = refused(network.functions.add_permission, INVALID, **wanted(Principal="somebody"))
    assert message == "The provided principal was invalid. Please check the principal and try again."
    refused(network.functions.add_permission, INVALID, **wanted(Qualifier="$LATEST"))
    network.functions.add_permission(**wanted(Principal="s3.amazonaws.com"))


def test_permissions_are_for_functions_that_exist(network: LambdaNetwork) -> None:
    refused(network.functions.add_permission, MISSING, **wanted())
    remove = network.functions.remove_permission
    message = refused(remove, MISSING, FunctionName="hello", StatementId="s")
    assert message.startswith("No policy found for: ")


def test_removing(network: LambdaNetwork) -> None:
    network.new_function()
    remove, key = network.functions.remove_permission, {"FunctionName": "hello", "StatementId": "s"}
    message = refused(remove, MISSING, **key)
    assert message == "No policy is associated with the given resource."
    network.functions.add_permission(**wanted())
    network.functions.add_permission(**wanted(StatementId="other"))
    remove(**key)
    message = refused(remove, MISSING, **key)
    assert message == "Statement s is not found in resource policy."
    assert [statement["Sid"] for statement in statements(network)] == ["other"]


def test_a_policy_that_is_not_there(network: LambdaNetwork) -> None:
    network.new_function()
    refused(network.functions.get_policy, MISSING, FunctionName="hello")


def test_revisions_of_a_policy(network: LambdaNetwork) -> None:
    network.new_function()
    functions = network.functions
    functions.add_permission(**wanted())
    first = functions.get_policy(FunctionName="hello")["RevisionId"]
    functions.add_permission(**wanted(StatementId="second", RevisionId=first))
    message = refused(
        functions.add_permission, "PreconditionFailedException", **wanted(StatementId="third", RevisionId=first)
    )
    assert message.endswith("Call the GetPolicy API to retrieve the latest Revision Id")
    latest = functions.get_policy(FunctionName="hello")["RevisionId"]
    functions.remove_permission(FunctionName="hello", StatementId="s", RevisionId=latest)


def test_urls(network: LambdaNetwork) -> None:
    network.new_function()
    functions, key = network.functions, {"FunctionName": "hello"}
    for missing in (functions.get_function_url_config, functions.delete_function_url_config):
        assert refused(missing, MISSING, **key) == "The resource you requested does not exist."
    url = functions.create_function_url_config(**key, AuthType="NONE")["FunctionUrl"]
    message = refused(functions.create_function_url_config, CONFLICT, **key, AuthType="NONE")
    assert message.endswith("FunctionUrlConfig exists for this Lambda function")
    assert functions.get_function_url_config(**key)["FunctionUrl"] == url
    functions.delete_function_url_config(**key)
    functions.create_function_url_config(**key, AuthType="AWS_IAM")
