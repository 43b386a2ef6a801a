"""ECS services in Cloud Map: as Service Connect makes them known there, and in registries of the user's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from moto.servicediscovery.models import Namespace, ServiceInstance
from moto.servicediscovery.models import Service as Registry

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.containers import definitions
from provisioner.sandbox.containers.deployments import Deployment
from provisioner.sandbox.containers.services import Service, Services
from provisioner.sandbox.containers.tasks import Task
from provisioner.sandbox.dns import namespaces
from provisioner.sandbox.network import mesh

_ADDRESS, _PORT = "AWS_INSTANCE_IPV4", "AWS_INSTANCE_PORT"


def enabled(settings: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The Service Connect configuration, unless there is none or it is off."""
    told: Mapping[str, Any] | None = settings.get("serviceConnectConfiguration")
    return told if told and told["enabled"] else None


def namespace_of(site: Site, settings: Mapping[str, Any], cluster: str) -> Namespace | None:
    """The one that is named, or else the cluster's."""
    told = enabled(settings) or {}
    default = backends.ecs(site).clusters[cluster].service_connect_defaults or {}
    key = told.get("namespace") or default.get("namespace")
    return namespaces.find(site, key) if key else None


def names(told: Mapping[str, Any]) -> dict[str, str]:
    """Under which name each named port is discovered."""
    return {one["portName"]: one.get("discoveryName", one["portName"]) for one in told.get("services", ())}


def connect(service: Service, deployment: Deployment) -> None:
    """Have Cloud Map know the names under which the service's ports are found."""
    told = enabled(deployment.settings)
    space = namespace_of(service.site, deployment.settings, service.cluster_name)
    if told is not None and space is not None:
        for name in names(told).values():
            made = namespaces.register(service.site, space, name)
            deployment.connected.append({"discoveryName": name, "discoveryArn": made.arn})


def names_for(service: Service, deployment: Deployment) -> mesh.Names:
    """What the proxy of a task that starts now answers for: all that its namespace has, from whatever cluster."""
    space = namespace_of(service.site, deployment.settings, service.cluster_name)
    if enabled(deployment.settings) is None or space is None:
        return {}
    site = service.site
    offers = [one for other in site.ledger(Services).by_arn.values() for one in _offers(other, space)]
    return {alias: partial(_behind, site, space, name) for alias, name in offers}


def enter(service: Service, task: Task) -> None:
    """Tell where a task that runs is found."""
    for registry, port in _registries(service, task):
        attributes = {
            _ADDRESS: task.address,
            **({_PORT: str(port)} if port else {}),
            "AVAILABILITY_ZONE": str(task.interface.subnet.availability_zone),
            "AWS_INIT_HEALTH_STATUS": "HEALTHY",
            "ECS_CLUSTER_NAME": service.cluster_name,
            "ECS_SERVICE_NAME": service.name,
            "ECS_TASK_DEFINITION_FAMILY": task.definition.family,
            "REGION": service.site.region,
        }
        instance = ServiceInstance(registry.id, task.id, attributes=attributes)
        namespaces.enter(service.site, registry, instance)


def leave(service: Service, task: Task) -> None:
    for registry, _ in _registries(service, task):
        namespaces.leave(service.site, registry, task.id)


def close(service: Service) -> None:
    """After the service's end: what Service Connect made goes a while later."""
    for deployment in service.history:
        space = namespace_of(service.site, deployment.settings, service.cluster_name)
        if space is None:
            continue
        for made in deployment.connected:
            namespaces.deregister(service.site, space, made["discoveryName"])


def _registries(service: Service, task: Task) -> Iterator[tuple[Registry, int | None]]:
    """The services of Cloud Map that the task is in, each with the port that is told there."""
    deployment = service.deployment_of(task)
    for told in deployment.settings["serviceRegistries"] if deployment else ():
        found = namespaces.service(service.site, told["registryArn"])
        if found is not None:
            yield found, told.get("port", told.get("containerPort"))
    ports = definitions.port_names(task.definition)
    wanted = names(enabled(deployment.settings) or {}) if deployment else {}
    arns = {made["discoveryName"]: made["discoveryArn"] for made in deployment.connected} if deployment else {}
    for port, name in wanted.items():
        found = namespaces.service(service.site, arns.get(name, ""))
        if found is not None:
            yield found, ports.get(port)


def _offers(service: Service, space: Namespace) -> Iterator[tuple[tuple[str, int], str]]:
    """By what name and port clients call what the service offers in a namespace, and under which it is there."""
    for deployment in service.deployments[:1]:
        told, ports = enabled(deployment.settings) or {}, definitions.port_names(deployment.definition)
        here = namespace_of(service.site, deployment.settings, service.cluster_name) is space
        for one in told.get("services", ()) if here else ():
            name = one.get("discoveryName", one["portName"])
            usual = {"port": ports.get(one["portName"], 0)}
            for alias in one.get("clientAliases") or [usual]:
                yield (alias.get("dnsName", f"{name}.{space.name}"), int(alias["port"])), name


def _behind(site: Site, space: Namespace, name: str) -> Sequence[mesh.Endpoint]:
    """The tasks that are in Cloud Map under that name."""
    known = (one for one in namespaces.services(site, space) if one.name == name)
    found = [instance.attributes for one in known for instance in one.instances]
    return [(one[_ADDRESS], int(one[_PORT])) for one in found if {_ADDRESS, _PORT} <= one.keys()]
