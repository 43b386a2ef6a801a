"""What runs on Lambda: functions, and the network interfaces that Lambda leaves behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from state.record import Record
from steps.aws.context import Look
from steps.aws.errors import Cause, gone, verdict
from steps.aws.listing import describe
from steps.base import Gone, Job, Pending, Ready, Retry, Seen, Step, StepFailed

_CONFIGURATION = ("Role", "Handler", "Runtime", "Timeout", "MemorySize", "Description", "Environment", "VpcConfig")


@dataclass(frozen=True, kw_only=True)
class Function(Step):
    """A function from a zip that the state file carries; `timeout` in seconds, `memory` in MiB.

    The values of `environment` are put together of pieces: a text, or the step and the output to take it from.
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
    environment: Mapping[str, tuple[str | tuple[str, str], ...]] = field(default_factory=dict)
    subnets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def key(self, ids: Mapping[str, str]) -> str | None:
        return self.function_name

    def request(self, job: Job) -> dict[str, Any]:
        """The parameters of the creating call, the code by its hash."""
        variables = {name: _joined(job, pieces) for name, pieces in self.environment.items()}
        return {
            "FunctionName": self.function_name,
            "Role": job.output(self.role, "arn"),
            "Handler": self.handler,
            "Runtime": self.runtime,
            "Timeout": self.timeout,
            "MemorySize": self.memory,
            "Description": f"{self.name} of stack {job.aws.owner.stack}",
            "Environment": {"Variables": variables},
            "VpcConfig": {
                "SubnetIds": [job.id_of(subnet) for subnet in self.subnets],
                "SecurityGroupIds": [job.id_of(group) for group in self.groups],
            },
            "Architectures": [self.architecture],
            "CodeSha256": self.code_sha256,
        }

    mutable = frozenset({*_CONFIGURATION, "CodeSha256", "Architectures"})

    @classmethod
    def survey(cls, look: Look, records: Sequence[Record]) -> Iterable[Seen]:
        for name in sorted({record.key for record in records if record.key}):
            try:
                answer = look.aws.clients.functions.get_function(FunctionName=name)
            except ClientError as error:
                if gone(error):
                    continue
                raise
            raw = answer["Configuration"]
            yield Seen(raw["FunctionArn"], raw, answer.get("Tags", {}), key=name)

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
        if seen is None or seen.raw.get("State") == "Pending":
            return Pending(_said(seen))
        if seen.raw.get("State") == "Failed":
            raise StepFailed(_failure(seen, ""), "remove the cause, destroy the function by hand, then resume")
        if seen.raw.get("LastUpdateStatus") == "Failed":
            raise StepFailed(_failure(seen, "LastUpdateStatus"), "remove the cause, then resume")
        if seen.raw.get("LastUpdateStatus") == "InProgress":
            return Pending("update in progress")
        if self._update(job, seen):
            return Pending("update in progress")
        return Ready({"arn": seen.id, "name": self.function_name})

    def _update(self, job: Job, seen: Seen) -> bool:
        """Set right what differs: one call at a time, for Lambda refuses a second while one is in progress."""
        wanted = self.request(job)
        functions = job.aws.clients.functions
        if wrong := [key for key in _CONFIGURATION if not _same(key, seen.raw.get(key), wanted[key])]:
            changes: Any = {key: wanted[key] for key in wrong}
            functions.update_function_configuration(FunctionName=seen.id, **changes)
            job.notes.append(f"set {', '.join(wrong)}")
        elif wrong := [key for key in ("CodeSha256", "Architectures") if seen.raw.get(key) != wanted[key]]:
            code = job.aws.payloads[self.code_sha256]
            functions.update_function_code(
                FunctionName=seen.id, ZipFile=code, Architectures=wanted["Architectures"]
            )
            job.notes.append("updated the code")
        return bool(wrong)

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone | Pending:
        """Detach from the VPC, delete, and wait until Lambda has let go of the network interfaces.

        Detached first, Lambda frees its interfaces within minutes; deleted with them, within up to 45.
        """
        if seen is None:
            return _free_interfaces(job)
        functions = job.aws.clients.functions
        if seen.raw.get("State") == "Pending" or seen.raw.get("LastUpdateStatus") == "InProgress":
            return Pending("an update is in progress")
        if seen.raw.get("VpcConfig", {}).get("SubnetIds"):
            nothing: Any = {"SubnetIds": [], "SecurityGroupIds": []}
            functions.update_function_configuration(FunctionName=seen.id, VpcConfig=nothing)
            return Pending("detaching from the VPC")
        functions.delete_function(FunctionName=seen.id)
        return Pending("deleted; looking for the network interfaces that it leaves")


def _joined(job: Job, pieces: Sequence[str | tuple[str, str]]) -> str:
    return "".join(piece if isinstance(piece, str) else str(job.output(*piece)) for piece in pieces)


def _said(seen: Seen | None) -> str:
    reason = seen.raw.get("StateReason") if seen else None
    return f"Pending: {reason}" if reason else "Pending"


def _failure(seen: Seen, field_prefix: str) -> str:
    name = field_prefix or "State"
    code, reason = seen.raw.get(f"{name}ReasonCode", ""), seen.raw.get(f"{name}Reason", "")
    return f"function {seen.raw['FunctionName']} failed: {code}: {reason}"


def _same(key: str, found: Any, wanted: Any) -> bool:
    if key == "Environment":
        return bool((found or {}).get("Variables", {}) == wanted["Variables"])
    if key == "VpcConfig":
        found = found or {}
        return all(sorted(found.get(part, ())) == sorted(wanted[part]) for part in wanted)
    return bool(found == wanted)


def _free_interfaces(job: Job) -> Gone | Pending:
    """Delete the function's detached interfaces and wait for the others.

    They are told by description and group, not by type: once detached, the type turns from `lambda` to
    `interface`. The group is the function's own, so no other function's interface is among them.
    """
    groups = job.record.request.get("VpcConfig", {}).get("SecurityGroupIds")
    if not groups:
        return Gone()
    filters = {"group-id": groups, "description": ["AWS Lambda VPC ENI*"]}
    left = list(describe(Look(job.aws), "describe_network_interfaces", "NetworkInterfaces", filters))
    for interface in left:
        if interface["Status"] == "available":
            _delete_interface(job, interface["NetworkInterfaceId"])
    ids = ", ".join(interface["NetworkInterfaceId"] for interface in left)
    return Pending(f"Lambda still holds {ids}") if left else Gone()


def _delete_interface(job: Job, interface: str) -> None:
    try:
        job.aws.clients.ec2.delete_network_interface(NetworkInterfaceId=interface)
    except ClientError as error:
        if verdict(error).cause not in (Cause.GONE, Cause.IN_USE):
            raise
