"""From a call to all that its caller must be allowed. Source: Service Authorization Reference."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from moto.core.utils import get_service_model

from provisioner.sandbox.call import Call
from provisioner.sandbox.permissions import implied, resources, resources_ec2, tagging, tags
from provisioner.sandbox.permissions.asks import Ask
from provisioner.sandbox.permissions.templates import arn, expand

# Where the prefix of a service's actions is not the name that its requests are signed for.
_PREFIXES: Mapping[str, str] = {"cloudwatch": "cloudwatch", "resourcegroupstaggingapi": "tag"}
_RENAMED: Mapping[tuple[str, str], str] = {("lambda", "Invoke"): "InvokeFunction"}

_FREE = frozenset(
    {
        ("sts", "GetCallerIdentity"),
        ("sts", "GetSessionToken"),
        ("sts", "AssumeRole"),
        ("sts", "AssumeRoleWithSAML"),
        ("sts", "AssumeRoleWithWebIdentity"),
    }
)
"""What nobody needs a permission for; who may assume a role, its own policy says too (see the rules of STS)."""

# Prefix -> condition key -> the parameter, or the ARN made of it.
_KEYS: Mapping[str, Mapping[str, str]] = {
    "ec2": {"ec2:InstanceType": "{InstanceType}"},
    "ecs": {"ecs:cluster": "cluster/{cluster}", "ecs:task-definition": "task-definition/{taskDefinition}"},
    "elasticloadbalancing": {
        "elasticloadbalancing:Scheme": "{Scheme}",
        "elasticloadbalancing:Subnet": "{Subnets}",
        "elasticloadbalancing:SecurityGroup": "{SecurityGroups}",
        "elasticloadbalancing:ListenerProtocol": "{Protocol}",
    },
    "lambda": {
        "lambda:Principal": "{Principal}",
        "lambda:FunctionUrlAuthType": "{FunctionUrlAuthType}",
        "lambda:SubnetIds": "{VpcConfig.SubnetIds}",
        "lambda:SecurityGroupIds": "{VpcConfig.SecurityGroupIds}",
    },
    "iam": {
        "iam:PolicyARN": "{PolicyArn}",
        "iam:PermissionsBoundary": "{PermissionsBoundary}",
        "iam:AWSServiceName": "{AWSServiceName}",
    },
    "application-autoscaling": {
        "application-autoscaling:service-namespace": "{ServiceNamespace}",
        "application-autoscaling:scalable-dimension": "{ScalableDimension}",
    },
    "acm": {"acm:DomainNames": "{DomainName}", "acm:ValidationMethod": "{ValidationMethod}"},
    "route53": {
        "route53:ChangeResourceRecordSetsActions": "{ChangeBatch.Changes.Action}",
        "route53:ChangeResourceRecordSetsRecordTypes": "{ChangeBatch.Changes.ResourceRecordSet.Type}",
    },
}


def asks(call: Call) -> Iterator[Ask]:
    """All that must be allowed for the call to be executed, its own action first."""
    if (call.service, call.action) in _FREE:
        return
    prefix = prefix_of(call.service)
    if prefix == "apigateway":
        yield _of_gateway(call)
    else:
        action = _RENAMED.get((call.service, call.action), call.action)
        keys = _own_keys(call, prefix)
        for resource in resources.named(call, prefix, action):
            yield Ask(f"{prefix}:{action}", resource, {**keys, **_resource_keys(call, prefix, resource)})
    yield from implied.asks(call, prefix)


@cache
def prefix_of(service: str) -> str:
    """What the actions of a service begin with."""
    return _PREFIXES.get(service) or str(get_service_model(service).signing_name)


def _of_gateway(call: Call) -> Ask:
    """API Gateway's actions are HTTP's methods, its resources the paths."""
    operation = get_service_model(call.service).operation_model(call.action)
    members = operation.input_shape.members if operation.input_shape else {}
    named = {member.serialization.get("name", name): call.parameters.get(name) for name, member in members.items()}
    http: dict[str, Any] = operation.http
    path = re.sub(r"\{(\w+)\+?\}", lambda hole: str(named.get(hole[1]) or ""), http["requestUri"])
    resource = arn(call, "apigateway", path.removeprefix("/v2"))
    brought = tags.brought(call.parameters)
    return Ask(f"apigateway:{http['method']}", resource, tagging.request_tags(brought) if brought else {})


def _own_keys(call: Call, prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, template in _KEYS.get(prefix, {}).items():
        given = [arn(call, prefix, one) if "/" in template else one for one in expand(template, call.parameters)]
        if given:
            found[key] = given
    if call.action == "ChangeResourceRecordSets":
        names = expand("{ChangeBatch.Changes.ResourceRecordSet.Name}", call.parameters)
        found[_RECORDS] = [_normalized(name) for name in names]
    return found


_RECORDS = "route53:ChangeResourceRecordSetsNormalizedRecordNames"


def _normalized(name: str) -> str:
    """Lower case, no dot at the end, unusual characters as octal numbers.

    Source: Route 53 Developer Guide, "Normalizing the Route 53 condition key values".
    """
    return re.sub(r"[^a-z0-9._\\-]", lambda found: f"\\{ord(found[0]):03o}", name.lower().removesuffix("."))


def _resource_keys(call: Call, prefix: str, resource: str) -> dict[str, Any]:
    """Keys of tags that the request brings and the resource has, and where it is."""
    found: dict[str, Any] = {}
    for key, value in tags.of(call, resource).items():
        found[f"aws:ResourceTag/{key}"] = found[f"{prefix}:ResourceTag/{key}"] = value
    found.update(_request_keys(call, prefix, resource))
    if prefix == "ec2":
        found["ec2:Region"] = call.region
        vpc = call.parameters.get("VpcId") or resources_ec2.vpc_of(call, resource.rpartition("/")[2])
        if vpc:
            found["ec2:Vpc"] = arn(call, "ec2", f"vpc/{vpc}")
    return found


def _request_keys(call: Call, prefix: str, resource: str) -> dict[str, Any]:
    """In EC2 only what is being made or tagged has request tags, each type those that are meant for it."""
    if prefix == "ec2" and call.action not in ("CreateTags", "DeleteTags"):
        kind = resource.rpartition(":")[2].removesuffix("/*")
        brought = tags.brought(call.parameters, kind) if resource.endswith("/*") else {}
        return tagging.request_tags(brought) if brought else {}
    given = tags.keys(call.parameters)
    return {**tagging.request_tags(tags.brought(call.parameters)), "aws:TagKeys": given} if given else {}
