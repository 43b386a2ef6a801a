"""Elastic IP addresses and the interfaces that have them."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_ip_addresses import ElasticAddress
from moto.ec2.models.elastic_network_interfaces import NetworkInterface

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, instead

_SOURCE = "EC2 API Reference: AssociateAddress"


@instead("ec2", "AssociateAddress", source=f"{_SOURCE}; error codes")
def moves_from_one_to_another(call: Call) -> Answer:
    """An address moves, unless AllowReassociation is false: then Resource.AlreadyAssociated.

    Gateway.NotAttached without an internet gateway, IncorrectInstanceState for a pending instance, AuthFailure for
    an address that one of AWS's own interfaces has.
    """
    ec2 = backends.ec2(call)
    address, interface = _address(call), _interface(call)
    if address.eni is interface:
        return {"AssociationId": address.association_id}
    _check_target(ec2, interface)
    _free(ec2, address, call.parameters.get("AllowReassociation", True))
    for other in ec2.addresses:
        if other.eni is interface:
            ec2.disassociate_address(address=other.public_ip)
    ec2.associate_address(eni=interface, address=address.public_ip)
    vars(address)["instance"] = interface.instance
    return {"AssociationId": address.association_id}


@after("ec2", "AllocateAddress", source="EC2 API Reference: AllocateAddress")
def comes_from_amazons_pool(call: Call, answer: Answer) -> None:
    """From Amazon's pool, in this region."""
    answer.update({"PublicIpv4Pool": "amazon", "NetworkBorderGroup": call.region})


def _address(call: Call) -> ElasticAddress:
    asked, ec2 = call.parameters, backends.ec2(call)
    if allocation := asked.get("AllocationId"):
        found = ec2.address_by_allocation([allocation])
    elif public := asked.get("PublicIp"):
        found = ec2.address_by_ip([public])
    else:
        message = "Either public IP or allocation id must be specified"
        raise Refusal("MissingParameter", message)
    return found[0]


def _interface(call: Call) -> NetworkInterface:
    asked, ec2 = call.parameters, backends.ec2(call)
    if name := asked.get("NetworkInterfaceId"):
        return ec2.enis[name]
    if "InstanceId" not in asked:
        raise Refusal("MissingParameter", "Either instance id or network interface id must be specified")
    instance: Any = ec2.get_instance(asked["InstanceId"])
    first: NetworkInterface = instance.nics[0]
    return first


def _check_target(ec2: EC2Backend, interface: NetworkInterface) -> None:
    vpc = interface.subnet.vpc_id
    gateways = ec2.internet_gateways.values()
    if not any(attached["VpcId"] == vpc for gateway in gateways for attached in gateway.attachments):
        raise Refusal("Gateway.NotAttached", f"Network {vpc} is not attached to any internet gateway")
    if interface.instance is not None and interface.instance.state == "pending":
        message = f"The pending instance to which '{interface.id}' is attached is not in a valid state for this"
        raise Refusal("IncorrectInstanceState", f"{message} operation")


def _free(ec2: EC2Backend, address: ElasticAddress, may_move: bool) -> None:
    holder: NetworkInterface | None = address.eni
    if holder is None:
        return
    if holder.requester_managed:
        raise Refusal("AuthFailure", "You do not have permission to access the specified resource.")
    if not may_move:
        message = (
            f"resource {address.allocation_id} is already associated with associate-id {address.association_id}"
        )
        raise Refusal("Resource.AlreadyAssociated", message)
    ec2.disassociate_address(address=address.public_ip)
