"""Service Connect and service registries of ECS services."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from provisioner.sandbox.call import Call
from provisioner.sandbox.containers import clusters, definitions, discovery
from provisioner.sandbox.containers.services import Services
from provisioner.sandbox.dns import namespaces
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before, instead

_INVALID = "InvalidParameterException"
_NAME = re.compile(r"[a-z0-9_-]{1,64}")
_REFERENCE = "ECS API Reference: ServiceConnectConfiguration, ServiceConnectService"


@before("ecs", "CreateService", "UpdateService", source=f"{_REFERENCE}, NamespaceNotFoundException")
def namespace_must_exist(call: Call) -> None:
    """NamespaceNotFoundException for an unknown one; InvalidParameterException without any."""
    told = discovery.enabled(call.parameters)
    if told is None:
        return
    default = clusters.active(call).service_connect_defaults or {}
    name = told.get("namespace") or default.get("namespace")
    if not name:
        message = "Service Connect needs a namespace: the cluster has no default one and the service names none."
        raise Refusal(_INVALID, message)
    if namespaces.find(call, name) is None:
        raise Refusal("NamespaceNotFoundException", f"The specified namespace {name} was not found.")


@before("ecs", "CreateService", "UpdateService", source=_REFERENCE)
def connected_ports_must_be_named(call: Call) -> None:
    """InvalidParameterException for ports without that name, wrong or repeated names, or two aliases for one; also
    for a task definition without the ports that the service has connected before."""
    services = _connected(call)
    ports = _port_names(call) if services else {}
    for service in services:
        _check(service, ports)
    taken = [service.get("discoveryName", service["portName"]) for service in services]
    if len(set(taken)) < len(taken):
        raise Refusal(_INVALID, "Service Connect discovery names must be unique within a service.")


@before("ecs", "CreateService", "UpdateService", source="ECS API Reference: ServiceRegistry")
def registry_must_exist(call: Call) -> None:
    """InvalidParameterException for a service of Cloud Map that there is not, or for more than one."""
    told = call.parameters.get("serviceRegistries", ())
    if len(told) > 1:
        raise Refusal(_INVALID, "Service registries can have at most 1 items.")
    for registry in told:
        if namespaces.service(call, registry.get("registryArn", "")) is None:
            raise Refusal(_INVALID, f"Unable to find service registry: {registry.get('registryArn', '')}")


@instead("ecs", "ListServicesByNamespace", source="ECS API Reference: ListServicesByNamespace")
def services_are_listed_by_their_namespace(call: Call) -> Answer:
    """Those of all clusters. NamespaceNotFoundException for an unknown one."""
    name = call.parameters["namespace"]
    wanted = namespaces.find(call, name)
    if wanted is None:
        raise Refusal("NamespaceNotFoundException", f"The specified namespace {name} was not found.")
    living = [one for one in call.ledger(Services).by_arn.values() if one.status != "INACTIVE"]
    found = [
        service.arn
        for service in living
        if discovery.enabled(service.settings)
        and discovery.namespace_of(call, service.settings, service.cluster_name) is wanted
    ]
    return {"serviceArns": found}


def _check(service: Mapping[str, Any], ports: Mapping[str, int]) -> None:
    port = service["portName"]
    if port not in ports:
        message = f"The portName '{port}' is not a named port mapping of the task definition."
        raise Refusal(_INVALID, message)
    name = service.get("discoveryName", port)
    if not _NAME.fullmatch(name):
        allowed = "It can have up to 64 lowercase letters, numbers, underscores and hyphens."
        raise Refusal(_INVALID, f"The discoveryName '{name}' is not valid. {allowed}")
    if len(service.get("clientAliases", ())) > 1:
        raise Refusal(_INVALID, f"The Service Connect service '{port}' can have at most 1 client alias.")


def _connected(call: Call) -> list[dict[str, Any]]:
    """What is to be connected after the call: what it names, or else what the service has."""
    service = call.ledger(Services).find(clusters.name(call), call.parameters.get("service", ""))
    named = "serviceConnectConfiguration" in call.parameters or service is None
    told = discovery.enabled(call.parameters if named or service is None else service.settings) or {}
    return list(told.get("services", ()))


def _port_names(call: Call) -> dict[str, int]:
    """Those of the task definition that is named, or that the service has."""
    if name := call.parameters.get("taskDefinition"):
        found = definitions.find(call, name)
    else:
        service = call.ledger(Services).find(clusters.name(call), call.parameters.get("service", ""))
        found = service.definition if service else None
    return definitions.port_names(found) if found else {}
