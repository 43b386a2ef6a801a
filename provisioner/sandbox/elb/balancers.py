"""Load balancers as AWS makes them: their names, their interfaces, and what they forward to."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.elbv2.models import FakeListener, FakeLoadBalancer, FakeTargetGroup

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call, Site
from provisioner.sandbox.dns import elb_zones
from provisioner.sandbox.elb.balancer_attributes import LOAD_BALANCER, usual
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.vpc import interfaces

# What each type is called in ARNs, and the type of its interfaces.
_SHORT = {"application": "app", "network": "net", "gateway": "gwy"}
_INTERFACES = {
    "application": "interface",
    "network": "network_load_balancer",
    "gateway": "gateway_load_balancer",
}


class Balancers:
    """Since when which load balancer is active, by ARN, and how often a name was given."""

    def __init__(self) -> None:
        self.active: dict[str, float] = {}
        self.names: Counter[str] = Counter()


@dataclass(frozen=True)
class Forwarding:
    """A listener, or one of its rules, as a call wants it: where it listens and what it does."""

    balancer: FakeLoadBalancer
    protocol: str
    port: int
    actions: Sequence[Mapping[str, Any]]

    @property
    def groups(self) -> list[str]:
        """ARNs of the target groups that it forwards to."""
        return list(dict.fromkeys(arn for action in self.actions for arn in groups_in(action)))


def find(site: Site, arn: str) -> FakeLoadBalancer:
    found = backends.elbv2(site).load_balancers.get(arn)
    if found is None:
        raise Refusal("LoadBalancerNotFound", f"Load balancer '{arn}' not found")
    return found


def group(site: Site, arn: str) -> FakeTargetGroup:
    found = backends.elbv2(site).target_groups.get(arn)
    if found is None:
        raise Refusal("TargetGroupNotFound", f"Target groups '{arn}' not found")
    return found


def listener(site: Site, arn: str) -> tuple[FakeLoadBalancer, FakeListener]:
    for balancer in backends.elbv2(site).load_balancers.values():
        if arn in balancer.listeners:
            return balancer, balancer.listeners[arn]
    raise Refusal("ListenerNotFound", f"One or more listeners not found: '{arn}'")


def rule(site: Site, arn: str) -> tuple[FakeLoadBalancer, FakeListener, Any]:
    """The rule of that ARN, with the listener and the load balancer that it is of."""
    for balancer in backends.elbv2(site).load_balancers.values():
        for candidate in balancer.listeners.values():
            for known in candidate.rules.values():
                if known.arn == arn:
                    return balancer, candidate, known
    raise Refusal("RuleNotFound", "One or more rules not found")


def groups_in(action: Mapping[str, Any]) -> list[str]:
    """ARNs of the target groups of one action."""
    several = action.get("ForwardConfig", {}).get("TargetGroups", ())
    named = [action["TargetGroupArn"]] if "TargetGroupArn" in action else []
    return [*named, *(item["TargetGroupArn"] for item in several)]


def using(site: Site, group: str) -> list[FakeLoadBalancer]:
    """The load balancers that forward to a target group."""
    return [balancer for balancer in backends.elbv2(site).load_balancers.values() if group in _forwards(balancer)]


def _forwards(balancer: FakeLoadBalancer) -> Iterator[str]:
    for listener in balancer.listeners.values():
        for rule in listener.rules.values():
            for action in rule.actions:
                yield from groups_in(action.data)


def create(call: Call) -> FakeLoadBalancer:
    """What the call wants, made by moto and put right: the names that depend on the type, its groups, its zone."""
    given, backend = call.parameters, backends.elbv2(call)
    kind = given.get("Type", "application")
    balancer = backend.create_load_balancer(
        given["Name"],
        wanted_groups(call),
        given.get("Subnets", []),
        given.get("SubnetMappings"),
        scheme=given.get("Scheme", "internet-facing"),
        loadbalancer_type=kind,
        ip_address_type=given.get("IpAddressType", "ipv4"),
    )
    del backend.load_balancers[balancer.arn]
    balancer.arn = balancer.arn.replace(":loadbalancer/app/", f":loadbalancer/{_SHORT[kind]}/")
    backend.load_balancers[balancer.arn] = balancer
    backend.tagging_service.tag_resource(balancer.arn, given.get("Tags"))
    balancer.dns_name = _dns_name(call, balancer)
    balancer.attrs = usual(LOAD_BALANCER, kind)
    balancer.canonical_hosted_zone_id = elb_zones.zone_of(kind, call.region)
    return balancer


def wanted_groups(call: Call) -> list[str]:
    """The security groups that the call names; an application load balancer's default is that of the VPC."""
    given: list[str] = list(call.parameters.get("SecurityGroups", ()))
    if given or call.parameters.get("Type", "application") != "application":
        return given
    ec2 = backends.ec2(call)
    default = ec2.get_default_security_group(ec2.get_subnet(wanted_subnets(call)[0]).vpc_id)
    return [default.id] if default is not None else []


def wanted_subnets(call: Call) -> list[str]:
    """The subnets that the call names, in either way."""
    mapped = [mapping["SubnetId"] for mapping in call.parameters.get("SubnetMappings", ())]
    return [*call.parameters.get("Subnets", ()), *mapped]


def _dns_name(call: Call, balancer: FakeLoadBalancer) -> str:
    """An application load balancer's has a number, which depends on the name and how often it was given."""
    if balancer.type != "application":
        return f"{balancer.name}-{balancer.arn.rpartition('/')[2]}.elb.{call.region}.amazonaws.com"
    names = call.ledger(Balancers).names
    names[balancer.name] += 1
    number = zlib.crc32(f"{call.account}/{balancer.name}/{names[balancer.name]}".encode())
    prefix = "internal-" if balancer.scheme == "internal" else ""
    return f"{prefix}{balancer.name}-{number}.{call.region}.elb.amazonaws.com"


def house(call: Call, balancer: FakeLoadBalancer, subnets: Iterable[str]) -> None:
    """Place an interface in each of these subnets, with the addresses that the call's mappings name."""
    mappings = {mapping["SubnetId"]: mapping for mapping in call.parameters.get("SubnetMappings", ())}
    for subnet in subnets:
        mapping = mappings.get(subnet, {})
        _address(backends.ec2(call), _place(call, balancer, subnet, mapping), mapping)


def _place(call: Call, balancer: FakeLoadBalancer, subnet: str, mapping: Mapping[str, str]) -> NetworkInterface:
    groups = balancer.security_groups or ()
    public = balancer.scheme == "internet-facing" and "AllocationId" not in mapping
    kind = _INTERFACES[balancer.type]
    interface = interfaces.place(call, subnet, groups, description(balancer.arn), kind=kind, public=public)
    interface.requester_id = "amazon-elb"
    if not groups:
        interface._group_set = []  # moto gives it the VPC's default group
    return interface


def _address(ec2: EC2Backend, interface: NetworkInterface, mapping: Mapping[str, str]) -> None:
    if allocation := mapping.get("AllocationId"):
        ec2.associate_address(eni=interface, allocation_id=allocation)
    if address := mapping.get("PrivateIPv4Address"):
        interface.private_ip_address = address
        interface.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]


def interfaces_of(site: Site, arn: str) -> Iterator[NetworkInterface]:
    wanted = description(arn)
    return (interface for interface in backends.ec2(site).enis.values() if interface.description == wanted)


def description(arn: str) -> str:
    """`ELB app/NAME/ID`, by which the interfaces of a load balancer are told."""
    return f"ELB {arn.partition('loadbalancer/')[2]}"


def leave(call: Call, arn: str, leaving: Sequence[NetworkInterface]) -> None:
    """Have these interfaces go after a while; until then they hold subnets, groups and Elastic IP addresses."""
    network = ":loadbalancer/net/" in arn
    call.later(
        "network_load_balancer.interfaces" if network else "load_balancer.interfaces",
        _remover(backends.ec2(call), leaving),
    )


def _remover(ec2: EC2Backend, leaving: Sequence[NetworkInterface]) -> Callable[[], None]:
    def act() -> None:
        for address in ec2.addresses:
            if address.eni in leaving:
                ec2.disassociate_address(address=address.public_ip)
        for interface in leaving:
            interfaces.remove(ec2, interface)

    return act


def activate(call: Call, balancer: FakeLoadBalancer) -> None:
    """Have a new one become active after a while."""
    notes, clock = call.ledger(Balancers), call.world.clock

    def act() -> None:
        balancer.state = "active"
        notes.active[balancer.arn] = clock.now()

    network = balancer.type == "network"
    call.later("network_load_balancer.active" if network else "load_balancer.active", act)
