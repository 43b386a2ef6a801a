"""What the stack means to have in front of its services, also where somebody took it away by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from provisioner.reach import rules
from provisioner.reach.expected import is_before
from provisioner.reach.needs import Made
from provisioner.reach.parts import Balancer, Service
from provisioner.reach.rules import Request
from provisioner.reach.snapshot import Snapshot
from provisioner.reach.trail import Stopped
from provisioner.reach.verdict import UNRESOLVED

BALANCER = "load-balancer"
_HTTP, _HTTPS = 80, 443


@dataclass(frozen=True)
class Front:
    """What is in front of a service: the name at which it is asked for, and the target groups of the service.

    `balancer` is None where AWS has none of that name any more.
    """

    name: str
    groups: tuple[str, ...]
    balancer: Balancer | None = None


def front(snapshot: Snapshot, service: Service) -> Front | None:
    """The load balancer that sends to a service, or else the stack's, which should.

    None where nobody is meant to be there: the stack has no load balancer, or not for this service.
    """
    groups = target_groups(snapshot, service)
    wanted = replace(service, target_groups=groups)
    found = next((one for one in snapshot.balancers if is_before(snapshot, one, wanted)), None)
    if found is None and not is_balanced(snapshot, service):
        return None
    found = found or live(snapshot)
    return Front(found.dns_name if found else known_name(snapshot), groups, found)


def live(snapshot: Snapshot) -> Balancer | None:
    """The stack's load balancer, as AWS describes it."""
    arn = snapshot.owned.ids.get(BALANCER)
    return next((one for one in snapshot.balancers if one.arn == arn), None)


def known_name(snapshot: Snapshot) -> str:
    """The DNS name that AWS gave the stack's load balancer when it was made; the step's where it never was."""
    return str(snapshot.owned.outputs.get(BALANCER, {}).get("dns_name") or BALANCER).lower()


def lost(snapshot: Snapshot) -> Stopped:
    """The reason where AWS does not have the stack's load balancer: nobody answers for its name."""
    arn = snapshot.owned.ids.get(BALANCER, "")
    why = "there is no such load balancer any more" if arn else "there is no load balancer yet"
    return Stopped(arn or BALANCER, why, Made(BALANCER), fails=UNRESOLVED)


def is_balanced(snapshot: Snapshot, service: Service) -> bool:
    """Whether the stack file has the load balancer send to a service, as it does unless told otherwise."""
    return bool(snapshot.owned.settings.get("load_balancer")) and bool(
        _own(snapshot, service).get("load_balanced", True)
    )


def target_groups(snapshot: Snapshot, service: Service) -> tuple[str, ...]:
    """Those in which ECS registers its tasks, or else the one that the stack made for them."""
    made = snapshot.owned.ids.get(f"target-group-{_part(service)}", "")
    return service.target_groups or ((made,) if made else ())


def listens_on(snapshot: Snapshot) -> int:
    """Where the stack's load balancer is to listen: 443 with TLS, or else 80, unless told otherwise."""
    settings = snapshot.owned.settings.get("load_balancer") or {}
    return int(settings.get("port") or (_HTTPS if settings.get("tls") else _HTTP))


def requests(snapshot: Snapshot, service: Service) -> list[Request]:
    """What is to be sent to a service by its paths and hosts; nothing for one that gets all the rest."""
    own = _own(snapshot, service)
    hosts, paths = own.get("hosts") or (), own.get("paths") or ()
    if not hosts and not paths:
        return []
    return [
        Request(rules.plain(host), rules.plain(path)) for host, path in product(hosts or ("",), paths or ("/",))
    ]


def _own(snapshot: Snapshot, service: Service) -> Mapping[str, Any]:
    """Its table of the stack file."""
    found: Mapping[str, Any] = (snapshot.owned.settings.get("services") or {}).get(_part(service)) or {}
    return found


def _part(service: Service) -> str:
    return service.step.partition("-")[2]
