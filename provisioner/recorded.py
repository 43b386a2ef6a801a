"""The stacks that are recorded in a folder, and which of them is meant."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from provisioner import place
from provisioner.sandbox import control
from state.record import StackState
from state.store import StateError, Store

_SUFFIX = ".json"


@dataclass(frozen=True)
class Options:
    """What the commands have in common. `folder` holds the state files and the sandbox."""

    state: Path | None = None
    profile: str | None = None
    region: str | None = None
    parallel: int = 16
    sandbox: bool = False
    folder: Path = Path(".provisioner")
    force_records: bool = False
    """Whether destroy takes the records that others put into our zones."""
    preflight: bool = False
    """Whether provision examines the account before it makes anything."""


class NoSuchStack(Exception):
    """No stack of this name is recorded here, or none was named and there is not exactly one."""


def find(name: str | None, options: Options) -> StackState:
    """A recorded stack; without a name the only one that is not destroyed. Raises NoSuchStack, StateError."""
    if options.state or name:
        path = state_path(name or "", options)
        found = Store(path).load()
        if found is None:
            raise NoSuchStack(f"no stack is recorded in {path}. {_here(options)}")
        check_name(path, found, name or found.stack)
        return found
    return _only(options)


def _only(options: Options) -> StackState:
    """The one that is meant when none is named. What cannot be read may be meant too, and is never passed over."""
    alive = [(path, one) for path, one in every(options) if isinstance(one, StateError) or not one.destroyed]
    if len(alive) > 1:
        raise NoSuchStack(f"which one? {', '.join(path.stem for path, _ in alive)}. Fix: name one.")
    if not alive:
        raise NoSuchStack(f"there is no stack here, or none that is not destroyed. {_here(options)}")
    (_, found), *_ = alive
    if isinstance(found, StateError):
        raise found
    return found


def check_name(path: Path, recorded: StackState, name: str) -> None:
    """A state file that --state names may be another stack's. Raises WrongPlace."""
    if recorded.stack != name:
        raise place.WrongPlace(
            f"{path} records '{recorded.stack}', not '{name}'. Nothing was touched. "
            f"Fix: give the state file of '{name}', or the name '{recorded.stack}'."
        )


def every(options: Options) -> list[tuple[Path, StackState | StateError]]:
    """All stacks of the folder by file; a file that cannot be trusted is given as the error that says why."""
    found: list[tuple[Path, StackState | StateError]] = []
    if options.folder.exists() and not os.access(options.folder, os.R_OK | os.X_OK):
        raise StateError(f"{options.folder} cannot be read. Fix: make it readable for you, or give --state PATH.")
    for path in sorted(options.folder.glob(f"[!.]*{_SUFFIX}")):
        if path.name == control.RECORD:
            continue
        try:
            if state := Store(path).load():
                found.append((path, state))
        except StateError as error:
            found.append((path, error))
    return found


def state_path(name: str, options: Options) -> Path:
    """Where the stack is recorded. A link is followed: what is replaced must be the file, not the link."""
    path = options.state or options.folder / f"{name}{_SUFFIX}"
    return path.resolve() if path.is_symlink() else path


def _here(options: Options) -> str:
    names = [path.stem for path, _ in every(options)]
    listed = f"Recorded in {options.folder}: {', '.join(names)}" if names else f"{options.folder} holds none"
    return f"{listed}. Fix: name one, or go to the folder where it was provisioned, or give --state PATH."
