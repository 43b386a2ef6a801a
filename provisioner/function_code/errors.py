"""What is wrong with a function's code, or with what it needs."""

from __future__ import annotations

from pathlib import Path


class PayloadError(Exception):
    """A payload folder that cannot be sent to Lambda; says which file, why and what to do."""


class Fault(PayloadError):
    """The same in parts: the file or folder, what is wrong with it and the fix."""

    def __init__(self, place: Path, what: str, fix: str) -> None:
        self.place, self.what, self.fix = place, what, fix
        super().__init__(place, what, fix)

    def __str__(self) -> str:
        place = str(self.place)
        return f"{place if place.isprintable() else ascii(place)} {self.what}. Fix: {self.fix}."
