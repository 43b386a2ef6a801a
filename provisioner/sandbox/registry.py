"""Where rules are told of: each is a small function with a decorator that says which call it concerns.

`before` rules may refuse (raise Refusal) or answer in moto's place (return the answer); `instead` rules always
answer in moto's place; `after` rules see and may change the answer of a call that succeeded. Service and action
names are botocore's, answers look as boto3 gives them. A rule that concerns many actions takes a glob.

Every rule names its `source`: from where it is known that AWS does this. "from memory" is a source too, an honest
one. `docs/sandbox-rules.md` is made of these and of the functions' docstrings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from provisioner.sandbox.call import Call

Answer = dict[str, Any]


@dataclass(frozen=True)
class Unlocked:
    """The rest of an answer that takes long: found without the world's lock, while other calls go on."""

    work: Callable[[], Answer]


Before = Callable[[Call], "Answer | None"]
Instead = Callable[[Call], "Answer | Unlocked"]
After = Callable[[Call, Answer], None]
When = Callable[[Call], bool]


@dataclass(frozen=True)
class Rule:
    """One rule as the catalogue tells it."""

    service: str
    actions: tuple[str, ...]
    does: str
    source: str


_before: list[tuple[str, str, Before]] = []
_instead: dict[tuple[str, str], Instead] = {}
_after: list[tuple[str, str, tuple[When | None, After]]] = []
_catalogue: list[Rule] = []


def before(service: str, *actions: str, source: str, first: bool = False) -> Callable[[Before], Before]:
    """Run the rule before moto executes the call; `first` ones come before all others, the last told foremost."""

    def register(rule: Before) -> Before:
        new = [(service, action, rule) for action in actions]
        _before[:] = [*new, *_before] if first else [*_before, *new]
        _note(service, actions, rule, source)
        return rule

    return register


def instead(service: str, action: str, *, source: str) -> Callable[[Instead], Instead]:
    """Run the rule in moto's place."""

    def register(rule: Instead) -> Instead:
        _instead[service, action] = rule
        _note(service, (action,), rule, source)
        return rule

    return register


def after(service: str, *actions: str, source: str, when: When | None = None) -> Callable[[After], After]:
    """Run the rule after moto executed the call with success, if `when` says so: reading answers takes time."""

    def register(rule: After) -> After:
        _after.extend((service, action, (when, rule)) for action in actions)
        _note(service, actions, rule, source)
        return rule

    return register


def catalogue() -> Iterator[Rule]:
    """All rules, by service and action; what is told of several actions in the same words is one."""
    merged: dict[tuple[str, str, str], set[str]] = {}
    for rule in _catalogue:
        merged.setdefault((rule.service, rule.does, rule.source), set()).update(rule.actions)
    told = [Rule(service, tuple(sorted(of)), does, source) for (service, does, source), of in merged.items()]
    return iter(sorted(told, key=lambda rule: (rule.service, rule.actions, rule.does)))


@cache
def rules_before(service: str, action: str) -> tuple[Before, ...]:
    return tuple(rule for name, glob, rule in _before if fnmatchcase(service, name) and fnmatchcase(action, glob))


@cache
def rule_instead(service: str, action: str) -> Instead | None:
    return _instead.get((service, action))


@cache
def rules_after(service: str, action: str) -> tuple[tuple[When | None, After], ...]:
    return tuple(rule for name, glob, rule in _after if fnmatchcase(service, name) and fnmatchcase(action, glob))


def _note(service: str, actions: tuple[str, ...], rule: Callable[..., Any], source: str) -> None:
    name = rule.__name__.strip("_").replace("_", " ")
    text = " ".join((rule.__doc__ or "").split())
    _catalogue.append(Rule(service, actions, f"{name}: {text}" if text else name, source))
