"""API Gateway v2: how it lists an API's parts, by pages and one list a kind, and how it logs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from state.record import Record
from steps.aws.context import Look
from steps.aws.errors import gone
from steps.base import Job, Pending, Ready, Seen, Step

_FIELDS = {
    "requestId": "$context.requestId",
    "ip": "$context.identity.sourceIp",
    "requestTime": "$context.requestTime",
    "httpMethod": "$context.httpMethod",
    "routeKey": "$context.routeKey",
    "status": "$context.status",
    "protocol": "$context.protocol",
    "responseLength": "$context.responseLength",
    "integrationErrorMessage": "$context.integrationErrorMessage",
}
ACCESS_LOG_FORMAT = json.dumps(_FIELDS)
"""One line of JSON a request. Source: API Gateway developer guide, "Customize HTTP API access logs"."""


def listed(look: Look, operation: str, **parameters: str) -> list[Mapping[str, Any]]:
    """All pages of a list; of an API that is not there: nothing."""
    client: Any = look.aws.clients.apis
    try:
        return [raw for page in client.get_paginator(operation).paginate(**parameters) for raw in page["Items"]]
    except ClientError as error:
        if gone(error):
            return []
        raise


def differing(found: Mapping[str, Any], wanted: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The wanted values of those that are otherwise."""
    return {name: wanted[name] for name in names if found.get(name) != wanted[name]}


@dataclass(frozen=True, kw_only=True)
class Part(Step):
    """Something inside an API. Id: `API|ID`, key: `API|KEY`; the API is ours, so nothing in it is another's."""

    part: ClassVar[str]
    """As the operations are called: `integration` of `get_integrations` and `update_integration`."""
    id_name: ClassVar[str]
    key_name: ClassVar[str]
    compared: ClassVar[tuple[str, ...]]
    """The parameters that are set right where they are otherwise."""
    api: str

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        for api in sorted({record.key.split("|")[0] for record in records if record.key}):
            for raw in listed(look, f"get_{cls.part}s", ApiId=api):
                yield Seen(f"{api}|{raw[cls.id_name]}", raw, key=f"{api}|{raw.get(cls.key_name)}")

    def create(self, job: Job) -> str:
        answer = getattr(job.aws.once.apis, f"create_{self.part}")(**job.record.request)
        return f"{job.record.request['ApiId']}|{answer[self.id_name]}"

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        changes = differing(seen.raw, self.request(job), self.compared) if seen else {}
        if seen and changes and job.once(", ".join(changes)):
            self.call("update", job, seen, **changes)
            job.notes.append(f"set {', '.join(changes)}")
        return Pending("changed") if changes else Ready()

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        cls.call("delete", job, seen)

    @classmethod
    def call(cls, verb: str, job: Job, seen: Seen, **parameters: Any) -> None:
        """A call about this part, named by its API and its own id."""
        api, _, own = seen.id.partition("|")
        getattr(job.aws.clients.apis, f"{verb}_{cls.part}")(ApiId=api, **{cls.id_name: own}, **parameters)
