"""What would set something right, as reports end with it."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.report import text

_HINT = "  ("
"""Before what is not to be typed."""


def lines(fix: Sequence[str], head: str, columns: int | None = None) -> list[str]:
    """One after the other, the first after `head`; on a terminal of so many columns words are cut between lines.

    What is to be typed is whole, so that it can be copied: commands, and lines of the stack file.
    """
    heads = (head, *[" " * len(head)] * len(fix))
    return [line for before, one in zip(heads, fix, strict=False) for line in _folded(before, one, columns)]


def _folded(head: str, said: str, columns: int | None) -> list[str]:
    line = head + said
    if columns is None or len(line) < columns:
        return [line]
    typed, gap, hint = said.partition(_HINT)
    if " = " not in typed:
        return text.folded(line, columns, len(head))
    return [head + typed, *([f"{' ' * len(head)}({hint}"] if gap else [])]
