"""What [[expect]] asks: that it can be asked, and of whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Network

from provisioner.checks.base import Check
from provisioner.checks.services import DATABASE
from provisioner.model import Expect, Stack
from provisioner.references import for_outputs, named
from provisioner.stack_file.errors import Problem, meant, shown

_BALANCER, _INTERNET = "load-balancer", "internet"
_KEPT = "kept."
_KEPT_NAME = re.compile(r"\$\{kept\.([^}]*)\}")
_OF_ENDS = ("source", "to", "port", "host", "path", "reaches")
_OF_REQUESTS = ("headers", "keep")


def _each(stack: Stack) -> Iterator[tuple[str, Expect]]:
    """Each with its place in the file."""
    yield from ((f"expect[{place}]", one) for place, one in enumerate(stack.expect))


def _asks_something(stack: Stack, _: str) -> Iterator[Problem]:
    for place, one in _each(stack):
        whole = one.source is not None and (one.to is not None or one.of_answer)
        if one.request is None and not whole:
            what = f"it asks nothing: there is no {'from' if one.source is None else 'to'}"
            yield Problem(place, None, what, 'write from and to, or request = "METHOD /path"')


def _asks_one_thing(stack: Stack, _: str) -> Iterator[Problem]:
    for place, one in _each(stack):
        given = [_KEYS.get(key, key) for key in _OF_ENDS if getattr(one, key)] if one.request else []
        if given or (one.request and one.reaches is not None):
            what = "a request begins here and goes to its URL"
            yield Problem(place, None, what, f"remove {', '.join(given) or 'reaches'}, or the request")
        if one.reaches is False and one.of_answer and not one.request:
            what = "who does not come through has no answer to judge"
            yield Problem(f"{place}.reaches", False, what, "remove it, or status, contains and body")


_KEYS = {"source": "from"}


def _somebody_answers(stack: Stack, _: str) -> Iterator[Problem]:
    """Only functions can be invoked from outside; who else gets which answer nobody here sees."""
    for place, one in _each(stack):
        kept = [key for key in _OF_REQUESTS if getattr(one, key)]
        asked = one.of_answer or bool(kept)
        if asked and not one.request and one.source not in stack.functions:
            what = "only a function can be asked for the answer that it got"
            fix = meant(
                one.source or "", list(stack.functions), "use request = ..., or leave status and contains out"
            )
            yield Problem(f"{place}.from", one.source, what, fix)


def _ends_are_known(stack: Stack, _: str) -> Iterator[Problem]:
    for place, one in _each(stack):
        for key, name in (("from", one.source), ("to", one.to)):
            if name is not None and not _is_known(stack, name, key):
                fix = meant(name, _names(stack), "name a part of the stack")
                yield Problem(f"{place}.{key}", name, f"there is no {shown(name)} to begin at or to reach", fix)


def _names(stack: Stack) -> list[str]:
    known = [*stack.services, *stack.functions, _INTERNET]
    known += [_BALANCER] if stack.load_balancer else []
    return [*known, DATABASE] if stack.database else known


def _is_known(stack: Stack, name: str, key: str) -> bool:
    if name in _names(stack) or _is_network(name):
        return True
    return key == "to" and ("." in name or _is_service(name))


def _is_network(name: str) -> bool:
    try:
        IPv4Network(name)
    except ValueError:
        return False
    return True


def _is_service(name: str) -> bool:
    """Reads a table of botocore's, which nobody should wait for who has no such name in his file."""
    from provisioner.reach.services import known

    return name in known()


def _references_exist(stack: Stack, _: str) -> Iterator[Problem]:
    known = for_outputs(stack)
    for place, one in _each(stack):
        text = one.request or ""
        for reference in named(text):
            if reference not in known and not reference.startswith(_KEPT):
                fix = meant(reference, list(known), "leave it out")
                yield Problem(
                    f"{place}.request", text, f"there is nothing that ${{{reference}}} could stand for", fix
                )
        if text.partition(" ")[2].startswith("/") and not (stack.api or stack.load_balancer):
            what = "there is neither an HTTP API nor a load balancer to ask"
            yield Problem(f"{place}.request", text, what, "write a whole URL, or add a table [api]")


def _kept_before(stack: Stack, _: str) -> Iterator[Problem]:
    kept: list[str] = []
    for place, one in _each(stack):
        for key in ("request", "body"):
            for name in _KEPT_NAME.findall(getattr(one, key) or ""):
                if name not in kept:
                    fix = meant(name, kept, f'give an [[expect]] before it keep = {{ {name or "NAME"} = "..." }}')
                    yield Problem(f"{place}.{key}", name, "no request before it keeps that", fix)
        kept += one.keep


_ALL = ("expect", "expect.?.?", "expect.?.?.?")
CHECKS = (
    Check(
        "An [[expect]] has `request`, or `from` and `to`; a function that is only invoked needs no `to`.",
        _asks_something,
        _ALL,
    ),
    Check(
        "One with `request` has no ends, for it begins where the command is typed; one with `reaches = false` "
        "asks for no answer.",
        _asks_one_thing,
        _ALL,
    ),
    Check(
        "`status`, `contains`, `body` and `keep` are for requests and for functions, which can be invoked.",
        _somebody_answers,
        (*_ALL, "functions"),
    ),
    Check(
        "`from` and `to` are parts of the stack, `internet`, or addresses; `to` may be a host, a URL or an AWS "
        "service, too.",
        _ends_are_known,
        (*_ALL, "services", "functions", "load_balancer", "database"),
    ),
    Check(
        "References in `request` are to something that there is, as in [outputs]; a path alone is the HTTP API's, "
        "or the load balancer's.",
        _references_exist,
        (*_ALL, "services", "functions", "load_balancer", "database", "api", "dns"),
    ),
    Check("`${kept.NAME}` is kept by a request before it.", _kept_before, _ALL),
)
