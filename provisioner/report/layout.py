"""The picture of a run on a terminal: lines that fit its width and, together, its height.

Four ways to draw it, from the roomiest to the tightest; the first one that fits is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import TextWrapper

from rich.text import Text

from provisioner.events import Progress
from provisioner.report import text
from provisioner.report.tally import Tally, View

_LEAST = 3
"""Lines: less than one step, the count of the others and the overall line says nothing."""
_BAR = 30
_BELOW = " " * 10
"""Before what stands below a step."""
_FRAMES_A_SECOND = 8


@dataclass(frozen=True)
class Marks:
    done: str
    failed: str
    idle: str
    more: str
    full: str
    empty: str
    frames: str


UNICODE = Marks("✓", "✗", "·", "…", "━", "─", "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
ASCII = Marks("+", "x", ".", "...", "#", "-", "-\\|/")


@dataclass(frozen=True)
class Picture:
    """Draws one instant of a run. `stopping` is set once somebody asked to stop."""

    tally: Tally
    width: int
    height: int
    marks: Marks
    stopping: bool = False

    def lines(self) -> list[Text]:
        """At most `height - 1` lines (the cursor needs one), none of them wider than `width`."""
        room = max(_LEAST, self.height - 1)
        drawn = next((lines for draw in self._ways() if len(lines := draw(room)) <= room), [])[:room]
        for line in drawn:
            line.truncate(self.width - 1, overflow="ellipsis")
        return drawn

    def _ways(self) -> tuple[Callable[[int], list[Text]], ...]:
        if self.tally.started is None:
            return (lambda room: [self._looking()],)
        return self._whole, self._roomy, self._compact, self._tight

    def _looking(self) -> Text:
        return Text.assemble((f"  {self._spinner} ", "cyan"), f"looking at what is there  {self._clock}")

    def _whole(self, room: int) -> list[Text]:
        """As the next, but what does not fit a step's line stands below it: who holds it, and what to do."""
        return self._by_families(self._at_length)

    def _roomy(self, room: int) -> list[Text]:
        """A line for each family, and under it a line for each step that is worked on."""
        return self._by_families(lambda view: [self._step(view)])

    def _by_families(self, drawn: Callable[[View], list[Text]]) -> list[Text]:
        lines = []
        for name, views in self.tally.families.items():
            lines += [self._family(name, views), *(line for view in _shown(views) for line in drawn(view))]
        return [*lines, Text(), self._overall()]

    def _compact(self, room: int) -> list[Text]:
        """What is done and what has not begun share a line each."""
        families = self.tally.families
        busy = {name: views for name, views in families.items() if _shown(views)}
        done = {name: views for name, views in families.items() if all(view.done for view in views)}
        idle = {name: views for name, views in families.items() if name not in busy and name not in done}
        lines = [self._together(self.marks.done, "green", done)] if done else []
        for name, views in busy.items():
            lines += [self._family(name, views), *(self._step(view) for view in _shown(views))]
        lines += [self._together(self.marks.idle, "dim", idle)] if idle else []
        return [*lines, self._overall()]

    def _tight(self, room: int) -> list[Text]:
        """As many steps as there is room for, those first that take longest, and how many more there are."""
        views = sorted(_shown(list(self.tally.views.values())), key=lambda view: (view.active, view.began))
        if len(views) < room:
            return [*(self._step(view) for view in views), self._overall()]
        shown = views[: room - 2]
        rest = Text(f"    {self.marks.more} and {len(views) - len(shown)} more", style="dim")
        return [*(self._step(view) for view in shown), rest, self._overall()]

    def _family(self, name: str, views: Sequence[View]) -> Text:
        done = sum(view.done for view in views)
        mark, style = self._mark(views)
        count = f"{done}" if done == len(views) else f"{done}/{len(views)}"
        width = max(len(family) for family in self.tally.families)
        awaited = [] if any(view.active for view in views) else self.tally.awaited(views)
        after = f"  after {', '.join(awaited)}" if awaited else ""
        return Text.assemble((f"  {mark} ", style), f"{name:{width}}  ", (f"{count:>5}{after}", "dim"))

    def _mark(self, views: Sequence[View]) -> tuple[str, str]:
        if all(view.done for view in views):
            return self.marks.done, "green"
        if any(view.progress is Progress.FAILED for view in views):
            return self.marks.failed, "red"
        return (self._spinner, "cyan") if any(view.active for view in views) else (self.marks.idle, "dim")

    def _together(self, mark: str, style: str, families: dict[str, list[View]]) -> Text:
        told = ", ".join(
            f"{name} {sum(view.done for view in views)}/{len(views)}" for name, views in families.items()
        )
        return Text.assemble((f"  {mark} ", style), told)

    def _at_length(self, view: View) -> list[Text]:
        """What failed is told at the end; what is waited for is wanted now."""
        if not view.active or len(_said(view)) <= self._widths(view)[1]:
            return [self._step(view)]
        fold = TextWrapper(max(self.width - 1, 20), initial_indent=_BELOW, subsequent_indent=_BELOW)
        fold.break_on_hyphens = False
        return [self._step(view, ""), *(Text(line, style="dim") for line in fold.wrap(_said(view)))]

    def _step(self, view: View, instead: str | None = None) -> Text:
        """Name, what it waits for, how long; the last stays in sight however narrow the terminal is."""
        name_width, said_width = self._widths(view)
        said = _said(view) if instead is None else instead
        style = "red" if view.progress is Progress.FAILED else ""
        return Text.assemble(
            "      ",
            (_cut(view.name, name_width, self.marks.more), style),
            "  ",
            (_cut(said, said_width, self.marks.more), style or "dim"),
            f"  {self._elapsed(view)}",
        )

    def _widths(self, view: View) -> tuple[int, int]:
        """Of a step's name and of what it waits for."""
        name_width = min(max(len(one.name) for one in _shown(list(self.tally.views.values()))), self.width // 2)
        return name_width, max(0, self.width - name_width - len(self._elapsed(view)) - 11)

    def _elapsed(self, view: View) -> str:
        return text.clock(self.tally.clock() - view.began if view.active else view.waited)

    def _overall(self) -> Text:
        tally = self.tally
        done, total = tally.done, max(1, tally.total)
        facts = f"{done} of {tally.total}  {self._clock}  {self._forecast()}"
        bar = max(0, min(_BAR, self.width - len(facts) - 6))
        filled = bar * done // total
        return Text.assemble(
            "  ", (self.marks.full * filled, "green"), (self.marks.empty * (bar - filled), "dim"), f"  {facts}"
        )

    def _forecast(self) -> str:
        if self.stopping:
            return "stopping"
        expected = self.tally.started.expected if self.tally.started else 0.0
        return text.remaining(expected, self.tally.running)

    @property
    def _clock(self) -> str:
        return text.clock(self.tally.elapsed)

    @property
    def _spinner(self) -> str:
        frames = self.marks.frames
        return frames[int(self.tally.clock() * _FRAMES_A_SECOND) % len(frames)]


def _shown(views: Sequence[View]) -> list[View]:
    """Steps worth a line: those that are worked on or have failed, the longest first."""
    found = [view for view in views if view.active or view.progress is Progress.FAILED]
    return sorted(found, key=lambda view: view.began)


def _said(view: View) -> str:
    return " ".join(view.said.split())


def _cut(said: str, width: int, more: str) -> str:
    """Exactly `width` characters wide."""
    return f"{said:{width}}" if len(said) <= width else said[: max(0, width - len(more))] + more[:width]
