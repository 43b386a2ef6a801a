"""Names, listeners, rules, targets: what is in front of those who are asked."""

from __future__ import annotations

from provisioner.reach import balancers, intent
from provisioner.reach.fixes.case import Case, add, advice, aws, put
from provisioner.reach.needs import Answers, ListenAt, Made, PortOf, Record, RuleFor, Targets, VpcAttribute, Wait
from provisioner.reach.parts import TargetGroup
from provisioner.reach.verdict import Fix

_OPTIONS = {"enableDnsSupport": "--enable-dns-support", "enableDnsHostnames": "--enable-dns-hostnames"}
_NOT_YET = ("initial", "draining")


def attribute(case: Case, need: VpcAttribute) -> Fix:
    step = case.owned.step_of(need.vpc)
    if case.owned.kinds.get(step) == "vpc":
        return case.heal(f"{step}'s {need.attribute}")
    return aws("ec2", "modify-vpc-attribute", "--vpc-id", need.vpc, _OPTIONS[need.attribute])


def record(case: Case, need: Record) -> Fix:
    """One that the stack made is made again; a delegation is a key of the stack file's."""
    name = need.name.rstrip(".")
    for kind in ("record_set", "delegation"):
        for step, key in case.owned.of_kind(kind).items():
            zone, of = key.split("|")[:2]
            if (zone, of.rstrip(".")) == (need.zone, name):
                return case.heal(step)
    dns = case.table("dns")
    if dns.get("zone") == name and not dns.get("parent"):
        above = name.partition(".")[2]
        return Fix("stack-file", f'dns.parent = {{ zone = "{above}" }}')
    return advice(f"a record for {name} in zone {need.zone}")


def listener(case: Case, need: ListenAt) -> Fix:
    """A port at which it listens is nearer than another listener."""
    if (step := f"listener-{need.port}") in case.owned.kinds:
        return case.heal(step)
    heard = (f"or ask where it listens: {', '.join(map(str, need.heard))}",) if need.heard else ()
    if case.owned.step_of(need.balancer) and case.settings:
        return put(("load_balancer", "port"), need.port, *heard)
    return aws("elbv2", "create-listener", "--load-balancer-arn", need.balancer, "--port", str(need.port))


def rule(case: Case, need: RuleFor) -> Fix:
    """What the stack file has already is made again. A service that has paths or hosts of its own gets one more;
    one without them is whom all others go to."""
    if step := _undone(case, need):
        return case.heal(step)
    settings = case.table("services", case.meant.part)
    for key, value in (("paths", need.path), ("hosts", need.host)):
        if known := settings.get(key):
            return add(("services", case.meant.part, key), known, value)
    return advice(f"a rule of {need.listener} that sends {need.host}{need.path} to the service")


def _undone(case: Case, need: RuleFor) -> str:
    """The step whose rule, or whose listener's default rule, is not as it was made."""
    step, service = f"listener-rule-{case.meant.part}", case.meant.service
    if step in case.owned.kinds:
        wanted = intent.requests(case.snapshot, service) if service else ()
        covered = any(one.host in ("", need.host) and one.path == need.path for one in wanted)
        return step if covered or case.owned.ids.get(step) not in _rules(case) else ""
    sent = any(balancers.sends_to(one, need.groups) for one in case.snapshot.balancers)
    return "" if sent else _listener(case, need)


def _listener(case: Case, need: RuleFor) -> str:
    """The step of a listener: also of one that somebody put in the place of its own."""
    listeners = (each for one in case.snapshot.balancers for each in one.listeners)
    step = next((f"listener-{one.port}" for one in listeners if one.arn == need.listener), "")
    return step if step in case.owned.kinds else ""


def _rules(case: Case) -> set[str]:
    return {rule.arn for one in case.snapshot.balancers for each in one.listeners for rule in each.rules}


def targets(case: Case, need: Targets) -> Fix:
    """Targets come with tasks that run and pass their health check; other zones with `cross_zone`."""
    group = case.snapshot.target_groups[need.group]
    if need.zone and case.table("load_balancer"):
        return put(("load_balancer", "cross_zone"), True)
    if step := _unregistered(case, group):
        return case.heal(step)
    waiting = [f"{one.id} is {one.state}" for one in group.targets if one.state in _NOT_YET]
    missing = [] if _are_starting(group) else _missing(case, group)
    if missing:
        listed = (f"Id={address},Port={port}" for address, port in missing)
        return aws("elbv2", "register-targets", "--target-group-arn", group.arn, "--targets", *listed)
    if waiting:
        return advice(f"wait: {', '.join(waiting)}")
    return _useless(case, group)


def _useless(case: Case, group: TargetGroup) -> Fix:
    """It has targets that do not pass their health check, or none: who is asked for what, and where it is told."""
    part = case.owned.step_of(group.arn).removeprefix("target-group-")
    if not part:
        told = f"aws elbv2 describe-target-health --target-group-arn {group.arn}"
        return Fix("advice", f"see why no target of {group.name} is healthy:", (told,))
    if case.table("services", part).get("count") == 0:
        return put(("services", part, "count"), 1)
    log = case.owned.ids.get(f"log-group-service-{part}")
    known = (f"aws logs tail {log} --since 15m",) if log else ()
    if group.targets:
        asked = f"services.{part}.health_check in the stack file says what the load balancer asks for"
        return Fix("advice", f"see why the tasks of {part} do not pass their health check:", (*known, asked))
    return Fix("advice", f"see why no task of {part} runs:", (*_events(case, group), *known))


def _events(case: Case, group: TargetGroup) -> list[str]:
    """How to read what ECS says of the services that have this target group."""
    return [
        f"aws ecs describe-services --cluster {one.cluster} --services {one.name} --query 'services[].events[:5]'"
        for one in case.snapshot.services
        if group.arn in one.target_groups
    ]


def _unregistered(case: Case, group: TargetGroup) -> str:
    """The service's step, where ECS does not register its tasks in the group that the stack made for them."""
    step = case.owned.step_of(group.arn).replace("target-group-", "service-", 1)
    service = next((one for one in case.snapshot.services if one.step == step), None)
    return step if service and group.arn not in service.target_groups else ""


def _are_starting(group: TargetGroup) -> bool:
    return any(one.state == "initial" for one in group.targets)


def _missing(case: Case, group: TargetGroup) -> list[tuple[str, int]]:
    """Tasks that run and are no targets: somebody has deregistered them, and ECS registers each only once.

    Source: ECS developer guide, "Task lifecycle" (ACTIVATING: where it is registered in target groups).
    """
    there = {one.id for one in group.targets if one.state != "draining"}
    held = case.snapshot.network.interfaces
    return [
        (held[task.interface].address, service.ports[0])
        for service in case.snapshot.services
        for task in service.tasks
        if group.arn in service.target_groups and service.ports and task.state == "RUNNING"
        if task.interface in held and held[task.interface].address not in there
    ]


def made(case: Case, need: Made) -> Fix:
    return case.heal(need.step)


def wait(case: Case, need: Wait) -> Fix:
    return advice(f"wait until {case.snapshot.named(need.resource)} is usable")


def port(case: Case, need: PortOf) -> Fix:
    return advice(f"ask at port {' or '.join(map(str, need.ports))}")


def answers(case: Case, need: Answers) -> Fix:
    """What a task says of itself is in its log."""
    if log := case.owned.ids.get(f"log-group-service-{case.called}"):
        return aws("logs", "tail", log, "--since", "15m")
    return advice("see why what runs there does not answer: the network lets everything through")
