"""On which resources EC2's actions are allowed or denied. Source: Service Authorization Reference, Amazon EC2.

Of the resource types that the reference does not require, those are here that the request names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.ec2.models import EC2Backend

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call

ACTIONS: Mapping[str, str] = {
    "CreateVpc": "vpc/*",
    "DeleteVpc ModifyVpcAttribute DescribeVpcAttribute GetSecurityGroupsForVpc": "vpc/{VpcId}",
    "CreateSubnet": "subnet/* vpc/{VpcId}",
    "DeleteSubnet ModifySubnetAttribute": "subnet/{SubnetId}",
    "CreateInternetGateway": "internet-gateway/*",
    "AttachInternetGateway DetachInternetGateway": "internet-gateway/{InternetGatewayId} vpc/{VpcId}",
    "DeleteInternetGateway": "internet-gateway/{InternetGatewayId}",
    "AllocateAddress": "elastic-ip/*",
    "ReleaseAddress": "elastic-ip/{AllocationId}",
    "AssociateAddress": "elastic-ip/{AllocationId} instance/{InstanceId} network-interface/{NetworkInterfaceId}",
    "DisassociateAddress": "elastic-ip/{@Address}",
    "CreateNatGateway": "natgateway/* elastic-ip/{AllocationId} subnet/{SubnetId} vpc/{VpcId}",
    "DeleteNatGateway": "natgateway/{NatGatewayId}",
    "CreateRouteTable": "route-table/* vpc/{VpcId}",
    "DeleteRouteTable CreateRoute DeleteRoute ReplaceRoute": "route-table/{RouteTableId}",
    "AssociateRouteTable": "route-table/{RouteTableId} subnet/{SubnetId} internet-gateway/{GatewayId}",
    "DisassociateRouteTable": "route-table/{@RouteTable} subnet/{@Subnet}",
    "ReplaceRouteTableAssociation": "route-table/{RouteTableId} subnet/{@Subnet}",
    "CreateSecurityGroup": "security-group/* vpc/{VpcId}",
    "DeleteSecurityGroup": "security-group/{GroupId}",
    "AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress": "security-group/{GroupId}",
    "RevokeSecurityGroupIngress RevokeSecurityGroupEgress": "security-group/{GroupId}",
    "ModifySecurityGroupRules": (
        "security-group/{GroupId} security-group-rule/{SecurityGroupRules.SecurityGroupRuleId}"
    ),
    "UpdateSecurityGroupRuleDescriptionsIngress": "security-group/{GroupId}",
    "UpdateSecurityGroupRuleDescriptionsEgress": "security-group/{GroupId}",
    "CreateNetworkInterface": "network-interface/* subnet/{SubnetId} security-group/{Groups}",
    "DeleteNetworkInterface": "network-interface/{NetworkInterfaceId}",
    "ModifyNetworkInterfaceAttribute": "network-interface/{NetworkInterfaceId} security-group/{Groups}",
    "CreateVpcEndpoint": (
        "vpc/{VpcId} vpc-endpoint/* route-table/{RouteTableIds} subnet/{SubnetIds} "
        "security-group/{SecurityGroupIds}"
    ),
    "ModifyVpcEndpoint": (
        "vpc-endpoint/{VpcEndpointId} route-table/{AddRouteTableIds} subnet/{AddSubnetIds} "
        "security-group/{AddSecurityGroupIds}"
    ),
    "DeleteVpcEndpoints": "vpc-endpoint/{VpcEndpointIds}",
    "CreateTransitGateway": "transit-gateway/*",
    "DeleteTransitGateway ModifyTransitGateway": "transit-gateway/{TransitGatewayId}",
    "CreateTransitGatewayVpcAttachment": (
        "transit-gateway-attachment/* transit-gateway/{TransitGatewayId} vpc/{VpcId} subnet/{SubnetIds}"
    ),
    "ModifyTransitGatewayVpcAttachment": "transit-gateway-attachment/{TransitGatewayAttachmentId}",
    "DeleteTransitGatewayVpcAttachment": "transit-gateway-attachment/{TransitGatewayAttachmentId}",
    "AcceptTransitGatewayVpcAttachment": "transit-gateway-attachment/{TransitGatewayAttachmentId}",
    "RejectTransitGatewayVpcAttachment": "transit-gateway-attachment/{TransitGatewayAttachmentId}",
    "CreateTransitGatewayRouteTable": "transit-gateway-route-table/* transit-gateway/{TransitGatewayId}",
    "DeleteTransitGatewayRouteTable": "transit-gateway-route-table/{TransitGatewayRouteTableId}",
    "CreateTransitGatewayRoute": (
        "transit-gateway-route-table/{TransitGatewayRouteTableId} "
        "transit-gateway-attachment/{TransitGatewayAttachmentId}"
    ),
    "DeleteTransitGatewayRoute SearchTransitGatewayRoutes": (
        "transit-gateway-route-table/{TransitGatewayRouteTableId}"
    ),
    "AssociateTransitGatewayRouteTable DisassociateTransitGatewayRouteTable": (
        "transit-gateway-route-table/{TransitGatewayRouteTableId} "
        "transit-gateway-attachment/{TransitGatewayAttachmentId}"
    ),
    "EnableTransitGatewayRouteTablePropagation DisableTransitGatewayRouteTablePropagation": (
        "transit-gateway-route-table/{TransitGatewayRouteTableId} "
        "transit-gateway-attachment/{TransitGatewayAttachmentId}"
    ),
    "RunInstances": (
        "image/{@Image} instance/* network-interface/* volume/* security-group/{SecurityGroupIds} "
        "security-group/{NetworkInterfaces.Groups} subnet/{SubnetId} subnet/{NetworkInterfaces.SubnetId} "
        "key-pair/{KeyName}"
    ),
    "TerminateInstances StartInstances StopInstances RebootInstances": "instance/{InstanceIds}",
    "ModifyInstanceAttribute DescribeInstanceAttribute": "instance/{InstanceId} security-group/{Groups}",
    "ModifyInstanceMetadataOptions": "instance/{InstanceId}",
    "AssociateIamInstanceProfile": "instance/{InstanceId}",
    "CreateKeyPair": "key-pair/*",
    "ImportKeyPair": "key-pair/*",
    "DeleteKeyPair": "key-pair/{KeyName}",
    "CreateTags DeleteTags": "{@Tagged}",
}

# Of which type a resource is, by the beginning of its id; the longer before the shorter.
_TYPES: Mapping[str, str] = {
    "vpc-": "vpc",
    "subnet-": "subnet",
    "igw-": "internet-gateway",
    "eipalloc-": "elastic-ip",
    "nat-": "natgateway",
    "rtb-": "route-table",
    "sgr-": "security-group-rule",
    "sg-": "security-group",
    "vpce-": "vpc-endpoint",
    "eni-": "network-interface",
    "i-": "instance",
    "vol-": "volume",
    "key-": "key-pair",
    "ami-": "image",
    "tgw-attach-": "transit-gateway-attachment",
    "tgw-rtb-": "transit-gateway-route-table",
    "tgw-": "transit-gateway",
    "fl-": "vpc-flow-log",
}


def implied(call: Call) -> dict[str, Any]:
    """What the parameters stand for without saying it: `@Subnet` of an association, and the like."""
    backend = backends.ec2(call)
    tagged = [f"{kind_of(name)}/{name}" for name in call.parameters.get("Resources", ())]
    image = str(call.parameters.get("ImageId", ""))
    found: dict[str, Any] = {"@Tagged": tagged, "@Image": "*" if image.startswith("resolve:") else image}
    if association := call.parameters.get("AssociationId"):
        found.update(_association(backend, association))
    return found


def kind_of(resource: str) -> str:
    """The type in the ARN of what has this id."""
    return next((kind for start, kind in _TYPES.items() if resource.startswith(start)), "*")


def vpc_of(call: Call, resource: str) -> str | None:
    """The id of the VPC in which something is, for the condition key `ec2:Vpc`."""
    backend = backends.ec2(call)
    kinds: tuple[Mapping[str, Any], ...] = (
        *backend.subnets.values(),
        *backend.groups.values(),
        backend.route_tables,
        backend.nat_gateways,
        backend.enis,
    )
    found = next((kind[resource] for kind in kinds if resource in kind), None)
    return getattr(found, "vpc_id", None)


def _association(backend: EC2Backend, association: str) -> dict[str, str]:
    for table in backend.route_tables.values():
        for known in table.associations:
            if known["RouteTableAssociationId"] == association:
                return {"@RouteTable": table.id, "@Subnet": known.get("SubnetId", "")}
    for address in backend.addresses:
        if address.association_id == association:
            return {"@Address": address.allocation_id or ""}
    return {}
