"""The tool as users run it: its command line, against a sandbox, in a folder of its own."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from provisioner.cli import main
from provisioner.operate import Tools
from tests.inventory import inventory
from tests.sandbox_fixture import Sandbox

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "private-lambda.toml"
REGION = "us-east-1"
NAME = "private-lambda"
_LIMIT = 60.0


@dataclass(frozen=True)
class Ended:
    """A finished run: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


@dataclass
class Tool:
    sandbox: Sandbox
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    example: Path = EXAMPLE
    name: str = NAME

    @property
    def state_file(self) -> Path:
        return self.folder / ".provisioner" / f"{self.name}.json"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "provisioner", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **self._variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def _variables(self) -> dict[str, str]:
        place = {"AWS_ENDPOINT_URL": self.sandbox.endpoint, "AWS_DEFAULT_REGION": REGION}
        return {**place, **self.environment}

    def run(self, *arguments: str) -> Ended:
        """The command line carried out in this process, which saves the start of another one."""
        out, err = io.StringIO(), io.StringIO()
        with (
            chdir(self.folder),
            patch.dict(os.environ, self._variables),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = main(arguments, Tools(end=_does_not_end))
        return Ended(code, out.getvalue(), err.getvalue())

    def provision(self, *arguments: str) -> Ended:
        return self.run("provision", str(self.example), *arguments)

    def destroy(self) -> Ended:
        return self.run("destroy", self.name, "--yes")

    def provisioned(self, *arguments: str) -> Ended:
        """Provision and insist that it went well."""
        return succeeded(self.provision(*arguments))

    def state(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.state_file.read_text())
        return document

    def id_of(self, step: str) -> str:
        found: str = self.state()["records"][step]["id"]
        return found

    def inventory(self) -> dict[str, list[str]]:
        return inventory(self.sandbox.endpoint, REGION)

    def client(self, service: str) -> Any:
        return self.sandbox.client(service, REGION)

    def attempts(self) -> list[Mapping[str, Any]]:
        """The calls that would change something, whatever became of them."""
        return [call for call in self.sandbox.calls() if call["mutating"]]

    def mutations(self) -> list[Mapping[str, Any]]:
        """The calls that changed something: not those that were throttled or came too early."""
        return [call for call in self.attempts() if (call["status"] or 0) < 300]

    def reads(self) -> list[Mapping[str, Any]]:
        return [call for call in self.sandbox.calls() if not call["mutating"]]

    def killed_at(self, process: subprocess.Popen[str], nth: int, when: str) -> bool:
        """SIGKILL the process while its nth mutating call is held; False if it ended before that call."""
        until(lambda: bool(self.sandbox.held()) or process.poll() is not None)
        reached = bool(self.sandbox.held())
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=_LIMIT)
        self.sandbox.clear_faults()
        self.sandbox.forget_calls()
        return reached


def _does_not_end(code: int) -> None:
    """A run whose threads hang leaves its process at once; this process goes on."""


def succeeded(ended: Ended) -> Ended:
    assert ended.code == 0, ended.text
    return ended


def until(condition: Callable[[], bool], limit: float = _LIMIT) -> None:
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(0.01)


def nothing(found: Mapping[str, list[str]]) -> bool:
    return not any(found.values())
