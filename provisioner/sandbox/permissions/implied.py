"""What a call needs beside its own action: the handing on of roles, looks into other services, and the like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.permissions import resources, resources_iam, service_roles, tagging
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

_ALSO: Mapping[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("route53", "CreateHostedZone"): ("VPC", ("ec2:DescribeVpcs",)),
    ("route53", "AssociateVPCWithHostedZone"): ("VPC", ("ec2:DescribeVpcs",)),
    ("ec2", "CreateVpcEndpoint"): ("PrivateDnsEnabled", ("route53:AssociateVPCWithHostedZone",)),
    ("servicediscovery", "CreatePrivateDnsNamespace"): (
        "Vpc",
        ("route53:CreateHostedZone", "route53:ListHostedZonesByName", "ec2:DescribeVpcs"),
    ),
}
"""If the parameter is given, these too."""


def asks(call: Call, prefix: str) -> Iterator[Ask]:
    """All of them, in the order in which services ask."""
    yield from _linked_role(call)
    for role, service in _roles(call):
        yield Ask("iam:PassRole", role, {"iam:PassedToService": service})
    yield from tagging.asks(call, prefix)
    if call.service == "lambda":
        yield from _network(call)
    if call.service == "apigatewayv2":
        yield from _logging(call)
    if call.service == "rds" and call.parameters.get("ManageMasterUserPassword"):
        yield from _managed_password(call)
    parameter, actions = _ALSO.get((call.service, call.action), ("", ()))
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


def _managed_password(call: Call) -> Iterator[Ask]:
    """RDS makes the secret with the caller's permissions. Source: RDS User Guide, "Password management"."""
    secret = arn(call, "secretsmanager", "secret:rds!db-????????-????-????-????-????????????-??????")
    yield Ask("kms:DescribeKey", arn(call, "kms", "key/aws/secretsmanager"))
    yield Ask("secretsmanager:CreateSecret", secret)
    yield Ask("secretsmanager:TagResource", secret)


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
