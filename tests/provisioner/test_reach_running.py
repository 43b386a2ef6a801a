"""What the tasks of a service need from elsewhere: all of it, in its order, whether or not a task is there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from provisioner.reach import Outcome, Snapshot, hindered, starting
from provisioner.reach.parts import Task, Wants
from provisioner.reach.reading import definitions
from provisioner.reach.things import Endpoint
from tests.provisioner.reach_snapshots import (
    ALL,
    INSIDE,
    balanced,
    group,
    interface,
    named,
    owned,
    public,
    rule,
    settings,
)

IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/web:1"
SECRET = "arn:aws:secretsmanager:us-east-1:111111111111:secret:key-AbCdEf:user::"
ABROAD = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:login"
PARAMETER = "arn:aws:ssm:us-east-1:111111111111:parameter/key"
ALL_OF_IT = Wants((IMAGE,), ("us-east-1",), (PARAMETER, SECRET), (ABROAD,))
NEEDED = [
    f"the registry of {IMAGE}",
    "its log",
    "its secrets (secretsmanager in eu-west-1)",
    "its secrets (secretsmanager)",
    "its secrets (ssm)",
    "web",
]


def stood(wants: Wants = ALL_OF_IT, *, tasks: bool = True, opened: bool = True) -> Snapshot:
    """A service with a way to the internet and, if there are tasks, one with a public address."""
    (service,) = balanced().services
    task = (Task("arn:task", "RUNNING", "eni-b"),) if tasks else ()
    wanted = replace(service, wants=wants, tasks=task, public=True)
    found = balanced("healthy" if tasks else "", services=(wanted,))
    held = dict(found.network.interfaces)
    held["eni-b"] = interface("b", public="203.0.113.50")
    inward = rule("sg-b", INSIDE, port=80) if opened else rule("sg-b", "10.9.0.0/16", port=80)
    groups = named(group("sg-a"), group("sg-b", inward, rule("sg-b", ALL, egress=True)))
    return replace(found, network=replace(public(), interfaces=held, groups=groups))


@pytest.mark.parametrize("tasks", [True, False])
def test_all_that_tasks_need_in_its_order(tasks: bool) -> None:
    found = starting(stood(tasks=tasks), "web")
    assert [one.destination for one in found] == NEEDED
    assert all(one.outcome is Outcome.REACHES for one in found[:-1])
    assert hindered(stood(tasks=tasks), "web") is None


def test_only_what_containers_name_is_needed() -> None:
    """Without CloudWatch's log driver there is no log to reach, without secrets no store of secrets."""
    names = [one.destination for one in starting(stood(Wants((IMAGE,))), "web")]
    assert names == [f"the registry of {IMAGE}", "web"]
    plain = [one.destination for one in starting(stood(Wants(secrets=("key",), credentials=("login",))), "web")]
    assert plain == ["its secrets (secretsmanager)", "its secrets (ssm)", "web"]


HOSTS = {
    "ecr.api": "api.ecr.us-east-1.amazonaws.com",
    "ecr.dkr": "*.dkr.ecr.us-east-1.amazonaws.com",
    "s3": "*.s3.us-east-1.amazonaws.com",
    "logs": "logs.us-east-1.amazonaws.com",
    "secretsmanager": "secretsmanager.us-east-1.amazonaws.com",
}


def endpoint(service: str) -> Endpoint:
    name = f"com.amazonaws.us-east-1.{service}"
    more: dict[str, Any] = {"names": (HOSTS[service],), "interfaces": ("eni-e",)}
    return Endpoint(f"vpce-{service}", "vpc-1", name, "Interface", "available", private_dns=True, **more)


def cut_off(snapshot: Snapshot, *services: str) -> Snapshot:
    """Without the internet, and with endpoints for these services."""
    held = {**snapshot.network.interfaces, "eni-e": replace(interface("a"), id="eni-e", addresses=("10.0.0.20",))}
    opened = group("sg-a", rule("sg-a", INSIDE), rule("sg-a", ALL, egress=True))
    groups = named(opened, snapshot.network.groups["sg-b"])
    there = named(*map(endpoint, services))
    closed = replace(public(), interfaces=held, groups=groups, endpoints=there, internet_gateways={})
    mine = replace(owned(), settings=settings(network={"egress": "none", "endpoints": list(services)}))
    return replace(snapshot, network=closed, owned=mine)


@pytest.mark.parametrize("tasks", [True, False])
@pytest.mark.parametrize(
    ("endpoints", "first"),
    [
        ((), f"the registry of {IMAGE}"),
        (("ecr.api", "ecr.dkr", "s3"), "its log"),
        (("ecr.api", "ecr.dkr", "s3", "logs"), "its secrets (secretsmanager)"),
        (("ecr.api", "ecr.dkr", "s3", "logs", "secretsmanager"), "its secrets (ssm)"),
    ],
)
def test_the_first_that_the_network_keeps_away(tasks: bool, endpoints: tuple[str, ...], first: str) -> None:
    wants = replace(ALL_OF_IT, credentials=())
    found = hindered(cut_off(stood(wants, tasks=tasks), *endpoints), "web")
    assert found is not None
    assert (found.outcome, found.destination) == (Outcome.BLOCKED, first)
    assert found.fix is not None
    assert found.fix.change.startswith("network.endpoints = ")


@pytest.mark.parametrize("tasks", [True, False])
def test_health_checks_that_do_not_get_in(tasks: bool) -> None:
    found = hindered(stood(tasks=tasks, opened=False), "web")
    assert found is not None
    assert found.destination == "web"
    assert found.stop is not None
    assert (found.stop.at, "no rule lets tcp 80 in" in found.stop.why) == ("sg-b", True)


def test_what_is_not_a_service_needs_nothing() -> None:
    assert starting(stood(), "internet") == []
    assert hindered(stood(), "internet") is None


def container(**more: Any) -> dict[str, Any]:
    return {"name": "web", "image": IMAGE, **more}


def test_what_containers_name_in_their_task_definition() -> None:
    log = {"logDriver": "awslogs", "options": {"awslogs-region": "eu-west-1"}}
    other = {"logDriver": "splunk", "secretOptions": [{"name": "splunk-token", "valueFrom": PARAMETER}]}
    login = {"credentialsParameter": ABROAD}
    found = definitions.wants(
        [
            container(logConfiguration=log, secrets=[{"name": "KEY", "valueFrom": SECRET}]),
            container(logConfiguration=other, repositoryCredentials=login),
            container(),
        ]
    )
    assert found == Wants((IMAGE,), ("eu-west-1",), (SECRET, PARAMETER), (ABROAD,))


def test_a_task_definition_that_is_gone_wants_nothing() -> None:
    class Ecs:
        def describe_task_definition(self, **_: str) -> Any:
            raise ClientError({"Error": {"Code": "ClientException", "Message": "no"}}, "DescribeTaskDefinition")

    assert definitions.containers(Ecs(), {"taskDefinition": "web:1"}) == []
