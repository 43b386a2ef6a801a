"""Where tasks and functions write: CloudWatch log groups, made before their writers so that they are ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os.path import commonprefix  # the API's prefix is one of characters, too
from typing import Any

from state.record import Record
from steps.aws.context import Aws, Look
from steps.base import Gone, Job, Pending, Ready, Retry, Seen, Step

_QUIET = 10.0


@dataclass(frozen=True, kw_only=True)
class LogGroup(Step):
    """A log group that keeps events `retention` days."""

    kind = "log_group"
    noun = "log group"
    family = "logs"
    retry = Retry.KEY
    stage = 1
    group_name: str
    retention: int

    def key(self, ids: Mapping[str, str]) -> str | None:
        return self.group_name

    def request(self, job: Job) -> dict[str, Any]:
        return {"logGroupName": self.group_name}

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        """One listing for each service's part of the names; tags are read only of what is not recorded."""
        ids = {record.id for record in records}
        names = {record.key for record in records if record.key}
        for prefix in _prefixes(names):
            for raw in _listed(look.aws, prefix):
                name = raw["logGroupName"]
                if name in names:
                    yield Seen(name, raw, None if name in ids else _tags(look.aws, raw), key=name)

    def create(self, job: Job) -> str:
        job.aws.once.logs.create_log_group(**job.record.request, tags=job.aws.owner.of(self.name))
        return self.group_name

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        days = seen.raw.get("retentionInDays") if seen else None
        if days != self.retention:
            job.aws.clients.logs.put_retention_policy(logGroupName=self.group_name, retentionInDays=self.retention)
            if seen:
                job.notes.append(f"retention was {days or 'endless'} days, now {self.retention}")
        return Ready()

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        """A late flush of its writer may bring a group back: it is gone when it has stayed away for a while.

        It is deleted after all that writes to it has gone; ten seconds more is what peers re-check after.
        """
        if seen is not None:
            job.aws.clients.logs.delete_log_group(logGroupName=seen.id)
        elif job.elapsed >= _QUIET:
            return Gone()
        return Pending("deleted; looking whether a late flush brings it back")


def _prefixes(names: Iterable[str]) -> list[str]:
    """The longest common beginning of the names of each service (`/aws/lambda/...`, `/ecs/...`)."""
    services: dict[str, list[str]] = {}
    for name in names:
        services.setdefault("/".join(name.split("/")[:3]), []).append(name)
    return sorted(commonprefix(group) for group in services.values())  # noqa: RUF071


def _listed(aws: Aws, prefix: str) -> Iterator[Mapping[str, Any]]:
    for page in aws.clients.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
        yield from page["logGroups"]


def _tags(aws: Aws, raw: Mapping[str, Any]) -> dict[str, str]:
    """`arn` ends in `:*` where the tagging calls want it without (CloudWatch Logs API reference, LogGroup)."""
    arn = str(raw["arn"]).removesuffix(":*")
    return aws.clients.logs.list_tags_for_resource(resourceArn=arn)["tags"]
