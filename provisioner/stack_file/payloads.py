"""Whether a function's code is where the stack file says, and defines its handler. The code is read, never run."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from provisioner.function_code import payload
from provisioner.model import Function
from provisioner.stack_file.errors import Problem, listed, nearest

_ENDINGS = {"python": ("{}.py", "{}/__init__.py"), "nodejs": ("{}.js", "{}.mjs", "{}.cjs")}
"""Where a runtime looks for a handler's module, by the beginning of the runtime's name."""
_LATEST = (3, 15)
_LATER_SYNTAX = {
    (3, 12): r"""\b(type\s+\w|(def|class)\s+\w+\s*\[|(f|fr|rf)["'])""",  # aliases, parameters, f-strings
    (3, 14): r"""\b((t|tr|rt)["']|except\b[^(:\n]*,)""",  # template strings, exceptions without parentheses
    (3, 15): r"""\blazy\s+(import|from)\b|[\[({:,]\s*\*""",  # lazy imports, unpacking in comprehensions
}
"""What Pythons from 3.12 to `_LATEST` added to 3.11's syntax; finds too much rather than too little."""
_LIKELY = ("handler", "lambda_handler", "main")


def of_source(key: str, source: Path, runtime: str = "python") -> Iterator[Problem]:
    """Why the folder at `key` cannot be sent to Lambda: everything for which `payload.build` would refuse it, but
    for what only a package index knows."""
    try:
        if source.is_dir():
            yield from (_fault(key, source, one) for one in payload.check(source, runtime))
            return
        what = "is not a folder" if source.exists() else "there is no such folder"
        yield Problem(key, str(source), what, "name the folder with the code, relative to the stack file")
    except OSError as error:
        yield Problem(key, str(source), f"cannot be read: {error.strerror}", "name a folder that can be read")


def _fault(key: str, source: Path, fault: payload.Fault) -> Problem:
    place = "" if fault.place == source else str(fault.place.relative_to(source))
    name = place if place.isprintable() else ascii(place)
    return Problem(key, str(source), f"{name} {fault.what}".strip(), fault.fix)


def of_handler(key: str, function: Function) -> Iterator[Problem]:
    """What is wrong with the handler at `key`. Nothing where its folder cannot be read: `of_source` says that."""
    try:
        if function.source.is_dir():
            yield from _of_handler(key, function)
    except OSError:
        return


def _of_handler(key: str, function: Function) -> Iterator[Problem]:
    source, candidates = function.source, _candidates(function)
    file = next((source / one for one in candidates if (source / one).is_file()), None)
    if file is None:
        there = _modules(source, function)
        fix = f"files there: {listed(there)}" if there else "put the code there, or name another folder"
        yield Problem(key, function.handler, f"the source folder has no {candidates[0]}", fix)
    elif file.suffix == ".py":
        yield from _unless_defined(key, function, file)


def _candidates(function: Function) -> list[str]:
    module = function.handler.rpartition(".")[0]
    family = next(name for name in _ENDINGS if function.runtime.startswith(name))
    return [ending.format(module.replace(".", "/")) for ending in _ENDINGS[family]]


def _modules(source: Path, function: Function) -> list[str]:
    endings = {Path(one).suffix for one in _candidates(function)}
    return sorted(one.name for one in source.iterdir() if one.suffix in endings)[:5]


def _unless_defined(key: str, function: Function, file: Path) -> Iterator[Problem]:
    name, wanted = file.relative_to(function.source), function.handler.rpartition(".")[2]
    try:
        defined = _defined(file)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # the last two for absurd nesting
        if _surely_wrong(error, file, function.runtime):
            yield Problem(key, function.handler, f"{name} is not Python: {error}", "correct the code")
        return
    if wanted not in defined and "*" not in defined:
        near = nearest(wanted, defined) or next((name for name in _LIKELY if name in defined), None)
        fix = f'did you mean "{near}"?' if near else "define it there, or name another"
        yield Problem(key, function.handler, f"{name} does not define {wanted}", fix)


def _surely_wrong(error: Exception, file: Path, runtime: str) -> bool:
    """Whether the runtime's Python would refuse the code as this one does.

    The same Python or an older one would. A newer one would too, unless the code up to the error has something
    that looks like syntax which came after ours. Of Pythons after `_LATEST` nothing is known, so nothing is said.
    """
    version = tuple(int(part) for part in runtime.removeprefix("python").split("."))
    if version <= sys.version_info[:2]:
        return True
    if version > _LATEST:
        return False
    lines = file.read_text("utf-8", "replace").split("\n")
    end = error.end_lineno or error.lineno if isinstance(error, SyntaxError) else None
    code = "\n".join(lines[:end])
    later = (one for since, one in _LATER_SYNTAX.items() if sys.version_info[:2] < since <= version)
    return not any(re.search(one, code, re.IGNORECASE) for one in later)


def _defined(file: Path) -> set[str]:
    """The names that a module binds; `*` where it takes all of another module's."""
    return set(_bound(ast.parse(file.read_bytes(), filename=file.name).body))


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
