"""One run at a time on one stack.

The lock itself is the operating system's (released by the kernel however its holder dies), taken on a file of
its own: the state file is replaced at every write, and a lock on a replaced file locks nothing. Who holds it
stands in a third file, because opening a lock file may empty it.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from state.record import now
from state.store import StateError


@dataclass(frozen=True)
class Holder:
    """Who holds the lock: process id, host and user, what it is doing, and since when (UTC)."""

    pid: int
    host: str
    user: str
    doing: str
    since: str

    def __str__(self) -> str:
        return f"{self.doing} by {self.user} on {self.host}, process {self.pid}, since {self.since}"


class Held(Exception):
    """Another run holds the lock. `holder` is None where it has not written its name yet."""

    def __init__(self, path: Path, holder: Holder | None) -> None:
        self.path = path
        self.holder = holder
        super().__init__(self._text())

    def _text(self) -> str:
        who = str(self.holder) if self.holder else "a process that has just started"
        out = f"wait for it, or stop it with `kill {self.holder.pid}`" if self.holder else "try again in a moment"
        return f"another run holds {self.path}: {who}. Fix: {out}; the lock goes with the process."


@contextmanager
def hold(state_path: Path, doing: str) -> Iterator[Holder | None]:
    """Hold the stack's lock inside the block. Raises Held at once if another run has it.

    Yields the holder that died with the lock in its hands, if the last one did; None otherwise.
    """
    lock_path = state_path.with_name(state_path.name + ".lock")
    name_path = state_path.with_name(state_path.name + ".holder")
    lock = FileLock(lock_path, timeout=0)
    try:
        lock_path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise Held(lock_path, _read(name_path)) from error
    except OSError as error:
        fix = "make it yours (an earlier run of another user may have made it), or use --state PATH"
        raise StateError(
            f"{lock_path} cannot be locked: {error.strerror}. Nothing was called. Fix: {fix}."
        ) from error
    try:
        dead = _read(name_path)
        name_path.write_text(json.dumps(asdict(_me(doing))))
        yield dead
    finally:
        with suppress(OSError):
            name_path.unlink()
        lock.release()


def held(state_path: Path) -> Holder | None:
    """Who holds the stack's lock at this moment, as far as it has written its name; None if nobody does.

    The lock is tried only where the named process may be alive, so that a run which starts now is never kept out
    by somebody who merely asks.
    """
    holder = _read(state_path.with_name(state_path.name + ".holder"))
    if holder is None or (holder.host == socket.gethostname() and not _alive(holder.pid)):
        return None
    lock = FileLock(state_path.with_name(state_path.name + ".lock"), timeout=0)
    try:
        lock.acquire()
    except (Timeout, OSError):  # what may not be tried is taken for held
        return holder
    lock.release()
    return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _me(doing: str) -> Holder:
    return Holder(os.getpid(), socket.gethostname(), _user(), doing, now())


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return str(os.getuid())


def _read(path: Path) -> Holder | None:
    try:
        return Holder(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None
