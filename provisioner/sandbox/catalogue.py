"""All that the sandbox knows of AWS, as a page: `make docs` makes `docs/sandbox-rules.md` of it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import groupby

from provisioner.sandbox import emulator, registry, rules
from provisioner.sandbox.latencies import TABLE
from provisioner.sandbox.registry import Rule
from provisioner.sandbox.throttles import BUCKETS

_HEAD = """\
# The sandbox's rules

Made by `make docs` from the rules themselves; `docs/sandbox.md` tells what they are good for. "From memory" means
that nobody looked it up: treat it as probable.
"""
_NAMES = {"*": "Every service", "lambda": "Lambda", "logs": "CloudWatch Logs"}


def page() -> str:
    """The catalogue in Markdown."""
    emulator.configure()
    rules.load()
    parts = [_HEAD, *_services(registry.catalogue()), *_limits(), *_times()]
    return "\n".join(parts) + "\n"


def _services(told: Iterable[Rule]) -> Iterator[str]:
    for service, of_service in groupby(told, key=lambda rule: rule.service):
        yield f"\n## {_NAMES.get(service, service)}\n"
        yield from _table(("calls", "what AWS does", "known from"), map(_row, of_service))


def _row(rule: Rule) -> tuple[str, ...]:
    actions = rule.actions if len(rule.actions) <= _SHOWN else (*rule.actions[:_SHOWN], "...")
    return ", ".join(f"`{action}`" if action != "..." else action for action in actions), rule.does, rule.source


_SHOWN = 4


def _limits() -> Iterator[str]:
    yield "\n## How often one may call\n"
    rows = (
        (
            bucket.service,
            ", ".join(f"`{action}`" for action in bucket.actions) + (" (each)" if bucket.each else ""),
            f"{bucket.size:g}",
            f"{bucket.refill:.3g}",
            bucket.source,
        )
        for bucket in BUCKETS
    )
    yield from _table(("service", "calls", "at once", "a second", "known from"), rows)


def _times() -> Iterator[str]:
    yield "\n## How long it takes\n"
    yield "Seconds on AWS: the median, what one in twenty exceeds, the longest that is drawn.\n"
    rows = ((f"`{key}`", f"{it.median:g}", f"{it.p95:g}", f"{it.worst:g}") for key, it in sorted(TABLE.items()))
    yield from _table(("what", "median", "95 %", "longest"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


if __name__ == "__main__":
    sys.stdout.write(page())
