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
    service = {"image": "nginx", "port": 80}
    stack = Stack.model_validate({"name": "x", "load_balancer": {"port": port}, "services": {"web": service}})
    assert environment(stack, a_function(KEY=value)) == {"KEY": parts}


def test_a_caller_is_told_where_the_service_is_unless_it_was_told_otherwise() -> None:
    stack = Stack.model_validate({"name": "x", "load_balancer": {}})
    caller = Function.model_validate({"source": "/nowhere", "calls": ["web"]})
    told = Function.model_validate(
        {"source": "/nowhere", "calls": ["web"], "environment": {"FARGATE_ALB_URL": "x"}}
    )
    assert environment(stack, caller) == {"FARGATE_ALB_URL": (NAME,)}
    assert environment(stack, told) == {"FARGATE_ALB_URL": ("x",)}


def test_the_container_logs_without_ever_waiting_for_the_log() -> None:
    service = Service.model_validate({"image": "nginx", "port": 8080})
    container = container_definition("web", service, "eu-west-1", "/ecs/demo/web")
    assert container["logConfiguration"]["options"] == {
        "awslogs-group": "/ecs/demo/web",
        "awslogs-region": "eu-west-1",
        "awslogs-stream-prefix": "web",
        "mode": "non-blocking",
        "max-buffer-size": "25m",
    }
    port = {"name": "web", "containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}
    assert container["portMappings"] == [port]


def test_the_health_check_is_the_stack_files() -> None:
    service = Service.model_validate({"image": "x", "port": 80, "health_check": {"path": "/up", "interval": 6}})
    found = health_check(service, LoadBalancer())
    assert found["HealthCheckPath"] == "/up"
    assert found["HealthCheckIntervalSeconds"] == 6


def test_a_check_by_tcp_knows_no_path_and_no_status() -> None:
    service = Service.model_validate({"image": "x", "port": 80})
    found = health_check(service, LoadBalancer(type="network"))
    assert found["HealthCheckProtocol"] == "TCP"
    assert not {"HealthCheckPath", "Matcher"} & found.keys()


def test_what_is_encrypted_is_named_as_such_and_under_the_stacks_own_name() -> None:
    text = {
        "name": "x",
        "load_balancer": {"tls": {}},
        "dns": {"zone": "api.example.com"},
        "services": {"web": {"image": "nginx", "port": 80}},
    }
    found = environment(Stack.model_validate(text), a_function(KEY="${services.web.url}"))
    assert found == {"KEY": ("https://", "api.example.com")}


def test_who_calls_the_database_is_told_where_it_is_and_never_its_password() -> None:
    stack = Stack.model_validate({"name": "x", "database": {"engine": "mongodb"}})
    found = environment(stack, Function.model_validate({"source": "/nowhere", "calls": ["database"]}))
    assert found["DATABASE_HOST"] == ("db.x.internal",)
    assert found["DATABASE_PORT"] == ("27017",)
    assert found["DATABASE_SECRET_ARN"] == (("secret-database", "arn"),)
    assert not [name for name in found if "PASSWORD" in name]
