"""What Fargate asks of a task definition beyond ECS."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from provisioner.sandbox.call import Call
from provisioner.sandbox.containers.images import Image
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import before

Asked = Mapping[str, Any]

_UNIT = re.compile(r"(?P<number>\d+(\.\d+)?|\.\d+)\s*(?P<unit>[a-z]*)", re.IGNORECASE)
_CPU = {"": 1, "vcpu": 1024}
_MEMORY = {"": 1, "mb": 1, "gb": 1024}
# CPU units -> MiB of memory that go with them.
_SIZES: Mapping[int, Sequence[int]] = {
    256: (512, 1024, 2048),
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
    8192: range(16384, 61440 + 1, 4096),
    16384: range(32768, 122880 + 1, 8192),
}
_STORAGE = range(21, 200 + 1)
_STOP_TIMEOUT = 120
_SYSTEMS = ("LINUX", "WINDOWS_SERVER_")
_DRIVERS = ("awslogs", "splunk", "awsfirelens")


@before(
    "ecs",
    "RegisterTaskDefinition",
    source="ECS Developer Guide: task definition differences for Fargate; messages from public issue threads",
)
def fargate_can_run_it(call: Call) -> None:
    """ClientException for sizes, networks, logs, storage or platforms that Fargate has not."""
    if "FARGATE" in call.parameters.get("requiresCompatibilities", ()):
        for check in _CHECKS:
            for complaint in check(call.parameters):
                raise Refusal("ClientException", complaint)


def _network(asked: Asked) -> Iterator[str]:
    if asked.get("networkMode") != "awsvpc":
        yield "Fargate only supports network mode ‘awsvpc’."  # noqa: RUF001 -- AWS's own quotation marks


def _size(asked: Asked) -> Iterator[str]:
    for name in ("cpu", "memory"):
        if name not in asked:
            yield f"Fargate requires that '{name}' be defined at the task level."
    cpu, memory = _number(asked["cpu"], _CPU), _number(asked["memory"], _MEMORY)
    if cpu is None:
        yield f"Invalid 'cpu' setting for task: {asked['cpu']}"
    if memory is None:
        yield f"Invalid 'memory' setting for task: {asked['memory']}"
    if memory not in _SIZES.get(cpu or 0, ()):
        yield f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory."
    yield from _shares(asked, cpu or 0, memory or 0)


def _shares(asked: Asked, cpu: int, memory: int) -> Iterator[str]:
    """Containers have their parts of the task's size."""
    containers = asked["containerDefinitions"]
    if sum(container.get("cpu", 0) for container in containers) > cpu:
        yield "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'."
    if any(container.get("memory", 0) > memory for container in containers):
        yield "The 'memory' setting for container is greater than for the task."
    if sum(container.get("memoryReservation", 0) for container in containers) > memory:
        yield "The sum of all container 'memoryReservation' values cannot be greater than the task 'memory'."
    for container in containers:
        if container.get("memoryReservation", 0) > container.get("memory", memory):
            what = "'memoryReservation' must not be above 'memory'."
            yield f"Invalid setting for container '{container['name']}'. {what}"


def _execution_role(asked: Asked) -> Iterator[str]:
    if "executionRoleArn" in asked:
        return
    what = "Fargate requires task definition to have execution role ARN to support"
    for container in asked["containerDefinitions"]:
        if container.get("logConfiguration", {}).get("logDriver") == "awslogs":
            yield f"{what} log driver awslogs."
        if Image.read(container["image"]).private:
            yield f"{what} ECR images."
        if container.get("secrets") or container.get("repositoryCredentials"):
            yield f"{what} secrets."


def _logs(asked: Asked) -> Iterator[str]:
    for container in asked["containerDefinitions"]:
        log = container.get("logConfiguration", {})
        driver = log.get("logDriver", "awslogs")
        if driver not in _DRIVERS:
            yield f"Fargate does not support log driver {driver}."
        if log and driver == "awslogs" and "awslogs-stream-prefix" not in log.get("options", {}):
            what = "log configuration options to include awslogs-stream-prefix"
            yield f"Fargate requires {what} to support log driver awslogs."


def _storage(asked: Asked) -> Iterator[str]:
    size = asked.get("ephemeralStorage", {}).get("sizeInGiB")
    if size is not None and size not in _STORAGE:
        yield f"The 'ephemeralStorage' size must be between {_STORAGE[0]} and {_STORAGE[-1]} GiB."


def _platform(asked: Asked) -> Iterator[str]:
    platform = asked.get("runtimePlatform", {})
    system, architecture = (
        platform.get("operatingSystemFamily", "LINUX"),
        platform.get("cpuArchitecture", "X86_64"),
    )
    if not system.startswith(_SYSTEMS):
        yield f"Invalid operatingSystemFamily: {system}"
    if architecture not in ("X86_64", "ARM64") or (system != "LINUX" and architecture == "ARM64"):
        yield f"Fargate does not support cpuArchitecture {architecture} for operatingSystemFamily {system}."


def _containers(asked: Asked) -> Iterator[str]:
    for container in asked["containerDefinitions"]:
        if container.get("privileged"):
            yield "Fargate does not support privileged containers."
        if container.get("links"):
            yield "Links are not supported when networkMode=awsvpc."
        if container.get("stopTimeout", 0) > _STOP_TIMEOUT:
            yield f"Invalid stopTimeout: the maximum on Fargate is {_STOP_TIMEOUT} seconds."


def _number(told: str, units: Mapping[str, int]) -> int | None:
    match = _UNIT.fullmatch(told.strip())
    if match is None or match["unit"].lower() not in units:
        return None
    return int(float(match["number"]) * units[match["unit"].lower()])


_CHECKS: tuple[Callable[[Asked], Iterator[str]], ...] = (
    _network,
    _size,
    _execution_role,
    _logs,
    _storage,
    _platform,
    _containers,
)
