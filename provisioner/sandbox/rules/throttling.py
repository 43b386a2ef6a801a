"""What every service refuses to a client that calls too often."""

from __future__ import annotations

from provisioner.sandbox import throttles
from provisioner.sandbox.call import Call
from provisioner.sandbox.registry import before


@before("*", "*", first=True, source="the services' guides, see provisioner/sandbox/throttles.py")
def calls_are_limited(call: Call) -> None:
    """RequestLimitExceeded, Throttling or the like when the bucket is empty; where no time passes, never."""
    bucket = throttles.bucket(call.service, call.action)
    if bucket is None or call.world.latencies.profile.timeless:
        return
    if not call.ledger(throttles.Levels).take(call, bucket):
        raise throttles.refusal(call.service)
