"""Task definitions by their names, and who still uses them."""

from __future__ import annotations

from typing import Any

from moto.ecs.models import TaskDefinition

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site


class Revisions:
    """The last revision that each family had: numbers are never given twice."""

    def __init__(self) -> None:
        self.last: dict[str, int] = {}


class Doomed:
    """Deleted ones that somebody still used, by ARN."""

    def __init__(self) -> None:
        self.by_arn: dict[str, TaskDefinition] = {}


def find(site: Site, name: str) -> TaskDefinition | None:
    """By ARN, by family and revision, or the newest ACTIVE one of a family."""
    family, _, revision = name.rpartition("/")[2].partition(":")
    known = backends.ecs(site).task_definitions.get(family, {})
    if revision:
        return known.get(int(revision)) if revision.isdigit() else None
    active = [number for number, definition in known.items() if definition.status == "ACTIVE"]
    return known[max(active)] if active else None


def containers(definition: TaskDefinition) -> list[dict[str, Any]]:
    return list(definition.container_definitions)


def fargate(definition: TaskDefinition) -> bool:
    return "FARGATE" in (definition.requires_compatibilities or ())


def ports(definition: TaskDefinition, container: str) -> list[int] | None:
    """The ports of a container; None if there is none of that name."""
    for known in containers(definition):
        if known["name"] == container:
            return [int(mapping["containerPort"]) for mapping in known.get("portMappings", ())]
    return None


def port_names(definition: TaskDefinition) -> dict[str, int]:
    """Which port is meant by each named port mapping."""
    mappings = [item for known in containers(definition) for item in known.get("portMappings", ())]
    return {item["name"]: int(item["containerPort"]) for item in mappings if "name" in item}
