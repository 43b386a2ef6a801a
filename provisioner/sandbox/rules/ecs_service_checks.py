"""What ECS refuses of a service before it exists or changes.

Rules run in the order in which they stand here.
"""

from __future__ import annotations

from typing import Any

from moto.ecs.models import TaskDefinition

from provisioner.sandbox import backends, trust
from provisioner.sandbox.call import Call
from provisioner.sandbox.containers import awsvpc, clusters, definitions
from provisioner.sandbox.containers.services import Services, completed
from provisioner.sandbox.elb import balancers
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before

_INVALID = "InvalidParameterException"
_BOTH = ("CreateService", "UpdateService")
_REFERENCE = "ECS API Reference: CreateService"
_THREADS = "messages from public issue threads"
_PRINCIPAL = "ecs-tasks.amazonaws.com"
_FORCE = (
    "When switching from launch type to capacity provider strategy on an existing service, or making a change to "
    "a capacity provider strategy on a service that is already using one, you must force a new deployment."
)


@before("ecs", *_BOTH, source=f"{_REFERENCE}, ClusterNotFoundException")
def cluster_must_live(call: Call) -> None:
    """ClusterNotFoundException for an unknown or INACTIVE cluster."""
    clusters.active(call)


@before("ecs", "CreateService", source=f"terraform-provider-aws#14489, #2283; {_THREADS}")
def name_of_a_living_service_is_taken(call: Call) -> Answer | None:
    """InvalidParameterException while it is ACTIVE or DRAINING; same token, same parameters: that service."""
    former = call.ledger(Services).find(clusters.name(call), call.parameters["serviceName"])
    if former is None or former.status == "INACTIVE":
        return None
    if former.status == "DRAINING":
        raise Refusal(_INVALID, "Unable to Start a service that is still Draining.")
    if call.parameters.get("clientToken") and former.asked == call.parameters:
        return {"service": {**former.view(), "tags": former.told.tags}}
    raise Refusal(_INVALID, "Creation of service was not idempotent.")


@before("ecs", *_BOTH, source=f"{_REFERENCE}; {_THREADS}")
def definition_must_be_active(call: Call) -> None:
    """ClientException for an unknown or INACTIVE task definition; InvalidParameterException if it is not given."""
    name = call.parameters.get("taskDefinition")
    if name is None:
        if call.action == "CreateService":
            raise Refusal(_INVALID, "TaskDefinition can not be blank.")
        return
    found = definitions.find(call, name)
    if found is None:
        raise Refusal("ClientException", "TaskDefinition not found.")
    if found.status != "ACTIVE":
        raise Refusal("ClientException", "TaskDefinition is inactive")


@before("ecs", *_BOTH, "RunTask", source="ECS API Reference: RunTask, launchType")
def launch_type_or_capacity_providers(call: Call) -> None:
    """InvalidParameterException for both, or for a provider that the cluster has not."""
    asked = call.parameters
    strategy = asked.get("capacityProviderStrategy", ())
    if asked.get("launchType") and strategy:
        message = "Specifying both a launch type and capacity provider strategy is not supported."
        raise Refusal(_INVALID, f"{message} Remove one and try again.")
    own = clusters.active(call).capacity_providers or ()
    for item in strategy:
        if item["capacityProvider"] not in own:
            message = "The specified capacity provider strategy cannot contain a capacity provider that is not"
            raise Refusal(_INVALID, f"{message} associated with the cluster. Associate it and try again.")


@before("ecs", "UpdateService", source="pipe-cd/pipecd#6385, reproio/ecs_deploy#74: the message in full")
def other_capacity_needs_a_new_deployment(call: Call) -> None:
    """InvalidParameterException for another capacity provider strategy without forceNewDeployment."""
    asked = call.parameters
    service = call.ledger(Services).find(clusters.name(call), asked.get("service", ""))
    if service is None or "capacityProviderStrategy" not in asked or asked.get("forceNewDeployment"):
        return
    wanted, known = asked["capacityProviderStrategy"], service.settings.get("capacityProviderStrategy", [])
    if [_full(item) for item in wanted] != [_full(item) for item in known]:
        raise Refusal(_INVALID, _FORCE)


def _full(item: dict[str, Any]) -> dict[str, Any]:
    return {"base": 0, "weight": 0, **item}


@before("ecs", *_BOTH, source=f"{_REFERENCE}, desiredCount")
def count_is_not_negative(call: Call) -> None:
    """InvalidParameterException below 0, or without any for a new service."""
    count = call.parameters.get("desiredCount")
    if count is None and call.action == "CreateService":
        raise Refusal(_INVALID, "Desired count can not be null.")
    if count is not None and count < 0:
        raise Refusal(_INVALID, "Desired count can not be negative.")


@before("ecs", *_BOTH, source="ECS API Reference: DeploymentConfiguration")
def percentages_leave_room(call: Call) -> None:
    """InvalidParameterException if there may be no more tasks than there must, or fewer than none."""
    if "deploymentConfiguration" not in call.parameters:
        return
    told = completed(call.parameters)["deploymentConfiguration"]
    least, most = told["minimumHealthyPercent"], told["maximumPercent"]
    if least < 0 or most < 0:
        raise Refusal(_INVALID, "Deployment configuration percentages can not be negative.")
    if most <= least:
        message = f"maximumPercent ({most}) must be greater than minimumHealthyPercent ({least})."
        raise Refusal(_INVALID, f"Invalid deployment configuration: {message}")


@before("ecs", "CreateService", source="ECS API Reference: healthCheckGracePeriodSeconds")
def grace_period_needs_a_load_balancer(call: Call) -> None:
    """InvalidParameterException without one."""
    if call.parameters.get("healthCheckGracePeriodSeconds") and not call.parameters.get("loadBalancers"):
        message = "Health check grace period is only valid for services configured to use load balancers"
        raise Refusal(_INVALID, message)


@before("ecs", *_BOTH, "RunTask", source=f"{_REFERENCE}, networkConfiguration; {_THREADS}")
def network_must_fit(call: Call) -> None:
    """InvalidParameterException without one, for unknown or foreign subnets and groups, or too many."""
    definition, network = _definition(call), awsvpc.of(call.parameters)
    wanted = call.action != "UpdateService" and definition is not None and definition.network_mode == "awsvpc"
    if network is None and wanted:
        message = "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        raise Refusal(_INVALID, message)
    if network is not None:
        awsvpc.check(call, network)


@before("ecs", "CreateService", "RunTask", source=f"{_REFERENCE}, launchType; {_THREADS}")
def definition_must_be_for_fargate(call: Call) -> None:
    """InvalidParameterException if Fargate is wanted and the task definition is not made for it."""
    definition, asked = _definition(call), call.parameters
    providers = {item["capacityProvider"] for item in asked.get("capacityProviderStrategy", ())}
    wanted = asked.get("launchType") == "FARGATE" or providers & set(clusters.FARGATE)
    if wanted and definition is not None and not definitions.fargate(definition):
        raise Refusal(_INVALID, "Task definition does not support launch_type FARGATE.")


@before("ecs", *_BOTH, source=f"{_REFERENCE}, loadBalancers; {_THREADS}")
def target_groups_must_fit(call: Call) -> None:
    """InvalidParameterException for one that is unknown, of instances, or that no listener forwards to."""
    for balancer in call.parameters.get("loadBalancers", ()):
        if arn := balancer.get("targetGroupArn"):
            _check_group(call, arn)


@before("ecs", *_BOTH, source=f"{_REFERENCE}, loadBalancers; {_THREADS}")
def targets_must_be_containers_ports(call: Call) -> None:
    """InvalidParameterException for a container or port that the task definition has not."""
    definition = _definition(call)
    for balancer in _balancers(call):
        name, port = balancer["containerName"], balancer["containerPort"]
        known = definitions.ports(definition, name) if definition is not None else None
        if known is None:
            raise Refusal(_INVALID, f"The container {name} does not exist in the task definition.")
        if port not in known:
            raise Refusal(_INVALID, f"The container {name} did not have a container port {port} defined.")


@before("ecs", *_BOTH, "RunTask", source=f"terraform-provider-aws: ecs/service.go; {_THREADS}")
def roles_must_be_assumable(call: Call) -> None:
    """InvalidParameterException for one that does not trust ecs-tasks.amazonaws.com, or is too young."""
    named = "taskDefinition" in call.parameters
    definition = _definition(call) if named else None
    for name in ("execution_role_arn", "task_role_arn"):
        role = getattr(definition, name, None)
        if role and not trust.assumable(call, role, _PRINCIPAL, "ecs"):
            message = f"ECS was unable to assume the role '{role}' that was provided for this task."
            proper = "Please verify that the role being passed has the proper trust relationship and permissions"
            raise Refusal(
                _INVALID, f"{message} {proper} and that your IAM user has permissions to pass this role."
            )


def _definition(call: Call) -> TaskDefinition | None:
    """The one that is named, or that the service has."""
    if name := call.parameters.get("taskDefinition"):
        return definitions.find(call, name)
    service = call.ledger(Services).find(clusters.name(call), call.parameters.get("service", ""))
    return service.definition if service else None


def _balancers(call: Call) -> list[dict[str, Any]]:
    """Those that are named, or that the service has."""
    service = call.ledger(Services).find(clusters.name(call), call.parameters.get("service", ""))
    given = call.parameters.get("loadBalancers", service.settings["loadBalancers"] if service else [])
    return [balancer for balancer in given if "containerName" in balancer]


def _check_group(call: Call, arn: str) -> None:
    group = backends.elbv2(call).target_groups.get(arn)
    if group is None:
        raise Refusal(_INVALID, f"The specified target group does not exist. (targetGroupArn {arn})")
    if group.target_type != "ip":
        what = f"has target type {group.target_type}, which is incompatible with the awsvpc network mode"
        raise Refusal(_INVALID, f"The provided target group {arn} {what} specified in the task definition.")
    if not balancers.using(call, arn):
        message = f"The target group with targetGroupArn {arn} does not have an associated load balancer."
        raise Refusal(_INVALID, message)
