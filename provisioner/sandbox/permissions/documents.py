"""Reading policy documents: what IAM accepts, and what it says of the rest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from provisioner.sandbox.permissions.conditions import Condition
from provisioner.sandbox.permissions.patterns import matches
from provisioner.sandbox.permissions.policies import Clause, Policy, Statement


class Malformed(ValueError):
    """Not a policy; the text is what IAM says of it."""


_SYNTAX = "Syntax errors in policy."
_ELEMENTS = frozenset({"Version", "Id", "Statement"})
_VERSIONS = ("2008-10-17", "2012-10-17")
_PARTS = frozenset(
    {
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
    }
)


@cache
def identity_policy(text: str) -> Policy:
    """The policy of a user, group or role. Raises Malformed."""
    return _policy(text, wanted="Resource", prohibited="Principal")


@cache
def trust_policy(text: str) -> Policy:
    """The policy that says who may assume a role. Raises Malformed."""
    policy = _policy(text, wanted="Principal", prohibited="Resource")
    for statement in policy.statements:
        if not all(matches("sts:*", action, ignore_case=True) for action in statement.actions.values):
            raise Malformed("AssumeRole policy may only specify STS AssumeRole actions.")
    return policy


@cache
def resource_policy(text: str) -> Policy:
    """The policy of a thing itself, such as a function, which may have all elements. Raises Malformed."""
    return _policy(text, wanted="Principal", prohibited="")


def _policy(text: str, wanted: str, prohibited: str) -> Policy:
    try:
        document = json.loads(text)
    except ValueError:
        raise Malformed("This policy contains invalid Json") from None
    if not isinstance(document, dict) or document.keys() - _ELEMENTS:
        raise Malformed(_SYNTAX)
    version = document.get("Version", _VERSIONS[0])
    statements = _list(document.get("Statement"))
    if version not in _VERSIONS or not statements:
        raise Malformed(_SYNTAX)
    return Policy(tuple(_statement(raw, version, wanted, prohibited) for raw in statements))


def _statement(raw: Any, version: str, wanted: str, prohibited: str) -> Statement:
    if not isinstance(raw, dict) or raw.keys() - _PARTS or raw.get("Effect") not in ("Allow", "Deny"):
        raise Malformed(_SYNTAX)
    for name in (prohibited, f"Not{prohibited}"):
        if name in raw:
            raise Malformed(f"Has prohibited field {name}")
    actions = _clause(raw, "Action")
    if actions is None:
        raise Malformed("Policy statement must contain actions.")
    resources, principals = _clause(raw, "Resource"), _principals(raw)
    if (resources if wanted == "Resource" else principals) is None:
        missing = "Policy statement must contain resources."
        raise Malformed(missing if wanted == "Resource" else f"Missing required field {wanted}")
    return Statement(
        sid=str(raw.get("Sid", "")),
        allows=raw["Effect"] == "Allow",
        actions=actions,
        resources=resources,
        principals=principals,
        conditions=tuple(_conditions(raw.get("Condition", {}))),
        variables=version == _VERSIONS[1],
    )


def _clause(raw: Mapping[str, Any], name: str) -> Clause | None:
    """Of `Action` and `NotAction` only one may stand there."""
    found = [part for part in (name, f"Not{name}") if part in raw]
    if len(found) > 1:
        raise Malformed(_SYNTAX)
    values = _strings(raw[found[0]]) if found else ()
    return Clause(values, negative=found[0] != name) if values else None


def _principals(raw: Mapping[str, Any]) -> dict[str, Clause] | None:
    found = [part for part in ("Principal", "NotPrincipal") if part in raw]
    if not found:
        return None
    said, negative = raw[found[0]], found[0] != "Principal"
    if said == "*":
        return {"*": Clause(("*",), negative)}
    if len(found) > 1 or not isinstance(said, dict) or not said:
        raise Malformed(_SYNTAX)
    return {kind: Clause(_strings(values), negative) for kind, values in said.items()}


def _conditions(raw: Any) -> Iterable[Condition]:
    if not isinstance(raw, dict) or not all(isinstance(keys, dict) for keys in raw.values()):
        raise Malformed(_SYNTAX)
    for name, keys in raw.items():
        for key, values in keys.items():
            try:
                yield Condition.read(name, key, tuple(_plain(value) for value in _list(values)))
            except ValueError:
                raise Malformed(_SYNTAX) from None


def _plain(value: Any) -> str:
    """Booleans and numbers may stand in a document without quotation marks."""
    if not isinstance(value, (str, bool, int, float)):
        raise Malformed(_SYNTAX)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _strings(raw: Any) -> tuple[str, ...]:
    values = _list(raw)
    if not all(isinstance(value, str) for value in values):
        raise Malformed(_SYNTAX)
    return tuple(values)


def _list(raw: Any) -> list[Any]:
    if raw is None:
        return []
    return raw if isinstance(raw, list) else [raw]
