"""Tags from birth: who makes something with tags must be allowed to tag it, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.sandbox.call import Call
from provisioner.sandbox.permissions import resources, tags
from provisioner.sandbox.permissions.asks import Ask
from provisioner.sandbox.permissions.templates import arn, arns

# Prefix -> the action that tags what is being made; creating action -> what is tagged, if not what it is made as.
_TAGGING: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "elasticloadbalancing": (
        "AddTags",
        {"CreateLoadBalancer": "", "CreateTargetGroup": "", "CreateListener": "", "CreateRule": ""},
    ),
    "ecs": (
        "TagResource",
        {
            "CreateCluster": "",
            "CreateService": "",
            "RegisterTaskDefinition": "",
            "RunTask": "task/{cluster=default}/*",
        },
    ),
    "lambda": ("TagResource", {"CreateFunction": ""}),
    "logs": ("TagResource", {"CreateLogGroup": "log-group:{logGroupName}"}),
    "servicediscovery": (
        "TagResource",
        dict.fromkeys(
            ("CreateService", "CreateHttpNamespace", "CreatePrivateDnsNamespace", "CreatePublicDnsNamespace"),
            "*",
        ),
    ),
    "acm": ("AddTagsToCertificate", {"RequestCertificate": "certificate/*"}),
    "ecr": ("TagResource", {"CreateRepository": ""}),
    # Not in the Service Authorization Reference, but seen: aws-amplify/amplify-cli#12316, cloudtools/awacs#254.
    "apigateway": ("TagResource", {"CreateApi": "/apis", "CreateStage": "/apis/{ApiId}/stages"}),
    "application-autoscaling": ("TagResource", {"RegisterScalableTarget": ""}),
    "cloudwatch": ("TagResource", {"PutMetricAlarm": ""}),
    "secretsmanager": ("TagResource", {"CreateSecret": ""}),
    "rds": (
        "AddTagsToResource",
        {"CreateDBInstance": "db:{DBInstanceIdentifier}", "CreateDBSubnetGroup": "", "CreateDBSnapshot": ""},
    ),
}
_UNTAGGED_LOGS = "User with accountId: {account} is not authorized to perform CreateLogGroup with Tags"


def asks(call: Call, prefix: str) -> Iterator[Ask]:
    """The tagging action, on what is being made."""
    if prefix == "ec2":
        yield from _ec2_tags(call)
    elif prefix == "iam" and call.action.startswith("Create") and tags.brought(call.parameters):
        named = resources.named(call, prefix, call.action)
        keys = request_tags(tags.brought(call.parameters))
        yield from (Ask(f"iam:{call.action.replace('Create', 'Tag', 1)}", one, keys) for one in named)
    elif prefix in _TAGGING and call.action in _TAGGING[prefix][1]:
        yield from _other_tags(call, prefix)


def _ec2_tags(call: Call) -> Iterator[Ask]:
    if call.action == "CreateTags":
        return
    for spec in call.parameters.get("TagSpecifications", ()):
        if spec.get("Tags"):
            resource = arn(call, "ec2", f"{spec.get('ResourceType', '*')}/*")
            keys = {"ec2:CreateAction": call.action, **request_tags(tags.mapping(spec["Tags"]))}
            yield Ask("ec2:CreateTags", resource, keys)


def _other_tags(call: Call, prefix: str) -> Iterator[Ask]:
    if not (brought := tags.brought(call.parameters)):
        return
    action, creating = _TAGGING[prefix]
    template = creating[call.action]
    found = arns(call, prefix, template, call.parameters) if template else _new(call, prefix)
    said = _UNTAGGED_LOGS.format(account=call.account) if prefix == "logs" else ""
    keys = {f"{prefix}:CreateAction": call.action, **request_tags(brought)}
    yield from (Ask(f"{prefix}:{action}", one, keys, said=said) for one in found)


def _new(call: Call, prefix: str) -> list[str]:
    """What is going to be made. A listener and a rule are made in something, whose ARN theirs continues."""
    found = resources.named(call, prefix, call.action)
    if call.action == "CreateListener":
        return [one.replace(":loadbalancer/", ":listener/") + "/*" for one in found]
    if call.action == "CreateRule":
        return [one.replace(":listener/", ":listener-rule/") + "/*" for one in found]
    return found


def request_tags(brought: Mapping[str, str]) -> dict[str, Any]:
    """The condition keys of tags that a request brings."""
    return {**{f"aws:RequestTag/{key}": value for key, value in brought.items()}, "aws:TagKeys": list(brought)}
