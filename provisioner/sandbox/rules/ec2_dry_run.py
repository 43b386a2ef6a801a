"""EC2's DryRun: nothing happens, and the answer is an error."""

from __future__ import annotations

from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import before


@before("ec2", "*", source="EC2 API Reference: DryRun")
def dry_run_executes_nothing(call: Call) -> None:
    """DryRunOperation (412) instead of the call."""
    if call.parameters.get("DryRun"):
        raise Refusal("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
