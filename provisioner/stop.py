"""Ctrl-C and SIGTERM: the first asks the run to end in order, the second ends it at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Stop:
    """Whether somebody asked to stop, and by which signal."""

    def __init__(self) -> None:
        self.signal: int | None = None

    @property
    def requested(self) -> bool:
        return self.signal is not None

    @property
    def exit_code(self) -> int:
        """As shells count it: 130 for ctrl-C, 143 for SIGTERM."""
        return 128 + (self.signal or signal.SIGINT)


@contextmanager
def listening(stop: Stop, announce: Callable[[str], None], at_once: Callable[[], None]) -> Iterator[None]:
    """Turn SIGINT and SIGTERM into requests to `stop` inside the block.

    The second signal calls `at_once` (which puts the terminal right) and ends the process there and then: every
    intent and every id is on disk before the next call, so nothing is lost by it.
    """

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.requested:
            at_once()
            os._exit(128 + number)
        stop.signal = number
        announce("stopping: no new call is started; again to stop at once")

    numbers = (signal.SIGINT, signal.SIGTERM)
    before: dict[int, Any] = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
