"""What runs on Fargate: cluster, task definitions, services."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from state.record import Record
from steps import unstable
from steps.aws import owner
from steps.aws.context import Aws, Look
from steps.aws.errors import gone
from steps.base import Change, Gone, Job, Pending, Ready, Retry, Seen, Step, StepFailed

if TYPE_CHECKING:
    from types_boto3_ecs import ECSClient

_SERVICES_PER_CALL = 10
_REVISIONS_PER_CALL = 10
_TOKEN_TAG = "provisioner:token"
_HOPELESS = 3
"""Tasks of one deployment that may fail to start before we stop waiting; ECS itself tries much longer."""


@dataclass(frozen=True, kw_only=True)
class Cluster(Step):
    kind = "cluster"
    noun = "ECS cluster"
    family = "containers"
    retry = Retry.KEY
    typical = 5.0
    typical_delete = 2.0
    cluster_name: str
    container_insights: bool

    def key(self, ids: Mapping[str, str]) -> str | None:
        return self.cluster_name

    def request(self, job: Job) -> dict[str, Any]:
        return {"clusterName": self.cluster_name, "settings": self._settings()}

    def _settings(self) -> list[Any]:
        return [{"name": "containerInsights", "value": "enabled" if self.container_insights else "disabled"}]

    mutable = frozenset({"settings"})

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        """Only what lives: an INACTIVE cluster is a memory of AWS's, and its name is free."""
        names = sorted({record.key for record in records if record.key})
        answer = look.aws.clients.ecs.describe_clusters(clusters=names, include=["TAGS", "SETTINGS"])
        for raw in answer["clusters"]:
            if raw["status"] != "INACTIVE":
                going = raw["status"] == "DEPROVISIONING"
                tags = owner.mapping(raw.get("tags", ()))
                yield Seen(raw["clusterArn"], raw, tags, key=raw["clusterName"], going=going)

    def create(self, job: Job) -> str:
        tags = job.aws.owner.lower_pairs(self.name)
        return job.aws.once.ecs.create_cluster(**job.record.request, tags=tags)["cluster"]["clusterArn"]

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        status = seen.raw["status"] if seen else "PROVISIONING"
        if seen and status == "FAILED":
            raise StepFailed(f"cluster {self.cluster_name} is FAILED", "destroy, then provision")
        if not seen or status != "ACTIVE":
            return Pending(status)
        if sorted(map(_setting, seen.raw.get("settings", ()))) != sorted(map(_setting, self._settings())):
            job.aws.clients.ecs.update_cluster_settings(cluster=seen.id, settings=self._settings())
            job.notes.append("set Container Insights")
        return Ready({"name": self.cluster_name})

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        if seen is None:
            return Gone()
        if not seen.going:
            job.aws.clients.ecs.delete_cluster(cluster=seen.id)
        return Pending("deleting")


def _setting(setting: Mapping[str, str]) -> tuple[str, str]:
    return setting["name"], setting["value"]


@dataclass(frozen=True, kw_only=True)
class TaskDefinition(Step):
    """One revision of a task definition; another wish is another revision.

    Registering knows neither name nor token: each call makes a revision. The token goes into a tag, by which a
    resumed run tells the revision that it asked for from the one before.
    """

    kind = "task_definition"
    noun = "task definition"
    family = "containers"
    retry = Retry.LOOK
    change = Change.REMAKE
    task_family: str
    container: Mapping[str, Any]
    cpu: int
    memory: int
    architecture: str
    execution_role: str
    task_role: str

    def request(self, job: Job) -> dict[str, Any]:
        """`cpu` in CPU units (1024 are a vCPU), `memory` in MiB; the API wants both as text."""
        return {
            "family": self.task_family,
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": str(self.cpu),
            "memory": str(self.memory),
            "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": self.architecture},
            "executionRoleArn": job.output(self.execution_role, "arn"),
            "taskRoleArn": job.output(self.task_role, "arn"),
            "containerDefinitions": [dict(self.container)],
        }

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        for record in records:
            family = record.id or record.request.get("family")
            found = _revision(look.aws, family) if family else None
            if found and (found.id == record.id or (found.tags or {}).get(_TOKEN_TAG) == record.token):
                yield found

    def create(self, job: Job) -> str:
        tags = [*job.aws.owner.lower_pairs(self.name), {"key": _TOKEN_TAG, "value": job.record.token}]
        answer = job.aws.once.ecs.register_task_definition(**job.record.request, tags=tags)
        return answer["taskDefinition"]["taskDefinitionArn"]

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        """Deregister and delete every revision of the family that bears this stack's tags, not just the last."""
        ecs = job.aws.clients.ecs
        revisions = list(_own_revisions(job))
        for revision in revisions:
            if revision.raw["status"] == "ACTIVE":
                ecs.deregister_task_definition(taskDefinition=revision.id)
        for start in range(0, len(revisions), _REVISIONS_PER_CALL):
            batch = [revision.id for revision in revisions[start : start + _REVISIONS_PER_CALL]]
            answer = ecs.delete_task_definitions(taskDefinitions=batch)
            if failures := answer.get("failures"):
                return Pending(f"{failures[0].get('reason', 'not deleted')}: {failures[0].get('arn', '')}")
        return Gone()


def _revision(aws: Aws, name: str) -> Seen | None:
    """A revision by ARN, or the newest of a family; None where there is none that is ACTIVE."""
    try:
        answer = aws.clients.ecs.describe_task_definition(taskDefinition=name, include=["TAGS"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ClientException":  # "Unable to describe task definition."
            return None
        raise
    raw = answer["taskDefinition"]
    if raw["status"] != "ACTIVE":
        return None
    return Seen(raw["taskDefinitionArn"], raw, owner.mapping(answer.get("tags", ())))


def _own_revisions(job: Job) -> Iterator[Seen]:
    """`familyPrefix` is a prefix: other families that begin alike are listed too, so the tags decide."""
    ecs = job.aws.clients.ecs
    family = job.record.request.get("family")
    for arn in _revision_arns(ecs, family) if family else ():
        answer = ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
        tags, raw = owner.mapping(answer.get("tags", ())), answer["taskDefinition"]
        recorded = arn == job.record.id
        if (recorded or job.aws.owner.owns(tags)) and raw["status"] != "DELETE_IN_PROGRESS":
            yield Seen(arn, raw, tags)


def _revision_arns(ecs: ECSClient, family: str) -> Iterator[str]:
    for status in ("ACTIVE", "INACTIVE"):
        pages = ecs.get_paginator("list_task_definitions").paginate(familyPrefix=family, status=status)
        for page in pages:
            for arn in page["taskDefinitionArns"]:
                if arn.rsplit("/", 1)[-1].rsplit(":", 1)[0] == family:
                    yield arn


@dataclass(frozen=True, kw_only=True)
class Service(Step):
    """A Fargate service behind one target group. Ready when its tasks run and its deployment is COMPLETED.

    Its needs name what its tasks need to come up, though no id of it goes into the call: the listener, the way
    to the image registry, the rules of their group, the roles' policies.
    """

    kind = "service"
    noun = "ECS service"
    family = "containers"
    retry = Retry.TOKEN
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
    target_group: str
    container_name: str
    container_port: int
    deployment: Mapping[str, Any] = field(default_factory=dict)
    grace_period: int = 0

    def key(self, ids: Mapping[str, str]) -> str | None:
        return f"{ids[self.cluster]}|{self.service_name}" if self.cluster in ids else None

    def request(self, job: Job) -> dict[str, Any]:
        return {
            "cluster": job.id_of(self.cluster),
            "serviceName": self.service_name,
            "launchType": "FARGATE",
            "propagateTags": "SERVICE",
            "enableECSManagedTags": True,
            **self._changeable(job),
        }

    def _target(self, job: Job) -> dict[str, Any]:
        return {
            "targetGroupArn": job.id_of(self.target_group),
            "containerName": self.container_name,
            "containerPort": self.container_port,
        }

    def _changeable(self, job: Job) -> dict[str, Any]:
        return {
            "taskDefinition": job.id_of(self.task_definition),
            "desiredCount": self.count,
            "loadBalancers": [self._target(job)],
            "healthCheckGracePeriodSeconds": self.grace_period,
            "deploymentConfiguration": dict(self.deployment),
            "networkConfiguration": {
                "awsvpcConfiguration": {
                    "subnets": [job.id_of(subnet) for subnet in self.subnets],
                    "securityGroups": [job.id_of(group) for group in self.groups],
                    "assignPublicIp": "DISABLED",
                }
            },
        }

    mutable = frozenset(
        {
            "taskDefinition",
            "desiredCount",
            "loadBalancers",
            "healthCheckGracePeriodSeconds",
            "deploymentConfiguration",
            "networkConfiguration",
        }
    )

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        names: dict[str, list[str]] = {}
        for record in records:
            if record.key:
                cluster, name = record.key.split("|")
                names.setdefault(cluster, []).append(name)
        for cluster, wanted in names.items():
            for start in range(0, len(wanted), _SERVICES_PER_CALL):
                yield from _services(look.aws, cluster, wanted[start : start + _SERVICES_PER_CALL])

    def create(self, job: Job) -> str:
        tags = job.aws.owner.lower_pairs(self.name)
        answer = job.aws.once.ecs.create_service(**job.record.request, clientToken=job.record.token, tags=tags)
        return answer["service"]["serviceArn"]

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is None:
            return Pending("starting")
        wrong = [key for key, value in self._changeable(job).items() if not _covers(seen.raw.get(key), value)]
        if wrong:
            if not job.once(", ".join(wrong)):
                return Pending("updated, but not shown yet")
            changes: Any = {key: self._changeable(job)[key] for key in wrong}
            job.aws.clients.ecs.update_service(cluster=job.id_of(self.cluster), service=seen.id, **changes)
            job.notes.append(f"set {', '.join(wrong)}")
            return Pending("updating")
        return self._steady(job, seen)

    def _steady(self, job: Job, seen: Seen) -> Ready | Pending:
        raw = seen.raw
        primary: Mapping[str, Any] = next((one for one in raw["deployments"] if one["status"] == "PRIMARY"), {})
        failed = primary.get("failedTasks", 0)
        hopeless = primary.get("rolloutState") == "FAILED" or failed >= _HOPELESS
        if hopeless and job.first:
            return self._start_over(job, seen)
        if hopeless:
            raise StepFailed(unstable.why(job.aws, raw, primary), "correct what stops the tasks, then resume")
        complete = primary.get("rolloutState", "COMPLETED") == "COMPLETED"
        if complete and len(raw["deployments"]) == 1 and raw["runningCount"] == raw["desiredCount"]:
            return Ready({"name": self.service_name})
        said = [f"{raw['runningCount']} of {raw['desiredCount']} tasks running", f"{raw['pendingCount']} pending"]
        said += [f"{failed} failed"] if failed else []
        return Pending("; ".join(filter(None, [", ".join(said), unstable.complaint(raw)])))

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


def _services(aws: Aws, cluster: str, names: Sequence[str]) -> Iterator[Seen]:
    try:
        answer = aws.clients.ecs.describe_services(cluster=cluster, services=names, include=["TAGS"])
    except ClientError as error:
        if gone(error):
            return
        raise
    for raw in answer["services"]:
        if raw["status"] != "INACTIVE":
            going = raw["status"] == "DRAINING"
            tags = owner.mapping(raw.get("tags", ()))
            yield Seen(raw["serviceArn"], raw, tags, f"{cluster}|{raw['serviceName']}", going)


def _covers(found: Any, wanted: Any) -> bool:
    """Whether what AWS tells contains what we asked for; AWS adds defaults of its own, and sorts as it likes."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(_covers(found.get(key), wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        same = isinstance(found, list) and len(found) == len(wanted)
        return same and all(any(_covers(one, other) for one in found) for other in wanted)
    return bool(found == wanted)
