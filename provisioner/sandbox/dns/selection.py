"""Filters and pages of Cloud Map's lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer

_MOST = 100
_CONDITIONS: Mapping[str, Callable[[str, Sequence[str]], bool]] = {
    "EQ": lambda value, wanted: value == wanted[0],
    "IN": lambda value, wanted: value in wanted,
    "BEGINS_WITH": lambda value, wanted: value.startswith(wanted[0]),
}


@dataclass(frozen=True)
class Selection:
    """How a list is told: under which key, and where in its items the filters look."""

    key: str
    fields: Mapping[str, str]

    def of(self, call: Call, items: Sequence[Mapping[str, Any]]) -> Answer:
        """The page that the call asks for; InvalidInput for a filter that this list does not have."""
        for wanted in call.parameters.get("Filters", ()):
            items = [item for item in items if self._fits(item, wanted)]
        start = int(call.parameters.get("NextToken", "0"))
        end = start + min(call.parameters.get("MaxResults", _MOST), _MOST)
        rest = {"NextToken": str(end)} if end < len(items) else {}
        return {self.key: items[start:end], **rest}

    def _fits(self, item: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
        condition = wanted.get("Condition", "EQ")
        if wanted["Name"] not in self.fields or condition not in _CONDITIONS:
            raise Refusal("InvalidInput", f"Invalid filter: {wanted['Name']} {condition}")
        value: Any = item
        for part in self.fields[wanted["Name"]].split("."):
            value = value.get(part) or {}
        return _CONDITIONS[condition](value or "", wanted["Values"])
