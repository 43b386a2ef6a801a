"""Faults: what strikes which call, and what a client sees of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from provisioner.sandbox.faults import Fault, read
from tests.sandbox.world import refused
from tests.sandbox_fixture import Sandbox

CIDR = "10.0.0.0/16"


def _vpcs(sandbox: Sandbox) -> int:
    answer = sandbox.client("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])
    return len(answer["Vpcs"])


ERRORS = [
    ("ec2", "describe_vpcs", {}, "RequestLimitExceeded", 503),
    ("ec2", "create_vpc", {"CidrBlock": CIDR}, "UnauthorizedOperation", 403),
    ("elbv2", "describe_load_balancers", {}, "Throttling", 400),
    ("ecs", "list_clusters", {}, "ThrottlingException", 400),
    ("lambda", "list_functions", {}, "TooManyRequestsException", 429),
    ("iam", "list_roles", {}, "AccessDenied", 403),
    ("logs", "describe_log_groups", {}, "ServiceUnavailableException", 500),
    ("route53", "list_hosted_zones", {}, "PriorRequestNotComplete", 400),
    ("sts", "get_caller_identity", {}, "ExpiredToken", 403),
    ("servicediscovery", "list_namespaces", {}, "InternalError", 500),
    ("acm", "list_certificates", {}, "ThrottlingException", 400),
]


@pytest.mark.parametrize(("service", "operation", "parameters", "code", "status"), ERRORS)
def test_an_error_arrives_in_the_format_of_its_service(
    sandbox: Sandbox, service: str, operation: str, parameters: dict[str, Any], code: str, status: int
) -> None:
    sandbox.faults([{"do": "error", "code": code, "status": status, "message": "because"}])
    call = getattr(sandbox.client(service), operation)
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response: Any = caught.value.response
    assert response["Error"]["Code"] == code
    assert response["Error"]["Message"] == "because"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    call(**parameters)


def test_an_error_comes_before_or_after_execution(sandbox: Sandbox) -> None:
    create = sandbox.client("ec2").create_vpc
    sandbox.faults([{"do": "error", "mutating": True}])
    refused(create, "InternalError", CidrBlock=CIDR)
    assert _vpcs(sandbox) == 0
    sandbox.faults([{"do": "error-after", "mutating": True}])
    refused(create, "InternalError", CidrBlock=CIDR)
    assert _vpcs(sandbox) == 1


def test_a_dropped_connection_comes_before_or_after_execution(sandbox: Sandbox) -> None:
    ec2 = sandbox.client("ec2")
    for do, expected in (("drop-before", 0), ("drop-after", 1)):
        sandbox.faults([{"do": do, "action": "CreateVpc"}])
        with pytest.raises(ConnectionClosedError):
            ec2.create_vpc(CidrBlock=CIDR)
        assert _vpcs(sandbox) == expected
    assert [entry["error"] for entry in sandbox.calls(mutating=True)] == ["dropped", "dropped"]


@pytest.mark.parametrize("status", [500, 503])
def test_a_bare_status(sandbox: Sandbox, status: int) -> None:
    sandbox.faults([{"do": "status", "status": status}])
    with pytest.raises(ClientError) as caught:
        sandbox.client("ecs").list_clusters()
    response: Any = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_nth_alone_counts_mutating_calls(sandbox: Sandbox) -> None:
    ec2 = sandbox.client("ec2")
    sandbox.faults([{"do": "error", "nth": 2}])
    ec2.create_vpc(CidrBlock=CIDR)
    ec2.describe_vpcs()
    refused(ec2.create_vpc, "InternalError", CidrBlock=CIDR)
    ec2.create_vpc(CidrBlock=CIDR)


def test_times_limits_how_often(sandbox: Sandbox) -> None:
    ec2 = sandbox.client("ec2")
    sandbox.faults([{"do": "error", "service": "ec2", "action": "Describe*", "times": 2}])
    ec2.create_vpc(CidrBlock=CIDR)
    for _ in range(2):
        refused(ec2.describe_vpcs, "InternalError")
    ec2.describe_vpcs()


def _entry(**more: Any) -> Any:
    class Entry:
        service = "ec2"
        action = "CreateVpc"
        mutating = True
        parameters: ClassVar[dict[str, Any]] = {}

    for name, value in more.items():
        setattr(Entry, name, value)
    return Entry


@pytest.mark.parametrize(
    ("spec", "matches"),
    [
        ({}, True),
        ({"service": "ec2"}, True),
        ({"service": "ecs"}, False),
        ({"action": "Create*"}, True),
        ({"action": "Delete*"}, False),
        ({"mutating": True}, True),
        ({"mutating": False}, False),
        ({"nth": 1}, True),
    ],
)
def test_what_a_fault_matches(spec: dict[str, Any], matches: bool) -> None:
    assert read({"do": "error", **spec}).matches(_entry()) == matches


def test_a_fault_sleeps_until_its_time() -> None:
    assert Fault(do="error").awake()
    assert not Fault(do="error", after_seconds=60).awake()


@pytest.mark.parametrize("spec", [{"do": "nothing"}, {"do": "error", "acton": "x"}, {}])
def test_a_wrong_spec_is_refused(sandbox: Sandbox, spec: dict[str, Any]) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        sandbox.faults([spec])
    assert sandbox.ask("GET", "faults") == []


class Client:
    """A process that makes one VPC and prints its id, or the name of the exception."""

    CODE = """
import boto3, sys, botocore.config
config = botocore.config.Config(retries={"total_max_attempts": 1})
ec2 = boto3.client("ec2", endpoint_url=sys.argv[1], region_name="eu-central-1", config=config)
print("ready", flush=True)
try:
    print(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
except Exception as error:
    print(type(error).__name__)
"""

    def __init__(self, sandbox: Sandbox) -> None:
        command = [sys.executable, "-c", self.CODE, sandbox.endpoint]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def said(self) -> str:
        return self.process.communicate(timeout=20)[0].split()[-1]


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    """Its call is held before execution."""
    sandbox.faults([{"do": "hold-before", "nth": 1}])
    client = Client(sandbox)
    sandbox.wait_for_held()
    yield client
    client.process.kill()
    client.process.communicate()


def test_a_held_request_is_told_and_others_go_on(sandbox: Sandbox, client: Client) -> None:
    (held,) = sandbox.held()
    assert (held["action"], held["when"], held["m"]) == ("CreateVpc", "hold-before", 1)
    assert _vpcs(sandbox) == 0
    sandbox.client("ec2").create_vpc(CidrBlock=CIDR)
    assert _vpcs(sandbox) == 1
    sandbox.release()
    assert client.said().startswith("vpc-")
    assert _vpcs(sandbox) == 2


def test_a_request_whose_client_was_killed_is_never_executed(sandbox: Sandbox, client: Client) -> None:
    client.kill()
    sandbox.release()
    sandbox.wait_for_nothing_held()
    assert _vpcs(sandbox) == 0


@pytest.mark.parametrize("way", ["reset", "clear_faults"])
def test_a_reset_drops_what_is_held(sandbox: Sandbox, client: Client, way: str) -> None:
    getattr(sandbox, way)()
    assert client.said() == "ConnectionClosedError"
    assert _vpcs(sandbox) == 0


def test_hold_after_has_executed(sandbox: Sandbox) -> None:
    sandbox.faults([{"do": "hold-after", "nth": 1}])
    client = Client(sandbox)
    sandbox.wait_for_held()
    assert _vpcs(sandbox) == 1
    client.kill()
    sandbox.wait_for_nothing_held()
    assert _vpcs(sandbox) == 1
    client.process.communicate()


def test_a_hold_ends_by_itself_after_its_seconds(sandbox: Sandbox) -> None:
    sandbox.faults([{"do": "hold-before", "nth": 1, "seconds": 0.05}])
    assert sandbox.client("ec2").create_vpc(CidrBlock=CIDR)["Vpc"]["VpcId"]


def test_many_clients_at_once(sandbox: Sandbox) -> None:
    ec2 = sandbox.client("ec2")
    sandbox.ask("POST", "quotas", {"vpcs": 17})
    threads = [threading.Thread(target=ec2.create_vpc, kwargs={"CidrBlock": CIDR}) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _vpcs(sandbox) == 16
    assert sorted(entry["m"] for entry in sandbox.calls(mutating=True)) == list(range(1, 17))


def test_the_fault_list_can_be_read(sandbox: Sandbox) -> None:
    sandbox.faults([{"do": "error", "nth": 3}])
    (told,) = sandbox.ask("GET", "faults")
    assert (told["do"], told["nth"], told["mutating"], told["seen"]) == ("error", 3, True, 0)
    json.dumps(told)
