"""Rules of an application load balancer's listener: which one is for a request, and where it forwards to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from moto.elbv2.models import FakeListener

from provisioner.sandbox.network import ranges
from provisioner.sandbox.network.messages import Request

_LAST = 1 << 30


def matching(listener: FakeListener, request: Request) -> Any:
    """The rule of the lowest priority whose conditions are all met; the default one is the last."""
    rules = sorted(listener.rules.values(), key=_priority)
    return next(rule for rule in rules if all(_met(condition, request) for condition in rule.conditions))


def groups(action: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The target groups of an action that forwards, with their weights."""
    several: list[Mapping[str, Any]] = action.get("ForwardConfig", {}).get("TargetGroups", [])
    return several or [{"TargetGroupArn": action["TargetGroupArn"]}]


def weighted(several: Sequence[Mapping[str, Any]], chance: float) -> str:
    """One of the target groups, by weight; `chance` is below 1. Nothing if no group has any weight."""
    left = chance * sum(_weight(group) for group in several)
    for group in several:
        left -= _weight(group)
        if left < 0:
            return str(group["TargetGroupArn"])
    return ""


def _weight(group: Mapping[str, Any]) -> int:
    return int(group.get("Weight", 1))


def _priority(rule: Any) -> int:
    return _LAST if rule.priority == "default" else int(rule.priority)


def _met(condition: Mapping[str, Any], request: Request) -> bool:
    return _CONDITIONS[condition["Field"]](condition, request)


def _host(condition: Mapping[str, Any], request: Request) -> bool:
    host = request.header("Host").partition(":")[0]
    return _any(_values(condition, "HostHeaderConfig"), host, exact=False)


def _path(condition: Mapping[str, Any], request: Request) -> bool:
    return _any(_values(condition, "PathPatternConfig"), request.path, exact=True)


def _method(condition: Mapping[str, Any], request: Request) -> bool:
    return request.method in _values(condition, "HttpRequestMethodConfig")


def _header(condition: Mapping[str, Any], request: Request) -> bool:
    wanted = condition["HttpHeaderConfig"]
    mine = [value for name, value in request.headers if name.lower() == wanted["HttpHeaderName"].lower()]
    return any(_any(wanted["Values"], value, exact=False) for value in mine)


def _query(condition: Mapping[str, Any], request: Request) -> bool:
    given = parse_qsl(request.query, keep_blank_values=True)
    for wanted in condition["QueryStringConfig"]["Values"]:
        for key, value in given:
            named = "Key" not in wanted or _like(wanted["Key"], key, exact=False)
            if named and _like(wanted["Value"], value, exact=False):
                return True
    return False


def _source(condition: Mapping[str, Any], request: Request) -> bool:
    blocks = (cidr for cidr in _values(condition, "SourceIpConfig") if "." in cidr)
    return any(ranges.contains(cidr, request.peer) for cidr in blocks)


def _values(condition: Mapping[str, Any], config: str) -> list[str]:
    found: list[str] = condition.get(config, {}).get("Values") or condition.get("Values") or []
    return found


def _any(patterns: Iterable[str], text: str, *, exact: bool) -> bool:
    return any(_like(pattern, text, exact=exact) for pattern in patterns)


def _like(pattern: str, text: str, *, exact: bool) -> bool:
    return _compiled(pattern, exact).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str, exact: bool) -> re.Pattern[str]:
    """`*` for any characters, `?` for one; a backslash before them means them."""
    parts = re.findall(r"\\[*?\\]|.", pattern, re.DOTALL)
    wild = {"*": ".*", "?": "."}
    text = "".join(wild.get(part) or re.escape(part[-1]) for part in parts)
    return re.compile(text, re.DOTALL if exact else re.DOTALL | re.IGNORECASE)


_CONDITIONS: Mapping[str, Callable[[Mapping[str, Any], Request], bool]] = {
    "host-header": _host,
    "path-pattern": _path,
    "http-request-method": _method,
    "http-header": _header,
    "query-string": _query,
    "source-ip": _source,
}
