"""The conditions of a policy's statements."""

from __future__ import annotations

import datetime
import ipaddress
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from provisioner.sandbox.permissions.patterns import Lookup, matches


class Context:
    """What is known of a request, by condition key; the case of keys does not count."""

    def __init__(self, values: Mapping[str, str | Iterable[str]] | None = None) -> None:
        self._values: dict[str, tuple[str, ...]] = {}
        self._names: dict[str, str] = {}
        for key, value in (values or {}).items():
            self._names[key.lower()] = key
            self._values[key.lower()] = (value,) if isinstance(value, str) else tuple(value)

    def of(self, key: str) -> tuple[str, ...]:
        """All values of the key; none if the request has no such key."""
        return self._values.get(key.lower(), ())

    def one(self, key: str) -> str | None:
        """The value of a key that has just one, for policy variables."""
        values = self.of(key)
        return values[0] if len(values) == 1 else None

    def with_(self, more: Mapping[str, str | Iterable[str]]) -> Context:
        """This and more."""
        return Context({**self.told(), **more})

    def told(self) -> dict[str, tuple[str, ...]]:
        return {self._names[key]: values for key, values in self._values.items()}


Test = Callable[[str, str, "Lookup | None"], bool]
"""Whether what the policy wants fits what the request has."""


def _same(wanted: str, given: str, lookup: Lookup | None) -> bool:
    return matches(wanted, given, lookup, wild=False)


def _same_but_case(wanted: str, given: str, lookup: Lookup | None) -> bool:
    return matches(wanted, given, lookup, wild=False, ignore_case=True)


def _arn(wanted: str, given: str, lookup: Lookup | None) -> bool:
    """Part by part: a wildcard does not reach across a colon but in the last of the six."""
    parts, others = wanted.split(":", 5), given.split(":", 5)
    return len(parts) == len(others) == 6 and all(
        matches(part, other, lookup) for part, other in zip(parts, others, strict=True)
    )


def _bool(wanted: str, given: str, lookup: Lookup | None) -> bool:
    return wanted.lower() == given.lower()


def _network(wanted: str, given: str, lookup: Lookup | None) -> bool:
    try:
        return ipaddress.ip_address(given) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


def _number(compare: Callable[[float, float], bool]) -> Test:
    def test(wanted: str, given: str, lookup: Lookup | None) -> bool:
        try:
            return compare(float(given), float(wanted))
        except ValueError:
            return False

    return test


def _date(compare: Callable[[float, float], bool]) -> Test:
    def test(wanted: str, given: str, lookup: Lookup | None) -> bool:
        try:
            return compare(_moment(given), _moment(wanted))
        except ValueError:
            return False

    return test


def _moment(text: str) -> float:
    """Seconds since 1970, of which a date may be told too."""
    try:
        return float(text)
    except ValueError:
        moment = datetime.datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp()


_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
_TESTS: Mapping[str, Test] = {
    "StringEquals": _same,
    "StringEqualsIgnoreCase": _same_but_case,
    "StringLike": matches,
    "ArnEquals": _arn,
    "ArnLike": _arn,
    "Bool": _bool,
    "BinaryEquals": _same,
    "IpAddress": _network,
    **{f"Numeric{name}": _number(compare) for name, compare in _COMPARISONS.items()},
    **{f"Date{name}": _date(compare) for name, compare in _COMPARISONS.items()},
}
_OPPOSITES: Mapping[str, str] = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}
_NULL = "Null"
_ANY, _ALL = "ForAnyValue", "ForAllValues"


@dataclass(frozen=True)
class Condition:
    """One key of one operator; `among` is how a key with many values is meant: ForAnyValue, ForAllValues."""

    operator: str
    key: str
    values: tuple[str, ...]
    among: str = ""
    if_exists: bool = False

    @classmethod
    def read(cls, name: str, key: str, values: tuple[str, ...]) -> Condition:
        """ValueError for an operator that there is not."""
        among, _, rest = name.rpartition(":")
        bare = rest.removesuffix("IfExists")
        if among not in ("", _ANY, _ALL) or bare not in {*_TESTS, *_OPPOSITES, _NULL} or rest == "NullIfExists":
            raise ValueError(f"unknown condition operator {name}")
        return cls(bare, key, values, among, bare != rest)

    def holds(self, context: Context, lookup: Lookup | None) -> bool:
        given = context.of(self.key)
        if self.operator == _NULL:
            return str(not given).lower() in {value.lower() for value in self.values}
        negative = self.operator in _OPPOSITES
        if not given:
            return self.if_exists or self.among == _ALL or (negative and self.among != _ANY)
        test = _TESTS[_OPPOSITES.get(self.operator, self.operator)]
        hits = [any(test(wanted, value, lookup) for wanted in self.values) != negative for value in given]
        return all(hits) if self.among == _ALL or (negative and self.among != _ANY) else any(hits)
