"""What the sandbox costs: its start, and each call beside plain moto's.

    python -m bench.sandbox_overhead [--calls N]

The same calls to moto's own server and to the sandbox, one after the other, on the same machine; medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from provisioner.sandbox import control

REGION = "eu-central-1"
_CONFIG = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False)
_PLAIN = """
import sys
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server._server.port, flush=True)
sys.stdin.read()
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.sandbox_overhead")
    parser.add_argument("--calls", type=int, default=200)
    calls = parser.parse_args().calls
    with tempfile.TemporaryDirectory() as folder, plain() as moto:
        began = time.monotonic()
        sandbox = control.start(folder, control.Wish("instant")).endpoint
        print(f"start of the sandbox until it answers: {time.monotonic() - began:.2f} s")
        try:
            measured = {"moto": measure(moto, calls), "sandbox": measure(sandbox, calls)}
        finally:
            control.stop(Path(folder))
    print(f"milliseconds a call, median of {calls}:")
    for name in measured["moto"]:
        theirs, ours = measured["moto"][name], measured["sandbox"][name]
        print(f"  {name:24} moto {theirs:6.2f}   sandbox {ours:6.2f}   more {ours - theirs:+6.2f}")


@contextmanager
def plain() -> Iterator[str]:
    """moto's own server in a process of its own; its endpoint."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PLAIN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"},
        text=True,
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


def measure(endpoint: str, calls: int) -> Mapping[str, float]:
    """The median milliseconds of each kind of call."""
    session = boto3.Session(aws_access_key_id="k", aws_secret_access_key="s", region_name=REGION)

    def client(service: str) -> Any:
        return session.client(service, endpoint_url=endpoint, config=_CONFIG)  # type: ignore[call-overload]

    ec2, iam, logs = client("ec2"), client("iam"), client("logs")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    numbers = iter(range(10**6))

    def create_group() -> None:
        ec2.create_security_group(GroupName=f"g{next(numbers)}", Description="d", VpcId=vpc)

    kinds: dict[str, Callable[[], Any]] = {
        "ec2 DescribeVpcs": ec2.describe_vpcs,
        "ec2 DescribeSubnets": ec2.describe_subnets,
        "ec2 CreateSecurityGroup": create_group,
        "iam ListRoles": iam.list_roles,
        "logs CreateLogGroup": lambda: logs.create_log_group(logGroupName=f"g{next(numbers)}"),
        "ecs ListClusters": client("ecs").list_clusters,
        "elbv2 DescribeLoadBal.": client("elbv2").describe_load_balancers,
        "lambda ListFunctions": client("lambda").list_functions,
    }
    return {name: median(call, calls) for name, call in kinds.items()}


def median(call: Callable[[], Any], calls: int) -> float:
    call()
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        call()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    main()
