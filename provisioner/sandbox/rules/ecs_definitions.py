"""ECS task definitions: what may be registered, and what becomes of revisions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call, Site
from provisioner.sandbox.containers import definitions
from provisioner.sandbox.containers.definitions import Doomed, Revisions
from provisioner.sandbox.containers.services import Services
from provisioner.sandbox.containers.tasks import Tasks
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead

Asked = Mapping[str, Any]

_CODE = "ClientException"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")
_REGISTER = "ECS API Reference: RegisterTaskDefinition"


@before("ecs", "RegisterTaskDefinition", source=f"{_REGISTER}; messages from public issue threads")
def definition_makes_sense(call: Call) -> None:
    """ClientException for wrong names, roles, ports, logs, or without any essential container."""
    for check in _CHECKS:
        for complaint in check(call.parameters):
            raise Refusal(_CODE, complaint)


def _names(asked: Asked) -> Iterator[str]:
    if not _NAME.fullmatch(asked.get("family", "")):
        yield "Family contains invalid characters."
    if not asked.get("containerDefinitions"):
        yield "Container list cannot be empty."
    seen: set[str] = set()
    for container in asked["containerDefinitions"]:
        name = container.get("name", "")
        if not name:
            yield "Container.name should not be null or empty."
        if not _NAME.fullmatch(name):
            yield f"Invalid container name: {name}. Only letters, hyphens, underscores and numbers are allowed."
        if name in seen:
            yield f"Container.name contains duplicate container names: {name}"
        if not container.get("image"):
            yield "Container.image should not be null or empty."
        seen.add(name)


def _essential(asked: Asked) -> Iterator[str]:
    if not any(container.get("essential", True) for container in asked["containerDefinitions"]):
        yield "Task definition doesn't have any essential container."


def _roles(asked: Asked) -> Iterator[str]:
    for name in ("executionRoleArn", "taskRoleArn"):
        if name in asked and not _ROLE.fullmatch(asked[name]):
            yield "Role is not valid"


def _ports(asked: Asked) -> Iterator[str]:
    mappings = [item for container in asked["containerDefinitions"] for item in container.get("portMappings", ())]
    if asked.get("networkMode") == "awsvpc":
        if any(item.get("hostPort", item.get("containerPort")) != item.get("containerPort") for item in mappings):
            yield "When networkMode=awsvpc, the host ports and container ports in port mappings must match."
        ports = [(item.get("containerPort"), item.get("protocol", "tcp")) for item in mappings]
        if len(set(ports)) < len(ports):
            yield "Port mappings of containers in a task with networkMode=awsvpc must not use the same port twice."
    names = [item["name"] for item in mappings if "name" in item]
    if len(set(names)) < len(names):
        yield "Port mapping names must be unique within a task definition."


def _logs(asked: Asked) -> Iterator[str]:
    for container in asked["containerDefinitions"]:
        log = container.get("logConfiguration", {})
        options = log.get("options", {})
        if log.get("logDriver") == "awslogs" and not {"awslogs-region", "awslogs-group"} <= options.keys():
            yield "Log driver awslogs requires options: awslogs-region, awslogs-group"


_CHECKS: tuple[Callable[[Asked], Iterator[str]], ...] = (_names, _essential, _roles, _ports, _logs)


@after("ecs", "RegisterTaskDefinition", source="ECS API Reference: TaskDefinition, PortMapping")
def revision_numbers_are_never_given_twice(call: Call, answer: Answer) -> None:
    """moto begins anew when all of a family are deleted. Ports and protocols are filled in."""
    told, last = answer["taskDefinition"], call.ledger(Revisions).last
    family, number = told["family"], int(told["revision"])
    known = backends.ecs(call).task_definitions[family]
    definition = known.pop(number)
    definition.revision = last[family] = max(number, last.get(family, 0) + 1)
    definition.arn = f"{told['taskDefinitionArn'].rpartition(':')[0]}:{definition.revision}"
    known[definition.revision] = definition
    for container in definitions.containers(definition):
        for mapping in container["portMappings"]:
            mapping.setdefault("hostPort", mapping["containerPort"])
            mapping.setdefault("protocol", "tcp")
    told |= {"revision": definition.revision, "taskDefinitionArn": definition.arn}
    told["containerDefinitions"] = definition.container_definitions
    answer["tags"] = definition.tags


@before(
    "ecs",
    "DescribeTaskDefinition",
    "ListTaskDefinitions",
    "DeleteTaskDefinitions",
    source="ECS Developer Guide: task definition states",
)
def deleted_revision_goes_with_its_last_user(call: Call) -> None:
    """DELETE_IN_PROGRESS revisions are there as long as a task, service or deployment uses them."""
    doomed = call.ledger(Doomed).by_arn
    for arn, definition in list(doomed.items()):
        if not _used(call, arn):
            del doomed[arn]
            backends.ecs(call).task_definitions[definition.family].pop(definition.revision, None)


@instead("ecs", "DescribeTaskDefinition", source="ECS API Reference: DescribeTaskDefinition")
def family_stands_for_its_newest_active_revision(call: Call) -> Answer:
    """ClientException if there is none, or for an unknown revision; INACTIVE ones are told by number."""
    found = definitions.find(call, call.parameters["taskDefinition"])
    if found is None:
        raise Refusal(_CODE, "Unable to describe task definition.")
    tags = {"tags": found.tags} if "TAGS" in call.parameters.get("include", ()) else {}
    return {"taskDefinition": found, **tags}


@instead("ecs", "DeleteTaskDefinitions", source="ECS API Reference: DeleteTaskDefinitions")
def used_revisions_are_kept_for_their_users(call: Call) -> Answer:
    """DELETE_IN_PROGRESS until nobody uses them; failures for ACTIVE or unknown ones are told, not raised."""
    deleted, failures = backends.ecs(call).delete_task_definitions(call.parameters["taskDefinitions"])
    for definition in deleted:
        if _used(call, definition.arn):
            backends.ecs(call).task_definitions[definition.family][definition.revision] = definition
            call.ledger(Doomed).by_arn[definition.arn] = definition
    return {"taskDefinitions": deleted, "failures": failures}


@before("ecs", "DeregisterTaskDefinition", source="ECS Developer Guide: task definition states")
def revision_must_be_there(call: Call) -> None:
    """ClientException for one that is not, or is being deleted."""
    found = definitions.find(call, call.parameters["taskDefinition"])
    if found is not None and found.status == "DELETE_IN_PROGRESS":
        raise Refusal(_CODE, "The specified task definition is in the process of being deleted.")


def _used(site: Site, arn: str) -> bool:
    tasks = site.ledger(Tasks).by_id.values()
    services = site.ledger(Services).by_arn.values()
    return any(task.definition.arn == arn and task.status != "STOPPED" for task in tasks) or any(
        deployment.definition.arn == arn for service in services for deployment in service.deployments
    )
