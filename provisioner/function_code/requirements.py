"""A function's requirements.txt: packages with their exact versions and the hashes of their wheels, nothing else.

What would make the same file mean different things on different machines is refused: versions left open, hashes
left out, markers (pip judges them for the machine it runs on, not for Lambda), further files and options.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from provisioner.function_code.errors import Fault

NAME = "requirements.txt"
_PINNED = re.compile(r"([A-Za-z0-9][\w.-]*)\s*(\[[\w.,\s-]*\])?\s*==\s*([A-Za-z0-9][\w.!+-]*)", re.ASCII)
_NAMED = re.compile(r"([A-Za-z0-9][\w.-]*)\s*(\[[\w.,\s-]*\])?\s*([<>=!~].*)?", re.ASCII)
_HASH = re.compile(r"\s--hash(?:=|\s+)(\S+)")
_SHA256 = re.compile(r"sha256:([0-9a-f]{64})")
_COMMENT = re.compile(r"(^|\s)#.*")
_MAKE = "let `uv pip compile --generate-hashes --python-platform aarch64-manylinux2014` write the file"
_BY_ITS_OWN_MEANS = "leave it out; pip takes options from PIP_... environment variables and from pip.conf"


@dataclass(frozen=True)
class Requirement:
    """One package: `name` as package indexes compare names, `hashes` of those of its wheels that may be taken."""

    name: str
    version: str
    hashes: frozenset[str]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def line(self) -> str:
        """As pip reads it; extras only ask for further packages, which have to be listed anyway."""
        return " ".join([f"{self.name}=={self.version}", *(f"--hash=sha256:{one}" for one in sorted(self.hashes))])


def read(file: Path) -> tuple[list[Requirement], list[Fault]]:
    """What the file asks for, sorted by name, and everything that is wrong with it."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        return [], [Fault(file, f"cannot be read: {why}", "make it a readable text file")]
    found: dict[str, Requirement] = {}
    faults = []
    for number, line in _lines(text):
        try:
            one = _requirement(line)
            if one.name in found:
                raise _Wrong(f"{one.name} is there twice", "leave one of the two")
            found[one.name] = one
        except _Wrong as wrong:
            faults.append(Fault(file, f"line {number}: {wrong.what}", wrong.fix))
    return sorted(found.values(), key=lambda one: one.name), faults


def canonical(name: str) -> str:
    """A package's name as indexes compare it. Source: PyPA, names and normalization."""
    return re.sub(r"[-_.]+", "-", name).lower()


class _Wrong(Exception):
    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what, self.fix = what, fix


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines joined where a backslash says so, without comments, each with the number at which it begins."""
    begun, parts = 0, ""
    for number, raw in enumerate(text.splitlines(), 1):
        begun = begun if parts else number
        line = raw if not raw.lstrip().startswith("#") else ""
        if line.endswith("\\"):
            parts += line[:-1] + " "
            continue
        whole, parts = _COMMENT.sub("", parts + line).strip(), ""
        if whole:
            yield begun, whole
    if left := _COMMENT.sub("", parts).strip():
        yield begun, left


def _requirement(line: str) -> Requirement:
    if line.startswith("-"):
        raise _Wrong(f"{line.split()[0].partition('=')[0]} is an option of pip's", _BY_ITS_OWN_MEANS)
    wanted, given = _HASH.sub("", line).strip(), _HASH.findall(line)
    if ";" in wanted:
        fix = f"leave the condition out, or the package if Lambda does not need it, or {_MAKE}"
        raise _Wrong(f"{wanted.split(';')[0].strip()} has a condition, which pip judges for this machine", fix)
    pinned = _PINNED.fullmatch(wanted)
    if pinned is None:
        raise _unpinned(wanted)
    name, version = canonical(pinned[1]), pinned[3]
    hashes = [found[1] if (found := _SHA256.fullmatch(one)) else "" for one in given]
    if not hashes:
        raise _Wrong(f"{name} {version} has no hash", _MAKE)
    if "" in hashes:
        raise _Wrong(f"a hash of {name} {version} is not sha256: and 64 hexadecimal digits", _MAKE)
    return Requirement(name, version, frozenset(hashes))


def _unpinned(wanted: str) -> _Wrong:
    named = _NAMED.fullmatch(wanted)
    if named is None:
        return _Wrong(f"{wanted.split()[0]!r} is not NAME==VERSION", "name a package of an index and its version")
    fix = f"write {named[1]}==VERSION with the hashes of its wheels, or {_MAKE}"
    return _Wrong(f"{named[1]} is not pinned to one version", fix)
