"""A function's code is where the stack file says, and defines its handler."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.provisioner.stack_files import FUNCTION, problems


def _with_code(folder: Path, code: str, more: str = "") -> str:
    """What is wrong with a function whose handler.py is this; nothing for a sound one."""
    other = folder / "other"
    other.mkdir()
    (other / "handler.py").write_text(code)
    found = problems(folder, f'[functions.caller]\nsource = "other"\n{more}')
    return "".join(map(str, found.values()))


@pytest.mark.parametrize(
    "code",
    [
        "def handler(event, context): ...",
        "async def handler(event, context): ...",
        "handler = lambda event, context: None",
        "handler: object = print",
        "from other import handler",
        "from other import run as handler",
        "from other import *",
        "class handler: ...",
        "try:\n    from fast import handler\nexcept ImportError:\n    handler = None",
        "if True:\n    def handler(event, context): ...",
        "other, handler = 1, 2",
    ],
)
def test_ways_to_define_a_handler(tmp_path: Path, code: str) -> None:
    assert _with_code(tmp_path, code) == ""


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def hanlder(event, context): ...", 'did you mean "hanlder"?'),
        ("def main(event, context): ...", 'did you mean "main"?'),
        ("def outer():\n    def handler(): ...", "does not define handler"),
        ("class A:\n    def handler(self): ...", "does not define handler"),
        ("", "does not define handler"),
        ("def handler(:", "line 1"),
        ("def handler(): ...\n\0", "null bytes"),
    ],
)
def test_code_without_the_handler(tmp_path: Path, code: str, words: str) -> None:
    assert words in _with_code(tmp_path, code, 'runtime = "python3.11"')


def test_syntax_of_a_newer_runtime_is_not_judged(tmp_path: Path) -> None:
    assert _with_code(tmp_path, "def handler(:", 'runtime = "python3.15"') == ""


@pytest.mark.parametrize(
    ("line", "key", "words"),
    [
        ('source = "nowhere"', "source", "no such folder"),
        ('source = "stack.toml"', "source", "is not a folder"),
        (f'source = "{"x" * 300}"', "source", "cannot be read"),
        ('source = "code"\nhandler = "main.handler"', "handler", 'files there: "handler.py"'),
        ('source = "code"\nruntime = "nodejs24.x"', "handler", "has no handler.js"),
        ('source = "code"\nhandler = "handler.run"', "handler", "does not define run"),
    ],
)
def test_code_that_is_not_there(tmp_path: Path, line: str, key: str, words: str) -> None:
    found = problems(tmp_path, f"[functions.caller]\n{line}")
    assert words in str(found[f"functions.caller.{key}"])


@pytest.mark.parametrize("handler", ["deep.er.handler.run", "deep/er/handler.run", "deep.run"])
def test_handlers_in_folders(tmp_path: Path, handler: str) -> None:
    folder = tmp_path / "code" / "deep" / "er"
    folder.mkdir(parents=True)
    (folder / "handler.py").write_text("def run(): ...")
    (folder.parent / "__init__.py").write_text("def run(): ...")
    assert problems(tmp_path, f'{FUNCTION}handler = "{handler}"') == {}


def test_handlers_of_node(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "handler.mjs").write_text("export const handler = async () => {}")
    assert problems(tmp_path, FUNCTION + 'runtime = "nodejs24.x"') == {}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_code_that_may_not_be_read(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0)
    assert "cannot be read" in str(problems(tmp_path, '[functions.caller]\nsource = "locked/code"'))
