"""What keeps tasks running on Fargate: ECS services."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from state.record import Record
from steps import unstable
from steps.aws import ecs
from steps.aws.context import Look
from steps.base import Gone, Job, Pending, Ready, Retry, Seen, Step, StepFailed

_SERVICES_PER_CALL = 10
_HOPELESS = 3
"""Tasks of one deployment that may fail to start before we stop waiting; ECS itself tries much longer."""
_UPDATED = (
    "taskDefinition",
    "desiredCount",
    "loadBalancers",
    "healthCheckGracePeriodSeconds",
    "deploymentConfiguration",
    "networkConfiguration",
    "enableExecuteCommand",
    "capacityProviderStrategy",
    ecs.CONNECT,
)
"""What UpdateService takes."""
_FORCED = frozenset({"enableExecuteCommand", "capacityProviderStrategy"})
"""Those of them that leave running tasks as they are (Source: ECS API reference, UpdateService)."""


@dataclass(frozen=True)
class Connect:
    """Service Connect of one service: what it offers in a namespace, and that it may call what is offered there.

    The others call it as `discovery_name:port`. Without `port_name` it offers nothing and only calls. A task knows
    what was offered when it started: who is called must be there before its callers.
    """

    namespace: str
    """A step whose output `arn` is the namespace's."""
    port_name: str | None = None
    """The name of a port mapping of the task definition."""
    discovery_name: str | None = None
    port: int | None = None
    log_configuration: Mapping[str, Any] = field(default_factory=dict)
    """Of the proxy beside each task."""

    def parameters(self, job: Job) -> dict[str, Any]:
        offered = {"services": self._offered(), "logConfiguration": dict(self.log_configuration)}
        namespace = job.output(self.namespace, "arn")
        return {"enabled": True, "namespace": namespace, **{key: value for key, value in offered.items() if value}}

    def _offered(self) -> list[dict[str, Any]]:
        if self.port_name is None:
            return []
        name = self.discovery_name or self.port_name
        return [
            {
                "portName": self.port_name,
                "discoveryName": name,
                "clientAliases": [{"port": self.port, "dnsName": name}],
            }
        ]


@dataclass(frozen=True, kw_only=True)
class Service(Step):
    """A Fargate service. Ready when its tasks run and its deployment is COMPLETED.

    Its needs name what its tasks need to come up, though no id of it goes into the call: the listener, the way
    to the image registry, the rules of their group, the roles' policies.
    """

    kind = "service"
    noun = "ECS service"
    family = "containers"
    retry = Retry.TOKEN
    mutable = frozenset(_UPDATED)
    typical = 75.0
    patience = 1200.0
    typical_delete = 60.0
    patience_delete = 1800.0
    service_name: str
    cluster: str
    task_definition: str
    count: int
    subnets: tuple[str, ...]
    groups: tuple[str, ...]
    target_group: str | None = None
    """Without one there is no load balancer, and no grace period."""
    container_name: str = ""
    container_port: int | None = None
    deployment: Mapping[str, Any] = field(default_factory=dict)
    grace_period: int = 0
    """Seconds in which failing the load balancer's checks costs a fresh task nothing."""
    public_ip: bool = False
    spot: bool = False
    """On spare capacity only, which AWS may have none of and may take back with two minutes' warning."""
    exec: bool = False
    """ECS Exec: a shell in a running container."""
    connect: Connect | None = None
    scaled: tuple[int, int] | None = None
    """Fewest and most tasks, where auto scaling decides how many: then a count within is nobody's mistake."""

    def key(self, ids: Mapping[str, str]) -> str | None:
        return f"{ids[self.cluster]}|{self.service_name}" if self.cluster in ids else None

    def request(self, job: Job) -> dict[str, Any]:
        """What is off or empty is left out: a new service has none of it."""
        return {
            "cluster": job.id_of(self.cluster),
            "serviceName": self.service_name,
            **({} if self.spot else {"launchType": "FARGATE"}),
            "propagateTags": "SERVICE",
            "enableECSManagedTags": True,
            **{key: value for key, value in self._wish(job).items() if value},
            "desiredCount": self._count(self.count),
        }

    def _wish(self, job: Job) -> dict[str, Any]:
        """All that UpdateService takes but the number of tasks; what is not wished for is empty, and what is left
        to AWS is missing."""
        balanced = {"healthCheckGracePeriodSeconds": self.grace_period} if self.target_group else {}
        deployment = {"deploymentConfiguration": dict(self.deployment)} if self.deployment else {}
        return {
            "taskDefinition": job.id_of(self.task_definition),
            "loadBalancers": self._targets(job),
            **balanced,
            **deployment,
            "networkConfiguration": {
                "awsvpcConfiguration": {
                    "subnets": [job.id_of(subnet) for subnet in self.subnets],
                    "securityGroups": [job.id_of(group) for group in self.groups],
                    "assignPublicIp": "ENABLED" if self.public_ip else "DISABLED",
                }
            },
            "enableExecuteCommand": self.exec,
            "capacityProviderStrategy": self._strategy(),
            ecs.CONNECT: self.connect.parameters(job) if self.connect else {},
        }

    def _targets(self, job: Job) -> list[dict[str, Any]]:
        if self.target_group is None:
            return []
        target = {"containerName": self.container_name, "containerPort": self.container_port}
        return [{"targetGroupArn": job.id_of(self.target_group), **target}]

    def _strategy(self) -> list[dict[str, Any]]:
        return [{"capacityProvider": unstable.SPOT, "weight": 1}] if self.spot else []

    def _count(self, shown: int) -> int:
        """How many tasks there should be, where so many are shown."""
        if self.scaled is None:
            return self.count
        fewest, most = self.scaled
        return min(max(shown, fewest), most)

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        names: dict[str, list[str]] = {}
        for record in records:
            if record.key:
                cluster, name = record.key.split("|")
                names.setdefault(cluster, []).append(name)
        for cluster, wanted in names.items():
            for start in range(0, len(wanted), _SERVICES_PER_CALL):
                yield from ecs.services(look.aws, cluster, wanted[start : start + _SERVICES_PER_CALL])

    def create(self, job: Job) -> str:
        tags = job.aws.owner.lower_pairs(self.name)
        answer = job.aws.once.ecs.create_service(**job.record.request, clientToken=job.record.token, tags=tags)
        return answer["service"]["serviceArn"]

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is None:
            return Pending("starting")
        changes = self._changes(job, seen.raw)
        if changes:
            if not job.once(", ".join(changes)):
                return Pending("updated, but not shown yet")
            self._update(job, seen, changes)
            return Pending("updating")
        return self._steady(job, seen)

    def _changes(self, job: Job, raw: Mapping[str, Any]) -> dict[str, Any]:
        shown = {**raw, ecs.CONNECT: ecs.connected(raw)}
        wish = {**self._wish(job), "desiredCount": self._count(raw["desiredCount"])}
        # Who only calls must not offer anything.
        exact = wish[ecs.CONNECT] and {"services": [], **wish[ecs.CONNECT]}
        compared = {**wish, ecs.CONNECT: exact}
        return {key: wish[key] for key, value in compared.items() if not ecs.covers(shown.get(key), value)}

    def _update(self, job: Job, seen: Seen, changes: Mapping[str, Any]) -> None:
        asked: dict[str, Any] = dict(changes)
        if ecs.CONNECT in asked:
            asked[ecs.CONNECT] = asked[ecs.CONNECT] or {"enabled": False}
        if asked.keys() & _FORCED:
            asked["forceNewDeployment"] = True
        job.aws.clients.ecs.update_service(cluster=job.id_of(self.cluster), service=seen.id, **asked)
        job.notes.append(f"set {', '.join(changes)}")

    def _steady(self, job: Job, seen: Seen) -> Ready | Pending:
        raw, primary = seen.raw, ecs.primary(seen.raw)
        failed = primary.get("failedTasks", 0)
        hopeless = primary.get("rolloutState") == "FAILED" or failed >= _HOPELESS
        if hopeless and job.first:
            return self._start_over(job, seen)
        if hopeless:
            fix = unstable.remedy(raw) or "correct what stops the tasks, then resume"
            raise StepFailed(unstable.why(job.aws, raw, primary), fix)
        complete = primary.get("rolloutState", "COMPLETED") == "COMPLETED"
        if complete and len(raw["deployments"]) == 1 and raw["runningCount"] == raw["desiredCount"]:
            return Ready({"name": self.service_name})
        said = [f"{raw['runningCount']} of {raw['desiredCount']} tasks running", f"{raw['pendingCount']} pending"]
        said += [f"{failed} failed"] if failed else []
        standing = job.lately("targets", lambda: unstable.standing(job.aws, raw)) if raw["runningCount"] else ""
        told = "; ".join(filter(None, [", ".join(said), standing, unstable.complaint(raw)]))
        return Pending(told, fix=unstable.remedy(raw))

    def _start_over(self, job: Job, seen: Seen) -> Pending:
        """A failed deployment starts no more tasks, even when what stopped them has been mended."""
        cluster = job.id_of(self.cluster)
        job.aws.clients.ecs.update_service(cluster=cluster, service=seen.id, forceNewDeployment=True)
        job.notes.append("started a new deployment, the last one had failed")
        return Pending("starting over")

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        """To zero, drained, deleted, INACTIVE: roles, network and log group must outlive the last task."""
        if seen is None:
            return Gone()
        cluster = seen.raw["clusterArn"]
        if seen.going:
            return Pending(f"draining, {seen.raw['runningCount']} tasks left")
        if seen.raw["desiredCount"]:
            job.aws.clients.ecs.update_service(cluster=cluster, service=seen.id, desiredCount=0)
            return Pending("scaling to 0")
        if seen.raw["runningCount"]:
            return Pending(f"stopping, {seen.raw['runningCount']} tasks left")
        job.aws.clients.ecs.delete_service(cluster=cluster, service=seen.id)
        return Pending("deleting")
