"""How the short commands answer: JSON lines, aligned text in a pipe, a table on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from provisioner.report import json_lines, rich_terminal, text
from provisioner.report.problem import Problem


@dataclass(frozen=True)
class Table:
    """Cells are whole: what does not fit a terminal is folded there, and never in a pipe."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


class Screen:
    def __init__(
        self, out: TextIO, err: TextIO, environ: Mapping[str, str], *, as_json: bool = False, quiet: bool = False
    ) -> None:
        self.out, self.err = text.Stream(out), text.Stream(err)
        self.as_json, self.quiet = as_json, quiet
        self._environ = environ
        self._rich = rich_terminal(out, environ)

    def event(self, name: str, **fields: Any) -> None:
        """For programs only."""
        if self.as_json:
            self.out.line(json_lines.line(name, **fields))

    def lines(self, *lines: str) -> None:
        """For people only."""
        if not self.as_json and not self.quiet:
            self.out.lines(lines)

    def answer(self, line: str) -> None:
        """For people, even quiet ones: it is what they asked for."""
        if not self.as_json:
            self.out.line(line)

    def aside(self, *lines: str) -> None:
        """For people, where standard output belongs to programs or nobody."""
        (self.err if self.as_json or self.quiet else self.out).lines(lines)

    def table(self, table: Table) -> None:
        """For people only; an answer that was asked for, so `quiet` does not suppress it."""
        if self.as_json:
            return
        if self._rich:
            from provisioner.report.live import draw_table

            draw_table(table.columns, table.rows, self.out.stream)
        else:
            self.out.lines(text.aligned([tuple(column.upper() for column in table.columns), *table.rows]))

    def problem(self, problem: Problem) -> None:
        """Last on the screen, and a line of JSON for programs."""
        if self.as_json:
            self.out.line(json_lines.problem_line(problem))
        if rich_terminal(self.err.stream, self._environ):
            from provisioner.report.live import console_on, print_problem

            print_problem(problem, console_on(self.err.stream))
        else:
            self.err.lines(text.problem(problem))
