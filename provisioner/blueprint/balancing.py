"""The load balancer, what it listens to, and where it sends what it hears."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from provisioner.blueprint.plan import Plan, group
from provisioner.model import LoadBalancer as Settings
from provisioner.parameters import balancer_attributes, health_check
from steps.balancing import LoadBalancer
from steps.base import Need, Step, Until
from steps.listeners import Listener, ListenerRule
from steps.targets import TargetGroup

_HTTP = 80
_NOT_FOUND = 404
_Listening = Literal["HTTP", "HTTPS", "TCP", "TLS"]
_Target = Literal["HTTP", "TCP"]
_PROTOCOLS: dict[tuple[str, bool], tuple[_Listening, _Target]] = {
    # type, encrypted -> of the listener, of the target group
    ("application", False): ("HTTP", "HTTP"),
    ("application", True): ("HTTPS", "HTTP"),
    ("network", False): ("TCP", "TCP"),
    ("network", True): ("TLS", "TCP"),
}


def load_balancing(plan: Plan) -> Iterator[Step]:
    balancer = plan.stack.load_balancer
    if balancer is None:
        return
    yield _load_balancer(plan, balancer)
    for name in plan.stack.balanced:
        yield _target_group(plan, balancer, name)
    yield _listener(plan, balancer)
    yield from _rules(plan, balancer)
    if balancer.redirects:
        yield Listener(
            name=f"listener-{_HTTP}",
            needs=(Need("load-balancer", Until.EXISTS),),
            load_balancer="load-balancer",
            port=_HTTP,
            redirect_to=balancer.listens_on,
        )


def _load_balancer(plan: Plan, balancer: Settings) -> Step:
    """An internet-facing one needs the way to the internet, though no id of it goes into the call."""
    subnets = plan.subnets(balancer.tier)
    way = plan.way_out("public") if balancer.scheme == "internet-facing" else ()
    return LoadBalancer(
        name="load-balancer",
        needs=(*map(Need, subnets), Need(group("load-balancer")), *way),
        load_balancer_name=plan.names.load_balancer,
        type=balancer.type,
        scheme=balancer.scheme,
        subnets=subnets,
        groups=(group("load-balancer"),),
        attributes=balancer_attributes(balancer),
    )


def _target_group(plan: Plan, balancer: Settings, name: str) -> Step:
    settings = plan.stack.services[name]
    return TargetGroup(
        name=f"target-group-{name}",
        needs=(Need("vpc"),),
        vpc="vpc",
        target_group_name=plan.names.target_group(name),
        port=settings.port,
        protocol=_protocols(balancer)[1],
        health_check=health_check(settings, balancer),
        attributes={"deregistration_delay.timeout_seconds": str(settings.deregistration_delay)},
    )


def _protocols(balancer: Settings) -> tuple[_Listening, _Target]:
    return _PROTOCOLS[balancer.type, balancer.tls is not None]


def _listener(plan: Plan, balancer: Settings) -> Step:
    """What no rule is for goes to the default service; where there is none, nobody is there."""
    default = plan.stack.default_service
    target = (Need(f"target-group-{default}", Until.EXISTS),) if default else ()
    certificate = (Need("certificate-issued"),) if balancer.tls else ()
    return Listener(
        name=listener(balancer),
        needs=(Need("load-balancer", Until.EXISTS), *target, *certificate),
        load_balancer="load-balancer",
        port=balancer.listens_on,
        protocol=_protocols(balancer)[0],
        target_group=f"target-group-{default}" if default else None,
        fixed=None if default else _NOT_FOUND,
        certificate="certificate-issued" if balancer.tls else None,
        ssl_policy=balancer.tls.policy if balancer.tls else None,
    )


def listener(balancer: Settings) -> str:
    return f"listener-{balancer.listens_on}"


def _rules(plan: Plan, balancer: Settings) -> Iterator[Step]:
    for name, priority in plan.priorities.items():
        settings = plan.stack.services[name]
        yield ListenerRule(
            name=f"listener-rule-{name}",
            needs=(Need(listener(balancer)), Need(f"target-group-{name}", Until.EXISTS)),
            listener=listener(balancer),
            priority=priority,
            paths=settings.paths,
            hosts=settings.hosts,
            target_group=f"target-group-{name}",
        )


def reached(plan: Plan, service: str) -> tuple[Need, ...]:
    """What must stand before ECS may put tasks into the service's target group: whoever sends to it."""
    balancer = plan.stack.load_balancer
    if balancer is None or service not in plan.stack.balanced:
        return ()
    sender = f"listener-rule-{service}" if service in plan.priorities else listener(balancer)
    return (Need(f"target-group-{service}"), Need(sender))
