"""EC2's lists come in pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass

from moto.ec2.models import EC2Backend

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before

_LEAST, _MOST = 5, 1000


@dataclass(frozen=True)
class Pages:
    """Under which key a call lists, what is an item's id, how many come at most, and what they are listed of."""

    listed: str
    id: str
    kept: Callable[[EC2Backend], Sized]
    most: int = _MOST


def _of_zones(ec2: EC2Backend) -> Sized:
    return [name for zone in ec2.subnets.values() for name in zone]


def _of_vpcs(ec2: EC2Backend) -> Sized:
    return [name for of_vpc in ec2.groups.values() for name in of_vpc]


def _of_groups(ec2: EC2Backend) -> Sized:
    groups = (group for of_vpc in ec2.groups.values() for group in of_vpc.values())
    return [rule.id for group in groups for rule in (*group.ingress_rules, *group.egress_rules)]


_PAGES: Mapping[str, Pages] = {
    "DescribeInternetGateways": Pages("InternetGateways", "InternetGatewayId", lambda ec2: ec2.internet_gateways),
    "DescribeNatGateways": Pages("NatGateways", "NatGatewayId", lambda ec2: ec2.nat_gateways),
    "DescribeNetworkAcls": Pages("NetworkAcls", "NetworkAclId", lambda ec2: ec2.network_acls),
    "DescribeNetworkInterfaces": Pages("NetworkInterfaces", "NetworkInterfaceId", lambda ec2: ec2.enis),
    "DescribeRouteTables": Pages("RouteTables", "RouteTableId", lambda ec2: ec2.route_tables, 100),
    "DescribeSecurityGroupRules": Pages("SecurityGroupRules", "SecurityGroupRuleId", _of_groups),
    "DescribeSecurityGroups": Pages("SecurityGroups", "GroupId", _of_vpcs),
    "DescribeSubnets": Pages("Subnets", "SubnetId", _of_zones),
    "DescribeTransitGateways": Pages("TransitGateways", "TransitGatewayId", lambda ec2: ec2.transit_gateways),
    "DescribeTransitGatewayVpcAttachments": Pages(
        "TransitGatewayVpcAttachments",
        "TransitGatewayAttachmentId",
        lambda ec2: ec2.transit_gateway_attachments,
    ),
    "DescribeVpcEndpoints": Pages("VpcEndpoints", "VpcEndpointId", lambda ec2: ec2.vpc_end_points),
    "DescribeVpcs": Pages("Vpcs", "VpcId", lambda ec2: ec2.vpcs),
}


def _is_long(call: Call) -> bool:
    pages = _PAGES[call.action]
    asked = call.parameters.keys() & {"MaxResults", "NextToken"}
    return bool(asked) or len(pages.kept(backends.ec2(call))) > pages.most


@before("ec2", *_PAGES, source="aws/aws-sdk-ruby#2575; EC2 API Reference: error codes")
def page_must_be_readable(call: Call) -> None:
    """InvalidParameterValue for pages of less than five items, InvalidNextToken for what is no token."""
    wanted = call.parameters.get("MaxResults", _LEAST)
    if wanted < _LEAST:
        message = (
            f"Value ( {wanted} ) for parameter maxResults is invalid. Expecting a value greater than {_LEAST}."
        )
        raise Refusal("InvalidParameterValue", message)
    _last_seen(call)


@after("ec2", *_PAGES, when=_is_long, source="EC2 API Reference: MaxResults, NextToken")
def lists_come_in_pages(call: Call, answer: Answer) -> None:
    """As many items as MaxResults says, a hundred route tables or a thousand of others at most, and a token."""
    pages, seen = _PAGES[call.action], _last_seen(call)
    items = sorted(answer.get(pages.listed, ()), key=lambda item: str(item[pages.id]))
    left = [item for item in items if item[pages.id] > seen]
    most = min(call.parameters.get("MaxResults", pages.most), pages.most)
    answer[pages.listed] = left[:most]
    if len(left) > most:
        answer["NextToken"] = base64.b64encode(str(left[most - 1][pages.id]).encode()).decode()
    else:
        answer.pop("NextToken", None)


def _last_seen(call: Call) -> str:
    """The id after which the page begins."""
    try:
        return base64.b64decode(call.parameters.get("NextToken") or "", validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        raise Refusal("InvalidNextToken", "The specified NextToken is not valid.") from None
