"""IAM: service-linked roles, made by hand or at the first use of their service."""

from __future__ import annotations

from typing import Any

from moto.iam.models import Role

from provisioner.sandbox.call import Call
from provisioner.sandbox.permissions import service_roles
from provisioner.sandbox.permissions.service_roles import ServiceRole
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, after, before, instead
from provisioner.sandbox.trust import births

_FIRST = "Using service-linked roles, in the guide of each service"


@instead("iam", "CreateServiceLinkedRole", source="Rayraegah/terraform-aws-hasura#17, tf_aws_elasticsearch#23")
def one_role_a_service(call: Call) -> Answer:
    """InvalidInput for the second one of a service, and for a suffix where there can be just one."""
    service, suffix = call.parameters["AWSServiceName"], call.parameters.get("CustomSuffix", "")
    if suffix and service not in service_roles.SUFFIXED:
        raise Refusal("InvalidInput", f"Custom suffix is not allowed for {service}")
    wanted = service_roles.BY_SERVICE.get(service) or ServiceRole(service, _name(service))
    if suffix:
        wanted = ServiceRole(service, f"{wanted.name}_{suffix}")
    if service_roles.find(call, wanted.name):
        taken = f"Service role name {wanted.name} has been taken in this account"
        raise Refusal("InvalidInput", f"{taken}, please try a different suffix.")
    return {"Role": _told(service_roles.make(call, wanted, call.parameters.get("Description", "")))}


def _made_at_first_use(call: Call, answer: Answer) -> None:
    """The service makes its service-linked role if the account has none yet."""
    if role := service_roles.missing(call):
        service_roles.make(call, role)
        notes = births(call)
        notes.at[role.name] = call.world.clock.now()
        notes.usable[role.name] = call.world.latencies.lag("iam.linked_role.usable")


@before("ecs", "CreateCluster", "CreateService", source="terraform-provider-aws#15452; containers-roadmap#2614")
def linked_roles_are_young_too(call: Call) -> None:
    """InvalidParameterException while ECS itself cannot assume yet the role that its first use has made."""
    notes, name = births(call), service_roles.ECS.name
    age = call.world.clock.now() - notes.at.get(name, float("-inf"))
    if age < notes.usable.get(name, 0.0):
        raise Refusal("InvalidParameterException", service_roles.NOT_ASSUMED)


for _service, _action in service_roles.FIRST_USE:
    after(_service, _action, source=_FIRST, when=service_roles.lacking)(_made_at_first_use)


def _name(service: str) -> str:
    """Of a service that is not known here: its own name, as most of them do it."""
    return "AWSServiceRoleFor" + "".join(part.capitalize() for part in service.split(".")[0].split("-"))


def _told(role: Role) -> dict[str, Any]:
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.create_date,
        "AssumeRolePolicyDocument": role.assume_role_policy_document,
        "Description": role.description,
        "MaxSessionDuration": 3600,
    }
