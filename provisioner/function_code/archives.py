"""Zips whose bytes are the same on every machine, and what wheels put into them.

Nothing of the moment gets in: names are sorted, times and permissions fixed. Files are stored, not deflated:
deflate's output differs between zlib, its versions and its replacements (zlib-ng), which would show as changed
code on a colleague's machine. What a wheel holds is compressed already, in bytes that its hash vouches for; it is
copied as it is.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold."""
_UNIX = 3
_LOCAL_HEADER = 30
_LENGTHS = struct.Struct("<HH")
_LENGTHS_AT = 26
"""Where a local header says how long the name and the extra field after it are. Source: PKWARE, APPNOTE.TXT."""
_ENCRYPTED = 0x1
_LIBRARIES = ("purelib", "platlib")


class BadWheel(Exception):
    """A wheel that cannot be built in, and why."""


@dataclass(frozen=True)
class Entry:
    """One file of a zip: `content` as it stands there, compressed by `method`; `size` is what it unpacks to."""

    content: bytes
    executable: bool
    method: int
    checksum: int
    size: int


def stored(content: bytes, *, executable: bool) -> Entry:
    return Entry(content, executable, zipfile.ZIP_STORED, zlib.crc32(content), len(content))


def zipped(entries: Mapping[str, Entry]) -> bytes:
    """The zip with these files by name, readable by Lambda's user whatever the umask here was."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(entries):
            entry = entries[name]
            about = zipfile.ZipInfo(name, _EPOCH)
            about.create_system = _UNIX
            about.external_attr = (stat.S_IFREG | (0o755 if entry.executable else 0o644)) << 16
            archive.writestr(about, entry.content)
            if entry.method != zipfile.ZIP_STORED:
                _say_compressed(buffer, about, entry)
    return buffer.getvalue()


def of_wheel(wheel: Path) -> dict[str, Entry]:
    """What a wheel installs into a folder of packages, by name; raises BadWheel.

    Not its scripts, which have no place on Lambda, nor RECORD, which would tell of them too. Metadata stays:
    packages look up their own version in it.
    """
    try:
        with wheel.open("rb") as file, zipfile.ZipFile(file) as archive:
            return {name: _copied(file, archive, about) for name, about in _installed(archive)}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise BadWheel(f"is damaged: {error}") from error


def _say_compressed(buffer: io.BytesIO, about: zipfile.ZipInfo, entry: Entry) -> None:
    """Correct what was just written as it is: in its header, and in what the directory at the end will say."""
    about.compress_type, about.CRC, about.file_size = entry.method, entry.checksum, entry.size
    end = buffer.tell()
    buffer.seek(about.header_offset)
    buffer.write(about.FileHeader(zip64=False))
    buffer.seek(end)


def _installed(archive: zipfile.ZipFile) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    for about in archive.infolist():
        path = PurePosixPath(about.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in about.filename:
            raise BadWheel(f"has a file outside of its folder: {about.filename}")
        if not about.is_dir() and (name := _place(path)):
            yield name, about


def _place(path: PurePosixPath) -> str:
    """Where a wheel's file goes, "" for those that go nowhere. Source: PyPA, binary distribution format."""
    top, *rest = path.parts
    if "__pycache__" in rest or path.suffix == ".pyc":
        return ""
    if top.endswith(".dist-info") and path.name.startswith("RECORD"):
        return ""
    if top.endswith(".data"):
        return "/".join(rest[1:]) if rest and rest[0] in _LIBRARIES else ""
    return str(path)


def _copied(file: io.BufferedReader, archive: zipfile.ZipFile, about: zipfile.ZipInfo) -> Entry:
    executable = bool(about.external_attr >> 16 & stat.S_IXUSR)
    if about.flag_bits & _ENCRYPTED or about.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return stored(archive.read(about), executable=executable)
    file.seek(about.header_offset + _LENGTHS_AT)
    name, extra = _LENGTHS.unpack(file.read(_LENGTHS.size))
    file.seek(about.header_offset + _LOCAL_HEADER + name + extra)
    content = file.read(about.compress_size)
    return Entry(content, executable, about.compress_type, about.CRC, about.file_size)
