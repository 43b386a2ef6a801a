"""What one thing is that a caller must be allowed: an action, on a resource, under conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Ask:
    """`keys` are condition keys beside those of every request.

    `code` and `said` are there where the service does not refuse it in the usual words.
    """

    action: str
    resource: str = "*"
    keys: Mapping[str, str | Iterable[str]] = field(default_factory=dict)
    code: str = ""
    said: str = ""
