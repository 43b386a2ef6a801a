"""Things that a stack uses and does not make: looked for, waited for, never created, changed or deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from steps.base import Gone, Job, Made, Retry, Seen, Step, StepFailed


@dataclass(frozen=True, kw_only=True)
class Existing(Step):
    """A resource of the user's own, named by its id (`given`). The survey must find it, with `tags` None: whose it
    is does not matter, for nothing is done to it."""

    retry = Retry.KEY
    given: str

    def key(self, ids: Mapping[str, str]) -> str | None:
        return self.given

    def request(self, job: Job) -> dict[str, Any]:
        return {"given": self.given}

    @property
    def known_id(self) -> str | None:
        return self.given

    @property
    def missing(self) -> StepFailed:
        return StepFailed(
            f"there is no {self.noun} {self.given}", "correct it in the stack file, or make it first"
        )

    def create(self, job: Job) -> str | Made:
        """It was there when this run began."""
        raise self.missing

    @classmethod
    def delete(cls, job: Job, seen: Seen | None) -> Gone:
        return Gone(left=True)
