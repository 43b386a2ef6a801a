"""A function's code is where the stack file says, and defines its handler."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from provisioner.function_code.payload import LARGEST_ZIP
from provisioner.stack import StackError, load
from tests.provisioner.stack_files import FUNCTION, problems, write


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


@pytest.mark.parametrize("code", ["def handler(:", "handler = 1 2\nname = f''", "\0", "if True:\nhandler = 1"])
def test_errors_in_every_python_are_told_for_newer_runtimes(tmp_path: Path, code: str) -> None:
    assert "is not Python" in _with_code(tmp_path, code, 'runtime = "python3.15"')


def test_syntax_of_a_python_after_the_runtime_excuses_nothing(tmp_path: Path) -> None:
    assert "is not Python" in _with_code(tmp_path, "handler = print(*[]) 1", 'runtime = "python3.13"')


@pytest.mark.parametrize(
    ("since", "code"),
    [
        ((3, 12), "type X = int 1"),
        ((3, 12), "def handler[T](a: T): ... 1"),
        ((3, 12), """handler = f"{a["b"]}" 1"""),
        ((3, 14), "handler = t'' 1"),
        ((3, 14), "try: ...\nexcept A, B: ... 1 1"),
        ((3, 15), "lazy import json 1"),
        ((3, 15), "handler = [*one for one in many] 1 1"),
    ],
)
def test_what_may_be_syntax_of_a_newer_runtime_is_not_judged(
    tmp_path: Path, since: tuple[int, int], code: str
) -> None:
    if sys.version_info >= since:
        pytest.skip("this Python knows the syntax")
    assert _with_code(tmp_path, code, 'runtime = "python3.15"') == ""


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


def test_everything_that_cannot_be_sent_is_told_when_loading(tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "outside").symlink_to("/etc/passwd")
    (code / "dangling").symlink_to("nowhere")
    (code / "loop").symlink_to("loop")
    (code / "round").symlink_to(".")
    os.mkfifo(code / "pipe")
    (code / os.fsdecode(b"\xff.py")).touch()
    with (code / "model.bin").open("wb") as file:
        file.truncate(LARGEST_ZIP + 1)
    with pytest.raises(StackError) as caught:
        load(write(tmp_path, FUNCTION))
    assert {one.key for one in caught.value.problems} == {"functions.caller.source"}
    assert {one.value for one in caught.value.problems} == {"code"}
    assert [one.what.partition(",")[0] for one in caught.value.problems] == [
        "dangling leads nowhere",
        "loop leads nowhere",
        "outside is a link to /etc/passwd",
        "pipe is neither a file nor a folder",
        "round is a link to a folder that it is in",
        r"'\udcff.py' has a name that no zip keeps",
        "has 50.0 MiB",
    ]


def test_sources_are_shown_as_written(tmp_path: Path) -> None:
    found = problems(tmp_path, '[functions.caller]\nsource = "./nowhere"')["functions.caller.source"]
    assert found.value == "./nowhere"
    assert str(tmp_path) not in str(found)
