"""Addresses that stand for others, which nobody knows: of somebody on the internet, of what is not there yet."""

from __future__ import annotations

import re
from collections.abc import Collection

from provisioner.reach import ranges
from provisioner.reach.ends import End
from provisioner.reach.snapshot import Snapshot


def among(snapshot: Snapshot, *ends: End) -> frozenset[str]:
    """Those with which a question is answered, but for those that somebody has, or that were typed."""
    expected = {one.public for end in ends for one in end.interfaces if not one.id and one.public}
    typed = {cidr.partition("/")[0] for end in ends if end.kind == "address" for cidr in end.networks}
    known = {ranges.somewhere(snapshot.network.told), *expected} - typed
    return frozenset(one for one in known if not _is_held(snapshot, one))


def _is_held(snapshot: Snapshot, address: str) -> bool:
    held = snapshot.network.public_holder(address)
    return held is not None and bool(held.id)


def marked(text: str, examples: Collection[str]) -> str:
    """A text that says of each of them that it is only an example."""
    for one in examples:
        text = re.sub(rf"(?<![\d.]){re.escape(one)}(?![\d/]|\.\d)", f"{one} (an example)", text)
    return text
