"""Which stack is meant: a name, or a stack file that holds one. Imports nothing heavy."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from provisioner.exits import BadInput

FOLDER = Path(".provisioner")
"""Under the working folder: state files and the sandbox."""


def stack_name_of(target: str | None) -> str | None:
    """The name that a target means. A stack file is read for its name only; nothing else in it need be right."""
    if target is None or not target.endswith(".toml"):
        return target
    try:
        content = tomllib.loads(Path(target).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{target} cannot be read: {error.strerror}. Fix: name the stack itself.") from error
    except ValueError as error:
        raise BadInput(f"{target} is not TOML: {error}. Fix: correct it, or name the stack itself.") from error
    if not isinstance(name := content.get("name"), str):
        raise BadInput(f'{target} has no name. Fix: name the stack itself, or add name = "..." to the file.')
    return name


def recorded_names(folder: Path = FOLDER) -> list[str]:
    """Names of the stacks recorded here, for completion: what cannot be read is left out."""
    return sorted(name for path in folder.glob("[!.]*.json") if (name := _name_in(path)))


def _name_in(path: Path) -> str | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    name = content.get("stack") if isinstance(content, dict) else None
    return name if isinstance(name, str) else None
