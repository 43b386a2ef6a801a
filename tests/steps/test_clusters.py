"""Clusters of the stack's own and clusters that are there already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioner.run import Refused
from steps.clusters import ExistingCluster
from steps.lifecycle import Foreign
from tests.sandbox_fixture import Sandbox
from tests.steps.ground import cluster
from tests.steps.lab import Lab

SPOT = ("FARGATE", "FARGATE_SPOT")


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return Lab(sandbox, tmp_path)


def described(lab: Lab, name: str = "main") -> dict[str, Any]:
    answer = lab.client("ecs").describe_clusters(clusters=[name], include=["TAGS", "SETTINGS"])
    found: dict[str, Any] = answer["clusters"][0]
    return found


def test_it_is_as_asked_for_and_stays_so(lab: Lab) -> None:
    wanted = [cluster(container_insights=True, capacity_providers=SPOT)]
    lab.up(wanted)
    found = described(lab)
    assert sorted(found["capacityProviders"]) == list(SPOT)
    assert found["settings"] == [{"name": "containerInsights", "value": "enabled"}]
    assert {"key": "provisioner:step", "value": "cluster"} in found["tags"]
    assert lab.outputs("cluster") == {"name": "main", "capacity_providers": list(SPOT)}
    assert lab.changed(wanted) == []
    lab.down()
    assert described(lab)["status"] == "INACTIVE"


def test_what_was_changed_by_hand_is_set_right(lab: Lab) -> None:
    wanted = [cluster(capacity_providers=SPOT)]
    lab.up(wanted)
    insights = [{"name": "containerInsights", "value": "enabled"}]
    strategy = [{"capacityProvider": "FARGATE", "weight": 2}]
    ecs = lab.client("ecs")
    ecs.update_cluster_settings(cluster="main", settings=insights)
    ecs.put_cluster_capacity_providers(
        cluster="main", capacityProviders=["FARGATE"], defaultCapacityProviderStrategy=strategy
    )
    assert lab.changed(wanted) == ["UpdateClusterSettings", "PutClusterCapacityProviders"]
    assert sorted(lab.notices()) == ["added FARGATE_SPOT", "set Container Insights"]
    found = described(lab)
    assert sorted(found["capacityProviders"]) == list(SPOT)
    assert found["defaultCapacityProviderStrategy"][0].items() >= strategy[0].items()
    assert lab.changed(wanted) == []


def test_providers_come_with_a_later_wish_and_never_go(lab: Lab) -> None:
    """One that a service uses cannot be taken away."""
    lab.up([cluster()])
    assert lab.changed([cluster(capacity_providers=SPOT)]) == ["PutClusterCapacityProviders"]
    assert lab.changed([cluster()]) == []
    assert sorted(described(lab)["capacityProviders"]) == list(SPOT)


def test_a_lost_answer_makes_no_second_one(lab: Lab) -> None:
    lab.sandbox.faults([{"action": "CreateCluster", "do": "drop-after"}])
    lab.up([cluster()])
    assert len(lab.client("ecs").list_clusters()["clusterArns"]) == 1
    assert lab.changed([cluster()]) == []


def test_one_of_the_name_that_is_not_ours_stays(lab: Lab) -> None:
    lab.client("ecs").create_cluster(clusterName="main")
    with pytest.raises(Foreign, match="main exists already"):
        lab.up([cluster()])
    assert "tags" not in described(lab) or described(lab)["tags"] == []


@pytest.mark.parametrize("by", ["clusterName", "clusterArn"])
def test_a_cluster_of_the_users_is_used_and_left(lab: Lab, by: str) -> None:
    made = lab.client("ecs").create_cluster(clusterName="shared", capacityProviders=["FARGATE"])["cluster"]
    wanted = [ExistingCluster(name="cluster", given=made[by])]
    assert lab.changed(wanted) == []
    assert lab.id_of("cluster") == made["clusterArn"]
    assert lab.outputs("cluster") == {"name": "shared", "capacity_providers": ["FARGATE"]}
    assert lab.changed(wanted) == []
    lab.sandbox.forget_calls()
    lab.down()
    assert lab.sandbox.calls(mutating=True) == []
    assert described(lab, "shared")["status"] == "ACTIVE"


def test_a_cluster_that_is_not_there_or_has_ended_is_told(lab: Lab) -> None:
    ecs = lab.client("ecs")
    ecs.create_cluster(clusterName="shared")
    ecs.delete_cluster(cluster="shared")
    with pytest.raises(Refused, match="there is no ECS cluster shared"):
        lab.up([ExistingCluster(name="cluster", given="shared")])
