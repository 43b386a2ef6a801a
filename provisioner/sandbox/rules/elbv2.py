"""Load balancers: names that are keys, interfaces in the subnets, an activation that takes its time."""

from __future__ import annotations

from typing import Any

from moto.elbv2.models import AvailabilityZone, FakeLoadBalancer

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.elb import balancers
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead

# moto activates a load balancer as soon as it is described; here it takes its time.
FakeLoadBalancer.activate = lambda self: None  # type: ignore[method-assign]


@before("elbv2", "CreateLoadBalancer", source="ELB API Reference: CreateLoadBalancer")
def same_name_gives_the_existing_one(call: Call) -> Answer | None:
    """The existing load balancer for the same settings, DuplicateLoadBalancerName for others."""
    name = call.parameters["Name"]
    for balancer in backends.elbv2(call).load_balancers.values():
        if balancer.name == name:
            if _is_wanted(call, balancer):
                return {"LoadBalancers": [balancer]}
            message = f"A load balancer with the same name '{name}' exists, but with different settings"
            raise Refusal("DuplicateLoadBalancerName", message)
    return None


@instead("elbv2", "CreateLoadBalancer", source="ELB API Reference: LoadBalancer, LoadBalancerState")
def is_provisioning_at_first(call: Call) -> Answer:
    """`provisioning`, then `active`; its interfaces are in the subnets from the start."""
    balancer = balancers.create(call)
    balancers.house(call, balancer, [subnet.id for subnet in balancer.subnets])
    balancers.activate(call, balancer)
    return {"LoadBalancers": [balancer]}


@instead("elbv2", "SetSecurityGroups", source="ELB API Reference: SetSecurityGroups")
def interfaces_change_their_groups(call: Call) -> Answer:
    """What used to be the load balancer's group is free at once."""
    balancer = balancers.find(call, call.parameters["LoadBalancerArn"])
    balancer.security_groups = list(call.parameters["SecurityGroups"])
    ec2 = backends.ec2(call)
    groups = [ec2.get_security_group_from_id(group) for group in balancer.security_groups]
    for interface in balancers.interfaces_of(call, balancer.arn):
        interface._group_set = [group for group in groups if group is not None]
    return {"SecurityGroupIds": balancer.security_groups}


@instead("elbv2", "SetSubnets", source="ELB API Reference: SetSubnets")
def interfaces_change_their_subnets(call: Call) -> Answer:
    """New subnets get an interface, those of the others go after a while."""
    balancer = balancers.find(call, call.parameters["LoadBalancerArn"])
    wanted, there = balancers.wanted_subnets(call), {subnet.id for subnet in balancer.subnets}
    known = list(balancers.interfaces_of(call, balancer.arn))
    balancer.subnets = [backends.ec2(call).get_subnet(subnet) for subnet in wanted]
    balancers.house(call, balancer, [subnet for subnet in wanted if subnet not in there])
    leaving = [interface for interface in known if interface.subnet.id in there - set(wanted)]
    balancers.leave(call, balancer.arn, leaving)
    return {"AvailabilityZones": [AvailabilityZone(subnet) for subnet in balancer.subnets]}


@before("elbv2", "DeleteLoadBalancer", source="ELB API Reference: DeleteLoadBalancer")
def deletion_protection_protects(call: Call) -> None:
    """OperationNotPermitted while the attribute is on."""
    arn = call.parameters["LoadBalancerArn"]
    balancer = backends.elbv2(call).load_balancers.get(arn)
    if balancer is not None and balancer.attrs.get("deletion_protection.enabled") == "true":
        message = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
        raise Refusal("OperationNotPermitted", message)


@after("elbv2", "DeleteLoadBalancer", source="terraform-provider-aws: elbv2/load_balancer.go")
def interfaces_outlive_their_load_balancer(call: Call, answer: Answer) -> None:
    """They hold subnets, groups and Elastic IP addresses for a while longer."""
    arn = call.parameters["LoadBalancerArn"]
    balancers.leave(call, arn, list(balancers.interfaces_of(call, arn)))


def _is_wanted(call: Call, balancer: FakeLoadBalancer) -> bool:
    given = call.parameters
    wanted: tuple[Any, ...] = (
        given.get("Type", "application"),
        given.get("Scheme", "internet-facing"),
        given.get("IpAddressType", "ipv4"),
        sorted(balancers.wanted_subnets(call)),
    )
    subnets = sorted(subnet.id for subnet in balancer.subnets)
    if wanted != (balancer.type, balancer.scheme, balancer.ip_address_type, subnets):
        return False
    return sorted(balancers.wanted_groups(call)) == sorted(balancer.security_groups or ())
