"""Whoever calls too often is told so, in each service's own words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from provisioner.sandbox.throttles import BUCKETS, bucket
from tests.sandbox_fixture import Sandbox


@pytest.fixture
def timed(sandbox: Sandbox) -> Iterator[Sandbox]:
    """A sandbox in which time passes as on AWS."""
    sandbox.ask("POST", "reset", {"profile": "real"})
    yield sandbox
    sandbox.ask("POST", "reset", {"profile": "instant"})


def refusals(call: Any, times: int, **parameters: Any) -> list[tuple[str, int]]:
    """Codes and statuses of the calls that were refused, of so many."""
    found = []
    for _ in range(times):
        try:
            call(**parameters)
        except ClientError as error:
            answer = error.response
            found.append((answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]))
    return found


def test_route_53_takes_five_calls_a_second(timed: Sandbox) -> None:
    zones = timed.client("route53")
    refused = refusals(zones.list_hosted_zones, 8)
    assert set(refused) == {("Throttling", 400)}
    assert 2 <= len(refused) <= 3
    timed.advance(1)
    assert not refusals(zones.list_hosted_zones, 4)


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code", "status"),
    [
        (
            "ec2",
            "delete_vpc_endpoints",
            {"VpcEndpointIds": ["vpce-0123456789abcdef0"]},
            "RequestLimitExceeded",
            503,
        ),
        ("lambda", "list_functions", {}, "TooManyRequestsException", 429),
        ("ecs", "list_task_definitions", {}, "ThrottlingException", 400),
        ("acm", "list_certificates", {}, "ThrottlingException", 400),
        ("iam", "list_roles", {}, "Throttling", 400),
    ],
)
def test_each_service_has_its_words(
    timed: Sandbox, service: str, operation: str, parameters: dict[str, Any], code: str, status: int
) -> None:
    timed.faults([{"do": "throttle", "service": service, "times": 1}])
    call = getattr(timed.client(service), operation)
    assert refusals(call, 1, **parameters) == [(code, status)]
    assert not refusals(call, 1, **parameters)


def test_a_small_bucket_is_empty_soon_and_fills_again(timed: Sandbox) -> None:
    ec2 = timed.client("ec2")
    create: dict[str, Any] = {"VpcId": "vpc-0123456789abcdef0", "ServiceName": "com.amazonaws.eu-central-1.s3"}
    first = [code for code, _ in refusals(ec2.create_vpc_endpoint, 6, **create)]
    assert first[-1] == "RequestLimitExceeded" != first[0]
    timed.advance(10)
    assert refusals(ec2.create_vpc_endpoint, 1, **create)[0][0] != "RequestLimitExceeded"


def test_where_no_time_passes_nobody_calls_too_often(sandbox: Sandbox) -> None:
    assert not refusals(sandbox.client("route53").list_hosted_zones, 20)


def test_the_first_bucket_counts_a_call() -> None:
    found = bucket("ec2", "CreateVpcEndpoint")
    assert found is not None
    assert (found.size, found.refill) == (4, 0.3)
    assert bucket("lambda", "Invoke") is not bucket("lambda", "ListFunctions")
    assert bucket("s3", "PutObject") is None
    assert all(entry.source for entry in BUCKETS)
