"""ECS services."""

from __future__ import annotations

from typing import Any

from moto.ecs.models import TaskDefinition

from provisioner.sandbox import backends, trust
from provisioner.sandbox.call import Call
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before, instead
from provisioner.sandbox.services import Service, Services

_INVALID = "InvalidParameterException"


@before("ecs", "CreateService", source="ECS API Reference")
def name_of_a_living_service_is_taken(call: Call) -> Answer | None:
    """InvalidParameterException while it is ACTIVE or DRAINING; same token, same parameters: that service."""
    former = call.ledger(Services).find(_cluster(call), call.parameters["serviceName"])
    if former is None or former.status == "INACTIVE":
        return None
    if call.parameters.get("clientToken") and former.asked == call.parameters:
        return {"service": {**former.view(), "tags": former.told.tags}}
    raise Refusal(_INVALID, "Creation of service was not idempotent.")


@before("ecs", "CreateService", source="ECS API Reference")
def target_groups_need_a_load_balancer(call: Call) -> None:
    """InvalidParameterException for a target group that no listener forwards to."""
    for balancer in call.parameters.get("loadBalancers", ()):
        group = balancer.get("targetGroupArn")
        if group and not backends.elbv2(call)._any_listener_using(group):
            message = f"The target group with targetGroupArn {group} does not have an associated load balancer."
            raise Refusal(_INVALID, message)


@before("ecs", "CreateService", source="ECS API Reference")
def young_roles_cannot_be_assumed(call: Call) -> None:
    """Under the fault `unassumable`: InvalidParameterException for a task definition with too young a role."""
    definition = backends.ecs(call).describe_task_definition(call.parameters["taskDefinition"])
    for name in ("execution_role_arn", "task_role_arn"):
        role = getattr(definition, name, None)
        if role and trust.too_young(call, role):
            message = f"ECS was unable to assume the role '{role}' that was provided for this task."
            raise Refusal(_INVALID, f"{message} Please verify that the role being passed has the proper trust")


@instead("ecs", "CreateService", source="ECS API Reference")
def service_keeps_all_its_parameters(call: Call) -> Answer:
    """moto checks cluster, subnets and groups and keeps the tags; the service lives in our own notes."""
    backend, given = backends.ecs(call), call.parameters
    if backend._get_cluster(_cluster(call)).status != "ACTIVE":
        raise Refusal("ClusterNotFoundException", "Cluster not found.")
    definition = _definition(call, given["taskDefinition"])
    told = backend.create_service(
        _cluster(call),
        given["serviceName"],
        int(given.get("desiredCount", 0)),
        task_definition_str=definition.arn,
        tags=given.get("tags"),
        launch_type=given.get("launchType", "FARGATE"),
        network_configuration=_network(given),
    )
    service = Service(call, told, definition)
    call.ledger(Services).by_arn[service.arn] = service
    return {"service": {**service.view(), "tags": given.get("tags", [])}}


@instead("ecs", "UpdateService", source="ECS API Reference")
def update_is_applied(call: Call) -> Answer:
    """Every parameter; a new deployment if tasks have to be replaced. ServiceNotActiveException after the end."""
    service = _find(call)
    if service.status != "ACTIVE":
        raise Refusal("ServiceNotActiveException", "Service was not ACTIVE.")
    if network := _network(call.parameters):
        service.told._validate_network(network)
    wanted = call.parameters.get("taskDefinition")
    service.update(call, _definition(call, wanted) if wanted else service.definition)
    service.told.desired_count = service.desired
    return {"service": service.view()}


@instead("ecs", "DeleteService", source="ECS API Reference")
def service_drains(call: Call) -> Answer:
    """DRAINING, then INACTIVE. InvalidParameterException above 0 tasks unless forced."""
    service = _find(call)
    if service.status == "INACTIVE":
        raise Refusal("ServiceNotFoundException", "Service not found.")
    if service.status == "ACTIVE":
        if service.desired and not call.parameters.get("force"):
            raise Refusal(_INVALID, "The service cannot be stopped while it is scaled above 0.")
        service.drain()
    return {"service": service.view()}


@instead("ecs", "DescribeServices", source="ECS API Reference")
def ended_services_are_still_described(call: Call) -> Answer:
    """All that are known by these names, as INACTIVE after their end; failures for the others."""
    backends.ecs(call)._get_cluster(_cluster(call))
    answer: Answer = {"services": [], "failures": []}
    for asked in call.parameters["services"]:
        service = call.ledger(Services).find(_cluster(call), asked)
        if service is None:
            answer["failures"].append({"arn": _arn(call, asked), "reason": "MISSING"})
        else:
            answer["services"].append(_described(call, service))
    return answer


@instead("ecs", "ListServices", source="ECS API Reference")
def only_living_services_are_listed(call: Call) -> Answer:
    """ACTIVE and DRAINING ones."""
    backends.ecs(call)._get_cluster(_cluster(call))
    services = call.ledger(Services).of_cluster(_cluster(call))
    return {"serviceArns": sorted(service.arn for service in services if service.status != "INACTIVE")}


def _cluster(call: Call) -> str:
    return str(call.parameters.get("cluster", "default")).rpartition("/")[2]


def _find(call: Call) -> Service:
    backends.ecs(call)._get_cluster(_cluster(call))
    service = call.ledger(Services).find(_cluster(call), call.parameters["service"])
    if service is None:
        raise Refusal("ServiceNotFoundException", "Service not found.")
    return service


def _described(call: Call, service: Service) -> dict[str, Any]:
    tags = {"tags": service.told.tags} if "TAGS" in call.parameters.get("include", ()) else {}
    return {**service.view(), **tags}


def _definition(call: Call, name: str) -> TaskDefinition:
    definition = backends.ecs(call).describe_task_definition(name)
    if definition.status != "ACTIVE":
        raise Refusal("ClientException", "TaskDefinition is inactive")
    return definition


def _network(given: dict[str, Any]) -> dict[str, Any] | None:
    """moto fails if the groups are left out."""
    network = given.get("networkConfiguration", {}).get("awsvpcConfiguration")
    return {"awsvpcConfiguration": {"securityGroups": [], **network}} if network else None


def _arn(call: Call, name: str) -> str:
    prefix = f"arn:aws:ecs:{call.region}:{call.account}:service/{_cluster(call)}"
    return name if name.startswith("arn:") else f"{prefix}/{name}"
