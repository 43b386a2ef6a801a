"""Where services find each other: Cloud Map namespaces, in which Service Connect makes services known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from state.record import Record
from steps.aws import owner
from steps.aws.context import Aws, Look
from steps.aws.holders.holder import Holder, readable, whose
from steps.base import Gone, Job, Made, Pending, Ready, Retry, Seen, Step, StepFailed

_OVERDUE = 360.0
"""Seconds after which Cloud Map services that ECS made and has not taken away again are taken to be forgotten.

They were seen to outlive their ECS services by up to 330 s.
"""
_OF_ECS = ("AmazonECSManaged", "true")
"""The tag by which ECS marks the Cloud Map services that it makes."""
_UNDER_WAY = ("SUBMITTED", "PENDING")
_TAKEN_AWAY = "ECS takes it away by itself, minutes after the last service that used it"


@dataclass(frozen=True, kw_only=True)
class Namespace(Step):
    """An HTTP namespace. Its id here is its name, which is unique: AWS tells its own id only when its operation is
    over. The operation's id is among the outputs from birth."""

    kind = "namespace"
    noun = "Cloud Map namespace"
    family = "discovery"
    retry = Retry.TOKEN
    mutable = frozenset({"Description"})
    typical = 5.0
    typical_delete = 30.0
    namespace_name: str
    description: str = ""

    def key(self, ids: Mapping[str, str]) -> str | None:
        return self.namespace_name

    def request(self, job: Job) -> dict[str, Any]:
        return {"Name": self.namespace_name, "Description": self.description}

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        """Tags are read unless the namespace is the very one that is recorded: a name may have a new owner, whose
        namespace is told by its ARN, for the name is the id of ours."""
        for record in records:
            for raw in _listed(look.aws, record.key) if record.key else ():
                tags = None if record.outputs.get("arn") == raw["Arn"] else _tags(look.aws, raw["Arn"])
                ours = tags is None or look.aws.owner.owns(tags)
                yield Seen(raw["Name"] if ours else raw["Arn"], raw, tags, key=raw["Name"])

    def create(self, job: Job) -> Made:
        """The token must be the intent's: the same one gives the same operation."""
        answer = job.aws.once.discovery.create_http_namespace(
            **job.record.request, CreatorRequestId=job.record.token, Tags=job.aws.owner.pairs(self.name)
        )
        return Made(self.namespace_name, {"operation": answer["OperationId"]})

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is None:
            return self._under_way(job)
        if seen.raw.get("Description", "") != self.description:
            return self._describe(job, seen)
        kept = {name: told for name, told in job.record.outputs.items() if name == "operation"}
        return Ready({**kept, "arn": seen.raw["Arn"], "name": self.namespace_name})

    def _under_way(self, job: Job) -> Pending:
        operation = job.record.outputs.get("operation")
        if operation is None:
            return Pending("not listed yet")
        told = _operation(job.aws, operation)
        if told["Status"] == "FAIL":
            why = f"{told.get('ErrorCode', 'FAIL')}: {told.get('ErrorMessage', 'no reason given')}"
            raise StepFailed(why, "correct what stands in the way, then resume", "CreateHttpNamespace")
        return Pending(f"creating: {told['Status']}")

    def _describe(self, job: Job, seen: Seen) -> Pending:
        if job.once("description"):
            job.aws.clients.discovery.update_http_namespace(
                Id=seen.raw["Id"], Namespace={"Description": self.description}
            )
            job.notes.append("set the description")
        return Pending("changing the description")

    @classmethod
    def blockers(cls, job: Job, seen: Seen) -> Sequence[Holder]:
        users = _users(job.aws, seen) if job.elapsed > _OVERDUE else []
        return [_holder(job.aws, raw, users) for raw in _services(job.aws, seen.raw["Id"])]

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        """ECS takes away what Service Connect made minutes after its services have gone. Until then AWS answers
        ResourceInUse, which is waited out; what ECS forgets is deleted here, if nobody can want it any more."""
        if seen is None:
            return Gone()
        if under_way := _last_deletion(job):
            return under_way
        if job.elapsed > _OVERDUE:
            _sweep(job, seen)
        answer = job.aws.clients.discovery.delete_namespace(Id=seen.raw["Id"])
        job.memo[answer["OperationId"]] = job.elapsed
        return Pending("deleting")


def _last_deletion(job: Job) -> Pending | None:
    """What there is to say of the operation that this run began, unless another must be begun."""
    if not job.memo:
        return None
    last = list(job.memo)[-1]
    told = _operation(job.aws, last)
    if told["Status"] in _UNDER_WAY:
        return Pending(f"deleting: {told['Status']}")
    del job.memo[last]
    if told["Status"] == "FAIL":
        return Pending(f"{told.get('ErrorCode', 'FAIL')}: {told.get('ErrorMessage', 'no reason given')}")
    return Pending("deleted, but still listed")


def _sweep(job: Job, seen: Seen) -> None:
    """Delete Cloud Map services that ECS made and that are empty, when no ECS service uses the namespace.

    Nothing but the tag tells them from services of the user's own. DeleteService is documented to fail only while
    instances are registered (Cloud Map API reference); whether AWS makes an exception of those that ECS manages is
    not: then its refusal is told.
    """
    if job.aws.clients.ecs.list_services_by_namespace(namespace=seen.raw["Arn"])["serviceArns"]:
        return
    for service in _services(job.aws, seen.raw["Id"]):
        key, value = _OF_ECS
        if not service.get("InstanceCount") and _tags(job.aws, service["Arn"]).get(key) == value:
            job.aws.clients.discovery.delete_service(Id=service["Id"])


def _listed(aws: Aws, name: str) -> Iterator[Mapping[str, Any]]:
    """HTTP namespaces of the name: one at most. Those that others share are not ours."""
    filters: list[Any] = [
        {"Name": "TYPE", "Values": ["HTTP"], "Condition": "EQ"},
        {"Name": "NAME", "Values": [name], "Condition": "EQ"},
    ]
    for page in aws.clients.discovery.get_paginator("list_namespaces").paginate(Filters=filters):
        yield from (raw for raw in page["Namespaces"] if raw.get("ResourceOwner", aws.account) == aws.account)


def _services(aws: Aws, namespace: str) -> Iterator[Mapping[str, Any]]:
    filters: list[Any] = [{"Name": "NAMESPACE_ID", "Values": [namespace], "Condition": "EQ"}]
    for page in aws.clients.discovery.get_paginator("list_services").paginate(Filters=filters):
        yield from page["Services"]


def _users(aws: Aws, seen: Seen) -> Sequence[str]:
    """The ECS services in a namespace; none where the caller may not see them."""
    arn = seen.raw["Arn"]
    return readable(lambda: aws.clients.ecs.list_services_by_namespace(namespace=arn)["serviceArns"]) or ()


def _holder(aws: Aws, service: Mapping[str, Any], users: Sequence[str]) -> Holder:
    """While ECS services use the namespace, ECS keeps what it has made for them."""
    tags = _known_tags(aws, service["Arn"])
    key, value = _OF_ECS
    holder = Holder(
        service["Id"],
        f'Cloud Map service "{service["Name"]}"',
        whose(aws.owner, tags),
        service.get("CreateDate"),
        move=f"aws servicediscovery delete-service --id {service['Id']}",
    )
    if tags is None or tags.get(key) != value:
        return holder
    return replace(holder, whose="ECS's", passes="" if users else _TAKEN_AWAY, move=_delete_users(users))


def _delete_users(users: Sequence[str]) -> str:
    places = (arn.split("/")[-2:] for arn in users)
    commands = (f"aws ecs delete-service --cluster {cluster} --service {name} --force" for cluster, name in places)
    return "; ".join(commands)


def _known_tags(aws: Aws, arn: str) -> dict[str, str] | None:
    found = readable(lambda: [_tags(aws, arn)])
    return found[0] if found else None


def _operation(aws: Aws, operation: str) -> Mapping[str, Any]:
    return aws.clients.discovery.get_operation(OperationId=operation)["Operation"]


def _tags(aws: Aws, arn: str) -> dict[str, str]:
    return owner.mapping(aws.clients.discovery.list_tags_for_resource(ResourceARN=arn)["Tags"])
