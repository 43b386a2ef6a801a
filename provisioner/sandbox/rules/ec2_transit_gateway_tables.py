"""Route tables of transit gateways: which attachments they serve, and which ones they learn routes from."""

from __future__ import annotations

from collections.abc import Iterator

from moto.ec2.models import EC2Backend
from moto.ec2.models.transit_gateway_route_tables import RouteTableAssociation, TransitGatewayRouteTable

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.clock import Action
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before
from provisioner.sandbox.vpc import attachments
from provisioner.sandbox.vpc.attachments import VpcAttachment

_ASSOCIATE = "AssociateTransitGatewayRouteTable"
_DISASSOCIATE = "DisassociateTransitGatewayRouteTable"
_PROPAGATE = "EnableTransitGatewayRouteTablePropagation"
_FORGET = "DisableTransitGatewayRouteTablePropagation"
_DELETE = "DeleteTransitGatewayRouteTable"
_SOURCE = "EC2 API Reference: transit gateway route tables"


@before(
    "ec2",
    _ASSOCIATE,
    _DISASSOCIATE,
    _PROPAGATE,
    _FORGET,
    _DELETE,
    "CreateTransitGatewayRoute",
    "GetTransitGatewayRouteTableAssociations",
    "GetTransitGatewayRouteTablePropagations",
    source="terraform-provider-aws#6670",
)
def table_must_be_there(call: Call) -> None:
    """InvalidRouteTableID.NotFound for a route table that is unknown, or deleted."""
    name = call.parameters["TransitGatewayRouteTableId"]
    table = backends.ec2(call).transit_gateways_route_tables.get(name)
    if table is None or table.state == "deleted":
        message = f"Transit Gateway Route Table {name} was deleted or does not exist."
        raise Refusal("InvalidRouteTableID.NotFound", message)


@before("ec2", _ASSOCIATE, _PROPAGATE, "CreateTransitGatewayRoute", source="terraform-provider-aws#29178")
def attachment_must_be_available(call: Call) -> None:
    """InvalidTransitGatewayAttachmentID.NotFound for an unknown one, IncorrectState until it is available."""
    name = call.parameters.get("TransitGatewayAttachmentId")
    found = backends.ec2(call).transit_gateway_attachments.get(name) if name else None
    if name and (found is None or found.state == "deleted"):
        message = f"Transit Gateway Attachment {name} was deleted or does not exist."
        raise Refusal("InvalidTransitGatewayAttachmentID.NotFound", message)
    if found is not None and found.state not in ("available", "modifying"):
        raise Refusal("IncorrectState", f"{name} is in invalid state")


@before("ec2", _ASSOCIATE, source="awsdocs/aws-transit-gateway-guide#13")
def attachment_has_one_table(call: Call) -> None:
    """Resource.AlreadyAssociated for an attachment that is associated with a route table."""
    name = call.parameters["TransitGatewayAttachmentId"]
    if any(name in table.route_table_associations for table in _tables(backends.ec2(call))):
        message = f"Transit Gateway Attachment {name} is already associated to a route table."
        raise Refusal("Resource.AlreadyAssociated", message)


@before("ec2", _DISASSOCIATE, source="EC2 API Reference: error codes")
def association_must_be_there(call: Call) -> None:
    """InvalidAssociation.NotFound for an attachment that is not associated with this route table."""
    table, name = _table(call), call.parameters["TransitGatewayAttachmentId"]
    if name not in table.route_table_associations:
        message = f"Transit Gateway Attachment {name} is not associated to Transit Gateway Route Table {table.id}."
        raise Refusal("InvalidAssociation.NotFound", message)


@before("ec2", _PROPAGATE, source="from memory")
def propagates_once(call: Call) -> None:
    """TransitGatewayRouteTablePropagation.Duplicate for an attachment that propagates to this route table."""
    table, name = _table(call), call.parameters["TransitGatewayAttachmentId"]
    if name in _sources(table):
        message = f"Propagation {name} already exists in Transit Gateway Route Table {table.id}."
        raise Refusal("TransitGatewayRouteTablePropagation.Duplicate", message)


@before("ec2", _FORGET, source="from memory")
def propagation_must_be_there(call: Call) -> None:
    """TransitGatewayRouteTablePropagation.NotFound for an attachment that does not propagate to the table."""
    table, name = _table(call), call.parameters["TransitGatewayAttachmentId"]
    if name not in _sources(table):
        message = f"Propagation {name} does not exist in Transit Gateway Route Table {table.id}."
        raise Refusal("TransitGatewayRouteTablePropagation.NotFound", message)


@before("ec2", _DELETE, source=f"{_SOURCE}; the code from memory")
def table_is_used(call: Call) -> None:
    """IncorrectState for a route table with associations, and for a default one."""
    table = _table(call)
    default = table.default_association_route_table or table.default_propagation_route_table
    if default or table.route_table_associations:
        raise Refusal("IncorrectState", f"{table.id} is in invalid state")


@after("ec2", _ASSOCIATE, source=_SOURCE)
def is_associating_at_first(call: Call, answer: Answer) -> None:
    """An association is `associating` for a while."""
    name = call.parameters["TransitGatewayAttachmentId"]
    association = _table(call).route_table_associations[name]
    association.state = answer["Association"]["State"] = "associating"
    _note(backends.ec2(call), name, "associating")
    call.later("transit_gateway.route", _associated(backends.ec2(call), association))


@after("ec2", _PROPAGATE, source=_SOURCE)
def is_enabling_at_first(call: Call, answer: Answer) -> None:
    """A propagation is `enabling` for a while."""
    name = call.parameters["TransitGatewayAttachmentId"]
    propagation = next(one for one in _table(call).route_table_propagation if _of(one) == name)
    propagation.state = answer["Propagation"]["State"] = "enabling"
    call.later("transit_gateway.route", _become(propagation, "enabling", "enabled"))


def join_defaults(one: VpcAttachment) -> None:
    """Associate a new attachment with the gateway's default route tables, as far as it has them."""
    ec2, options = one.gateway.ec2_backend, one.gateway.options
    if table := options.get("AssociationDefaultRouteTableId"):
        ec2.associate_transit_gateway_route_table(one.id, table)
    if table := options.get("PropagationDefaultRouteTableId"):
        ec2.enable_transit_gateway_route_table_propagation(one.id, table)


def leave_tables(one: VpcAttachment) -> None:
    """Take a deleted attachment out of all route tables; static routes to it stay, as black holes."""
    ec2 = one.gateway.ec2_backend
    one._association_data = {}
    for table in _tables(ec2):
        table.route_table_associations.pop(one.id, None)
        table.route_table_propagation = [other for other in table.route_table_propagation if _of(other) != one.id]
    ec2.transit_gateway_associations.pop(one.id, None)
    ec2.transit_gateway_propagations.pop(one.id, None)


def _table(call: Call) -> TransitGatewayRouteTable:
    return backends.ec2(call).transit_gateways_route_tables[call.parameters["TransitGatewayRouteTableId"]]


def _tables(ec2: EC2Backend) -> Iterator[TransitGatewayRouteTable]:
    return (table for table in ec2.transit_gateways_route_tables.values() if table.state != "deleted")


def _sources(table: TransitGatewayRouteTable) -> set[str]:
    return {_of(one) for one in table.route_table_propagation}


def _of(one: RouteTableAssociation) -> str:
    return one.transitGatewayAttachmentId


def _become(one: RouteTableAssociation, old: str, new: str) -> Action:
    def act() -> None:
        if one.state == old:
            one.state = new

    return act


def _associated(ec2: EC2Backend, association: RouteTableAssociation) -> Action:
    def act() -> None:
        if association.state == "associating":
            association.state = "associated"
            _note(ec2, _of(association), "associated")

    return act


def _note(ec2: EC2Backend, name: str, state: str) -> None:
    """Have the attachment tell the state of its association, too."""
    one = ec2.transit_gateway_attachments.get(name)
    if isinstance(one, VpcAttachment) and one.state not in attachments.GONE:
        one._association_data["state"] = state
