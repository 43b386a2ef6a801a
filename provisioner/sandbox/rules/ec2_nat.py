"""NAT gateways: they take their time, fail late, and hold an address and an interface until they are gone."""

from __future__ import annotations

from collections.abc import Callable

from moto.ec2.models import EC2Backend
from moto.ec2.models.nat_gateways import NatGateway

from provisioner.sandbox import backends, interfaces
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before

_ENDING = ("deleting", "deleted")


@after("ec2", "CreateNatGateway", source="EC2 API Reference: NatGateway")
def is_pending_at_first(call: Call, answer: Answer) -> None:
    """A new gateway is `pending`; its address in the subnet comes from the subnet."""
    ec2 = backends.ec2(call)
    gateway = ec2.nat_gateways[answer["NatGateway"]["NatGatewayId"]]
    _house(ec2, gateway)
    gateway.state = "pending"
    answer["NatGateway"]["State"] = "pending"
    answer["NatGateway"]["NatGatewayAddresses"][0]["PrivateIp"] = gateway._eni.private_ip_address
    if token := call.parameters.get("ClientToken"):
        answer["ClientToken"] = token
    call.later("nat_gateway.available", _arrive(ec2, gateway))


@before("ec2", "DeleteNatGateway", "DescribeNatGateways", source="EC2 API Reference: NatGateway")
def must_exist(call: Call) -> None:
    """NatGatewayNotFound for an unknown id."""
    asked = call.parameters.get("NatGatewayIds") or [call.parameters.get("NatGatewayId")]
    for gateway in filter(None, asked):
        if gateway not in backends.ec2(call).nat_gateways:
            raise Refusal("NatGatewayNotFound", f"NatGateway {gateway} was not found")


@before("ec2", "DeleteNatGateway", source="EC2 API Reference: NatGateway")
def deletes_once(call: Call) -> Answer | None:
    """Deleting one that is on its way out, or gone, changes nothing."""
    gateway = backends.ec2(call).nat_gateways[call.parameters["NatGatewayId"]]
    return {"NatGatewayId": gateway.id} if gateway.state in _ENDING else None


@after("ec2", "DeleteNatGateway", source="EC2 API Reference: NatGateway")
def is_deleting_at_first(call: Call, answer: Answer) -> None:
    """A deleted gateway is `deleting`; only when it is `deleted` are its address and interface free."""
    ec2 = backends.ec2(call)
    gateway = ec2.nat_gateways[answer["NatGatewayId"]]
    gateway.state = "deleting"
    call.later("nat_gateway.deleted", _leave(ec2, gateway))


@after("ec2", "DescribeRouteTables", source="EC2 API Reference: NatGateway")
def leaves_black_holes(call: Call, answer: Answer) -> None:
    """Routes to a gateway that is deleted stay, as `blackhole`."""
    gateways = backends.ec2(call).nat_gateways
    for table in answer.get("RouteTables", ()):
        for route in table.get("Routes", ()):
            gateway = gateways.get(route.get("NatGatewayId", ""))
            if gateway is not None and gateway.state in _ENDING:
                route["State"] = "blackhole"


@before("ec2", "CreateRoute", "ReplaceRoute", source="EC2 API Reference: NatGateway")
def route_needs_a_gateway(call: Call) -> None:
    """InvalidNatGatewayID.NotFound for a route to an unknown gateway."""
    gateway = call.parameters.get("NatGatewayId")
    if gateway and gateway not in backends.ec2(call).nat_gateways:
        message = f"The natGateway ID '{gateway}' does not exist"
        raise Refusal("InvalidNatGatewayID.NotFound", message)


def _house(ec2: EC2Backend, gateway: NatGateway) -> None:
    """Repair moto: the interface has an address from anywhere, and is nobody's."""
    interface = gateway._eni
    address = interfaces.free_address(ec2, gateway.subnet_id)
    interface.private_ip_address = address
    interface.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]
    interface._group_set = []
    interfaces.occupy(interface, f"Interface for NAT Gateway {gateway.id}", "nat_gateway")
    gateway.private_ip = address
    gateway.address_set[0]["privateIp"] = address


def _arrive(ec2: EC2Backend, gateway: NatGateway) -> Callable[[], None]:
    def act() -> None:
        if gateway.state != "pending":
            return
        if _is_cut_off(ec2, gateway):
            gateway.state = "failed"
            # moto's serialiser finds attributes by these names.
            vars(gateway)["failure_code"] = "Gateway.NotAttached"
            vars(gateway)["failure_message"] = f"Network {gateway.vpc_id} has no Internet gateway attached"
        else:
            gateway.state = "available"

    return act


def _is_cut_off(ec2: EC2Backend, gateway: NatGateway) -> bool:
    """Whether it is a public one in a VPC without an internet gateway."""
    attached = {vpc["VpcId"] for internet in ec2.internet_gateways.values() for vpc in internet.attachments}
    return gateway.connectivity_type != "private" and gateway.vpc_id not in attached


def _leave(ec2: EC2Backend, gateway: NatGateway) -> Callable[[], None]:
    def act() -> None:
        gateway.state = "deleted"
        for address in ec2.addresses:
            if address.eni is gateway._eni:
                ec2.disassociate_address(address=address.public_ip)
        interfaces.remove(ec2, gateway._eni)

    return act
