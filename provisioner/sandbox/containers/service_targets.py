"""Where the tasks of a service are found: as targets of its load balancers, and in Cloud Map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from provisioner.sandbox import backends
from provisioner.sandbox.containers import discovery
from provisioner.sandbox.containers.services import Service
from provisioner.sandbox.containers.tasks import Task
from provisioner.sandbox.elb import targets
from provisioner.sandbox.elb.target_health import Health

Place = tuple[str, int]
"""A target group and a port."""


def register(service: Service) -> None:
    """Make those known that have come to run."""
    new = [task for task in service.staying() if task.status == "RUNNING" and task.id not in service.targets]
    service.targets |= {task.id for task in new}
    for task in new:
        discovery.enter(service, task)
    for (group, port), found in _by_place(service, new).items():
        if group not in backends.elbv2(service.site).target_groups:
            error = "(error The specified target group does not exist)"
            service.tell(f"failed to register targets in (target-group {group}) with {error}.")
            continue
        for task in found:
            targets.register(service.site, group, task.address, port)
        service.tell(f"registered {len(found)} targets in (target-group {group})")


def deregister(service: Service) -> None:
    """Begin to take those away that are to stop."""
    gone = [task for task in service.tasks if task.leaving and task.id in service.targets]
    service.targets -= {task.id for task in gone}
    for task in gone:
        discovery.leave(service, task)
    for (group, port), found in _by_place(service, gone).items():
        for task in found:
            targets.deregister(service.site, group, task.address, port)
        service.tell(f"deregistered {len(found)} targets in (target-group {group})")
    balanced = Counter(task.plan.started_by for task in gone if places(service, task))
    for deployment, count in balanced.items():
        service.tell(f"has begun draining connections on {count} tasks.", f", taskSet {deployment}")


def draining(service: Service, task: Task) -> float:
    """Seconds of ours for which its load balancers let a task finish what it began."""
    known = backends.elbv2(service.site).target_groups
    told = places(service, task) if task.id in service.targets else []
    groups = [known[group] for group, _ in told if group in known]
    delays = [float(str(one.attributes.get("deregistration_delay.timeout_seconds", 0))) for one in groups]
    return service.site.world.latencies.scaled(max(delays, default=0.0))


def health(service: Service, task: Task) -> list[tuple[Place, Health]]:
    """What each of its load balancers finds of a task."""
    told = places(service, task)
    return [((group, port), targets.health(service.site, group, task.address, port)) for group, port in told]


def places(service: Service, task: Task) -> list[Place]:
    """Where a task is a target, by the deployment that it belongs to."""
    deployment = service.deployment_of(task)
    told = deployment.balancers if deployment is not None else []
    return [(one["targetGroupArn"], one["containerPort"]) for one in told]


def _by_place(service: Service, tasks: Iterable[Task]) -> dict[Place, list[Task]]:
    found: dict[Place, list[Task]] = {}
    for task in tasks:
        for place in places(service, task):
            found.setdefault(place, []).append(task)
    return found
