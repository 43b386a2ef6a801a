"""What the account says of a stack: each check of it, against the sandbox or a scripted answer."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import dns.message
import dns.rrset
import pytest
from botocore.exceptions import ClientError

from provisioner import preflight
from provisioner.blueprint import steps_of
from provisioner.model import Stack
from provisioner.preflight import CHECKS, Finding, Ground, Level, NotReady, account, images, name_servers
from provisioner.site import Surveyor
from steps.aws.owner import Owner
from tests.sandbox.principals import User, allow, enforce, trusting
from tests.sandbox_fixture import Sandbox
from tests.steps.lab import ACCOUNT, REGION, Lab

WEB: Mapping[str, Any] = {"image": "nginx", "port": 80}
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
INDEX = "application/vnd.oci.image.index.v1+json"
OTHER_STACK = "a-former-life"


@pytest.fixture
def lab(sandbox: Sandbox, tmp_path: Path) -> Lab:
    return Lab(sandbox, tmp_path)


def ground(lab: Lab, **tables: Any) -> Ground:
    """A stack that was never begun."""
    stack = Stack.model_validate({"name": "lab", "region": REGION, **tables})
    found = Surveyor(lab.aws, stack, {}, lambda _: None, Path("lab.toml")).survey()
    code = dict.fromkeys(stack.functions, "")
    return Ground(lab.aws, stack, found, steps_of(stack, found, code))


def said(ground: Ground, about: str) -> list[Finding]:
    return list(CHECKS[about](ground))


def one(ground: Ground, about: str) -> Finding:
    (found,) = said(ground, about)
    return found


def scripted(ground: Ground, **services: Any) -> Ground:
    """With clients of ours in place of some of the sandbox's."""

    class Some:
        def __getattr__(self, name: str) -> Any:
            return services[name] if name in services else getattr(ground.aws.clients, name)

    return replace(ground, aws=replace(ground.aws, clients=cast("Any", Some())))


def refusing(code: str, message: str = "") -> Callable[..., Any]:
    def refuse(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": message}}, "SomeCall")

    return refuse


def telling(answer: Any) -> Callable[..., Any]:
    return lambda **_: answer


def test_an_empty_account_is_ready_in_few_reads_that_change_nothing(lab: Lab) -> None:
    found = ground(lab, load_balancer={}, services={"web": WEB}, functions={"f": {"source": "."}})
    lab.sandbox.forget_calls()
    told = preflight.examine(found)
    assert {one.level for one in told} <= {Level.OK, Level.UNKNOWN}
    assert lab.sandbox.calls(mutating=True) == []
    assert len(lab.sandbox.calls()) <= 22
    preflight.refuse(told, Path("lab.toml"))


def test_the_first_line_says_who_and_where(lab: Lab) -> None:
    (first, *_) = preflight.examine(ground(lab))
    assert first.what == f"as arn:aws:iam::{ACCOUNT}:root, in account {ACCOUNT}, region {REGION}"


def test_all_problems_are_told_at_once_and_stop_it(lab: Lab) -> None:
    lab.sandbox.ask("POST", "quotas", {"vpcs": 1, "addresses": 0})
    image = f"{REGISTRY}/shop:1"
    found = preflight.examine(ground(lab, services={"web": {**WEB, "image": image, "load_balanced": False}}))
    problems = [one for one in found if one.level is Level.PROBLEM]
    assert len(problems) == 3
    with pytest.raises(NotReady) as refused:
        preflight.refuse(found, Path("lab.toml"))
    text = str(refused.value)
    assert text.startswith("the account is not ready for this stack: 3 problems")
    assert all(one.what in text and one.fix in text and one.fix for one in problems)


def test_what_may_not_be_asked_is_not_judged(lab: Lab) -> None:
    user = User(lab.sandbox, allow("ec2:DescribeAvailabilityZones"))
    found = ground(lab, load_balancer={}, services={"web": {**WEB, "image": f"{REGISTRY}/shop:1"}}, database={
        "engine": "mongodb"
    })  # fmt: skip
    enforce(lab.sandbox)
    names = {name: user.client(service, REGION) for name, service in SERVICES.items()}
    told = preflight.examine(scripted(found, **names, ends=None))
    assert {one.level for one in told if "may not" not in one.what} == {Level.OK, Level.UNKNOWN}
    assert [one.what for one in told if one.level is Level.PROBLEM] == [
        "the caller may not ec2:CreateVpc, ec2:CreateInternetGateway, ec2:AllocateAddress"
    ]


SERVICES = {
    "ec2": "ec2",
    "sts": "sts",
    "iam": "iam",
    "elbv2": "elbv2",
    "dns": "route53",
    "images": "ecr",
    "quotas": "service-quotas",
    "tagging": "resourcegroupstaggingapi",
}


# What is in the account before, the quota's name in the sandbox, and how many of them a stack makes.
def vpcs(lab: Lab) -> None:
    lab.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")


def address(lab: Lab) -> None:
    lab.client("ec2").allocate_address(Domain="vpc")


def gateway(lab: Lab) -> None:
    lab.client("ec2").create_internet_gateway()


def nat_gateway(lab: Lab) -> None:
    ec2 = lab.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24", AvailabilityZone=f"{REGION}a")["Subnet"]
    ec2.create_nat_gateway(SubnetId=subnet["SubnetId"], ConnectivityType="private")


def zone(lab: Lab) -> None:
    lab.client("route53").create_hosted_zone(Name="other.example", CallerReference="x")


def role(lab: Lab) -> None:
    lab.client("iam").create_role(RoleName="other", AssumeRolePolicyDocument=trusting({"AWS": ACCOUNT}))


def nothing(lab: Lab) -> None:
    pass


MONGODB = {"database": {"engine": "mongodb"}}
BALANCED = {"load_balancer": {}, "services": {"web": WEB}}
RULES = {"services": {"web": WEB, "api": {**WEB, "paths": ["/api"]}}, "load_balancer": {}}
NETWORK = {"load_balancer": {"type": "network"}, "services": {"web": WEB}}
ENDPOINTS = {"network": {"endpoints": ["s3", "logs"]}}
WORKER = {**WEB, "load_balanced": False}
CONNECTED = {"services": {"web": {**WORKER, "calls": ["api"]}, "api": WORKER}, "service_connect": {}}
QUOTAS: list[tuple[str, str, int, Callable[[Lab], None], Mapping[str, Any]]] = [
    ("VPCs per Region", "vpcs", 2, vpcs, {}),  # the default VPC, and one more
    ("Internet gateways per Region", "internet-gateways", 1, gateway, {}),
    ("Elastic IPs per Region", "addresses", 1, address, {}),
    ("NAT gateways per Availability Zone", "nat-gateways", 1, nat_gateway, {}),
    ("Security groups per Region", "security-groups", 2, vpcs, BALANCED),
    ("Interface endpoints per VPC", "interface-endpoints", 0, nothing, ENDPOINTS),
    ("Gateway endpoints per Region", "gateway-endpoints", 0, nothing, ENDPOINTS),
    ("Application Load Balancers per Region", "application-load-balancers", 0, nothing, BALANCED),
    ("Network Load Balancers per Region", "network-load-balancers", 0, nothing, NETWORK),
    ("Target groups per Region", "target-groups", 0, nothing, BALANCED),
    ("Rules per Application Load Balancer", "listener-rules", 0, nothing, RULES),
    ("Hosted zones per account", "hosted-zones", 1, zone, MONGODB),
    ("Roles per account", "roles", 1, role, MONGODB),
    ("DB instances", "db-instances", 0, nothing, {"database": {"engine": "postgres"}}),
    ("Cloud Map namespaces per Region", "namespaces", 0, nothing, CONNECTED),
]  # fmt: skip


@pytest.mark.parametrize(("title", "name", "there", "make", "tables"), QUOTAS, ids=[row[1] for row in QUOTAS])
def test_a_quota_counts_what_is_there_and_what_will_be(
    lab: Lab, title: str, name: str, there: int, make: Callable[[Lab], None], tables: Mapping[str, Any]
) -> None:
    """One fewer than needed is a problem that names all three numbers; as many as needed is none."""
    make(lab)
    found = ground(lab, **tables)
    fine = one(found, f"quota: {title}")
    assert fine.level is Level.OK
    wanted = int(fine.what.split(" wanted")[0].rpartition(" ")[2])
    lab.sandbox.ask("POST", "quotas", {name: there + wanted})
    assert one(replace(found), f"quota: {title}").level is Level.OK
    lab.sandbox.ask("POST", "quotas", {name: there + wanted - 1})
    short = one(replace(found), f"quota: {title}")
    assert short.level is Level.PROBLEM
    assert f"{wanted} wanted, {there + wanted - 1} allowed" in short.what
    assert (f"{there} in use" in short.what) is bool(there) or "0 in use" in short.what
    assert "L-" in short.fix
    assert f"--desired-value {there + wanted})" in short.fix


def test_nat_gateways_count_by_zone(lab: Lab) -> None:
    nat_gateway(lab)
    lab.sandbox.ask("POST", "quotas", {"nat-gateways": 1})
    first, second = said(
        ground(lab, network={"nat_gateways": "per-az"}), "quota: NAT gateways per Availability Zone"
    )
    assert (first.level, second.level) == (Level.PROBLEM, Level.OK)
    assert f"in {REGION}a" in first.what


def test_what_is_recorded_already_is_not_wanted_again(lab: Lab) -> None:
    lab.sandbox.ask("POST", "quotas", {"vpcs": 1})
    found = ground(lab)
    assert one(found, "quota: VPCs per Region").level is Level.PROBLEM
    assert said(replace(found, recorded=frozenset({"vpc"})), "quota: VPCs per Region") == []


def test_a_default_that_is_only_assumed_stops_nobody(lab: Lab) -> None:
    for number in range(5):
        address(lab) if number else vpcs(lab)
    found = scripted(ground(lab), quotas=SimpleNamespace(get_service_quota=refusing("AccessDeniedException")))
    fine = one(found, "quota: Elastic IPs per Region")
    assert (fine.level, "AWS's default" in fine.what) == (Level.OK, True)
    address(lab)
    found = scripted(ground(lab), quotas=SimpleNamespace(get_service_quota=refusing("NoSuchResourceException")))
    assert one(found, "quota: Elastic IPs per Region").level is Level.WARNING


@pytest.mark.parametrize(("spot", "title"), [(False, "On-Demand"), (True, "Spot")])
def test_vcpus_of_all_tasks(lab: Lab, spot: bool, title: str) -> None:
    tasks = {"web": {**WEB, "count": 3, "cpu": 512, "memory": 1024, "spot": spot, "load_balanced": False}}
    found = ground(lab, services=tasks)
    for allowed, level in ((2, Level.OK), (1, Level.PROBLEM)):
        answer = SimpleNamespace(get_service_quota=telling({"Quota": {"Value": float(allowed)}}))
        told = one(scripted(found, quotas=answer), f"quota: Fargate {title} vCPUs")
        assert (told.level, "2 wanted" in told.what) == (level, True)
    other = "Spot" if title == "On-Demand" else "On-Demand"
    assert said(found, f"quota: Fargate {other} vCPUs") == []
    assert one(found, f"quota: Fargate {title} vCPUs").level is Level.UNKNOWN


def test_reserved_concurrency_leaves_a_hundred_to_the_others(lab: Lab) -> None:
    def reserving(count: int) -> Finding:
        functions = {"f": {"source": ".", "reserved_concurrency": count}}
        return one(ground(lab, functions=functions), "quota: Lambda concurrency")

    assert reserving(900).level is Level.OK
    assert reserving(901).level is Level.PROBLEM
    assert said(ground(lab, functions={"f": {"source": "."}}), "quota: Lambda concurrency") == []


@pytest.mark.parametrize(
    ("left", "level"),
    [(5, Level.PROBLEM), (300, Level.WARNING), (3600, Level.OK)],
    ids=["short", "tight", "ample"],
)
def test_a_session_that_nobody_renews_must_last(lab: Lab, left: float, level: Level) -> None:
    found = ground(lab, load_balancer={}, services={"web": WEB})
    assert 150 < account.duration(found) < 300
    ends = datetime.now(UTC) + timedelta(seconds=left)
    assert one(scripted(found, ends=ends), "session").level is level
    assert said(scripted(found, ends=None), "session") == []
    assert said(replace(found, steps=()), "session") == []


def test_when_credentials_end_is_told_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    from steps.aws.session import clients, session

    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    assert clients(session(None, REGION)).ends is None
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2100-01-01T00:00:00Z")
    assert clients(session(None, REGION)).ends == datetime(2100, 1, 1, tzinfo=UTC)


def test_named_zones_must_be_there_and_have_fargate(lab: Lab) -> None:
    zones = lab.client("ec2").describe_availability_zones()["AvailabilityZones"]
    poor = next(one["ZoneName"] for one in zones if one["ZoneId"] == "use1-az3")
    named = {"availability_zones": [f"{REGION}z", poor]}
    found = ground(lab, network=named, load_balancer={}, services={"web": WEB})
    missing, without = said(found, "zones")
    assert (missing.level, missing.value) == (Level.PROBLEM, f"{REGION}z")
    assert (without.level, without.value) == (Level.WARNING, poor)
    assert said(ground(lab), "zones") == []


def test_an_endpoints_service_must_be_in_all_zones(lab: Lab) -> None:
    found = ground(lab, network={"endpoints": ["logs"]})
    assert said(found, "endpoint services") == []
    service = f"com.amazonaws.{REGION}.logs"
    told = {"ServiceDetails": [{"ServiceName": service, "AvailabilityZones": [f"{REGION}a"]}]}
    ec2 = SimpleNamespace(describe_vpc_endpoint_services=telling(told))
    problem = one(scripted(found, ec2=ec2), "endpoint services")
    assert (problem.level, f"{REGION}b" in problem.what) == (Level.PROBLEM, True)
    unknown = refusing("InvalidServiceName", f"The Vpc Endpoint Service '{service}' does not exist")
    ec2 = SimpleNamespace(describe_vpc_endpoint_services=unknown)
    assert "does not exist" in one(scripted(found, ec2=ec2), "endpoint services").what


def test_the_databases_type_must_be_in_its_zone(lab: Lab) -> None:
    found = ground(lab, **MONGODB)
    assert one(found, "instance type").level is Level.OK
    told = {"InstanceTypeOfferings": [{"Location": f"{REGION}b"}]}
    ec2 = SimpleNamespace(describe_instance_type_offerings=telling(told))
    problem = one(scripted(found, ec2=ec2), "instance type")
    assert (problem.level, problem.key) == (Level.PROBLEM, "database.instance_type")


def test_a_standby_needs_the_class_in_two_zones(lab: Lab) -> None:
    told = {"OrderableDBInstanceOptions": [{"AvailabilityZones": [{"Name": f"{REGION}b"}]}]}
    rds = SimpleNamespace(describe_orderable_db_instance_options=telling(told))
    for standby, level in ((False, Level.OK), (True, Level.PROBLEM)):
        found = ground(lab, database={"engine": "postgres", "multi_az": standby})
        assert one(scripted(found, databases=rds), "DB instance class").level is level
    assert one(found, "DB instance class").level is Level.UNKNOWN


def test_another_vpc_on_the_same_gateway_must_have_other_addresses(lab: Lab) -> None:
    ec2 = lab.client("ec2")
    gateway = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    vpc = ec2.create_vpc(CidrBlock="10.0.128.0/17")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.128.0/24")["Subnet"]["SubnetId"]
    network = {"transit_gateway": {"id": gateway}, "egress": "none"}
    assert said(ground(lab, network=network), "overlapping networks") == []
    ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=gateway, VpcId=vpc, SubnetIds=[subnet])
    warning = one(ground(lab, network=network), "overlapping networks")
    assert (warning.level, vpc in warning.what, warning.key) == (Level.WARNING, True, "network.cidr")
    assert said(ground(lab, network={**network, "cidr": "10.1.0.0/16"}), "overlapping networks") == []


class Registry:
    """A repository `shop`, into which images are put."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.ecr = lab, lab.client("ecr")
        self.ecr.create_repository(repositoryName="shop")

    def push(self, tag: str, *built: str) -> None:
        parts = [
            {"platform": {"architecture": name, "os": "linux"}, "digest": f"sha256:{0:064}"} for name in built
        ]
        manifest = {"schemaVersion": 2, "mediaType": INDEX, "manifests": parts}
        text = json.dumps(manifest)
        self.ecr.put_image(repositoryName="shop", imageManifest=text, imageTag=tag, imageManifestMediaType=INDEX)

    def judged(self, image: str, architecture: str = "x86_64") -> Finding:
        service = {**WEB, "image": image, "architecture": architecture, "load_balanced": False}
        return one(ground(self.lab, services={"web": service}), "images")


def test_an_image_must_be_there_for_the_processor(lab: Lab) -> None:
    registry = Registry(lab)
    registry.push("1", "amd64", "unknown")
    registry.push("2", "amd64", "arm64")
    assert registry.judged(f"{REGISTRY}/shop:1").level is Level.OK
    assert registry.judged(f"{REGISTRY}/shop:2", "arm64").level is Level.OK
    wrong = registry.judged(f"{REGISTRY}/shop:1", "arm64")
    assert (wrong.level, wrong.key) == (Level.PROBLEM, "services.web.image")
    assert "built for amd64" in wrong.what
    for image, words in ((f"{REGISTRY}/shop:3", "no image 3"), (f"{REGISTRY}/other", "no repository other")):
        missing = registry.judged(image)
        assert (missing.level, words in missing.what) == (Level.PROBLEM, True), missing
    elsewhere = registry.judged(f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/shop:1")
    assert elsewhere.level is Level.UNKNOWN
    assert said(ground(lab, services={"web": {**WEB, "load_balanced": False}}), "images") == []


def test_image_names_are_read_whole() -> None:
    digest = f"sha256:{1:064x}"
    found = images.Image.read(f"{REGISTRY}/team/shop:1@{digest}")
    assert found == images.Image(ACCOUNT, REGION, "team/shop", digest)
    assert found.id == {"imageDigest": digest}
    assert images.processors(json.dumps({"schemaVersion": 2, "config": {}})) == set()
    assert images.Image.read("public.ecr.aws/docker/library/nginx:latest") is None


DNS = {"load_balancer": {"type": "network", "tls": {}}, "services": {"web": WEB}}


def test_without_a_parent_somebody_must_delegate(lab: Lab) -> None:
    warning = one(ground(lab, **DNS, dns={"zone": "api.example.com"}), "delegation")
    assert (warning.level, "no certificate is issued" in warning.what) == (Level.WARNING, True)
    plain = {"load_balancer": {}, "services": {"web": WEB}, "dns": {"zone": "api.example.com"}}
    assert "certificate" not in one(ground(lab, **plain), "delegation").what
    given = {"zone": "api.example.com", "zone_id": "Z0123456789"}
    assert said(ground(lab, **DNS, dns=given), "delegation") == []


def parent(lab: Lab, name: str = "example.com", **more: Any) -> tuple[str, frozenset[str]]:
    made = lab.client("route53").create_hosted_zone(Name=name, CallerReference=name, **more)
    return made["HostedZone"]["Id"].rpartition("/")[2], frozenset(
        made.get("DelegationSet", {}).get("NameServers", ())
    )


def test_the_parent_zone_must_be_the_one_that_the_world_asks(lab: Lab) -> None:
    _, servers = parent(lab)
    found = ground(lab, **DNS, dns={"zone": "api.example.com", "parent": {"zone": "example.com"}})
    assert said(found, "delegation") == []  # in a sandbox there is no world to ask

    def asked(answer: Callable[[str], frozenset[str]]) -> Finding:
        return one(replace(found, name_servers=answer), "delegation")

    def silent(name: str) -> frozenset[str]:
        raise name_servers.NoAnswer(name)

    assert asked(lambda _: servers).level is Level.OK
    assert asked(silent).level is Level.UNKNOWN
    elsewhere = asked(lambda _: frozenset({"ns1.registrar.example"}))
    assert (elsewhere.level, "ns1.registrar.example" in elsewhere.what) == (Level.PROBLEM, True)
    assert all(server in elsewhere.fix for server in servers)
    assert "knows no such zone" in asked(lambda _: frozenset()).what


def test_a_parent_that_is_given_by_its_id_must_be_public_and_above(lab: Lab) -> None:
    vpc = lab.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    private, _ = parent(lab, VPC={"VPCId": vpc, "VPCRegion": REGION})
    other, _ = parent(lab, "other.example")
    for given, words in ((private, "is a private zone"), (other, "is not below other.example")):
        dns = {"zone": "api.example.com", "parent": {"zone_id": given}}
        problem = one(ground(lab, **DNS, dns=dns), "delegation")
        assert (problem.level, words in problem.what) == (Level.PROBLEM, True)


@pytest.fixture
def resolver() -> Iterator[Callable[[bytes | Callable[[bytes], bytes]], name_servers.Server]]:
    """A resolver that answers once."""
    threads: list[threading.Thread] = []

    def start(answer: bytes | Callable[[bytes], bytes]) -> name_servers.Server:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))

        def serve() -> None:
            with udp:
                question, whom = udp.recvfrom(4096)
                udp.sendto(answer(question) if callable(answer) else answer, whom)

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        host, port = udp.getsockname()
        return str(host), int(port)

    yield start
    for thread in threads:
        thread.join(1)


def answering(*servers: str, name: str = "example.com.") -> Callable[[bytes], bytes]:
    def answer(question: bytes) -> bytes:
        asked = dns.message.from_wire(question)
        assert (asked.question[0].name.to_text(), asked.question[0].rdtype) == (name, 2)
        told = dns.message.make_response(asked, recursion_available=True)
        if servers:
            told.answer.append(dns.rrset.from_text(name, 60, "IN", "NS", *servers))
        else:
            told.set_rcode(dns.rcode.NXDOMAIN)
        return told.to_wire()

    return answer


def test_the_public_dns_is_asked_for_name_servers(resolver: Any) -> None:
    answer = answering("NS-1.awsdns-00.com.", "ns-2.example.com.")  # the second is written by a pointer
    assert name_servers.ask("example.com", [resolver(answer)]) == {"ns-1.awsdns-00.com", "ns-2.example.com"}
    assert name_servers.ask("example.com", [resolver(answering())]) == frozenset()


@pytest.mark.parametrize("nonsense", [b"", b"x" * 40, lambda it: it[:2] + b"\x81\x82" + it[4:]])
def test_a_resolver_that_talks_nonsense_is_passed_over(resolver: Any, nonsense: Any) -> None:
    good = answering("ns-1.example.net.")
    assert name_servers.ask("example.com", [resolver(nonsense), resolver(good)]) == {"ns-1.example.net"}
    with pytest.raises(name_servers.NoAnswer):
        name_servers.ask("example.com", [resolver(nonsense)])


def test_a_name_that_goes_in_circles_ends(resolver: Any) -> None:
    def circles(question: bytes) -> bytes:
        here = len(question)
        return (
            question[:6] + b"\0\1" + question[8:] + bytes([0xC0 | here >> 8, here & 255]) + b"\0\2\0\1" + b"\0" * 6
        )

    with pytest.raises(name_servers.NoAnswer):
        name_servers.ask("example.com", [resolver(circles)])


def test_the_systems_resolvers_are_asked_in_order(tmp_path: Path) -> None:
    settings = tmp_path / "resolv.conf"
    settings.write_text("# nameserver 9.9.9.9\nnameserver 10.0.0.2\nsearch lan\nnameserver fe80::1\n")
    assert name_servers.resolvers(settings) == [("10.0.0.2", 53), ("fe80::1", 53)]
    assert name_servers.resolvers(tmp_path / "none") == []


def test_leftovers_of_a_stack_of_this_name_are_told(lab: Lab) -> None:
    ec2 = lab.client("ec2")
    for owner in (lab.aws.owner, Owner("lab", OTHER_STACK), Owner("other", "other-id")):
        ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=owner.specification("vpc", "vpc"))
    mine = ec2.describe_vpcs(Filters=[{"Name": "tag:provisioner:stack-id", "Values": [OTHER_STACK]}])
    found = ground(lab)
    denied = SimpleNamespace(get_paginator=refusing_pages())
    for there in (found, scripted(replace(found), tagging=denied)):
        warning = one(there, "leftovers")
        assert warning.level is Level.WARNING
        assert (OTHER_STACK in warning.what, mine["Vpcs"][0]["VpcId"] in warning.what) == (True, True)
        assert warning.what.startswith("1 resources")
        assert warning.fix.startswith("nothing, if it was destroyed not long ago")
        assert "provisioner destroy lab --state FILE" in warning.fix
    former = replace(found, aws=replace(lab.aws, owner=Owner("nobody", "x")))
    assert said(former, "leftovers") == []


def refusing_pages() -> Callable[[str], Any]:
    return lambda _: SimpleNamespace(paginate=refusing("AccessDeniedException"))


def simulating(lab: Lab, found: Ground, *statements: Mapping[str, Any]) -> list[Finding]:
    user = User(lab.sandbox, allow("iam:SimulatePrincipalPolicy", "sts:GetCallerIdentity"), *statements)
    clients = {name: user.client(service, REGION) for name, service in (("sts", "sts"), ("iam", "iam"))}
    return said(scripted(found, **clients), "simulated permissions")


def test_missing_actions_are_listed_all_at_once(lab: Lab) -> None:
    found = ground(lab, **BALANCED)
    everything = allow("ec2:*", "elasticloadbalancing:*", "ecs:*", "logs:*", "iam:*")
    (fine,) = simulating(lab, found, everything)
    assert fine.level is Level.OK, fine
    some = allow("ec2:*", "elasticloadbalancing:Create*", "ecs:*", "logs:*", "iam:CreateRole", "iam:TagRole")
    (short,) = simulating(lab, found, some)
    assert short.level is Level.PROBLEM
    assert set(short.what.removeprefix("the caller may not ").split(", ")) == {
        "elasticloadbalancing:AddTags",
        "iam:PassRole",
    }
    assert "iam:PassRole" in short.fix


def test_what_depends_on_an_untold_condition_is_not_judged(lab: Lab) -> None:
    found = ground(lab, **BALANCED)
    by_address: dict[str, Any] = {"Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}
    actions = ("ec2:*", "elasticloadbalancing:*", "ecs:*", "logs:*", "iam:*")
    assert simulating(lab, found, allow(*actions, **by_address))[0].level is Level.OK


def test_an_assumed_role_is_asked_for_with_its_path(lab: Lab) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/teams/deploy/deployer"
    asked: dict[str, Any] = {}
    identity = {"Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/session"}
    iam = SimpleNamespace(
        get_role=telling({"Role": {"Arn": arn}}),
        simulate_principal_policy=lambda **given: asked.update(given) or {"EvaluationResults": []},
    )
    found = scripted(ground(lab), sts=SimpleNamespace(get_caller_identity=telling(identity)), iam=iam)
    said(found, "simulated permissions")
    assert asked["PolicySourceArn"] == arn


def test_nobody_simulates_the_root(lab: Lab) -> None:
    assert said(ground(lab), "simulated permissions") == []


def test_a_check_that_aws_does_not_answer_spoils_no_other(lab: Lab) -> None:
    lab.sandbox.faults([{"do": "error", "action": "DescribeVpcs", "times": None, "code": "Odd", "status": 400}])
    told = preflight.examine(ground(lab))
    (unknown,) = (one for one in told if one.level is Level.UNKNOWN)
    assert "quota: VPCs per Region: DescribeVpcs answers Odd" in unknown.what
    assert len(told) > 5
