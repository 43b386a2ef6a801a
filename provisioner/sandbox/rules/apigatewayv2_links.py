"""API Gateway v2: VPC links, which come and go with interfaces in our subnets."""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import EC2ClientError

from provisioner.sandbox import backends
from provisioner.sandbox.apis import http_apis
from provisioner.sandbox.apis.http_apis import Apis
from provisioner.sandbox.call import Call
from provisioner.sandbox.registry import Answer, after, before, instead
from provisioner.sandbox.rules.apigatewayv2 import bad, missing
from provisioner.sandbox.vpc import interfaces

_SOURCE = "API Gateway v2 API Reference"
_MESSAGES = {
    "PENDING": "VPC link is provisioning ENIs",
    "AVAILABLE": "VPC link is ready to route traffic",
    "DELETING": "VPC link is deleting ENIs",
    "FAILED": "VPC link could not provision ENIs: a subnet has no free address",
}


@before("apigatewayv2", "CreateVpcLink", source=f"{_SOURCE}: CreateVpcLink")
def links_have_subnets_and_groups(call: Call) -> None:
    """BadRequestException for subnets and groups that are not there, and for none."""
    ec2, given = backends.ec2(call), call.parameters
    try:
        subnets = [ec2.get_subnet(key) for key in given["SubnetIds"]]
    except EC2ClientError:
        subnets = []
    if not subnets:
        raise bad(f"Invalid subnets: {', '.join(given['SubnetIds'])}")
    for key in given.get("SecurityGroupIds", ()):
        if ec2.get_security_group_from_id(key) is None:
            raise bad(f"Invalid security group: {key}")


@after("apigatewayv2", "CreateVpcLink", source="terraform-provider-aws: apigatewayv2/wait.go")
def links_are_pending_for_minutes(call: Call, answer: Answer) -> None:
    """PENDING, then AVAILABLE, with an interface in each subnet; FAILED where a subnet has no address left."""
    links, key = call.ledger(Apis).links, answer["VpcLinkId"]
    links[key] = "PENDING"
    try:
        for subnet in call.parameters["SubnetIds"]:
            groups = call.parameters.get("SecurityGroupIds", ())
            interfaces.place(call, subnet, groups, _description(key), kind="api_gateway_managed")
    except interfaces.Full:
        links[key] = "FAILED"

    def arrive() -> None:
        if links.get(key) == "PENDING":
            links[key] = "AVAILABLE"

    call.later("api.vpc_link.available", arrive)
    _tell(call, answer)


@after("apigatewayv2", "GetVpcLink", "UpdateVpcLink", source=f"{_SOURCE}: VpcLink")
def links_tell_their_status(call: Call, answer: Answer) -> None:
    """PENDING, AVAILABLE or DELETING."""
    _tell(call, answer)


@after("apigatewayv2", "GetVpcLinks", source=f"{_SOURCE}: VpcLink")
def listed_links_tell_their_status(call: Call, answer: Answer) -> None:
    """PENDING, AVAILABLE or DELETING."""
    for told in answer["Items"]:
        _tell(call, told)


@instead("apigatewayv2", "DeleteVpcLink", source="hashicorp/terraform-provider-aws#12195")
def links_in_use_stay(call: Call) -> Answer:
    """BadRequestException while an integration goes through it; else DELETING for minutes, then gone."""
    links, key, backend = call.ledger(Apis).links, call.parameters["VpcLinkId"], backends.apis(call)
    if key not in links:
        raise missing("VpcLink", call, key)
    if users := list(http_apis.users_of(call, key)):
        raise bad(f"Cannot delete vpc link. Vpc link '{key}', is referenced in [{', '.join(users)}]")
    if links[key] == "DELETING":
        return {}
    links[key] = "DELETING"
    leaving = [one for one in backends.ec2(call).enis.values() if one.description == _description(key)]
    remove = interfaces.remover(call, leaving)

    def go() -> None:
        remove()
        del links[key]
        backend.delete_vpc_link(key)

    call.later("api.vpc_link.deleted", go)
    return {}


def _description(link: str) -> str:
    return f"VPC Link {link}"


def _tell(call: Call, told: dict[str, Any]) -> None:
    status = call.ledger(Apis).links[told["VpcLinkId"]]
    told |= {"VpcLinkStatus": status, "VpcLinkStatusMessage": _MESSAGES[status]}
