"""Destroy's call log against what AWS insists must be gone first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.life.tool import Tool, succeeded

ZONE = "us-east-1a"
GONE_FIRST = [
    # (what must be over, before this is deleted)
    ("service-web", "listener-80"),
    ("service-web", "target-group-web"),
    ("service-web", "cluster"),
    ("service-web", "task-definition-web"),
    ("service-web", f"nat-gateway-{ZONE}"),
    ("service-web", f"route-private-{ZONE}-internet"),
    ("service-web", "rule-service-web-to-0.0.0.0-0-443"),
    ("service-web", "security-group-service-web"),
    ("service-web", f"subnet-private-{ZONE}"),
    ("service-web", "policy-web-execution"),
    ("service-web", "role-web-task"),
    ("service-web", "log-group-service-web"),
    ("cluster", "log-group-container-insights"),
    ("listener-80", "load-balancer"),
    ("listener-80", "target-group-web"),
    ("load-balancer", "security-group-load-balancer"),
    ("load-balancer", f"subnet-private-{ZONE}"),
    ("function-caller", "security-group-function-caller"),
    ("function-caller", f"subnet-private-{ZONE}"),
    ("function-caller", "policy-caller-function"),
    ("function-caller", "role-caller-function"),
    ("function-caller", "log-group-function-caller"),
    (f"nat-gateway-{ZONE}", f"elastic-ip-{ZONE}"),
    (f"nat-gateway-{ZONE}", f"subnet-public-{ZONE}"),
    (f"nat-gateway-{ZONE}", "internet-gateway-attachment"),
    (f"elastic-ip-{ZONE}", "internet-gateway-attachment"),
    ("internet-gateway-attachment", "internet-gateway"),
    ("internet-gateway-attachment", "vpc"),
    ("route-public-internet", "internet-gateway-attachment"),
    (f"route-private-{ZONE}-internet", f"nat-gateway-{ZONE}"),
    (f"association-private-{ZONE}", f"route-table-private-{ZONE}"),
    ("rule-load-balancer-from-function-caller-80", "security-group-function-caller"),
    ("rule-load-balancer-from-function-caller-80", "security-group-load-balancer"),
    ("rule-load-balancer-to-service-web-80", "security-group-service-web"),
    ("security-group-service-web", "vpc"),
    (f"subnet-public-{ZONE}", "vpc"),
    ("route-table-public", "vpc"),
    ("policy-web-execution", "role-web-execution"),
    ("vpc", "role-caller-function"),
]
DELETING = ("Delete", "Release", "Detach", "Disassociate", "Revoke", "Deregister")


@pytest.fixture(scope="module", params=["1", "16"], ids=["one by one", "all at once"])
def parallel(request: pytest.FixtureRequest) -> str:
    value: str = request.param
    return value


@dataclass(frozen=True)
class Destroyed:
    """The ids of what was there, and the mutating calls of the destroy, in order."""

    ids: Mapping[str, str]
    calls: list[Mapping[str, Any]]


@pytest.fixture(scope="module")
def _recorded() -> dict[str, Destroyed]:
    return {}


@pytest.fixture
def destroyed(tool: Tool, parallel: str, _recorded: dict[str, Destroyed]) -> Destroyed:
    """One life for all tests of this file."""
    if parallel not in _recorded:
        tool.provisioned()
        ids = {name: record["id"] for name, record in tool.state()["records"].items()}
        tool.sandbox.forget_calls()
        succeeded(tool.run("destroy", "--yes", "--parallel", parallel))
        _recorded[parallel] = Destroyed(ids, list(tool.mutations()))
    return _recorded[parallel]


@pytest.fixture
def calls(destroyed: Destroyed) -> list[Mapping[str, Any]]:
    return destroyed.calls


def test_what_must_be_gone_first_is(destroyed: Destroyed) -> None:
    when = {step: deleted_at(destroyed.calls, name) for step, name in destroyed.ids.items()}
    assert [pair for pair in GONE_FIRST if not when[pair[0]] < when[pair[1]]] == []


def deleted_at(calls: list[Mapping[str, Any]], name: str) -> int:
    """The place in the log of the last deleting call that names this id (or all the parts of it)."""
    places = [
        place
        for place, call in enumerate(calls)
        if call["action"].startswith(DELETING) and all(part in str(call["parameters"]) for part in name.split("|"))
    ]
    return places[-1]


def test_functions_are_detached_from_the_vpc_before_they_are_deleted(calls: list[Mapping[str, Any]]) -> None:
    for name in ("private-lambda-caller", "private-lambda-wrong-group"):
        own = [call for call in calls if name in str(call["parameters"].get("FunctionName"))]
        assert [call["action"] for call in own] == ["UpdateFunctionConfiguration", "DeleteFunction"]
        assert own[0]["parameters"]["VpcConfig"] == {"SubnetIds": [], "SecurityGroupIds": []}


def test_the_service_is_scaled_to_zero_before_it_is_deleted(calls: list[Mapping[str, Any]]) -> None:
    own = [call["action"] for call in calls if call["action"] in ("UpdateService", "DeleteService")]
    assert own == ["UpdateService", "DeleteService"]


def test_roles_go_last(calls: list[Mapping[str, Any]]) -> None:
    actions = [call["action"] for call in calls]
    assert set(actions[actions.index("DetachRolePolicy") :]) == {"DetachRolePolicy", "DeleteRole"}


def test_nothing_is_deleted_twice(calls: list[Mapping[str, Any]]) -> None:
    deletions = [
        (call["action"], str(call["parameters"])) for call in calls if call["action"].startswith("Delete")
    ]
    assert len(deletions) == len(set(deletions))
