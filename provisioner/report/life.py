"""What the state file alone cannot tell of a stack. Imports nothing: the help must not wait for it."""

from __future__ import annotations

from dataclasses import dataclass

EMPTIED = "the sandbox it was recorded in has been emptied or stopped: nothing of it exists any more"


@dataclass(frozen=True)
class Life:
    """`holder` says who works on it now, empty if nobody does; `emptied` whether its sandbox is gone."""

    holder: str = ""
    emptied: bool = False
