"""Whether a function's code is where the stack file says, and defines its handler. The code is read, never run."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from provisioner.stack_errors import Problem, listed, nearest
from provisioner.stack_model import Function

_ENDINGS = {"python": ("{}.py", "{}/__init__.py"), "nodejs": ("{}.js", "{}.mjs", "{}.cjs")}
"""Where a runtime looks for a handler's module, by the beginning of the runtime's name."""
_LIKELY = ("handler", "lambda_handler", "main")


def problems(key: str, function: Function) -> Iterator[Problem]:
    """What is wrong with the code of the function at `key`."""
    try:
        yield from _problems(key, function)
    except OSError as error:
        fix = "name a folder that can be read"
        yield Problem(f"{key}.source", str(function.source), f"cannot be read: {error.strerror}", fix)


def _problems(key: str, function: Function) -> Iterator[Problem]:
    source = function.source
    if not source.is_dir():
        what = "is not a folder" if source.exists() else "there is no such folder"
        fix = "name the folder with the code, relative to the stack file"
        yield Problem(f"{key}.source", str(source), what, fix)
        return
    candidates = _candidates(function)
    file = next((source / one for one in candidates if (source / one).is_file()), None)
    if file is None:
        there = _modules(source, function)
        fix = f"files there: {listed(there)}" if there else "put the code there, or name another folder"
        yield Problem(f"{key}.handler", function.handler, f"{source} has no {candidates[0]}", fix)
    elif file.suffix == ".py":
        yield from _unless_defined(f"{key}.handler", function, file)


def _candidates(function: Function) -> list[str]:
    module = function.handler.rpartition(".")[0]
    family = next(name for name in _ENDINGS if function.runtime.startswith(name))
    return [ending.format(module.replace(".", "/")) for ending in _ENDINGS[family]]


def _modules(source: Path, function: Function) -> list[str]:
    endings = {Path(one).suffix for one in _candidates(function)}
    return sorted(one.name for one in source.iterdir() if one.suffix in endings)[:5]


def _unless_defined(key: str, function: Function, file: Path) -> Iterator[Problem]:
    wanted = function.handler.rpartition(".")[2]
    try:
        defined = _defined(file)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # the last two for absurd nesting
        if not _newer(function.runtime):
            yield Problem(key, function.handler, f"{file} is not Python: {error}", "correct the code")
        return
    if wanted not in defined and "*" not in defined:
        near = nearest(wanted, defined) or next((name for name in _LIKELY if name in defined), None)
        fix = f'did you mean "{near}"?' if near else "define it there, or name another"
        yield Problem(key, function.handler, f"{file} does not define {wanted}", fix)


def _newer(runtime: str) -> bool:
    """Whether the runtime's Python may know a syntax that this one does not."""
    version = tuple(int(part) for part in runtime.removeprefix("python").split("."))
    return version > sys.version_info[:2]


def _defined(file: Path) -> set[str]:
    """The names that a module binds; `*` where it takes all of another module's."""
    return set(_bound(ast.parse(file.read_bytes(), filename=str(file)).body))


def _bound(statements: Iterable[ast.AST]) -> Iterator[str]:
    for statement in statements:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from ((one.asname or one.name).partition(".")[0] for one in names)
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case _:  # assignments, and what is bound inside `if`, `try` and `with`
                yield from _bound(ast.iter_child_nodes(statement))
