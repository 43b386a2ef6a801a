"""Where rules are told of: each is a small function with a decorator that says which call it concerns.

`before` rules may refuse (raise Refusal) or answer in moto's place (return the answer); `instead` rules always
answer in moto's place; `after` rules see and may change the answer of a call that succeeded. Service and action
names are botocore's, answers look as boto3 gives them. A rule that concerns many actions takes a glob.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from provisioner.sandbox.call import Call

Answer = dict[str, Any]
Before = Callable[[Call], "Answer | None"]
Instead = Callable[[Call], Answer]
After = Callable[[Call, Answer], None]
When = Callable[[Call], bool]

_before: list[tuple[str, str, Before]] = []
_instead: dict[tuple[str, str], Instead] = {}
_after: list[tuple[str, str, tuple[When | None, After]]] = []


def before(service: str, *actions: str) -> Callable[[Before], Before]:
    """Run the rule before moto executes the call."""

    def register(rule: Before) -> Before:
        _before.extend((service, action, rule) for action in actions)
        return rule

    return register


def instead(service: str, action: str) -> Callable[[Instead], Instead]:
    """Run the rule in moto's place."""

    def register(rule: Instead) -> Instead:
        _instead[service, action] = rule
        return rule

    return register


def after(service: str, *actions: str, when: When | None = None) -> Callable[[After], After]:
    """Run the rule after moto executed the call with success, if `when` says so: reading answers takes time."""

    def register(rule: After) -> After:
        _after.extend((service, action, (when, rule)) for action in actions)
        return rule

    return register


@cache
def rules_before(service: str, action: str) -> tuple[Before, ...]:
    return tuple(rule for name, glob, rule in _before if name == service and fnmatchcase(action, glob))


@cache
def rule_instead(service: str, action: str) -> Instead | None:
    return _instead.get((service, action))


@cache
def rules_after(service: str, action: str) -> tuple[tuple[When | None, After], ...]:
    return tuple(rule for name, glob, rule in _after if name == service and fnmatchcase(action, glob))
