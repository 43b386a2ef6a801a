"""Settings of HTTP APIs' stages and routes: kept as given, refused as on AWS, and who may have access logs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.principals import User, allow, enforce
from tests.sandbox.test_apigatewayv2 import Gateway, status
from tests.sandbox.world import refused
from tests.sandbox_fixture import REGION, Sandbox

LOGS = {"DestinationArn": f"arn:aws:logs:{REGION}:123456789012:log-group:/x", "Format": "$context.status"}
LIMITS = {"ThrottlingBurstLimit": 5, "ThrottlingRateLimit": 2.5}


@pytest.fixture
def gateway(sandbox: Sandbox) -> Gateway:
    return Gateway(sandbox)


def listed(gateway: Gateway) -> dict[str, Any]:
    (one,) = gateway.client.get_stages(ApiId=gateway.id)["Items"]
    return dict(one)


def test_what_a_stage_is_changed_to_is_told_wherever_one_looks(gateway: Gateway) -> None:
    gateway.stage()
    changed = {
        "AccessLogSettings": LOGS,
        "DefaultRouteSettings": LIMITS,
        "RouteSettings": {"GET /Pets": LIMITS},
        "StageVariables": {"Name": "value", "other": "one"},
    }
    answer = gateway.client.update_stage(ApiId=gateway.id, StageName="$default", **changed)
    for told in (answer, gateway.told(), listed(gateway)):
        assert {name: told[name] for name in changed} == changed


def test_a_stage_stops_logging(gateway: Gateway) -> None:
    gateway.stage(AccessLogSettings=LOGS, DefaultRouteSettings=LIMITS)
    gateway.client.delete_access_log_settings(ApiId=gateway.id, StageName="$default")
    assert "AccessLogSettings" not in gateway.told()
    assert gateway.told()["DefaultRouteSettings"] == LIMITS
    wanted = {"ApiId": gateway.id, "StageName": "none"}
    assert status(gateway.client.delete_access_log_settings, "NotFoundException", **wanted) == 404


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("GET /pets/{id}", "GET /pets/{name}"),
        ("GET /pets/{id}", "GET /pets/{name}/toys"),
        ("GET /{proxy+}", "GET /{rest+}"),
    ],
)
def test_a_variable_has_one_name_in_one_place(gateway: Gateway, first: str, second: str) -> None:
    gateway.route(first)
    said = refused(gateway.client.create_route, "ConflictException", ApiId=gateway.id, RouteKey=second)
    assert said == (
        f'The provided route key "{second}" has a conflicting variable on the same hierarchical level as "{first}"'
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("GET /pets/{id}", "GET /pets/{proxy+}"),
        ("GET /pets/{id}", "GET /pets/{id}/toys"),
        ("GET /pets/{id}", "GET /dogs/{name}"),
        ("GET /pets/{id}", "GET /pets/dog/{name}"),
        ("GET /pets/{id}", "POST /pets/{id}"),
    ],
)
def test_routes_that_stand_side_by_side(gateway: Gateway, first: str, second: str) -> None:
    gateway.route(first)
    gateway.route(second)
    assert {one["RouteKey"] for one in gateway.client.get_routes(ApiId=gateway.id)["Items"]} == {first, second}


DELIVERY = (
    "CreateLogDelivery",
    "GetLogDelivery",
    "UpdateLogDelivery",
    "DeleteLogDelivery",
    "ListLogDeliveries",
    "DescribeResourcePolicies",
    "PutResourcePolicy",
    "DescribeLogGroups",
)


def test_access_logs_are_set_up_with_the_callers_permissions(gateway: Gateway, sandbox: Sandbox) -> None:
    known = [f"logs:{verb}" for verb in DELIVERY]
    enforce(sandbox)
    wanted = {"ApiId": gateway.id, "StageName": "a", "AccessLogSettings": LOGS}
    for missing in known:
        rest = [action for action in known if action != missing]
        client = User(sandbox, allow("apigateway:*", *rest)).client("apigatewayv2")
        said = refused(client.create_stage, "BadRequestException", **wanted)
        assert said == "Insufficient permissions to enable logging"
    User(sandbox, allow("apigateway:*", *known)).client("apigatewayv2").create_stage(**wanted)
    without = User(sandbox, allow("apigateway:*")).client("apigatewayv2")
    without.create_stage(ApiId=gateway.id, StageName="b")
    refused(without.update_stage, "BadRequestException", **{**wanted, "StageName": "b"})
