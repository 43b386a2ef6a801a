"""The language of IAM policies: what a document says, and whether it lets a request pass. Knows of no service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from provisioner.sandbox.permissions.conditions import Condition, Context
from provisioner.sandbox.permissions.patterns import Lookup, matches


class Decision(StrEnum):
    """As SimulatePrincipalPolicy tells them."""

    ALLOWED = "allowed"
    IMPLICIT_DENY = "implicitDeny"
    EXPLICIT_DENY = "explicitDeny"


@dataclass(frozen=True)
class Request:
    """What somebody wants to do. `principals` are the names of who wants it, by kind (`AWS`, `Service`)."""

    action: str
    resource: str = "*"
    context: Context = field(default_factory=Context)
    principals: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Clause:
    """Action, Resource or Principal of a statement, or what is Not."""

    values: tuple[str, ...]
    negative: bool = False


@dataclass(frozen=True)
class Statement:
    sid: str
    allows: bool
    actions: Clause
    resources: Clause | None
    principals: Mapping[str, Clause] | None
    conditions: tuple[Condition, ...]
    variables: bool

    def concerns(self, request: Request) -> bool:
        """Whether it says anything of this request."""
        lookup = request.context.one if self.variables else None
        return (
            self.speaks_of(request.action)
            and self._has_resource(request.resource, lookup)
            and self._has_principal(request.principals)
            and all(condition.holds(request.context, lookup) for condition in self.conditions)
        )

    def speaks_of(self, action: str) -> bool:
        found = any(matches(pattern, action, ignore_case=True) for pattern in self.actions.values)
        return found != self.actions.negative

    def _has_resource(self, resource: str, lookup: Lookup | None) -> bool:
        if self.resources is None:
            return True
        return any(matches(one, resource, lookup) for one in self.resources.values) != self.resources.negative

    def _has_principal(self, principals: Mapping[str, frozenset[str]]) -> bool:
        if self.principals is None:
            return True
        found = any(
            set(clause.values) & (principals.get(kind, frozenset()) | _EVERYBODY)
            for kind, clause in self.principals.items()
            if kind == "*" or kind in principals
        )
        return found != any(clause.negative for clause in self.principals.values())


_EVERYBODY = frozenset({"*"})


@dataclass(frozen=True)
class Policy:
    statements: tuple[Statement, ...]


def decide(policies: Iterable[Policy], request: Request) -> Decision:
    """What policies say together: one that denies outweighs all that allow, and what none allows is denied."""
    speaking = [statement for policy in policies for statement in policy.statements if statement.concerns(request)]
    if any(not statement.allows for statement in speaking):
        return Decision.EXPLICIT_DENY
    return Decision.ALLOWED if speaking else Decision.IMPLICIT_DENY
