"""The smallest change that opens what is closed.

Where the stack file has a key for it, that line; where it has it already and somebody took it away, the run that
sets it right; else AWS's own command.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from provisioner.reach import needs
from provisioner.reach.ends import End
from provisioner.reach.fixes import filters, fronts, lists, transit, ways
from provisioner.reach.fixes.case import Case
from provisioner.reach.needs import Need
from provisioner.reach.snapshot import Snapshot
from provisioner.reach.verdict import Fix

_FIXES: dict[type[Any], Callable[[Case, Any], Fix | None]] = {
    needs.GroupRule: filters.group_rule,
    needs.AclRule: lists.acl_rule,
    needs.RouteTo: ways.route,
    needs.PublicAddress: ways.public_address,
    needs.InVpc: ways.in_vpc,
    needs.Attached: transit.attached,
    needs.TransitRouteTo: transit.transit_route,
    needs.VpcAttribute: fronts.attribute,
    needs.Record: fronts.record,
    needs.ListenAt: fronts.listener,
    needs.RuleFor: fronts.rule,
    needs.Targets: fronts.targets,
    needs.Placed: ways.placed,
    needs.Made: fronts.made,
    needs.Wait: fronts.wait,
    needs.PortOf: fronts.port,
    needs.Answers: fronts.answers,
}


def fix(snapshot: Snapshot, begin: End, meant: End, need: Need, *, behind: bool) -> Fix | None:
    """What to change so that one end reaches another past this; `behind` a load balancer, which then asks."""
    return _FIXES[type(need)](Case(snapshot, begin, meant, behind), need) if need is not None else None
