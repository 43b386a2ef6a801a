"""From a stack to the list of its steps: the table of contents of a deployment.

The list is in an order that works one by one (`--parallel 1`); the needs say what really waits for what.
"""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.blueprint.balancing import load_balancing
from provisioner.blueprint.database import database
from provisioner.blueprint.dns import certificate, names, record
from provisioner.blueprint.functions import api, functions
from provisioner.blueprint.identity import roles
from provisioner.blueprint.logs import log_groups
from provisioner.blueprint.network import endpoints, network
from provisioner.blueprint.plan import Plan
from provisioner.blueprint.plan import Site as Site
from provisioner.blueprint.security import security_group_rules, security_groups
from provisioner.blueprint.services import services
from provisioner.model import Stack
from steps.base import Step

_PARTS = (
    names,
    log_groups,
    network,
    security_groups,
    security_group_rules,
    endpoints,
    certificate,
    load_balancing,
    record,
    roles,
    database,
    services,
    functions,
    api,
)


def steps_of(stack: Stack, site: Site, code: Mapping[str, str]) -> list[Step]:
    """All steps of the stack. `code` gives the SHA-256 of each function's zip by function name."""
    plan = Plan(stack, site, code)
    return in_working_order([step for part in _PARTS for step in part(plan)])


def in_working_order(steps: list[Step]) -> list[Step]:
    """As listed, but what is needed before what needs it: parts of the list may need each other."""
    by_name = {step.name: step for step in steps}
    found: dict[str, Step] = {}

    def add(step: Step) -> None:
        if step.name not in found:
            for need in step.needs:
                add(by_name[need.step])
            found[step.name] = step

    for step in steps:
        add(step)
    return list(found.values())
