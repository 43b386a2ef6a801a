"""Proves a recorded stack against what AWS says now: what follows from its tables, and what its [[expect]] ask.

Resources are looked at, functions are invoked, requests are sent; nothing is changed but by what is invoked and
asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.verify import balancing, functions, made, names, parts, requests, ways, written
from provisioner.verify.expectation import Expectation as Expectation
from provisioner.verify.expectation import Finding as Finding
from provisioner.verify.expectation import Mark as Mark
from provisioner.verify.expectation import Result as Result
from provisioner.verify.running import results as results
from provisioner.verify.scene import Scene as Scene
from provisioner.verify.scene import setting as setting


def expectations(scene: Scene) -> Iterator[Expectation]:
    """All that must hold of a stack, from the ground up."""
    for part in (parts, made, balancing, names, ways, functions, requests, written):
        yield from part.expectations(scene)
