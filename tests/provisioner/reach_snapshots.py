"""Networks by hand: one VPC with two subnets, an interface in each, everything open; and what is put into it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from provisioner.reach import Snapshot, Verdict, judge
from provisioner.reach.parts import Balancer, Listener, ListenerRule, Owned, Service, Target, TargetGroup
from provisioner.reach.snapshot import Network
from provisioner.reach.things import (
    INTERNET,
    LOCAL,
    Acl,
    AclEntry,
    Group,
    Interface,
    Route,
    RouteTable,
    Rule,
    Subnet,
    Vpc,
)

ALL = "0.0.0.0/0"
INSIDE = "10.0.0.0/16"
FRONT = "web.elb.us-east-1.amazonaws.com"


def rule(group: str, cidr: str = "", *, egress: bool = False, port: int = 0, **more: Any) -> Rule:
    """One for a port, or for everything."""
    ports = (port, port) if port else (0, 65535)
    return Rule(f"sgr-{group}-{'out' if egress else 'in'}", group, egress, "tcp", ports, cidr, **more)


def group(name: str, *rules: Rule) -> Group:
    return Group(name, name, "vpc-1", rules or (rule(name, ALL, egress=True), rule(name, INSIDE, port=80)))


def table(*routes: Route) -> RouteTable:
    return RouteTable("rtb-1", "vpc-1", True, (), (Route(INSIDE, LOCAL, "local"), *routes))


def interface(letter: str, *, kind: str = "interface", **more: Any) -> Interface:
    place = "ab".index(letter)
    address = f"10.0.{place}.10"
    return Interface(
        f"eni-{letter}", "vpc-1", f"subnet-{letter}", (address,), (f"sg-{letter}",), kind=kind, **more
    )


def acl(*entries: AclEntry) -> Acl:
    everything = [AclEntry(100, egress, True, "-1", ALL) for egress in (True, False)]
    return Acl("acl-1", "vpc-1", ("subnet-a", "subnet-b"), entries or tuple(everything))


def named(*things: Any) -> dict[str, Any]:
    return {one.id: one for one in things}


def network(**more: Any) -> Network:
    """Interfaces a and b, in subnets of two zones, reach each other at port 80; nothing leads outside."""
    usual: dict[str, Any] = {
        "vpcs": named(Vpc("vpc-1", (INSIDE,))),
        "subnets": named(
            *(Subnet(f"subnet-{one}", "vpc-1", f"10.0.{n}.0/24", f"z{one}") for n, one in enumerate("ab"))
        ),
        "tables": named(table()),
        "acls": named(acl()),
        "groups": named(group("sg-a"), group("sg-b")),
        "interfaces": named(interface("a"), interface("b")),
    }
    return Network(**{**usual, **more})


def snapshot(found: Network | None = None, **more: Any) -> Snapshot:
    return Snapshot("111111111111", "us-east-1", found or network(), **more)


def public(**more: Any) -> Network:
    """The same with an internet gateway."""
    routes = {"tables": named(table(Route(ALL, INTERNET, "igw-1"))), "internet_gateways": {"igw-1": "vpc-1"}}
    return network(**{**routes, **more})


def settings(**more: Any) -> dict[str, Any]:
    """A stack file, resolved, as far as fixes look at it."""
    usual = {
        "network": {"egress": "nat", "endpoints": [], "transit_gateway": None},
        "load_balancer": {"clients": None, "scheme": "internal"},
        "functions": {"caller": {"calls": [], "egress": []}},
        "services": {"web": {"calls": [], "paths": [], "hosts": [], "public_ip": None}},
    }
    return {**usual, **more}


def owned(**more: Any) -> Owned:
    return Owned("demo", settings=settings(), **more)


def balanced(state: str = "healthy", reason: str = "", *, target: str = "b", **more: Any) -> Snapshot:
    """A service with a task at an interface, and an application load balancer before it with a node in zone a."""
    node = interface("a", description="ELB app/web/1")
    rules = (ListenerRule("rule-default", None, (), ({"Type": "forward", "TargetGroupArn": "tg-web"},)),)
    arn = "arn:aws:elasticloadbalancing:us-east-1:111111111111:loadbalancer/app/web/1"
    front = Balancer(
        *(arn, "web", FRONT, "application", "internal", "active", "vpc-1", ("sg-a",), ("za",)),
        cross_zone=True,
        listeners=(Listener("listener-80", 80, "HTTP", rules),),
    )
    aimed = Target(f"10.0.{'ab'.index(target)}.10", 80, "", state, reason)
    groups = {"tg-web": TargetGroup("tg-web", "web", "HTTP", "ip", "vpc-1", (aimed,) if state else ())}
    service = Service(
        "service-web", "web", "arn:aws:ecs:web", "c", ("subnet-b",), ("sg-b",), False, ("tg-web",), (80,)
    )
    client = replace(interface("a"), id="eni-c", addresses=("10.0.0.99",))
    found = network(interfaces=named(node, interface("b"), client))
    return replace(
        snapshot(found, balancers=(front,), target_groups=groups, services=(service,), owned=owned()), **more
    )


def ask(found: Snapshot, to: str = "eni-b", source: str = "eni-a", port: int | None = 80, **more: Any) -> Verdict:
    return judge(found, source, to, port, **more)


def blocked(verdict: Verdict, why: str, change: str = "") -> Verdict:
    assert verdict.stop is not None, verdict.outcome
    assert why in verdict.stop.why, verdict.stop
    assert not change or (verdict.fix and change == verdict.fix.change), verdict.fix
    return verdict
