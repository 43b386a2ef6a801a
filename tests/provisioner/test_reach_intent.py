"""A load-balanced service whose load balancer, listener, rule or targets somebody took away by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provisioner.reach import Outcome, Snapshot, judge
from provisioner.reach.parts import Listener, ListenerRule, Task
from provisioner.reach.things import INTERNET, Route
from tests.provisioner.reach_snapshots import ALL, FRONT, balanced, blocked, interface, owned, settings, table

RESUME = "provisioner resume demo"
OTHER = {"Type": "forward", "TargetGroupArn": "tg-other"}
WEB = {"Type": "forward", "TargetGroupArn": "tg-web"}


KINDS = {
    "load-balancer": "load_balancer",
    "listener-80": "listener",
    "listener-rule-web": "listener_rule",
    "target-group-web": "target_group",
    "service-web": "service",
}
IDS = {
    "listener-80": "listener-1",
    "listener-rule-web": "rule-web",
    "target-group-web": "tg-web",
    "service-web": "arn:aws:ecs:web",
}


def stood(rules: tuple[ListenerRule, ...] | None = None, **changes: Any) -> Snapshot:
    """A stack that made a load balancer, a listener and a rule for the service's paths."""
    found = balanced(services=(with_task(),))
    (front,) = found.balancers
    kept = rules if rules is not None else (rule("/api", "/api/*"), default())
    made = replace(front, listeners=(Listener("listener-1", 80, "HTTP", kept),) if kept else ())
    mine = owned(
        ids={**IDS, "load-balancer": front.arn}, kinds=KINDS, outputs={"load-balancer": {"dns_name": FRONT}}
    )
    mine = replace(mine, settings=paths("/api", "/api/*"))
    return replace(found, **{"balancers": (made,), "owned": mine, **changes})


def with_task() -> Any:
    (service,) = balanced().services
    return replace(service, tasks=(Task("arn:task", "RUNNING", "eni-b"),))


def paths(*values: str) -> dict[str, Any]:
    return settings(services={"web": {"paths": list(values), "hosts": [], "load_balanced": True}})


def rule(*values: str) -> ListenerRule:
    condition = {"Field": "path-pattern", "PathPatternConfig": {"Values": list(values)}}
    return ListenerRule("rule-web", 10, (condition,), (WEB,))


def default(action: dict[str, Any] = OTHER) -> ListenerRule:
    return ListenerRule("rule-default", None, (), (action,))


def test_as_it_was_made_it_gets_its_paths() -> None:
    assert judge(stood(), "eni-c", "web").outcome is Outcome.REACHES


def test_a_rule_that_is_gone() -> None:
    found = blocked(
        judge(stood((default(),)), "eni-c", "web"),
        "no rule of the load balancer sends anything to web: the default rule sends",
        RESUME,
    )
    assert found.stop is not None
    assert (found.stop.at, found.stop.name, found.stop.fails) == (
        "listener-1",
        "listener-80",
        "gets another's answer",
    )
    assert found.fix is not None
    assert found.fix.besides == ("sets listener-rule-web right again",)


def test_paths_of_a_rule_that_were_changed() -> None:
    """Of several paths the one is asked for that is lost."""
    blocked(
        judge(stood((rule("/x"), default())), "eni-c", "web"), f"the default rule sends {FRONT}/api to", RESUME
    )
    some = judge(stood((rule("/api"), default())), "eni-c", "web")
    blocked(some, f"the default rule sends {FRONT}/api/x to", RESUME)
    more = judge(stood(), "eni-c", "web", path="/new")
    blocked(more, f"the default rule sends {FRONT}/new to", 'services.web.paths = ["/api", "/api/*", "/new"]')


def test_the_default_of_a_listener_that_was_changed() -> None:
    found = stood((default(),))
    kinds = {step: kind for step, kind in found.owned.kinds.items() if step != "listener-rule-web"}
    plain = replace(found.owned, kinds=kinds, settings=paths())
    stopped = blocked(judge(replace(found, owned=plain), "eni-c", "web"), "no rule of the load balancer", RESUME)
    assert stopped.fix is not None
    assert stopped.fix.besides == ("sets listener-80 right again",)


def test_a_listener_that_is_gone() -> None:
    found = blocked(judge(stood(()), "eni-c", "web"), "it listens at no port, not at 80", RESUME)
    assert found.stop is not None
    assert found.stop.fails == "is refused"


@pytest.mark.parametrize("to", ["web", "load-balancer", f"http://{FRONT}/"])
def test_a_load_balancer_that_is_gone(to: str) -> None:
    found = blocked(judge(stood(balancers=()), "eni-c", to), "there is no such load balancer any more", RESUME)
    assert found.stop is not None
    assert (found.stop.name, found.stop.fails) == ("load-balancer", "does not know the name")
    assert found.fix is not None
    assert found.fix.besides == ("sets load-balancer right again",)


def test_a_load_balancer_that_was_never_made() -> None:
    found = stood(balancers=())
    never = replace(found.owned, ids={"service-web": "arn:aws:ecs:web"}, outputs={})
    blocked(judge(replace(found, owned=never), "eni-c", "web"), "there is no load balancer yet", RESUME)


def test_targets_that_were_deregistered() -> None:
    group = stood().target_groups["tg-web"]
    register = "aws elbv2 register-targets --target-group-arn tg-web --targets Id=10.0.1.10,Port=80"
    none = {"tg-web": replace(group, targets=())}
    blocked(judge(stood(target_groups=none), "eni-c", "web"), "it has no targets", register)
    draining = {"tg-web": replace(group, targets=(replace(group.targets[0], state="draining"),))}
    blocked(judge(stood(target_groups=draining), "eni-c", "web"), "10.0.1.10 is draining", register)
    fresh = {"tg-web": replace(group, targets=(replace(group.targets[0], state="initial"),))}
    blocked(judge(stood(target_groups=fresh), "eni-c", "web"), "is initial", "wait: 10.0.1.10 is initial")


def test_a_service_that_registers_its_tasks_nowhere() -> None:
    """Its load balancer was taken out of the ECS service: the target group that was made for it is empty."""
    group = replace(stood().target_groups["tg-web"], targets=())
    apart = replace(with_task(), target_groups=())
    found = stood(target_groups={"tg-web": group}, services=(apart,))
    stopped = blocked(judge(found, "eni-c", "web"), "it has no targets", RESUME)
    assert stopped.fix is not None
    assert stopped.fix.besides == ("sets service-web right again",)


@pytest.mark.parametrize(
    "without",
    [settings(load_balancer=None), settings(services={"web": {"load_balanced": False}})],
    ids=["no load balancer", "not for this service"],
)
def test_a_service_that_nobody_is_meant_to_be_in_front_of(without: dict[str, Any]) -> None:
    """It is asked directly, and what opens it is a rule of its own group."""
    apart = replace(with_task(), target_groups=())
    found = stood((default(),), services=(apart,))
    ids = {step: one for step, one in found.owned.ids.items() if step == "service-web"}
    found = replace(found, owned=replace(found.owned, settings=without, ids=ids))
    assert judge(found, "eni-c", "web").telling.target == "10.0.1.10"


def test_nobody_is_told_to_open_the_tasks_to_the_internet() -> None:
    for broken in (stood((default(),)), stood(()), stood(balancers=())):
        tables = {"rtb-1": table(Route(ALL, INTERNET, "igw-1"))}
        held = {**broken.network.interfaces, "eni-b": interface("b", public="203.0.113.50")}
        gateways = {"igw-1": "vpc-1"}
        network = replace(broken.network, tables=tables, internet_gateways=gateways, interfaces=held)
        found = judge(replace(broken, network=network), "internet", "web")
        assert found.outcome is Outcome.BLOCKED
        assert found.fix is not None
        assert ALL not in found.fix.change
