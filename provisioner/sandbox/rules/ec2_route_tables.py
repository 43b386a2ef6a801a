"""Route tables and what they are for."""

from __future__ import annotations

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before

_SOURCE = "EC2 API Reference: error codes"


@before(
    "ec2", "DeleteRouteTable", source="VPC User Guide: the main route table; the wording: EC2's of others in use"
)
def main_table_stays(call: Call) -> None:
    """DependencyViolation for a VPC's main table, and for one with associations."""
    table = backends.ec2(call).route_tables[call.parameters["RouteTableId"]]
    if table.main_association_id or table._associations:
        raise Refusal(
            "DependencyViolation", f"The routeTable '{table.id}' has dependencies and cannot be deleted."
        )


@before("ec2", "AssociateRouteTable", source=f"{_SOURCE}; terraform-provider-aws: route table associations")
def networks_must_be_one(call: Call) -> None:
    """InvalidParameterValue for a subnet of another VPC."""
    asked, ec2 = call.parameters, backends.ec2(call)
    table, subnet = ec2.route_tables[asked["RouteTableId"]], asked.get("SubnetId")
    if subnet and ec2.get_subnet(subnet).vpc_id != table.vpc_id:
        message = f"Route table {table.id} and subnet {subnet} belong to different networks"
        raise Refusal("InvalidParameterValue", message)


@before("ec2", "AssociateRouteTable", source="terraform-provider-aws: route table associations")
def subnet_has_one_table(call: Call) -> Answer | None:
    """Resource.AlreadyAssociated for a subnet with another table; with the same one it is as it was."""
    asked = call.parameters
    target = asked.get("SubnetId") or asked.get("GatewayId")
    for table in backends.ec2(call).route_tables.values():
        name = next((name for name, to in table._associations.items() if to == target), None)
        if name is not None and table.id == asked["RouteTableId"]:
            return {"AssociationId": name, "AssociationState": {"State": "associated"}}
        if name is not None:
            conflict = "conflicts with an existing association"
            message = f"the specified association for route table {asked['RouteTableId']} {conflict}"
            raise Refusal("Resource.AlreadyAssociated", message)
    return None


@before("ec2", "DisassociateRouteTable", source="EC2 API Reference: DisassociateRouteTable")
def main_association_stays(call: Call) -> None:
    """InvalidParameterValue for a main table's association, InvalidAssociationID.NotFound for an unknown one."""
    name = call.parameters["AssociationId"]
    tables = list(backends.ec2(call).route_tables.values())
    if any(table.main_association_id == name for table in tables):
        message = f"cannot disassociate the main route table association {name}"
        raise Refusal("InvalidParameterValue", message)
    if not any(name in table._associations for table in tables):
        raise Refusal("InvalidAssociationID.NotFound", f"The association ID '{name}' does not exist")
