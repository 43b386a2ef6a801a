"""Tasks of ECS services: moto knows only those that are run one by one."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.sandbox.call import Call
from provisioner.sandbox.registry import Answer, after, before
from provisioner.sandbox.services import Service, Services
from provisioner.sandbox.tasks import Task


@after("ecs", "ListTasks", source="ECS API Reference")
def tasks_of_services_are_listed(call: Call, answer: Answer) -> None:
    """By service, family or desired status; without one, those that are to run."""
    asked = call.parameters
    if "serviceName" in asked:
        answer["taskArns"] = []  # moto lists tasks of no service here
    wanted = asked.get("desiredStatus", "RUNNING")
    for service, task in _all(call):
        if (
            task.desired == wanted
            and asked.get("serviceName", service.name) in (service.name, service.arn)
            and asked.get("family", task.definition.family) == task.definition.family
            and asked.get("startedBy", task.deployment) == task.deployment
        ):
            answer["taskArns"].append(task.arn)


@after("ecs", "DescribeTasks", source="ECS API Reference")
def tasks_of_services_are_described(call: Call, answer: Answer) -> None:
    """Beside moto's; failures for those that nobody knows."""
    wanted = {arn.rpartition("/")[2]: arn for arn in call.parameters["tasks"]}
    answer["tasks"] += [task.view() for _, task in _all(call) if _id(task.arn) in wanted]
    found = {_id(task["taskArn"]) for task in answer["tasks"]}
    missing = [arn for key, arn in wanted.items() if key not in found]
    answer["failures"] = [{"arn": arn, "reason": "MISSING"} for arn in missing]


@before("ecs", "StopTask", source="ECS API Reference")
def service_replaces_a_stopped_task(call: Call) -> Answer | None:
    """The task ends at once, another is started after a while."""
    for service, task in _all(call):
        if _id(task.arn) == _id(call.parameters["task"]):
            service.stop(task, call.parameters.get("reason", "Task stopped by user"))
            return {"task": task.view()}
    return None


def _all(call: Call) -> Iterator[tuple[Service, Task]]:
    cluster = str(call.parameters.get("cluster", "default")).rpartition("/")[2]
    for service in call.ledger(Services).of_cluster(cluster):
        for task in service.tasks:
            yield service, task


def _id(arn: str) -> str:
    return arn.rpartition("/")[2]
