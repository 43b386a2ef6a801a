"""Instances: pending, running, checked; shutting down, terminated, and listed for a while yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moto.ec2.exceptions import OperationNotPermitted4
from moto.ec2.models.instances import Instance, InstanceState, StateReason
from moto.ec2.responses._base_response import EC2BaseResponse

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call, Site
from provisioner.sandbox.clock import Action
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead
from provisioner.sandbox.rules import ec2_instance_launches as launches
from provisioner.sandbox.vpc import gone
from provisioner.sandbox.vpc.instances import Machines

_SOURCE = "EC2 User Guide: instance lifecycle"
_PENDING, _RUNNING, _ENDING, _ENDED = (0, "pending"), (16, "running"), (32, "shutting-down"), (48, "terminated")
# Why an instance can end that was accepted. Source: EC2 API Reference, StateReason.
_NO_ROOM = "Server.InsufficientInstanceCapacity"
_NO_ROOM_TEXT = "Insufficient capacity to satisfy instance request"
# What a terminated instance no longer has.
_LOST = ("NetworkInterfaces", "PrivateIpAddress", "PublicIpAddress", "SecurityGroups", "SubnetId", "VpcId")
_STARTING = {
    "StartInstances": ("started", ("stopped", "pending", "running")),
    "StopInstances": ("stopped", ("running", "stopping", "stopped")),
    "RebootInstances": ("rebooted", ("running", "pending")),
}
"""Each call's word, and the states in which it is taken."""

# moto would tell of any instance that RunInstances answers with that it is pending, of one a day old, too.
EC2BaseResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER.pop("RunInstances.Reservation.Instances.Instance.State", None)


@instead("ec2", "RunInstances", source=f"{_SOURCE}; cdkd, docs/changelog-cdkd.md: running in seconds")
def is_pending_at_first(call: Call) -> Answer:
    """An instance is `pending`, with its interface and volumes, then `running`, much later checked."""
    reservation = launches.reserve(call)
    for instance in reservation.instances:
        _be(instance, _PENDING)
        ok_at = call.world.clock.now() + call.world.latencies.seconds("instance.status_ok")
        call.ledger(Machines).ok_at[instance.id] = ok_at
        call.later("instance.running", _run(call.site, instance))
    return {
        "ReservationId": reservation.id,
        "OwnerId": call.account,
        "Groups": [],
        "Instances": list(reservation.instances),
    }


@after("ec2", "DescribeInstanceStatus", source="EC2 User Guide: status checks")
def is_initializing_at_first(call: Call, answer: Answer) -> None:
    """The checks of a running instance are `initializing` for minutes."""
    now, ok_at = call.world.clock.now(), call.ledger(Machines).ok_at
    for status in answer.get("InstanceStatuses", ()):
        young = now < ok_at.get(status["InstanceId"], 0.0)
        for part in ("InstanceStatus", "SystemStatus") if young else ():
            if status[part]["Status"] == "ok":
                details = [{"Name": "reachability", "Status": "initializing"}]
                status[part] = {"Status": "initializing", "Details": details}


@before("ec2", "TerminateInstances", source="EC2 User Guide: termination protection")
def is_protected(call: Call) -> None:
    """OperationNotPermitted, for all of the call, while one is protected from termination."""
    for instance in _asked(call):
        if instance.disable_api_termination:
            raise OperationNotPermitted4(instance.id)


@instead("ec2", "TerminateInstances", source=f"{_SOURCE}; cdkd: 30 to 60 s")
def is_shutting_down_at_first(call: Call) -> Answer:
    """`shutting-down`, with its interface and volumes; terminating one that has ended changes nothing."""
    return {"TerminatingInstances": [_end(call.site, instance) for instance in _asked(call)]}


@before("ec2", *_STARTING, source="EC2 API Reference: error codes")
def state_must_fit(call: Call) -> None:
    """IncorrectInstanceState for an instance in a state that does not fit, such as a terminated one."""
    word, states = _STARTING[call.action]
    for instance in _asked(call):
        if instance.state not in states:
            message = f"The instance '{instance.id}' is not in a state from which it can be {word}."
            raise Refusal("IncorrectInstanceState", message)


@after("ec2", "DescribeInstances", source=_SOURCE)
def terminated_ones_have_nothing(call: Call, answer: Answer) -> None:
    """A terminated instance is listed without interfaces, addresses, groups, subnet and VPC."""
    for reservation in answer.get("Reservations", ()):
        for instance in reservation.get("Instances", ()):
            if instance["State"]["Name"] == "terminated":
                for member in _LOST:
                    instance.pop(member, None)
                instance["PrivateDnsName"] = instance["PublicDnsName"] = ""


def _asked(call: Call) -> Iterable[Instance]:
    """The instances of the call; InvalidInstanceID.NotFound for an unknown id."""
    found: list[Instance] = backends.ec2(call).get_multi_instances_by_id(call.parameters["InstanceIds"])
    return found


def _be(instance: Instance, state: tuple[int, str]) -> None:
    code, name = state
    instance._state = InstanceState(name, code)


def _told(instance: Instance) -> dict[str, Any]:
    return {"Code": instance.state_code, "Name": instance.state}


def _run(site: Site, instance: Instance) -> Action:
    def act() -> None:
        if instance.state != "pending":
            return
        if site.world.faults.strike("no-capacity", "ec2"):
            _leave(site, instance)()
            instance.state_reason = StateReason(f"{_NO_ROOM}: {_NO_ROOM_TEXT}", _NO_ROOM)
        else:
            _be(instance, _RUNNING)

    return act


def _end(site: Site, instance: Instance) -> dict[str, Any]:
    previous = _told(instance)
    if instance.state not in ("shutting-down", "terminated"):
        _be(instance, _ENDING)
        backends.elbv2(site).notify_terminate_instances([instance.id])
        site.later("instance.terminated", _leave(site, instance))
    return {"InstanceId": instance.id, "CurrentState": _told(instance), "PreviousState": previous}


def _leave(site: Site, instance: Instance) -> Action:
    def act() -> None:
        launches.release(site, instance)
        instance.terminate()
        _be(instance, _ENDED)
        gone.forget(site, _forget(site, instance))

    return act


def _forget(site: Site, instance: Instance) -> Action:
    def act() -> None:
        reservations = backends.ec2(site).reservations
        for reservation in list(reservations.values()):
            if instance in reservation.instances:
                reservation.instances.remove(instance)
            if not reservation.instances:
                del reservations[reservation.id]

    return act
