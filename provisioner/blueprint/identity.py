"""Who may do what: a role for each service's tasks, each function, and the database's instance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from provisioner.blueprint.plan import Plan, loose
from provisioner.model import Function, Service
from provisioner.parameters import statement
from provisioner.references import Pieces, for_environments, sources
from steps.base import Need, Step, Until
from steps.identity import Role, RolePolicy, RolePolicyAttachment
from steps.policies import (
    ec2_trust,
    ecs_tasks_trust,
    exec_statement,
    lambda_trust,
    managed,
    reads_parameters,
    reads_secrets,
)


def roles(plan: Plan) -> Iterator[Step]:
    """Early: how long a fresh role takes to be usable everywhere overlaps with all the rest."""
    for name, service in plan.stack.services.items():
        yield from _of_service(plan, name, service)
    for name, function in plan.stack.functions.items():
        yield from _of_function(plan, name, function)
    if plan.stack.database and plan.stack.database.engine == "mongodb":
        yield _role(plan, "database", ec2_trust(), "role of the database's instance")
        yield from _inline("database", "password", [reads_secrets([_database_secret(plan)])])


def _of_service(plan: Plan, name: str, service: Service) -> Iterator[Step]:
    """Two roles: of what starts the tasks, and of the tasks themselves."""
    site = plan.site
    trust = ecs_tasks_trust(site.partition, site.region, site.account)
    for part in ("execution", "task"):
        yield _role(plan, f"{name}-{part}", trust, f"{part} role of service {name}")
    yield _attached(f"{name}-execution", managed(site.partition, "AmazonECSTaskExecutionRolePolicy"))
    yield from _inline(f"{name}-execution", "secrets", _reading(service.secrets.values()))
    task = [statement(one) for one in service.policy]
    if service.exec:
        task.append(exec_statement())
    if "database" in service.calls:
        task.append(reads_secrets([_database_secret(plan)]))
    yield from _inline(f"{name}-task", "stack", task)
    for arn in service.managed_policies:
        yield _attached(f"{name}-task", arn)


def _of_function(plan: Plan, name: str, function: Function) -> Iterator[Step]:
    part = f"{name}-function"
    yield _role(plan, part, lambda_trust(), f"execution role of function {name}")
    policy = "AWSLambdaVPCAccessExecutionRole" if function.vpc else "AWSLambdaBasicExecutionRole"
    # Steps of their own, so that a function may be put into the VPC later: an attachment has one policy for good.
    yield _attached(part, managed(plan.site.partition, policy), "" if function.vpc else "-basic")
    wanted = [*(statement(one) for one in function.policy), *_reading(function.secrets.values())]
    if "database" in function.calls:
        wanted.append(reads_secrets([_database_secret(plan)]))
    yield from _inline(part, "stack", wanted)
    for arn in function.managed_policies:
        yield _attached(part, arn)


def _role(plan: Plan, part: str, trust: dict[str, Any], what: str) -> Step:
    return Role(
        name=f"role-{part}",
        role_name=plan.names.role(part),
        trust=trust,
        description=f"{what} of stack {plan.stack.name}",
    )


def _attached(role: str, arn: str, more: str = "") -> Step:
    """The service's own policy is `policy-ROLE`; those that the user wants bear their names besides."""
    own = "/service-role/" in arn
    name = f"policy-{role}{more}" if own else f"policy-{role}-{arn.rsplit('/', 1)[-1]}"
    return RolePolicyAttachment(
        name=name, needs=(Need(f"role-{role}", Until.EXISTS),), role=f"role-{role}", policy_arn=arn
    )


def _inline(role: str, name: str, statements: Sequence[dict[str, Any]]) -> Iterator[Step]:
    if statements:
        used = sources(pieces for one in statements for pieces in one["Resource"])
        yield RolePolicy(
            name=f"inline-policy-{role}-{name}",
            needs=(Need(f"role-{role}", Until.EXISTS), *loose(*used, until=Until.READY)),
            role=f"role-{role}",
            policy_name=name,
            statements=tuple(statements),
        )


def policies_of(plan: Plan, role: str) -> tuple[str, ...]:
    """The steps of all that is attached to a role or written into it: what its user needs before it starts."""
    return tuple(
        step.name
        for step in roles(plan)
        if isinstance(step, RolePolicy | RolePolicyAttachment) and step.role == f"role-{role}"
    )


def _reading(arns: Iterable[str]) -> list[dict[str, Any]]:
    """What lets a role read these secrets and parameters."""
    parameters = [(arn,) for arn in arns if ":ssm:" in arn]
    secrets = [(arn,) for arn in arns if ":ssm:" not in arn]
    found = [reads_secrets(secrets)] if secrets else []
    return [*found, reads_parameters(parameters)] if parameters else found


def _database_secret(plan: Plan) -> Pieces:
    return for_environments(plan.stack)["database.secret_arn"]
