"""What the user sees. The only room that knows rich, and only where there is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import TextIO

from provisioner.report import text
from provisioner.report.base import Quiet, Reporter
from provisioner.report.json_lines import JsonLines
from provisioner.report.plain import Plain
from provisioner.report.tally import Tally

_NO = frozenset({"", "0", "false", "no"})
_DUMB = frozenset({"", "dumb", "unknown"})


class Style(StrEnum):
    LIVE = "live"
    PLAIN = "plain"
    JSON = "json"
    QUIET = "quiet"


def style(out: TextIO, environ: Mapping[str, str], *, as_json: bool, quiet: bool) -> Style:
    """How to show a run here: live only where a person can be watching."""
    if as_json:
        return Style.JSON
    if quiet:
        return Style.QUIET
    return Style.LIVE if rich_terminal(out, environ) else Style.PLAIN


def rich_terminal(out: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether `out` is a terminal that can do more than take lines, and no CI system's."""
    watched = environ.get("CI", "").lower() in _NO and environ.get("TERM", "") not in _DUMB
    return watched and out.isatty()


def reporter(chosen: Style, out: TextIO | None = None, err: TextIO | None = None) -> Reporter:
    """A reporter of this style for one run."""
    tally, shown, errors = Tally(), out or sys.stdout, text.Stream(err or sys.stderr)
    if chosen is Style.LIVE:
        from provisioner.report.live import Live, console_on

        return Live(tally, console_on(shown), console_on(errors.stream))
    if chosen is Style.QUIET:
        return Quiet(tally, errors)
    lines: type[JsonLines | Plain] = JsonLines if chosen is Style.JSON else Plain
    made = lines(tally, text.Stream(shown), errors)
    made.watch()
    return made
