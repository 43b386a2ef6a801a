"""Ctrl-C, SIGTERM, two runs at once, and state files in every bad condition."""

from __future__ import annotations

import json
import signal
import subprocess
import time

import pytest

from tests.life.tool import EXAMPLE, NAME, Tool, nothing, succeeded, until

SLOW = {"nat_gateway.available": 120.0, "load_balancer.active": 120.0}


def waiting(tool: Tool, *arguments: str) -> subprocess.Popen[str]:
    """A provision that has got as far as waiting for its NAT gateway and load balancer."""
    tool.sandbox.latencies(SLOW)
    process = tool.start("provision", str(EXAMPLE), *arguments)
    until(lambda: {"CreateNatGateway", "CreateLoadBalancer"} <= {call["action"] for call in tool.mutations()})
    until(lambda: quiet(tool))
    return process


def quiet(tool: Tool) -> bool:
    before = len(tool.mutations())
    time.sleep(0.3)
    return len(tool.mutations()) == before


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_in_order_with_the_line_to_resume(tool: Tool, number: int, code: int) -> None:
    process = waiting(tool)
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert process.returncode == code
    assert f"provisioner resume {NAME}" in out + err
    assert "Traceback" not in out + err
    assert tool.state()["status"] == "interrupted"
    tool.sandbox.advance(SLOW["load_balancer.active"])
    succeeded(tool.run("resume", NAME))
    succeeded(tool.destroy())
    assert nothing(tool.inventory())


def test_calls_in_flight_are_recorded_before_the_end(tool: Tool) -> None:
    tool.sandbox.faults([{"action": "CreateVpc", "do": "hold-after", "times": 1}])
    process = tool.start("provision", str(EXAMPLE))
    until(lambda: bool(tool.sandbox.held()))
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    tool.sandbox.release()
    process.communicate(timeout=10)
    assert process.returncode == 130
    assert tool.state()["records"]["vpc"]["id"].startswith("vpc-")
    assert "CreateSubnet" not in {call["action"] for call in tool.mutations()}


def test_an_unanswered_call_does_not_hold_up_the_end(tool: Tool) -> None:
    tool.sandbox.faults([{"action": "CreateVpc", "do": "hold-before", "times": 1}])
    process = tool.start("provision", str(EXAMPLE))
    until(lambda: bool(tool.sandbox.held()))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130
    assert tool.state()["records"]["vpc"]["phase"] == "creating"


def test_the_second_signal_ends_it_at_once(tool: Tool) -> None:
    tool.sandbox.faults([{"action": "CreateVpc", "do": "hold-before", "times": 1}])
    process = tool.start("provision", str(EXAMPLE))
    until(lambda: bool(tool.sandbox.held()))
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=3)
    assert process.returncode == 130


def test_a_second_run_is_told_who_holds_the_stack(tool: Tool) -> None:
    process = waiting(tool)
    ended = tool.provision()
    assert ended.code == 3
    assert str(process.pid) in ended.err
    assert "since 20" in ended.err
    assert tool.destroy().code == 3
    process.kill()
    process.communicate()


def test_the_lock_of_a_killed_run_is_taken_over_with_a_line_that_says_so(tool: Tool) -> None:
    process = waiting(tool)
    process.kill()
    process.communicate()
    tool.sandbox.advance(SLOW["load_balancer.active"])
    ended = tool.provisioned()
    assert "taken over from a run that died" in ended.text
    assert str(process.pid) in ended.text


BAD_FILES = {
    "corrupt": b"{]",
    "truncated": b'{"format": 1, "stack": "private-',
    "newer": json.dumps({"format": 99}).encode(),
}


@pytest.mark.parametrize("condition", BAD_FILES)
def test_a_bad_state_file_is_refused_and_left_alone(tool: Tool, condition: str) -> None:
    tool.provisioned()
    tool.state_file.write_bytes(BAD_FILES[condition])
    tool.sandbox.forget_calls()
    for ended in (tool.provision(), tool.destroy(), tool.run("resume", NAME), tool.run("status", NAME)):
        assert ended.code == 2, ended.text
        assert str(tool.state_file.name) in ended.err
        assert "Traceback" not in ended.text
    assert tool.state_file.read_bytes() == BAD_FILES[condition]
    assert tool.sandbox.calls() == []


def test_the_previous_copy_is_named_and_works(tool: Tool) -> None:
    tool.provisioned()
    tool.state_file.write_bytes(b"{")
    previous = tool.state_file.with_name(f"{tool.state_file.name}.previous")
    assert str(previous.name) in tool.provision().err
    previous.replace(tool.state_file)
    tool.provisioned()
    succeeded(tool.destroy())
    assert nothing(tool.inventory())


def test_a_read_only_state_file_is_refused(tool: Tool) -> None:
    tool.provisioned()
    tool.state_file.chmod(0o400)
    tool.sandbox.forget_calls()
    ended = tool.provision()
    assert ended.code == 2
    assert "is read-only" in ended.err
    assert tool.sandbox.calls() == []


def test_without_credentials_nothing_is_called(tool: Tool) -> None:
    tool.environment = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": ""}
    ended = tool.provision()
    assert ended.code == 2, ended.text
    assert "no AWS credentials" in ended.err
    assert tool.sandbox.calls() == []


def test_a_stack_of_a_sandbox_that_was_emptied_is_recognised(tool: Tool) -> None:
    tool.provisioned()
    tool.sandbox.reset()
    ended = tool.provisioned()
    assert "has been emptied since" in ended.text
    tool.sandbox.reset()
    ended = succeeded(tool.destroy())
    assert "has been emptied since" in ended.text
