"""The call log, the control API, and calls that moto cannot execute."""

from __future__ import annotations

import urllib.error
from typing import Any

import pytest

from provisioner.sandbox.call import mutates
from provisioner.sandbox.latencies import TABLE, Latencies, profile
from tests.sandbox.principals import new_role, trusting
from tests.sandbox.world import Network, refused, zipped
from tests.sandbox_fixture import Sandbox

MISSING = "NotImplementedByEmulator"


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("ec2", "describe_instance_topology", {}),
        ("ecs", "submit_task_state_change", {}),
        ("lambda", "list_provisioned_concurrency_configs", {"FunctionName": "x"}),
        ("route53", "test_dns_answer", {"HostedZoneId": "Z1", "RecordName": "x", "RecordType": "A"}),
        ("iam", "get_context_keys_for_custom_policy", {"PolicyInputList": ["{}"]}),
    ],
)
def test_what_moto_lacks_is_told(
    sandbox: Sandbox, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    refused(getattr(sandbox.client(service), operation), MISSING, **parameters)


def test_what_moto_refuses_is_refused_where_a_rule_asks_it_too(sandbox: Sandbox) -> None:
    request, tags = sandbox.client("acm").request_certificate, [{"Key": "a" * 200, "Value": "b"}]
    refused(request, "ValidationException", DomainName="example.test", Tags=tags)
    request(DomainName="example.test", Tags=[{"Key": "a" * 128, "Value": "b"}])


def test_what_crashes_moto_is_told(sandbox: Sandbox) -> None:
    crashes = sandbox.client("ec2").delete_transit_gateway_peering_attachment
    message = refused(crashes, "EmulatorError", TransitGatewayAttachmentId="tgw-attach-1")
    assert "KeyError" in message


def test_the_log_tells_every_call(network: Network) -> None:
    network.sandbox.forget_calls()
    network.ec2.describe_vpcs()
    network.new_function()
    refused(network.ec2.delete_vpc, "DependencyViolation", VpcId=network.vpc)
    calls = network.sandbox.calls()
    assert [(entry["service"], entry["action"]) for entry in calls] == [
        ("ec2", "DescribeVpcs"),
        ("iam", "CreateRole"),
        ("iam", "AttachRolePolicy"),
        ("lambda", "CreateFunction"),
        ("ec2", "DeleteVpc"),
    ]
    assert [entry["n"] for entry in calls] == [1, 2, 3, 4, 5]
    assert [entry["m"] for entry in calls] == [None, 1, 2, 3, 4]
    assert [entry["status"] for entry in calls] == [200, 200, 200, 201, 400]
    assert [entry["error"] for entry in calls] == [None, None, None, None, "DependencyViolation"]
    assert calls[3]["parameters"]["Code"]["ZipFile"].startswith(f"<{len(zipped())} bytes")
    assert calls[4]["parameters"] == {"VpcId": network.vpc}


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("CreateVpc", True),
        ("PutRetentionPolicy", True),
        ("TagResource", True),
        ("DeregisterTaskDefinition", True),
        ("Invoke", True),
        ("DescribeVpcs", False),
        ("GetCallerIdentity", False),
        ("AssumeRole", False),
        ("AssumeRoleWithWebIdentity", False),
        ("BatchGetImage", False),
        ("ListTasks", False),
        ("DiscoverInstances", False),
    ],
)
def test_which_actions_are_mutating(action: str, expected: bool) -> None:
    assert mutates(action) == expected


@pytest.mark.parametrize(
    ("name", "scale"), [("real", 1.0), ("scaled=30", 30.0), ("instant", float("inf")), ("realistic=9", 9.0)]
)
def test_profiles_scale_the_table(name: str, scale: float) -> None:
    assert profile(name).scale == scale
    median = TABLE["nat_gateway.available"].median
    assert Latencies(profile(name)).all()["nat_gateway.available"] == median / scale


@pytest.mark.parametrize("name", ["fast", "scaled", "scaled=0", "scaled=x", "scaled=-1", "", "scaled=nan"])
def test_other_profiles_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected instant, real, scaled=N or realistic=N"):
        profile(name)


def test_realistic_times_are_drawn_and_repeat_with_their_seed() -> None:
    """Whatever else was drawn in between."""

    def times(seed: int, *also: str) -> list[float]:
        latencies = Latencies(profile("realistic=1"), seed)
        for key in also:
            latencies.seconds(key)
        return [latencies.seconds("nat_gateway.available") for _ in range(200)]

    drawn, latency = times(7), TABLE["nat_gateway.available"]
    assert drawn == times(7, "vpc.available") != times(8)
    assert len(set(drawn)) > 150
    assert max(drawn) <= latency.worst
    assert 80 < sorted(drawn)[100] < 100
    assert 0 < sum(seconds > latency.p95 for seconds in drawn) < 25


def test_latencies_are_overridden_until_a_reset(sandbox: Sandbox) -> None:
    sandbox.latencies({"load_balancer.active": 4})
    assert sandbox.ask("GET", "latencies")["load_balancer.active"] == 4
    sandbox.reset()
    assert sandbox.ask("GET", "latencies")["load_balancer.active"] == 0
    with pytest.raises(urllib.error.HTTPError, match="400"):
        sandbox.latencies({"load_balancer.actve": 4})


def test_an_unknown_control_call_is_not_found(sandbox: Sandbox) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        sandbox.ask("GET", "nothing")


def test_a_reset_empties_everything_and_renews_the_id(network: Network) -> None:
    sandbox = network.sandbox
    network.new_service()
    network.new_function()
    sandbox.faults([{"do": "error", "action": "Never"}])
    before = sandbox.id
    sandbox.reset()
    assert sandbox.id != before
    assert sandbox.calls() == []
    assert sandbox.ask("GET", "faults") == []
    assert network.ecs.list_clusters()["clusterArns"] == []
    assert network.functions.list_functions()["Functions"] == []
    assert network.interfaces() == []


def test_accounts_are_apart(network: Network) -> None:
    sts = network.sandbox.client("sts")
    assert sts.get_caller_identity()["Account"] == "123456789012"
    role = new_role(network.sandbox, "other", trusting({"AWS": "123456789012"}), account="222222222222")
    assert (
        sts.assume_role(RoleArn=role, RoleSessionName="session")["AssumedRoleUser"]["Arn"].split(":")[4]
        == "222222222222"
    )


def test_a_service_that_moto_cannot_load_is_told(sandbox: Sandbox) -> None:
    """Cognito needs packages that the sandbox does without."""
    refused(sandbox.client("cognito-idp").list_user_pools, "EmulatorError", MaxResults=1)
