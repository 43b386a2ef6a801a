"""The start of one task, for a service or alone: whether it may be, and where is room for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from provisioner.sandbox import trust
from provisioner.sandbox.call import Site
from provisioner.sandbox.containers import discovery
from provisioner.sandbox.containers.deployments import Deployment
from provisioner.sandbox.containers.services import Service
from provisioner.sandbox.containers.tasks import CannotLaunch, Plan, Task
from provisioner.sandbox.faults import Fault

GUIDE = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
_NO_CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different availability zone."
_NO_INSTANCE = (
    "because no container instance met all of its requirements. Reason: No Container Instances were found"
)
_TRUST = (
    "Please verify that the role being passed has the proper trust relationship and permissions and that your IAM"
)
_PRINCIPAL = "ecs-tasks.amazonaws.com"


def launch(service: Service, deployment: Deployment, noticed: Callable[[Task], None]) -> Task:
    """A new task of the deployment, whose life is to be begun. Raises CannotLaunch."""
    if deployment.settings.get("launchType") not in (None, "FARGATE"):
        raise CannotLaunch(f"was unable to place a task {_NO_INSTANCE} in your cluster. {GUIDE}")
    if reason := _no_capacity(service.site):
        raise CannotLaunch(f"was unable to place a task. Reason: {reason} {GUIDE}")
    plan = replace(service.plan(deployment), names=lambda: discovery.names_for(service, deployment))
    try:
        _check_roles(service.site, plan)
        return Task(service.site, plan, _subnet(service, plan), noticed)
    except CannotLaunch as why:
        raise CannotLaunch(f"failed to launch a task with (error {why}).") from None


def alone(site: Site, plan: Plan, subnet: str) -> Task:
    """A task that belongs to no service, with its life begun. Raises CannotLaunch."""
    if reason := _no_capacity(site):
        raise CannotLaunch(reason)
    task = Task(site, plan, subnet, lambda changed: None)
    task.begin()
    return task


def _no_capacity(site: Site) -> str | None:
    """What a test wants Fargate to say instead of starting a task."""
    fault = site.world.faults.strike("no-capacity", "ecs")
    if fault is None:
        return None
    return _NO_CAPACITY if fault.message == Fault.message else fault.message


def _check_roles(site: Site, plan: Plan) -> None:
    """Raises CannotLaunch for a role that tasks cannot assume."""
    for name in ("execution_role_arn", "task_role_arn"):
        role = getattr(plan.definition, name, None)
        if role and not trust.assumable(site, role, _PRINCIPAL, "ecs"):
            what = f"ECS was unable to assume the role '{role}' that was provided for this task."
            raise CannotLaunch(f"{what} {_TRUST} user has permissions to pass this role.")


def _subnet(service: Service, plan: Plan) -> str:
    """The one with the fewest tasks."""
    taken = Counter(str(task.interface.subnet.id) for task in service.staying())
    subnets: list[str] = list(plan.network["subnets"])
    return min(subnets, key=lambda subnet: taken[subnet])
