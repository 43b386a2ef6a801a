"""Wildcards and variables, as they stand in actions, resources and conditions of a policy."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

Lookup = Callable[[str], "str | None"]
"""What a policy variable stands for in this request; None if it stands for nothing."""

_PART = re.compile(r"\$\{(?P<variable>[^}]*)\}|(?P<wild>[*?])")
_DEFAULT = re.compile(r"(?P<name>[^,]*?)\s*,\s*'(?P<default>[^']*)'")
# How a policy writes these characters when it means them, not what they stand for.
_ESCAPED = frozenset({"*", "?", "$"})


def matches(
    pattern: str, text: str, lookup: Lookup | None = None, *, wild: bool = True, ignore_case: bool = False
) -> bool:
    """Whether the text is as the pattern says; without a `lookup` there are no variables in it."""
    filled = _filled(pattern, lookup)
    if filled is None:
        return False
    return _expression(filled, wild, ignore_case).fullmatch(text) is not None


def _filled(pattern: str, lookup: Lookup | None) -> tuple[tuple[str, bool], ...] | None:
    """The pattern in pieces, each literal or not; None if one of its variables stands for nothing."""
    pieces: list[tuple[str, bool]] = []
    end = 0
    for part in _PART.finditer(pattern):
        pieces.append((pattern[end : part.start()], True))
        end = part.end()
        if part["wild"] or lookup is None:
            pieces.append((part[0], part["wild"] is None))
        elif (value := _value(part["variable"], lookup)) is not None:
            pieces.append((value, True))
        else:
            return None
    return (*pieces, (pattern[end:], True))


def _value(variable: str, lookup: Lookup) -> str | None:
    if variable in _ESCAPED:
        return variable
    default = _DEFAULT.fullmatch(variable)
    if default is None:
        return lookup(variable.strip())
    found = lookup(default["name"].strip())
    return default["default"] if found is None else found


@cache
def _expression(pieces: tuple[tuple[str, bool], ...], wild: bool, ignore_case: bool) -> re.Pattern[str]:
    """What is between two `*` is looked for once, from left to right: no pattern can take long."""
    chunks = [""]
    for text, literal in pieces:
        if literal or not wild:
            chunks[-1] += re.escape(text)
        elif text == "?":
            chunks[-1] += "."
        else:
            chunks.append("")
    first, *rest = chunks
    inner = "".join(f"(?>.*?{chunk})" for chunk in rest[:-1])
    last = f".*{rest[-1]}" if rest else ""
    return re.compile(first + inner + last, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
