"""ECS services: what becomes of calls that are not refused."""

from __future__ import annotations

from typing import Any

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.containers import clusters, definitions, discovery, scheduler
from provisioner.sandbox.containers.services import Service, Services
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, instead

_AT_ONCE = 10


@instead("ecs", "CreateService", source="ECS API Reference: CreateService, Service")
def service_keeps_all_its_parameters(call: Call) -> Answer:
    """It is ACTIVE at once, its tasks come later. moto keeps the tags, our own notes the rest."""
    given = dict(call.parameters)
    definition = definitions.find(call, given["taskDefinition"])
    if definition is None:
        raise Refusal("ClientException", "TaskDefinition not found.")
    strategy = clusters.active(call).default_capacity_provider_strategy
    if "launchType" not in given and "capacityProviderStrategy" not in given:
        given |= {"capacityProviderStrategy": strategy} if strategy else {"launchType": "EC2"}
    told = backends.ecs(call).create_service(
        clusters.name(call), given["serviceName"], given["desiredCount"], definition.arn, tags=given.get("tags")
    )
    service = Service(call.site, told, definition, given)
    service.asked = call.parameters
    call.ledger(Services).by_arn[service.arn] = service
    discovery.connect(service, service.deploy())
    scheduler.wake(service)
    return {"service": {**service.view(), "tags": given.get("tags", [])}}


@instead("ecs", "UpdateService", source="ECS API Reference: UpdateService")
def update_is_applied(call: Call) -> Answer:
    """A new deployment if tasks have to be replaced. ServiceNotActiveException once it is DRAINING or INACTIVE."""
    service = _find(call)
    if service.status != "ACTIVE":
        raise Refusal("ServiceNotActiveException", "Service was not ACTIVE.")
    wanted = call.parameters.get("taskDefinition")
    deployment = service.change(call.parameters, definitions.find(call, wanted) if wanted else None)
    if deployment is not None:
        discovery.connect(service, deployment)
    service.told.desired_count = service.desired
    scheduler.wake(service)
    return {"service": service.view()}


@instead("ecs", "DeleteService", source="ECS API Reference: DeleteService")
def service_drains(call: Call) -> Answer:
    """DRAINING, then INACTIVE. InvalidParameterException above 0 tasks unless forced."""
    service = _find(call)
    if service.status == "INACTIVE":
        raise Refusal("ServiceNotFoundException", "Service not found.")
    if service.status == "ACTIVE":
        if service.desired and not call.parameters.get("force"):
            message = "The service cannot be stopped while it is scaled above 0."
            raise Refusal("InvalidParameterException", message)
        scheduler.drain(service)
    return {"service": service.view()}


@instead("ecs", "DescribeServices", source="ECS API Reference: DescribeServices")
def ended_services_are_still_described(call: Call) -> Answer:
    """All that are known by these names, as INACTIVE after their end; failures for the others. Ten at most."""
    asked = call.parameters["services"]
    clusters.known(call)
    if not asked or len(asked) > _AT_ONCE:
        empty = "Services cannot be empty."
        many = f"services can have at most {_AT_ONCE} items."
        raise Refusal("InvalidParameterException", many if asked else empty)
    answer: Answer = {"services": [], "failures": []}
    for name in asked:
        service = call.ledger(Services).find(clusters.name(call), name)
        if service is None:
            answer["failures"].append({"arn": _arn(call, name), "reason": "MISSING"})
        else:
            answer["services"].append(_described(call, service))
    return answer


@instead("ecs", "ListServices", source="ECS API Reference: ListServices")
def only_living_services_are_listed(call: Call) -> Answer:
    """ACTIVE and DRAINING ones, by launch type if one is asked for."""
    clusters.known(call)
    wanted = call.parameters.get("launchType")
    living = [one for one in call.ledger(Services).of_cluster(clusters.name(call)) if one.status != "INACTIVE"]
    chosen = [one for one in living if wanted in (None, one.settings.get("launchType"))]
    return {"serviceArns": sorted(service.arn for service in chosen)}


def _find(call: Call) -> Service:
    clusters.active(call)
    service = call.ledger(Services).find(clusters.name(call), call.parameters["service"])
    if service is None:
        raise Refusal("ServiceNotFoundException", "Service not found.")
    return service


def _described(call: Call, service: Service) -> dict[str, Any]:
    tags = {"tags": service.told.tags} if "TAGS" in call.parameters.get("include", ()) else {}
    return {**service.view(), **tags}


def _arn(call: Call, name: str) -> str:
    prefix = f"arn:aws:ecs:{call.region}:{call.account}:service/{clusters.name(call)}"
    return name if name.startswith("arn:") else f"{prefix}/{name}"
