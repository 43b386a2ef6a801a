"""What a task is: its container, size, roles, and where its variables come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from state.record import Record
from steps.aws import owner
from steps.aws.context import Aws, Look
from steps.base import Change, Gone, Job, Pending, Piece, Retry, Seen, Step

if TYPE_CHECKING:
    from types_boto3_ecs import ECSClient

_REVISIONS_PER_CALL = 10
_TOKEN_TAG = "provisioner:token"


@dataclass(frozen=True, kw_only=True)
class TaskDefinition(Step):
    """One revision of a task definition; another wish is another revision.

    Registering knows neither name nor token: each call makes a revision. The token goes into a tag, by which a
    resumed run tells the revision that it asked for from the one before.

    `environment` and `secrets` (name -> where ECS reads the value from: the ARN of a secret, with
    `:JSON-KEY::` after it if wished, or of a parameter) come on top of the container's own.
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
    environment: Mapping[str, tuple[Piece, ...]] = field(default_factory=dict)
    secrets: Mapping[str, tuple[Piece, ...]] = field(default_factory=dict)
    ephemeral_storage: int | None = None
    """GiB, from 21 to 200; None are Fargate's 20."""

    def request(self, job: Job) -> dict[str, Any]:
        """`cpu` in CPU units (1024 are a vCPU), `memory` in MiB; the API wants both as text."""
        storage = {"ephemeralStorage": {"sizeInGiB": self.ephemeral_storage}} if self.ephemeral_storage else {}
        return {
            "family": self.task_family,
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": str(self.cpu),
            "memory": str(self.memory),
            "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": self.architecture},
            "executionRoleArn": job.output(self.execution_role, "arn"),
            "taskRoleArn": job.output(self.task_role, "arn"),
            "containerDefinitions": [self._container(job)],
            **storage,
        }

    def _container(self, job: Job) -> dict[str, Any]:
        """Variables by name, so that the same wish is the same request."""
        container = dict(self.container)
        for part, member, given in (
            ("environment", "value", self.environment),
            ("secrets", "valueFrom", self.secrets),
        ):
            if given:
                known = {item["name"]: item for item in container.get(part, ())}
                known |= {name: {"name": name, member: job.joined(pieces)} for name, pieces in given.items()}
                container[part] = [known[name] for name in sorted(known)]
        return container

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
