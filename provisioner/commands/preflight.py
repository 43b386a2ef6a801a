"""`preflight`: what the account says of a stack file, before anything is made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from provisioner.exits import Exit
from provisioner.operate import Tools
from provisioner.options import SANDBOX, Common, stack_options

if TYPE_CHECKING:
    from provisioner.events import Event
    from provisioner.preflight import Finding
    from provisioner.report.screen import Screen


@click.command(short_help="What the account says of a stack file, before anything is made.")
@click.argument("file", metavar="STACK.toml", type=click.Path(path_type=Path))
@click.option("--name", help="As if it were brought up under this name.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override any key of the file.")
@SANDBOX
@stack_options
@click.pass_obj
def preflight(tools: Tools, common: Common, file: Path, name: str | None, overrides: tuple[str, ...]) -> int:
    """Examine the account for a stack: who calls, permissions, quotas with what is in use, zones, images, names.

    Nothing is changed. `provision` does the same before it makes anything, and stops where there is a problem.

    \b
    Exit codes: 0 nothing speaks against it, 2 there are problems.

    \b
    Examples:
      provisioner preflight private-lambda.toml --sandbox
      provisioner preflight app.toml --name pr-17 --json | jq -r 'select(.level == "problem").fix'
    """
    from provisioner import operation
    from provisioner.preflight import Level

    screen = tools.screen(common)
    findings = operation.examine(file, overrides, name, common.options(), _Aside(screen))
    _show(screen, findings)
    counted = {level: sum(one.level is level for one in findings) for level in Level}
    screen.event("preflight", **{level.name.lower(): count for level, count in counted.items()})
    screen.lines("", ", ".join(f"{count} {level.value}" for level, count in counted.items() if count))
    return Exit.BAD_INPUT if counted[Level.PROBLEM] else Exit.DONE


def _show(screen: Screen, findings: Sequence[Finding]) -> None:
    from provisioner.report import text

    width = max(len(one.level.value) for one in findings)
    columns = text.room(screen.out.stream)
    for one in findings:
        shown = {"level": one.level.value, "what": one.what, "fix": one.fix, "key": one.key, "value": one.value}
        screen.event("finding", **shown)
        at = f"{one.key}: " if one.key else ""
        said = [f"{one.level.value:<{width}}  {at}{one.what}"]
        said += [f"{'':<{width}}  fix: {one.fix}"] if one.fix else []
        for line in (part for whole in said for part in text.folded(whole, columns, width + 2)):
            screen.answer(line)


class _Aside:
    """A listener for what is told on the way."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def tell(self, event: Event) -> None:
        from provisioner.events import Notice

        if isinstance(event, Notice):
            self._screen.event("notice", text=event.text, details=list(event.details))
            self._screen.lines(": ".join([event.text, ", ".join(event.details)]) if event.details else event.text)

    def tick(self) -> None:
        return
