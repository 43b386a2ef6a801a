"""Cloud Map: services and their instances."""

from __future__ import annotations

import re
from typing import Any

from moto.servicediscovery.models import Service, ServiceInstance

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.dns import namespaces
from provisioner.sandbox.dns.selection import Selection
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, instead
from provisioner.sandbox.rules.servicediscovery import find

_SOURCE = "Cloud Map API Reference"
_LABEL = r"([a-zA-Z0-9_][a-zA-Z0-9\-_]{0,61}[a-zA-Z0-9_]|[a-zA-Z0-9])"
_NAME = re.compile(rf"(?=.{{1,127}}$){_LABEL}(\.{_LABEL})*")
_INSTANCE = re.compile(r"[0-9a-zA-Z_/:.@-]{1,64}")
_SERVICES = Selection("Services", {"NAMESPACE_ID": "NamespaceId", "NAMESPACE_NAME": "NamespaceName"})


@instead("servicediscovery", "CreateService", source=f"{_SOURCE}: CreateService")
def services_are_unique(call: Call) -> Answer:
    """ServiceAlreadyExists for a second one of the name; NamespaceNotFound; InvalidInput for what cannot be."""
    given = call.parameters
    dns = given.get("DnsConfig", {})
    namespace = find(call, given.get("NamespaceId") or dns.get("NamespaceId", ""))
    _check(given, namespace.type)
    for there in namespaces.services(call, namespace):
        if there.name.lower() == given["Name"].lower():
            raise Refusal("ServiceAlreadyExists", f"Service already exists: {there.id}")
    wants_dns = bool(dns) and given.get("Type") != "HTTP"
    service = backends.namespaces(call).create_service(
        name=given["Name"],
        namespace_id=namespace.id,
        creator_request_id=given.get("CreatorRequestId", ""),
        description=given.get("Description", ""),
        dns_config={"RoutingPolicy": "MULTIVALUE", **dns, "NamespaceId": namespace.id} if wants_dns else {},
        health_check_config=given.get("HealthCheckConfig", {}),
        health_check_custom_config=given.get("HealthCheckCustomConfig", {}),
        tags=given.get("Tags", []),
        service_type="DNS_HTTP" if wants_dns else "HTTP",
    )
    return {"Service": _told(service)}


@instead("servicediscovery", "GetService", source=f"{_SOURCE}: GetService")
def services_are_named_by_id_or_arn(call: Call) -> Answer:
    """ServiceNotFound for others."""
    return {"Service": _told(_find(call, call.parameters["Id"]))}


@instead("servicediscovery", "ListServices", source=f"{_SOURCE}: ListServices")
def services_are_filtered(call: Call) -> Answer:
    """By namespace, a page at a time."""
    return _SERVICES.of(call, [_told(one) for one in backends.namespaces(call).services.values()])


@instead("servicediscovery", "DeleteService", source=f"{_SOURCE}: DeleteService")
def services_to_delete_have_no_instances(call: Call) -> Answer:
    """ResourceInUse while instances are registered, ServiceNotFound for an unknown one."""
    service = _find(call, call.parameters["Id"])
    if service.instances:
        message = "Service contains registered instances; delete the instances before deleting the service"
        raise Refusal("ResourceInUse", message)
    backends.namespaces(call).services.pop(service.id)
    return {}


@instead("servicediscovery", "RegisterInstance", source=f"{_SOURCE}: RegisterInstance")
def instances_are_registered_by_operation(call: Call) -> Answer:
    """In place of one with the same id; InvalidInput without what its records need."""
    given, site = call.parameters, call.site
    service = _find(call, given["ServiceId"])
    if not _INSTANCE.fullmatch(given["InstanceId"]):
        raise Refusal("InvalidInput", f"'{given['InstanceId']}' is not a valid instance ID")
    if missing := namespaces.missing_attributes(service, given["Attributes"]):
        raise Refusal("InvalidInput", f"Missing required attributes: {', '.join(missing)}")
    key = given["InstanceId"]
    instance = ServiceInstance(service.id, key, given.get("CreatorRequestId"), given["Attributes"])
    operation = namespaces.operate(
        site,
        "REGISTER_INSTANCE",
        {"INSTANCE": key, "SERVICE": service.id},
        (service.id, key),
        "namespace.instance",
        lambda: namespaces.enter(site, service, instance),
    )
    return {"OperationId": operation.id}


@instead("servicediscovery", "DeregisterInstance", source=f"{_SOURCE}: DeregisterInstance")
def instances_are_deregistered_by_operation(call: Call) -> Answer:
    """InstanceNotFound for an unknown one."""
    site, key = call.site, call.parameters["InstanceId"]
    service = _find(call, call.parameters["ServiceId"])
    if key not in (one.instance_id for one in service.instances):
        raise Refusal("InstanceNotFound", f"No instance found with ID: {key}")
    operation = namespaces.operate(
        site,
        "DEREGISTER_INSTANCE",
        {"INSTANCE": key, "SERVICE": service.id},
        (service.id, key),
        "namespace.instance",
        lambda: namespaces.leave(site, service, key),
    )
    return {"OperationId": operation.id}


def _check(given: dict[str, Any], kind: str) -> None:
    """InvalidInput for a service that a namespace of this kind cannot have."""
    wrong = {
        f"'{given['Name']}' is not a valid service name": not _NAME.fullmatch(given["Name"]),
        "DnsConfig is not allowed in an HTTP namespace": kind == "HTTP" and "DnsConfig" in given,
        "A DNS namespace needs DnsConfig or the type HTTP": kind != "HTTP" and not _places(given),
        "HealthCheckConfig is not allowed in a private namespace": kind == "DNS_PRIVATE"
        and "HealthCheckConfig" in given,
        "Only one of HealthCheckConfig and HealthCheckCustomConfig is allowed": {
            "HealthCheckConfig",
            "HealthCheckCustomConfig",
        }
        <= given.keys(),
    }
    for message, is_so in wrong.items():
        if is_so:
            raise Refusal("InvalidInput", message)


def _places(given: dict[str, Any]) -> bool:
    return "DnsConfig" in given or given.get("Type") == "HTTP"


def _find(call: Call, key: str) -> Service:
    service = namespaces.service(call, key)
    if service is None:
        raise Refusal("ServiceNotFound", f"No service found with ID: {key}")
    return service


def _told(service: Service) -> dict[str, Any]:
    told = {key: value for key, value in service.to_json().items() if value not in ({}, None)}
    return {**told, "InstanceCount": len(service.instances)}
