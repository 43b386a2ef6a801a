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


@dataclass(frozen=True)
class Payload:
    """`sha256` is in base64, as in Lambda's `CodeSha256`."""

    content: bytes
    sha256: str


def build(source: Path) -> Payload:
    """The zip of a payload folder, without caches, bytecode and hidden files. Raises PayloadError."""
    files = dict(_files(source, source, frozenset()))
    if not files:
        raise PayloadError(f"{source} holds no files to send. Fix: put the function's code there.")
    _check_size(source, files.values())
    content = _zip(files)
    return Payload(content, base64.b64encode(hashlib.sha256(content).digest()).decode())


def _files(root: Path, folder: Path, above: frozenset[Path]) -> Iterator[tuple[str, Path]]:
    """All files below a folder by their name in the zip."""
    here = _real(root, folder)
    if here in above:
        raise PayloadError(f"{folder} is a link to a folder that it is in. Fix: remove it.")
    try:
        entries = list(folder.iterdir())
    except OSError as error:
        raise PayloadError(f"{folder} cannot be read: {error.strerror}. Fix: name a folder with code.") from None
    for entry in entries:
        if _left_out(entry):
            continue
        _real(root, entry)
        if entry.is_dir():
            yield from _files(root, entry, above | {here})
        else:
            yield _name(root, entry), _regular(entry)


def _left_out(entry: Path) -> bool:
    return entry.name.startswith(".") or entry.name == "__pycache__" or entry.suffix == ".pyc"


def _real(root: Path, entry: Path) -> Path:
    """Where it really is: inside the payload folder."""
    try:
        real = entry.resolve(strict=True)
    except (OSError, RuntimeError):
        raise PayloadError(f"{entry} leads nowhere. Fix: remove it or set the link right.") from None
    if not real.is_relative_to(root.resolve()):
        raise PayloadError(f"{entry} is a link to {real}, outside the payload folder. Fix: copy the file there.")
    return real


def _name(root: Path, entry: Path) -> str:
    name = entry.relative_to(root).as_posix()
    if not name.isprintable():  # also bytes that are no text: they would not unpack to the same name
        raise PayloadError(f"{str(entry)!a} has a name that no zip keeps. Fix: rename it.")
    return name


def _regular(entry: Path) -> Path:
    if not entry.is_file():
        raise PayloadError(f"{entry} is neither a file nor a folder. Fix: remove it.")
    return entry


def _check_size(source: Path, files: Iterable[Path]) -> None:
    """Before anything is read into memory."""
    sizes = {file: file.stat().st_size for file in files}
    total = sum(sizes.values())
    if total > LARGEST_ZIP:
        raise _too_large(source, total, max(sizes, key=lambda file: sizes[file]))


def _too_large(source: Path, total: int, largest: Path) -> PayloadError:
    return PayloadError(
        f"{source} has {total / _MIB:.1f} MiB, Lambda takes at most {LARGEST_ZIP // _MIB} MiB in a zip. "
        f"Fix: remove what the function does not use; the largest file is {largest}."
    )


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
        raise PayloadError(f"{file} cannot be read: {error.strerror}. Fix: make it readable.") from None
