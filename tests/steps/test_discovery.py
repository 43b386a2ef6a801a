"""Namespaces: made and deleted by operations, and kept by what Service Connect leaves in them for a while."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from provisioner.pace import Pace
from provisioner.schedule import Failed
from state.record import Record
from steps.base import Job, Need, Pending, Seen, StepFailed
from steps.discovery import Namespace
from steps.lifecycle import Foreign
from steps.services import Connect
from tests.inventory import inventory
from tests.sandbox_fixture import Sandbox
from tests.steps.ground import NAMED, cluster, definition, ground, service
from tests.steps.lab import REGION, Lab

NOTHING: Any = None
SOON = Pace(scale=1200.0)
"""At which what ECS has not taken away is overdue after 0.3 s."""
SOONER = Pace(scale=6000.0)
"""At which patience with a namespace that should go ends after 0.2 s."""


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return Lab(sandbox, tmp_path)


def namespace(description: str = "of a test") -> Namespace:
    return Namespace(name="namespace", namespace_name="shop", description=description)


def connected() -> list[Any]:
    offers = Connect("namespace", "http", "web", 80)
    one = service(needs=(Need("namespace"),), connect=offers)
    return [*ground(), cluster(), namespace(), definition(container=NAMED), one]


def found(lab: Lab) -> dict[str, Any]:
    (told,) = lab.client("servicediscovery").list_namespaces()["Namespaces"]
    return dict(told)


def discovered(lab: Lab) -> list[str]:
    return [one["Name"] for one in lab.client("servicediscovery").list_services()["Services"]]


def test_it_is_as_asked_for_and_stays_so(lab: Lab) -> None:
    lab.up([namespace()])
    told = found(lab)
    assert (told["Name"], told["Type"], told["Description"]) == ("shop", "HTTP", "of a test")
    tags = lab.client("servicediscovery").list_tags_for_resource(ResourceARN=told["Arn"])["Tags"]
    assert {"Key": "provisioner:step", "Value": "namespace"} in tags
    assert lab.id_of("namespace") == "shop"
    assert (lab.outputs("namespace")["arn"], lab.outputs("namespace")["name"]) == (told["Arn"], "shop")
    assert lab.changed([namespace()]) == []
    lab.down()
    assert inventory(lab.sandbox.endpoint, REGION) == {}


def test_its_operation_is_waited_for(lab: Lab) -> None:
    lab.sandbox.latencies({"namespace.http.created": 0.2, "namespace.deleted": 0.2})
    lab.up([namespace()])
    assert any(said.startswith("creating: ") for said in lab.said("namespace"))
    assert lab.outputs("namespace")["arn"] == found(lab)["Arn"]
    lab.sandbox.forget_calls()
    lab.down()
    assert [call["action"] for call in lab.sandbox.calls(mutating=True)] == ["DeleteNamespace"]
    assert any(said.startswith("deleting: ") for said in lab.said("namespace"))


def test_a_deletion_that_an_earlier_run_began_is_waited_for(lab: Lab) -> None:
    lab.sandbox.latencies({"namespace.deleted": 0.2})
    lab.up([namespace()])
    lab.client("servicediscovery").delete_namespace(Id=found(lab)["Id"])
    lab.down()
    assert any(said.startswith("DuplicateRequest") for said in lab.said("namespace"))
    assert inventory(lab.sandbox.endpoint, REGION) == {}


@pytest.mark.parametrize("took", [0.0, 0.2])
def test_a_lost_answer_makes_no_second_one(lab: Lab, took: float) -> None:
    lab.sandbox.latencies({"namespace.http.created": took})
    lab.sandbox.faults([{"action": "CreateHttpNamespace", "do": "drop-after", "times": 2}])
    lab.up([namespace()])
    assert lab.outputs("namespace")["arn"] == found(lab)["Arn"]
    assert lab.changed([namespace()]) == []
    lab.down()
    assert inventory(lab.sandbox.endpoint, REGION) == {}


def test_another_description_is_set_in_place(lab: Lab) -> None:
    lab.up([namespace()])
    assert lab.changed([namespace("another")]) == ["UpdateHttpNamespace"]
    assert found(lab)["Description"] == "another"
    changed = {"Description": "by hand"}
    lab.client("servicediscovery").update_http_namespace(Id=found(lab)["Id"], Namespace=changed)
    assert lab.changed([namespace("another")]) == ["UpdateHttpNamespace"]
    assert lab.notices() == ["set the description"]
    assert lab.changed([namespace("another")]) == []


def test_what_was_deleted_by_hand_is_made_again(lab: Lab) -> None:
    lab.up([namespace()])
    lab.client("servicediscovery").delete_namespace(Id=found(lab)["Id"])
    assert lab.changed([namespace()]) == ["CreateHttpNamespace"]
    assert lab.outputs("namespace")["arn"] == found(lab)["Arn"]


def test_one_of_the_name_that_is_not_ours_stays(lab: Lab) -> None:
    discovery = lab.client("servicediscovery")
    discovery.create_http_namespace(Name="shop")
    with pytest.raises(Foreign, match="shop exists already"):
        lab.up([namespace()])
    assert found(lab).get("Description", "") == ""


def test_one_that_took_the_name_of_ours_is_not_taken_for_it(lab: Lab) -> None:
    """The name is the id of the record; what bears it now is another stack's."""
    lab.up([namespace()])
    discovery = lab.client("servicediscovery")
    discovery.delete_namespace(Id=found(lab)["Id"])
    tags = [{"Key": "provisioner:stack-id", "Value": "other"}, {"Key": "provisioner:stack", "Value": "other"}]
    discovery.create_http_namespace(Name="shop", Tags=tags)
    with pytest.raises(Foreign, match="belongs to another stack"):
        lab.down()
    assert found(lab)["Name"] == "shop"


def test_what_service_connect_leaves_is_waited_out_and_named(lab: Lab) -> None:
    lab.sandbox.latencies({"ecs.service_connect.removed": 0.3})
    lab.up(connected())
    (key,) = (one["Id"] for one in lab.client("servicediscovery").list_services()["Services"])
    lab.sandbox.forget_calls()
    lab.down()
    assert any(
        "ResourceInUse" in said and f'held by {key} (Cloud Map service "web"' in said
        for said in lab.said("namespace")
    )
    assert "DeleteService" not in swept(lab)
    assert inventory(lab.sandbox.endpoint, REGION) == {}


def swept(lab: Lab) -> list[str]:
    """What was asked of Cloud Map."""
    calls = lab.sandbox.calls(mutating=True)
    return [str(call["action"]) for call in calls if call["service"] == "servicediscovery"]


def test_what_ecs_forgets_is_deleted_after_a_while(lab: Lab) -> None:
    lab.sandbox.latencies({"ecs.service_connect.removed": 1000.0})
    lab.up(connected())
    lab.sandbox.forget_calls()
    lab.pace = SOON
    lab.down()
    assert "DeleteService" in swept(lab)
    assert inventory(lab.sandbox.endpoint, REGION) == {}


def test_services_of_the_users_own_are_never_deleted(lab: Lab) -> None:
    lab.up([namespace()])
    lab.client("servicediscovery").create_service(Name="legacy", NamespaceId=found(lab)["Id"])
    lab.pace = SOONER
    fix = given_up(lab)
    assert re.search(r"srv-.*legacy.*aws servicediscovery delete-service", fix)
    assert discovered(lab) == ["legacy"]


def test_names_of_services_that_live_are_never_deleted(lab: Lab) -> None:
    """Somebody has put an ECS service of theirs, without tasks just now, into our namespace."""
    lab.up([*ground(), cluster(), namespace(), definition(container=NAMED)])
    offer = {"portName": "http", "discoveryName": "guest"}
    lab.client("ecs").create_cluster(clusterName="theirs")
    lab.client("ecs").create_service(
        cluster="theirs",
        serviceName="guest",
        taskDefinition="definition",
        desiredCount=0,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [lab.id_of("subnet")]}},
        serviceConnectConfiguration={"enabled": True, "namespace": "shop", "services": [offer]},
    )
    lab.pace = SOONER
    fix = given_up(lab)
    assert re.search(r"srv-.*guest.*aws ecs delete-service --cluster theirs --service guest", fix)
    assert discovered(lab) == ["guest"]


def given_up(lab: Lab) -> str:
    """What to do, as it is told when the namespace is held for too long."""
    with pytest.raises(Failed, match=r"held by srv-\w+ \(ResourceInUse") as failed:
        lab.down()
    (failure,) = failed.value.failures
    assert isinstance(failure.error, StepFailed)
    return failure.error.fix


class Cloud:
    """Cloud Map with one operation."""

    def __init__(self, **told: str) -> None:
        self.told = told
        self.deletions = 0
        self.clients = self.discovery = self

    def get_operation(self, **parameters: Any) -> dict[str, Any]:
        return {"Operation": self.told}

    def delete_namespace(self, **parameters: Any) -> dict[str, Any]:
        self.deletions += 1
        return {"OperationId": f"deletion-{self.deletions}"}


def a_job(cloud: Any, memo: dict[str, float] | None = None) -> Job:
    record = Record("namespace", "namespace", id="shop", outputs={"operation": "creation"})
    return Job(cloud, record, {}, memo={} if memo is None else memo)


def test_an_operation_that_failed_says_why() -> None:
    cloud = Cloud(Status="FAIL", ErrorCode="ACCESS_DENIED", ErrorMessage="no permission")
    with pytest.raises(StepFailed, match="ACCESS_DENIED: no permission"):
        namespace().settle(a_job(cloud), None)


def test_a_deletion_that_failed_is_tried_again_and_says_why() -> None:
    cloud = Cloud(Status="FAIL", ErrorCode="THROTTLED_REQUEST", ErrorMessage="slower")
    seen = Seen("shop", {"Id": "ns-1", "Arn": "arn"})
    memo: dict[str, float] = {}
    told = [Namespace.delete(a_job(cloud, memo), seen) for _ in range(3)]
    assert told == [Pending("deleting"), Pending("THROTTLED_REQUEST: slower"), Pending("deleting")]
    assert cloud.deletions == 2
