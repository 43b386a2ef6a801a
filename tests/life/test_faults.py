"""Lost answers, servers' errors, throttling, late visibility: all come through, with nothing doubled."""

from __future__ import annotations

from typing import Any

import pytest

from tests.life.tool import EXAMPLE, NAME, Tool, nothing, succeeded

CREATIONS = [
    "CreateVpc",
    "CreateSubnet",
    "CreateInternetGateway",
    "AttachInternetGateway",
    "AllocateAddress",
    "CreateNatGateway",
    "CreateRouteTable",
    "CreateRoute",
    "AssociateRouteTable",
    "CreateSecurityGroup",
    "AuthorizeSecurityGroupIngress",
    "AuthorizeSecurityGroupEgress",
    "CreateRole",
    "AttachRolePolicy",
    "CreateLogGroup",
    "CreateLoadBalancer",
    "CreateTargetGroup",
    "CreateListener",
    "CreateCluster",
    "RegisterTaskDefinition",
    "CreateService",
    "CreateFunction",
]


def comes_through(tool: Tool, expected: Any) -> None:
    tool.provisioned()
    assert tool.inventory() == expected
    tool.sandbox.clear_faults()


@pytest.mark.parametrize("first", range(4))
def test_creations_whose_answers_are_lost_are_not_repeated_blindly(tool: Tool, expected: Any, first: int) -> None:
    """Every fourth kind at once."""
    tool.sandbox.faults([{"action": action, "do": "drop-after", "times": 2} for action in CREATIONS[first::4]])
    comes_through(tool, expected)


@pytest.mark.complete
@pytest.mark.parametrize("action", CREATIONS)
def test_complete_a_creation_whose_answer_is_lost(tool: Tool, expected: Any, action: str) -> None:
    tool.sandbox.faults([{"action": action, "do": "drop-after", "times": 2}])
    comes_through(tool, expected)


def test_creations_that_were_done_and_answered_with_an_error(tool: Tool, expected: Any) -> None:
    error = {"do": "error-after", "code": "InternalError", "status": 500, "message": "oops"}
    actions = ("CreateVpc", "AllocateAddress", "CreateNatGateway", "CreateFunction")
    tool.sandbox.faults([{"action": action, **error} for action in actions])
    comes_through(tool, expected)


def test_what_does_not_pass_in_time_is_told_with_call_and_code(tool: Tool) -> None:
    error = {"do": "error", "code": "InternalError", "status": 500, "message": "oops", "times": 999}
    tool.sandbox.faults([{"action": "CreateCluster", **error}])
    ended = tool.provision()
    assert ended.code == 1
    for word in ("cluster", "CreateCluster", "InternalError", "oops", "gave up after"):
        assert word in ended.err


FAULTS: dict[str, list[dict[str, Any]]] = {
    "servers' errors": [{"action": "*", "do": "status", "status": 503, "times": 6}],
    "a server's error on every creation": [
        {"action": action, "do": "error", "code": "InternalError", "status": 500, "message": "x"}
        for action in CREATIONS
    ],
    "throttled by EC2": [
        {"service": "ec2", "action": "Create*", "do": "error", "code": "RequestLimitExceeded", "status": 503}
        | {"message": "Request limit exceeded.", "times": 8}
    ],
    "throttled by IAM": [
        {"service": "iam", "action": "*", "do": "error", "code": "Throttling", "status": 400}
        | {"message": "Rate exceeded", "times": 6}
    ],
    "requests that never arrive": [{"action": "Create*", "do": "drop-before", "times": 6}],
    "fresh things that are not visible yet": [{"do": "invisible", "service": "ec2", "seconds": 0.3}],
    "fresh roles that cannot be assumed yet": [{"do": "unassumable", "seconds": 0.5}],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_passes_is_waited_out(tool: Tool, expected: Any, fault: str) -> None:
    tool.sandbox.faults(FAULTS[fault])
    comes_through(tool, expected)
    struck = [call for call in tool.sandbox.calls() if call["error"] or call["status"] != 200]
    assert struck or "not visible" in fault  # what a listing leaves out is no error


@pytest.mark.parametrize("do", ["drop-after", "drop-before", "status"])
def test_destroy_comes_through_too(tool: Tool, do: str) -> None:
    tool.provisioned()
    actions = ("ReleaseAddress", "DetachInternetGateway", "UpdateService", "Delete*")
    tool.sandbox.faults([{"action": action, "do": do, "status": 500, "times": 3} for action in actions])
    succeeded(tool.destroy())
    assert nothing(tool.inventory())


def test_what_is_in_use_for_a_while_is_waited_for(tool: Tool) -> None:
    tool.provisioned()
    busy = {"do": "error", "code": "DependencyViolation", "status": 400, "message": "has a dependent object"}
    tool.sandbox.faults([{"action": "DeleteSecurityGroup", "times": 4, **busy}])
    succeeded(tool.destroy())
    assert nothing(tool.inventory())


PERMANENT = {
    "denied": ("CreateNatGateway", "UnauthorizedOperation", 403, "permission"),
    "quota": ("CreateVpc", "VpcLimitExceeded", 400, "quota"),
    "bad value": ("CreateFunction", "InvalidParameterValueException", 400, "stack file"),
    "expired": ("CreateRole", "ExpiredToken", 403, "refresh the credentials"),
}


@pytest.mark.parametrize("cause", PERMANENT)
def test_what_does_not_pass_stops_at_once_and_says_what_to_do(tool: Tool, expected: Any, cause: str) -> None:
    action, code, status, fix = PERMANENT[cause]
    error = {"do": "error", "code": code, "status": status, "message": f"no {cause}", "times": 99}
    tool.sandbox.faults([{"action": action, **error}])
    ended = tool.provision()
    assert ended.code == 1, ended.text
    for word in (action, code, f"no {cause}", fix, f"provisioner resume {NAME}"):
        assert word in ended.err
    tried = [str(call["parameters"]) for call in tool.sandbox.calls() if call["action"] == action]
    assert len(tried) == len(set(tried)) > 0
    tool.sandbox.clear_faults()
    succeeded(tool.run("resume", NAME))
    assert tool.inventory() == expected


def test_tokens_come_from_the_recorded_intent(tool: Tool) -> None:
    """The killed run's request and the resumed run's bear the same token, which the state file tells."""
    tool.sandbox.faults([{"action": "CreateNatGateway", "do": "hold-before", "times": 1}])
    process = tool.start("provision", str(EXAMPLE))
    tool.killed_at(process, 0, "hold-before")
    recorded = tool.state()["records"]["nat-gateway-us-east-1a"]["token"]
    tool.provisioned()
    sent = [call["parameters"] for call in tool.mutations() if call["action"] == "CreateNatGateway"]
    assert [parameters["ClientToken"] for parameters in sent] == [recorded]


def test_two_runs_of_one_stack_send_the_same_tokens_and_two_stacks_do_not(tool: Tool) -> None:
    tool.provisioned("--name", "one")
    tool.provisioned("--name", "two")
    sent = [
        call["parameters"].get("ClientToken") or call["parameters"].get("clientToken")
        for call in tool.mutations()
        if call["action"] in ("CreateNatGateway", "CreateRouteTable", "CreateService")
    ]
    assert None not in sent
    assert len(sent) == len(set(sent)) == 10
