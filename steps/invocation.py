"""Who may invoke a function from outside: statements of its own policy, and a URL of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from botocore.exceptions import ClientError

from state.record import Record
from steps.aws.context import Look
from steps.aws.cors import same_cors
from steps.aws.errors import gone
from steps.base import Job, Made, Pending, Piece, Ready, Retry, Seen, Step

_policies = Lock()
"""Two changes of one function's policy at the same time lose one of them (terraform-provider-aws holds a mutex in
lambda/permission). So this process sends one at a time; each takes a fraction of a second."""
_LOST = 15.0
"""AWS seconds after which a statement that no look shows is taken for lost and added again."""


@dataclass(frozen=True, kw_only=True)
class FunctionPermission(Step):
    """A statement of a function's policy: lets `principal` do `action`. Id and key: `FUNCTION ARN|STATEMENT ID`.

    `source_arn` is put together of pieces, as `(("api", "execution_arn"), "/*/*/graphql")`. A public function URL
    needs two: `lambda:InvokeFunctionUrl` with `function_url_auth_type="NONE"`, and since October 2025
    `lambda:InvokeFunction` with `via_function_url`. Source: Lambda developer guide, "Control access to Lambda
    function URLs".
    """

    kind = "function_permission"
    noun = "function permission"
    family = "functions"
    retry = Retry.KEY
    function: str
    statement_id: str
    principal: str
    action: str = "lambda:InvokeFunction"
    source_arn: tuple[Piece, ...] = ()
    function_url_auth_type: str | None = None
    via_function_url: bool = False

    def key(self, ids: Mapping[str, str]) -> str | None:
        return f"{ids[self.function]}|{self.statement_id}" if self.function in ids else None

    def request(self, job: Job) -> dict[str, Any]:
        optional = {
            "SourceArn": job.joined(self.source_arn),
            "FunctionUrlAuthType": self.function_url_auth_type,
            "InvokedViaFunctionUrl": self.via_function_url,
        }
        return {
            "FunctionName": job.id_of(self.function),
            "StatementId": self.statement_id,
            "Action": self.action,
            "Principal": self.principal,
            **{name: value for name, value in optional.items() if value},
        }

    mutable = frozenset({"Action", "Principal", "SourceArn", "FunctionUrlAuthType", "InvokedViaFunctionUrl"})

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        """The function is ours, so a statement of ours in its policy is no other's."""
        for function in sorted({record.key.split("|")[0] for record in records if record.key}):
            for statement in _statements(look, function):
                key = f"{function}|{statement.get('Sid')}"
                yield Seen(key, statement, key=key)

    def create(self, job: Job) -> str:
        with _policies:
            job.aws.once.functions.add_permission(**job.record.request)
        return f"{job.record.request['FunctionName']}|{self.statement_id}"

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        """Ready when the policy shows it as wanted: what another writer overwrote is added again."""
        wanted = self.request(job)
        if seen is None:
            return self._sought(job, wanted)
        if _told(seen.raw) == _asked(wanted):
            return Ready()
        if job.once("statement"):
            with _policies:
                functions = job.aws.clients.functions
                functions.remove_permission(FunctionName=wanted["FunctionName"], StatementId=self.statement_id)
                functions.add_permission(**wanted)
            job.notes.append(f"the statement {self.statement_id} was another one, set right")
        return Pending("replaced")

    def _sought(self, job: Job, wanted: Mapping[str, Any]) -> Pending:
        if job.elapsed - job.memo.setdefault("sought since", job.elapsed) > _LOST:
            job.memo["sought since"] = job.elapsed
            with _policies:
                job.aws.clients.functions.add_permission(**wanted)
            job.notes.append(f"the statement {self.statement_id} was lost, added again")
        return Pending("not in the function's policy yet")

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        function, _, statement = seen.id.partition("|")
        with _policies:
            job.aws.clients.functions.remove_permission(FunctionName=function, StatementId=statement)


def _statements(look: Look, function: str) -> list[Mapping[str, Any]]:
    """A function without a policy and one that is not there answer alike."""
    try:
        policy = json.loads(look.aws.clients.functions.get_policy(FunctionName=function)["Policy"])
    except ClientError as error:
        if gone(error):
            return []
        raise
    statements: list[Mapping[str, Any]] = policy["Statement"]
    return statements


def _asked(request: Mapping[str, Any]) -> tuple[str, set[str], set[tuple[str, str]]]:
    """What a statement says: its action, its principals, and the values of its conditions by their keys."""
    conditions = {
        "aws:sourcearn": request.get("SourceArn"),
        "lambda:functionurlauthtype": request.get("FunctionUrlAuthType"),
        "lambda:invokedviafunctionurl": "true" if request.get("InvokedViaFunctionUrl") else None,
    }
    given = {(name, value) for name, value in conditions.items() if value}
    return request["Action"], {request["Principal"]}, given


def _told(statement: Mapping[str, Any]) -> tuple[str, set[str], set[tuple[str, str]]]:
    """The same of what a policy holds, whichever operators and case of keys AWS writes."""
    given = {
        (name.lower(), value.lower() if value.lower() in ("true", "false") else value)
        for operator in statement.get("Condition", {}).values()
        for name, values in operator.items()
        for value in _texts(values)
    }
    return statement["Action"], {_account(text) for text in _texts(statement["Principal"])}, given


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    else:
        yield str(value)


def _account(principal: str) -> str:
    """An account that was named by its number is told as its root."""
    return principal.split(":")[4] if principal.endswith(":root") else principal


@dataclass(frozen=True, kw_only=True)
class FunctionUrl(Step):
    """A function's own address: id and key are the function's ARN, of which it has one; output: `url`.

    `auth_type` is `AWS_IAM` or `NONE`; with NONE nobody gets through either until permissions let everybody.
    `cors` holds AllowOrigins and the other parameters of Cors; no method in it may be longer than six characters,
    so OPTIONS cannot be told (nor need it: botocore's model of Lambda, Worklytics/psoxy#911).
    """

    kind = "function_url"
    noun = "function URL"
    family = "functions"
    retry = Retry.KEY
    function: str
    auth_type: str
    cors: Mapping[str, Any] | None = None

    def key(self, ids: Mapping[str, str]) -> str | None:
        return ids.get(self.function)

    def request(self, job: Job) -> dict[str, Any]:
        cors = {"Cors": dict(self.cors)} if self.cors else {}
        return {"FunctionName": job.id_of(self.function), "AuthType": self.auth_type, **cors}

    mutable = frozenset({"AuthType", "Cors"})

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        for function in sorted({record.key for record in records if record.key}):
            try:
                raw = look.aws.clients.functions.get_function_url_config(FunctionName=function)
            except ClientError as error:
                if gone(error):
                    continue
                raise
            yield Seen(function, raw, key=function)

    def create(self, job: Job) -> Made:
        answer = job.aws.once.functions.create_function_url_config(**job.record.request)
        return Made(job.record.request["FunctionName"], {"url": answer["FunctionUrl"]})

    @classmethod
    def known(cls, seen: Seen) -> Mapping[str, Any]:
        return {"url": seen.raw["FunctionUrl"]}

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is None:
            return Pending("created")
        wanted = self.request(job)
        changes = {} if seen.raw["AuthType"] == self.auth_type else {"AuthType": self.auth_type}
        if not same_cors(seen.raw.get("Cors"), self.cors):
            changes["Cors"] = wanted.get("Cors", {})
        if changes and job.once(", ".join(changes)):
            parameters: Any = changes
            job.aws.clients.functions.update_function_url_config(FunctionName=seen.id, **parameters)
            job.notes.append(f"set {', '.join(changes)}")
        return Pending("changed") if changes else Ready(self.known(seen))

    @classmethod
    def remove(cls, job: Job, seen: Seen) -> None:
        job.aws.clients.functions.delete_function_url_config(FunctionName=seen.id)
