"""Security groups of load balancers: which may have which."""

from __future__ import annotations

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.elb import balancers
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import before

_CREATE = "ELB API Reference: CreateLoadBalancer"
_INVALID = "InvalidConfigurationRequest"
_MOST_GROUPS = 5


@before("elbv2", "CreateLoadBalancer", "SetSecurityGroups", source=f"{_CREATE}; ELB User Guide: quotas")
def groups_exist_in_the_vpc(call: Call) -> None:
    """InvalidSecurityGroup for an unknown one; InvalidConfigurationRequest for another VPC's, or more than 5."""
    ec2, given = backends.ec2(call), call.parameters.get("SecurityGroups", ())
    vpc = _vpc(call)
    for name in given:
        found = ec2.get_security_group_from_id(name)
        if found is None:
            raise Refusal("InvalidSecurityGroup", f"Security group '{name}' does not exist")
        if vpc and found.vpc_id != vpc:
            raise Refusal(_INVALID, "One or more security groups are invalid")
    if len(given) > _MOST_GROUPS:
        message = f"The maximum number of security groups per load balancer is '{_MOST_GROUPS}'"
        raise Refusal(_INVALID, message)


@before("elbv2", "CreateLoadBalancer", source=f"{_CREATE}; wording from memory")
def gateway_load_balancers_have_neither_groups_nor_scheme(call: Call) -> None:
    """InvalidConfigurationRequest for security groups or a scheme."""
    gateway = call.parameters.get("Type") == "gateway"
    for name, what in (("SecurityGroups", "Security groups"), ("Scheme", "Schemes")):
        if gateway and call.parameters.get(name):
            raise Refusal(_INVALID, f"{what} are not supported for load balancers with type 'gateway'")


@before("elbv2", "SetSecurityGroups", source="ELB API Reference: SetSecurityGroups; wording from memory")
def groups_are_for_those_that_were_made_with_some(call: Call) -> None:
    """InvalidConfigurationRequest for an NLB that was made without any, and for taking all away."""
    balancer = balancers.find(call, call.parameters["LoadBalancerArn"])
    if balancer.type == "gateway" or not balancer.security_groups:
        kind = f"load balancers with type '{balancer.type}'"
        made = "" if balancer.type == "gateway" else " that were created without security groups"
        raise Refusal(_INVALID, f"Security groups are not supported for {kind}{made}")
    if not call.parameters["SecurityGroups"]:
        raise Refusal(_INVALID, "At least one security group must be specified")


def _vpc(call: Call) -> str | None:
    """The load balancer's VPC; None for subnets that are refused anyway."""
    if call.action == "SetSecurityGroups":
        return str(balancers.find(call, call.parameters["LoadBalancerArn"]).vpc_id)
    known = {name: subnet for zone in backends.ec2(call).subnets.values() for name, subnet in zone.items()}
    vpcs = [str(known[subnet].vpc_id) for subnet in balancers.wanted_subnets(call) if subnet in known]
    return vpcs[0] if vpcs else None
