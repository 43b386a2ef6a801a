"""How close a provision comes to the longest chain of waits, and what it asks of AWS.

    python -m bench.critical_path [--scale N] [--parallel N]

Runs the tool as a process against a sandbox of its own in which NAT gateway, load balancer, service and functions
take AWS's usual times divided by the scale. The longest chain is computed from the sandbox's own latencies and the
steps' needs; no run could be faster. Then the same for an unchanged second run and for a destroy.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from provisioner.blueprint import Site, steps_of
from provisioner.sandbox import control
from provisioner.schedule import chains
from provisioner.stack import load
from steps.base import Step, Until

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "private-lambda.toml"
NAME = "private-lambda"


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / ".provisioner"
        endpoint = control.start(home, control.Wish(f"scaled={options.scale}")).endpoint
        try:
            _measure(Path(folder), endpoint, options.parallel)
        finally:
            control.stop(home)


def _measure(folder: Path, endpoint: str, parallel: int) -> None:
    seconds = _ask(endpoint, "latencies")
    longest = _longest_chain(seconds)
    wall, calls = _timed(folder, endpoint, "provision", str(EXAMPLE), "--parallel", str(parallel))
    print(f"provision       {wall:6.2f} s   longest chain of waits {longest:.2f} s   ratio {wall / longest:.2f}")
    _print_calls(calls)
    wall, calls = _timed(folder, endpoint, "provision", str(EXAMPLE))
    print(f"second run      {wall:6.2f} s")
    _print_calls(calls)
    wall, calls = _timed(folder, endpoint, "destroy", NAME, "--yes")
    least = sum(seconds[key] for key in _DETACHED)
    print(f"destroy         {wall:6.2f} s   until a function's interfaces are free {least:.2f} s   ", end="")
    print(f"ratio {wall / least:.2f}")
    _print_calls(calls)


_DETACHED = ("lambda.vpc_updated", "lambda.detached_interfaces")
"""What a destroy waits for in any case: nothing else of the example takes nearly as long."""
_HEALTHY = 10 / 90
"""One health check, ten seconds, in times of a NAT gateway's ninety: that is not in the sandbox's table."""


def _longest_chain(seconds: Mapping[str, float]) -> float:
    """What the sandbox makes each step wait, added up along the needs; to exist takes no time."""
    weights: dict[str, float] = {}
    after: dict[str, set[str]] = {}
    for step in _steps():
        weights |= {f"{step.name} exists": 0.0, f"{step.name} ready": _wait(step, seconds)}
        after[f"{step.name} ready"] = {f"{step.name} exists"}
        after[f"{step.name} exists"] = {
            f"{need.step} {'ready' if need.until is Until.READY else 'exists'}" for need in step.needs
        }
    return max(chains(weights, after).values())


def _steps() -> list[Step]:
    stack = load(EXAMPLE)
    site = Site("123456789012", "us-east-1", "aws", ("us-east-1a", "us-east-1b"))
    return steps_of(stack, site, dict.fromkeys(stack.functions, ""))


def _wait(step: Step, seconds: Mapping[str, float]) -> float:
    waits = {
        "nat_gateway": ("nat_gateway.available",),
        "load_balancer": ("load_balancer.active",),
        "service": ("ecs.task.provisioning", "ecs.task.pending", "ecs.deployment.completed"),
        "function": ("lambda.vpc_active" if getattr(step, "subnets", ()) else "lambda.active",),
    }
    checked = seconds["nat_gateway.available"] * _HEALTHY if step.kind == "service" else 0.0
    return sum((seconds[key] for key in waits.get(step.kind, ())), checked)


def _timed(folder: Path, endpoint: str, *arguments: str) -> tuple[float, list[Mapping[str, Any]]]:
    """Wall seconds of a whole process, interpreter start included, and the calls that it made."""
    _ask(endpoint, "calls", method="DELETE")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "AWS_ENDPOINT_URL": endpoint}
    environment |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": "us-east-1"}
    began = time.monotonic()
    command = [sys.executable, "-m", "provisioner", *arguments, "--quiet"]
    subprocess.run(command, cwd=folder, env=environment, check=True, stdin=subprocess.DEVNULL)
    return time.monotonic() - began, _ask(endpoint, "calls")


def _print_calls(calls: Iterable[Mapping[str, Any]]) -> None:
    listed = list(calls)
    for word, chosen in (
        ("mutating", [call["action"] for call in listed if call["mutating"]]),
        ("reading", [call["action"] for call in listed if not call["mutating"]]),
    ):
        counted = ", ".join(f"{action} {count}" for action, count in Counter(chosen).most_common())
        print(f"  {len(chosen):3} {word}: {counted}")


def _ask(endpoint: str, name: str, method: str = "GET") -> Any:
    request = urllib.request.Request(f"{endpoint}/_sandbox/{name}", method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=15.0, help="AWS seconds in a real one (default 15)")
    parser.add_argument("--parallel", type=int, default=16, help="steps at a time (default 16)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
