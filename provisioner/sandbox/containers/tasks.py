"""ECS tasks on Fargate: from the interface that is made for one until long after its end."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ecs.models import TaskDefinition

from provisioner.sandbox.call import Site
from provisioner.sandbox.containers import insights, pulls
from provisioner.sandbox.containers.container_logs import Log
from provisioner.sandbox.network import listening, mesh
from provisioner.sandbox.vpc import interfaces

Status = Literal["PROVISIONING", "PENDING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"]
WAITING = ("PROVISIONING", "PENDING")
UP = ("RUNNING", "DEACTIVATING", "STOPPING")
"""Its containers run, be it only until they have been stopped."""
FAILED_TO_START, EXITED = "TaskFailedToStart", "EssentialContainerExited"
KILLED = 137

_LISTED = 3600.0
"""Seconds of AWS's for which a task is described after its end."""
_DEPROVISIONING = 5.0
_EXIT, _MOMENT = 1.0, 3.0
"""Seconds of AWS's until a container that does not work ends, and until one counts as working."""
_STOP_TIMEOUT = 30
_CHECK_INTERVAL = 30


@dataclass(frozen=True)
class Plan:
    """What a task is started with; `network` is the awsvpcConfiguration, without which there is no Fargate.

    `names` are what Service Connect has to tell to a task that starts now: it keeps them for its life.
    """

    cluster: str
    cluster_arn: str
    definition: TaskDefinition
    group: str
    network: Mapping[str, Any]
    started_by: str = ""
    launch_type: str = "FARGATE"
    provider: str = ""
    tags: Sequence[Mapping[str, str]] = ()
    overrides: Mapping[str, Any] = field(default_factory=dict)
    execute_command: bool = False
    names: Callable[[], mesh.Names] = dict


class CannotLaunch(Exception):
    """No task comes about; the text is what ECS says of it."""


class Task:
    """One task, with its interface. `noticed` is told of every change of its state."""

    def __init__(self, site: Site, plan: Plan, subnet: str, noticed: Callable[[Task], None]) -> None:
        self.site = site
        self.plan = plan
        self.id = uuid.uuid4().hex
        self.arn = f"arn:aws:ecs:{site.region}:{site.account}:task/{plan.cluster}/{self.id}"
        self.attachment = str(uuid.uuid4())
        self.interface = _interface(site, plan, subnet, self.attachment)
        self.status: Status = "PROVISIONING"
        self.desired: Status = "RUNNING"
        self.stop_code = self.stopped_reason = self.container_reason = ""
        self.exit_code: int | None = None
        self.settled = False
        """Whether it has run for a moment, and its containers' own health checks passed."""
        self.at = {"createdAt": now()}
        self.since = site.world.clock.now()
        """The clock's second at which it came into its present state."""
        self.draining = 0.0
        """Seconds of ours that its load balancers take to let go of it."""
        self._noticed = noticed
        self._hitch: pulls.Hitch | None = None
        self._visit = object()

    @property
    def definition(self) -> TaskDefinition:
        return self.plan.definition

    @property
    def containers(self) -> list[dict[str, Any]]:
        return list(self.definition.container_definitions)

    @property
    def address(self) -> str:
        return str(self.interface.private_ip_address)

    @property
    def ran(self) -> bool:
        """Whether it ever came to run."""
        return "startedAt" in self.at

    @property
    def checked(self) -> bool:
        """Whether any of its containers has a health check of its own."""
        return any("healthCheck" in container for container in self.containers)

    @property
    def leaving(self) -> bool:
        return self.desired == "STOPPED"

    def begin(self) -> None:
        """Start its life, when whoever is told of its changes knows it."""
        known = self.site.ledger(Tasks).by_id
        known[self.id] = self
        self._enter("PROVISIONING")

    def stop(self, code: str, reason: str, draining: float = 0.0) -> None:
        """End it: containers that run get a signal, after the load balancers have let go of it."""
        if not self.leaving:
            self.draining = draining
            self._doom(code, reason)
            self._enter("DEACTIVATING" if self.status == "RUNNING" else "DEPROVISIONING")

    def _fail(self, code: str, reason: str) -> None:
        if not self.leaving:
            self._doom(code, reason)
            self._enter("DEPROVISIONING")

    def _doom(self, code: str, reason: str) -> None:
        self.desired, self.stop_code, self.stopped_reason = "STOPPED", code, reason
        self.at["stoppingAt"] = now()

    def _enter(self, status: Status) -> None:
        """Come into a state, stay as long as it lasts, and go on unless something else happened meanwhile."""
        self.status, self.since = status, self.site.world.clock.now()
        begins, lasts, ends = _LIFE[status]
        begins(self)
        visit = self._visit = object()

        def go_on() -> None:
            if self._visit is visit:
                ends(self)

        if lasts is not None:
            self.site.world.clock.later(lasts(self), go_on)
        self._noticed(self)

    def _fetch(self) -> None:
        """Find out what it gets from elsewhere, now that there is an interface to do it from."""
        self.at["connectivityAt"] = self.at["pullStartedAt"] = now()
        self._hitch = pulls.hitch(pulls.Errand(self.site, self.definition, self.interface, self.id))

    def _pulling(self) -> float:
        trying = self._hitch.seconds if self._hitch else 0.0
        return self.site.world.latencies.seconds("ecs.task.pending") + self.site.world.latencies.scaled(trying)

    def _pulled(self) -> None:
        self.at["pullStoppedAt"] = now()
        if self._hitch is None:
            self._enter("RUNNING")
        else:
            self.container_reason = self._hitch.reason if self._hitch.of_container else ""
            self._fail(FAILED_TO_START, self._hitch.reason)

    def _run(self) -> None:
        """What containers do at their start: listen, write, pass their health checks, or end at once."""
        self.at["startedAt"] = now()
        mesh.join(self.site, self.interface, self.plan.names())
        for container in self.containers:
            ports = [mapping["containerPort"] for mapping in container.get("portMappings", ())]
            listening.listen(self.site, self.interface, container["image"], ports, self.arn, container["name"])
            if log := Log.of(container, self.id):
                log.write(self.site, f"{container['image']} started")
        insights.measure(self.site, self.plan.cluster, self.id, self.status)
        checks = [container["healthCheck"] for container in self.containers if "healthCheck" in container]
        self.site.after(
            max([_MOMENT, *(check.get("interval", _CHECK_INTERVAL) for check in checks)]), self._settle
        )
        fault = self.site.world.faults.strike("exits", "ecs")
        if fault is not None:
            code = int(fault.code) if fault.code.isdigit() else 1
            self.site.after(_EXIT, lambda: self._exit(code))

    def _exit(self, code: int) -> None:
        """Its first essential container ends by itself."""
        if self.status == "RUNNING":
            self.exit_code = code
            self._fail(EXITED, "Essential container in task exited")

    def _settle(self) -> None:
        if self.status == "RUNNING":
            self.settled = True
            self._noticed(self)

    def _stopping(self) -> float:
        """Until its containers have ended, or are killed when their time is up."""
        timeouts = [container.get("stopTimeout", _STOP_TIMEOUT) for container in self.containers]
        patience = self.site.world.latencies.scaled(max(timeouts))
        needed = self.site.world.latencies.seconds("ecs.task.stopping")
        self.exit_code = KILLED if needed > patience else 0
        return min(needed, patience)

    def _silence(self) -> None:
        listening.silence(self.site, self.interface)
        mesh.leave(self.site, self.interface)

    def _cease(self) -> None:
        self._silence()
        self.at["executionStoppedAt"] = now()

    def _end(self) -> None:
        self.at["stoppedAt"] = now()
        insights.measure(self.site, self.plan.cluster, self.id, self.status)
        self.site.later("ecs.task.interface", interfaces.remover(self.site, [self.interface]))
        pace, known = self.site.world.latencies, self.site.ledger(Tasks).by_id
        listed = _LISTED if pace.profile.timeless else pace.scaled(_LISTED)
        self.site.world.clock.later(listed, lambda: _forget(known, self.id))


def _nothing(task: Task) -> None:
    pass


def _deprovisioning(task: Task) -> float:
    return task.site.world.latencies.scaled(_DEPROVISIONING)


_Act = Callable[[Task], None]
# What happens when a task comes into a state, how long it stays (seconds of ours), and how that ends.
_LIFE: Mapping[str, tuple[_Act, Callable[[Task], float] | None, _Act]] = {
    "PROVISIONING": (
        _nothing,
        lambda task: task.site.world.latencies.seconds("ecs.task.provisioning"),
        lambda task: task._enter("PENDING"),
    ),
    "PENDING": (Task._fetch, Task._pulling, Task._pulled),
    "RUNNING": (Task._run, None, _nothing),
    "DEACTIVATING": (_nothing, lambda task: task.draining, lambda task: task._enter("STOPPING")),
    "STOPPING": (Task._silence, Task._stopping, lambda task: task._enter("DEPROVISIONING")),
    "DEPROVISIONING": (Task._cease, _deprovisioning, lambda task: task._enter("STOPPED")),
    "STOPPED": (Task._end, None, _nothing),
}


class Tasks:
    """All tasks of an account and region that are still told of, by id."""

    def __init__(self) -> None:
        self.by_id: dict[str, Task] = {}

    def of_cluster(self, name: str) -> Iterator[Task]:
        return (task for task in self.by_id.values() if task.plan.cluster == name)

    def find(self, cluster: str, name: str) -> Task | None:
        """By id or ARN."""
        task = self.by_id.get(name.rpartition("/")[2])
        return task if task is not None and task.plan.cluster == cluster else None


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _forget(known: dict[str, Task], name: str) -> None:
    known.pop(name, None)


def _interface(site: Site, plan: Plan, subnet: str, attachment: str) -> NetworkInterface:
    description = f"arn:aws:ecs:{site.region}:{site.account}:attachment/{attachment}"
    public = plan.network.get("assignPublicIp") == "ENABLED"
    try:
        groups = plan.network.get("securityGroups", ())
        return interfaces.place(site, subnet, groups, description, public=public)
    except ValueError:
        fault = "InsufficientFreeAddressesInSubnet"
    except Exception as error:  # whatever moto says of a subnet or a group that is gone
        fault = str(error)
    what = f"Unexpected EC2 error while attempting to Create Network Interface in subnet '{subnet}'"
    raise CannotLaunch(f"{what}: {fault}")
