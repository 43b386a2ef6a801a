"""What every way of reporting a run has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping, Sequence
from threading import Event as Flag
from threading import Thread

from provisioner.events import Event, Notice
from provisioner.report import text
from provisioner.report.problem import Problem
from provisioner.report.tally import Tally

_WATCH = 0.5
"""Seconds between two looks at what there is to tell."""


class Reporter(ABC):
    """A `Listener` for one run, from its start to its last word.

    `announce` is called by a signal handler, at any point of any other method: it only takes a note, which the
    next `tick` or `tell` shows.
    """

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self._announced: deque[str] = deque()
        self._ended = Flag()

    def tell(self, event: Event) -> None:
        with self.tally.lock:
            self.tally.take(event)
            self._show_announced()
            self.show(event)

    def tick(self) -> None:
        with self.tally.lock:
            self._show_announced()
            self.refresh()

    def watch(self, every: float = _WATCH) -> None:
        """Tick by itself until closed: a run ticks only while its steps are worked on, and looks before that."""
        Thread(target=self._watch, args=(every,), name="heartbeat", daemon=True).start()

    def _watch(self, every: float) -> None:
        while not self._ended.wait(every):
            with self.tally.lock:
                if not self._ended.is_set():
                    self.tick()

    def announce(self, said: str) -> None:
        self._announced.append(said)

    def _show_announced(self) -> None:
        while self._announced:
            self.show(Notice(self._announced.popleft()))

    @abstractmethod
    def show(self, event: Event) -> None:
        """Called with the tally up to date and locked."""

    def refresh(self) -> None:
        """Called several times a second with the tally locked."""
        return

    def at_once(self) -> None:
        """Put the terminal right, from a signal handler, with no lock taken: the process ends after it."""
        return

    def close(self) -> None:
        """Put the terminal right, however the run ended; nothing ticks by itself after it. May be called again."""
        self._ended.set()
        with self.tally.lock:  # a tick that is under way is over when this returns
            return

    @abstractmethod
    def done(self, outputs: Mapping[str, str], moves: Sequence[tuple[str, str]]) -> None:
        """The run went through: summary, outputs, what to type next."""

    @abstractmethod
    def failed(self, problem: Problem) -> None:
        """The run did not go through: how far it came, and last what is wrong."""


class Quiet(Reporter):
    """Nothing but what is wrong."""

    def __init__(self, tally: Tally, err: text.Stream) -> None:
        super().__init__(tally)
        self.err = err

    def show(self, event: Event) -> None:
        pass

    def done(self, outputs: Mapping[str, str], moves: Sequence[tuple[str, str]]) -> None:
        pass

    def failed(self, problem: Problem) -> None:
        self.err.lines(text.problem(problem))
