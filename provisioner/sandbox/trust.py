"""Who may assume a role: what services check before they take one."""

from __future__ import annotations

import json
from typing import Any

from moto.iam.models import Role

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call


class RoleBirths:
    """When each role was created, by name: a young one is not known everywhere yet."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}


def births(call: Call) -> RoleBirths:
    """IAM is global: its notes are kept apart from any region's."""
    return call.world.ledger(RoleBirths, call.account, "global")


def assumable(call: Call, arn: str, principal: str) -> bool:
    """Whether a service may use the role: it exists, trusts the service, and is no younger than faults demand."""
    role = find(call, arn)
    return role is not None and _trusts(role, principal) and not too_young(call, arn)


def too_young(call: Call, arn: str) -> bool:
    """Whether the role is younger than the fault `unassumable` demands of this service's roles."""
    born = births(call).at.get(arn.rpartition("/")[2], float("-inf"))
    return call.world.clock.now() - born < call.world.faults.youngest_usable("unassumable", call.service)


def find(call: Call, arn: str) -> Role | None:
    return next((role for role in backends.iam(call).get_roles() if role.arn == arn), None)


def _trusts(role: Role, principal: str) -> bool:
    try:
        document = json.loads(role.assume_role_policy_document)
    except ValueError:
        return False
    return any(_allows(statement, principal) for statement in _list(document.get("Statement", [])))


def _allows(statement: dict[str, Any], principal: str) -> bool:
    who = statement.get("Principal", {})
    services = _list(who.get("Service", [])) if isinstance(who, dict) else [who]
    return (
        statement.get("Effect") == "Allow"
        and "sts:AssumeRole" in _list(statement.get("Action", []))
        and bool({principal, "*"} & set(services))
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
