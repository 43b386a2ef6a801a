"""A sandbox's network, and what the analysis and the sandbox say of the same connections in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3

from provisioner.reach import Outcome, Snapshot, Verdict, judge
from provisioner.reach.taking import read
from steps.aws.context import Aws
from steps.aws.owner import Owner
from steps.aws.session import clients, single_attempt_clients
from tests.sandbox.network_lab import ACCOUNT, Lab
from tests.sandbox_fixture import REGION, Sandbox

OPENS = {"open": True, "hangs": False, "refused": False, "unknown name": False}
FAILS = {"hangs": "hangs", "refused": "is refused", "unknown name": "does not know the name"}


def aws_of(sandbox: Sandbox) -> Aws:
    """Clients as the tool has them."""
    made = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION)
    reading, once = clients(made, sandbox.endpoint), single_attempt_clients(made, sandbox.endpoint)
    return Aws(reading, once, Owner("lab", "lab-id"), ACCOUNT, REGION)


@dataclass
class Witnesses:
    """Asks both; `looked` is the snapshot of the last look."""

    lab: Lab
    aws: Aws

    def look(self) -> Snapshot:
        return read(self.aws, [self.lab.vpc])

    def compare(self, snapshot: Snapshot, source: str, to: str, port: int) -> str:
        """Assert that both say the same of a connection; what the sandbox said."""
        found = self.lab.ask("reach", **{"from": source}, to=to, port=port)
        verdict = judge(snapshot, source, to, port)
        outcome, fails = said(verdict, found["address"])
        assert outcome is not Outcome.UNKNOWN, verdict.telling.doubts  # nothing is hidden here
        assert (outcome is Outcome.REACHES) is OPENS[found["outcome"]], told(verdict, found)
        assert not fails or fails == FAILS[found["outcome"]], told(verdict, found)
        return str(found["outcome"])


def said(verdict: Verdict, address: str) -> tuple[Outcome, str]:
    """What was said of the ways to an address; of all, where it is none of those that were tried."""
    ways = [way for way in verdict.ways if way.target == address] or list(verdict.ways)
    found = Verdict(verdict.source, verdict.destination, verdict.port, tuple(ways))
    return found.outcome, found.stop.fails if found.stop else ""


def told(verdict: Verdict, found: Any) -> str:
    """Both sides of a disagreement."""
    way = verdict.telling
    hops = "\n".join(f"  {hop.at}: {hop.what} {hop.by}" for hop in way.hops)
    return (
        f"\n{verdict.source} -> {verdict.destination}:{verdict.port}\nsandbox: {found}\nours: {way.stop}\n{hops}"
    )
