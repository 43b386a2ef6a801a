"""Quotas: each is reached, refused, and free again; and what Service Quotas tells of them."""

from __future__ import annotations

import json
import urllib.error
from collections.abc import Callable
from typing import Any

import pytest

from provisioner.sandbox import quotas
from provisioner.sandbox.call import Site
from provisioner.sandbox.world import Nature, World
from tests.sandbox.world import Network, refused
from tests.sandbox_fixture import Sandbox

Create = Callable[[Network, int], Any]


def permit(port: int) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}


def table(network: Network) -> str:
    return str(network.ec2.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"])


def _role(network: Network, number: int) -> None:
    network.new_role(f"role-{number}", "lambda.amazonaws.com")


def _policies(network: Network) -> list[str]:
    """The ARNs of AWS's own."""
    told = network.sandbox.client("iam").list_policies(Scope="AWS")["Policies"]
    return sorted(policy["Arn"] for policy in told)


def _policy(network: Network, number: int) -> None:
    network.sandbox.client("iam").attach_role_policy(RoleName="role", PolicyArn=_policies(network)[number])


def _route(network: Network, number: int) -> None:
    tables = network.ec2.describe_route_tables(
        Filters=[{"Name": "vpc-id", "Values": [network.vpc]}, {"Name": "association.main", "Values": ["true"]}]
    )
    network.ec2.create_route(
        RouteTableId=tables["RouteTables"][0]["RouteTableId"],
        DestinationCidrBlock=f"10.{number + 1}.0.0/16",
        GatewayId=network.gateway,
    )


def _endpoint(network: Network, number: int, kind: str) -> None:
    services = {
        "Interface": ("ecr.api", "ecr.dkr", "logs", "sqs"),
        "Gateway": ("s3", "dynamodb"),
    }
    network.ec2.create_vpc_endpoint(
        VpcId=network.vpc,
        ServiceName=f"com.amazonaws.eu-central-1.{services[kind][number]}",
        VpcEndpointType=kind,
        **({"PrivateDnsEnabled": False} if kind == "Interface" else {}),
    )


def _attachment(network: Network, number: int) -> None:
    gateway = network.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    network.ec2.describe_transit_gateways()
    network.ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=gateway, VpcId=network.vpc, SubnetIds=network.subnets[:1]
    )


def _acl_entry(network: Network, number: int) -> None:
    acls = network.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [network.vpc]}])
    network.ec2.create_network_acl_entry(
        NetworkAclId=acls["NetworkAcls"][0]["NetworkAclId"],
        RuleNumber=200 + number,
        Protocol="-1",
        RuleAction="allow",
        Egress=False,
        CidrBlock="10.0.0.0/8",
    )


def _network_balancer(network: Network, number: int) -> None:
    network.elbv2.create_load_balancer(
        Name=f"net-{number}", Type="network", Scheme="internal", Subnets=network.subnets[:1]
    )


def _listener(network: Network, number: int) -> None:
    balancers = network.elbv2.describe_load_balancers()["LoadBalancers"]
    balancer = balancers[0]["LoadBalancerArn"] if balancers else network.new_balancer()
    network.new_listener(balancer, network.new_targets(), 80 + number)


def _rule(network: Network, number: int) -> None:
    balancers = network.elbv2.describe_load_balancers()["LoadBalancers"]
    if balancers:
        listeners = network.elbv2.describe_listeners(LoadBalancerArn=balancers[0]["LoadBalancerArn"])["Listeners"]
        listener = listeners[0]["ListenerArn"]
    else:
        listener = network.new_listener(network.new_balancer(), network.new_targets())
    network.elbv2.create_rule(
        ListenerArn=listener,
        Priority=number + 1,
        Conditions=[{"Field": "path-pattern", "Values": [f"/{number}"]}],
        Actions=[{"Type": "forward", "TargetGroupArn": network.new_targets()}],
    )


def _zone(network: Network, number: int) -> None:
    client = network.sandbox.client("route53")
    client.create_hosted_zone(Name=f"zone-{number}.example", CallerReference=str(number))


def _certificate(network: Network, number: int) -> None:
    client = network.sandbox.client("acm")
    client.request_certificate(DomainName=f"n{number}.example.com", ValidationMethod="DNS")


# What makes one more of each, how many are there before, and what is said at the limit.
CASES: list[tuple[str, Create, int, str]] = [
    ("vpcs", lambda it, n: it.ec2.create_vpc(CidrBlock=f"10.{n + 1}.0.0/16"), 2, "VpcLimitExceeded"),
    ("addresses", lambda it, n: it.new_address(), 0, "AddressLimitExceeded"),
    ("internet-gateways", lambda it, n: it.ec2.create_internet_gateway(), 1, "InternetGatewayLimitExceeded"),
    ("nat-gateways", lambda it, n: it.new_nat(), 0, "NatGatewayLimitExceeded"),
    (
        "subnets",
        lambda it, n: it.ec2.create_subnet(VpcId=it.vpc, CidrBlock=f"10.0.{n + 10}.0/24"),
        2,
        "SubnetLimitExceeded",
    ),
    ("route-tables", lambda it, n: table(it), 1, "RouteTableLimitExceeded"),
    ("routes", _route, 0, "RouteLimitExceeded"),
    ("network-acls", lambda it, n: it.ec2.create_network_acl(VpcId=it.vpc), 1, "NetworkAclLimitExceeded"),
    ("network-acl-rules", _acl_entry, 1, "NetworkAclEntryLimitExceeded"),
    ("security-groups", lambda it, n: it.new_group(f"group {n}"), 3, "SecurityGroupLimitExceeded"),
    (
        "rules",
        lambda it, n: it.ec2.authorize_security_group_ingress(GroupId=it.group, IpPermissions=[permit(n + 1)]),
        0,
        "RulesPerSecurityGroupLimitExceeded",
    ),
    (
        "network-interfaces",
        lambda it, n: it.ec2.create_network_interface(SubnetId=it.subnets[0]),
        0,
        "NetworkInterfaceLimitExceeded",
    ),
    ("interface-endpoints", lambda it, n: _endpoint(it, n, "Interface"), 0, "VpcEndpointLimitExceeded"),
    ("gateway-endpoints", lambda it, n: _endpoint(it, n, "Gateway"), 0, "VpcEndpointLimitExceeded"),
    ("transit-gateways", lambda it, n: it.ec2.create_transit_gateway(), 0, "TransitGatewayLimitExceeded"),
    ("transit-gateway-attachments", _attachment, 0, "TransitGatewayAttachmentLimitExceeded"),
    ("application-load-balancers", lambda it, n: it.new_balancer(f"web-{n}"), 0, "TooManyLoadBalancers"),
    ("network-load-balancers", _network_balancer, 0, "TooManyLoadBalancers"),
    ("target-groups", lambda it, n: it.new_targets(f"web-{n}"), 0, "TooManyTargetGroups"),
    ("application-listeners", _listener, 0, "TooManyListeners"),
    ("listener-rules", _rule, 0, "TooManyRules"),
    ("hosted-zones", _zone, 0, "TooManyHostedZones"),
    ("certificates", _certificate, 0, "LimitExceededException"),
    (
        "namespaces",
        lambda it, n: it.sandbox.client("servicediscovery").create_http_namespace(Name=f"n{n}"),
        0,
        "ResourceLimitExceeded",
    ),
    (
        "log-groups",
        lambda it, n: it.sandbox.client("logs").create_log_group(logGroupName=f"n{n}"),
        0,
        "LimitExceededException",
    ),
    ("roles", _role, 0, "LimitExceeded"),
]


@pytest.mark.parametrize(("name", "create", "there", "code"), CASES, ids=[case[0] for case in CASES])
def test_no_more_than_the_quota(network: Network, name: str, create: Create, there: int, code: str) -> None:
    network.sandbox.ask("POST", "quotas", {name: there + 1})
    create(network, 0)
    refused(lambda: create(network, 1), code)
    network.sandbox.ask("POST", "quotas", {name: there + 2})
    create(network, 1)


def test_a_role_has_so_many_policies(network: Network) -> None:
    network.new_role("role", "lambda.amazonaws.com")
    iam = network.sandbox.client("iam")
    for policy in iam.list_attached_role_policies(RoleName="role")["AttachedPolicies"]:
        iam.detach_role_policy(RoleName="role", PolicyArn=policy["PolicyArn"])
    for number in range(10):
        _policy(network, number)
    assert refused(lambda: _policy(network, 10), "LimitExceeded") == "Cannot exceed quota for PoliciesPerRole: 10"
    _policy(network, 0)
    names = sorted(
        policy["Arn"] for policy in network.sandbox.client("iam").list_policies(Scope="AWS")["Policies"]
    )
    network.sandbox.client("iam").detach_role_policy(RoleName="role", PolicyArn=names[0])
    _policy(network, 10)


def test_the_usual_quotas_are_aws_own(network: Network) -> None:
    ec2 = network.ec2
    for number in range(3):
        ec2.create_vpc(CidrBlock=f"10.{number + 1}.0.0/16")
    message = refused(ec2.create_vpc, "VpcLimitExceeded", CidrBlock="10.9.0.0/16")
    assert message == "The maximum number of VPCs has been reached."
    addresses = [network.new_address() for _ in range(5)]
    refused(ec2.allocate_address, "AddressLimitExceeded", Domain="vpc")
    ec2.release_address(AllocationId=addresses[0])
    network.new_address()


def test_rules_are_counted_by_direction_and_family(network: Network) -> None:
    ec2, both = network.ec2, {"GroupId": network.group}
    many = [{"CidrIp": f"10.{number}.0.0/16"} for number in range(59)]
    ec2.authorize_security_group_ingress(**both, IpPermissions=[{"IpProtocol": "-1", "IpRanges": many}])
    reference = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": network.group}]}
    ec2.authorize_security_group_ingress(**both, IpPermissions=[reference])
    code = "RulesPerSecurityGroupLimitExceeded"
    refused(ec2.authorize_security_group_ingress, code, **both, IpPermissions=[permit(1)])
    six = [{"CidrIpv6": "2001:db8::/32"}]
    ec2.authorize_security_group_ingress(**both, IpPermissions=[{"IpProtocol": "-1", "Ipv6Ranges": six}])
    ec2.authorize_security_group_egress(**both, IpPermissions=[permit(1)])


def test_an_interface_has_so_many_groups(network: Network) -> None:
    groups = [network.new_group(f"group {number}") for number in range(6)]
    create, subnet = network.ec2.create_network_interface, network.subnets[0]
    code = "SecurityGroupsPerInterfaceLimitExceeded"
    refused(create, code, SubnetId=subnet, Groups=groups)
    made = create(SubnetId=subnet, Groups=[*groups[:5], groups[0]])["NetworkInterface"]["NetworkInterfaceId"]
    modify = network.ec2.modify_network_interface_attribute
    refused(modify, code, NetworkInterfaceId=made, Groups=groups)
    modify(NetworkInterfaceId=made, Groups=groups[1:])


def test_nat_gateways_are_counted_by_zone_while_they_are_there(network: Network) -> None:
    network.sandbox.ask("POST", "quotas", {"nat-gateways": 1})
    network.sandbox.latencies({"nat_gateway.deleted": 60})
    ec2, first = network.ec2, network.new_nat()
    here = {"SubnetId": network.subnets[0], "AllocationId": network.new_address()}
    refused(ec2.create_nat_gateway, "NatGatewayLimitExceeded", **here)
    ec2.create_nat_gateway(SubnetId=network.subnets[1], AllocationId=network.new_address())
    ec2.delete_nat_gateway(NatGatewayId=first)
    refused(ec2.create_nat_gateway, "NatGatewayLimitExceeded", **here)
    network.sandbox.advance(61)
    ec2.create_nat_gateway(**here)


def test_a_request_that_is_repeated_adds_nothing(network: Network) -> None:
    network.sandbox.ask("POST", "quotas", {"nat-gateways": 1})
    asked = {"SubnetId": network.subnets[0], "AllocationId": network.new_address(), "ClientToken": "once"}
    first = network.ec2.create_nat_gateway(**asked)["NatGateway"]["NatGatewayId"]
    assert network.ec2.create_nat_gateway(**asked)["NatGateway"]["NatGatewayId"] == first
    refused(network.ec2.create_nat_gateway, "NatGatewayLimitExceeded", **{**asked, "ClientToken": "twice"})


def test_each_region_has_its_own(network: Network) -> None:
    network.sandbox.ask("POST", "quotas", {"vpcs": 2})
    refused(network.ec2.create_vpc, "VpcLimitExceeded", CidrBlock="10.1.0.0/16")
    network.sandbox.client("ec2", "us-east-1").create_vpc(CidrBlock="10.1.0.0/16")


def test_a_reset_restores_them(sandbox: Sandbox) -> None:
    told = sandbox.ask("POST", "quotas", {"vpcs": 1})
    assert (told["vpcs"], told["addresses"]) == (1, 5)
    refused(sandbox.client("ec2").create_vpc, "VpcLimitExceeded", CidrBlock="10.1.0.0/16")
    sandbox.reset()
    sandbox.client("ec2").create_vpc(CidrBlock="10.1.0.0/16")


@pytest.mark.parametrize(
    "values", [{"vcps": 1}, {"vpcs": -1}, {"vpcs": "many"}, {"vpcs": True}, {"vpcs": 1, "x": 1}]
)
def test_what_is_no_quota_is_refused(sandbox: Sandbox, values: dict[str, Any]) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        sandbox.ask("POST", "quotas", values)
    assert caught.value.code == 400
    assert "quota" in json.loads(caught.value.read())["error"]
    assert sandbox.ask("POST", "quotas", {})["vpcs"] == 5


def told(sandbox: Sandbox, service: str, code: str, call: str = "get_service_quota") -> dict[str, Any]:
    answer = getattr(sandbox.client("service-quotas"), call)(ServiceCode=service, QuotaCode=code)
    quota: dict[str, Any] = answer["Quota"]
    return quota


@pytest.mark.parametrize(
    ("service", "code", "value"),
    [
        ("vpc", "L-F678F1CE", 5),
        ("ec2", "L-0263D0A3", 5),
        ("vpc", "L-FE5A380F", 5),
        ("vpc", "L-1B52E74A", 20),
        ("elasticloadbalancing", "L-53DA6B97", 50),
        ("iam", "L-FE177D64", 1000),
        ("vpc", "L-83CA0A9D", 5),
    ],
)
def test_service_quotas_tells_them(sandbox: Sandbox, service: str, code: str, value: int) -> None:
    quota = told(sandbox, service, code)
    assert quota["Value"] == value
    assert quota["QuotaArn"].endswith(f":123456789012:{service}/{code}")
    assert quota["GlobalQuota"] is (service == "iam")


def test_service_quotas_tells_applied_ones_and_usual_ones(sandbox: Sandbox) -> None:
    sandbox.ask("POST", "quotas", {"vpcs": 9})
    assert told(sandbox, "vpc", "L-F678F1CE")["Value"] == 9
    assert told(sandbox, "vpc", "L-F678F1CE", "get_aws_default_service_quota")["Value"] == 5
    client = sandbox.client("service-quotas")
    for call, value in (("list_service_quotas", 9), ("list_aws_default_service_quotas", 5)):
        pages = client.get_paginator(call).paginate(ServiceCode="vpc", PaginationConfig={"PageSize": 5})
        listed = [quota for page in pages for quota in page["Quotas"]]
        assert len({quota["QuotaCode"] for quota in listed}) == len(listed) > 20
        (found,) = [quota for quota in listed if quota["QuotaCode"] == "L-F678F1CE"]
        assert found["Value"] == value


def test_service_quotas_does_not_tell_what_there_is_not(sandbox: Sandbox) -> None:
    client = sandbox.client("service-quotas")
    code = "NoSuchResourceException"
    refused(client.get_service_quota, code, ServiceCode="vpc", QuotaCode="L-00000000")
    refused(client.list_service_quotas, code, ServiceCode="nothing")
    assert "vpc" in {one["ServiceCode"] for one in client.list_services()["Services"]}


def test_quotas_of_one_account_and_region_are_its_own() -> None:
    world = World(Nature(), lambda: None)
    here, there = Site("1", "a", world), Site("1", "b", world)
    quotas.adjust_all(world, {"vpcs": 7, "roles": 8})
    quotas.adjust(here, {"vpcs": 9, "roles": 10})
    assert [quotas.limit(site, "vpcs") for site in (here, there)] == [9, 7]
    assert [quotas.limit(site, "roles") for site in (here, there)] == [10, 10]
    assert quotas.limit(Site("2", "a", world), "roles") == 8
    with pytest.raises(ValueError, match="unknown quotas"):
        quotas.adjust(here, {"vcps": 1})
