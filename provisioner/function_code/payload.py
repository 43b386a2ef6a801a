"""A function's code as the zip that Lambda takes: the same source gives the same bytes, on every machine.

It holds the files of a folder and, beside them, the packages that its requirements.txt names.
"""

from __future__ import annotations

import base64
import hashlib
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from provisioner.function_code import archives, packages, requirements
from provisioner.function_code.archives import Entry
from provisioner.function_code.errors import Fault as Fault
from provisioner.function_code.errors import PayloadError as PayloadError

_MIB = 1024 * 1024
LARGEST_ZIP = 50 * _MIB
"""Lambda's limit for code that is sent with the call. Source: Lambda developer guide, "Lambda quotas"."""
LARGEST_UNZIPPED = 250 * _MIB
"""Its limit for what that unpacks to. Source: the same."""
_SHOWN = 3


@dataclass(frozen=True)
class Payload:
    """`sha256` is in base64, as in Lambda's `CodeSha256`."""

    content: bytes
    sha256: str


def build(source: Path, runtime: str, architecture: str, tell: packages.Tell = packages.quiet) -> Payload:
    """The zip of a payload folder, without caches, bytecode and hidden files. Raises PayloadError.

    Where the folder has a requirements.txt and the runtime is Python's, it may take the network to fetch packages.
    """
    files, faults = _gathered(source)
    for fault in faults:
        raise fault
    own = {name: _entry(file) for name, file in files.items()}
    listed = files.get(requirements.NAME) if packages.needs_pip(runtime) else None
    brought = _packages(listed, runtime, architecture, tell) if listed else {}
    entries = {name: entry for package in brought.values() for name, entry in package.items()}
    if twice := sorted(own.keys() & entries.keys()):
        fix = "rename it, or leave the package out"
        raise Fault(files[twice[0]], f"has the name of a file of a package in {requirements.NAME}", fix)
    content = archives.zipped({**own, **entries})
    for fault in _too_much(source, content, own, brought):
        raise fault
    return Payload(content, base64.b64encode(hashlib.sha256(content).digest()).decode())


def check(source: Path, runtime: str) -> list[Fault]:
    """Everything for which `build` would refuse the folder, but for what only an index knows.

    Opens its files, and reads requirements.txt.
    """
    files, faults = _gathered(source)
    faults += _unreadable(files.values())
    listed = files.get(requirements.NAME)
    if listed and not faults and packages.needs_pip(runtime):
        faults += requirements.read(listed)[1]
    return faults


def _packages(listed: Path, runtime: str, architecture: str, tell: packages.Tell) -> dict[str, dict[str, Entry]]:
    """What is in the packages, by their name and version. Raises Fault."""
    wanted, faults = requirements.read(listed)
    for fault in faults:
        raise fault
    found = {}
    fetched = packages.wheels(listed, wanted, runtime, architecture, tell)
    for one, wheel in zip(wanted, fetched, strict=True):
        try:
            found[str(one)] = archives.of_wheel(wheel)
        except archives.BadWheel as bad:
            raise Fault(wheel, str(bad), f"choose another version of {one.name}") from bad
    return found


def _too_much(
    source: Path, content: bytes, own: Mapping[str, Entry], brought: Mapping[str, Mapping[str, Entry]]
) -> Iterator[Fault]:
    """Over Lambda's limits: by how much, and because of what."""
    everything = {"its own files": own, **brought}
    unpacked = {name: sum(one.size for one in entries.values()) for name, entries in everything.items()}
    packed = {name: sum(len(one.content) for one in entries.values()) for name, entries in everything.items()}
    for size, limit, parts, what in (
        (len(content), LARGEST_ZIP, packed, "zipped"),
        (sum(unpacked.values()), LARGEST_UNZIPPED, unpacked, "unzipped"),
    ):
        if size > limit:
            largest = sorted(parts, key=lambda name: -parts[name])[:_SHOWN]
            told = ", ".join(f"{name} ({parts[name] / _MIB:.1f} MiB)" for name in largest)
            over = f"{(size - limit) / _MIB:.1f} MiB more than the {limit // _MIB} MiB that Lambda takes"
            fix = f"remove what the function does not use; the largest parts are {told}"
            yield Fault(source, f"has {size / _MIB:.1f} MiB {what}, {over}", fix)


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


def _entry(file: Path) -> Entry:
    """Executable where its owner may execute it."""
    try:
        return archives.stored(file.read_bytes(), executable=bool(file.stat().st_mode & stat.S_IXUSR))
    except OSError as error:
        raise _locked(file, error) from None
