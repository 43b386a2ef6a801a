"""Cloud Map: namespaces, their zones, services and instances."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from provisioner.sandbox.call import Site
from provisioner.sandbox.dns import namespaces, zones
from provisioner.sandbox.embedded import embedded
from tests.sandbox.world import Network, refused
from tests.sandbox_fixture import REGION

MISSING = "ns-0123456789abcdef"


class Map:
    """Cloud Map in a sandbox with a VPC."""

    def __init__(self, network: Network) -> None:
        self.sandbox = network.sandbox
        self.vpc = network.vpc
        self.client: Any = network.sandbox.client("servicediscovery")
        self.route53: Any = network.sandbox.client("route53")

    def operation(self, answer: dict[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = self.client.get_operation(OperationId=answer["OperationId"])["Operation"]
        return told

    def http(self, name: str = "apps", **more: Any) -> str:
        """The id of a new HTTP namespace."""
        return str(self.operation(self.client.create_http_namespace(Name=name, **more))["Targets"]["NAMESPACE"])

    def private(self, name: str = "apps.local", **more: Any) -> dict[str, Any]:
        """The operation of a new private namespace."""
        return self.operation(self.client.create_private_dns_namespace(Name=name, Vpc=self.vpc, **more))

    def service(self, namespace: str, name: str = "web", **more: Any) -> str:
        return str(self.client.create_service(Name=name, NamespaceId=namespace, **more)["Service"]["Id"])

    def names(self, **given: Any) -> list[str]:
        return [one["Name"] for one in self.client.list_namespaces(**given)["Namespaces"]]


@pytest.fixture
def cloud_map(network: Network) -> Map:
    return Map(network)


@pytest.fixture
def timed(network: Network) -> Iterator[Map]:
    """The same at AWS's own pace."""
    network.sandbox.ask("POST", "reset", {"profile": "scaled=1"})
    yield Map(Network(network.sandbox))
    network.sandbox.ask("POST", "reset", {"profile": "instant"})


def test_a_namespace_is_there_when_its_operation_has_succeeded(timed: Map) -> None:
    begun = timed.client.create_http_namespace(Name="apps", Tags=[{"Key": "a", "Value": "b"}])
    told = timed.operation(begun)
    assert told["Status"] == "SUBMITTED"
    key = told["Targets"]["NAMESPACE"]
    refused(timed.client.get_namespace, "NamespaceNotFound", Id=key)
    timed.sandbox.advance(2)
    assert timed.operation(begun)["Status"] == "PENDING"
    refused(timed.client.create_http_namespace, "DuplicateRequest", Name="apps")
    timed.sandbox.advance(4)
    assert timed.operation(begun)["Status"] == "SUCCESS"
    namespace = timed.client.get_namespace(Id=key)["Namespace"]
    tags = timed.client.list_tags_for_resource(ResourceARN=namespace["Arn"])["Tags"]
    assert tags == [{"Key": "a", "Value": "b"}]
    refused(timed.client.get_operation, "OperationNotFound", OperationId="none")


def test_a_namespace_of_the_name_and_kind_is_the_only_one(cloud_map: Map) -> None:
    key = cloud_map.http()
    message = refused(cloud_map.client.create_http_namespace, "NamespaceAlreadyExists", Name="apps")
    assert key in message
    wanted = {"Name": "apps", "Vpc": cloud_map.vpc}
    assert cloud_map.private("apps")["Status"] == "SUCCESS"
    refused(cloud_map.client.create_private_dns_namespace, "NamespaceAlreadyExists", **wanted)


@pytest.mark.parametrize("name", ["a b", "arn:x", ""])
def test_names_that_no_namespace_can_have(cloud_map: Map, name: str) -> None:
    refused(cloud_map.client.create_http_namespace, "InvalidInput", Name=name)
    refused(cloud_map.client.create_private_dns_namespace, "InvalidInput", Name=name, Vpc=cloud_map.vpc)


def test_names_of_dns_namespaces_are_domains(cloud_map: Map) -> None:
    for name in ("a..local", "x" * 64, ".".join(["x" * 60] * 5)):
        refused(cloud_map.client.create_private_dns_namespace, "InvalidInput", Name=name, Vpc=cloud_map.vpc)
    refused(cloud_map.client.create_public_dns_namespace, "InvalidInput", Name="local")
    cloud_map.http("a..local")


def test_a_private_namespace_has_a_zone_that_only_cloud_map_edits(cloud_map: Map) -> None:
    namespace = cloud_map.client.get_namespace(Id=cloud_map.private()["Targets"]["NAMESPACE"])["Namespace"]
    zone = namespace["Properties"]["DnsProperties"]["HostedZoneId"]
    told = cloud_map.route53.get_hosted_zone(Id=zone)
    assert told["HostedZone"]["Name"] == "apps.local."
    assert told["HostedZone"]["LinkedService"]["ServicePrincipal"] == "servicediscovery.amazonaws.com"
    assert told["VPCs"] == [{"VPCRegion": REGION, "VPCId": cloud_map.vpc}]
    message = refused(cloud_map.route53.delete_hosted_zone, "AccessDenied", Id=zone)
    assert namespace["Arn"] in message
    record = {"Name": "a.apps.local", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.0.0.1"}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    refused(cloud_map.route53.change_resource_record_sets, "AccessDenied", HostedZoneId=zone, ChangeBatch=batch)
    cloud_map.client.delete_namespace(Id=namespace["Id"])
    refused(cloud_map.route53.get_hosted_zone, "NoSuchHostedZone", Id=zone)


def test_a_private_namespace_fails_where_its_zone_cannot_be(cloud_map: Map) -> None:
    vpc = {"VPCRegion": REGION, "VPCId": cloud_map.vpc}
    cloud_map.route53.create_hosted_zone(Name="apps.local", CallerReference="r", VPC=vpc)
    told = cloud_map.private()
    assert (told["Status"], told["ErrorCode"]) == ("FAIL", "CANNOT_CREATE_HOSTED_ZONE")
    assert "ConflictingDomainExists" in told["ErrorMessage"]
    begun = cloud_map.client.create_private_dns_namespace(Name="other.local", Vpc="vpc-0123456789abcdef0")
    assert cloud_map.operation(begun)["Status"] == "FAIL"
    assert cloud_map.names() == []


def test_a_namespace_with_services_stays(timed: Map) -> None:
    timed.http()
    timed.sandbox.advance(6)
    (key,) = (one["Id"] for one in timed.client.list_namespaces()["Namespaces"])
    service = timed.service(key)
    refused(timed.client.delete_namespace, "ResourceInUse", Id=key)
    timed.client.delete_service(Id=service)
    begun = timed.client.delete_namespace(Id=key)
    assert timed.names() == ["apps"]
    refused(timed.client.delete_namespace, "DuplicateRequest", Id=key)
    timed.sandbox.advance(6)
    assert timed.operation(begun)["Status"] == "SUCCESS"
    assert timed.names() == []
    refused(timed.client.delete_namespace, "NamespaceNotFound", Id=key)


def test_namespaces_are_told_by_id_and_arn(cloud_map: Map) -> None:
    key = cloud_map.http()
    cloud_map.service(key)
    told = cloud_map.client.get_namespace(Id=key)["Namespace"]
    assert told["ServiceCount"] == 1
    assert cloud_map.client.get_namespace(Id=told["Arn"])["Namespace"]["Id"] == key
    for unknown in (MISSING, "apps"):
        refused(cloud_map.client.get_namespace, "NamespaceNotFound", Id=unknown)


def test_namespaces_are_listed_by_filter_and_page(cloud_map: Map) -> None:
    for name in ("a", "b"):
        cloud_map.http(name)
    cloud_map.private()
    assert cloud_map.names(Filters=[{"Name": "TYPE", "Values": ["DNS_PRIVATE"]}]) == ["apps.local"]
    assert cloud_map.names(Filters=[{"Name": "NAME", "Values": ["a", "b"], "Condition": "IN"}]) == ["a", "b"]
    first = cloud_map.client.list_namespaces(MaxResults=2)
    assert [one["Name"] for one in first["Namespaces"]] == ["a", "b"]
    assert cloud_map.names(MaxResults=2, NextToken=first["NextToken"]) == ["apps.local"]
    wrong = [{"Name": "STATUS", "Values": ["x"]}]
    with pytest.raises(Exception, match="InvalidInput"):
        cloud_map.client.list_namespaces(Filters=wrong)


def test_a_changed_description(cloud_map: Map) -> None:
    key = cloud_map.http()
    begun = cloud_map.client.update_http_namespace(Id=key, Namespace={"Description": "new"})
    assert cloud_map.operation(begun)["Status"] == "SUCCESS"
    assert cloud_map.client.get_namespace(Id=key)["Namespace"]["Description"] == "new"
    change = {"Id": MISSING, "Namespace": {"Description": "new"}}
    refused(cloud_map.client.update_http_namespace, "NamespaceNotFound", **change)


def test_operations_of_namespaces_that_are_gone_are_listed(cloud_map: Map) -> None:
    key = cloud_map.http()
    cloud_map.client.delete_namespace(Id=key)
    filters = [{"Name": "NAMESPACE_ID", "Values": [key]}]
    assert len(cloud_map.client.list_operations(Filters=filters)["Operations"]) == 2
    more = [{"Name": "TYPE", "Values": ["DELETE_NAMESPACE"]}]
    assert len(cloud_map.client.list_operations(Filters=[*filters, *more])["Operations"]) == 1


def test_services_of_a_namespace(cloud_map: Map) -> None:
    first, second = cloud_map.http("a"), cloud_map.http("b")
    create = cloud_map.client.create_service
    cloud_map.service(first)
    refused(create, "ServiceAlreadyExists", Name="WEB", NamespaceId=first)
    cloud_map.service(second)
    refused(create, "NamespaceNotFound", Name="web", NamespaceId=MISSING)
    refused(create, "InvalidInput", Name="-web", NamespaceId=first)
    dns = {"DnsRecords": [{"Type": "A", "TTL": 10}]}
    refused(create, "InvalidInput", Name="dns", NamespaceId=first, DnsConfig=dns)
    filters = [{"Name": "NAMESPACE_ID", "Values": [first]}]
    (told,) = cloud_map.client.list_services(Filters=filters)["Services"]
    assert cloud_map.client.get_service(Id=told["Arn"])["Service"]["NamespaceId"] == first
    for call in (cloud_map.client.get_service, cloud_map.client.delete_service):
        refused(call, "ServiceNotFound", Id="srv-none")


def test_services_of_a_dns_namespace_want_records(cloud_map: Map) -> None:
    key = cloud_map.private()["Targets"]["NAMESPACE"]
    create = cloud_map.client.create_service
    refused(create, "InvalidInput", Name="web", NamespaceId=key)
    health = {"Type": "HTTP", "ResourcePath": "/"}
    dns = {"DnsRecords": [{"Type": "A", "TTL": 10}]}
    refused(create, "InvalidInput", Name="web", NamespaceId=key, DnsConfig=dns, HealthCheckConfig=health)
    assert (
        create(Name="web", NamespaceId=key, DnsConfig=dns)["Service"]["DnsConfig"]["RoutingPolicy"] == "MULTIVALUE"
    )
    assert create(Name="api", NamespaceId=key, Type="HTTP")["Service"]["Type"] == "HTTP"


def test_instances_come_and_go_by_operations(timed: Map) -> None:
    timed.http()
    timed.sandbox.advance(6)
    (key,) = (one["Id"] for one in timed.client.list_namespaces()["Namespaces"])
    service = timed.service(key)
    one = {"ServiceId": service, "InstanceId": "one"}
    timed.client.register_instance(**one, Attributes={"port": "80"})
    refused(timed.client.register_instance, "DuplicateRequest", **one, Attributes={})
    assert timed.client.list_instances(ServiceId=service)["Instances"] == []
    timed.sandbox.advance(3)
    timed.client.register_instance(**one, Attributes={"port": "81"})
    timed.sandbox.advance(3)
    (found,) = timed.client.discover_instances(NamespaceName="apps", ServiceName="web")["Instances"]
    assert found["Attributes"] == {"port": "81"}
    refused(timed.client.delete_service, "ResourceInUse", Id=service)
    timed.client.deregister_instance(**one)
    refused(timed.client.delete_service, "ResourceInUse", Id=service)
    timed.sandbox.advance(3)
    refused(timed.client.deregister_instance, "InstanceNotFound", **one)
    refused(timed.client.register_instance, "InvalidInput", ServiceId=service, InstanceId="a b", Attributes={})
    timed.client.delete_service(Id=service)


@pytest.fixture
def site() -> Iterator[Site]:
    with embedded() as world:
        yield Site("123456789012", REGION, world)


def test_instances_are_answered_by_the_namespaces_zone(site: Site) -> None:
    session = boto3.Session(region_name=REGION)
    vpc = session.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    client: Any = session.client("servicediscovery")
    begun = client.create_private_dns_namespace(Name="apps.local", Vpc=vpc)
    key = client.get_operation(OperationId=begun["OperationId"])["Operation"]["Targets"]["NAMESPACE"]
    dns = {"DnsRecords": [{"Type": "A", "TTL": 10}]}
    service = client.create_service(Name="web", NamespaceId=key, DnsConfig=dns)["Service"]["Id"]
    refused(client.register_instance, "InvalidInput", ServiceId=service, InstanceId="1", Attributes={})
    for number in ("1", "2"):
        address = {"AWS_INSTANCE_IPV4": f"10.0.0.{number}"}
        client.register_instance(ServiceId=service, InstanceId=number, Attributes=address)
    client.list_services()
    assert zones.private_answer(site, vpc, "web.apps.local", "A") == ["10.0.0.1", "10.0.0.2"]
    client.deregister_instance(ServiceId=service, InstanceId="1")
    client.list_services()
    assert zones.private_answer(site, vpc, "web.apps.local", "A") == ["10.0.0.2"]
    assert zones.private_answer(site, "vpc-other", "web.apps.local", "A") is None


def test_services_that_ecs_makes_go_later(site: Site) -> None:
    client: Any = boto3.Session(region_name=REGION).client("servicediscovery")
    client.create_http_namespace(Name="apps")
    (told,) = client.list_namespaces()["Namespaces"]
    namespace = namespaces.find(site, "apps")
    assert namespace is not None
    assert namespace is namespaces.find(site, told["Arn"])
    assert namespaces.find(site, "other") is None
    service = namespaces.register(site, namespace, "web")
    assert namespaces.register(site, namespace, "web") is service
    assert client.list_tags_for_resource(ResourceARN=service.arn)["Tags"] == [namespaces.ECS_TAG]
    site.world.latencies.override({"ecs.service_connect.removed": 60})
    namespaces.deregister(site, namespace, "web")
    refused(client.delete_namespace, "ResourceInUse", Id=told["Id"])
    site.world.clock.advance(61)
    client.delete_namespace(Id=told["Id"])
