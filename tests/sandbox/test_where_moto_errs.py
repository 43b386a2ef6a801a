"""Where moto, left alone, does other than AWS: what AWS does, each in a few lines, as it was measured.

moto would take what is refused here, and be ready at once. The details are in the tests of each service.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.fargate import Fargate
from tests.sandbox.lambdas import LambdaNetwork
from tests.sandbox.principals import User, allow, enforce
from tests.sandbox.world import Network, refused, zipped
from tests.sandbox_fixture import REGION, Sandbox

PREFIX = f"com.amazonaws.{REGION}"
DNS_NAME = "web-1234567890.eu-central-1.elb.amazonaws.com"


@pytest.fixture
def timed(sandbox: Sandbox) -> Iterator[Network]:
    """A network where everything takes AWS's own time."""
    sandbox.become("scaled=1")
    yield Network(sandbox)
    sandbox.become("instant")


@pytest.fixture
def functions(sandbox: Sandbox) -> LambdaNetwork:
    return LambdaNetwork(sandbox)


def until_refused(code: str, call: Callable[[], Any]) -> int:
    """How often the call is allowed before AWS answers with this code."""
    for number in range(20):
        try:
            call()
        except ClientError as error:
            assert error.response["Error"]["Code"] == code
            return number
    raise AssertionError(f"{code} never came")


def endpoint(network: Network, service: str, **more: Any) -> str:
    wanted: dict[str, Any] = {"VpcId": network.vpc, "ServiceName": f"{PREFIX}.{service}", **more}
    return str(network.ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]["VpcEndpointId"])


def interface_endpoint(network: Network, **more: Any) -> str:
    place = {"VpcEndpointType": "Interface", "SubnetIds": network.subnets[:1], "SecurityGroupIds": [network.group]}
    return endpoint(network, "logs", **{**place, **more})


def instance(network: Network, **more: Any) -> str:
    image = network.sandbox.client("ssm").get_parameter(
        Name="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    )["Parameter"]["Value"]
    place = {"SubnetId": network.subnets[0], "SecurityGroupIds": [network.group]}
    wanted: dict[str, Any] = {"ImageId": image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    return str(network.ec2.run_instances(**wanted, **place, **more)["Instances"][0]["InstanceId"])


def zone(network: Network, name: str = "example.test") -> str:
    made = network.sandbox.client("route53").create_hosted_zone(Name=name, CallerReference=name)
    return str(made["HostedZone"]["Id"])


def change(network: Network, zone: str, action: str, **record: Any) -> dict[str, Any]:
    """The parameters of a change of one record."""
    wanted = {"Name": "a.example.test", "Type": "A", **record}
    if "AliasTarget" not in wanted:
        wanted = {"TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}], **wanted}
    return {"HostedZoneId": zone, "ChangeBatch": {"Changes": [{"Action": action, "ResourceRecordSet": wanted}]}}


def certificate(network: Network, *, proved: bool = True) -> str:
    """One for `www.example.test`, in a new registered zone."""
    acm = network.sandbox.client("acm")
    there = zone(network)
    arn = acm.request_certificate(DomainName="www.example.test", ValidationMethod="DNS")["CertificateArn"]
    if proved:
        prove(network, there, arn)
    return str(arn)


def prove(network: Network, zone: str, arn: str) -> None:
    told = network.sandbox.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    proof = told["DomainValidationOptions"][0]["ResourceRecord"]
    record = {"Name": proof["Name"], "Type": "CNAME", "ResourceRecords": [{"Value": proof["Value"]}]}
    network.sandbox.client("route53").change_resource_record_sets(**change(network, zone, "UPSERT", **record))


def secure_listener(network: Network, arn: str) -> dict[str, Any]:
    """The parameters of a listener with that certificate."""
    return {
        "LoadBalancerArn": network.new_balancer(),
        "Port": 443,
        "Protocol": "HTTPS",
        "Certificates": [{"CertificateArn": arn}],
        "DefaultActions": [{"Type": "forward", "TargetGroupArn": network.new_targets()}],
    }


# 1
def test_vpcs_and_addresses_have_quotas(network: Network) -> None:
    there = len(network.ec2.describe_vpcs()["Vpcs"])
    more = until_refused("VpcLimitExceeded", lambda: network.ec2.create_vpc(CidrBlock="10.1.0.0/16"))
    assert there + more == 5
    assert until_refused("AddressLimitExceeded", network.new_address) == 5


# 2
def test_a_nat_gateway_without_internet_gateway_fails_after_its_200(timed: Network) -> None:
    timed.ec2.detach_internet_gateway(InternetGatewayId=timed.gateway, VpcId=timed.vpc)
    gateway = timed.new_nat()
    assert timed.nat(gateway)["State"] == "pending"
    timed.sandbox.advance(10)
    told = timed.nat(gateway)
    assert (told["State"], told["FailureCode"]) == ("failed", "Gateway.NotAttached")


# 3
def test_a_token_gives_the_same_nat_gateway(network: Network) -> None:
    address = network.new_address()
    first = network.new_nat(AllocationId=address, ClientToken="t")
    assert network.new_nat(AllocationId=address, ClientToken="t") == first
    refused(
        network.ec2.create_nat_gateway,
        "IdempotentParameterMismatch",
        SubnetId=network.subnets[1],
        AllocationId=address,
        ClientToken="t",
    )


# 4
def test_a_token_gives_the_same_route_table_endpoint_and_instance(network: Network) -> None:
    def table(token: str) -> Any:
        made = network.ec2.create_route_table(VpcId=network.vpc, ClientToken=token)
        return made["RouteTable"]["RouteTableId"]

    assert table("t") == table("t") != table("u")
    tables = [table("t")]
    assert endpoint(network, "s3", RouteTableIds=tables, ClientToken="t") == endpoint(
        network, "s3", RouteTableIds=tables, ClientToken="t"
    )
    assert instance(network, ClientToken="t") == instance(network, ClientToken="t") != instance(network)


# 5
def test_a_nat_gateway_comes_and_goes_slowly(timed: Network) -> None:
    gateway = timed.new_nat()
    states = []
    for seconds in (60, 60):
        states.append(timed.nat(gateway)["State"])
        timed.sandbox.advance(seconds)
    states.append(timed.nat(gateway)["State"])
    timed.ec2.delete_nat_gateway(NatGatewayId=gateway)
    states.append(timed.nat(gateway)["State"])
    timed.sandbox.advance(61)
    states.append(timed.nat(gateway)["State"])
    assert states == ["pending", "pending", "available", "deleting", "deleted"]
    timed.sandbox.advance(3700)
    refused(timed.ec2.delete_nat_gateway, "NatGatewayNotFound", NatGatewayId=gateway)


# 6
def test_an_address_of_a_nat_gateway_is_not_released(network: Network) -> None:
    address = network.new_address()
    gateway = network.new_nat(AllocationId=address)
    with pytest.raises(ClientError) as caught:
        network.ec2.release_address(AllocationId=address)
    assert caught.value.response["Error"]["Code"] in ("InvalidIPAddress.InUse", "AuthFailure")
    network.ec2.delete_nat_gateway(NatGatewayId=gateway)
    network.ec2.release_address(AllocationId=address)


# 7
def test_an_internet_gateway_with_mapped_addresses_stays_attached(network: Network) -> None:
    gateway = network.new_nat()
    pair = {"InternetGatewayId": network.gateway, "VpcId": network.vpc}
    message = refused(network.ec2.detach_internet_gateway, "DependencyViolation", **pair)
    assert "mapped public address(es)" in message
    network.ec2.delete_nat_gateway(NatGatewayId=gateway)
    network.ec2.detach_internet_gateway(**pair)


def _nat(network: Network) -> Callable[[], Any]:
    gateway = network.new_nat()
    return lambda: network.ec2.delete_nat_gateway(NatGatewayId=gateway)


def _interface(network: Network) -> Callable[[], Any]:
    made = network.ec2.create_network_interface(SubnetId=network.subnets[0], Groups=[network.group])
    interface = made["NetworkInterface"]["NetworkInterfaceId"]
    return lambda: network.ec2.delete_network_interface(NetworkInterfaceId=interface)


def _instance(network: Network) -> Callable[[], Any]:
    made = instance(network)
    return lambda: network.ec2.terminate_instances(InstanceIds=[made])


def _balancer(network: Network) -> Callable[[], Any]:
    arn = network.new_balancer()
    return lambda: network.elbv2.delete_load_balancer(LoadBalancerArn=arn)


# 8
@pytest.mark.parametrize("occupy", [_nat, _interface, _instance, _balancer])
def test_a_subnet_in_use_stays(network: Network, occupy: Callable[[Network], Callable[[], Any]]) -> None:
    leave = occupy(network)
    refused(network.ec2.delete_subnet, "DependencyViolation", SubnetId=network.subnets[0])
    leave()
    network.ec2.delete_subnet(SubnetId=network.subnets[0])


def _reference(network: Network) -> Callable[[], Any]:
    other = network.new_group("other")
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": network.group}]}
    network.ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[rule])
    return lambda: network.ec2.revoke_security_group_ingress(GroupId=other, IpPermissions=[rule])


def _function(network: Network) -> Callable[[], Any]:
    network.new_function(VpcConfig=network.in_vpc())
    return lambda: network.functions.delete_function(FunctionName="hello")


# 9
@pytest.mark.parametrize("occupy", [_reference, _interface, _balancer, _function])
def test_a_group_in_use_stays(network: Network, occupy: Callable[[Network], Callable[[], Any]]) -> None:
    leave = occupy(network)
    refused(network.ec2.delete_security_group, "DependencyViolation", GroupId=network.group)
    leave()
    network.ec2.delete_security_group(GroupId=network.group)


# 10
def test_a_default_group_stays(network: Network) -> None:
    filters = [{"Name": "vpc-id", "Values": [network.vpc]}, {"Name": "group-name", "Values": ["default"]}]
    (default,) = network.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    refused(network.ec2.delete_security_group, "CannotDelete", GroupId=default["GroupId"])


# 11
def test_a_vpc_with_anything_of_its_users_stays(network: Network) -> None:
    ec2 = network.ec2
    vpc = {"VpcId": network.vpc}
    for subnet in network.subnets:
        ec2.delete_subnet(SubnetId=subnet)
    gateway = endpoint(network, "s3")
    obstacles: list[Callable[[], Any]] = [
        lambda: ec2.delete_security_group(GroupId=network.group),
        lambda: ec2.detach_internet_gateway(InternetGatewayId=network.gateway, **vpc),
        lambda: ec2.delete_vpc_endpoints(VpcEndpointIds=[gateway]),
    ]
    for remove in obstacles:
        refused(ec2.delete_vpc, "DependencyViolation", **vpc)
        remove()
    ec2.delete_vpc(**vpc)


# 12
def test_a_subnet_has_16_addresses_at_least(network: Network) -> None:
    create = network.ec2.create_subnet
    refused(create, "InvalidSubnet.Range", VpcId=network.vpc, CidrBlock="10.0.9.0/29")
    create(VpcId=network.vpc, CidrBlock="10.0.9.0/28")


# 13
def test_names_of_groups_differ_by_more_than_case(network: Network) -> None:
    wanted = {"Description": "test", "VpcId": network.vpc}
    refused(network.ec2.create_security_group, "InvalidGroup.Duplicate", GroupName="APP", **wanted)
    network.ec2.create_security_group(GroupName="APPS", **wanted)


# 14
def test_a_route_leads_to_what_is_there(network: Network) -> None:
    ec2 = network.ec2
    table = ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"]
    wanted = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    refused(ec2.create_route, "InvalidNatGatewayID.NotFound", NatGatewayId="nat-0123456789abcdef0", **wanted)
    transit = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    refused(ec2.create_route, "InvalidTransitGatewayID.NotFound", TransitGatewayId=transit, **wanted)
    ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=transit, VpcId=network.vpc, SubnetIds=network.subnets
    )
    ec2.create_route(TransitGatewayId=transit, **wanted)


# 15
def test_private_dns_needs_dns_in_the_vpc_and_one_endpoint(timed: Network) -> None:
    private: dict[str, Any] = {
        "VpcId": timed.vpc,
        "ServiceName": f"{PREFIX}.logs",
        "VpcEndpointType": "Interface",
        "SubnetIds": timed.subnets[:1],
        "PrivateDnsEnabled": True,
    }
    refused(timed.ec2.create_vpc_endpoint, "InvalidParameter", **private)
    timed.ec2.modify_vpc_attribute(VpcId=timed.vpc, EnableDnsHostnames={"Value": True})
    made = interface_endpoint(timed, PrivateDnsEnabled=True)
    assert "conflicting DNS domain" in refused(timed.ec2.create_vpc_endpoint, "InvalidParameter", **private)

    def state() -> Any:
        return timed.ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"][0]["State"]

    assert state() == "pending"
    timed.sandbox.advance(80)
    assert state() == "available"


# 16
def test_an_unknown_endpoint_is_told_among_the_unsuccessful(network: Network) -> None:
    made = endpoint(network, "s3")
    answer = network.ec2.delete_vpc_endpoints(VpcEndpointIds=["vpce-0123456789abcdef0", made])
    (failed,) = answer["Unsuccessful"]
    assert failed["ResourceId"] == "vpce-0123456789abcdef0"
    assert failed["Error"]["Code"].startswith("InvalidVpcEndpoint")


# 17
def test_a_transit_gateway_and_its_attachments_take_their_time(timed: Network) -> None:
    ec2 = timed.ec2
    transit = ec2.create_transit_gateway()["TransitGateway"]
    place = {"TransitGatewayId": transit["TransitGatewayId"], "VpcId": timed.vpc, "SubnetIds": timed.subnets}
    assert transit["State"] == "pending"
    refused(ec2.create_transit_gateway_vpc_attachment, "IncorrectState", **place)
    timed.sandbox.advance(91)
    made = ec2.create_transit_gateway_vpc_attachment(**place)["TransitGatewayVpcAttachment"]
    attachment = made["TransitGatewayAttachmentId"]

    def state() -> Any:
        told = ec2.describe_transit_gateway_vpc_attachments(TransitGatewayAttachmentIds=[attachment])
        return told["TransitGatewayVpcAttachments"][0]["State"]

    assert state() == "pending"
    timed.sandbox.advance(91)
    assert state() == "available"
    refused(ec2.delete_transit_gateway, "IncorrectState", TransitGatewayId=transit["TransitGatewayId"])
    ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=attachment)
    assert state() == "deleting"
    timed.sandbox.advance(61)
    assert state() == "deleted"
    ec2.delete_transit_gateway(TransitGatewayId=transit["TransitGatewayId"])


# 18
def test_a_load_balancer_has_one_subnet_a_zone_and_an_application_one_two_zones(network: Network) -> None:
    create = network.elbv2.create_load_balancer
    same = network.ec2.create_subnet(VpcId=network.vpc, CidrBlock="10.0.9.0/24", AvailabilityZone="eu-central-1a")[
        "Subnet"
    ]["SubnetId"]
    twice = [network.subnets[0], same]
    refused(create, "ValidationError", Name="a", Subnets=network.subnets[:1])
    refused(create, "InvalidConfigurationRequest", Name="a", Subnets=twice)
    refused(create, "InvalidConfigurationRequest", Name="n", Subnets=twice, Type="network")
    create(Name="a", Subnets=network.subnets)
    create(Name="n", Subnets=[same], Type="network")


# 19
@pytest.mark.parametrize("name", ["internal-x", "x" * 33, "-x", "x_y"])
def test_names_that_no_load_balancer_can_have(network: Network, name: str) -> None:
    refused(network.elbv2.create_load_balancer, "ValidationError", Name=name, Subnets=network.subnets)
    network.new_balancer("x" * 32)


# 20
def test_a_load_balancer_of_the_name_is_given_or_in_the_way(network: Network) -> None:
    first = network.new_balancer()
    assert network.new_balancer() == first
    settings = {"Name": "web", "Subnets": network.subnets, "Scheme": "internet-facing"}
    refused(network.elbv2.create_load_balancer, "DuplicateLoadBalancerName", **settings)
    assert len(network.elbv2.describe_load_balancers()["LoadBalancers"]) == 1


# 21
def test_a_load_balancer_takes_its_time_and_its_interfaces_longer(timed: Network) -> None:
    arn = timed.new_balancer()

    def state() -> Any:
        return timed.elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]["State"]["Code"]

    timed.sandbox.advance(90)
    assert state() == "provisioning"
    timed.sandbox.advance(60)
    assert state() == "active"
    path = arn.partition("loadbalancer/")[2]
    for interface in timed.interfaces(f"ELB {path}"):
        assert interface["RequesterId"] == "amazon-elb"
        assert interface["RequesterManaged"] is True
    assert len(timed.interfaces(f"ELB {path}")) == 2
    timed.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    refused(timed.elbv2.describe_load_balancers, "LoadBalancerNotFound", LoadBalancerArns=[arn])
    refused(timed.ec2.delete_subnet, "DependencyViolation", SubnetId=timed.subnets[0])
    timed.sandbox.advance(61)
    timed.ec2.delete_subnet(SubnetId=timed.subnets[0])


# 22
def test_an_identical_target_group_is_the_same_one(network: Network) -> None:
    assert network.new_targets() == network.new_targets()
    other = {"Name": "web", "Protocol": "HTTP", "Port": 81, "VpcId": network.vpc, "TargetType": "ip"}
    refused(network.elbv2.create_target_group, "DuplicateTargetGroupName", **other)


# 23
def test_a_port_has_one_listener(network: Network) -> None:
    balancer, targets = network.new_balancer(), network.new_targets()
    network.new_listener(balancer, targets)
    with pytest.raises(ClientError, match="DuplicateListener"):
        network.new_listener(balancer, targets)
    network.new_listener(balancer, targets, 81)


# 24
def test_a_listener_needs_an_issued_certificate(network: Network) -> None:
    pending = certificate(network, proved=False)
    wanted = secure_listener(network, pending)
    refused(network.elbv2.create_listener, "UnsupportedCertificate", **wanted)
    route53 = network.sandbox.client("route53")
    prove(network, route53.list_hosted_zones()["HostedZones"][0]["Id"], pending)
    network.elbv2.create_listener(**wanted)


# 25
def test_cpu_and_memory_go_together(network: Network) -> None:
    with pytest.raises(ClientError, match="ClientException"):
        network.new_definition(cpu="256", memory="8192")
    network.new_definition(cpu="256", memory="2048")


# 26
def test_a_service_wants_a_target_group_behind_a_load_balancer(network: Network) -> None:
    targets = network.new_targets()
    network.ecs.create_cluster(clusterName="main")
    wanted = network.service_parameters(
        taskDefinition=network.new_definition(),
        loadBalancers=[{"targetGroupArn": targets, "containerName": "app", "containerPort": 80}],
    )
    message = refused(network.ecs.create_service, "InvalidParameterException", **wanted)
    assert "does not have an associated load balancer" in message
    network.new_listener(network.new_balancer(), targets)
    network.ecs.create_service(**wanted)


# 27
def test_a_service_name_is_used_once(network: Network) -> None:
    network.new_service()
    other = network.service_parameters(taskDefinition="app", desiredCount=3)
    message = refused(network.ecs.create_service, "InvalidParameterException", **other)
    assert message == "Creation of service was not idempotent."
    network.ecs.create_service(**{**other, "serviceName": "other"})


# 28
def test_a_service_becomes_stable(sandbox: Sandbox) -> None:
    fargate = Fargate(sandbox)
    fargate.new_service(**fargate.balanced())
    fargate.ecs.get_waiter("services_stable").wait(
        cluster="main", services=["app"], WaiterConfig={"Delay": 0, "MaxAttempts": 3}
    )
    told = fargate.service()
    assert (told["runningCount"], told["deployments"][0]["rolloutState"]) == (2, "COMPLETED")
    assert "has reached a steady state." in fargate.events()
    assert fargate.statuses() == ["RUNNING", "RUNNING"]
    assert len([one for one in fargate.interfaces() if one["InterfaceType"] == "interface"]) >= 2
    (group,) = fargate.elbv2.describe_target_groups()["TargetGroups"]
    health = fargate.elbv2.describe_target_health(TargetGroupArn=group["TargetGroupArn"])
    assert [one["TargetHealth"]["State"] for one in health["TargetHealthDescriptions"]] == ["healthy"] * 2


# 29
def test_service_connect_comes_back(network: Network) -> None:
    wanted = {"enabled": True, "namespace": "apps"}
    definition = network.new_definition()
    network.ecs.create_cluster(clusterName="main")
    create = network.service_parameters(taskDefinition=definition, serviceConnectConfiguration=wanted)
    refused(network.ecs.create_service, "NamespaceNotFoundException", **create)
    network.sandbox.client("servicediscovery").create_http_namespace(Name="apps")
    network.ecs.create_service(**create)
    told = network.service()["deployments"][0]["serviceConnectConfiguration"]
    assert told["enabled"] is True
    assert told["namespace"].endswith("apps") or ":namespace/ns-" in told["namespace"]


# 30
def test_a_cluster_with_services_stays(network: Network) -> None:
    network.new_service()
    refused(network.ecs.delete_cluster, "ClusterContainsServicesException", cluster="main")
    network.ecs.delete_service(cluster="main", service="app", force=True)
    network.ecs.delete_cluster(cluster="main")


# 31
def test_a_service_drains_and_keeps_its_name_meanwhile(timed: Network) -> None:
    timed.new_service(desiredCount=1)
    timed.sandbox.advance(60)
    timed.ecs.delete_service(cluster="main", service="app", force=True)
    assert timed.service()["status"] == "DRAINING"
    again = timed.service_parameters(taskDefinition="app")
    refused(timed.ecs.create_service, "InvalidParameterException", **again)
    timed.sandbox.advance(200)
    timed.sandbox.advance(200)
    assert timed.service()["status"] == "INACTIVE"
    timed.ecs.create_service(**again)


# 32
def test_a_function_has_a_role_for_lambda_and_a_place_that_is_there(functions: LambdaNetwork) -> None:
    for wrong in (
        {"Role": functions.new_role("tasks", "ecs-tasks.amazonaws.com")},
        {"VpcConfig": {"SubnetIds": ["subnet-0123456789abcdef0"], "SecurityGroupIds": [functions.group]}},
        {"VpcConfig": {"SubnetIds": functions.subnets, "SecurityGroupIds": ["sg-0123456789abcdef0"]}},
        {"VpcConfig": {"SubnetIds": functions.subnets, "SecurityGroupIds": []}},
    ):
        wanted = {"Role": functions.new_role(f"role{time.monotonic_ns()}", "lambda.amazonaws.com"), **wrong}
        refused(
            functions.functions.create_function,
            "InvalidParameterValueException",
            FunctionName="f",
            Runtime="python3.12",
            Handler="a.b",
            Code={"ZipFile": zipped()},
            **wanted,
        )
    functions.new_function(VpcConfig=functions.in_vpc())
    told = functions.functions.get_function_configuration(FunctionName="hello")
    assert told["VpcConfig"]["VpcId"] == functions.vpc


# 33
def test_interfaces_of_a_function_outlive_it(sandbox: Sandbox) -> None:
    functions = LambdaNetwork(sandbox)
    sandbox.latencies({"lambda.interfaces": 420})
    functions.new_function(VpcConfig=functions.in_vpc())
    (interface,) = functions.interfaces("AWS Lambda VPC ENI*")
    assert interface["InterfaceType"] == "lambda"
    functions.functions.delete_function(FunctionName="hello")
    sandbox.advance(400)
    refused(functions.ec2.delete_subnet, "DependencyViolation", SubnetId=functions.subnets[0])
    sandbox.advance(21)
    assert not functions.interfaces("AWS Lambda VPC ENI*")
    functions.ec2.delete_subnet(SubnetId=functions.subnets[0])


# 34
def test_a_statement_of_a_permission_is_there_once(network: Network) -> None:
    network.new_function()
    wanted = {"FunctionName": "hello", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"}
    network.functions.add_permission(StatementId="a", **wanted)
    refused(network.functions.add_permission, "ResourceConflictException", StatementId="a", **wanted)
    network.functions.add_permission(StatementId="b", **wanted)


# 35
def test_a_caller_reference_makes_one_zone(network: Network) -> None:
    zone(network)
    route53 = network.sandbox.client("route53")
    again = {"Name": "example.test", "CallerReference": "example.test"}
    refused(route53.create_hosted_zone, "HostedZoneAlreadyExists", **again)
    route53.create_hosted_zone(Name="example.test", CallerReference="another")
    assert len(route53.list_hosted_zones()["HostedZones"]) == 2


# 36
def test_a_change_is_pending_at_first(timed: Network) -> None:
    there = zone(timed)
    route53 = timed.sandbox.client("route53")
    info = route53.change_resource_record_sets(**change(timed, there, "CREATE"))["ChangeInfo"]
    assert info["Status"] == "PENDING"
    timed.sandbox.advance(31)
    assert route53.get_change(Id=info["Id"])["ChangeInfo"]["Status"] == "INSYNC"


# 37
def test_a_record_is_deleted_as_it_is(network: Network) -> None:
    there = zone(network)
    alter = network.sandbox.client("route53").change_resource_record_sets
    alter(**change(network, there, "CREATE"))
    message = refused(alter, "InvalidChangeBatch", **change(network, there, "DELETE", TTL=300))
    assert "do not match" in message
    alter(**change(network, there, "DELETE"))
    assert "not found" in refused(alter, "InvalidChangeBatch", **change(network, there, "DELETE"))


# 38
def test_an_alias_leads_to_what_is_there(network: Network) -> None:
    there = zone(network)
    (balancer,) = network.elbv2.describe_load_balancers(LoadBalancerArns=[network.new_balancer()])["LoadBalancers"]
    alter = network.sandbox.client("route53").change_resource_record_sets

    def alias(name: str, of: str) -> dict[str, Any]:
        target = {"DNSName": name, "HostedZoneId": of, "EvaluateTargetHealth": False}
        return change(network, there, "UPSERT", AliasTarget=target)

    refused(alter, "InvalidChangeBatch", **alias(DNS_NAME, balancer["CanonicalHostedZoneId"]))
    refused(alter, "InvalidChangeBatch", **alias(balancer["DNSName"], "Z0123456789ABCDEFGHIJ"))
    alter(**alias(balancer["DNSName"], balancer["CanonicalHostedZoneId"]))


# 39
def test_a_certificate_is_issued_when_its_record_resolves(network: Network) -> None:
    arn = certificate(network, proved=False)
    acm, route53 = network.sandbox.client("acm"), network.sandbox.client("route53")
    network.sandbox.advance(3600)

    def told() -> Any:
        return acm.describe_certificate(CertificateArn=arn)["Certificate"]

    assert told()["Status"] == "PENDING_VALIDATION"
    prove(network, route53.list_hosted_zones()["HostedZones"][0]["Id"], arn)
    assert told()["Status"] == "ISSUED"
    wanted = secure_listener(network, arn)
    network.elbv2.create_listener(**wanted)
    assert told()["InUseBy"] == [wanted["LoadBalancerArn"]]


# 40
def test_a_certificate_in_use_stays(network: Network) -> None:
    arn = certificate(network)
    (listener,) = network.elbv2.create_listener(**secure_listener(network, arn))["Listeners"]
    delete = network.sandbox.client("acm").delete_certificate
    refused(delete, "ResourceInUseException", CertificateArn=arn)
    network.elbv2.delete_listener(ListenerArn=listener["ListenerArn"])
    delete(CertificateArn=arn)


# 41
def test_a_trust_policy_is_one(network: Network) -> None:
    create = network.sandbox.client("iam").create_role
    refused(create, "MalformedPolicyDocument", RoleName="r", AssumeRolePolicyDocument="trust me")
    nobody = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:role/no"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [{**nobody, "Action": "sts:AssumeRole"}]})
    message = refused(create, "MalformedPolicyDocument", RoleName="r", AssumeRolePolicyDocument=document)
    assert message.startswith("Invalid principal in policy")
    network.new_role("r", "lambda.amazonaws.com")


# 42
def test_policies_of_aws_are_there(network: Network) -> None:
    iam = network.sandbox.client("iam")
    network.new_role("r", "ecs-tasks.amazonaws.com")
    refused(iam.attach_role_policy, "NoSuchEntity", RoleName="r", PolicyArn="arn:aws:iam::aws:policy/No")
    arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)


# 43
def test_retention_is_one_of_the_list(network: Network) -> None:
    logs = network.sandbox.client("logs")
    logs.create_log_group(logGroupName="g")
    refused(logs.put_retention_policy, "InvalidParameterException", logGroupName="g", retentionInDays=2)
    logs.put_retention_policy(logGroupName="g", retentionInDays=3)


# 44
def test_namespaces_take_operations_and_hold_their_services(timed: Network) -> None:
    client = timed.sandbox.client("servicediscovery")
    operation = client.create_http_namespace(Name="apps")["OperationId"]
    assert client.get_operation(OperationId=operation)["Operation"]["Status"] != "SUCCESS"
    timed.sandbox.advance(31)
    told = client.get_operation(OperationId=operation)["Operation"]
    assert told["Status"] == "SUCCESS"
    namespace = told["Targets"]["NAMESPACE"]
    refused(client.create_http_namespace, "NamespaceAlreadyExists", Name="apps")
    service = client.create_service(Name="web", NamespaceId=namespace)["Service"]["Id"]
    refused(client.delete_namespace, "ResourceInUse", Id=namespace)
    client.delete_service(Id=service)
    client.delete_namespace(Id=namespace)


# 45
def test_routes_and_stages_are_there_once_and_unknown_apis_nowhere(network: Network) -> None:
    client = network.sandbox.client("apigatewayv2")
    api = client.create_api(Name="a", ProtocolType="HTTP")["ApiId"]
    for create, wanted in (
        (client.create_route, {"RouteKey": "GET /"}),
        (client.create_stage, {"StageName": "$default"}),
    ):
        create(ApiId=api, **wanted)
        refused(create, "ConflictException", ApiId=api, **wanted)
    refused(client.delete_api, "NotFoundException", ApiId="0123456789")
    client.delete_api(ApiId=api)
    refused(client.delete_api, "NotFoundException", ApiId=api)


# 46
def test_a_vpc_link_is_pending_for_minutes(timed: Network) -> None:
    client = timed.sandbox.client("apigatewayv2")
    link = client.create_vpc_link(Name="l", SubnetIds=timed.subnets)["VpcLinkId"]
    states = [client.get_vpc_link(VpcLinkId=link)["VpcLinkStatus"]]
    timed.sandbox.advance(121)
    states.append(client.get_vpc_link(VpcLinkId=link)["VpcLinkStatus"])
    assert states == ["PENDING", "AVAILABLE"]


# 47
def test_a_dry_run_says_whether_one_may(network: Network) -> None:
    there = len(network.ec2.describe_vpcs()["Vpcs"])
    wanted = {"CidrBlock": "10.9.0.0/16", "DryRun": True}
    refused(network.ec2.create_vpc, "DryRunOperation", **wanted)
    enforce(network.sandbox)
    user = User(network.sandbox, allow("ec2:Describe*"))
    refused(user.client("ec2").create_vpc, "UnauthorizedOperation", **wanted)
    assert len(user.client("ec2").describe_vpcs()["Vpcs"]) == there


# 48
def test_service_linked_roles_have_their_names_and_are_made_once(network: Network) -> None:
    iam = network.sandbox.client("iam")
    create = iam.create_service_linked_role
    assert create(AWSServiceName="ecs.amazonaws.com")["Role"]["RoleName"] == "AWSServiceRoleForECS"
    assert "has been taken" in refused(create, "InvalidInput", AWSServiceName="ecs.amazonaws.com")


# 49
def test_calls_are_limited_and_new_things_unknown_at_first(timed: Network) -> None:
    route53 = timed.sandbox.client("route53")
    assert 5 <= until_refused("Throttling", route53.list_hosted_zones) < 20
    timed.sandbox.faults([{"do": "invisible", "service": "ec2", "seconds": 5}])
    vpc = timed.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    refused(timed.ec2.create_subnet, "InvalidVpcID.NotFound", VpcId=vpc, CidrBlock="10.9.0.0/24")
    timed.sandbox.advance(6)
    timed.ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")
