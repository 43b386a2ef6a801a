"""What runs on Fargate."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.blueprint.balancing import reached
from provisioner.blueprint.identity import policies_of
from provisioner.blueprint.plan import Plan, Tier, group, loose
from provisioner.blueprint.security import rules_of
from provisioner.model import Scaling
from provisioner.model import Service as Settings
from provisioner.parameters import container_definition, deployment, task_environment
from provisioner.references import sources
from steps.base import Need, Step, Until
from steps.clusters import Cluster, ExistingCluster
from steps.discovery import Namespace
from steps.scaling import Metric, ScalableTarget, ScalingPolicy
from steps.services import Connect, Service
from steps.task_definitions import TaskDefinition

_SPOT = ("FARGATE", "FARGATE_SPOT")
_BY_REQUESTS: Metric = "ALBRequestCountPerTarget"


def services(plan: Plan) -> Iterator[Step]:
    if not plan.stack.services:
        return
    yield _cluster(plan)
    if plan.stack.service_connect:
        yield Namespace(
            name="namespace",
            namespace_name=plan.stack.service_connect.namespace or plan.stack.name,
            description=f"Service Connect of stack {plan.stack.name}",
        )
    for name in in_order(plan):
        settings = plan.stack.services[name]
        yield _task_definition(plan, name, settings)
        yield _service(plan, name, settings)
        if settings.scaling:
            yield from _scaling(name, settings.scaling)


def _cluster(plan: Plan) -> Step:
    cluster = plan.stack.cluster
    if cluster.existing:
        return ExistingCluster(name="cluster", given=cluster.existing)
    return Cluster(
        name="cluster",
        needs=(Need("log-group-container-insights"),) if cluster.container_insights else (),
        cluster_name=plan.names.cluster,
        container_insights=cluster.container_insights,
        capacity_providers=_SPOT if any(one.spot for one in plan.stack.services.values()) else (),
    )


def in_order(plan: Plan) -> list[str]:
    """Those that are called before those that call them, as far as they do not call each other.

    A task learns of a Service Connect name when it starts, and never later.
    """
    found: list[str] = []
    for name in plan.stack.services:
        _add(plan, name, found, set())
    return found


def _add(plan: Plan, name: str, found: list[str], above: set[str]) -> None:
    if name in found or name in above:
        return
    for called in plan.stack.services[name].calls:
        if called in plan.stack.services:
            _add(plan, called, found, above | {name})
    found.append(name)


def _task_definition(plan: Plan, name: str, settings: Settings) -> Step:
    variables = task_environment(plan.stack, settings)
    log_group = plan.names.log_group_service(name)
    return TaskDefinition(
        name=f"task-definition-{name}",
        needs=(
            Need(f"role-{name}-execution"),
            Need(f"role-{name}-task"),
            Need(f"log-group-service-{name}", Until.EXISTS),
            *loose(*sources(variables.values()), until=_known(plan)),
        ),
        task_family=plan.names.task_family(name),
        container=container_definition(name, settings, plan.site.region, log_group),
        cpu=settings.cpu,
        memory=settings.memory,
        architecture=settings.architecture.upper(),
        execution_role=f"role-{name}-execution",
        task_role=f"role-{name}-task",
        environment=variables,
        secrets={variable: (arn,) for variable, arn in settings.secrets.items()},
        ephemeral_storage=settings.ephemeral_storage,
    )


def _known(plan: Plan) -> Until:
    """A load balancer has its name from birth; where a database is, is known only when it is ready."""
    return Until.READY if plan.stack.database else Until.EXISTS


def _service(plan: Plan, name: str, settings: Settings) -> Step:
    """Its tasks need more than its ids: a way to the registry, their roles' policies, and their rules."""
    public = plan.stack.public_ip(name)
    tier: Tier = "public" if public else "private"
    subnets = plan.subnets(tier)
    balanced = name in plan.stack.balanced
    namespace = (Need("namespace"),) if plan.stack.service_connect else ()
    return Service(
        name=f"service-{name}",
        needs=(
            Need("cluster"),
            Need(f"task-definition-{name}"),
            *reached(plan, name),
            *map(Need, policies_of(plan, f"{name}-execution")),
            *map(Need, policies_of(plan, f"{name}-task")),
            Need(f"log-group-service-{name}"),
            Need(group(f"service-{name}")),
            *map(Need, rules_of(plan, f"service-{name}")),
            *map(Need, subnets),
            *plan.way_out(tier),
            *namespace,
            *loose(*_servers(plan, name)),
        ),
        service_name=plan.names.service(name),
        cluster="cluster",
        task_definition=f"task-definition-{name}",
        count=settings.count,
        subnets=subnets,
        groups=(group(f"service-{name}"),),
        target_group=f"target-group-{name}" if balanced else None,
        container_name=name,
        container_port=settings.port,
        deployment=deployment(settings),
        grace_period=settings.grace_period,
        public_ip=public,
        spot=settings.spot,
        exec=settings.exec,
        connect=_connect(plan, name, settings),
        scaled=(settings.scaling.minimum, settings.scaling.maximum) if settings.scaling else None,
    )


def _servers(plan: Plan, name: str) -> list[str]:
    """The services that must be there when this one's tasks start, for they learn of no later ones."""
    order = in_order(plan)
    before = order[: order.index(name)]
    called = plan.stack.services[name].calls if plan.stack.service_connect else ()
    return [f"service-{one}" for one in called if one in before]


def _connect(plan: Plan, name: str, settings: Settings) -> Connect | None:
    """Every service of the stack is known under its own name, on its own port."""
    if plan.stack.service_connect is None:
        return None
    return Connect(namespace="namespace", port_name=name, discovery_name=name, port=settings.port)


def _scaling(name: str, scaling: Scaling) -> Iterator[Step]:
    target = f"scalable-target-{name}"
    yield ScalableTarget(
        name=target,
        needs=(Need("cluster"), Need(f"service-{name}", Until.EXISTS)),
        service=f"service-{name}",
        cluster="cluster",
        minimum=scaling.minimum,
        maximum=scaling.maximum,
    )
    for metric, value in scaling.targets.items():
        counted = metric == _BY_REQUESTS
        sources_of_requests = ("load-balancer", f"target-group-{name}") if counted else ()
        yield ScalingPolicy(
            name=f"scaling-policy-{name}-{_POLICIES[metric]}",
            needs=(Need(target), *map(Need, sources_of_requests)),
            target=target,
            policy_name=f"{name}-{_POLICIES[metric]}",
            metric=metric,
            value=float(value),
            load_balancer="load-balancer" if counted else None,
            target_group=f"target-group-{name}" if counted else None,
            cooldown_in=scaling.scale_in_cooldown,
            cooldown_out=scaling.scale_out_cooldown,
        )


_POLICIES: dict[Metric, str] = {
    "ECSServiceAverageCPUUtilization": "cpu",
    "ECSServiceAverageMemoryUtilization": "memory",
    _BY_REQUESTS: "requests",
}
