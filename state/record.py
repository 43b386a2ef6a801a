"""What is remembered: one record a resource, one document a stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

FORMAT = 1
"""The version of the document's shape. A newer one is refused, an older one would be converted on load."""


class Phase(StrEnum):
    """How far one resource has come. The order is the order of a life."""

    PLANNED = "planned"
    """Named by the stack file; no call was made for it. Never written to disk."""
    CREATING = "creating"
    """The intent is on disk; whether AWS has the resource is not known."""
    CREATED = "created"
    """The id is on disk; it may still be on its way to be usable."""
    READY = "ready"
    DELETING = "deleting"


class Operation(StrEnum):
    PROVISION = "provision"
    DESTROY = "destroy"


class Status(StrEnum):
    """How the last operation ended."""

    RUNNING = "running"
    """Also what a killed run leaves behind."""
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    DONE = "done"


@dataclass(frozen=True)
class Record:
    """One resource: enough to find it, to go on with it and to delete it without any other file.

    `request` holds the parameters of the creating call (without tags and binary content), so it tells what
    the resource was created with; `outputs` holds what other steps and people may want to know of it.
    Times are UTC in ISO 8601.
    """

    name: str
    kind: str
    phase: Phase = Phase.PLANNED
    needs: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    """Those of the needs that may be deleted before this."""
    token: str = ""
    """Derived from the intent and kept with it: a resumed run sends it again, another life never does."""
    key: str | None = None
    """The name by which AWS itself tells resources of this kind apart, where there is one."""
    request: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    intended_at: str | None = None
    created_at: str | None = None
    ready_at: str | None = None


@dataclass(frozen=True)
class Pin:
    """Where the stack lives. A run that finds itself elsewhere must not touch it.

    `endpoint` is `aws`, the URL of another endpoint, or `sandbox:ID`.
    """

    account: str
    region: str
    endpoint: str = "aws"


@dataclass(frozen=True)
class StackState:
    """The whole document of one stack."""

    stack: str
    stack_id: str
    """Random, made once: the value of the owner tag. Two stacks of one name never mistake each other's things."""
    pin: Pin
    operation: Operation = Operation.PROVISION
    status: Status = Status.RUNNING
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The resolved stack file."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What AWS chose for us once and must stay (the availability zones)."""
    payloads: Mapping[str, str] = field(default_factory=dict)
    """Function code as base64 of the zip, by its SHA-256 as Lambda writes it."""
    records: Mapping[str, Record] = field(default_factory=dict)
    started_at: str = ""
    ended_at: str | None = None
    tool: str = ""
    format: int = FORMAT

    @property
    def destroyed(self) -> bool:
        return self.operation is Operation.DESTROY and self.status is Status.DONE

    @property
    def unfinished(self) -> bool:
        return self.status is not Status.DONE


def new_stack_id() -> str:
    return uuid4().hex[:16]


def now() -> str:
    """The time as it is written into records: UTC, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def age(moment: str) -> float:
    """Seconds since a moment that `now` wrote."""
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
