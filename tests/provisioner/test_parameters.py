"""Settings as parameters of AWS calls."""

from __future__ import annotations

import pytest

from provisioner.parameters import container_definition, environment, health_check
from provisioner.stack import Function, LoadBalancer, Service, Stack

NAME = ("load-balancer", "dns_name")


def a_function(**variables: str) -> Function:
    return Function.model_validate({"source": "/nowhere", "environment": variables})


@pytest.mark.parametrize(
    ("value", "port", "parts"),
    [
        ("plain", 80, ("plain",)),
        ("", 80, ()),
        ("${load_balancer.dns_name}", 80, (NAME,)),
        ("https://${load_balancer.dns_name}/x", 80, ("https://", NAME, "/x")),
        ("${load_balancer.url}", 80, ("http://", NAME)),
        ("${services.web.url}/x", 8080, ("http://", NAME, ":8080", "/x")),
    ],
)
def test_references_are_taken_apart(value: str, port: int, parts: tuple[object, ...]) -> None:
    stack = Stack.model_construct(load_balancer=LoadBalancer.model_validate({"port": port}))
    assert environment(stack, a_function(KEY=value)) == {"KEY": parts}


def test_a_caller_is_told_where_the_service_is_unless_it_was_told_otherwise() -> None:
    stack = Stack.model_construct(load_balancer=LoadBalancer.model_validate({}))
    caller = Function.model_validate({"source": "/nowhere", "calls": ["web"]})
    told = Function.model_validate(
        {"source": "/nowhere", "calls": ["web"], "environment": {"FARGATE_ALB_URL": "x"}}
    )
    assert environment(stack, caller) == {"FARGATE_ALB_URL": (NAME,)}
    assert environment(stack, told) == {"FARGATE_ALB_URL": ("x",)}


def test_the_container_logs_without_ever_waiting_for_the_log() -> None:
    service = Service.model_validate({"image": "nginx", "port": 8080, "environment": {"B": "2", "A": "1"}})
    container = container_definition("web", service, "eu-west-1", "/ecs/demo/web")
    assert container["logConfiguration"]["options"] == {
        "awslogs-group": "/ecs/demo/web",
        "awslogs-region": "eu-west-1",
        "awslogs-stream-prefix": "web",
        "mode": "non-blocking",
        "max-buffer-size": "25m",
    }
    assert container["portMappings"] == [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}]
    assert [pair["name"] for pair in container["environment"]] == ["A", "B"]


def test_the_health_check_is_the_stack_files() -> None:
    service = Service.model_validate({"image": "x", "port": 80, "health_check": {"path": "/up", "interval": 6}})
    assert health_check(service)["HealthCheckPath"] == "/up"
    assert health_check(service)["HealthCheckIntervalSeconds"] == 6
