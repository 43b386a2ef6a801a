"""Rules of a load balancer's listener: which one is for a request, and where it sends it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from provisioner.reach import ranges
from provisioner.reach.parts import Listener, ListenerRule

_ROUTING = ("forward", "fixed-response", "redirect")


@dataclass(frozen=True)
class Request:
    """What is asked for: a GET without a query, and with no headers but the host's. `client` is who asks."""

    host: str
    path: str = "/"
    client: str = ""


Raw = Mapping[str, Any]


def matching(listener: Listener, request: Request) -> ListenerRule:
    """The first rule all of whose conditions are met; the default one is the last."""
    met = (rule for rule in listener.rules if all(_met(one, request) for one in rule.conditions))
    return next(met)


def action(rule: ListenerRule) -> Raw:
    """What is done in the end: the last action, after those that ask who the user is."""
    return next(one for one in reversed(rule.actions) if one["Type"] in _ROUTING)


def groups(found: Raw) -> list[str]:
    """The target groups to which an action forwards, without those of no weight."""
    if found["Type"] != "forward":
        return []
    several = (found.get("ForwardConfig") or {}).get("TargetGroups") or [
        {"TargetGroupArn": found["TargetGroupArn"]}
    ]
    return [one["TargetGroupArn"] for one in several if int(one.get("Weight", 1)) > 0]


def named(rule: ListenerRule) -> str:
    """A rule for people: its priority and its conditions."""
    if rule.priority is None:
        return "the default rule"
    return f"rule {rule.priority} ({' and '.join(_shown(one) for one in rule.conditions)})"


def examples(listener: Listener, wanted: Iterable[str]) -> Iterator[Request]:
    """Requests that some rule sends to one of these target groups, the most ordinary first."""
    ours = set(wanted)
    for rule in sorted(listener.rules, key=lambda one: one.priority is not None):
        if ours.intersection(groups(action(rule))):
            host = next((plain(value) for one in rule.conditions for value in _hosts(one)), "")
            path = next((plain(value) for one in rule.conditions for value in _paths(one)), "/")
            yield Request(host, path)


def plain(pattern: str) -> str:
    """A text that a pattern fits."""
    return pattern.replace("*", "x").replace("?", "x")


def _met(condition: Raw, request: Request) -> bool:
    check = _CONDITIONS.get(condition["Field"])
    return check is not None and check(condition, request)


def _host(condition: Raw, request: Request) -> bool:
    return any(_like(value, request.host, exact=False) for value in _hosts(condition))


def _path(condition: Raw, request: Request) -> bool:
    return any(_like(value, request.path, exact=True) for value in _paths(condition))


def _method(condition: Raw, request: Request) -> bool:
    return "GET" in _values(condition, "HttpRequestMethodConfig")


def _source(condition: Raw, request: Request) -> bool:
    return any(ranges.contains(cidr, request.client) for cidr in _values(condition, "SourceIpConfig"))


def _hosts(condition: Raw) -> list[str]:
    return _values(condition, "HostHeaderConfig") if condition["Field"] == "host-header" else []


def _paths(condition: Raw) -> list[str]:
    return _values(condition, "PathPatternConfig") if condition["Field"] == "path-pattern" else []


def _values(condition: Raw, config: str) -> list[str]:
    return list((condition.get(config) or {}).get("Values") or condition.get("Values") or ())


def _shown(condition: Raw) -> str:
    config: Raw = next((one for key, one in condition.items() if key.endswith("Config")), {})
    values = config.get("Values") or condition.get("Values") or ()
    return f"{condition['Field']} {', '.join(map(str, values))}"


def _like(pattern: str, text: str, *, exact: bool) -> bool:
    return _compiled(pattern, exact).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str, exact: bool) -> re.Pattern[str]:
    """`*` for any characters, `?` for one; paths are told apart by case, hosts are not.

    Source: ALB user guide, "Condition types for listener rules".
    """
    parts = re.findall(r"\\[*?\\]|.", pattern, re.DOTALL)
    wild = {"*": ".*", "?": "."}
    text = "".join(wild.get(part) or re.escape(part[-1]) for part in parts)
    return re.compile(text, re.DOTALL if exact else re.DOTALL | re.IGNORECASE)


_CONDITIONS: Mapping[str, Callable[[Raw, Request], bool]] = {
    "host-header": _host,
    "path-pattern": _path,
    "http-request-method": _method,
    "source-ip": _source,
}
"""What is not here (headers, queries) a plain request does not meet."""
