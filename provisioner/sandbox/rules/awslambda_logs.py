"""Lambda: a late flush, which brings a function's log group back."""

from __future__ import annotations

from provisioner.sandbox import functions, log_streams
from provisioner.sandbox.call import Call
from provisioner.sandbox.registry import Answer, after
from provisioner.sandbox.runtime.journal import Flushes

_RECENT, _LATEST = 60.0, 60.0
_CHANCE = 0.25


@after("logs", "DeleteLogGroup", source="terraform-provider-aws#29247")
def late_flush_brings_the_group_back(call: Call, answer: Answer) -> None:
    """Seldom, and only where times are drawn: if the deleted function ran less than a minute before."""
    group = call.parameters.get("logGroupName", "")
    flush = call.ledger(Flushes).last.pop(group, None)
    if flush is None or not call.world.latencies.profile.drawn:
        return
    recent = call.world.clock.now() - flush.at < call.world.latencies.scaled(_RECENT)
    gone = all(function.function_name != flush.function for function in functions.every(call))
    chance = call.world.latencies.chance("lambda.late_flush")
    site = call.site

    def write() -> None:
        log_streams.append(site, group, flush.stream, flush.lines, create=True)

    if recent and gone and chance.random() < _CHANCE:
        site.after(chance.uniform(1, _LATEST), write)
