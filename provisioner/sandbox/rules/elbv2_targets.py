"""Targets: which may be registered, and how they are told."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from moto.elbv2.models import FakeTargetGroup

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.elb import balancers, targets
from provisioner.sandbox.elb.target_health import EVERYWHERE, UNKNOWN, Health, Target, Targets
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before, instead

_REGISTER = "ELB API Reference: RegisterTargets, TargetDescription"
_LARGEST_PORT = 65535
_PRIVATE = tuple(
    ipaddress.ip_network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)


@before("ec2", "*SecurityGroup*", "*NetworkAcl*", "*Route*", source="ELB User Guide: health checks")
@before("elbv2", "Create*", "Modify*", "Set*", "Delete*", source="ELB User Guide: health checks")
def health_checks_notice(call: Call) -> None:
    """Whatever decides who reaches a target: from now on its health checks may find something else."""
    if call.mutating:
        call.ledger(Targets).changed = call.world.clock.now()


@before("elbv2", "RegisterTargets", source=f"{_REGISTER}; wording from memory")
def ports_are_in_range(call: Call) -> None:
    """ValidationError above 65535."""
    for number, target in enumerate(call.parameters["Targets"], 1):
        if target.get("Port", 1) > _LARGEST_PORT:
            told = f"Value '{target['Port']}' at 'targets.{number}.member.port' failed to satisfy constraint"
            must = f"Member must have value less than or equal to {_LARGEST_PORT}"
            raise Refusal("ValidationError", f"1 validation error detected: {told}: {must}")


@before("elbv2", "RegisterTargets", source=_REGISTER)
def addresses_are_within_the_vpc(call: Call) -> None:
    """InvalidTarget for an address outside of the VPC, unless it is private and its zone is `all`."""
    group = balancers.group(call, call.parameters["TargetGroupArn"])
    for target in call.parameters["Targets"] if group.target_type == "ip" else ():
        if not _may_be_target(call, group, target):
            message = f"The IP address '{target['Id']}' is not within the VPC '{group.vpc_id}'"
            raise Refusal("InvalidTarget", message)


@before("elbv2", "RegisterTargets", source=f"{_REGISTER}; messages from public issue threads")
def instances_run_in_the_vpc(call: Call) -> None:
    """InvalidTarget for an instance that is unknown, in another VPC, or does not run."""
    group = balancers.group(call, call.parameters["TargetGroupArn"])
    for target in call.parameters["Targets"] if group.target_type == "instance" else ():
        found = backends.ec2(call).get_instance_by_id(target["Id"])
        if found is None or found.vpc_id != group.vpc_id:
            where = f"target group VPC '{group.vpc_id}'"
            raise Refusal("InvalidTarget", f"The following targets are not in the {where}: '{target['Id']}'")
        if found.state != "running":
            message = "The following targets are not in a running state and cannot be registered"
            raise Refusal("InvalidTarget", f"{message}: '{target['Id']}'")


@instead("elbv2", "RegisterTargets", source=_REGISTER)
def id_and_port_are_the_key(call: Call) -> Answer:
    """The same address may be there with several ports; a new target is `initial` at first."""
    group = balancers.group(call, call.parameters["TargetGroupArn"])
    for target in call.parameters["Targets"]:
        targets.register(call.site, group.arn, *_key(group, target), target.get("AvailabilityZone", ""))
    return {}


@instead("elbv2", "DeregisterTargets", source="ELB API Reference: DeregisterTargets")
def targets_drain(call: Call) -> Answer:
    """`draining` for the deregistration delay, then gone. Nothing happens to one that is not registered."""
    group = balancers.group(call, call.parameters["TargetGroupArn"])
    for target in call.parameters["Targets"]:
        targets.deregister(call.site, group.arn, *_key(group, target))
    return {}


@instead("elbv2", "DescribeTargetHealth", source="ELB API Reference: TargetHealth")
def health_is_probed(call: Call) -> Answer:
    """As the health checks find it now, with the reason; `unused` for targets that are not registered."""
    group = balancers.group(call, call.parameters["TargetGroupArn"])
    told = {(item.id, item.port): _told(group, item, health) for item, health in _known(call, group)}
    asked = [_key(group, target) for target in call.parameters.get("Targets", ())]
    missing = {key: _unknown(key) for key in asked if key not in told}
    return {"TargetHealthDescriptions": [{**missing, **told}[key] for key in asked or told]}


def _known(call: Call, group: FakeTargetGroup) -> Iterator[tuple[Target, Health]]:
    return targets.described(call.site, group.arn)


def _key(group: FakeTargetGroup, target: Mapping[str, Any]) -> tuple[str, int]:
    return target["Id"], int(target.get("Port") or group.port or 0)


def _told(group: FakeTargetGroup, target: Target, health: Health) -> dict[str, Any]:
    port = str(group.health_check_port)
    return {
        "Target": _described(target.id, target.port, target.zone),
        "HealthCheckPort": str(target.port) if port == "traffic-port" else port,
        "TargetHealth": _health(health),
    }


def _unknown(key: tuple[str, int]) -> dict[str, Any]:
    return {"Target": _described(*key, ""), "TargetHealth": _health(UNKNOWN)}


def _described(name: str, port: int, zone: str) -> dict[str, Any]:
    """Functions have no port."""
    return {"Id": name, **({"Port": port} if port else {}), **({"AvailabilityZone": zone} if zone else {})}


def _health(health: Health) -> dict[str, str]:
    told = {"State": health.state, "Reason": health.reason, "Description": health.description}
    return {key: value for key, value in told.items() if value}


def _may_be_target(call: Call, group: FakeTargetGroup, target: Mapping[str, Any]) -> bool:
    try:
        address = ipaddress.ip_address(target["Id"])
    except ValueError:
        return False
    vpc = backends.ec2(call).get_vpc(group.vpc_id)
    inside = [ipaddress.ip_network(item["cidr_block"]) for item in vpc.cidr_block_association_set]
    outside = _PRIVATE if target.get("AvailabilityZone") == EVERYWHERE else ()
    return any(address in network for network in (*inside, *outside))
