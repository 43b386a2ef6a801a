"""What the tests of load balancers and what belongs to them stand on: a small network, steps with defaults."""

from __future__ import annotations

from typing import Any

from steps.balancing import LoadBalancer
from steps.base import Need, Step, Until
from steps.listeners import Listener, ListenerRule
from steps.network import Subnet, Vpc
from steps.security import SecurityGroup
from steps.targets import TargetGroup
from tests.sandbox_fixture import Sandbox
from tests.steps.lab import REGION, Lab

SUBNETS = ("subnet-a", "subnet-b")
HEALTH: dict[str, Any] = {
    "HealthCheckPath": "/",
    "HealthCheckIntervalSeconds": 10,
    "HealthCheckTimeoutSeconds": 5,
    "HealthyThresholdCount": 2,
    "UnhealthyThresholdCount": 2,
    "Matcher": {"HttpCode": "200"},
}


def network(*groups: str) -> list[Step]:
    """A VPC with two subnets and these security groups (`group` if none is named)."""
    places = enumerate(zip(SUBNETS, "ab", strict=True))
    return [
        Vpc(name="vpc", cidr="10.0.0.0/16"),
        *(
            Subnet(name=name, needs=(Need("vpc"),), vpc="vpc", cidr=f"10.0.{place}.0/24", zone=f"{REGION}{zone}")
            for place, (name, zone) in places
        ),
        *(
            SecurityGroup(name=name, needs=(Need("vpc"),), vpc="vpc", group_name=name, description="of a test")
            for name in groups or ("group",)
        ),
    ]


def balancer(**more: Any) -> LoadBalancer:
    wanted: dict[str, Any] = {
        "name": "balancer",
        "load_balancer_name": "front",
        "scheme": "internal",
        "subnets": SUBNETS,
        "groups": ("group",),
        **more,
    }
    needs = tuple(map(Need, (*wanted["subnets"], *wanted["groups"])))
    return LoadBalancer(needs=needs, **wanted)


def targets(name: str = "targets", **more: Any) -> TargetGroup:
    wanted: dict[str, Any] = {"target_group_name": name, "port": 80, "health_check": HEALTH, **more}
    return TargetGroup(name=name, needs=(Need("vpc"),), vpc="vpc", **wanted)


def listener(name: str = "listener", **more: Any) -> Listener:
    """One on port 80 that forwards to `targets`, unless it is to do something else."""
    other = {"redirect_to", "fixed"} & more.keys()
    wanted: dict[str, Any] = {"port": 80, **({} if other else {"target_group": "targets"}), **more}
    needs = [wanted[key] for key in ("target_group", "certificate") if wanted.get(key)]
    return Listener(
        name=name,
        needs=(Need("balancer", Until.EXISTS), *map(Need, needs)),
        load_balancer="balancer",
        **wanted,
    )


def rule(name: str, priority: int, **more: Any) -> ListenerRule:
    """One that forwards `/NAME` to `targets`."""
    wanted: dict[str, Any] = {"target_group": "targets", "paths": (f"/{name}",), **more}
    needs = (Need("listener"), Need(wanted["target_group"]))
    return ListenerRule(name=name, needs=needs, listener="listener", priority=priority, **wanted)


def told(lab: Lab, step: str) -> dict[str, Any]:
    """What AWS says of a step's thing."""
    reads: dict[str, tuple[str, str, str]] = {
        "load_balancer": ("describe_load_balancers", "LoadBalancerArns", "LoadBalancers"),
        "target_group": ("describe_target_groups", "TargetGroupArns", "TargetGroups"),
        "listener": ("describe_listeners", "ListenerArns", "Listeners"),
        "listener_rule": ("describe_rules", "RuleArns", "Rules"),
    }
    operation, parameter, items = reads[lab.record(step).kind]
    found: dict[str, Any] = getattr(lab.client("elbv2"), operation)(**{parameter: [lab.id_of(step)]})[items][0]
    return found


def tags(lab: Lab, step: str) -> dict[str, str]:
    answer = lab.client("elbv2").describe_tags(ResourceArns=[lab.id_of(step)])
    return {pair["Key"]: pair["Value"] for pair in answer["TagDescriptions"][0]["Tags"]}


def lost(sandbox: Sandbox, action: str) -> None:
    """The next answers of a creating call are lost, though it is carried out."""
    sandbox.faults([{"action": action, "do": "drop-after", "times": 2}])
