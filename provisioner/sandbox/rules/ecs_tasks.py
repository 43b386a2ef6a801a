"""ECS tasks, of services and alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.call import Call
from provisioner.sandbox.containers import awsvpc, clusters, definitions, launches, scheduler
from provisioner.sandbox.containers.services import Services
from provisioner.sandbox.containers.task_view import view
from provisioner.sandbox.containers.tasks import CannotLaunch, Plan, Task, Tasks
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before, instead

_INVALID = "InvalidParameterException"
_MOST = 10
_AT_ONCE = 100


@before("ecs", "RunTask", source="ECS API Reference: RunTask")
def ten_tasks_at_once(call: Call) -> None:
    """InvalidParameterException for more, or none; for an unknown or INACTIVE task definition; for EC2."""
    clusters.active(call)
    count = call.parameters.get("count", 1)
    if not 1 <= count <= _MOST:
        raise Refusal(_INVALID, "Count must be between 1 and 10.")
    found = definitions.find(call, call.parameters["taskDefinition"])
    if found is None:
        raise Refusal("ClientException", "TaskDefinition not found.")
    if found.status != "ACTIVE":
        raise Refusal(_INVALID, "TaskDefinition is inactive")
    if not _provider(call) and call.parameters.get("launchType", "EC2") != "FARGATE":
        raise Refusal(_INVALID, "No Container Instances were found in your cluster.")


@instead("ecs", "RunTask", source="ECS API Reference: RunTask; ECS Developer Guide: task lifecycle")
def task_lives_like_any_other(call: Call) -> Answer:
    """PROVISIONING at first. What cannot be placed is a failure in the answer."""
    answer: Answer = {"tasks": [], "failures": []}
    network = awsvpc.of(call.parameters) or {}
    for number in range(call.parameters.get("count", 1)):
        subnet = network["subnets"][number % len(network["subnets"])]
        try:
            task = launches.alone(call.site, _plan(call, network), subnet)
        except CannotLaunch as why:
            answer["failures"].append({"reason": str(why)})
            continue
        answer["tasks"].append({**view(task), "tags": list(task.plan.tags)})
    return answer


@instead("ecs", "ListTasks", source="ECS API Reference: ListTasks")
def tasks_are_listed_by_what_they_are_to_be(call: Call) -> Answer:
    """Those that are to run unless stopped ones are asked for; ServiceNotFoundException for an unknown service."""
    asked = call.parameters
    clusters.known(call)
    _known_service(call)
    found = [task for task in call.ledger(Tasks).of_cluster(clusters.name(call)) if _matches(task, asked)]
    return {"taskArns": [task.arn for task in found]}


@instead("ecs", "DescribeTasks", source="ECS API Reference: DescribeTasks")
def stopped_tasks_are_described_for_an_hour(call: Call) -> Answer:
    """Failures for those that nobody knows, or knows no longer. A hundred at most."""
    asked = call.parameters["tasks"]
    clusters.known(call)
    if not asked or len(asked) > _AT_ONCE:
        raise Refusal(
            _INVALID, f"Tasks can have between 1 and {_AT_ONCE} items." if asked else "Tasks cannot be empty."
        )
    answer: Answer = {"tasks": [], "failures": []}
    for name in asked:
        task = call.ledger(Tasks).find(clusters.name(call), name)
        if task is None:
            answer["failures"].append({"arn": _arn(call, name), "reason": "MISSING"})
            continue
        tags = {"tags": list(task.plan.tags)} if "TAGS" in call.parameters.get("include", ()) else {}
        answer["tasks"].append({**view(task), **tags})
    return answer


@instead("ecs", "StopTask", source="ECS API Reference: StopTask")
def stopped_task_of_a_service_is_replaced(call: Call) -> Answer:
    """It leaves its target groups first. InvalidParameterException for an unknown task."""
    clusters.active(call)
    task = _find(call)
    reason = call.parameters.get("reason", "Task stopped by user")
    owner = next((one for one in call.ledger(Services).by_arn.values() if task in one.tasks), None)
    if owner is not None:
        scheduler.stop(owner, task, reason)
    else:
        task.stop("UserInitiated", reason)
    return {"task": view(task)}


@instead("ecs", "ExecuteCommand", source="ECS Developer Guide: ECS Exec; messages from public issue threads")
def no_command_is_executed(call: Call) -> Answer:
    """InvalidParameterException unless it was enabled when the task was run; TargetNotConnectedException here."""
    clusters.active(call)
    task = _find(call)
    if task.status != "RUNNING" or not task.plan.execute_command:
        why = "execute command was not enabled when the task was run or the execute command agent isn’t running."  # noqa: RUF001
        again = "Wait and try again or run a new task with execute command enabled and try again."
        raise Refusal(_INVALID, f"The execute command failed because {why} {again}")
    message = "The execute command failed due to an internal error. Try again later."
    raise Refusal("TargetNotConnectedException", message)


def _plan(call: Call, network: Mapping[str, Any]) -> Plan:
    asked, cluster = call.parameters, clusters.active(call)
    definition = definitions.find(call, asked["taskDefinition"])
    if definition is None:
        raise Refusal("ClientException", "TaskDefinition not found.")
    inherited = definition.tags if asked.get("propagateTags") == "TASK_DEFINITION" else []
    return Plan(
        cluster=cluster.name,
        cluster_arn=cluster.arn,
        definition=definition,
        group=asked.get("group", f"family:{definition.family}"),
        network=network,
        started_by=asked.get("startedBy", ""),
        provider=_provider(call),
        tags=[*asked.get("tags", ()), *inherited],
        overrides=asked.get("overrides", {}),
        execute_command=asked.get("enableExecuteCommand", False),
    )


def _provider(call: Call) -> str:
    """The capacity provider, if no launch type is named."""
    asked = call.parameters
    if asked.get("launchType"):
        return ""
    default = clusters.active(call).default_capacity_provider_strategy
    strategy = asked.get("capacityProviderStrategy") or default or [{}]
    return str(strategy[0].get("capacityProvider", ""))


def _matches(task: Task, asked: Mapping[str, Any]) -> bool:
    told = {
        "desiredStatus": task.desired,
        "serviceName": task.plan.group.removeprefix("service:"),
        "family": task.definition.family,
        "startedBy": task.plan.started_by,
        "launchType": task.plan.launch_type,
    }
    wanted = {"desiredStatus": "RUNNING", **asked}
    wanted["serviceName"] = str(asked.get("serviceName", told["serviceName"])).rpartition("/")[2]
    return all(wanted.get(name, value) == value for name, value in told.items())


def _known_service(call: Call) -> None:
    name = call.parameters.get("serviceName")
    if name and call.ledger(Services).find(clusters.name(call), name) is None:
        raise Refusal("ServiceNotFoundException", "Service not found.")


def _find(call: Call) -> Task:
    task = call.ledger(Tasks).find(clusters.name(call), call.parameters["task"])
    if task is None:
        raise Refusal(_INVALID, "The referenced task was not found.")
    return task


def _arn(call: Call, name: str) -> str:
    prefix = f"arn:aws:ecs:{call.region}:{call.account}:task/{clusters.name(call)}"
    return name if name.startswith("arn:") else f"{prefix}/{name}"
