"""Log groups, made before whatever writes to them, so that they are ours and end after some days."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.blueprint.plan import Plan
from steps.base import Step
from steps.logs import LogGroup

_INSIGHTS_DAYS = 14


def log_groups(plan: Plan) -> Iterator[Step]:
    stack, names = plan.stack, plan.names
    for name, service in stack.services.items():
        yield LogGroup(
            name=f"log-group-service-{name}",
            group_name=names.log_group_service(name),
            retention=service.log_retention_days,
        )
    for name, function in stack.functions.items():
        yield LogGroup(
            name=f"log-group-function-{name}",
            group_name=names.log_group_function(name),
            retention=function.log_retention_days,
        )
    if stack.services and stack.cluster.container_insights and not stack.cluster.existing:
        yield LogGroup(
            name="log-group-container-insights", group_name=names.log_group_insights, retention=_INSIGHTS_DAYS
        )
    if stack.api and stack.api.access_log:
        yield LogGroup(
            name="log-group-api", group_name=names.log_group_api, retention=stack.api.log_retention_days
        )
