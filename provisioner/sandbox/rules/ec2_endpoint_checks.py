"""What AWS refuses to make a VPC endpoint of, and to make of one."""

from __future__ import annotations

from collections.abc import Iterable

from moto.ec2.exceptions import InvalidSubnetIdError
from moto.ec2.models.subnets import Subnet

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import before
from provisioner.sandbox.vpc import endpoints
from provisioner.sandbox.vpc.endpoints import GATEWAY, INTERFACE

_SOURCE = "EC2 API Reference: CreateVpcEndpoint"
_TWICE = (
    "Found another VPC endpoint subnet in the availability zone of {}. VPC endpoint subnets should be in "
    "different availability zones supported by the VPC endpoint service."
)
# The parameters that only one kind of endpoint takes, and what AWS says of them for another.
_ONLY = {
    "SubnetIds": (INTERFACE, "Subnet IDs", "Interface and GatewayLoadBalancer type VPC Endpoints"),
    "SecurityGroupIds": (INTERFACE, "Security group IDs", "Interface type VPC Endpoint"),
    "RouteTableIds": (GATEWAY, "Route table IDs", "Gateway type VPC Endpoint"),
}
_NO_DNS = (
    "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for {}"
)
_TAKEN = "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {} in the VPC {}"


@before("ec2", "CreateVpcEndpoint", source=_SOURCE)
def vpc_must_exist(call: Call) -> None:
    """InvalidVpcId.NotFound for an unknown VPC."""
    vpc = call.parameters["VpcId"]
    if vpc not in backends.ec2(call).vpcs:
        raise Refusal("InvalidVpcId.NotFound", f"The Vpc Id {vpc} does not exist")


@before("ec2", "CreateVpcEndpoint", source="terraform-aws-modules/terraform-aws-vpc#481; the kind: from memory")
def service_must_have_endpoints(call: Call) -> None:
    """InvalidServiceName for an unknown service, InvalidParameter for one with another kind of endpoint."""
    name, kind = call.parameters["ServiceName"], call.parameters.get("VpcEndpointType", GATEWAY)
    kinds = endpoints.kinds(call, name)
    if not kinds:
        raise Refusal("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    if kind not in kinds:
        message = f"Endpoint type ({kind}) does not match available service types ([{', '.join(kinds)}])."
        raise Refusal("InvalidParameter", message)


@before("ec2", "CreateVpcEndpoint", source="ansible-collections/amazon.aws#576; nanlabs/terraform-aws-starter#18")
def kind_must_take_the_parameters(call: Call) -> None:
    """InvalidParameter for subnets or groups of a gateway endpoint, and for route tables of an interface one."""
    kind = call.parameters.get("VpcEndpointType", GATEWAY)
    for name, (of, noun, kinds) in _ONLY.items():
        if call.parameters.get(name) and kind != of:
            raise Refusal("InvalidParameter", f"{noun} are only supported for {kinds}.")


@before("ec2", "CreateVpcEndpoint", source="terraform-aws-modules/terraform-aws-vpc#451 and #583")
def subnets_must_fit(call: Call) -> None:
    """InvalidSubnetId.NotFound for an unknown subnet, DuplicateSubnetsInSameZone for two in one zone."""
    check_subnets(call, call.parameters["VpcId"], call.parameters.get("SubnetIds", ()))


@before("ec2", "CreateVpcEndpoint", source="EC2 API Reference: error codes")
def groups_must_fit(call: Call) -> None:
    """InvalidGroup.NotFound for an unknown group, InvalidParameter for one of another VPC."""
    check_groups(call, call.parameters["VpcId"], call.parameters.get("SecurityGroupIds", ()))


@before("ec2", "CreateVpcEndpoint", source="eksctl-io/eksctl#2510; EC2 API Reference: error codes")
def route_tables_must_fit(call: Call) -> None:
    """InvalidRouteTableId.NotFound for an unknown table, RouteAlreadyExists for one that has such an endpoint."""
    asked = call.parameters
    check_tables(call, asked["VpcId"], asked["ServiceName"], asked.get("RouteTableIds", ()))


@before("ec2", "CreateVpcEndpoint", source=f"{_SOURCE}; terraform-provider-aws#17535")
def private_names_must_be_free(call: Call) -> None:
    """InvalidParameter unless the VPC has both DNS attributes and no other endpoint has the names, or just had."""
    asked = call.parameters
    if asked.get("VpcEndpointType") == INTERFACE and asked.get("PrivateDnsEnabled", True):
        check_names(call, asked["VpcId"], asked["ServiceName"])


@before("ec2", "DeleteRoute", source="VPC User Guide: gateway endpoints; the wording from memory")
def endpoint_routes_stay(call: Call) -> None:
    """InvalidParameterValue for the route of a gateway endpoint, which goes with its endpoint."""
    prefix_list, table = call.parameters.get("DestinationPrefixListId"), call.parameters["RouteTableId"]
    if prefix_list and any(prefix_list == one for one in _routed(call, table)):
        message = f"cannot remove VPC endpoint route {prefix_list} in route table {table}"
        raise Refusal("InvalidParameterValue", message)


def check_subnets(call: Call, vpc: str, added: Iterable[str], present: Iterable[str] = ()) -> None:
    """Refuse subnets that are unknown, of another VPC, or in a zone in which there is one."""
    zones = {_subnet(call, vpc, subnet).availability_zone for subnet in present}
    for name in added:
        zone = _subnet(call, vpc, name).availability_zone
        if zone in zones:
            raise Refusal("DuplicateSubnetsInSameZone", _TWICE.format(name))
        zones.add(zone)


def check_groups(call: Call, vpc: str, groups: Iterable[str]) -> None:
    """Refuse groups that are unknown or of another VPC."""
    for name in groups:
        group = backends.ec2(call).get_security_group_from_id(name)
        if group is None:
            raise Refusal("InvalidGroup.NotFound", f"The security group '{name}' does not exist")
        if group.vpc_id != vpc:
            raise Refusal("InvalidParameter", f"Security group {name} does not belong to VPC {vpc}")


def check_tables(call: Call, vpc: str, service: str, tables: Iterable[str]) -> None:
    """Refuse route tables that are unknown, of another VPC, or have an endpoint for the service already."""
    for name in tables:
        table = backends.ec2(call).route_tables.get(name)
        if table is None:
            raise Refusal("InvalidRouteTableId.NotFound", f"The route table '{name}' does not exist")
        if table.vpc_id != vpc:
            raise Refusal("InvalidParameter", f"Route table {name} does not belong to VPC {vpc}")
        wanted = endpoints.prefix_list(call, endpoints.short(call, service)).id
        if wanted in _routed(call, name):
            message = f"route table {name} already has a route with destination-prefix-list-id {wanted}"
            raise Refusal("RouteAlreadyExists", message)


def check_names(call: Call, vpc: str, service: str, but: str = "") -> None:
    """Refuse private names in a VPC without DNS, or where another endpoint has them."""
    found = backends.ec2(call).get_vpc(vpc)
    if not (found.enable_dns_support and found.enable_dns_hostnames):
        raise Refusal("InvalidParameter", _NO_DNS.format(vpc))
    for name in endpoints.private_names(call, service):
        if endpoints.name_is_taken(call, vpc, name, but):
            raise Refusal("InvalidParameter", _TAKEN.format(name, vpc))


def _subnet(call: Call, vpc: str, name: str) -> Subnet:
    try:
        subnet = backends.ec2(call).get_subnet(name)
    except InvalidSubnetIdError:
        raise Refusal("InvalidSubnetId.NotFound", f"The subnet ID '{name}' does not exist") from None
    if subnet.vpc_id != vpc:
        raise Refusal("InvalidParameter", f"Subnet {name} does not belong to VPC {vpc}")
    return subnet


def _routed(call: Call, table: str) -> set[str]:
    """The prefix lists that go from the route table to endpoints."""
    found = backends.ec2(call).route_tables.get(table)
    routes = found.routes if found else []
    lists = ((route.destination_prefix_list_id, str(route.gateway_id)) for route in routes)
    return {wanted for wanted, gateway in lists if wanted and gateway.startswith("vpce-")}
