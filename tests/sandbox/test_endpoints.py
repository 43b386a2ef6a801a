"""VPC endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from provisioner.sandbox.call import Site
from provisioner.sandbox.embedded import embedded
from provisioner.sandbox.vpc import endpoints
from tests.sandbox.world import Network, refused
from tests.sandbox_fixture import Sandbox

REGION = "eu-central-1"


def service(name: str) -> str:
    return f"com.amazonaws.{REGION}.{name}"


class Endpoints(Network):
    """A VPC with DNS names, in which tests make endpoints."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.ec2.modify_vpc_attribute(VpcId=self.vpc, EnableDnsHostnames={"Value": True})

    def asked(self, name: str = "ecr.api", **more: Any) -> dict[str, Any]:
        wanted = {"VpcEndpointType": "Interface", "SubnetIds": self.subnets, "SecurityGroupIds": [self.group]}
        return {"VpcId": self.vpc, "ServiceName": service(name), **wanted, **more}

    def gateway_asked(self, name: str = "s3", **more: Any) -> dict[str, Any]:
        return {"VpcId": self.vpc, "ServiceName": service(name), "VpcEndpointType": "Gateway", **more}

    def new(self, name: str = "ecr.api", **more: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.ec2.create_vpc_endpoint(**self.asked(name, **more))["VpcEndpoint"]
        return made

    def new_gateway(self, name: str = "s3", **more: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.ec2.create_vpc_endpoint(**self.gateway_asked(name, **more))["VpcEndpoint"]
        return made

    def found(self, endpoint: dict[str, Any]) -> dict[str, Any]:
        answer = self.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
        one: dict[str, Any] = answer["VpcEndpoints"][0]
        return one

    def delete(self, endpoint: dict[str, Any]) -> list[dict[str, Any]]:
        answer = self.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
        failures: list[dict[str, Any]] = answer.get("Unsuccessful", [])
        return failures

    def new_table(self) -> str:
        return str(self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"])

    def routes(self, table: str) -> list[dict[str, Any]]:
        answer = self.ec2.describe_route_tables(RouteTableIds=[table])
        found: list[dict[str, Any]] = answer["RouteTables"][0]["Routes"]
        return [route for route in found if "DestinationPrefixListId" in route]


@pytest.fixture
def site(sandbox: Sandbox) -> Endpoints:
    return Endpoints(sandbox)


@pytest.fixture
def slow(sandbox: Sandbox) -> Iterator[Endpoints]:
    """Where time passes as on AWS, and only as the test says."""
    sandbox.become("scaled=1")
    yield Endpoints(sandbox)
    sandbox.become("instant")


def test_an_interface_endpoint_takes_its_time(slow: Endpoints) -> None:
    made = slow.new()
    assert made["State"] == "pending"
    slow.sandbox.advance(74)
    assert slow.found(made)["State"] == "pending"
    slow.sandbox.advance(2)
    assert slow.found(made)["State"] == "available"
    assert slow.delete(made) == []
    assert slow.found(made)["State"] == "deleting"
    assert len(slow.interfaces("VPC Endpoint Interface *")) == 2
    slow.sandbox.advance(61)
    assert slow.found(made)["State"] == "deleted"
    assert slow.interfaces("VPC Endpoint Interface *") == []
    slow.sandbox.advance(3600)
    refused(slow.found, "InvalidVpcEndpointId.NotFound", endpoint=made)


def test_a_gateway_endpoint_takes_seconds(slow: Endpoints) -> None:
    made = slow.new_gateway()
    assert made["State"] == "pending"
    slow.sandbox.advance(6)
    assert slow.found(made)["State"] == "available"
    slow.delete(made)
    assert slow.found(made)["State"] == "deleting"
    slow.sandbox.advance(6)
    assert slow.found(made)["State"] == "deleted"


def test_interfaces_are_in_the_subnets_and_hold_them(slow: Endpoints) -> None:
    made = slow.new()
    found = slow.interfaces(f"VPC Endpoint Interface {made['VpcEndpointId']}")
    assert sorted(one["NetworkInterfaceId"] for one in found) == sorted(slow.found(made)["NetworkInterfaceIds"])
    assert {one["SubnetId"] for one in found} == set(slow.subnets)
    assert {one["InterfaceType"] for one in found} == {"vpc_endpoint"}
    assert all([group["GroupId"] for group in one["Groups"]] == [slow.group] for one in found)
    assert all(one["PrivateIpAddress"].startswith("10.0.") for one in found)
    slow.delete(made)
    refused(slow.ec2.delete_subnet, "DependencyViolation", SubnetId=slow.subnets[0])
    refused(slow.ec2.delete_security_group, "DependencyViolation", GroupId=slow.group)
    slow.sandbox.advance(61)
    slow.ec2.delete_subnet(SubnetId=slow.subnets[0])
    slow.ec2.delete_security_group(GroupId=slow.group)


def test_without_groups_it_has_the_default_one(site: Endpoints) -> None:
    made = site.new(SecurityGroupIds=[])
    assert [group["GroupName"] for group in site.found(made)["Groups"]] == ["default"]
    assert {one["Groups"][0]["GroupName"] for one in site.interfaces("VPC Endpoint *")} == {"default"}


def test_names_are_of_the_region_the_zones_and_the_service(site: Endpoints) -> None:
    made = site.found(site.new())
    names = [entry["DnsName"] for entry in made["DnsEntries"]]
    start = f"{made['VpcEndpointId']}-"
    assert len(names) == 4
    assert names[0].startswith(start)
    assert names[0].endswith(".api.ecr.eu-central-1.vpce.amazonaws.com")
    assert names[1].endswith("-eu-central-1a.api.ecr.eu-central-1.vpce.amazonaws.com")
    assert names[3] == "api.ecr.eu-central-1.amazonaws.com"
    assert len({entry["HostedZoneId"] for entry in made["DnsEntries"]}) == 2
    plain = site.found(site.new("logs", PrivateDnsEnabled=False))
    assert "logs.eu-central-1.amazonaws.com" not in [entry["DnsName"] for entry in plain["DnsEntries"]]
    assert plain["PrivateDnsEnabled"] is False


def test_some_services_have_other_names(site: Endpoints) -> None:
    expected = {
        "ecr.dkr": ["dkr.ecr.eu-central-1.amazonaws.com", "*.dkr.ecr.eu-central-1.amazonaws.com"],
        "ecs-agent": ["ecs-a.eu-central-1.amazonaws.com"],
        "logs": ["logs.eu-central-1.amazonaws.com"],
    }
    for name, names in expected.items():
        entries = site.found(site.new(name))["DnsEntries"]
        assert [entry["DnsName"] for entry in entries if "vpce" not in entry["DnsName"]] == names


def test_parameters_are_told_again(site: Endpoints) -> None:
    policy = '{"Statement": []}'
    tags = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "a", "Value": "b"}]}]
    found = site.found(site.new(PolicyDocument=policy, TagSpecifications=tags))
    assert found["PolicyDocument"] == policy
    assert found["Tags"] == [{"Key": "a", "Value": "b"}]
    assert (found["IpAddressType"], found["OwnerId"]) == ("ipv4", "123456789012")
    assert found["DnsOptions"]["DnsRecordIpType"] == "ipv4"
    assert found["VpcEndpointType"] == "Interface"
    filters = [{"Name": "vpc-id", "Values": [site.vpc]}, {"Name": "tag:a", "Values": ["b"]}]
    assert len(site.ec2.describe_vpc_endpoints(Filters=filters)["VpcEndpoints"]) == 1


def test_two_subnets_in_one_zone_are_refused(site: Endpoints) -> None:
    twin = site.ec2.create_subnet(VpcId=site.vpc, CidrBlock="10.0.9.0/24", AvailabilityZone=f"{REGION}a")
    subnets = [site.subnets[0], twin["Subnet"]["SubnetId"]]
    refused(site.ec2.create_vpc_endpoint, "DuplicateSubnetsInSameZone", **site.asked(SubnetIds=subnets))
    made = site.new(SubnetIds=subnets[:1])
    modify = {"VpcEndpointId": made["VpcEndpointId"], "AddSubnetIds": subnets[1:]}
    refused(site.ec2.modify_vpc_endpoint, "DuplicateSubnetsInSameZone", **modify)
    site.ec2.modify_vpc_endpoint(**modify, RemoveSubnetIds=subnets[:1])
    assert site.found(made)["SubnetIds"] == subnets[1:]


def test_private_names_need_dns_in_the_vpc(site: Endpoints) -> None:
    site.ec2.modify_vpc_attribute(VpcId=site.vpc, EnableDnsHostnames={"Value": False})
    message = refused(site.ec2.create_vpc_endpoint, "InvalidParameter", **site.asked())
    assert "enableDnsHostnames" in message
    made = site.new(PrivateDnsEnabled=False)
    change = {"VpcEndpointId": made["VpcEndpointId"], "PrivateDnsEnabled": True}
    refused(site.ec2.modify_vpc_endpoint, "InvalidParameter", **change)
    site.ec2.modify_vpc_attribute(VpcId=site.vpc, EnableDnsHostnames={"Value": True})
    site.ec2.modify_vpc_endpoint(**change)
    assert "api.ecr.eu-central-1.amazonaws.com" in str(site.found(made)["DnsEntries"])


def test_private_names_are_taken_until_a_while_after_the_deletion(slow: Endpoints) -> None:
    first = slow.new()
    message = refused(slow.ec2.create_vpc_endpoint, "InvalidParameter", **slow.asked())
    assert "conflicting DNS domain for api.ecr.eu-central-1.amazonaws.com" in message
    slow.new(PrivateDnsEnabled=False)
    slow.new("ecr.dkr")
    slow.delete(first)
    slow.sandbox.advance(61)
    assert slow.found(first)["State"] == "deleted"
    refused(slow.ec2.create_vpc_endpoint, "InvalidParameter", **slow.asked())
    slow.sandbox.advance(60)
    slow.new()


def test_services_must_have_endpoints_of_that_kind(site: Endpoints) -> None:
    create = site.ec2.create_vpc_endpoint
    refused(create, "InvalidServiceName", **site.asked("nothing"))
    refused(create, "InvalidServiceName", **{**site.asked(), "ServiceName": "com.amazonaws.us-east-1.logs"})
    refused(create, "InvalidParameter", VpcId=site.vpc, ServiceName=service("logs"))
    refused(create, "InvalidParameter", **site.gateway_asked("logs"))
    assert create(VpcId=site.vpc, ServiceName=service("s3"))["VpcEndpoint"]["VpcEndpointType"] == "Gateway"
    site.new("s3", PrivateDnsEnabled=False)


SERVICES = """
    ecr.api ecr.dkr logs ssm ssmmessages ec2messages secretsmanager kms sts lambda ecs ecs-agent ecs-telemetry
    elasticloadbalancing monitoring execute-api events sns sqs states s3
"""


@pytest.mark.parametrize("name", SERVICES.split())
def test_the_services_of_our_stacks_have_endpoints(site: Endpoints, name: str) -> None:
    answer = site.ec2.describe_vpc_endpoint_services(ServiceNames=[service(name)])
    kinds = [one["ServiceType"][0]["ServiceType"] for one in answer["ServiceDetails"]]
    assert "Interface" in kinds
    site.new(name)


def test_unknown_parts_are_refused(site: Endpoints) -> None:
    create = site.ec2.create_vpc_endpoint
    refused(create, "InvalidVpcId.NotFound", **site.asked(VpcId="vpc-12345678"))
    refused(create, "InvalidSubnetId.NotFound", **site.asked(SubnetIds=["subnet-12345678"]))
    refused(create, "InvalidGroup.NotFound", **site.asked(SecurityGroupIds=["sg-12345678"]))
    refused(create, "InvalidRouteTableId.NotFound", **site.gateway_asked(RouteTableIds=["rtb-12345678"]))


def test_parts_of_another_vpc_are_refused(site: Endpoints) -> None:
    other = Network(site.sandbox)
    create = site.ec2.create_vpc_endpoint
    refused(create, "InvalidParameter", **site.asked(SubnetIds=other.subnets))
    refused(create, "InvalidParameter", **site.asked(SecurityGroupIds=[other.group]))
    table = site.ec2.create_route_table(VpcId=other.vpc)["RouteTable"]["RouteTableId"]
    refused(create, "InvalidParameter", **site.gateway_asked(RouteTableIds=[table]))


def test_parameters_must_suit_the_kind(site: Endpoints) -> None:
    create = site.ec2.create_vpc_endpoint
    refused(create, "InvalidParameter", **site.gateway_asked(SubnetIds=site.subnets))
    refused(create, "InvalidParameter", **site.gateway_asked(SecurityGroupIds=[site.group]))
    refused(create, "InvalidParameter", **site.asked(RouteTableIds=[site.new_table()]))


def test_a_gateway_endpoint_has_a_route_in_each_table(site: Endpoints) -> None:
    table, other = site.new_table(), site.new_table()
    made = site.new_gateway(RouteTableIds=[table])
    lists = site.ec2.describe_prefix_lists()["PrefixLists"]
    listed = {one["PrefixListName"]: one["PrefixListId"] for one in lists}
    (route,) = site.routes(table)
    assert route["DestinationPrefixListId"] == listed[service("s3")]
    assert route["GatewayId"] == made["VpcEndpointId"]
    refused(site.ec2.create_vpc_endpoint, "RouteAlreadyExists", **site.gateway_asked(RouteTableIds=[table]))
    site.new_gateway("dynamodb", RouteTableIds=[table])
    site.new_gateway(RouteTableIds=[other])
    assert len(site.routes(table)) == 2
    wanted = {"RouteTableId": table, "DestinationPrefixListId": listed[service("s3")]}
    refused(site.ec2.delete_route, "InvalidParameterValue", **wanted)
    site.delete(made)
    assert [one["DestinationPrefixListId"] for one in site.routes(table)] == [listed[service("dynamodb")]]


def test_route_tables_come_and_go(site: Endpoints) -> None:
    first, second = site.new_table(), site.new_table()
    made = site.new_gateway(RouteTableIds=[first])
    name = made["VpcEndpointId"]
    modify = site.ec2.modify_vpc_endpoint
    refused(modify, "RouteAlreadyExists", VpcEndpointId=name, AddRouteTableIds=[first])
    modify(VpcEndpointId=name, AddRouteTableIds=[second], RemoveRouteTableIds=[first])
    assert site.found(made)["RouteTableIds"] == [second]
    assert (len(site.routes(first)), len(site.routes(second))) == (0, 1)


def test_a_route_table_may_go_before_its_endpoint(site: Endpoints) -> None:
    table = site.new_table()
    made = site.new_gateway(RouteTableIds=[table])
    site.ec2.delete_route_table(RouteTableId=table)
    assert site.delete(made) == []


def test_subnets_and_groups_come_and_go(slow: Endpoints) -> None:
    made, group = slow.new(SubnetIds=slow.subnets[:1]), slow.new_group("other")
    name = made["VpcEndpointId"]
    slow.ec2.modify_vpc_endpoint(VpcEndpointId=name, AddSubnetIds=slow.subnets[1:], AddSecurityGroupIds=[group])
    found = slow.found(made)
    assert (found["SubnetIds"], len(found["NetworkInterfaceIds"])) == (slow.subnets, 2)
    groups = [{one["GroupId"] for one in interface["Groups"]} for interface in slow.interfaces("VPC Endpoint *")]
    assert groups == [{slow.group, group}] * 2
    slow.ec2.modify_vpc_endpoint(
        VpcEndpointId=name, RemoveSubnetIds=slow.subnets[:1], RemoveSecurityGroupIds=[slow.group]
    )
    assert slow.found(made)["SubnetIds"] == slow.subnets[1:]
    refused(slow.ec2.delete_subnet, "DependencyViolation", SubnetId=slow.subnets[0])
    slow.sandbox.advance(61)
    (left,) = slow.interfaces("VPC Endpoint *")
    assert [one["GroupId"] for one in left["Groups"]] == [group]
    slow.ec2.delete_subnet(SubnetId=slow.subnets[0])


def test_the_policy_changes_and_is_reset(site: Endpoints) -> None:
    made = site.new()
    name, usual = made["VpcEndpointId"], made["PolicyDocument"]
    site.ec2.modify_vpc_endpoint(VpcEndpointId=name, PolicyDocument="{}")
    assert site.found(made)["PolicyDocument"] == "{}"
    site.ec2.modify_vpc_endpoint(VpcEndpointId=name, ResetPolicy=True)
    assert site.found(made)["PolicyDocument"] == usual


def test_private_names_may_be_given_up(site: Endpoints) -> None:
    first = site.new()
    site.ec2.modify_vpc_endpoint(VpcEndpointId=first["VpcEndpointId"], PrivateDnsEnabled=False)
    assert "api.ecr.eu-central-1.amazonaws.com" not in [one["DnsName"] for one in site.found(first)["DnsEntries"]]
    site.new()


def test_unknown_endpoints(site: Endpoints) -> None:
    unknown = {"VpcEndpointId": "vpce-12345678"}
    refused(site.found, "InvalidVpcEndpointId.NotFound", endpoint=unknown)
    refused(site.ec2.modify_vpc_endpoint, "InvalidVpcEndpointId.NotFound", **unknown)
    (failure,) = site.delete(unknown)
    assert failure["ResourceId"] == unknown["VpcEndpointId"]
    assert failure["Error"]["Code"] == "InvalidVpcEndpoint.NotFound"


def test_one_that_goes_is_not_modified(slow: Endpoints) -> None:
    made = slow.new()
    slow.delete(made)
    assert slow.delete(made) == []
    name = made["VpcEndpointId"]
    refused(slow.ec2.modify_vpc_endpoint, "InvalidVpcEndpointId.NotFound", VpcEndpointId=name)
    slow.sandbox.advance(61)
    assert slow.delete(made)[0]["Error"]["Code"] == "InvalidVpcEndpoint.NotFound"


def test_a_vpc_with_an_endpoint_stays(slow: Endpoints) -> None:
    vpc = slow.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    made = slow.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=service("s3"))["VpcEndpoint"]
    slow.delete(made)
    refused(slow.ec2.delete_vpc, "DependencyViolation", VpcId=vpc)
    slow.sandbox.advance(6)
    slow.ec2.delete_vpc(VpcId=vpc)


def test_prefix_lists_are_the_same_for_ever(site: Endpoints) -> None:
    def ids() -> dict[str, str]:
        lists = site.ec2.describe_managed_prefix_lists()["PrefixLists"]
        names = [service(name) for name in ("s3", "dynamodb")]
        return {one["PrefixListName"]: one["PrefixListId"] for one in lists if one["PrefixListName"] in names}

    before = ids()
    assert len(before) == 2
    site.sandbox.reset()
    assert ids() == before
    name = before[service("s3")]
    entries = site.ec2.get_managed_prefix_list_entries(PrefixListId=name)["Entries"]
    (listed,) = site.ec2.describe_prefix_lists(PrefixListIds=[name])["PrefixLists"]
    assert "52.216.0.0/15" in listed["Cidrs"]
    assert [entry["Cidr"] for entry in entries] == listed["Cidrs"]
    refused(site.ec2.describe_prefix_lists, "InvalidPrefixListID.NotFound", PrefixListIds=["pl-12345678"])


def test_only_interface_endpoints_have_private_names(site: Endpoints) -> None:
    details = site.ec2.describe_vpc_endpoint_services(ServiceNames=[service("s3")])["ServiceDetails"]
    named = {one["ServiceType"][0]["ServiceType"]: one.get("PrivateDnsName") for one in details}
    assert named == {"Gateway": None, "Interface": "s3.eu-central-1.amazonaws.com"}


def test_an_endpoint_answers_a_while_after_it_is_available() -> None:
    with embedded("scaled=1") as world:
        ec2: Any = boto3.Session(region_name=REGION).client("ec2")
        site = Site("123456789012", REGION, world)
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        common = {"VpcId": vpc, "PrivateDnsEnabled": False}
        inside, gateway = (
            ec2.create_vpc_endpoint(**common, **more)["VpcEndpoint"]["VpcEndpointId"]
            for more in (
                {"ServiceName": service("logs"), "VpcEndpointType": "Interface", "SubnetIds": [subnet]},
                {"ServiceName": service("s3"), "VpcEndpointType": "Gateway"},
            )
        )

        def after(seconds: float) -> tuple[bool, bool]:
            world.clock.advance(seconds)
            world.clock.catch_up()
            return endpoints.answering(site, inside), endpoints.answering(site, gateway)

        assert after(4) == (False, False)
        assert after(2) == (False, True)
        assert after(75) == (False, True)
        assert ec2.describe_vpc_endpoints(VpcEndpointIds=[inside])["VpcEndpoints"][0]["State"] == "available"
        assert after(25) == (True, True)
        ec2.delete_vpc_endpoints(VpcEndpointIds=[inside, gateway])
        assert after(0) == (False, False)
        assert not endpoints.answering(site, "vpce-12345678")
