"""The fixture `sandbox`: one server a test process, empty and without faults at the start of each test."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from provisioner.sandbox import control

REGION = "eu-central-1"
_PATIENCE = 10.0


class Sandbox:
    """A running sandbox, with instant state changes unless `latencies` says otherwise."""

    def __init__(self, home: Path, status: control.Status) -> None:
        self.home = home
        self.pid = status.pid
        self.endpoint = status.endpoint
        self._session: Any = boto3.Session(
            aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION
        )
        self._clients: dict[tuple[str, str], Any] = {}

    @property
    def id(self) -> str:
        return str(self.ask("GET", "identity")["id"])

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client that tries once; the same one for the same service and region."""
        key = (service, region)
        if key not in self._clients:
            config = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False, read_timeout=30)
            self._clients[key] = self._session.client(
                service, region_name=region, endpoint_url=self.endpoint, config=config
            )
        return self._clients[key]

    def calls(self, *, mutating: bool | None = None) -> list[dict[str, Any]]:
        """The calls since the last reset or `forget_calls`, all or only the mutating or only the others."""
        log: list[dict[str, Any]] = self.ask("GET", "calls")
        return [entry for entry in log if mutating is None or entry["mutating"] == mutating]

    def forget_calls(self) -> None:
        self.ask("DELETE", "calls")

    def faults(self, specs: Sequence[Mapping[str, Any]]) -> None:
        """Set these too; see `provisioner.sandbox.faults`."""
        self.ask("POST", "faults", list(specs))

    def named_faults(self, *names: str) -> None:
        """Set these presets too; see `provisioner.sandbox.presets`."""
        self.ask("POST", "faults", list(names))

    @contextmanager
    def at_peace(self) -> Iterator[None]:
        """No faults while a test looks for itself; what was set is set anew afterwards."""
        kept = self.ask("GET", "faults")
        self.clear_faults()
        yield
        self.faults(
            [{key: value for key, value in fault.items() if key not in ("seen", "fired")} for fault in kept]
        )

    def clear_faults(self) -> None:
        """Remove all faults; requests that are held are dropped."""
        self.ask("DELETE", "faults")

    def held(self) -> list[dict[str, Any]]:
        held: list[dict[str, Any]] = self.ask("GET", "held")
        return held

    def wait_for_held(self, count: int = 1, patience: float = _PATIENCE) -> list[dict[str, Any]]:
        """The held requests, as soon as there are so many."""
        self._wait(lambda: len(self.held()) >= count, f"{count} held requests", patience)
        return self.held()

    def wait_for_nothing_held(self, patience: float = _PATIENCE) -> None:
        self._wait(lambda: not self.held(), "no held requests", patience)

    def release(self) -> None:
        self.ask("POST", "release")

    def latencies(self, seconds: Mapping[str, float]) -> None:
        """Override entries of the table, in our own seconds; see `provisioner.sandbox.latencies`."""
        self.ask("POST", "latencies", seconds)

    def advance(self, seconds: float) -> None:
        """Let the sandbox's clock jump ahead."""
        self.ask("POST", "clock", {"advance": seconds})

    def reset(self) -> None:
        self.ask("POST", "reset")

    def become(self, profile: str, seed: int = 0) -> None:
        """Be reset to another profile and seed."""
        self.ask("POST", "reset", {"profile": profile, "seed": seed})

    def ask(self, method: str, name: str, body: Any = None) -> Any:
        """One call of the sandbox's own API."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/_sandbox/{name}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
            return json.loads(answer.read())

    def _wait(self, done: Callable[[], bool], what: str, patience: float) -> None:
        end = time.monotonic() + patience
        while not done():
            if time.monotonic() > end:
                pytest.fail(f"no {what} in {patience} s; the log: {self.calls()}")
            time.sleep(0.01)


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The server of this test process."""
    home = tmp_path_factory.mktemp("sandbox")
    status = control.start(home, control.Wish(profile="instant", owner=os.getpid()))
    try:
        yield Sandbox(home, status)
    finally:
        control.stop(home)


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Sandbox:
    """An empty sandbox."""
    sandbox_process.become("instant")
    return sandbox_process
