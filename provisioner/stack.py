"""The stack file: from TOML to a model in which everything that can be known is right.

`load` finds every problem of a file at once and raises one StackError with all of them. `restore` takes the model
back from a state file and looks at no other file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from provisioner import checks
from provisioner.model import (
    Cluster,
    Egress,
    Function,
    HealthCheck,
    LoadBalancer,
    Network,
    Service,
    Stack,
)
from provisioner.stack_file import reading, words
from provisioner.stack_file.errors import Problem, StackError
from provisioner.stack_file.schema import schema

__all__ = [
    "Cluster",
    "Egress",
    "Function",
    "HealthCheck",
    "LoadBalancer",
    "Network",
    "Problem",
    "Service",
    "Stack",
    "StackError",
    "load",
    "restore",
    "schema",
]


def load(path: Path, overrides: Sequence[str] = (), name: str | None = None) -> Stack:
    """The stack of a file, with `KEY=VALUE` overrides and another name if one is given.

    Promises that every check that needs no AWS call has passed. Raises StackError with all problems.
    """
    document = reading.read(path)
    problems = reading.override(document, overrides)
    if name is not None:
        document["name"] = name
    stack, found = _checked(document, {"folder": path.absolute().parent})
    if stack is None or problems or found:
        raise StackError(path, [*problems, *(_as_written(document, one) for one in found)])
    return stack


def restore(document: Mapping[str, Any]) -> Stack:
    """The stack that `model_dump(mode="json")` wrote; raises StackError where it is not one."""
    try:
        return Stack.model_validate(document)
    except ValidationError as error:
        problems = [words.problem(one) for one in _errors(error)]
        raise StackError(Path("the recorded stack"), problems) from None


def _checked(document: dict[str, Any], context: dict[str, Any]) -> tuple[Stack | None, list[Problem]]:
    """The stack, or as much of it as is sound, and everything that is wrong with it."""
    try:
        stack = Stack.model_validate(document, context=context)
        return stack, list(checks.problems(stack, frozenset()))
    except ValidationError as error:
        errors = _errors(error)
    problems = [words.problem(one) for one in errors]
    sound, broken = words.salvage(document, errors)
    try:
        rest = Stack.model_validate(sound, context={**context, "any_keys": True})
    except ValidationError:  # what is wrong is told all the same
        return None, problems
    return None, [*problems, *checks.problems(rest, broken)]


def _as_written(document: Mapping[str, Any], problem: Problem) -> Problem:
    """With a payload folder as the file has it: the model's is absolute."""
    functions = document.get("functions")
    for name, function in functions.items() if isinstance(functions, dict) else ():
        if problem.key == f"functions.{name}.source" and isinstance(function, dict):
            return replace(problem, value=function.get("source"))
    return problem


def _errors(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False)
