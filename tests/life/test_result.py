"""What the write-up of the private Lambda ends with: one function gets the page, the two controls do not."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path
from typing import Any

import pytest

from tests.life.conftest import Bring
from tests.life.systems import System
from tests.life.test_systems_given import Network, in_given_network
from tests.life.tool import EXAMPLE, NAME, Tool, succeeded
from tests.sandbox_fixture import Sandbox

SHORT = (
    "--set",
    "functions.wrong-group.timeout=1",
    "--set",
    "functions.outside-vpc.timeout=1",
    "--set",
    "functions.caller.timeout=3",
)


def invoked(tool: Tool, function: str) -> tuple[str | None, Any]:
    """The function's error, if there is one, and its answer."""
    answer = tool.client("lambda").invoke(FunctionName=f"{NAME}-{function}", Payload=b"{}")
    return answer.get("FunctionError"), json.loads(answer["Payload"].read())


def test_the_caller_gets_the_page_from_private_addresses(tool: Tool) -> None:
    tool.provisioned(*SHORT)
    error, answer = invoked(tool, "caller")
    assert error is None
    assert (answer["ok"], answer["status"]) == (True, 200), answer
    assert "<title>Simple PHP App</title>" in answer["body"]
    assert "Congratulations" in answer["body"]
    assert len(answer["addresses"]) == 2
    assert all(
        ipaddress.ip_address(address) in ipaddress.ip_network("10.0.0.0/16") for address in answer["addresses"]
    )
    for control in ("wrong-group", "outside-vpc"):
        error, answer = invoked(tool, control)
        assert error == "Unhandled"
        assert "Task timed out after 1.00 seconds" in answer["errorMessage"]


def test_the_network_is_judged_as_it_stands(tool: Tool) -> None:
    """A rule that is taken away by hand closes the way, and the same rule opens it again."""
    tool.provisioned(*SHORT)
    ec2, group = tool.client("ec2"), tool.id_of("security-group-load-balancer")
    rule = tool.id_of("rule-load-balancer-from-function-caller-80")
    caller = tool.id_of("security-group-function-caller")
    ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule])
    assert invoked(tool, "caller")[0] == "Unhandled"
    pair = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": caller}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[pair])
    assert invoked(tool, "caller")[1]["ok"]


FAILING = {
    "pull-fails": ("CannotPullContainerError", "service web does not become stable"),
    "no-capacity": ("was unable to place a task. Reason: Capacity is unavailable", "does not become stable"),
    "exits": ("Essential container in task exited", "exit"),
}


@pytest.mark.parametrize("fault", FAILING)
def test_tasks_that_keep_failing_end_the_wait_with_the_reason(tool: Tool, expected: Any, fault: str) -> None:
    tool.sandbox.named_faults(fault)
    ended = tool.provision()
    assert ended.code == 1, ended.text
    for words in FAILING[fault]:
        assert words in ended.err
    tool.sandbox.clear_faults()
    tool.provisioned()
    assert tool.inventory() == expected


def test_a_wrong_health_check_is_named(tool: Tool) -> None:
    ended = tool.provision("--set", "services.web.health_check.path=/nothing-here")
    assert ended.code == 1, ended.text
    for words in ("does not become stable", "health checks", "404"):
        assert words in ended.err, ended.err


def test_a_port_at_which_nothing_listens_is_named(tool: Tool) -> None:
    ended = tool.provision("--set", "services.web.port=81", *SHORT)
    assert ended.code == 1, ended.text
    for words in ("does not become stable", "(port 81) is unhealthy in", "health checks"):
        assert words in ended.err, ended.err
    succeeded(tool.destroy())
    tool.provisioned(*SHORT)
    assert invoked(tool, "caller")[1]["ok"]


def test_a_network_load_balancer_takes_one_subnet_of_each_zone(bring: Bring, tmp_path: Path) -> None:
    """Of a VPC that has several private ones there: with two of a zone AWS makes none."""
    stack = bring(in_given_network(System("internal-api"), "endpoints", tmp_path))
    network = Network(stack)
    (table,) = network.ec2.describe_route_tables(Filters=[{"Name": "tag:Name", "Values": ["private-a"]}])[
        "RouteTables"
    ]
    network.subnet("10.99.50.0/24", "a", "private", table["RouteTableId"])
    stack.up()
    (found,) = stack.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert sorted(one["ZoneName"] for one in found["AvailabilityZones"]) == ["us-east-1a", "us-east-1b"]


def test_a_gateway_that_fails_is_told_with_its_code(tool: Tool, expected: Any) -> None:
    tool.sandbox.named_faults("nat-fails")
    ended = tool.provision()
    assert ended.code == 1, ended.text
    for words in ("nat-gateway", "InternalError", f"provisioner resume {NAME}"):
        assert words in ended.err, ended.err
    tool.sandbox.clear_faults()
    tool.provisioned()
    assert tool.inventory() == expected


def test_a_function_is_tried_from_the_command_line(sandbox: Sandbox, tmp_path: Path) -> None:
    """With the sandbox of a folder, as a newcomer does."""
    tool = Tool(sandbox, tmp_path, {"AWS_ENDPOINT_URL": ""})
    assert "the sandbox is not running" in tool.run("sandbox", "invoke", "private-lambda-caller").err
    succeeded(tool.run("sandbox", "start", "--profile", "instant"))
    try:
        unknown = tool.run("sandbox", "invoke", "nobody")
        assert (unknown.code, "Function not found" in unknown.err, "none here" in unknown.err) == (2, True, True)
        succeeded(tool.run("provision", str(EXAMPLE), "--sandbox", *SHORT))
        answered = succeeded(tool.run("sandbox", "invoke", f"{NAME}-caller"))
        assert "<title>Simple PHP App</title>" in answered.out
        refused = tool.run("sandbox", "invoke", f"{NAME}-wrong-group", "--json")
        assert refused.code == 1
        assert "timed out" in json.loads(refused.out)["answer"]["errorMessage"]
        assert tool.run("sandbox", "invoke", f"{NAME}-caller", "--payload", "{").code == 2
    finally:
        succeeded(tool.run("sandbox", "stop"))
