"""Task definitions: their variables, and which revision is whose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from state.record import Record
from steps.base import Job, Need
from steps.task_definitions import TaskDefinition
from tests.sandbox_fixture import Sandbox
from tests.steps.ground import CONTAINER, cluster, definition, ground
from tests.steps.lab import Lab

NOTHING: Any = None
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:login"
NEEDS = {
    "role": Record("role", "role", id="tasks", outputs={"arn": "arn:aws:iam::123456789012:role/tasks"}),
    "database": Record("database", "db_instance", id="db", outputs={"address": "db.internal", "secret": SECRET}),
}


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return Lab(sandbox, tmp_path)


def request(wanted: TaskDefinition) -> dict[str, Any]:
    return wanted.request(Job(NOTHING, Record("definition", "task_definition"), NEEDS))


def container(**more: Any) -> dict[str, Any]:
    (found,) = request(definition(**more))["containerDefinitions"]
    return dict(found)


def roles() -> list[Any]:
    return [step for step in ground() if step.name == "role"]


def registered(lab: Lab, status: str = "ACTIVE") -> list[str]:
    found = lab.client("ecs").list_task_definitions(status=status)["taskDefinitionArns"]
    return [arn.rpartition("/")[2] for arn in found]


def test_variables_are_put_together_and_sorted() -> None:
    given = {**CONTAINER, "environment": [{"name": "MODE", "value": "live"}, {"name": "URL", "value": "none"}]}
    found = container(
        container=given,
        environment={"URL": ("http://", ("database", "address"), ":80"), "DB": (("database", "id"),)},
        secrets={"PASSWORD": (("database", "secret"), ":password::")},
    )
    assert found["environment"] == [
        {"name": "DB", "value": "db"},
        {"name": "MODE", "value": "live"},
        {"name": "URL", "value": "http://db.internal:80"},
    ]
    assert found["secrets"] == [{"name": "PASSWORD", "valueFrom": f"{SECRET}:password::"}]


def test_without_any_the_container_is_as_given() -> None:
    given = {**CONTAINER, "environment": [{"name": "Z", "value": "1"}, {"name": "A", "value": "2"}]}
    assert container(container=given) == given
    assert "secrets" not in container()


def test_storage_is_asked_for_only_if_wished() -> None:
    assert "ephemeralStorage" not in request(definition())
    assert request(definition(ephemeral_storage=50))["ephemeralStorage"] == {"sizeInGiB": 50}


def test_it_is_registered_as_asked_for_and_stays_so(lab: Lab) -> None:
    where = {"CLUSTER": (("cluster", "name"),)}
    secrets = {"TOKEN": (SECRET,)}
    one = definition(needs=(Need("cluster"),), environment=where, secrets=secrets, ephemeral_storage=30)
    wanted = [*roles(), cluster(), one]
    lab.up(wanted)
    answer = lab.client("ecs").describe_task_definition(taskDefinition="definition", include=["TAGS"])
    found = answer["taskDefinition"]
    assert found["ephemeralStorage"] == {"sizeInGiB": 30}
    (told,) = found["containerDefinitions"]
    assert told["environment"] == [{"name": "CLUSTER", "value": "main"}]
    assert told["secrets"] == [{"name": "TOKEN", "valueFrom": SECRET}]
    assert {"key": "provisioner:step", "value": "definition"} in answer["tags"]
    assert lab.changed(wanted) == []


def test_another_wish_is_another_revision_and_all_go_at_the_end(lab: Lab) -> None:
    lab.up([*roles(), definition()])
    assert lab.changed([*roles(), definition(environment={"A": ("1",)})]) == ["RegisterTaskDefinition"]
    assert lab.changed([*roles(), definition(environment={"A": ("1",)})]) == []
    assert registered(lab) == ["definition:1", "definition:2"]
    lab.down()
    assert registered(lab) + registered(lab, "INACTIVE") == []


def test_a_lost_answer_makes_no_second_revision(lab: Lab) -> None:
    lab.sandbox.faults([{"action": "RegisterTaskDefinition", "do": "drop-after"}])
    lab.up([*roles(), definition()])
    assert registered(lab) == ["definition:1"]
    assert lab.changed([*roles(), definition()]) == []


def test_revisions_of_others_in_the_family_stay(lab: Lab) -> None:
    parameters: dict[str, Any] = {"family": "definition", "containerDefinitions": [CONTAINER]}
    size = {"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512"}
    ecs = lab.client("ecs")
    ecs.register_task_definition(**parameters, **size)
    ecs.register_task_definition(**{**parameters, "family": "definition-too"}, **size)
    lab.up([*roles(), definition()])
    assert lab.id_of("definition").endswith(":2")
    lab.down()
    assert registered(lab) == ["definition:1", "definition-too:1"]
