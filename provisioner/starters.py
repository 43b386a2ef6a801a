"""The example stack files and what they need, written into a folder of the user's.

In an installed wheel the examples are the package `provisioner.examples`; in the checkout they are the folder
beside the packages. The handlers are the package `lambda_payload` in both.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from provisioner.exits import BadInput

DEFAULT = "private-lambda"
_PAYLOADS = "lambda_payload"
_SOURCE = re.compile(rf"\.\./({_PAYLOADS}/)")
_LEFT_OUT = ("__pycache__", ".pyc")


def examples() -> dict[str, str]:
    """The first line of comment of every example, by name."""
    return {name: _about(file.read_text(encoding="utf-8")) for name, file in _files().items()}


def write(example: str, folder: Path, force: bool) -> list[Path]:
    """Write one example and its payload folders; returns what was written. Never overwrites unless forced."""
    if example not in _files():
        raise BadInput(f"there is no example '{example}'. Fix: take one of {', '.join(_files())}.")
    contents = _contents(example)
    there = [name for name in contents if (folder / name).exists()]
    if there and not force:
        raise BadInput(f"{', '.join(there)} exists already; nothing was written. Fix: --force to overwrite.")
    return [_put(folder / name, content) for name, content in contents.items()]


def _contents(example: str) -> dict[str, bytes]:
    """Everything that belongs to an example, by path relative to the stack file."""
    text = _SOURCE.sub(r"\1", _files()[example].read_text(encoding="utf-8"))
    contents = {f"{example}.toml": text.encode()}
    for source in _sources(text):
        contents |= dict(_walk(resources.files(_PAYLOADS).joinpath(*source.split("/")[1:]), source))
    return contents


def _sources(text: str) -> list[str]:
    """The payload folders that a stack file's functions name."""
    functions = tomllib.loads(text).get("functions", {}).values()
    return sorted({one["source"].rstrip("/") for one in functions if one.get("source", "").startswith(_PAYLOADS)})


def _walk(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.name.endswith(_LEFT_OUT):
            continue
        if entry.is_dir():
            yield from _walk(entry, f"{path}/{entry.name}")
        else:
            yield f"{path}/{entry.name}", entry.read_bytes()


def _put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _files() -> dict[str, Traversable]:
    found = {file.name.removesuffix(".toml"): file for file in _home().iterdir() if file.name.endswith(".toml")}
    return dict(sorted(found.items()))


def _home() -> Traversable:
    installed = resources.files("provisioner").joinpath("examples")
    return installed if installed.is_dir() else Path(__file__).parent.parent / "examples"


def _about(text: str) -> str:
    first = text.split("\n", 1)[0]
    return first.lstrip("# ").rstrip() if first.startswith("#") else ""
