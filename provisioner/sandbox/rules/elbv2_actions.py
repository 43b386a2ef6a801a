"""What listeners and their rules do with a request: which actions and target groups go with which listener."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from provisioner.sandbox.call import Call
from provisioner.sandbox.elb import balancers
from provisioner.sandbox.elb.balancers import Forwarding
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import before

_CALLS = ("CreateListener", "ModifyListener", "CreateRule", "ModifyRule")
_REFERENCE = "ELB API Reference: CreateListener, CreateRule"
# Type of load balancer and protocol of the listener -> protocols of target groups; None is that of functions.
_COMPATIBLE: Mapping[tuple[str, str], tuple[str | None, ...]] = {
    ("application", "HTTP"): ("HTTP", "HTTPS", None),
    ("application", "HTTPS"): ("HTTP", "HTTPS", None),
    ("network", "TCP"): ("TCP", "TCP_UDP"),
    ("network", "TLS"): ("TCP", "TLS"),
    ("network", "UDP"): ("UDP", "TCP_UDP"),
    ("network", "TCP_UDP"): ("TCP_UDP",),
    ("gateway", ""): ("GENEVE",),
}
_UNCHANGED = {"Host": "#{host}", "Path": "/#{path}", "Query": "#{query}"}


@before("elbv2", *_CALLS, source=_REFERENCE)
def target_groups_exist(call: Call) -> None:
    """TargetGroupNotFound for an action that forwards to an unknown one."""
    for arn in wanted(call).groups:
        balancers.group(call, arn)


@before("elbv2", *_CALLS, source="ELB API Reference: Action; wording from memory")
def network_load_balancers_only_forward(call: Call) -> None:
    """InvalidLoadBalancerAction for any other action than `forward`."""
    forwarding = wanted(call)
    for action in forwarding.actions if forwarding.balancer.type != "application" else ():
        if action["Type"] != "forward":
            kind = f"{forwarding.balancer.type} load balancer"
            message = f"The action type '{action['Type']}' is not valid with {kind}"
            raise Refusal("InvalidLoadBalancerAction", message)


@before("elbv2", *_CALLS, source="ELB API Reference: RedirectActionConfig")
def redirects_lead_elsewhere(call: Call) -> None:
    """InvalidLoadBalancerAction for a redirect that changes nothing."""
    forwarding = wanted(call)
    for action in forwarding.actions:
        if action["Type"] == "redirect" and _loops(forwarding, action.get("RedirectConfig", {})):
            message = "The redirect configuration is not valid because it creates a loop."
            raise Refusal("InvalidLoadBalancerAction", message)


@before("elbv2", *_CALLS, source="ELB User Guide: target group protocols; terraform-provider-aws#4955")
def protocols_go_together(call: Call) -> None:
    """IncompatibleProtocols for a TCP listener and an HTTP target group, or the other way round."""
    forwarding = wanted(call)
    fitting = _COMPATIBLE.get((forwarding.balancer.type, forwarding.protocol))
    if fitting is None:  # the listener itself is refused
        return
    wrong = [arn for arn in forwarding.groups if balancers.group(call, arn).protocol not in fitting]
    _refuse(
        "IncompatibleProtocols", "The listener and the following target groups have incompatible protocols", wrong
    )


@before("elbv2", *_CALLS, source=f"{_REFERENCE}; wording from memory")
def target_groups_are_of_the_vpc(call: Call) -> None:
    """InvalidConfigurationRequest for a target group of another VPC."""
    forwarding = wanted(call)
    known = [balancers.group(call, arn) for arn in forwarding.groups]
    wrong = [group.arn for group in known if group.vpc_id not in (None, forwarding.balancer.vpc_id)]
    message = f"The following target groups are not in the VPC '{forwarding.balancer.vpc_id}'"
    _refuse("InvalidConfigurationRequest", message, wrong)


@before("elbv2", *_CALLS, source="ELB User Guide: target groups; terraform-provider-aws#22005")
def target_groups_have_one_load_balancer(call: Call) -> None:
    """TargetGroupAssociationLimit for one that another load balancer forwards to."""
    forwarding = wanted(call)
    own = forwarding.balancer.arn
    wrong = [arn for arn in forwarding.groups if any(item.arn != own for item in balancers.using(call, arn))]
    message = "The following target groups cannot be associated with more than one load balancer"
    _refuse("TargetGroupAssociationLimit", message, wrong)


def wanted(call: Call) -> Forwarding:
    """What the call wants a listener or rule to be; what it leaves out stays as it is."""
    given = call.parameters
    if call.action == "CreateListener":
        balancer = balancers.find(call, given["LoadBalancerArn"])
        return Forwarding(balancer, given.get("Protocol", ""), given.get("Port", 0), given["DefaultActions"])
    if call.action == "ModifyRule":
        balancer, listener, _ = balancers.rule(call, given["RuleArn"])
    else:
        balancer, listener = balancers.listener(call, given["ListenerArn"])
    protocol, port = given.get("Protocol", listener.protocol), given.get("Port", listener.port)
    actions = given.get("Actions") or given.get("DefaultActions") or _actions(call, listener)
    return Forwarding(balancer, protocol or "", int(port or 0), actions)


def _actions(call: Call, listener: Any) -> list[Mapping[str, Any]]:
    """Those that stay when a listener changes otherwise."""
    return [action.data for action in listener.default_actions] if call.action == "ModifyListener" else []


def _loops(forwarding: Forwarding, given: Mapping[str, str]) -> bool:
    protocol = given.get("Protocol", "#{protocol}") in ("#{protocol}", forwarding.protocol)
    port = given.get("Port", "#{port}") in ("#{port}", str(forwarding.port))
    return protocol and port and all(given.get(key, same) == same for key, same in _UNCHANGED.items())


def _refuse(code: str, message: str, wrong: Iterable[str]) -> None:
    if named := ", ".join(f"'{arn}'" for arn in wrong):
        raise Refusal(code, f"{message}: {named}")
