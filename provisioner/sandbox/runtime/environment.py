"""One execution environment: a process that runs a function's handler for one invocation after the other."""

from __future__ import annotations

import contextlib
import json
import math
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from provisioner.sandbox.runtime import bootstrap

INIT_LIMIT = 10.0
"""Seconds that Lambda gives a function to load before it counts them as the first invocation's."""
_LOOK_EVERY = 0.02
_PIECE = 1 << 16
_MIB = 1024

Ending = Literal["answered", "timeout", "memory", "exit"]


@dataclass
class Run:
    """What came of one invocation: an answer (`payload` or `failure`), or another ending."""

    ending: Ending = "answered"
    payload: str = ""
    failure: dict[str, Any] | None = None
    status: int = 0
    seconds: float = 0.0
    init: float | None = None
    peak: int = 0
    loading: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Setup:
    """What a process is started with; `settings` is what its bootstrap reads."""

    root: Path
    variables: Mapping[str, str]
    settings: Mapping[str, Any]
    memory: int


class _Ended(Exception):
    """The process does not answer any more."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending)
        self.ending = ending


class Process:
    """The process of an environment, started at its first invocation."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._child: subprocess.Popen[bytes] | None = None
        self._selector = selectors.DefaultSelector()
        self._heard = bytearray()
        self._printed = bytearray()
        self._lines: list[str] = []
        self._peak = 0
        self._ended = False

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def run(self, invocation: dict[str, Any], seconds: float) -> Run:
        """Have the handler run for as long as it may; a process that did not answer in time is ended."""
        run = Run()
        try:
            if self._child is None:
                self._load(run, seconds)
            if run.failure is None:
                self._invoke(run, invocation, seconds)
            else:
                self.end()  # what could not be loaded is loaded anew the next time
        except _Ended as end:
            run.ending = end.ending
            self.end()
            run.status = self._child.returncode if self._child else 0
        run.lines += self._taken()
        run.peak = math.ceil(self._peak / _MIB)
        return run

    def kill(self) -> None:
        """Kill it and all that it started, though another thread may be waiting for its answer."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, signal.SIGKILL)

    def end(self) -> None:
        """Kill it and all that it started, and let go of it."""
        if self._child is None or self._ended:
            return
        self._ended = True
        self.kill()
        self._child.wait()
        for key in list(self._selector.get_map().values()):
            self._close(key.fd)
        self._selector.close()
        if self._child.stdin:
            with contextlib.suppress(OSError):
                self._child.stdin.close()

    def _load(self, run: Run, seconds: float) -> None:
        began = time.monotonic()
        self._start()
        try:
            told = self._message(began + INIT_LIMIT)
        except _Ended as end:
            if end.ending != "timeout":
                raise
            told = self._message(time.monotonic() + seconds)
        run.init = time.monotonic() - began
        run.failure = told.get("failure")
        run.loading = self._taken()

    def _invoke(self, run: Run, invocation: dict[str, Any], seconds: float) -> None:
        began = time.monotonic()
        try:
            self._send({**invocation, "deadline": time.time() + seconds})
            told = self._message(began + seconds)
        finally:
            run.seconds = time.monotonic() - began
        run.payload, run.failure = told.get("payload", ""), told.get("failure")

    def _start(self) -> None:
        log, printing = os.pipe()
        answers, answering = os.pipe()
        settings = json.dumps({**self._setup.settings, "answers": answering})
        command = [sys.executable, "-I", "-S", "-B", "-u", "-X", "utf8", bootstrap.__file__, settings]
        try:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=printing,
                stderr=printing,
                pass_fds=(answering,),
                cwd=self._setup.root,
                env=dict(self._setup.variables),
                start_new_session=True,
            )
        finally:
            os.close(printing)
            os.close(answering)
        for number, kept in ((log, self._printed), (answers, self._heard)):
            self._selector.register(number, selectors.EVENT_READ, kept)

    def _send(self, invocation: dict[str, Any]) -> None:
        assert self._child and self._child.stdin
        try:
            self._child.stdin.write(json.dumps(invocation).encode() + b"\n")
            self._child.stdin.flush()
        except OSError:
            raise _Ended("exit") from None

    def _message(self, until: float) -> dict[str, Any]:
        """The next one from the process."""
        while b"\n" not in self._heard:
            self._watch()
            left = until - time.monotonic()
            if left <= 0:
                raise _Ended("timeout")
            if not self._read(min(left, _LOOK_EVERY)) and not self.alive:
                raise _Ended("memory" if self._too_large() else "exit")
        self._watch()
        self._read(0)  # what it printed before it answered is in the pipe by now
        line, _, rest = bytes(self._heard).partition(b"\n")
        self._heard[:] = rest
        message: dict[str, Any] = json.loads(line)
        return message

    def _read(self, patience: float) -> bool:
        """Whether something came: what it printed becomes lines of its log."""
        came = False
        for key, _ in self._selector.select(patience):
            piece = os.read(key.fd, _PIECE)
            key.data.extend(piece)
            came = came or bool(piece)
            if not piece:
                self._close(key.fd)
        *whole, rest = bytes(self._printed).split(b"\n")
        self._printed[:] = rest
        self._lines += [_text(line) for line in whole]
        return came

    def _close(self, number: int) -> None:
        self._selector.unregister(number)
        os.close(number)

    def _watch(self) -> None:
        self._peak = max(self._peak, self._resident())
        if self._too_large():
            raise _Ended("memory")

    def _too_large(self) -> bool:
        return self._peak > self._setup.memory * _MIB

    def _resident(self) -> int:
        """The most memory that it has had, in KiB; 0 where the system does not tell."""
        try:
            status = Path(f"/proc/{self._child.pid}/status").read_text() if self._child else ""
        except OSError:
            return 0
        return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)

    def _taken(self) -> list[str]:
        if self._printed and not self.alive:
            self._lines.append(_text(bytes(self._printed)))
            self._printed.clear()
        taken, self._lines = self._lines, []
        return taken


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").replace(bootstrap.WITHIN, "\n")
