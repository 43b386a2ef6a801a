"""The whole life under chance: drawn times, late sightings, throttling, servers' errors, lost answers.

And the same for stacks, faults and kills that are drawn: whatever happens on the way, a stack comes up without
doubles and goes down without leaving or taking anything.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.life.conftest import PROFILE
from tests.life.tool import NAME, ROOT, Tool, nothing, succeeded

ROUGH = ("flaky", "throttled")
WHENS = ("hold-before", "hold-after")


@pytest.mark.parametrize("seed", range(2))
def test_up_again_and_down_in_a_rough_world(tool: Tool, expected: Mapping[str, list[str]], seed: int) -> None:
    whole_life(tool, expected, seed)


@pytest.mark.complete
@pytest.mark.parametrize("seed", range(2, 60))
def test_complete_up_again_and_down_in_a_rough_world(
    tool: Tool, expected: Mapping[str, list[str]], seed: int
) -> None:
    whole_life(tool, expected, seed)


def whole_life(tool: Tool, expected: Mapping[str, list[str]], seed: int) -> None:
    tool.sandbox.become(PROFILE, seed)
    tool.sandbox.named_faults(*ROUGH)
    tool.provisioned()
    with tool.sandbox.at_peace():
        assert tool.inventory() == expected
        tool.sandbox.forget_calls()
    tool.provisioned()
    assert tool.attempts() == []
    succeeded(tool.destroy())
    with tool.sandbox.at_peace():
        assert nothing(tool.inventory())


@dataclass(frozen=True)
class Trial:
    """What is drawn: a stack file, what the sandbox's chance begins with, faults, and where runs are killed."""

    text: str
    seed: int
    faults: tuple[str, ...]
    provision_kills: tuple[tuple[int, str], ...]
    destroy_kill: tuple[int, str] | None


@st.composite
def stack_files(draw: st.DrawFn) -> str:
    """A stack with any of the parts that there are."""
    zones = draw(st.sampled_from([2, 3]))
    gateways = draw(st.sampled_from(["one", "per-az"]))
    lines = [f'name = "{NAME}"', 'region = "us-east-1"', "[network]", f"availability_zones = {zones}"]
    lines += [f'nat_gateways = "{gateways}"']
    served = draw(st.booleans())
    if served:
        image = draw(st.sampled_from(["nginx:1", "amazon/amazon-ecs-sample"]))
        lines += ["[load_balancer]", "[services.web]", f'image = "{image}"', "port = 80"]
        lines += [f"count = {draw(st.integers(0, 2))}"]
    for number in range(draw(st.integers(0, 2))):
        lines += [f"[functions.f{number}]", f'source = "{ROOT}/lambda_payload/call_service"']
        inside = draw(st.booleans())
        lines += [f"vpc = {str(inside).lower()}"]
        lines += ['calls = ["web"]'] if inside and served and draw(st.booleans()) else []
    return "\n".join(lines) + "\n"


kills = st.tuples(st.integers(1, 60), st.sampled_from(WHENS))
trials = st.builds(
    Trial,
    stack_files(),
    st.integers(0, 10**6),
    st.lists(st.sampled_from(ROUGH), unique=True).map(tuple),
    st.lists(kills, max_size=2).map(tuple),
    st.none() | kills,
)
_RELAXED = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)


@pytest.mark.timeout(400)
@settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=_RELAXED, phases=[Phase.generate])
@given(trial=trials)
def test_whatever_happens_on_the_way(tool: Tool, tmp_path: Path, trial: Trial) -> None:
    live_through(tool, tmp_path, trial)


@pytest.mark.complete
@pytest.mark.timeout(3600)
@settings(max_examples=150, deadline=None, suppress_health_check=_RELAXED)
@given(trial=trials)
def test_complete_whatever_happens_on_the_way(tool: Tool, tmp_path: Path, trial: Trial) -> None:
    live_through(tool, tmp_path, trial)


def live_through(tool: Tool, folder: Path, trial: Trial) -> None:
    file = folder / "drawn.toml"
    file.write_text(trial.text)
    tool.sandbox.become(PROFILE, trial.seed)
    theirs = neighbours(tool)
    for nth, when in trial.provision_kills:
        killed(tool, nth, when, "provision", str(file))
    tool.sandbox.named_faults(*trial.faults)
    succeeded(tool.run("provision", str(file)))
    with tool.sandbox.at_peace():
        doubled(tool)
        tool.sandbox.forget_calls()
    succeeded(tool.run("provision", str(file)))
    assert tool.attempts() == []
    tool.sandbox.clear_faults()
    if trial.destroy_kill:
        killed(tool, *trial.destroy_kill, "destroy", NAME, "--yes")
    tool.sandbox.named_faults(*trial.faults)
    if tool.state_file.exists():
        succeeded(tool.destroy())
    with tool.sandbox.at_peace():
        assert tool.inventory() == theirs
    shutil.rmtree(folder / ".provisioner")


def neighbours(tool: Tool) -> Mapping[str, list[str]]:
    """Somebody else's things in the same account; how they look."""
    ec2 = tool.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    tool.sandbox.advance(1)  # everything is seen
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")
    ec2.create_security_group(GroupName=f"{NAME}-load-balancer", Description="theirs", VpcId=vpc)
    tool.client("logs").create_log_group(logGroupName="/aws/lambda/theirs")
    tool.client("ecs").create_cluster(clusterName="theirs")
    tool.sandbox.advance(1)
    return tool.inventory()


def killed(tool: Tool, nth: int, when: str, *arguments: str) -> None:
    tool.sandbox.faults([{"mutating": True, "nth": nth, "do": when}])
    tool.killed_at(tool.start(*arguments), nth, when)


_NO_STEPS = ("task", "network interface")  # ECS and others make as many as they need


def doubled(tool: Tool) -> None:
    """Assert that no step has made two resources: the tag that names the step is on one of each kind."""
    for kind, found in tool.inventory().items():
        if kind in _NO_STEPS:
            continue
        twice = [line for line, count in Counter(found).items() if count > 1]
        assert not twice, (kind, twice)
