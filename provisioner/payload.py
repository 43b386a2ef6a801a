"""A function's code as the zip that Lambda takes: the same source gives the same bytes, on every machine.

Nothing of the moment gets in: names are sorted, times and permissions fixed, and the files are stored, not
deflated. Deflate's output differs between zlib, its versions and its replacements (zlib-ng), which would show as
changed code on a colleague's machine. Stored files cost some seconds of upload and nothing in AWS, which unpacks
them anyway.
"""

from __future__ import annotations

import base64
import hashlib
import io
import stat
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold."""
_UNIX = 3
_MIB = 1024 * 1024
LARGEST_ZIP = 50 * _MIB
"""Lambda's limit for code that is sent with the call. As nothing is compressed, a zip within it unpacks to far
less than the 250 MiB that Lambda allows. Source: Lambda developer guide, "Lambda quotas"."""


class PayloadError(Exception):
    """A payload folder that cannot be sent to Lambda; says which file, why and what to do."""


class Fault(PayloadError):
    """The same in parts: the file or folder, what is wrong with it and the fix."""

    def __init__(self, place: Path, what: str, fix: str) -> None:
        self.place, self.what, self.fix = place, what, fix
        super().__init__(place, what, fix)

    def __str__(self) -> str:
        place = str(self.place)
        return f"{place if place.isprintable() else ascii(place)} {self.what}. Fix: {self.fix}."


@dataclass(frozen=True)
class Payload:
    """`sha256` is in base64, as in Lambda's `CodeSha256`."""

    content: bytes
    sha256: str


def build(source: Path) -> Payload:
    """The zip of a payload folder, without caches, bytecode and hidden files. Raises PayloadError."""
    files, faults = _gathered(source)
    for fault in faults:
        raise fault
    content = _zip(files)
    return Payload(content, base64.b64encode(hashlib.sha256(content).digest()).decode())


def check(source: Path) -> list[Fault]:
    """Everything for which `build` would refuse the folder. Opens its files and reads none."""
    files, faults = _gathered(source)
    return [*faults, *_unreadable(files.values())]


def _gathered(source: Path) -> tuple[dict[str, Path], list[Fault]]:
    """The files by their name in the zip, and what is wrong with the folder before any is read."""
    files: dict[str, Path] = {}
    faults = []
    for found in _files(source, source, frozenset()):
        if isinstance(found, Fault):
            faults.append(found)
        else:
            files[_name(source, found)] = found
    if not files and not faults:
        faults.append(Fault(source, "holds no files to send", "put the function's code there"))
    return files, [*faults, *_too_large(source, files.values())]


def _files(root: Path, folder: Path, above: frozenset[Path]) -> Iterator[Path | Fault]:
    """All files below a folder, and a fault for each that cannot be sent; sorted, so that reports are alike."""
    try:
        here = _real(root, folder)
        if here in above:
            raise Fault(folder, "is a link to a folder that it is in", "remove it")
        entries = sorted(entry for entry in folder.iterdir() if not _left_out(entry))
    except Fault as fault:
        yield fault
        return
    except OSError as error:
        yield Fault(folder, f"cannot be read: {error.strerror}", "name a folder with code")
        return
    for entry in entries:
        yield from _entry_files(root, entry, above | {here})


def _entry_files(root: Path, entry: Path, above: frozenset[Path]) -> Iterator[Path | Fault]:
    try:
        _real(root, entry)
        if not entry.is_dir():
            _name(root, entry)
            yield _regular(entry)
            return
    except Fault as fault:
        yield fault
        return
    yield from _files(root, entry, above)


def _left_out(entry: Path) -> bool:
    return entry.name.startswith(".") or entry.name == "__pycache__" or entry.suffix == ".pyc"


def _real(root: Path, entry: Path) -> Path:
    """Where it really is: inside the payload folder."""
    try:
        real = entry.resolve(strict=True)
    except (OSError, RuntimeError):
        raise Fault(entry, "leads nowhere", "remove it or set the link right") from None
    if not real.is_relative_to(root.resolve()):
        raise Fault(entry, f"is a link to {real}, outside the payload folder", "copy the file there")
    return real


def _name(root: Path, entry: Path) -> str:
    name = entry.relative_to(root).as_posix()
    if not name.isprintable():  # also bytes that are no text: they would not unpack to the same name
        raise Fault(entry, "has a name that no zip keeps", "rename it")
    return name


def _regular(entry: Path) -> Path:
    if not entry.is_file():
        raise Fault(entry, "is neither a file nor a folder", "remove it")
    return entry


def _too_large(source: Path, files: Iterable[Path]) -> Iterator[Fault]:
    """Looked at before anything is read into memory."""
    sizes = {file: file.stat().st_size for file in files}
    total = sum(sizes.values())
    if total > LARGEST_ZIP:
        largest = max(sizes, key=lambda file: sizes[file]).relative_to(source)
        what = f"has {total / _MIB:.1f} MiB, Lambda takes at most {LARGEST_ZIP // _MIB} MiB in a zip"
        fix = f"remove what the function does not use; the largest file is {largest}"
        yield Fault(source, what, fix)


def _unreadable(files: Iterable[Path]) -> Iterator[Fault]:
    for file in files:
        try:
            file.open("rb").close()
        except OSError as error:
            yield _locked(file, error)


def _locked(file: Path, error: OSError) -> Fault:
    return Fault(file, f"cannot be read: {error.strerror}", "make it readable")


def _zip(files: dict[str, Path]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            archive.writestr(_entry(name, files[name]), _content(files[name]))
    return buffer.getvalue()


def _entry(name: str, file: Path) -> zipfile.ZipInfo:
    """Readable by Lambda's user whatever the umask here was; executable where the owner may execute it."""
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.create_system = _UNIX
    executable = file.stat().st_mode & stat.S_IXUSR
    entry.external_attr = (stat.S_IFREG | (0o755 if executable else 0o644)) << 16
    return entry


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise _locked(file, error) from None
