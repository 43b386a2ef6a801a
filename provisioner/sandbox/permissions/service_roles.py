"""Service-linked roles: which service makes which one, at the first use of what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from moto.iam.models import Role

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call, Site


@dataclass(frozen=True)
class ServiceRole:
    """`service` is the principal that may assume it."""

    service: str
    name: str

    @property
    def path(self) -> str:
        return f"/aws-service-role/{self.service}/"


_KNOWN = (
    ServiceRole("ecs.amazonaws.com", "AWSServiceRoleForECS"),
    ServiceRole("elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing"),
    ServiceRole("ecs.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_ECSService"),
    ServiceRole(
        "lambda.application-autoscaling.amazonaws.com",
        "AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency",
    ),
    ServiceRole("transitgateway.amazonaws.com", "AWSServiceRoleForVPCTransitGateway"),
    ServiceRole("ops.apigateway.amazonaws.com", "AWSServiceRoleForAPIGateway"),
    ServiceRole("autoscaling.amazonaws.com", "AWSServiceRoleForAutoScaling"),
    ServiceRole("rds.amazonaws.com", "AWSServiceRoleForRDS"),
    ServiceRole("spot.amazonaws.com", "AWSServiceRoleForEC2Spot"),
    ServiceRole("replicator.lambda.amazonaws.com", "AWSServiceRoleForLambdaReplicator"),
)
ECS = _KNOWN[0]
NOT_ASSUMED = "Unable to assume the service linked role. Please verify that the ECS service linked role exists."
BY_SERVICE: Mapping[str, ServiceRole] = {role.service: role for role in _KNOWN}
SUFFIXED = frozenset({"autoscaling.amazonaws.com"})
"""Services that may have several, told apart by a suffix."""

FIRST_USE: Mapping[tuple[str, str], str] = {
    ("ecs", "CreateCluster"): "ecs.amazonaws.com",
    ("ecs", "CreateService"): "ecs.amazonaws.com",
    ("elbv2", "CreateLoadBalancer"): "elasticloadbalancing.amazonaws.com",
    ("rds", "CreateDBInstance"): "rds.amazonaws.com",
    ("rds", "CreateDBSubnetGroup"): "rds.amazonaws.com",
    ("ec2", "CreateTransitGatewayVpcAttachment"): "transitgateway.amazonaws.com",
    ("apigatewayv2", "CreateVpcLink"): "ops.apigateway.amazonaws.com",
    ("application-autoscaling", "RegisterScalableTarget"): "ecs.application-autoscaling.amazonaws.com",
}


def missing(call: Call) -> ServiceRole | None:
    """The role that the service must make before it can do this."""
    service = FIRST_USE.get((call.service, call.action))
    if service is None or call.parameters.get("ServiceNamespace", "ecs") != "ecs":
        return None
    role = BY_SERVICE[service]
    return None if find(call, role.name) else role


def find(site: Site, name: str) -> Role | None:
    """By name, whose case does not count."""
    return next((role for role in backends.iam(site).get_roles() if role.name.lower() == name.lower()), None)


def linked(role: Role) -> bool:
    return str(role.path).startswith("/aws-service-role/")


def make(site: Site, role: ServiceRole, description: str = "") -> Role:
    statement = {"Effect": "Allow", "Principal": {"Service": role.service}, "Action": "sts:AssumeRole"}
    return backends.iam(site).create_role(
        role.name,
        json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        role.path,
        permissions_boundary=None,
        description=description,
        tags=[],
        max_session_duration="3600",
        linked_service=role.service,
    )


def lacking(call: Call) -> bool:
    return missing(call) is not None
