"""What a load balancer does with a request: the rules of its listener, their actions, the target."""

from __future__ import annotations

import secrets
import ssl
import time
from collections.abc import Mapping, Sequence
from typing import Any

from moto.acm.models import CertBundle
from moto.elbv2.models import FakeListener

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.network import authority, judge, listener_rules, messages, nodes, standins
from provisioner.sandbox.network.judge import Trace
from provisioner.sandbox.network.listening import Balanced, Container
from provisioner.sandbox.network.messages import Request, Response

_SECURE = ("HTTPS", "TLS")
_CONNECT_TIMEOUT = 10.0
"""Seconds of AWS's that a load balancer tries to connect to a target."""
_AT_LEAST = 0.05
_ROUTING = ("forward", "fixed-response", "redirect")


def terminates(party: Balanced) -> bool:
    """Whether TLS ends at this listener."""
    return party.listener.protocol in _SECURE


def context(party: Balanced) -> ssl.SSLContext:
    """The listener's side of TLS, with its certificate's names."""
    with party.site.world.lock:
        return authority.context(party.site.world, _names(party.site, party.listener))


def answer(party: Balanced, request: Request) -> Response:
    """What the client gets."""
    if party.balancer.type != "application":
        return _passed_on(party, request)
    if not request.header("Host"):
        return page(400)
    action = _action(party, request)
    if action["Type"] == "fixed-response":
        return _fixed(action["FixedResponseConfig"])
    if action["Type"] == "redirect":
        return _redirect(action["RedirectConfig"], party.listener, request)
    return _forwarded(party, _completed(party, request), listener_rules.groups(action))


def pick(site: Site, party: Balanced, group: str) -> Trace | None:
    """The connection to the next target of a group; None if there is none. Under the world's lock."""
    target = nodes.next_target(site, party.balancer, party.interface, group)
    return judge.trace(site, party.interface, *target) if target else None


def page(status: int) -> Response:
    """One of a load balancer's own pages."""
    title = f"{status} {messages.phrase(status)}"
    lines = ("<html>", f"<head><title>{title}</title></head>", "<body>", f"<center><h1>{title}</h1></center>")
    body = "\r\n".join([*lines, "</body>", "</html>", ""])
    return Response(status, [("Server", "awselb/2.0"), ("Content-Type", "text/html")], body.encode())


def _action(party: Balanced, request: Request) -> Mapping[str, Any]:
    with party.site.world.lock:
        rule = listener_rules.matching(party.listener, request)
        actions = [action.data for action in rule.actions]
    return next(action for action in reversed(actions) if action["Type"] in _ROUTING)


def _forwarded(party: Balanced, request: Request, groups: Sequence[Mapping[str, Any]]) -> Response:
    """503 without a target, 502 if it refuses, 504 if nothing comes back, or what the target answers."""
    site = party.site
    with site.world.lock:
        site.world.clock.catch_up()
        group = listener_rules.weighted(groups, site.world.latencies.chance("elb.forward").random())
        trace = pick(site, party, group) if group else None
        patience = site.world.latencies.scaled(_CONNECT_TIMEOUT)
    if trace is None:
        return page(503)
    if trace.outcome == "hangs":
        time.sleep(max(_AT_LEAST, patience))
        return page(504)
    return _answered(trace, request)


def _passed_on(party: Balanced, request: Request) -> Response:
    """A network load balancer where TLS ends: it knows no pages, only connections that break."""
    with party.site.world.lock:
        party.site.world.clock.catch_up()
        trace = judge.beyond(party, request.peer)
    if trace.outcome != "open":
        raise ConnectionResetError
    return _answered(trace, request)


def _answered(trace: Trace, request: Request) -> Response:
    passed = Request(request.method, request.target, request.headers, request.body, trace.seen)
    if isinstance(trace.party, Container):
        return standins.answer(trace.party, passed)
    if isinstance(trace.party, Balanced):
        return answer(trace.party, passed)
    return page(502)


def _completed(party: Balanced, request: Request) -> Request:
    """The request with what an application load balancer adds."""
    before = request.header("X-Forwarded-For")
    root = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    traced = request.header("X-Amzn-Trace-Id")
    ours = {
        "X-Forwarded-For": f"{before}, {request.peer}" if before else request.peer,
        "X-Forwarded-Proto": "https" if request.tls else "http",
        "X-Forwarded-Port": str(party.listener.port),
        "X-Amzn-Trace-Id": f"{root.replace('Root', 'Self')};{traced}" if "Root=" in traced else root,
    }
    headers = [*messages.without(request.headers, *ours), *ours.items()]
    return Request(request.method, request.target, headers, request.body, request.peer, request.tls)


def _fixed(wanted: Mapping[str, Any]) -> Response:
    kind = wanted.get("ContentType", "text/plain")
    headers = [("Server", "awselb/2.0"), ("Content-Type", f"{kind}; charset=utf-8")]
    return Response(int(wanted["StatusCode"]), headers, wanted.get("MessageBody", "").encode())


def _redirect(wanted: Mapping[str, Any], listener: FakeListener, request: Request) -> Response:
    """A Location made of what was asked, with the parts that the action names instead."""
    asked = {
        "protocol": "https" if request.tls else "http",
        "host": request.header("Host").partition(":")[0],
        "port": str(listener.port),
        "path": request.path.removeprefix("/"),
        "query": request.query,
    }

    def part(name: str, usual: str) -> str:
        text = str(wanted.get(name, usual))
        for key, value in asked.items():
            text = text.replace(f"#{{{key}}}", value)
        return text

    protocol = part("Protocol", "#{protocol}").lower()
    place = f"{part('Host', '#{host}')}:{part('Port', '#{port}')}{part('Path', '/#{path}')}"
    query = part("Query", "#{query}")
    location = f"{protocol}://{place}?{query}" if query else f"{protocol}://{place}"
    shown = page(int(str(wanted["StatusCode"]).removeprefix("HTTP_")))
    return Response(shown.status, [*shown.headers, ("Location", location)], shown.body)


def _names(site: Site, listener: FakeListener) -> list[str]:
    """Of all certificates of a listener."""
    arns = [one if isinstance(one, str) else one["CertificateArn"] for one in listener.certificates]
    known: dict[str, CertBundle] = backends.acm(site)._certificates
    found = [known[arn] for arn in arns if arn in known]
    names = [name for bundle in found for name in (bundle.common_name, *bundle.sans)]
    return list(dict.fromkeys(names)) or ["no-certificate.invalid"]
