"""What runs on Lambda: functions, and the network interfaces that Lambda leaves behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from state.record import Record
from steps.aws.context import Look
from steps.aws.errors import gone
from steps.aws.interfaces import free_interfaces
from steps.base import Gone, Job, Pending, Piece, Ready, Retry, Seen, Step, StepFailed

_CONFIGURATION = (
    "Role",
    "Handler",
    "Runtime",
    "Timeout",
    "MemorySize",
    "EphemeralStorage",
    "Description",
    "Environment",
    "VpcConfig",
    "Layers",
)
_CODE = ("CodeSha256", "Architectures")
_STORAGE = 512
"""MiB of `/tmp` that every function has (Lambda API reference, EphemeralStorage)."""


@dataclass(frozen=True, kw_only=True)
class Function(Step):
    """A function from a zip that the state file carries; `timeout` in seconds, `memory` and storage in MiB.

    The values of `environment` are put together of pieces: a text, or the step and the output to take it from.
    `layers` are ARNs of layer versions. `reserved_concurrency` is how many may run at a time, set aside of what
    the account has; AWS refuses to leave less than 100 to all its other functions (Lambda developer guide,
    "Configuring reserved concurrency"), so that a new account with a quota of 10 can set nothing aside.
    """

    kind = "function"
    noun = "Lambda function"
    family = "functions"
    retry = Retry.KEY
    typical = 45.0
    patience = 900.0
    typical_delete = 420.0
    patience_delete = 3600.0
    function_name: str
    role: str
    handler: str
    runtime: str
    architecture: str
    timeout: int
    memory: int
    code_sha256: str
    environment: Mapping[str, tuple[Piece, ...]] = field(default_factory=dict)
    subnets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    ephemeral_storage: int = _STORAGE
    reserved_concurrency: int | None = None

    def key(self, ids: Mapping[str, str]) -> str | None:
        return self.function_name

    def request(self, job: Job) -> dict[str, Any]:
        """The parameters of the creating call, the code by its hash."""
        variables = {name: job.joined(pieces) for name, pieces in self.environment.items()}
        return {
            "FunctionName": self.function_name,
            "Role": job.output(self.role, "arn"),
            "Handler": self.handler,
            "Runtime": self.runtime,
            "Timeout": self.timeout,
            "MemorySize": self.memory,
            "EphemeralStorage": {"Size": self.ephemeral_storage},
            "Description": f"{self.name} of stack {job.aws.owner.stack}",
            "Environment": {"Variables": variables},
            "VpcConfig": {
                "SubnetIds": [job.id_of(subnet) for subnet in self.subnets],
                "SecurityGroupIds": [job.id_of(group) for group in self.groups],
            },
            "Layers": list(self.layers),
            "Architectures": [self.architecture],
            "CodeSha256": self.code_sha256,
        }

    mutable = frozenset({*_CONFIGURATION, *_CODE})

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        for name in sorted({record.key for record in records if record.key}):
            try:
                answer = look.aws.clients.functions.get_function(FunctionName=name)
            except ClientError as error:
                if gone(error):
                    continue
                raise
            if denied := answer.get("TagsError"):
                fix = "give the caller lambda:ListTags: without it nobody can tell whose the function is"
                raise StepFailed(f"{name}: {denied.get('Message', 'its tags were not told')}", fix, "GetFunction")
            raw = {**answer["Configuration"], **answer.get("Concurrency", {})}
            state = raw.get("State")
            yield Seen(
                raw["FunctionArn"],
                raw,
                answer.get("Tags", {}),
                key=name,
                going=state == "Deleting",
                spent=state == "Failed",
            )

    def create(self, job: Job) -> str:
        parameters = dict(job.record.request)
        code = job.aws.payloads[parameters.pop("CodeSha256")]
        if not parameters["VpcConfig"]["SubnetIds"]:
            del parameters["VpcConfig"]
        answer = job.aws.once.functions.create_function(
            **parameters, Code={"ZipFile": code}, Tags=job.aws.owner.of(self.name)
        )
        return answer["FunctionArn"]

    def settle(self, job: Job, seen: Seen | None) -> Ready | Pending:
        if seen is not None and seen.raw.get("State") == "Failed":
            fix = "remove the cause and resume: the failed one is deleted first, then another is made"
            raise StepFailed(_failure(seen, "State"), fix)
        if seen is None or seen.raw.get("State", "Active") not in ("Active", "Inactive"):
            return Pending(_said(seen))
        self._refuse_a_younger_role(job)
        update = seen.raw.get("LastUpdateStatus")
        if update == "Failed" and not job.first:
            raise StepFailed(_failure(seen, "LastUpdateStatus"), "remove the cause, then resume")
        if update == "InProgress" or self._update(job, seen, again=update == "Failed"):
            return Pending("update in progress")
        if self._reserve(job, seen):
            return Pending("reserving concurrency")
        return Ready({"arn": seen.id, "name": self.function_name})

    def _refuse_a_younger_role(self, job: Job) -> None:
        """Lambda's grant on the key of the environment names the role that was there when the function was made.

        One of the same name that was made later cannot use it, though nothing shows it but failing invocations.
        """
        born, role = job.record.created_at, job.needs[self.role].created_at
        if born and role and role > born:
            fix = f"delete it (aws lambda delete-function --function-name {self.function_name}), then resume"
            raise StepFailed("its role was made again after it, so it cannot read its environment any more", fix)

    def _update(self, job: Job, seen: Seen, *, again: bool) -> bool:
        """Set right what differs: one call at a time, for Lambda refuses a second while one is in progress.

        `again`: send the whole configuration, because the last update failed.
        """
        wanted = self.request(job)
        settings = [key for key in _CONFIGURATION if again or not _same(key, seen.raw.get(key), wanted[key])]
        code = [key for key in _CODE if seen.raw.get(key) != wanted[key]]
        wrong = settings or code
        if wrong and job.once(", ".join(wrong)):
            send = self._send_settings if settings else self._send_code
            send(job, seen, {key: wanted[key] for key in wrong})
        return bool(wrong)

    def _send_settings(self, job: Job, seen: Seen, changes: dict[str, Any]) -> None:
        job.aws.clients.functions.update_function_configuration(FunctionName=seen.id, **changes)
        job.notes.append(f"set {', '.join(changes)}")

    def _send_code(self, job: Job, seen: Seen, changes: dict[str, Any]) -> None:
        code: Any = {"ZipFile": job.aws.payloads[self.code_sha256], "Architectures": [self.architecture]}
        job.aws.clients.functions.update_function_code(FunctionName=seen.id, **code)
        job.notes.append(f"updated the code ({', '.join(changes)})")

    def _reserve(self, job: Job, seen: Seen) -> bool:
        """Whether another concurrency had to be asked for."""
        found, wanted = seen.raw.get("ReservedConcurrentExecutions"), self.reserved_concurrency
        if found == wanted or not job.once("reserved concurrency"):
            return bool(found != wanted)
        functions = job.aws.clients.functions
        if wanted is None:
            functions.delete_function_concurrency(FunctionName=seen.id)
        else:
            functions.put_function_concurrency(FunctionName=seen.id, ReservedConcurrentExecutions=wanted)
        if job.record.ready_at:
            job.notes.append(f"reserved concurrency was {found}, now {wanted}")
        return True

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        """Detach from the VPC, delete, and wait until Lambda has let go of the network interfaces.

        Detached first, Lambda frees its interfaces within minutes; deleted with them, within up to 45.
        """
        if seen is None:
            return free_interfaces(job)
        functions = job.aws.clients.functions
        if seen.raw.get("State") == "Pending" or seen.raw.get("LastUpdateStatus") == "InProgress":
            return Pending("an update is in progress")
        if _can_be_detached(seen):
            nothing: Any = {"SubnetIds": [], "SecurityGroupIds": []}
            functions.update_function_configuration(FunctionName=seen.id, VpcConfig=nothing)
            return Pending("detaching from the VPC")
        functions.delete_function(FunctionName=seen.id)
        return Pending("deleted; looking for the network interfaces that it leaves")


def _can_be_detached(seen: Seen) -> bool:
    """What failed, or whose last update failed, is deleted as it is; its interfaces take longer then."""
    sound = seen.raw.get("State", "Active") in ("Active", "Inactive")
    attached = bool(seen.raw.get("VpcConfig", {}).get("SubnetIds"))
    return attached and sound and seen.raw.get("LastUpdateStatus") != "Failed"


def _said(seen: Seen | None) -> str:
    state = seen.raw.get("State", "Pending") if seen else "Pending"
    reason = seen.raw.get("StateReason") if seen else None
    return f"{state}: {reason}" if reason else state


def _failure(seen: Seen, name: str) -> str:
    """What Lambda says of a failed `State` or `LastUpdateStatus`."""
    code, reason = seen.raw.get(f"{name}ReasonCode", ""), seen.raw.get(f"{name}Reason", "")
    return f"function {seen.raw['FunctionName']} failed: {code}: {reason}"


def _same(key: str, found: Any, wanted: Any) -> bool:
    if key == "Layers":
        found = [layer["Arn"] for layer in found or ()]
    if key == "EphemeralStorage":
        found = found or {"Size": _STORAGE}
    if key == "Environment":
        return bool((found or {}).get("Variables", {}) == wanted["Variables"])
    if key == "VpcConfig":
        found = found or {}
        return all(sorted(found.get(part, ())) == sorted(wanted[part]) for part in wanted)
    return bool(found == wanted)
