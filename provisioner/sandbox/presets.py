"""Faults by name, for whoever wants to see what a client makes of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Spec = Mapping[str, Any]

_ALWAYS: Spec = {"times": None}
_OOPS: Spec = {"code": "InternalError", "status": 500, "message": "An internal error has occurred"}

PRESETS: Mapping[str, tuple[str, Sequence[Spec]]] = {
    "flaky": (
        "one call in thirty ends in a server's error or without an answer",
        (
            {"do": "status", "status": 503, "chance": 0.01, **_ALWAYS},
            {"do": "error", "chance": 0.005, **_OOPS, **_ALWAYS},
            {"do": "drop-before", "chance": 0.005, **_ALWAYS},
            {"do": "drop-after", "chance": 0.01, **_ALWAYS},
            {"do": "error-after", "chance": 0.005, **_OOPS, **_ALWAYS},
        ),
    ),
    "throttled": ("one call in ten is throttled", ({"do": "throttle", "chance": 0.1, **_ALWAYS},)),
    "late": (
        "fresh things are not seen, and fresh roles not trusted, for a second",
        ({"do": "invisible", "seconds": 1.0}, {"do": "unassumable", "seconds": 1.0}),
    ),
    "nat-fails": (
        "the next NAT gateway fails after it was accepted",
        ({"do": "nat-fails", "code": "InternalError", "message": "Internal error"},),
    ),
    "pull-fails": ("no task can pull its image", ({"do": "pull-fails", **_ALWAYS},)),
    "exits": ("every container ends as soon as it has started", ({"do": "exits", **_ALWAYS},)),
    "no-capacity": ("no room for the next ten tasks and instances", ({"do": "no-capacity", "times": 10},)),
    "no-vpc": (
        "the quota of VPCs is used up",
        (
            {
                "do": "error",
                "service": "ec2",
                "action": "CreateVpc",
                "code": "VpcLimitExceeded",
                "status": 400,
                "message": "The maximum number of VPCs has been reached.",
                **_ALWAYS,
            },
        ),
    ),
}


def read(text: str) -> list[Spec]:
    """The faults of a command line: names with commas between them, a JSON list of specs, or @FILE with one.

    Raises ValueError for what is none of these.
    """
    if text.startswith("@"):
        text = Path(text[1:]).read_text()
    if text.lstrip().startswith(("[", "{")):
        given = json.loads(text)
        return list(given) if isinstance(given, list) else [given]
    return [spec for name in text.split(",") for spec in named(name.strip())]


def named(name: str) -> Sequence[Spec]:
    """The faults of this preset. Raises ValueError for an unknown one."""
    if name not in PRESETS:
        raise ValueError(f"there are no faults named {name!r}; known: {', '.join(PRESETS)}")
    return PRESETS[name][1]
