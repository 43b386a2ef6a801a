"""Stack files for tests: a sound one, and what becomes of it with other lines."""

from __future__ import annotations

from pathlib import Path

from provisioner.stack import Problem, Stack, StackError, load

SERVICE = """
[services.web]
image = "nginx"
port = 80
"""
FUNCTION = """
[functions.caller]
source = "code"
"""
BALANCER = "[load_balancer]\n"
HANDLER = "def handler(event, context):\n    return None\n"


def write(folder: Path, text: str, name: str = 'name = "shop"') -> Path:
    """A stack file with a payload folder `code` beside it."""
    code = folder / "code"
    code.mkdir(exist_ok=True)
    (code / "handler.py").write_text(HANDLER)
    file = folder / "stack.toml"
    file.write_text(f"{name}\n{text}", "utf-8")
    return file


def loaded(folder: Path, text: str, *overrides: str) -> Stack:
    return load(write(folder, text), overrides)


def problems(folder: Path, text: str, *overrides: str, name: str = 'name = "shop"') -> dict[str, Problem]:
    """What is wrong with the file, by key."""
    try:
        load(write(folder, text, name), overrides)
    except StackError as error:
        return {problem.key: problem for problem in error.problems}
    return {}
