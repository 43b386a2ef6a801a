"""The state file: read whole, checked whole, replaced whole.

A reader never sees half a document, and a crash at any instant leaves either the old document or the new one
(the way of borg's `SaveFile`): temporary file in the same folder, flush, fsync, rename, fsync of the folder.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from state.record import FORMAT, StackState

_DOCUMENT = TypeAdapter(StackState)
_PROBE_BYTES = 256 * 1024
"""What must fit on the disk before a run starts: a document several times the usual size."""


class StateError(Exception):
    """The state file cannot be used; the message names the file, the reason and the way out."""


class StateWriteError(StateError):
    """The state file could not be replaced. What is on disk is the document before the failed write."""


class Store:
    """One stack's state file at `path`, and the copy of its former content beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.previous = path.with_name(path.name + ".previous")
        self._next = path.with_name(f".{path.name}.new")

    def load(self) -> StackState | None:
        """The document, or None where there is no file. Raises StateError where it cannot be trusted."""
        try:
            self._check_mode()
            text = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(f"cannot be read: {error.strerror}") from error
        return self._parse(text)

    def probe(self) -> None:
        """Raise StateError now if a document could not be written later (read-only folder, full disk)."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._write_next(b"\0" * _PROBE_BYTES)
            self._next.unlink()
        except OSError as error:
            raise self._unwritable(error) from error

    def save(self, state: StackState) -> None:
        """Replace the document; when this returns it is on disk. Raises StateWriteError, leaving the old one."""
        text = json.dumps(asdict(state), indent=1).encode() + b"\n"
        try:
            self._write_next(text)
            self._keep_previous()
            self._next.replace(self.path)
            _sync_folder(self.path.parent)
        except OSError as error:
            raise self._unwritable(error) from error

    def remove(self) -> None:
        """Take the document away; the one before it stays."""
        self.path.unlink(missing_ok=True)

    def _write_next(self, content: bytes) -> None:
        descriptor = os.open(self._next, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                self._next.unlink()
            raise

    def _keep_previous(self) -> None:
        """Give the present document a second name, so that there is no instant without one."""
        if not self.path.exists():
            return
        spare = self.path.with_name(f".{self.path.name}.old")
        with suppress(FileNotFoundError):
            spare.unlink()
        try:
            spare.hardlink_to(self.path)
        except OSError:  # a file system without hard links
            shutil.copy2(self.path, spare)
        spare.replace(self.previous)

    def _check_mode(self) -> None:
        """Someone who took the permissions away meant it, even where root could ignore them."""
        mode = self.path.stat().st_mode
        if not mode & stat.S_IRUSR:
            raise self._unusable("cannot be read: its mode forbids it", fix=f"chmod 600 {self.path}")
        if not mode & stat.S_IWUSR:
            raise self._unusable("is read-only", fix=f"chmod 600 {self.path}")

    def _parse(self, text: bytes) -> StackState:
        try:
            raw = json.loads(text)
            self._check_format(raw)
            return _DOCUMENT.validate_python(raw)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise self._unusable(f"is damaged: {where or 'the document'}: {first['msg']}") from error
        except ValueError as error:
            raise self._unusable(f"is damaged: it is not whole JSON ({error})") from error

    def _check_format(self, raw: Any) -> None:
        found = raw.get("format") if isinstance(raw, dict) else None
        if isinstance(found, int) and found > FORMAT:
            fix = "use the version of provisioner that wrote it, or a newer one"
            raise self._unusable(f"has format {found}; this version knows up to {FORMAT}", fix=fix)

    def _unusable(self, what: str, fix: str | None = None) -> StateError:
        if fix is None and self.previous.exists():
            fix = f"the copy before the last write is {self.previous}; look at both and put the right one there"
        if fix is None:
            fix = "there is no earlier copy beside it; look at it by hand"
        return StateError(f"state file {self.path} {what}. Nothing was changed, no AWS call was made. Fix: {fix}.")

    def _unwritable(self, error: OSError) -> StateWriteError:
        fixes = {
            errno.ENOSPC: "free some disk space and run the same command again",
            errno.EDQUOT: "free some of your disk quota and run the same command again",
            errno.EFBIG: "allow larger files (ulimit -f) and run the same command again",
            errno.EROFS: "use --state to keep it on a writable file system",
        }
        fix = fixes.get(error.errno or 0, "make its folder writable for you, or use --state PATH")
        return StateWriteError(
            f"state file {self.path} cannot be written: {error.strerror}. "
            f"What stood there before still stands. Fix: {fix}."
        )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
