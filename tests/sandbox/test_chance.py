"""What chance does in a sandbox: with one seed the same each time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from provisioner.sandbox.presets import PRESETS
from tests.sandbox.world import Network, refused
from tests.sandbox_fixture import Sandbox


@pytest.fixture
def realistic(sandbox: Sandbox) -> Iterator[Sandbox]:
    yield sandbox
    sandbox.ask("POST", "reset", {"profile": "instant", "seed": 0})


def outcomes(sandbox: Sandbox, calls: int) -> list[str]:
    """How each of so many calls ends."""
    found = []
    for _ in range(calls):
        try:
            sandbox.client("ec2").describe_vpcs()
            found.append("")
        except (ClientError, BotoCoreError) as error:
            found.append(type(error).__name__)
    return found


def test_a_chance_strikes_some_calls_and_the_same_ones_again(realistic: Sandbox) -> None:
    runs = []
    for seed in (1, 1, 2):
        realistic.ask("POST", "reset", {"seed": seed})
        realistic.faults([{"do": "status", "status": 503, "chance": 0.2, "times": None}])
        runs.append(outcomes(realistic, 60))
    assert runs[0] == runs[1] != runs[2]
    assert 3 <= sum(map(bool, runs[0])) <= 25


def test_faults_have_names(realistic: Sandbox) -> None:
    realistic.ask("POST", "faults", ["throttled", "no-vpc"])
    assert len(realistic.ask("GET", "faults")) == sum(len(PRESETS[name][1]) for name in ("throttled", "no-vpc"))
    codes = set()
    for _ in range(40):
        try:
            realistic.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")
        except ClientError as error:
            codes.add(error.response["Error"]["Code"])
    assert codes == {"VpcLimitExceeded", "RequestLimitExceeded"}


def late_ones(sandbox: Sandbox, seed: int, count: int) -> list[int]:
    """How often each of so many fresh VPCs was missed."""
    sandbox.ask("POST", "reset", {"profile": "realistic=1", "seed": seed})
    sandbox.ask("POST", "quotas", {"vpcs": count + 3})
    ec2, missed = sandbox.client("ec2"), []
    for number in range(count):
        vpc = ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
        misses = 0
        while vpc not in [item["VpcId"] for item in ec2.describe_vpcs()["Vpcs"]]:
            misses += 1
        missed.append(misses)
    return missed


def test_some_fresh_things_are_missed_at_first(realistic: Sandbox) -> None:
    missed = late_ones(realistic, 5, 40)
    assert missed == late_ones(realistic, 5, 40)
    assert max(missed) <= 3
    assert 1 <= sum(map(bool, missed)) <= 15


def test_a_missed_thing_is_unknown_by_its_id_too(realistic: Sandbox) -> None:
    realistic.ask("POST", "reset", {"profile": "realistic=1", "seed": 5})
    codes: list[str] = []
    elbv2, network = realistic.client("elbv2"), Network(realistic)
    for number in range(30):
        arn = network.new_targets(f"t{number}")
        realistic.advance(0.3)  # or the calls would be throttled
        for _ in range(4):
            try:
                elbv2.describe_target_groups(TargetGroupArns=[arn])
            except ClientError as error:
                codes.append(error.response["Error"]["Code"])
    assert codes
    assert set(codes) == {"TargetGroupNotFound"}


def test_after_half_a_minute_everything_is_seen(realistic: Sandbox) -> None:
    late_ones(realistic, 5, 20)
    ec2 = realistic.client("ec2")
    made = [ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"] for _ in range(1)]
    realistic.advance(31)
    assert set(made) <= {item["VpcId"] for item in ec2.describe_vpcs()["Vpcs"]}


KINDS: list[tuple[str, str, dict[str, Any], str]] = [
    ("iam", "get_role", {"RoleName": "young"}, "NoSuchEntity"),
    ("iam", "attach_role_policy", {"RoleName": "young", "PolicyArn": "arn:aws:iam::aws:policy/x"}, "NoSuchEntity"),
]


@pytest.mark.parametrize(("service", "operation", "parameters", "code"), KINDS)
def test_other_services_things_are_young_too(
    sandbox: Sandbox, service: str, operation: str, parameters: dict[str, Any], code: str
) -> None:
    network = Network(sandbox)
    sandbox.faults([{"do": "invisible", "service": service, "seconds": 60}])
    network.new_role("young", "ecs-tasks.amazonaws.com")
    refused(getattr(sandbox.client(service), operation), code, **parameters)
    sandbox.advance(61)
    sandbox.client("iam").get_role(RoleName="young")
