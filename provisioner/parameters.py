"""What settings of the stack file are as parameters of AWS calls. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.model import ContainerHealthCheck, Cors, Function, LoadBalancer, Service, Stack, Statement
from provisioner.references import (
    URL_VARIABLE,
    Pieces,
    database_variables,
    for_environments,
    pieces,
)

_LOG_BUFFER = "25m"
_CALLS = "provisioner.calls"
_WHERE_TARGETS_LISTEN = "traffic-port"


def container_definition(name: str, service: Service, region: str, log_group: str) -> dict[str, Any]:
    """The service's one container. Its log driver never blocks it: a slow log costs lines, not requests.

    Its port has the service's name, by which Service Connect refers to it.
    """
    port = {"name": name, "containerPort": service.port, "hostPort": service.port, "protocol": "tcp"}
    found: dict[str, Any] = {
        "name": name,
        "image": service.image,
        "essential": True,
        "portMappings": [port],
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
    optional = {
        "command": list(service.command),
        "entryPoint": list(service.entry_point),
        "healthCheck": _container_check(service.container_health_check),
        # A task learns the names that it may call when it starts: others to call need other tasks.
        "dockerLabels": {_CALLS: ",".join(sorted(service.calls))} if service.calls else None,
        # The agent that ECS Exec puts into the container leaves children behind.
        "linuxParameters": {"initProcessEnabled": True} if service.exec else None,
    }
    return found | {key: value for key, value in optional.items() if value}


def _container_check(check: ContainerHealthCheck | None) -> dict[str, Any] | None:
    """Times in seconds."""
    if check is None:
        return None
    return {
        "command": list(check.command),
        "interval": check.interval,
        "timeout": check.timeout,
        "retries": check.retries,
        "startPeriod": check.start_period,
    }


def deployment(service: Service) -> dict[str, Any]:
    return {
        "minimumHealthyPercent": service.minimum_percent,
        "maximumPercent": service.maximum_percent,
        # Without a rollback: on a first deployment there is nothing to roll back to, and the failure must be seen.
        "deploymentCircuitBreaker": {"enable": True, "rollback": False},
    }


def health_check(service: Service, balancer: LoadBalancer) -> dict[str, Any]:
    """The target group's health check; times in seconds. A check by TCP knows no path and no status.

    It asks where the tasks listen: AWS's default, said all the same so that a run sets right what hands changed.
    Source: ELB API reference, CreateTargetGroup, HealthCheckPort.
    """
    check = service.health_check
    protocol = check.protocol or ("http" if balancer.type == "application" else "tcp")
    found: dict[str, Any] = {
        "HealthCheckProtocol": protocol.upper(),
        "HealthCheckPort": _WHERE_TARGETS_LISTEN,
        "HealthCheckIntervalSeconds": check.interval,
        "HealthCheckTimeoutSeconds": check.timeout,
        "HealthyThresholdCount": check.healthy_threshold,
        "UnhealthyThresholdCount": check.unhealthy_threshold,
    }
    if protocol == "http":
        found |= {"HealthCheckPath": check.path, "Matcher": {"HttpCode": check.matcher}}
    return found


def balancer_attributes(balancer: LoadBalancer) -> dict[str, str]:
    """Those of its type; truth values in AWS's spelling."""
    own = {
        "application": {"idle_timeout.timeout_seconds": str(balancer.idle_timeout)},
        "network": {"load_balancing.cross_zone.enabled": _flag(balancer.cross_zone)},
    }[balancer.type]
    return {**own, "deletion_protection.enabled": _flag(balancer.deletion_protection)}


def _flag(value: bool) -> str:
    return "true" if value else "false"


def task_environment(stack: Stack, service: Service) -> dict[str, Pieces]:
    """The container's variables, with references taken apart, and where the database is if it is called."""
    found = _values(stack, service.environment)
    return found | _absent(found, database_variables(stack) if "database" in service.calls else {})


def environment(stack: Stack, function: Function) -> dict[str, Pieces]:
    """The function's variables, with references taken apart; `calls` adds where what it calls is."""
    found = _values(stack, function.environment) | {name: (arn,) for name, arn in function.secrets.items()}
    usual: dict[str, Pieces] = {}
    if set(function.calls) - {"database"}:
        usual[URL_VARIABLE] = (("load-balancer", "dns_name"),)
    if "database" in function.calls:
        usual |= database_variables(stack)
    return found | _absent(found, usual)


def _values(stack: Stack, values: Mapping[str, str]) -> dict[str, Pieces]:
    known = for_environments(stack)
    return {name: pieces(text, known) for name, text in values.items()}


def _absent(found: Mapping[str, Pieces], usual: Mapping[str, Pieces]) -> dict[str, Pieces]:
    """What the user has not set to something else."""
    return {name: value for name, value in usual.items() if name not in found}


def statement(one: Statement) -> dict[str, Any]:
    """A statement as `RolePolicy` takes it: resources in pieces."""
    found: dict[str, Any] = {
        "Effect": one.effect,
        "Action": list(one.actions),
        "Resource": [(resource,) for resource in one.resources],
    }
    return {**found, "Condition": one.conditions} if one.conditions else found


def cors(wanted: Cors | None) -> dict[str, Any] | None:
    """As API Gateway and function URLs take it; `MaxAge` in seconds."""
    if wanted is None:
        return None
    found = {
        "AllowOrigins": list(wanted.allow_origins),
        "AllowMethods": list(wanted.allow_methods),
        "AllowHeaders": list(wanted.allow_headers),
        "ExposeHeaders": list(wanted.expose_headers),
        "AllowCredentials": wanted.allow_credentials,
        "MaxAge": wanted.max_age,
    }
    return {key: value for key, value in found.items() if value}
