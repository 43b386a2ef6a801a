"""The security groups of an instance are those of its first interface."""

from __future__ import annotations

from moto.ec2.models.instances import Instance

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.registry import Answer, after

_SOURCE = "EC2 API Reference: ModifyInstanceAttribute"


@after("ec2", "ModifyInstanceAttribute", source=_SOURCE)
def its_interface_changes_too(call: Call, answer: Answer) -> None:
    """Other groups for an instance are those of its first interface from then on, and the former ones are free."""
    if asked := call.parameters.get("Groups"):
        _regroup(call, backends.ec2(call).get_instance(call.parameters["InstanceId"]), asked)


@after("ec2", "ModifyNetworkInterfaceAttribute", source="EC2 API Reference: ModifyNetworkInterfaceAttribute")
def its_instance_tells_them(call: Call, answer: Answer) -> None:
    """Other groups for an instance's first interface are told of the instance."""
    asked = call.parameters.get("Groups")
    interface = backends.ec2(call).enis.get(call.parameters["NetworkInterfaceId"])
    if asked and interface is not None and interface.instance is not None and interface.device_index == 0:
        _regroup(call, interface.instance, asked)


def _regroup(call: Call, instance: Instance, names: list[str]) -> None:
    """moto keeps two lists, and tells both together."""
    ec2 = backends.ec2(call)
    groups = [group for name in names if (group := ec2.get_security_group_from_id(name))]
    instance.security_groups = list(groups)
    for interface in instance.nics.values():
        if interface.device_index == 0:
            interface._group_set = list(groups)
