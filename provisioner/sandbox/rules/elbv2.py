"""Load balancers: names that are keys, interfaces in the subnets, an activation that takes its time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.elbv2.models import FakeLoadBalancer

from provisioner.sandbox import backends, interfaces
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before

# moto activates a load balancer as soon as it is described; here it takes its time.
FakeLoadBalancer.activate = lambda self: None  # type: ignore[method-assign]


@before("elbv2", "CreateLoadBalancer", source="ELB API Reference")
def same_name_gives_the_existing_one(call: Call) -> Answer | None:
    """The existing load balancer for the same settings, DuplicateLoadBalancerName for others."""
    name = call.parameters["Name"]
    for balancer in backends.elbv2(call).load_balancers.values():
        if balancer.name == name:
            if _settings(call.parameters) == _settings_of(balancer):
                return {"LoadBalancers": [balancer]}
            message = f"A load balancer with the same name '{name}' exists, but with different settings"
            raise Refusal("DuplicateLoadBalancerName", message)
    return None


@after("elbv2", "CreateLoadBalancer", source="ELB API Reference")
def is_provisioning_at_first(call: Call, answer: Answer) -> None:
    """`provisioning`, then `active`; its interfaces are in the subnets from the start."""
    for told in answer["LoadBalancers"]:
        balancer = backends.elbv2(call).load_balancers[told["LoadBalancerArn"]]
        _house(call, balancer, [subnet.id for subnet in balancer.subnets])
        call.later("load_balancer.active", _activate(balancer))


@after("elbv2", "SetSecurityGroups", source="ELB API Reference")
def interfaces_change_their_groups(call: Call, answer: Answer) -> None:
    """What used to be the load balancer's group is free at once."""
    ec2 = backends.ec2(call)
    groups = [ec2.get_security_group_from_id(group) for group in call.parameters["SecurityGroups"]]
    for interface in _interfaces(call, call.parameters["LoadBalancerArn"]):
        interface._group_set = [group for group in groups if group is not None]


@after("elbv2", "SetSubnets", source="ELB API Reference")
def interfaces_change_their_subnets(call: Call, answer: Answer) -> None:
    """New subnets get an interface, those of the others go after a while."""
    balancer = backends.elbv2(call).load_balancers[call.parameters["LoadBalancerArn"]]
    wanted = {subnet.id for subnet in balancer.subnets}
    there = {interface.subnet.id: interface for interface in _interfaces(call, balancer.arn)}
    _house(call, balancer, sorted(wanted - there.keys()))
    leaving = [interface for subnet, interface in there.items() if subnet not in wanted]
    call.later("load_balancer.interfaces", interfaces.remover(call, leaving))


@before("elbv2", "DeleteLoadBalancer", source="ELB API Reference")
def deletion_protection_protects(call: Call) -> None:
    """OperationNotPermitted while the attribute is on."""
    arn = call.parameters["LoadBalancerArn"]
    balancer = backends.elbv2(call).load_balancers.get(arn)
    if balancer is not None and balancer.attrs.get("deletion_protection.enabled") == "true":
        message = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
        raise Refusal("OperationNotPermitted", message)


@after("elbv2", "DeleteLoadBalancer", source="ELB API Reference")
def interfaces_outlive_their_load_balancer(call: Call, answer: Answer) -> None:
    """They hold subnets and groups for a while longer."""
    leaving = list(_interfaces(call, call.parameters["LoadBalancerArn"]))
    call.later("load_balancer.interfaces", interfaces.remover(call, leaving))


@before("elbv2", "CreateListener", source="ELB API Reference")
def port_has_one_listener(call: Call) -> None:
    """DuplicateListener for a second listener on a port."""
    arn = call.parameters["LoadBalancerArn"]
    balancer = backends.elbv2(call).load_balancers.get(arn)
    listeners = balancer.listeners.values() if balancer is not None else ()
    if any(int(listener.port) == call.parameters.get("Port") for listener in listeners):
        message = f"A listener already exists on this port for this load balancer '{arn}'"
        raise Refusal("DuplicateListener", message)


def _settings(parameters: dict[str, Any]) -> tuple[Any, ...]:
    mapped = [mapping["SubnetId"] for mapping in parameters.get("SubnetMappings", ())]
    return (
        parameters.get("Type", "application"),
        parameters.get("Scheme", "internet-facing"),
        parameters.get("IpAddressType", "ipv4"),
        sorted([*parameters.get("Subnets", ()), *mapped]),
        sorted(parameters.get("SecurityGroups", ())),
    )


def _settings_of(balancer: FakeLoadBalancer) -> tuple[Any, ...]:
    subnets = sorted(subnet.id for subnet in balancer.subnets)
    groups = sorted(balancer.security_groups or ())
    return balancer.type, balancer.scheme, balancer.ip_address_type, subnets, groups


def _activate(balancer: FakeLoadBalancer) -> Callable[[], None]:
    def act() -> None:
        balancer.state = "active"

    return act


def _house(call: Call, balancer: FakeLoadBalancer, subnets: list[str]) -> None:
    public = balancer.scheme == "internet-facing"
    for subnet in subnets:
        groups = balancer.security_groups or ()
        interfaces.place(call, subnet, groups, _description(balancer.arn), public=public)


def _interfaces(call: Call, arn: str) -> Iterator[NetworkInterface]:
    description = _description(arn)
    for interface in backends.ec2(call).enis.values():
        if interface.description == description:
            yield interface


def _description(arn: str) -> str:
    """`ELB app/NAME/ID`, by which the interfaces of a load balancer are told."""
    return f"ELB {arn.partition('loadbalancer/')[2]}"
