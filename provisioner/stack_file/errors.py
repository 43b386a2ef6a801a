"""What is wrong with a stack file: one problem, all problems, and the words for them."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

_SHOWN = 60


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. `key` is its place in the file ("" for the file itself), `value` what stands
    there (None where nothing does), `what` says what is wrong with it and `fix` what to do."""

    key: str
    value: object
    what: str
    fix: str

    def __str__(self) -> str:
        key = ".".join(map(short, self.key.split(".")))
        place = f"{key} = {shown(self.value)}" if self.value is not None else key
        text = f"{self.what}\n    fix: {self.fix}"
        return f"  {place}\n    {text}" if place else f"  {text}"


class StackError(Exception):
    """A stack file that cannot be provisioned, with everything that is wrong with it."""

    def __init__(self, file: Path, problems: Iterable[Problem]) -> None:
        self.file = file
        self.problems = tuple(problems)
        super().__init__(file, self.problems)

    def __str__(self) -> str:
        count = len(self.problems)
        head = f"{self.file}: {count} problem{'s' if count != 1 else ''}"
        return "\n".join([head, *map(str, self.problems)])


class Wrong(ValueError):
    """Raised by the rules of single values: what is wrong, and the fix."""

    def __init__(self, what: str, fix: str) -> None:
        self.what = what
        self.fix = fix
        super().__init__(what)


def short(text: str) -> str:
    """Without its middle where it is very long."""
    half = _SHOWN // 2
    return text if len(text) <= _SHOWN else f"{text[:half]}…{text[-half:]}"


def shown(value: object) -> str:
    """A value as the file has it, cut short."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = str(value)
    return short(text)


def listed(values: Iterable[object]) -> str:
    return ", ".join(shown(value) for value in values)


def nearest(word: str, known: Collection[str]) -> str | None:
    """The known word that was probably meant."""
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return found[0] if found else None


def meant(word: str, known: Collection[str], nothing: str) -> str:
    """A fix for a word that is not known: the nearest one, or all of them, or `nothing` where there are none."""
    if guess := nearest(word, known):
        return f"did you mean {shown(guess)}?"
    return f"use one of {listed(sorted(known))}" if known else nothing
