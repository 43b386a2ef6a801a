"""VPCs."""

from __future__ import annotations

import ipaddress

from moto.ec2.models.vpcs import VPC

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.clock import Action
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead
from provisioner.sandbox.vpc.tagging import specified

_ATTRIBUTES = ("EnableDnsSupport", "EnableDnsHostnames", "EnableNetworkAddressUsageMetrics")


@instead("ec2", "CreateVpc", source="EC2 API Reference: CreateVpc")
def is_pending_at_first(call: Call) -> Answer:
    """`pending`, then `available`; 10.0.0.5/16 becomes 10.0.0.0/16. InvalidVpc.Range beyond /16 to /28."""
    asked = call.parameters
    if "CidrBlock" not in asked:
        raise Refusal("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    vpc = backends.ec2(call).create_vpc(
        canonical(asked["CidrBlock"]),
        asked.get("InstanceTenancy", "default"),
        asked.get("AmazonProvidedIpv6CidrBlock", False),
        asked.get("Ipv6CidrBlockNetworkBorderGroup", call.region),
    )
    vpc.add_tags(specified(call))
    vpc.state = "pending"
    call.later("vpc.available", _become_available(vpc))
    return {"Vpc": vpc}


@before("ec2", "ModifyVpcAttribute", source="EC2 API Reference: ModifyVpcAttribute; the wording from memory")
def attributes_change_one_by_one(call: Call) -> None:
    """InvalidParameterCombination for two attributes in one call."""
    asked = [name for name in _ATTRIBUTES if name in call.parameters]
    if len(asked) > 1:
        message = f"Fields for multiple attribute types specified: {', '.join(asked)}"
        raise Refusal("InvalidParameterCombination", message)


@before("ec2", "ModifyVpcAttribute", source="EC2 API Reference: ModifyVpcAttribute; the wording from memory")
def names_need_resolution(call: Call) -> None:
    """InvalidParameterValue for DNS host names in a VPC without DNS support."""
    vpc = backends.ec2(call).vpcs[call.parameters["VpcId"]]
    if call.parameters.get("EnableDnsHostnames", {}).get("Value") and not vpc.enable_dns_support:
        message = f"DNS hostnames cannot be enabled for {vpc.id} while DNS support is disabled."
        raise Refusal("InvalidParameterValue", message)


@after("ec2", "DeleteVpc", source="EC2 API Reference: DeleteVpc")
def takes_its_network_acl_along(call: Call, answer: Answer) -> None:
    """Repair moto, which leaves the VPC's own network ACL."""
    acls = backends.ec2(call).network_acls
    for acl in list(acls.values()):
        if acl.vpc_id == call.parameters["VpcId"]:
            del acls[acl.id]


def canonical(cidr: str) -> str:
    """The range with its first address, as AWS keeps it; what is no range stays as it is."""
    try:
        return str(ipaddress.ip_network(cidr, strict=False))
    except ValueError:
        return cidr


def _become_available(vpc: VPC) -> Action:
    def act() -> None:
        vpc.state = "available"

    return act
