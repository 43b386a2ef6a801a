"""The live view of a run on a terminal, and what else is drawn with rich."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from threading import Thread
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live as Area
from rich.table import Table
from rich.text import Text

from provisioner.events import Event, Notice, Outcome, Progress, StepEvent
from provisioner.report import text
from provisioner.report.base import Reporter
from provisioner.report.layout import ASCII, UNICODE, Picture
from provisioner.report.problem import Problem
from provisioner.report.tally import Tally

_REFRESH = 0.125
_WORTH_A_LINE = frozenset({Outcome.FOUND, Outcome.REMADE, Outcome.REPLACED})
"""What the user may not expect; a heal comes with a notice of its own."""
_OUTPUTS = 12
"""What fits under the summary without pushing it off the screen."""
_SHOW_CURSOR = b"\x1b[?25h\n"


def console_on(stream: TextIO) -> Console:
    """Text is shown as it is: nothing in it is markup, and rich guesses no colours."""
    return Console(file=stream, highlight=False, markup=False, emoji=False)


class Live(Reporter):
    """Draws from a thread of its own, so that it moves before the run's first tick.

    Whoever draws holds the tally's lock first and rich's locks second, everywhere: rich's own refreshing thread
    would take them the other way round, so it is not used.
    """

    def __init__(self, tally: Tally, console: Console, err: Console) -> None:
        super().__init__(tally)
        self.console, self.err = console, err
        self._stopping = False
        self._area = Area(
            get_renderable=self._picture,
            console=console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._painter = Thread(target=self._paint, name="screen", daemon=True)
        self._area.start()
        self._painter.start()

    def _paint(self) -> None:
        while not self._ended.wait(_REFRESH):
            with self.tally.lock:
                self._show_announced()
                if not self._ended.is_set():
                    self._area.refresh()

    def _picture(self) -> Group:
        with self.tally.lock:
            width, height = self.console.size
            marks = ASCII if self.console.options.ascii_only else UNICODE
            return Group(*Picture(self.tally, width, height, marks, self._stopping).lines())

    def announce(self, said: str) -> None:
        self._stopping = True
        super().announce(said)

    def show(self, event: Event) -> None:
        """Above the moving part goes only what should stay on the screen."""
        if isinstance(event, Notice):
            who = f"{event.step}: " if event.step else ""
            self._say(Text.assemble(("! ", "yellow"), who, event.text))
            for detail in event.details:
                self._say(Text(f"    {detail}", style="dim"))
        elif isinstance(event, StepEvent) and event.progress is Progress.DONE and event.outcome in _WORTH_A_LINE:
            self._say(Text.assemble(("! ", "yellow"), f"{event.step}: {event.outcome} ({event.id})"))

    def _say(self, line: Text) -> None:
        self.console.print(line, soft_wrap=True)

    def at_once(self) -> None:
        """Rich hides the cursor and changes nothing else; its locks may be held by whom the signal interrupted."""
        os.write(self.console.file.fileno(), _SHOW_CURSOR)

    def close(self) -> None:
        self._ended.set()
        with self.tally.lock:
            self._show_announced()
            self._area.stop()

    def done(self, outputs: Mapping[str, str], moves: Sequence[tuple[str, str]]) -> None:
        self.close()
        headline, *rest = text.closing(self.tally)
        mark = ASCII.done if self.console.options.ascii_only else UNICODE.done
        self._say(Text.assemble((f"{mark} ", "green"), (headline, "bold")))
        for line in rest:
            self._say(Text(line))
        if not text.unchanged(self.tally):
            self._block(text.outputs(outputs, _OUTPUTS))
            self._block(text.moves(moves))

    def _block(self, lines: Sequence[str]) -> None:
        for index, line in enumerate(["", *lines] if lines else []):
            self._say(Text(line, style="bold" if index == 1 else ""))

    def failed(self, problem: Problem) -> None:
        self.close()
        for line in text.stopped(self.tally):
            self._say(Text(line))
        print_problem(problem, self.err)


def print_problem(problem: Problem, console: Console) -> None:
    """As everywhere, with the headline and the line to type easy to find."""
    for line in text.problem(problem):
        headline = line.startswith(problem.headline)
        to_type = bool(problem.next) and line.endswith(problem.next)
        style = "bold red" if headline else "bold" if to_type else ""
        for part in text.folded(line, console.width):
            console.print(Text(part, style=style), soft_wrap=True)


def draw_table(columns: Sequence[str], rows: Sequence[Sequence[str]], stream: TextIO) -> None:
    """What is too wide is folded inside its column, so that nothing of an id is lost; names stay whole."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for index, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=index == 0)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console_on(stream).print(table)
