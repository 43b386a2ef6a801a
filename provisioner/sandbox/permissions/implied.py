"""What a call needs beside its own action: the handing on of roles, looks into other services, and the like."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.permissions import implied_databases, resources, resources_iam, service_roles, tagging
from provisioner.sandbox.permissions.asks import Ask
from provisioner.sandbox.permissions.templates import arn, values

# Service and action -> where the call names the role, and who is going to use it.
_PASSED: Mapping[tuple[str, str], tuple[tuple[str, ...], str]] = {
    ("ecs", "RegisterTaskDefinition"): (("taskRoleArn", "executionRoleArn"), "ecs-tasks.amazonaws.com"),
    ("ecs", "RunTask"): (("overrides.taskRoleArn", "overrides.executionRoleArn"), "ecs-tasks.amazonaws.com"),
    ("ecs", "StartTask"): (("overrides.taskRoleArn", "overrides.executionRoleArn"), "ecs-tasks.amazonaws.com"),
    ("ecs", "CreateService"): (("role",), "ecs.amazonaws.com"),
    ("lambda", "CreateFunction"): (("Role",), "lambda.amazonaws.com"),
    ("lambda", "UpdateFunctionConfiguration"): (("Role",), "lambda.amazonaws.com"),
    ("apigatewayv2", "CreateIntegration"): (("CredentialsArn",), "apigateway.amazonaws.com"),
    ("apigatewayv2", "UpdateIntegration"): (("CredentialsArn",), "apigateway.amazonaws.com"),
    ("application-autoscaling", "RegisterScalableTarget"): (
        ("RoleARN",),
        "application-autoscaling.amazonaws.com",
    ),
    ("ec2", "CreateFlowLogs"): (("DeliverLogsPermissionArn",), "vpc-flow-logs.amazonaws.com"),
    ("iam", "AddRoleToInstanceProfile"): (("RoleName",), "ec2.amazonaws.com"),
}
_INSTANCES = ("RunInstances", "AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation")

_ALSO: Mapping[tuple[str, str], Mapping[str, tuple[str, ...]]] = {
    ("route53", "CreateHostedZone"): {"VPC": ("ec2:DescribeVpcs",)},
    ("route53", "AssociateVPCWithHostedZone"): {"VPC": ("ec2:DescribeVpcs",)},
    ("ec2", "CreateVpcEndpoint"): {
        "SubnetIds": ("ec2:DescribeVpcs", "ec2:DescribeSubnets"),
        "SecurityGroupIds": ("ec2:DescribeSecurityGroups",),
        "PrivateDnsEnabled": ("route53:AssociateVPCWithHostedZone",),
    },
    ("servicediscovery", "CreatePrivateDnsNamespace"): {
        "Vpc": ("route53:CreateHostedZone", "route53:ListHostedZonesByName", "ec2:DescribeVpcs"),
    },
}
"""If the parameter is given, these too. Source: Service Authorization Reference, dependent actions."""


def asks(call: Call, prefix: str) -> Iterator[Ask]:
    """All of them, in the order in which services ask."""
    yield from _linked_role(call)
    for role, service in _roles(call):
        yield Ask("iam:PassRole", role, {"iam:PassedToService": service})
    yield from tagging.asks(call, prefix)
    if own := _OWN.get(call.service):
        yield from own(call)
    for parameter, actions in _ALSO.get((call.service, call.action), {}).items():
        if call.parameters.get(parameter):
            yield from map(Ask, actions)


def _logging(call: Call) -> Iterator[Ask]:
    """API Gateway sets up the delivery of access logs with the caller's permissions."""
    if call.action in ("CreateStage", "UpdateStage") and call.parameters.get("AccessLogSettings"):
        for verb in _DELIVERY:
            yield Ask(f"logs:{verb}", code="BadRequestException", said=_NO_DELIVERY)


_NO_DELIVERY = "Insufficient permissions to enable logging"
_DELIVERY = (
    "CreateLogDelivery",
    "GetLogDelivery",
    "UpdateLogDelivery",
    "DeleteLogDelivery",
    "ListLogDeliveries",
    "DescribeResourcePolicies",
    "PutResourcePolicy",
    "DescribeLogGroups",
)


def _linked_role(call: Call) -> Iterator[Ask]:
    if role := service_roles.missing(call):
        resource = arn(call, "iam", f"role{role.path}{role.name}")
        told = {"code": "InvalidParameterException", "said": service_roles.NOT_ASSUMED}
        ecs = told if call.service == "ecs" else {}
        yield Ask("iam:CreateServiceLinkedRole", resource, {"iam:AWSServiceName": role.service}, **ecs)


def _roles(call: Call) -> Iterator[tuple[str, str]]:
    """The roles that are handed on, and to whom."""
    paths, service = _PASSED.get((call.service, call.action), ((), ""))
    for path in paths:
        for name in values(call.parameters, path):
            yield name if name.startswith("arn:") else resources_iam.arn_of(call, "role", name), service
    if call.service == "ecs" and call.action in ("RunTask", "StartTask"):
        yield from ((role, service) for role in _task_roles(call))
    if call.service == "ec2" and call.action in _INSTANCES:
        yield from ((role, "ec2.amazonaws.com") for role in _profile_roles(call))


def _task_roles(call: Call) -> Iterable[str]:
    """moto leaves out what a task definition has none of."""
    family, _, revision = resources.revision(call).partition(":")
    known = backends.ecs(call).task_definitions.get(family, {})
    definition = known.get(int(revision)) if revision.isdigit() else None
    roles = (getattr(definition, name, None) for name in ("task_role_arn", "execution_role_arn"))
    return [role for role in roles if role]


def _profile_roles(call: Call) -> Iterator[str]:
    asked = call.parameters.get("IamInstanceProfile") or {}
    for profile in backends.iam(call).instance_profiles.values():
        if profile.name == asked.get("Name") or profile.arn == asked.get("Arn"):
            yield from (role.arn for role in profile.roles)


def _image(call: Call) -> Iterator[Ask]:
    """A parameter that stands for an image is read with the caller's permissions; AWS's own are nobody's.

    Source: Systems Manager User Guide, "Native parameter support for Amazon Machine Image IDs".
    """
    name = str(call.parameters.get("ImageId", "")).partition("resolve:ssm:")[2]
    if call.action == "RunInstances" and name:
        resource = arn(call, "ssm", f"parameter/{name.lstrip('/')}")
        nobodys = resource.replace(f":{call.account}:", "::", 1)
        yield Ask("ssm:GetParameters", nobodys if name.startswith("/aws/service/") else resource)


def _scaling(call: Call) -> Iterator[Ask]:
    """Application Auto Scaling lets nobody scale what they may not change themselves, nor with others' alarms.

    Sources: Application Auto Scaling User Guide, "Permissions validation for API calls on target resources"; ECS
    Developer Guide, "IAM permissions required for Amazon ECS service auto scaling".
    """
    asked = call.parameters
    if asked.get("ServiceNamespace") != "ecs" or call.action not in ("RegisterScalableTarget", "PutScalingPolicy"):
        return
    service = arn(call, "ecs", str(asked.get("ResourceId", "")))
    yield from (Ask(f"ecs:{verb}", service, code="ValidationException") for verb in _SCALED)
    if asked.get("PolicyType") == "TargetTrackingScaling":
        yield from (Ask(f"cloudwatch:{verb}", code="ValidationException") for verb in _ALARMS)


_SCALED = ("DescribeServices", "UpdateService")
_ALARMS = ("DescribeAlarms", "PutMetricAlarm", "DeleteAlarms")


def _network(call: Call) -> Iterator[Ask]:
    """Lambda looks at the function's network with the caller's permissions."""
    network = call.parameters.get("VpcConfig") or {}
    groups, subnets = network.get("SecurityGroupIds", []), network.get("SubnetIds", [])
    asked = [("DescribeSecurityGroups", one) for one in groups] + [("DescribeSubnets", one) for one in subnets]
    if subnets:
        vpc = next((zone[subnets[0]].vpc_id for zone in _zones(call) if subnets[0] in zone), "")
        asked.append(("DescribeVpcs", vpc))
    for action, one in asked:
        yield Ask(f"ec2:{action}", said=_DENIED_BY_EC2.format(action=action, resource=one))


_DENIED_BY_EC2 = (
    "Your access has been denied by EC2, please make sure your request credentials have permission to {action} "
    "for {resource}. EC2 Error Code: UnauthorizedOperation. EC2 Error Message: You are not authorized to perform "
    "this operation."
)


def _zones(call: Call) -> Iterable[Mapping[str, Any]]:
    return backends.ec2(call).subnets.values()


_OWN: Mapping[str, Callable[[Call], Iterator[Ask]]] = {
    "apigatewayv2": _logging,
    "application-autoscaling": _scaling,
    "ec2": _image,
    "lambda": _network,
    "rds": implied_databases.asks,
}
"""What no table says, by service."""
