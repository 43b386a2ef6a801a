"""The code of a stack's functions: built from its sources, or as it was recorded."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from provisioner.events import Listener, Notice
from provisioner.function_code.payload import Payload, PayloadError, build
from provisioner.stack import Stack
from state.record import StackState


@dataclass(frozen=True)
class FunctionCode:
    """The zips of a stack's functions: `hashes` by function name, `contents` by hash."""

    hashes: Mapping[str, str]
    contents: Mapping[str, bytes]


def built(wanted: Stack, listener: Listener) -> FunctionCode:
    """The zips of all functions; those of one source, runtime and architecture share one. Raises PayloadError."""
    payloads: dict[tuple[Path, str, str], Payload] = {}
    hashes = {}
    for name, one in wanted.functions.items():
        kind = (one.source, one.runtime, one.architecture)
        try:
            payloads[kind] = payloads.get(kind) or build(*kind, lambda text: listener.tell(Notice(text)))
        except PayloadError as error:
            raise PayloadError(f"functions.{name}.source: {error}") from error
        hashes[name] = payloads[kind].sha256
    return FunctionCode(hashes, {payload.sha256: payload.content for payload in payloads.values()})


def written(code: FunctionCode) -> dict[str, str]:
    """The zips as the state file holds them, by hash."""
    return {sha: base64.b64encode(content).decode() for sha, content in code.contents.items()}


def recorded(state: StackState) -> FunctionCode:
    contents = {sha: base64.b64decode(text) for sha, text in state.payloads.items()}
    return FunctionCode(state.facts.get("code", {}), contents)
