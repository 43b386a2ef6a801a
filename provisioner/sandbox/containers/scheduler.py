"""The scheduler of ECS services: starts and stops tasks until a service is what it is asked to be.

It looks at a service whenever something happened to one of its tasks, and now and then at what its load balancers
find.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from provisioner.sandbox.containers import discovery, launches, service_targets
from provisioner.sandbox.containers.deployments import Deployment, threshold
from provisioner.sandbox.containers.services import Service
from provisioner.sandbox.containers.tasks import EXITED, FAILED_TO_START, CannotLaunch, Task

_SCHEDULER = "ServiceSchedulerInitiated"
_FAILED = "ECS deployment circuit breaker: tasks failed to start."
_LONGEST_REST = 900.0
_IMPAIRED = 3
# Seconds of ours before something is done again, at least and at most: AWS's may be nothing in ours, or many.
_SOONEST, _LATEST = 0.05, 2.0
# Seconds of AWS's between two looks at targets: the longer nothing has happened, the more.
_FIRST_LOOK, _LAST_LOOK, _SHARE = 5.0, 120.0, 8
# AWS puts off the next start only while tasks do not even come to run. Here also after so many failures in a row:
# a service that is left alone for a night must not keep us busy.
_FORGOTTEN = 20


def wake(service: Service) -> None:
    """Have a service looked at, once for all that happens at this moment."""
    if not service.awake:
        service.awake = True
        service.site.world.clock.later(0.0, lambda: _proceed(service))


def drain(service: Service) -> None:
    """Begin to end a service: DRAINING until its last task has stopped, and for a moment after."""
    service.status, service.desired = "DRAINING", 0
    wake(service)


def stop(service: Service, task: Task, reason: str) -> None:
    """Stop one task by hand; another takes its place."""
    task.stop("UserInitiated", reason, service_targets.draining(service, task))


def _proceed(service: Service) -> None:
    service.awake = False
    service_targets.register(service)
    for act in _ACTS[service.status]:
        act(service)
    service_targets.deregister(service)
    service.tasks = [task for task in service.tasks if task.status != "STOPPED"]


def _drain(service: Service) -> None:
    _stop(service, service.staying())
    if all(task.status == "STOPPED" for task in service.tasks) and not service.ending:
        service.ending = True
        service.site.later("ecs.service.inactive", lambda: _end(service))


def _end(service: Service) -> None:
    service.status = "INACTIVE"
    service.deployments = []
    discovery.close(service)


def _check(service: Service) -> None:
    """Find out which tasks are well, and stop those that a load balancer calls unhealthy."""
    service.well = set()
    for task in service.staying():
        if task.status == "RUNNING":
            _judge(service, task)
    for deployment in service.deployments:
        if deployment.checked and service.well_of(deployment):
            deployment.prove()


def _judge(service: Service, task: Task) -> None:
    found = service_targets.health(service, task)
    if task.settled and all(health.state == "healthy" for _, health in found):
        service.well.add(task.id)
    young = service.site.world.clock.now() - task.since < service.grace
    for (group, port), health in found:
        if health.state == "unhealthy" and not young and not task.leaving:
            where, why = f"(target-group {group})", f"(reason {health.description})"
            service.tell(f"(task {task.id}) (port {port}) is unhealthy in {where} due to {why}")
            _note_failure(service, service.deployment_of(task), grows=False)
            drained = service_targets.draining(service, task)
            task.stop(_SCHEDULER, f"Task failed ELB health checks in {where}", drained)


def _break(service: Service) -> None:
    """Give a deployment up, if that is wished for and too many of its tasks failed."""
    primary, breaker = service.primary, service.settings["deploymentConfiguration"]["deploymentCircuitBreaker"]
    if primary.rollout != "IN_PROGRESS" or not breaker.get("enable"):
        return
    if primary.failed < threshold(breaker, service.desired):
        return
    primary.become("FAILED", _FAILED)
    service.tell(f"(deployment {primary.id}) deployment failed: tasks failed to start.")
    if breaker.get("rollback") and not primary.rolls_back:
        _roll_back(service)


def _roll_back(service: Service) -> None:
    last = next((one for one in service.history if one.rollout == "COMPLETED"), None)
    if last is None:
        service.tell("no rollback candidate was found to run the rollback.")
        return
    service.tell(f"rolling back to deployment {last.id}.")
    reason = f"ECS deployment circuit breaker: rolling back to deploymentId {last.id}."
    discovery.connect(service, service.return_to(last, reason))


def _scale(service: Service) -> None:
    """Stop the youngest of too many tasks."""
    _stop(service, service.staying(service.primary)[service.desired :])


def _replace(service: Service) -> None:
    """Stop tasks of former deployments, as many as the rest can spare."""
    former = [task for task in service.staying() if task.plan.started_by != service.primary.id]
    share = service.settings["deploymentConfiguration"]["minimumHealthyPercent"]
    spare = sum(task.id in service.well for task in service.staying()) - math.ceil(service.desired * share / 100)
    useless = [task for task in former if task.id not in service.well]
    useful = [task for task in former if task.id in service.well]
    if service.primary.rollout != "FAILED":
        _stop(service, [*useless, *useful[: max(spare, 0)]])


def _start(service: Service) -> None:
    """Start what is missing, as far as there may be more tasks than desired."""
    primary, clock = service.primary, service.site.world.clock
    share = service.settings["deploymentConfiguration"]["maximumPercent"]
    room = math.floor(service.desired * share / 100) - len(service.staying())
    missing = service.desired - len(service.staying(primary))
    if primary.rollout == "FAILED" or clock.now() < service.rests_until:
        return
    _announce(service, "started", "tasks", _launched(service, primary, min(missing, room)))


def _launched(service: Service, deployment: Deployment, count: int) -> list[Task]:
    started: list[Task] = []
    for _ in range(count):
        try:
            task = launches.launch(service, deployment, lambda task: _noticed(service, task))
        except CannotLaunch as why:
            service.tell(str(why))
            _note_failure(service, deployment, grows=True)
            break
        service.tasks.append(task)
        started.append(task)
        task.begin()
    return started


def _stop(service: Service, leaving: Sequence[Task]) -> None:
    for task in leaving:
        drained = service_targets.draining(service, task)
        task.stop(_SCHEDULER, f"Scaling activity initiated by (deployment {service.primary.id})", drained)
    _announce(service, "stopped", "running tasks", leaving)


def _announce(service: Service, done: str, what: str, tasks: Sequence[Task]) -> None:
    if tasks:
        names = " ".join(f"(task {task.id})" for task in tasks)
        service.tell(f"has {done} {len(tasks)} {what}: {names}.")


def _finish(service: Service) -> None:
    """Forget deployments that have no tasks left, and be steady a moment after everything is as desired."""
    primary = service.primary
    service.deployments = [one for one in service.deployments if one is primary or service.has_tasks(one)]
    before, service.steady = service.steady, service.is_as_desired()
    if service.steady and not before and primary.rollout != "FAILED":
        service.site.later("ecs.deployment.completed", lambda: _complete(service, primary))


def _complete(service: Service, deployment: Deployment) -> None:
    if not service.steady or service.deployments[:1] != [deployment]:
        return
    deployment.prove()
    service.streak = 0
    if deployment.rollout == "IN_PROGRESS":
        deployment.become("COMPLETED", f"ECS deployment {deployment.id} completed.")
        service.tell(f"(deployment {deployment.id}) deployment completed.")
    service.tell("has reached a steady state.")


def _watch(service: Service) -> None:
    """Look again at what load balancers find."""
    balanced = any(service_targets.places(service, task) for task in service.staying())
    if service.watched or not service.targets or not balanced:
        return
    service.watched = True
    pace, clock = service.site.world.latencies, service.site.world.clock
    soonest, latest = max(pace.scaled(_FIRST_LOOK), _SOONEST), max(pace.scaled(_LAST_LOOK), _LATEST)
    wait = min(max((clock.now() - service.told_at) / _SHARE, soonest), latest)

    def look() -> None:
        service.watched = False
        _proceed(service)

    clock.later(wait, look)


def _noticed(service: Service, task: Task) -> None:
    if task.status == "DEPROVISIONING" and task.stop_code in (FAILED_TO_START, EXITED):
        _note_failure(service, service.deployment_of(task), grows=not task.ran)
    wake(service)


def _note_failure(service: Service, deployment: Deployment | None, *, grows: bool) -> None:
    """Count it, and rest before the next start: longer and longer while tasks do not even come to run."""
    if deployment is not None:
        deployment.note_failure()
    service.streak += 1
    if service.streak == _IMPAIRED:
        service.tell(f"is unable to consistently start tasks successfully. {launches.GUIDE}")
    pace, clock = service.site.world.latencies, service.site.world.clock
    growth = 2 ** min(service.streak - 1 if grows else service.streak // _FORGOTTEN, 8)
    longest = max(pace.scaled(_LONGEST_REST), _LATEST)
    rest = min(max(pace.seconds("ecs.task.restart"), _SOONEST) * growth, longest)
    service.rests_until = clock.now() + rest
    clock.later(rest, lambda: wake(service))


_ACTS = {
    "ACTIVE": (_check, _break, _scale, _replace, _start, _finish, _watch),
    "DRAINING": (_drain,),
    "INACTIVE": (),
}
