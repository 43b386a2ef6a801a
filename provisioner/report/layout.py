"""The picture of a run on a terminal: lines that fit its width and, together, its height.

Three ways to draw it, from the roomiest to the tightest; the first one that fits is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.text import Text

from provisioner.events import Progress
from provisioner.report import text
from provisioner.report.tally import Tally, View

_LEAST = 3
"""Lines: less than one step, the count of the others and the overall line says nothing."""
_BAR = 30
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
        return self._roomy, self._compact, self._tight

    def _looking(self) -> Text:
        return Text.assemble((f"  {self._spinner} ", "cyan"), f"looking at what is there  {self._clock}")

    def _roomy(self, room: int) -> list[Text]:
        """A line for each family, and under it a line for each step that is worked on."""
        lines = []
        for name, views in self.tally.families.items():
            lines += [self._family(name, views), *(self._step(view) for view in _shown(views))]
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

    def _step(self, view: View) -> Text:
        """Name, what it waits for, how long; the last stays in sight however narrow the terminal is."""
        elapsed = text.clock(self.tally.clock() - view.began) if view.active else text.clock(view.waited)
        name_width = min(max(len(one.name) for one in _shown(list(self.tally.views.values()))), self.width // 2)
        said_width = max(0, self.width - name_width - len(elapsed) - 11)
        style = "red" if view.progress is Progress.FAILED else ""
        return Text.assemble(
            "      ",
            (_cut(view.name, name_width, self.marks.more), style),
            "  ",
            (_cut(" ".join(view.said.split()), said_width, self.marks.more), style or "dim"),
            f"  {elapsed}",
        )

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


def _cut(said: str, width: int, more: str) -> str:
    """Exactly `width` characters wide."""
    return f"{said:{width}}" if len(said) <= width else said[: max(0, width - len(more))] + more[:width]
