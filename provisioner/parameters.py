"""What settings of the stack file are as parameters of AWS calls. Pure functions."""

from __future__ import annotations

import re
from typing import Any

from provisioner.stack import Function, Service, Stack
from provisioner.stack_references import URL_VARIABLE

Part = str | tuple[str, str]
"""A piece of an environment value: a literal, or the step and output whose value it will be."""

DEPLOYMENT: dict[str, Any] = {
    "minimumHealthyPercent": 100,
    "maximumPercent": 200,
    # Without a rollback: on a first deployment there is nothing to roll back to, and the failure must be seen.
    "deploymentCircuitBreaker": {"enable": True, "rollback": False},
}
GRACE_PERIOD = 30
"""Seconds in which ECS does not stop a fresh task for failing the load balancer's checks."""

_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_LOG_BUFFER = "25m"
_DNS_NAME = ("load-balancer", "dns_name")
_HTTP = 80


def container_definition(name: str, service: Service, region: str, log_group: str) -> dict[str, Any]:
    """The service's one container. Its log driver never blocks it: a slow log costs lines, not requests."""
    return {
        "name": name,
        "image": service.image,
        "essential": True,
        "portMappings": [{"containerPort": service.port, "hostPort": service.port, "protocol": "tcp"}],
        "environment": [{"name": key, "value": value} for key, value in sorted(service.environment.items())],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": log_group,
                "awslogs-region": region,
                "awslogs-stream-prefix": name,
                "mode": "non-blocking",
                "max-buffer-size": _LOG_BUFFER,
            },
        },
    }


def health_check(service: Service) -> dict[str, Any]:
    """The target group's health check; times in seconds."""
    check = service.health_check
    return {
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPath": check.path,
        "HealthCheckIntervalSeconds": check.interval,
        "HealthCheckTimeoutSeconds": check.timeout,
        "HealthyThresholdCount": check.healthy_threshold,
        "UnhealthyThresholdCount": check.unhealthy_threshold,
        "Matcher": {"HttpCode": check.matcher},
    }


def environment(stack: Stack, function: Function) -> dict[str, tuple[Part, ...]]:
    """The function's variables, with references taken apart; `calls` adds where the service is."""
    port = stack.load_balancer.port if stack.load_balancer else _HTTP
    found = {key: _parts(value, port) for key, value in function.environment.items()}
    if function.calls:
        found.setdefault(URL_VARIABLE, (_DNS_NAME,))
    return found


def _parts(value: str, port: int) -> tuple[Part, ...]:
    """`http://${load_balancer.dns_name}/x` as its literal and its referring pieces."""
    parts: list[Part] = []
    for place, piece in enumerate(_REFERENCE.split(value)):
        parts += _refer(piece, port) if place % 2 else [piece] if piece else []
    return tuple(parts)


def _refer(reference: str, port: int) -> tuple[Part, ...]:
    """A service's URL is the load balancer's: it is the load balancer that answers for it."""
    if reference == "load_balancer.dns_name":
        return (_DNS_NAME,)
    return ("http://", _DNS_NAME) if port == _HTTP else ("http://", _DNS_NAME, f":{port}")
