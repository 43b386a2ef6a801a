"""What names stand for, from a VPC and from the internet."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.network_lab import Lab
from tests.sandbox_fixture import REGION, Sandbox

INTERNET = "internet"


class Named(Lab):
    """A lab that can ask for the address of a name."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.zones = sandbox.client("route53")
        self.elbv2 = sandbox.client("elbv2")

    def find(self, name: str, source: str = "") -> str:
        """The address of a name, nothing if it is unknown."""
        found = self.reach(source or self.a, name, 443)
        assert bool(found["address"]) is (found["outcome"] != "unknown name")
        return found["address"]

    def new_zone(self, name: str, vpc: str = "") -> str:
        more: dict[str, Any] = {"VPC": {"VPCRegion": REGION, "VPCId": vpc}} if vpc else {}
        made = self.zones.create_hosted_zone(Name=name, CallerReference=f"{name}/{vpc}", **more)
        return str(made["HostedZone"]["Id"])

    def record(self, zone: str, name: str, kind: str, *values: str, **alias: Any) -> None:
        record: dict[str, Any] = {"Name": name, "Type": kind}
        if alias:
            record["AliasTarget"] = {"EvaluateTargetHealth": False, **alias}
        else:
            record.update(TTL=60, ResourceRecords=[{"Value": value} for value in values])
        changes = [{"Action": "UPSERT", "ResourceRecordSet": record}]
        self.zones.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})

    def new_balancer(self, name: str, scheme: str, kind: str = "application") -> dict[str, Any]:
        """An internal or an internet-facing one, which needs routes of the subnets to the internet."""
        if scheme == "internet-facing":
            for subnet in self.subnets:
                self.new_table(subnet, GatewayId=self.gateway)
        groups = {"SecurityGroups": self.groups[:1]} if kind == "application" else {}
        made = self.elbv2.create_load_balancer(Name=name, Subnets=self.subnets, Scheme=scheme, Type=kind, **groups)
        found: dict[str, Any] = made["LoadBalancers"][0]
        return found

    def interfaces_of(self, description: str) -> list[dict[str, Any]]:
        filters = [{"Name": "description", "Values": [description]}]
        found: list[dict[str, Any]] = self.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
        return found

    def attribute(self, name: str, value: bool) -> None:
        self.ec2.modify_vpc_attribute(VpcId=self.vpc, **{name: {"Value": value}})

    def new_endpoint(self, service: str, **more: Any) -> dict[str, Any]:
        wanted: dict[str, Any] = {
            "VpcEndpointType": "Interface",
            "SubnetIds": self.subnets[:1],
            "SecurityGroupIds": self.groups[1:],
            "PrivateDnsEnabled": True,
        }
        name = f"com.amazonaws.{REGION}.{service}"
        made = self.ec2.create_vpc_endpoint(VpcId=self.vpc, ServiceName=name, **(more or wanted))
        found: dict[str, Any] = made["VpcEndpoint"]
        return found


@pytest.fixture
def lab(sandbox: Sandbox) -> Named:
    return Named(sandbox)


def test_an_internal_load_balancer_is_at_its_private_addresses(lab: Named) -> None:
    name = lab.new_balancer("inner", "internal")["DNSName"]
    private = {one["PrivateIpAddress"] for one in lab.interfaces_of("ELB app/inner/*")}
    assert lab.find(name) in private
    assert lab.find(name.upper()) in private
    assert lab.find(name, INTERNET) in private
    assert "private address" in lab.hangs(INTERNET, name)


def test_an_internet_facing_one_is_at_its_public_addresses_even_inside(lab: Named) -> None:
    name = lab.new_balancer("outer", "internet-facing")["DNSName"]
    public = {one["Association"]["PublicIp"] for one in lab.interfaces_of("ELB app/outer/*")}
    assert lab.find(name) in public
    assert lab.find(name, INTERNET) in public


def test_a_deleted_load_balancer_has_no_name(lab: Named) -> None:
    made = lab.new_balancer("inner", "internal")
    lab.elbv2.delete_load_balancer(LoadBalancerArn=made["LoadBalancerArn"])
    assert not lab.find(made["DNSName"])


def test_a_network_load_balancer_is_told_of_where_it_has_targets(lab: Named) -> None:
    balancer = lab.new_balancer("net", "internal", "network")
    group = lab.elbv2.create_target_group(
        Name="net", Protocol="TCP", Port=80, VpcId=lab.vpc, TargetType="ip", HealthCheckProtocol="TCP"
    )["TargetGroups"][0]["TargetGroupArn"]
    actions = [{"Type": "forward", "TargetGroupArn": group}]
    lab.elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Port=80, Protocol="TCP", DefaultActions=actions
    )
    lab.let_in(lab.groups[1])
    for _ in range(3):
        lab.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": lab.address(lab.b), "Port": 80}])
    assert lab.find(balancer["DNSName"]).startswith("10.0.1.")


def test_private_zones_are_for_their_vpcs(lab: Named) -> None:
    zone = lab.new_zone("corp.example", lab.vpc)
    lab.record(zone, "db.corp.example", "A", "10.0.1.77")
    assert lab.find("db.corp.example") == "10.0.1.77"
    assert not lab.find("db.corp.example", INTERNET)
    other = Named(lab.sandbox)
    assert not other.find("db.corp.example")


def test_private_zones_need_both_attributes_of_the_vpc(lab: Named) -> None:
    lab.record(lab.new_zone("corp.example", lab.vpc), "db.corp.example", "A", "10.0.1.77")
    for name in ("EnableDnsHostnames", "EnableDnsSupport"):
        lab.attribute(name, False)
        assert not lab.find("db.corp.example")
    assert not lab.find("www.elsewhere.org")  # there is no resolver at all
    lab.attribute("EnableDnsSupport", True)
    assert lab.find("www.elsewhere.org")
    lab.attribute("EnableDnsHostnames", True)
    assert lab.find("db.corp.example") == "10.0.1.77"


def test_a_private_zone_hides_the_public_one(lab: Named) -> None:
    public, private = lab.new_zone("company.com"), lab.new_zone("company.com", lab.vpc)
    lab.record(public, "www.company.com", "A", "203.0.113.80")
    lab.record(public, "only.company.com", "A", "203.0.113.81")
    lab.record(private, "www.company.com", "A", "10.0.0.80")
    assert lab.find("www.company.com") == "10.0.0.80"
    assert lab.find("www.company.com", INTERNET) == "203.0.113.80"
    assert not lab.find("only.company.com")
    assert lab.find("only.company.com", INTERNET) == "203.0.113.81"


def test_aliases_and_cnames_lead_to_load_balancers(lab: Named) -> None:
    balancer = lab.new_balancer("inner", "internal")
    private = {one["PrivateIpAddress"] for one in lab.interfaces_of("ELB app/inner/*")}
    zone = lab.new_zone("corp.example", lab.vpc)
    lab.record(
        zone, "api.corp.example", "A", HostedZoneId=balancer["CanonicalHostedZoneId"], DNSName=balancer["DNSName"]
    )
    lab.record(zone, "old.corp.example", "CNAME", balancer["DNSName"])
    assert lab.find("api.corp.example") in private
    assert lab.find("old.corp.example") in private


def test_a_name_below_a_zone_that_lacks_it_is_unknown(lab: Named) -> None:
    lab.new_zone("company.com")
    assert not lab.find("nothing.company.com", INTERNET)
    assert lab.find("nothing.elsewhere.com", INTERNET)


@pytest.mark.parametrize("name", ["a.invalid", "b.test", "single", "x.internal", "nobody.elb.amazonaws.com"])
def test_names_that_nobody_has(lab: Named, name: str) -> None:
    assert not lab.find(name)
    assert not lab.find(name, INTERNET)


def test_services_are_at_public_addresses_of_their_own(lab: Named) -> None:
    logs = lab.find(f"logs.{REGION}.amazonaws.com", INTERNET)
    assert logs == lab.find(f"logs.{REGION}.amazonaws.com")
    assert logs != lab.find("logs.us-east-1.amazonaws.com", INTERNET)
    assert not lab.find(f"nonsense.{REGION}.amazonaws.com", INTERNET)


def test_s3_is_in_its_prefix_list(lab: Named) -> None:
    filters = [{"Name": "prefix-list-name", "Values": [f"com.amazonaws.{REGION}.s3"]}]
    listed = lab.ec2.describe_prefix_lists(Filters=filters)["PrefixLists"][0]
    address = lab.find(f"bucket.s3.{REGION}.amazonaws.com", INTERNET)
    lab.forbid_leaving(lab.groups[0])
    lab.new_table(lab.subnets[0], GatewayId=lab.gateway)
    lab.new_public_address(lab.a)
    lab.hangs(lab.a, address, 443)
    lab.let_out(lab.groups[0], 443, prefix_list=listed["PrefixListId"])
    lab.opens(lab.a, address, 443)


def test_a_gateway_endpoint_is_a_way_to_s3_only(lab: Named) -> None:
    s3, logs = f"s3.{REGION}.amazonaws.com", f"logs.{REGION}.amazonaws.com"
    table = lab.new_table(lab.subnets[0])
    lab.hangs(lab.a, s3, 443)
    made = lab.new_endpoint("s3", VpcEndpointType="Gateway", RouteTableIds=[table])
    assert made["VpcEndpointId"] in lab.opens(lab.a, s3, 443)
    lab.hangs(lab.a, logs, 443)
    lab.hangs(lab.b, s3, 443)


def test_an_interface_endpoint_takes_the_name_over(lab: Named) -> None:
    name = f"api.ecr.{REGION}.amazonaws.com"
    public = lab.find(name)
    made = lab.new_endpoint("ecr.api")
    assert lab.find(name).startswith("10.0.0.")
    assert lab.find(name, INTERNET) == public
    assert lab.groups[1] in lab.hangs(lab.a, name, 443)
    lab.let_in(lab.groups[1], 443)
    lab.opens(lab.a, name, 443)
    assert lab.reach(lab.a, name, 444)["outcome"] == "hangs"
    own = next(one["DnsName"] for one in made["DnsEntries"] if "vpce" in one["DnsName"])
    assert lab.find(own) == lab.find(name)
    assert lab.find(own, INTERNET) == lab.find(name)


def test_an_endpoint_has_a_name_for_each_zone(lab: Named) -> None:
    made = lab.new_endpoint(
        "logs",
        VpcEndpointType="Interface",
        SubnetIds=lab.subnets,
        SecurityGroupIds=lab.groups[1:],
        PrivateDnsEnabled=False,
    )
    names = [one["DnsName"] for one in made["DnsEntries"]]
    found = {zone: next(lab.find(name) for name in names if f"{REGION}{zone}." in name) for zone in "ab"}
    assert (found["a"][:7], found["b"][:7]) == ("10.0.0.", "10.0.1.")


def test_names_below_a_registry_are_taken_over_too(lab: Named) -> None:
    name = f"123456789012.dkr.ecr.{REGION}.amazonaws.com"
    lab.new_endpoint("ecr.dkr")
    assert lab.find(name).startswith("10.0.0.")


def test_without_private_dns_only_its_own_name_leads_to_an_endpoint(lab: Named) -> None:
    made = lab.new_endpoint(
        "logs",
        VpcEndpointType="Interface",
        SubnetIds=lab.subnets[:1],
        SecurityGroupIds=lab.groups[1:],
        PrivateDnsEnabled=False,
    )
    assert not lab.find(f"logs.{REGION}.amazonaws.com").startswith("10.")
    assert lab.find(made["DnsEntries"][0]["DnsName"]).startswith("10.0.0.")


def test_an_endpoint_takes_the_name_over_before_it_answers(lab: Named) -> None:
    lab.sandbox.latencies({"endpoint.interface.available": 75, "endpoint.interface.answers": 25})
    name = f"logs.{REGION}.amazonaws.com"
    lab.let_in(lab.groups[1], 443)
    lab.new_endpoint("logs")
    assert not lab.find(name).startswith("10.")
    lab.sandbox.advance(76)
    assert lab.find(name).startswith("10.")
    assert "does not answer" in lab.hangs(lab.a, name, 443)
    lab.sandbox.advance(26)
    lab.opens(lab.a, name, 443)


def test_hosts_of_a_vpc_have_internal_names(lab: Named) -> None:
    name = f"ip-10-0-1-9.{REGION}.compute.internal"
    assert lab.find(name) == "10.0.1.9"
    assert not lab.find(f"ip-10-9-1-9.{REGION}.compute.internal")
    assert not lab.find(name, INTERNET)


def test_cloud_map_names_are_private(lab: Named) -> None:
    cloud = lab.sandbox.client("servicediscovery")
    cloud.create_private_dns_namespace(Name="svc.local", Vpc=lab.vpc)
    space = cloud.list_namespaces()["Namespaces"][0]["Id"]
    records = {"DnsRecords": [{"Type": "A", "TTL": 10}]}
    service = cloud.create_service(Name="db", NamespaceId=space, DnsConfig=records)["Service"]["Id"]
    assert not lab.find("db.svc.local")
    cloud.register_instance(ServiceId=service, InstanceId="one", Attributes={"AWS_INSTANCE_IPV4": "10.0.1.5"})
    assert lab.find("db.svc.local") == "10.0.1.5"
    assert not lab.find("db.svc.local", INTERNET)
