"""Tags of what EC2 makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before

_INVALID = "InvalidParameterValue"
_KEY, _VALUE, _MANY = 128, 256, 50
_RESERVED = "aws:"
_SOURCE = "EC2 User Guide: tag restrictions"
# What each call makes that can have tags.
_TAGGABLE: Mapping[str, tuple[str, ...]] = {
    "AllocateAddress": ("elastic-ip",),
    "AuthorizeSecurityGroupEgress": ("security-group-rule",),
    "AuthorizeSecurityGroupIngress": ("security-group-rule",),
    "CreateFlowLogs": ("vpc-flow-log",),
    "CreateInternetGateway": ("internet-gateway",),
    "CreateKeyPair": ("key-pair",),
    "CreateNatGateway": ("natgateway",),
    "CreateNetworkAcl": ("network-acl",),
    "CreateNetworkInterface": ("network-interface",),
    "CreateRouteTable": ("route-table",),
    "CreateSecurityGroup": ("security-group",),
    "CreateSubnet": ("subnet",),
    "CreateTransitGateway": ("transit-gateway",),
    "CreateTransitGatewayRouteTable": ("transit-gateway-route-table",),
    "CreateTransitGatewayVpcAttachment": ("transit-gateway-attachment",),
    "CreateVolume": ("volume",),
    "CreateVpc": ("vpc",),
    "CreateVpcEndpoint": ("vpc-endpoint",),
    "RunInstances": ("instance", "volume", "network-interface", "spot-instances-request", "elastic-gpu"),
}
# moto's names of types, and AWS's.
_TYPES = {
    "nat-gateway": "natgateway",
    "vpc-elastic-ip": "elastic-ip",
    "flow-logs": "vpc-flow-log",
}


@before("ec2", *_TAGGABLE, source=f"{_SOURCE}; the wording: terraform-provider-aws, moto")
def type_must_fit_the_call(call: Call) -> None:
    """InvalidParameterValue for tags for a type of thing that the call does not make."""
    for specification in call.parameters.get("TagSpecifications", ()):
        kind = specification.get("ResourceType", "")
        if kind not in _TAGGABLE[call.action]:
            raise Refusal(_INVALID, f"'{kind}' is not a valid taggable resource type for this operation.")


@before("ec2", "CreateTags", "DeleteTags", *_TAGGABLE, source=_SOURCE)
def some_tags_are_reserved(call: Call) -> None:
    """InvalidParameterValue for keys that begin with `aws:`."""
    if any(str(tag.get("Key", "")).startswith(_RESERVED) for tags in _asked(call) for tag in tags):
        raise Refusal(_INVALID, f"Tag keys starting with '{_RESERVED}' are reserved for internal use")


@before("ec2", "CreateTags", *_TAGGABLE, source=_SOURCE)
def tags_have_limits(call: Call) -> None:
    """InvalidParameterValue for long or repeated keys and long values, TagLimitExceeded for more than fifty."""
    for tags in _asked(call):
        keys = [str(tag["Key"]) for tag in tags]
        if any(len(key) > _KEY for key in keys):
            raise Refusal(_INVALID, f"Tag key exceeds the maximum length of {_KEY} characters")
        if any(len(str(tag.get("Value", ""))) > _VALUE for tag in tags):
            raise Refusal(_INVALID, f"Tag value exceeds the maximum length of {_VALUE} characters")
        if repeated := next((key for key in keys if keys.count(key) > 1), None):
            raise Refusal(_INVALID, f"Duplicate tag key '{repeated}' specified.")
        if len(keys) > _MANY:
            raise Refusal("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")


@after("ec2", "DescribeTags", source="EC2 API Reference: TagSpecification")
def types_have_their_own_names(call: Call, answer: Answer) -> None:
    """`natgateway`, `elastic-ip`."""
    for tag in answer.get("Tags", ()):
        tag["ResourceType"] = _TYPES.get(tag["ResourceType"], tag["ResourceType"])


def _asked(call: Call) -> list[list[dict[str, Any]]]:
    """The tags for each thing."""
    specifications = call.parameters.get("TagSpecifications", ())
    return [*(list(one.get("Tags", ())) for one in specifications), list(call.parameters.get("Tags", ()))]
