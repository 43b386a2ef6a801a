"""Cloud Map: namespaces with their hosted zones, services, instances, and operations that take their time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.servicediscovery.models import Namespace, Operation, Service, ServiceInstance

from provisioner.sandbox import backends
from provisioner.sandbox.call import Site
from provisioner.sandbox.dns import hosted_zones
from provisioner.sandbox.dns.records import Record, canonical
from provisioner.sandbox.refusal import Refusal

ECS_TAG = {"Key": "AmazonECSManaged", "Value": "true"}
_BEFORE_PENDING = 1.0
_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "A": ("AWS_INSTANCE_IPV4",),
    "AAAA": ("AWS_INSTANCE_IPV6",),
    "CNAME": ("AWS_INSTANCE_CNAME",),
    "SRV": ("AWS_INSTANCE_PORT",),
}
"""What an instance must tell for a record of each type."""


class Failed(Exception):
    """An operation comes to nothing: the code and the message that it tells."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Operations:
    """What moto does not keep of operations: why they failed, and on what thing one is under way."""

    def __init__(self) -> None:
        self.failures: dict[str, Failed] = {}
        self.busy: dict[tuple[str, ...], str] = {}


def find(site: Site, key: str) -> Namespace | None:
    """The namespace of that name, id or ARN."""
    there = backends.namespaces(site).namespaces
    return next((space for space in there.values() if key in (space.arn, space.id, space.name)), None)


def services(site: Site, namespace: Namespace) -> list[Service]:
    return [one for one in backends.namespaces(site).services.values() if one.namespace_id == namespace.id]


def service(site: Site, key: str) -> Service | None:
    """The service of that id or ARN."""
    there = backends.namespaces(site).services
    return next((one for one in there.values() if key in (one.arn, one.id)), None)


def register(site: Site, namespace: Namespace, name: str) -> Service:
    """The Cloud Map service of that name, made for an ECS service if there is none."""
    for there in services(site, namespace):
        if there.name == name:
            return there
    return backends.namespaces(site).create_service(
        name=name,
        namespace_id=namespace.id,
        creator_request_id="",
        description="Managed by Amazon ECS",
        dns_config={},
        health_check_config={},
        health_check_custom_config={},
        tags=[ECS_TAG],
        service_type="HTTP",
    )


def deregister(site: Site, namespace: Namespace, name: str) -> None:
    """Have the service that ECS made go, a while after the ECS service has gone."""

    def remove() -> None:
        for there in services(site, namespace):
            if there.name == name and not there.instances:
                backends.namespaces(site).services.pop(there.id)

    site.later("ecs.service_connect.removed", remove)


def operate(
    site: Site,
    kind: str,
    targets: dict[str, str],
    busy: tuple[str, ...],
    latency: str,
    action: Callable[[], None],
) -> Operation:
    """Begin an operation: SUBMITTED, soon PENDING, and SUCCESS or FAIL when `action` was done.

    DuplicateRequest while another one is under way on the same thing.
    """
    notes = site.ledger(Operations)
    if busy in notes.busy:
        message = f"Another operation of the same kind is in progress: {notes.busy[busy]}"
        raise Refusal("DuplicateRequest", message)
    backend = backends.namespaces(site)
    operation = backend.operations[backend._create_operation(kind, targets=targets)]
    operation.status = "SUBMITTED"
    notes.busy[busy] = operation.id

    def pend() -> None:
        if operation.status == "SUBMITTED":
            operation.status = "PENDING"

    def end() -> None:
        del notes.busy[busy]
        try:
            action()
            operation.status = "SUCCESS"
        except Failed as failure:
            operation.status = "FAIL"
            notes.failures[operation.id] = failure

    site.after(_BEFORE_PENDING, pend)
    site.later(latency, end)
    return operation


def open_zone(site: Site, namespace: Namespace) -> None:
    """Make the hosted zone of a DNS namespace; nobody but Cloud Map may edit it."""
    vpc = {"VPCId": namespace.vpc, "VPCRegion": site.region} if namespace.vpc else None
    if namespace.vpc:
        _check_vpc(site, namespace.name, namespace.vpc)
    zone = hosted_zones.create(
        site,
        namespace.name,
        f"{namespace.id}/{namespace.creator_request_id}",
        vpc=vpc,
        comment=f"Created by AWS Cloud Map namespace with ARN {namespace.arn}",
        owner=namespace.arn,
    )
    zone.heard = dict(zone.records)  # the operation lasts until the name servers have it
    namespace.dns_properties["HostedZoneId"] = zone.id


def close_zone(site: Site, namespace: Namespace) -> None:
    if zone := zone_of(site, namespace):
        hosted_zones.remove(site, zone)


def zone_of(site: Site, namespace: Namespace) -> hosted_zones.Zone | None:
    return hosted_zones.of(site).all.get(namespace.dns_properties.get("HostedZoneId", ""))


def missing_attributes(service: Service, attributes: Mapping[str, str]) -> list[str]:
    """What an instance of the service would have to tell, and does not."""
    wanted = [name for kind in _record_types(service) for name in _ATTRIBUTES.get(kind, ())]
    return [name for name in wanted if name not in attributes]


def enter(site: Site, service: Service, instance: ServiceInstance) -> None:
    """Put an instance into the service, in place of one with its id, and into DNS."""
    _leave(service, instance.instance_id)
    service.instances.append(instance)
    _count(service, instance.instance_id)
    _publish(site, service)


def leave(site: Site, service: Service, instance: str) -> None:
    """Take an instance out of the service and of DNS."""
    _leave(service, instance)
    _count(service, instance)
    _publish(site, service)


def _leave(service: Service, instance: str) -> None:
    service.instances[:] = [one for one in service.instances if one.instance_id != instance]


def _count(service: Service, instance: str) -> None:
    service.instances_revision[instance] = service.instances_revision.get(instance, 0) + 1


def _publish(site: Site, service: Service) -> None:
    """Let the records of the service's zone be those of its instances."""
    namespace = backends.namespaces(site).namespaces[service.namespace_id]
    zone = zone_of(site, namespace)
    if zone is None:
        return
    name = canonical(f"{service.name}.{namespace.name}")
    others = [record for record in zone.records.values() if record.name != name]
    hosted_zones.put(zone, [*others, *_records(service, name)])
    hosted_zones.submit(site, zone)


def _records(service: Service, name: str) -> Iterator[Record]:
    for told in (service.dns_config or {}).get("DnsRecords", ()):
        for instance in service.instances:
            value = _value(told["Type"], name, instance)
            routing = {"SetIdentifier": instance.instance_id, "MultiValueAnswer": True}
            yield Record(name, told["Type"], told["TTL"], (value,), None, instance.instance_id, routing)


def _value(kind: str, name: str, instance: ServiceInstance) -> str:
    told = instance.attributes[_ATTRIBUTES[kind][0]]
    return f"1 1 {told} {instance.instance_id}.{name}" if kind == "SRV" else told


def _record_types(service: Service) -> list[str]:
    return [record["Type"] for record in (service.dns_config or {}).get("DnsRecords", ())]


def _check_vpc(site: Site, name: str, vpc: str) -> None:
    code = "CANNOT_CREATE_HOSTED_ZONE"
    if vpc not in backends.ec2(site).vpcs:
        raise Failed(code, "The VPC ID is invalid. (Service: AmazonRoute53; Error Code: InvalidVPCId)")
    for zone in hosted_zones.of(site).all.values():
        if zone.name == canonical(name) and vpc in zone.vpcs:
            message = (
                f"The VPC {vpc} in region {site.region} has already been associated with the hosted zone "
                f"{zone.id} with the same domain name. (Service: AmazonRoute53; "
                "Error Code: ConflictingDomainExists)"
            )
            raise Failed(code, message)


def told_of_operation(site: Site, operation: Operation) -> dict[str, Any]:
    """The operation as boto3 gives it."""
    failure = site.ledger(Operations).failures.get(operation.id)
    error = {"ErrorCode": failure.code, "ErrorMessage": failure.message} if failure else {}
    return {**operation.to_json(), **error}
