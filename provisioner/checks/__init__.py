"""Checks of what depends on several values of a stack file. Each runs wherever the values that it reads are sound.

All of them together promise that what is wrong with a stack file, as far as no AWS call is needed to know it, is
told at once: every problem with its reason and with a fix that names the keys.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from provisioner.checks import (
    balancing,
    capacity,
    data,
    dns,
    expect,
    functions,
    names,
    network,
    rules,
    services,
    ways,
)
from provisioner.checks.base import Check as Check
from provisioner.checks.base import Path
from provisioner.model import Stack
from provisioner.stack_file.errors import Problem

CHECKS: Mapping[str, tuple[Check, ...]] = {
    "The VPC": network.CHECKS,
    "Ways out": ways.CHECKS,
    "The load balancer": balancing.CHECKS + rules.CHECKS,
    "Its name and certificate": dns.CHECKS,
    "Services": capacity.CHECKS + services.CHECKS,
    "Functions": functions.CHECKS,
    "Database, API and outputs": data.CHECKS,
    "Names, tags and policies": names.CHECKS,
    "Expectations": expect.CHECKS,
}
"""By what they are about, in the order in which they are told."""


def problems(stack: Stack, broken: Collection[Path]) -> Iterator[Problem]:
    """Everything that is wrong with a stack, as far as `broken` places allow to tell."""
    for checks in CHECKS.values():
        for check in checks:
            yield from check.problems(stack, broken)
