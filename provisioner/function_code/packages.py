"""The packages that a function's requirements.txt names, as wheels for Lambda's Python and processor.

pip fetches them, into a cache of the user's: what is there needs no network, and no pip. A wheel is taken only if
its hash stands in the requirements, from the cache as from an index. Nothing is built here: a package that has no
wheel for Lambda is refused.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from provisioner.function_code.errors import Fault
from provisioner.function_code.requirements import Requirement, canonical

Tell = Callable[[str], None]

_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
_PYTHON = "python"
_AMAZON_LINUX_2 = (3, 11)
"""The last Python that Lambda runs on Amazon Linux 2, with glibc 2.26; later ones run on Amazon Linux 2023, with
2.34. Source: Lambda developer guide, "Lambda runtimes"; Amazon Linux 2023 user guide."""
_GLIBC = {True: 26, False: 34}
_OLDEST_GLIBC = 5
_PATIENCE = {"PIP_DEFAULT_TIMEOUT": "15", "PIP_RETRIES": "2"}
"""Of pip's waiting, unless the user has set it otherwise: without a network it is to be over soon."""
_OFFLINE = re.compile(
    r"Failed to establish a new connection|NewConnectionError|NameResolutionError|ConnectTimeout|Read timed out"
    r"|ProxyError|SSLError|Connection (?:refused|aborted|reset)|Network is unreachable|Max retries exceeded"
)
_MISSING = re.compile(r"(?:No matching distribution found for|satisfies the requirement) ([A-Za-z0-9][\w.-]*)==")
_OTHER_HASH = re.compile(r"^\s+([A-Za-z0-9][\w.-]*)==\S+ from ", re.MULTILINE)
_SAID = 300


def needs_pip(runtime: str) -> bool:
    """Whether requirements.txt means anything to functions of this runtime."""
    return runtime.startswith(_PYTHON)


def quiet(said: str) -> None:
    """Tells nobody."""


def wheels(
    file: Path, wanted: Sequence[Requirement], runtime: str, architecture: str, tell: Tell = quiet
) -> list[Path]:
    """One wheel for each requirement of the file, in their order; `tell` hears of it before it takes the network.

    Raises Fault.
    Safe in several processes at a time: a folder of the cache appears whole or not at all.
    """
    cache = _cache()
    place = cache / _key(wanted, runtime, architecture)
    found = _found(place, wanted)
    if found is None:
        tell(f"fetching {len(wanted)} packages for {runtime} on {architecture}, once ({file})")
        _fetched(file, wanted, _target(runtime, architecture), cache, place)
        found = _found(place, wanted)
    if found is None:
        raise Fault(file, f"names other packages than pip put into {place}", "remove that folder and try again")
    return found


def _cache() -> Path:
    """Source: XDG base directory specification, which has relative paths ignored."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".cache") / "provisioner" / "packages"


def _key(wanted: Iterable[Requirement], runtime: str, architecture: str) -> str:
    text = "\n".join([runtime, architecture, *(one.line for one in wanted)])
    return hashlib.sha256(text.encode()).hexdigest()


def _found(folder: Path, wanted: Sequence[Requirement]) -> list[Path] | None:
    """The wheels in a folder of the cache, None if one is missing or is not what it was."""
    known: dict[str, Path] = {}
    try:
        for wheel in folder.glob("*.whl"):
            known[canonical(wheel.name.partition("-")[0])] = wheel
        found = [known[one.name] for one in wanted]
        sound = all(_hash(wheel) in one.hashes for wheel, one in zip(found, wanted, strict=True))
    except (KeyError, OSError):
        return None
    return found if sound else None


def _hash(wheel: Path) -> str:
    with wheel.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _target(runtime: str, architecture: str) -> list[str]:
    """What pip has to be told of a machine that it does not run on: the latest of the platforms that fit first."""
    python = runtime.removeprefix(_PYTHON)
    version = tuple(int(part) for part in python.split("."))
    machine, glibc = _MACHINES[architecture], _GLIBC[version <= _AMAZON_LINUX_2]
    tags = [*(f"manylinux_2_{minor}" for minor in range(glibc, _OLDEST_GLIBC - 1, -1)), "manylinux2014"]
    platforms = [part for tag in tags for part in ("--platform", f"{tag}_{machine}")]
    return ["--only-binary=:all:", "--implementation", "cp", "--python-version", python, *platforms]


def _fetched(file: Path, wanted: Sequence[Requirement], target: list[str], cache: Path, place: Path) -> None:
    """Fetch into a draft beside the place, which it then becomes, unless another process was faster."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=cache))
    except OSError as error:
        what = f"needs packages, which cannot be kept in {cache}: {error.strerror}"
        raise Fault(file, what, "set XDG_CACHE_HOME to a folder that can be written") from None
    try:
        _run_pip(file, wanted, target, draft)
        _claim(draft, place, wanted)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _claim(draft: Path, place: Path, wanted: Sequence[Requirement]) -> None:
    """What stands there already is as good, or is damaged and makes way."""
    try:
        draft.rename(place)
    except OSError:
        if _found(place, wanted) is None:
            shutil.rmtree(place, ignore_errors=True)
            draft.rename(place)


def _run_pip(file: Path, wanted: Sequence[Requirement], target: list[str], draft: Path) -> None:
    listed = draft / "requirements.txt"
    listed.write_text("".join(f"{one.line}\n" for one in wanted), "utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-color", "--no-deps"]
    command += ["--disable-pip-version-check", "--require-hashes", *target]
    command += ["--dest", str(draft), "--requirement", str(listed)]
    environment = {**_PATIENCE, **os.environ}
    done = subprocess.run(command, cwd=draft, env=environment, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode:
        raise _explained(file, wanted, target, done.stderr.decode("utf-8", "replace"))


def _explained(file: Path, wanted: Sequence[Requirement], target: Sequence[str], said: str) -> Fault:
    """What pip said, in one sentence."""
    known = {one.name: one for one in wanted}
    if "No module named pip" in said:
        what = f"needs packages, and {sys.executable} has no pip to fetch them"
        return Fault(file, what, f"install it: {sys.executable} -m ensurepip")
    if "DO NOT MATCH THE HASHES" in said:
        name = _named(_OTHER_HASH.findall(said), known)
        what = f"has no hash that fits {name}: what the index offers for {_machine(target)} is something else"
        return Fault(file, what, f"compare it with the hashes that PyPI shows for {name}, and add the right one")
    if _OFFLINE.search(said):
        what = f"needs packages that are not in {_cache()}, and the package index cannot be reached"
        return Fault(file, what, "connect to the network, or name your index in PIP_INDEX_URL or pip.conf")
    if missing := _MISSING.findall(said):
        name = _named(missing, known)
        what = f"names {name}, of which the index has no wheel for {_machine(target)}"
        return Fault(file, what, "choose a version that has one, or another architecture or runtime")
    return Fault(file, f"cannot be fetched: pip says: {_last(said)}", "see what pip needs")


def _named(names: Sequence[str], known: Mapping[str, Requirement]) -> str:
    """The first of them, with its version."""
    name = canonical(names[0]) if names else "one of them"
    return str(known.get(name, name))


def _machine(target: Sequence[str]) -> str:
    """The target in words: "Python 3.13 on aarch64 Linux"."""
    python = target[target.index("--python-version") + 1]
    return f"Python {python} on {target[-1].removeprefix('manylinux2014_')} Linux"


def _last(said: str) -> str:
    """The last error of pip's, or its last words."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return next(_short(errors or lines), "nothing")


def _short(lines: list[str]) -> Iterator[str]:
    return (line.removeprefix("ERROR:").strip()[:_SAID] for line in reversed(lines))
