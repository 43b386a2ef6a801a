"""`explain` on live stacks: what each write-up warns of, broken by hand, with the reason and the fix."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner.cli import main
from provisioner.reach import Outcome, starting
from tests.life.explained import Explained, carry_out, cidr_of, customers, only, unrecord
from tests.life.systems import Inside, System
from tests.life.tool import REGION
from tests.sandbox_fixture import Sandbox

ANYWHERE = "0.0.0.0/0"


Stand = Callable[..., Explained]


@pytest.fixture
def stand(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    monkeypatch.setenv("AWS_ENDPOINT_URL", sandbox.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.chdir(tmp_path)
    return lambda example, *asked: Explained(Inside(sandbox, tmp_path, System(example, asked)))


def test_the_controls_fail_for_the_reasons_that_the_write_up_gives(
    stand: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    """The wrong group; not in the VPC. With what is said to open it, they get through."""
    stack = stand("private-lambda")
    explain(stack, capsys)
    stack.reaches("caller", "web")
    wrong = 'functions.wrong-group.calls = ["web"]'
    found = stack.stopped("wrong-group", "web", "a member of security-group-function-wrong-group", wrong)
    assert found.stop is not None
    assert (found.stop.at, found.stop.fails) == (stack.id_of("security-group-load-balancer"), "hangs")
    outside = stack.stopped("outside-vpc", "web", "is a private address", "functions.outside-vpc.vpc = true")
    assert outside.fix is not None
    assert outside.fix.besides == ('functions.outside-vpc.calls = ["web"]',)
    stack.stopped("internet", "web", "private address", 'load_balancer.scheme = "internet-facing"')
    stack.up('functions.wrong-group.calls=["web"]')
    stack.reaches("wrong-group", "web")


def explain(stack: Explained, capsys: pytest.CaptureFixture[str]) -> None:
    """The command: its exit codes, its lines, its JSON."""
    stack.stack.sandbox.forget_calls()
    assert main(["explain", "caller", "web", "-v"]) == 0
    assert stack.stack.mutations() == []
    assert capsys.readouterr().out.startswith("caller reaches web at port 80\n")
    assert main(["explain", "wrong-group", "web", "private-lambda"]) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "wrong-group does not reach web at port 80: it hangs"
    assert shown[-1].startswith('  fix   functions.wrong-group.calls = ["web"]')
    assert sum(line.startswith("  STOP") for line in shown) == 1
    assert main(["explain", "wrong-group", "web", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["event"], told["outcome"], told["fails"]) == ("verdict", "blocked", "hangs")
    assert told["at"] == stack.id_of("security-group-load-balancer")
    assert told["fix"]["change"] == 'functions.wrong-group.calls = ["web"]'
    assert all(hop["at"] for way in told["ways"] for hop in way["hops"])


def test_every_name_that_people_have_for_something(stand: Stand) -> None:
    """Parts, steps, ids, addresses, hosts, services of AWS's."""
    change = ("functions.outside-vpc.vpc=true", 'functions.outside-vpc.calls=["web"]')
    stack = stand("private-lambda", *change)
    stack.reaches("outside-vpc", "web")  # the control, as the fix would have it
    found = stack.reaches("function-caller", "service-web")
    hops = {hop.at: hop.by for hop in found.telling.hops}
    rule = stack.id_of("rule-function-caller-to-load-balancer-80")
    assert hops[stack.id_of("security-group-function-caller")] == rule
    assert hops[stack.id_of("security-group-load-balancer")].startswith("sgr-")
    balancer = stack.stack.outputs()["load-balancer.dns_name"]
    stack.reaches("caller", f"http://{balancer}/")
    stack.reaches("web", "ecr")
    stack.reaches(f"nat-gateway-{REGION}a", "internet")
    task = found.telling.hops[-1].at
    stack.stopped(
        *("caller", task, "no rule lets tcp 80 out"),
        f'functions.caller.egress = [{{ cidr = "{cidr_of(stack, task)}", port = 80 }}]',
    )
    stack.stopped(
        *("caller", "logs", "no rule lets tcp 443 out"),
        'functions.caller.egress = [{ cidr = "0.0.0.0/0", port = 443 }]',
    )


def test_a_nat_gateway_and_its_routes_broken_by_hand(stand: Stand) -> None:
    stack = stand("private-lambda")
    table, nat = stack.id_of(f"route-table-private-{REGION}a"), f"nat-gateway-{REGION}a"
    stack.ec2.delete_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE)
    found = stack.ask("web", "ecr")
    assert (found.outcome, 0 < found.open < len(found.ways)) == (Outcome.BLOCKED, True)
    stack.stopped("web", "internet", "no route fits", "provisioner resume private-lambda")
    stack.ec2.delete_nat_gateway(NatGatewayId=stack.id_of(nat))
    stack.ec2.delete_route(RouteTableId=stack.id_of("route-table-public"), DestinationCidrBlock=ANYWHERE)
    (away,) = {
        way.stop.why for way in stack.ask("web", "internet").ways if way.stop and "is deleted" in way.stop.why
    }
    assert away.startswith("0.0.0.0/0 -> nat-")
    stack.healed(("web", "internet", "no route fits", f"route-private-{REGION}a-internet"))
    assert stack.id_of(nat) not in away


def test_the_entry_that_a_services_group_lacks(stand: Stand) -> None:
    """Without it the tasks of a network load balancer are restarted again and again: at times a client gets to one
    that fails, at times nobody is there."""
    stack = stand("internal-api")
    client, rule = customers(stack), "rule-service-api-from-load-balancer-80"
    stack.reaches("load-balancer", "api")
    stack.revoke(rule)
    fix = "provisioner resume internal-api"
    stack.stopped(client, "api", "no rule lets tcp 80 in", fix)
    stack.emptied("api")
    stack.stopped(client, "api", "load-balancer does not reach api at 80: security-group-service-api", fix)
    assert [one.destination for one in starting(stack.look(), "api") if one.stop] == ["api"]
    stack.healed(("load-balancer", "api", "no rule lets tcp 80 in", rule))


def test_a_registry_behind_endpoints(stand: Stand) -> None:
    stack = stand("internal-api")
    stack.reaches("api", "ecr")
    places = [stack.id_of(f"subnet-private-{REGION}{zone}") for zone in "ab"]
    stack.ec2.modify_vpc_endpoint(VpcEndpointId=stack.id_of("endpoint-logs"), RemoveSubnetIds=places)
    stack.healed(
        ("api", "logs", "the endpoint has no interface, for it is in no subnet", "endpoint-logs"),
        ("api", "endpoint-logs", "it has no interface: it is in no subnet", "endpoint-logs"),
    )
    stack.ec2.delete_vpc_endpoints(VpcEndpointIds=[stack.id_of("endpoint-ecr.dkr")])
    s3, tables = stack.id_of("endpoint-s3"), [stack.id_of(f"route-table-private-{REGION}{zone}") for zone in "ab"]
    stack.ec2.modify_vpc_endpoint(VpcEndpointId=s3, RemoveRouteTableIds=tables)
    rule = "rule-endpoints-from-10.20.0.0-16-443"
    stack.revoke(rule)
    stack.healed(
        ("api", "ecr.dkr", "no route fits", "endpoint-ecr.dkr"),
        ("api", "s3", "no route fits", "endpoint-s3"),
        ("api", "logs", "no rule lets tcp 443 in", rule),
        ("api", "ecr", "no rule lets tcp 443 in", rule),
    )
    stack.stopped("api", "internet", "no route fits", 'network.egress = "nat"')
    stack.stopped("api", "secretsmanager", "no route fits", 'network.endpoints = ["secretsmanager"]')
    stack.up('network.endpoints=["secretsmanager"]')
    stack.reaches("api", "secretsmanager")


def test_customers_behind_a_transit_gateway(stand: Stand) -> None:
    """They find private addresses by a public name, and their packets and the answers find their way."""
    stack = stand("internal-api")
    found = stack.ask("10.64.0.0/16", "load-balancer")
    assert (found.outcome, found.stop) == (Outcome.UNKNOWN, None)  # they are behind another account's gateway
    client, url = customers(stack), "https://api.example.com/"
    found = stack.reaches(client, url)
    assert {way.target.split(".")[0] for way in found.ways} == {"10"}
    stack.reaches("10.64.0.0/16", "load-balancer")
    stack.stopped(
        *("10.99.0.0/16", "load-balancer", "no rule lets tcp 443 in"),
        'load_balancer.clients = ["10.64.0.0/16", "10.99.0.0/16"]',
    )
    stack.ec2.delete_route(
        RouteTableId=stack.id_of(f"route-table-private-{REGION}a"), DestinationCidrBlock="10.64.0.0/16"
    )
    unrecord(stack, "record")
    fix = "provisioner resume internal-api"
    stack.stopped(client, url, "has no address for api.example.com", fix)
    unrecord(stack, "delegation")
    stack.ec2.modify_vpc_attribute(VpcId=stack.id_of("vpc"), EnableDnsSupport={"Value": False})
    stack.healed(
        (client, "load-balancer", "no way back", f"route-private-{REGION}a-10.64.0.0-16"),
        (client, url, "zone example.com. does not delegate api.example.com.", "delegation"),
        ("api", "ecr", "the VPC's resolver is off", "vpc"),
    )


def test_a_database_that_only_its_function_reaches(stand: Stand) -> None:
    stack = stand("lambda-database")
    stack.reaches("graphql", "database")
    stack.reaches("graphql", "internet")
    stack.reaches("database", "secretsmanager")
    assert stack.ask("internet", "database").outcome is Outcome.BLOCKED
    assert stack.ask("10.30.0.0/16", "database").open == 0
    # In a public subnet, as the write-up warns, a function has no internet: it has no public address.
    function = stack.client("lambda")
    function.update_function_configuration(
        FunctionName=stack.id_of("function-graphql"),
        VpcConfig={
            "SubnetIds": [stack.id_of(f"subnet-public-{REGION}a")],
            "SecurityGroupIds": [stack.id_of("security-group-function-graphql")],
        },
    )
    stack.healed(("graphql", "internet", "never uses a public address", "function-graphql"))


def test_a_database_of_rds(stand: Stand) -> None:
    stack = stand("lambda-database", "database.engine=postgres")
    found = stack.reaches("graphql", "database")
    assert found.port == 5432
    rule = "rule-database-from-function-graphql-5432"
    stack.revoke(rule)
    stack.stopped("graphql", "database", "no rule lets tcp 5432 in", "provisioner resume lambda-database")


def test_paths_and_names_between_services(stand: Stand) -> None:
    stack = stand("multi-service")
    stack.reaches("internet", "webapp")
    stack.reaches("internet", "backend")
    stack.reaches("internet", "backend", path="/api/profile/7")
    stack.stopped(
        *("internet", "backend", "the default rule sends"),
        'services.backend.paths = ["/api/profile", "/api/profile/*", "/api/profiles"]',
        path="/api/profiles",
    )
    stack.reaches("webapp", "http://backend:5000/")
    stack.stopped("backend", "webapp", "no rule lets tcp 3000 out", 'services.backend.calls = ["webapp"]')
    found = stack.ask("internet", "task-of-nobody.example.invalid", 80)
    assert found.stop is not None
    assert found.stop.fails == "does not know the name"


def test_tasks_with_public_addresses(stand: Stand) -> None:
    """Nobody reaches them past the load balancer; without the address they reach nothing."""
    stack = stand("multi-service")
    task = only(stack.look().services[0].tasks).interface
    stack.stopped(
        *("internet", task, "no rule lets tcp"),
        f"aws ec2 authorize-security-group-ingress --group-id {stack.id_of('security-group-service-backend')} "
        "--protocol tcp --port 5000 --cidr 0.0.0.0/0",
        port=5000,
    )
    public = stack.ec2.describe_network_interfaces(NetworkInterfaceIds=[task])["NetworkInterfaces"][0]
    assert public["Association"]["PublicIp"]
    acl = stack.ec2.create_network_acl(VpcId=stack.id_of("vpc"))["NetworkAcl"]["NetworkAclId"]
    known = stack.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [stack.id_of("vpc")]}])
    for one in [each for found in known["NetworkAcls"] for each in found["Associations"]]:
        stack.ec2.replace_network_acl_association(AssociationId=one["NetworkAclAssociationId"], NetworkAclId=acl)
    entries = 0
    while (found := stack.ask("webapp", "ecr")).outcome is Outcome.BLOCKED:
        assert found.fix is not None
        carry_out(stack, found.fix.change)
        entries += 1
    assert entries == 2  # out, and in
