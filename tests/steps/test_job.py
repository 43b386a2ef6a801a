"""What a step is given to work with."""

from __future__ import annotations

from typing import Any

import pytest

from state.record import Record
from steps.base import Job, StepFailed

NOTHING: Any = None


def a_job(elapsed: float, memo: dict[str, float]) -> Job:
    return Job(NOTHING, Record("a", "fake"), {}, elapsed=elapsed, memo=memo)


def test_a_change_is_asked_for_once_in_a_run() -> None:
    memo: dict[str, float] = {}
    assert a_job(0.0, memo).once("Timeout")
    assert not a_job(1.0, memo).once("Timeout")
    assert a_job(2.0, memo).once("Handler")


def test_a_change_that_is_never_shown_is_given_up() -> None:
    memo: dict[str, float] = {}
    assert a_job(0.0, memo).once("Timeout")
    with pytest.raises(StepFailed, match="accepted another Timeout and does not show it"):
        a_job(61.0, memo).once("Timeout")


def test_an_undeclared_need_is_an_error() -> None:
    with pytest.raises(KeyError):
        a_job(0.0, {}).id_of("vpc")
