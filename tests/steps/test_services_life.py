"""Services from their making to their end, as ECS sees them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioner.schedule import Failed
from steps.base import Need, Step
from steps.clusters import ExistingCluster
from steps.discovery import Namespace
from steps.lifecycle import Foreign
from steps.services import Connect
from tests.inventory import inventory
from tests.sandbox_fixture import Sandbox
from tests.steps.ground import NAMED, cluster, definition, ground, service
from tests.steps.lab import REGION, Lab

SPOT = ("FARGATE", "FARGATE_SPOT")
NAMESPACE = Namespace(name="namespace", namespace_name="shop")
IN_NAMESPACE = (Need("namespace"),)
OFFERS = Connect("namespace", "http", "web", 80)


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return Lab(sandbox, tmp_path)


def steps(**more: Any) -> list[Step]:
    """A service with these wishes, in a cluster that has what they need."""
    providers = SPOT if more.get("spot") else ()
    container: dict[str, Any] = {"container": NAMED} if more.get("connect") else {}
    connected = [NAMESPACE] if more.get("connect") else []
    needs = {"needs": IN_NAMESPACE} if more.get("connect") else {}
    return [
        *ground(),
        cluster(capacity_providers=providers),
        *connected,
        definition(**container),
        service(**{**needs, **more}),
    ]


def described(lab: Lab, name: str = "web", of: str = "main") -> dict[str, Any]:
    answer = lab.client("ecs").describe_services(cluster=of, services=[name], include=["TAGS"])
    found: dict[str, Any] = answer["services"][0]
    return found


def tasks(lab: Lab) -> list[dict[str, Any]]:
    ecs = lab.client("ecs")
    arns = ecs.list_tasks(cluster="main")["taskArns"]
    found: list[dict[str, Any]] = ecs.describe_tasks(cluster="main", tasks=arns)["tasks"] if arns else []
    return found


def test_without_a_load_balancer_it_runs_and_ends(lab: Lab) -> None:
    wanted = steps(exec=True)
    lab.up(wanted)
    found = described(lab)
    assert (found["runningCount"], found["launchType"], found["loadBalancers"]) == (1, "FARGATE", [])
    assert found["enableExecuteCommand"] is True
    assert found["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "ENABLED"
    assert {"key": "provisioner:step", "value": "service"} in found["tags"]
    assert lab.changed(wanted) == []
    lab.down()
    assert described(lab)["status"] == "INACTIVE"
    assert inventory(lab.sandbox.endpoint, REGION) == {}


def test_on_spot_and_back(lab: Lab) -> None:
    lab.up(steps(spot=True))
    assert [task["capacityProviderName"] for task in tasks(lab)] == ["FARGATE_SPOT"]
    assert lab.changed(steps(spot=True)) == []
    assert lab.changed(steps()) == ["UpdateService"]
    assert lab.notices() == ["set capacityProviderStrategy"]
    assert (described(lab)["launchType"], ["capacityProviderName" in task for task in tasks(lab)]) == (
        "FARGATE",
        [False],
    )
    assert lab.changed(steps()) == []
    assert lab.changed(steps(spot=True)) == ["UpdateService"]
    assert [task["capacityProviderName"] for task in tasks(lab)] == ["FARGATE_SPOT"]


def test_spot_without_room_is_told(lab: Lab) -> None:
    lab.sandbox.faults([{"do": "no-capacity", "service": "ecs", "times": None}])
    with pytest.raises(Failed, match="Capacity is unavailable"):
        lab.up(steps(spot=True))
    assert any(said.endswith("[of FARGATE_SPOT]") for said in lab.said("service"))


def test_it_joins_a_namespace_and_leaves_it(lab: Lab) -> None:
    wanted = steps(connect=OFFERS)
    lab.up(wanted)
    (deployment,) = described(lab)["deployments"]
    assert deployment["serviceConnectConfiguration"]["services"] == [
        {"portName": "http", "discoveryName": "web", "clientAliases": [{"port": 80, "dnsName": "web"}]}
    ]
    assert deployment["serviceConnectConfiguration"]["namespace"] == lab.outputs("namespace")["arn"]
    assert lab.changed(wanted) == []
    plain = [*ground(), cluster(), NAMESPACE, definition(container=NAMED), service()]
    assert lab.changed(plain) == ["UpdateService"]
    assert described(lab)["deployments"][0]["serviceConnectConfiguration"] == {"enabled": False}
    assert lab.changed(plain) == []
    assert lab.changed(wanted) == ["UpdateService"]
    lab.down()
    assert inventory(lab.sandbox.endpoint, REGION) == {}


def test_one_that_only_calls_offers_nothing(lab: Lab) -> None:
    wanted = steps(connect=Connect("namespace"))
    lab.up(wanted)
    assert "services" not in described(lab)["deployments"][0]["serviceConnectConfiguration"]
    assert lab.client("servicediscovery").list_services()["Services"] == []
    assert lab.changed(wanted) == []


def test_another_task_definition_and_port_go_together(lab: Lab) -> None:
    """Each alone would be refused: the port's name must be the task definition's."""
    lab.up(steps(connect=OFFERS))
    renamed = {**NAMED, "portMappings": [{"containerPort": 80, "name": "public"}]}
    other = Connect("namespace", "public", "web", 80)
    wanted = [
        *ground(),
        cluster(),
        NAMESPACE,
        definition(container=renamed),
        service(needs=IN_NAMESPACE, connect=other),
    ]
    assert lab.changed(wanted) == ["RegisterTaskDefinition", "UpdateService"]
    assert lab.changed(wanted) == []


def test_it_runs_in_a_cluster_of_the_users(lab: Lab) -> None:
    lab.client("ecs").create_cluster(clusterName="shared", capacityProviders=list(SPOT))
    existing = ExistingCluster(name="cluster", given="shared")
    wanted = [*ground(), existing, definition(), service(spot=True)]
    lab.up(wanted)
    assert described(lab, of="shared")["runningCount"] == 1
    assert lab.changed(wanted) == []
    lab.down()
    assert described(lab, of="shared")["status"] == "INACTIVE"
    (left,) = lab.client("ecs").describe_clusters(clusters=["shared"])["clusters"]
    assert left["status"] == "ACTIVE"


def test_a_scaled_count_is_left_within_its_bounds(lab: Lab) -> None:
    wanted = steps(scaled=(1, 3))
    lab.up(wanted)
    change = {"cluster": "main", "service": "web"}
    lab.client("ecs").update_service(desiredCount=3, **change)
    assert lab.changed(wanted) == []
    assert described(lab)["runningCount"] == 3
    lab.client("ecs").update_service(desiredCount=4, **change)
    assert lab.changed(wanted) == ["UpdateService"]
    assert described(lab)["desiredCount"] == 3


def test_a_lost_answer_makes_no_second_one(lab: Lab) -> None:
    lab.sandbox.faults([{"action": "CreateService", "do": "drop-after", "times": 2}])
    lab.up(steps())
    assert len(lab.client("ecs").list_services(cluster="main")["serviceArns"]) == 1
    assert lab.changed(steps()) == []


def test_one_of_the_name_that_is_not_ours_stays(lab: Lab) -> None:
    lab.up([*ground(), cluster(), definition()])
    place = {"subnets": [lab.id_of("subnet")], "assignPublicIp": "ENABLED"}
    lab.client("ecs").create_service(
        cluster="main",
        serviceName="web",
        taskDefinition="definition",
        desiredCount=0,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": place},
    )
    with pytest.raises(Foreign, match="ECS service"):
        lab.up(steps())
    assert described(lab)["desiredCount"] == 0
