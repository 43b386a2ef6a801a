"""Who calls, where, and for how long the credentials will do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from provisioner.preflight.base import Finding, Ground, Level
from provisioner.schedule import chains

_MARGIN = 2.0
"""AWS sometimes takes twice as long as usual."""


def identity(ground: Ground) -> Iterator[Finding]:
    yield Finding(Level.OK, f"as {caller(ground)}, in account {ground.aws.account}, region {ground.aws.region}")


def caller(ground: Ground) -> str:
    """The caller's ARN; asked once."""
    return str(ground.look.share("caller", ground.aws.clients.sts.get_caller_identity)["Arn"])


def session(ground: Ground) -> Iterator[Finding]:
    """Whether credentials that nobody renews will outlive the run, as long as it usually takes."""
    ends = ground.aws.clients.ends
    if ends is None:
        return
    left, needed = (ends - datetime.now(UTC)).total_seconds(), duration(ground)
    told = f"the session ends in {_minutes(left)}, the run usually takes {_minutes(needed)}"
    fix = "begin with fresh credentials; should they end all the same, refresh them and resume"
    if left >= needed * _MARGIN:
        yield Finding(Level.OK, told)
    else:
        yield Finding(Level.PROBLEM if left < needed else Level.WARNING, told, fix)


def duration(ground: Ground) -> float:
    """Real seconds that the longest chain of waits usually takes."""
    fresh = {step.name for step in ground.fresh}
    weights = {step.name: step.typical if step.name in fresh else 0.0 for step in ground.steps}
    after = {step.name: {need.step for need in step.needs} for step in ground.steps}
    return max(chains(weights, after).values(), default=0.0) / ground.scale


def _minutes(seconds: float) -> str:
    return f"{max(0.0, seconds) / 60:.0f} min"
