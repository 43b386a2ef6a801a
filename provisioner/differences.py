"""How two values differ, in few words: a program of an instance's user data is thousands of characters long."""

from __future__ import annotations

from os.path import commonprefix  # of characters
from typing import Any

_SHORT = 160
_BEFORE = 40
"""Characters before the first difference, to tell the place."""


def differing(found: Any, wanted: Any) -> str:
    """Both; of long ones what is around the first difference."""
    texts = [repr(found), repr(wanted)]
    long = max(map(len, texts)) > _SHORT
    start = max(0, len(commonprefix(texts)) - _BEFORE) if long else 0  # noqa: RUF071
    has, wants = (_cut(text, start) for text in texts)
    return f"{has}, the stack file wants {wants}"


def _cut(text: str, start: int) -> str:
    end = start + _SHORT
    return f"{'...' if start else ''}{text[start:end]}{'...' if len(text) > end else ''}"
