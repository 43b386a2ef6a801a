"""Start, stop and ask a sandbox. Imports nothing heavy: the command line waits for it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

RECORD = "sandbox.json"
"""The file in its home in which a running sandbox says where it is."""
_LOG = "sandbox.log"
_LOCK = "sandbox.lock"
_START_LIMIT = 30.0
_STOP_LIMIT = 10.0
_LOOK_EVERY = 0.02
_TAIL = 2000
_NEEDED = ("moto", "flask", "flask_cors")


class SandboxError(Exception):
    """The sandbox cannot be started or asked; the message says why and what to do."""


@dataclass(frozen=True)
class Status:
    """A sandbox that runs."""

    running: bool
    pid: int
    port: int
    endpoint: str
    id: str
    profile: str
    started: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Identity:
    """Which sandbox answers; `scale` is how many of AWS's seconds pass in a real one, None if infinitely many."""

    id: str
    scale: float | None


@dataclass(frozen=True)
class Wish:
    """How a sandbox is to be: its profile, what its chance begins with, what goes wrong in it from the start.

    `faults` are names of presets, JSON, or @FILE; with `permissions` IAM's policies are enforced. With an `owner`
    it ends when that process has ended, however that happened.
    """

    profile: str = "scaled=30"
    seed: int = 0
    faults: str = ""
    permissions: bool = False
    owner: int | None = None

    def options(self) -> list[str]:
        """As the server takes them."""
        given = {"--profile": self.profile, "--seed": str(self.seed), "--faults": self.faults}
        words = [word for pair in given.items() if pair[1] for word in pair]
        words += [] if self.owner is None else ["--owner", str(self.owner)]
        return [*words, *(["--enforce-iam"] if self.permissions else [])]


def identity(endpoint: str, timeout: float = 1.0) -> Identity | None:
    """The sandbox at this endpoint; None if there is none."""
    answer = _ask(endpoint, "identity", timeout=timeout)
    if not isinstance(answer, dict) or "id" not in answer:
        return None
    return Identity(str(answer["id"]), answer.get("scale"))


def identify(endpoint: str, timeout: float = 1.0) -> str | None:
    """The id of the sandbox at this endpoint; None if there is none."""
    found = identity(endpoint, timeout)
    return found.id if found else None


def status(home: Path | str) -> Status | None:
    """The sandbox that runs in this home, if one does: its process lives and its endpoint answers."""
    notice = _notice(Path(home))
    if notice is None or not alive(notice["pid"]):
        return None
    answer = _ask(notice["endpoint"], "identity", timeout=2.0)
    if not isinstance(answer, dict) or answer.get("pid") != notice["pid"]:
        return None
    # The id in the file lags behind a reset for a moment; the answer is what counts.
    return Status(running=True, **{**notice, "id": answer["id"]})


def start(home: Path | str, wish: Wish | None = None) -> Status:
    """The sandbox of this home, started if none runs; of two starts at once one starts it and both return it."""
    import filelock

    folder = Path(home).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(folder / _LOCK, timeout=2 * _START_LIMIT):
        return status(folder) or _start(folder, wish or Wish())


def stop(home: Path | str) -> bool:
    """End the sandbox of this home and wait until it has ended; False if none ran."""
    running = status(home)
    if running is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
    if not _until(lambda: not alive(running.pid), _STOP_LIMIT):
        raise SandboxError(f"the sandbox (process {running.pid}) does not end; end it with: kill -9 {running.pid}")
    return True


def reset(home: Path | str) -> Status:
    """Empty the sandbox of this home; it goes on under a new id."""
    running = status(home)
    if running is None:
        raise SandboxError(f"no sandbox runs in {home}")
    answer = _ask(running.endpoint, "reset", timeout=30.0, method="POST")
    if not isinstance(answer, dict):
        raise SandboxError(f"the sandbox at {running.endpoint} did not answer; see {Path(home) / _LOG}")
    return Status(**{**running.as_dict(), "id": answer["id"]})


def furnish(endpoint: str, account: str, region: str, wants: Sequence[Mapping[str, str]]) -> list[str]:
    """Have the sandbox at this endpoint make what a stack takes for granted; returns in words what was missing."""
    answer = _ask(
        endpoint,
        "furnish",
        timeout=30.0,
        method="POST",
        body={"account": account, "region": region, "wants": list(wants)},
    )
    if not isinstance(answer, dict):
        raise SandboxError(f"the sandbox at {endpoint} did not make what the stack takes for granted")
    return [str(made) for made in answer["made"]]


def _start(home: Path, wish: Wish) -> Status:
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise SandboxError(f"the sandbox needs {', '.join(missing)}: pip install 'provisioner[sandbox]'")
    command = [sys.executable, "-m", "provisioner.sandbox.server", "--home", str(home), *wish.options()]
    (home / RECORD).unlink(missing_ok=True)
    with (home / _LOG).open("w") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=_environment(),
        )
    if not _until(lambda: process.poll() is not None or status(home) is not None, _START_LIMIT):
        process.kill()
    running = status(home)
    if running is None:
        process.wait()
        raise SandboxError(f"the sandbox did not start; the end of {home / _LOG}:\n{_tail(home)}")
    return running


def _environment() -> dict[str, str]:
    """Ours, with this very copy of the package first: the folder that the command is run in must not matter."""
    root = str(Path(__file__).resolve().parents[2])
    inherited = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": root + (os.pathsep + inherited if inherited else "")}


def _notice(home: Path) -> dict[str, Any] | None:
    try:
        content = json.loads((home / RECORD).read_text())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended but was not waited for does not."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # if it is a child of ours
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Whether it has ended, and nobody has waited for it; in a container without an init nobody ever does."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


def _ask(endpoint: str, name: str, *, timeout: float, method: str = "GET", body: Any = None) -> Any:
    """The sandbox's answer; None if nobody answers, or not as a sandbox does."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{endpoint.rstrip('/')}/_sandbox/{name}", data=data, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as answer:
            return json.loads(answer.read())
    except (OSError, ValueError):
        return None


def _until(done: Any, limit: float) -> bool:
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if done():
            return True
        time.sleep(_LOOK_EVERY)
    return bool(done())


def _tail(home: Path) -> str:
    try:
        return (home / _LOG).read_text()[-_TAIL:]
    except OSError:
        return "(no log)"
