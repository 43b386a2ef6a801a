"""Cloud Map: namespaces, which come and go by operations."""

from __future__ import annotations

import re
from typing import Any

from moto.core.utils import unix_time
from moto.servicediscovery.models import Namespace

from provisioner.sandbox import backends
from provisioner.sandbox.call import Call
from provisioner.sandbox.dns import namespaces
from provisioner.sandbox.dns.records import complaints_about_name
from provisioner.sandbox.dns.selection import Selection
from provisioner.sandbox.refusal import Refusal
from provisioner.sandbox.registry import Answer, before, instead

_SOURCE = "Cloud Map API Reference"
_NAME = re.compile(r"(?!arn:)[!-~]{1,1024}")
_LONGEST_DNS_NAME = 253
_DEFAULT_TTL = 15
_NAMESPACES = Selection(
    "Namespaces", {"NAME": "Name", "TYPE": "Type", "HTTP_NAME": "Properties.HttpProperties.HttpName"}
)
_OPERATIONS = Selection(
    "Operations",
    {"STATUS": "Status", "TYPE": "Type", "NAMESPACE_ID": "Targets.NAMESPACE", "SERVICE_ID": "Targets.SERVICE"},
)


@before(
    "servicediscovery",
    "CreateHttpNamespace",
    "CreatePrivateDnsNamespace",
    "CreatePublicDnsNamespace",
    source=f"{_SOURCE}: CreatePrivateDnsNamespace",
)
def names_of_namespaces(call: Call) -> None:
    """InvalidInput for blanks, for `arn:` at the beginning; for a DNS namespace for what is no domain."""
    name = call.parameters["Name"]
    wrong = not _NAME.fullmatch(name)
    if "Dns" in call.action:
        wrong = wrong or len(name) > _LONGEST_DNS_NAME or any(complaints_about_name(name))
    if wrong or (call.action == "CreatePublicDnsNamespace" and "." not in name):
        raise Refusal("InvalidInput", f"'{name}' is not a valid namespace name")


@instead("servicediscovery", "CreateHttpNamespace", source=f"{_SOURCE}: CreateHttpNamespace")
def http_namespaces_take_seconds(call: Call) -> Answer:
    """NamespaceAlreadyExists, with its id, for a second one; else an operation, and it is there after success."""
    return _create(call, {"SOA": {}}, {"HttpName": call.parameters["Name"]})


@instead("servicediscovery", "CreatePrivateDnsNamespace", source=f"{_SOURCE}; aws/copilot-cli: release 1.20")
def private_namespaces_have_a_zone(call: Call) -> Answer:
    """An operation; with it comes a private hosted zone in the VPC, or it fails: CANNOT_CREATE_HOSTED_ZONE."""
    return _create(call, _dns_properties(call), {"HttpName": call.parameters["Name"]})


@instead("servicediscovery", "CreatePublicDnsNamespace", source=f"{_SOURCE}: CreatePublicDnsNamespace")
def public_namespaces_have_a_zone(call: Call) -> Answer:
    """An operation; with it comes a public hosted zone."""
    return _create(call, _dns_properties(call), {"HttpName": call.parameters["Name"]})


@instead("servicediscovery", "DeleteNamespace", source=f"{_SOURCE}: DeleteNamespace")
def namespaces_to_delete_have_no_services(call: Call) -> Answer:
    """ResourceInUse while it has services, those of ECS too; then an operation, with which its zone goes."""
    namespace, site = find(call, call.parameters["Id"]), call.site
    if namespaces.services(site, namespace):
        raise Refusal(
            "ResourceInUse", "Namespace has associated services; delete the services before the namespace"
        )

    def delete() -> None:
        namespaces.close_zone(site, namespace)
        backends.namespaces(site).namespaces.pop(namespace.id, None)

    targets, busy = {"NAMESPACE": namespace.id}, (namespace.id,)
    operation = namespaces.operate(site, "DELETE_NAMESPACE", targets, busy, "namespace.deleted", delete)
    return {"OperationId": operation.id}


@instead("servicediscovery", "UpdateHttpNamespace", source=f"{_SOURCE}: UpdateHttpNamespace")
def http_namespaces_change_by_operation(call: Call) -> Answer:
    """The description."""
    return _update(call)


@instead("servicediscovery", "UpdatePrivateDnsNamespace", source=f"{_SOURCE}: UpdatePrivateDnsNamespace")
def private_namespaces_change_by_operation(call: Call) -> Answer:
    """The description and the zone's SOA."""
    return _update(call)


@instead("servicediscovery", "UpdatePublicDnsNamespace", source=f"{_SOURCE}: UpdatePublicDnsNamespace")
def public_namespaces_change_by_operation(call: Call) -> Answer:
    """The description and the zone's SOA."""
    return _update(call)


@instead("servicediscovery", "GetNamespace", source=f"{_SOURCE}: GetNamespace")
def namespaces_are_named_by_id_or_arn(call: Call) -> Answer:
    """NamespaceNotFound for others, and until it is made."""
    return {"Namespace": _told(call, find(call, call.parameters["Id"]))}


@instead("servicediscovery", "ListNamespaces", source=f"{_SOURCE}: ListNamespaces")
def namespaces_are_filtered(call: Call) -> Answer:
    """By name, type and HTTP name, a page at a time."""
    return _NAMESPACES.of(call, [_told(call, one) for one in backends.namespaces(call).namespaces.values()])


@instead("servicediscovery", "GetOperation", source=f"{_SOURCE}: GetOperation")
def operations_take_their_time(call: Call) -> Answer:
    """SUBMITTED, PENDING, then SUCCESS, or FAIL with a code; OperationNotFound for an unknown one."""
    key = call.parameters["OperationId"]
    operation = backends.namespaces(call).operations.get(key)
    if operation is None:
        raise Refusal("OperationNotFound", f"No operation found with ID: {key}")
    return {"Operation": namespaces.told_of_operation(call, operation)}


@instead("servicediscovery", "ListOperations", source=f"{_SOURCE}: ListOperations")
def operations_are_filtered(call: Call) -> Answer:
    """By status, type, namespace and service, a page at a time; also those of namespaces that are gone."""
    return _OPERATIONS.of(call, [one.to_json() for one in backends.namespaces(call).operations.values()])


def find(call: Call, key: str) -> Namespace:
    """That namespace, by id or ARN; NamespaceNotFound without it."""
    namespace = namespaces.find(call, key)
    if namespace is None or key == namespace.name:
        raise Refusal("NamespaceNotFound", f"No namespace found with ID: {key}")
    return namespace


_KINDS = {
    "CreateHttpNamespace": "HTTP",
    "CreatePrivateDnsNamespace": "DNS_PRIVATE",
    "CreatePublicDnsNamespace": "DNS_PUBLIC",
}


def _create(call: Call, dns: dict[str, Any], http: dict[str, Any]) -> Answer:
    site, given = call.site, call.parameters
    namespace = Namespace(
        account_id=call.account,
        region=call.region,
        name=given["Name"],
        ns_type=_KINDS[call.action],
        creator_request_id=given.get("CreatorRequestId", ""),
        description=given.get("Description", ""),
        dns_properties=dns,
        http_properties=http,
        vpc=given.get("Vpc"),
    )

    _refuse_second(call, namespace)

    def create() -> None:
        if namespace.type != "HTTP":
            namespaces.open_zone(site, namespace)
        backend = backends.namespaces(site)
        backend.namespaces[namespace.id] = namespace
        backend.tagger.tag_resource(namespace.arn, given.get("Tags", []))

    targets, busy = {"NAMESPACE": namespace.id}, (namespace.type, namespace.name, namespace.vpc or "")
    latency = "namespace.http.created" if namespace.type == "HTTP" else "namespace.dns.created"
    return {"OperationId": namespaces.operate(site, "CREATE_NAMESPACE", targets, busy, latency, create).id}


def _refuse_second(call: Call, namespace: Namespace) -> None:
    """Names are unique among namespaces of a kind, those of private ones in their VPC."""
    for there in backends.namespaces(call).namespaces.values():
        if (there.name, there.type, there.vpc) == (namespace.name, namespace.type, namespace.vpc):
            message = f"Namespace with name {there.name} already exists: {there.id}"
            raise Refusal("NamespaceAlreadyExists", message)


def _update(call: Call) -> Answer:
    namespace, wanted = find(call, call.parameters["Id"]), call.parameters["Namespace"]

    def update() -> None:
        namespace.description = wanted.get("Description", namespace.description)
        namespace.dns_properties |= wanted.get("Properties", {}).get("DnsProperties", {})
        namespace.updated = unix_time()

    targets, busy = {"NAMESPACE": namespace.id}, (namespace.id,)
    operation = namespaces.operate(call.site, "UPDATE_NAMESPACE", targets, busy, "namespace.http.created", update)
    return {"OperationId": operation.id}


def _dns_properties(call: Call) -> dict[str, Any]:
    return {"SOA": {"TTL": _DEFAULT_TTL}, **call.parameters.get("Properties", {}).get("DnsProperties", {})}


def _told(call: Call, namespace: Namespace) -> dict[str, Any]:
    count = len(namespaces.services(call, namespace))
    return {**namespace.to_json(), "ServiceCount": count, "ResourceOwner": call.account}
