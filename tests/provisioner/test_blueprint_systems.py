"""The five systems as steps: the exact values of the write-ups that they come from, and who needs whom."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from provisioner.blueprint import Site, steps_of
from provisioner.stack import load
from state.record import Record
from steps.base import Job, Step
from steps.existing_network import FoundNetwork, FoundSubnet
from tests.life.systems import SYSTEMS, VARIANTS, System
from tests.life.tool import ROOT

ZONES = ("us-east-1a", "us-east-1b")
NOTHING: Any = None


def site(found: FoundNetwork | None = None) -> Site:
    priorities = dict.fromkeys(("webapp", "backend"), 100)
    return Site("123456789012", "us-east-1", "aws", ZONES, found, "ZPARENT", priorities)


def blueprint(example: str, *overrides: str, where: Site | None = None) -> dict[str, Any]:
    stack = load(ROOT / "examples" / f"{example}.toml", overrides)
    return {step.name: step for step in steps_of(stack, where or site(), dict.fromkeys(stack.functions, "sha"))}


def rules(steps: dict[str, Any]) -> set[tuple[str, str, int, str]]:
    return {
        (rule.group.removeprefix("security-group-"), rule.direction, rule.port, rule.peer or rule.cidr)
        for rule in steps.values()
        if rule.kind == "security_group_rule"
    }


def needed(step: Step) -> set[str]:
    return {need.step for need in step.needs}


@pytest.mark.parametrize("system", [*SYSTEMS, *VARIANTS], ids=str)
def test_every_list_works_one_by_one_and_declares_what_it_uses(system: System) -> None:
    done: set[str] = set()
    for name, step in blueprint(system.example, *system.asked).items():
        assert needed(step) <= done, name
        done.add(name)
        for used in used_by(step):
            assert used in needed(step), f"{name} uses {used} and does not need it"


def used_by(step: Step) -> set[str]:
    """The steps that a step's request reads: it is asked for with records of whatever it asks for."""
    asked: set[str] = set()

    class Needs(dict[str, Record]):
        def __missing__(self, name: str) -> Record:
            asked.add(name)
            return Record(name, "any", id=name, outputs=defaultdict(lambda: "told"))

    with suppress(AttributeError, TypeError):  # those that ask for more than a text, or for the account
        step.request(Job(NOTHING, NOTHING, Needs()))
    return asked


def test_public_api_has_the_templates_exact_values() -> None:
    steps = blueprint("public-api")
    balancer, group, service = steps["load-balancer"], steps["target-group-web"], steps["service-web"]
    assert (balancer.scheme, balancer.type) == ("internet-facing", "application")
    assert balancer.subnets == ("subnet-public-us-east-1a", "subnet-public-us-east-1b")
    assert balancer.attributes["idle_timeout.timeout_seconds"] == "30"
    assert group.health_check == {
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckPath": "/",
        "HealthCheckIntervalSeconds": 6,
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 2,
        "UnhealthyThresholdCount": 10,
        "Matcher": {"HttpCode": "200-399"},
    }
    assert group.attributes == {"deregistration_delay.timeout_seconds": "0"}
    assert (service.deployment["minimumHealthyPercent"], service.deployment["maximumPercent"]) == (75, 200)
    assert (service.count, service.public_ip) == (2, False)
    assert service.subnets == ("subnet-private-us-east-1a", "subnet-private-us-east-1b")
    assert steps["cluster"].container_insights is True


def test_public_api_has_the_templates_task_and_roles() -> None:
    steps = blueprint("public-api")
    task = steps["task-definition-web"]
    assert (task.cpu, task.memory) == (256, 512)
    assert task.container["image"] == "public.ecr.aws/docker/library/nginx:latest"
    options = task.container["logConfiguration"]["options"]
    assert (options["mode"], options["max-buffer-size"]) == ("non-blocking", "25m")
    (statement,) = steps["role-web-execution"].trust["Statement"]
    assert statement["Condition"] == {
        "ArnLike": {"aws:SourceArn": "arn:aws:ecs:us-east-1:123456789012:*"},
        "StringEquals": {"aws:SourceAccount": "123456789012"},
    }
    metrics = {step.metric: step.value for step in steps.values() if step.kind == "scaling_policy"}
    assert metrics == {
        "ECSServiceAverageCPUUtilization": 60.0,
        "ECSServiceAverageMemoryUtilization": 75.0,
        "ALBRequestCountPerTarget": 1000.0,
    }


def test_https_sends_port_80_there() -> None:
    asked = ("load_balancer.tls.policy=ELBSecurityPolicy-TLS13-1-2-2021-06", "dns.zone=example.com")
    steps = blueprint("public-api", *asked, "dns.zone_id=Z0123456789ABCDEFGHIJ", "dns.record=api.example.com")
    assert steps["listener-443"].protocol == "HTTPS"
    assert steps["listener-443"].certificate == "certificate-issued"
    assert steps["listener-80"].redirect_to == 443
    assert ("load-balancer", "ingress", 443, "0.0.0.0/0") in rules(steps)
    assert steps["zone"].kind == "existing_zone"


def test_internal_api_listens_on_443_and_on_nothing_else() -> None:
    steps = blueprint("internal-api")
    listeners = [step for step in steps.values() if step.kind == "listener"]
    assert [(one.port, one.protocol) for one in listeners] == [(443, "TLS")]
    assert steps["load-balancer"].type == "network"
    assert steps["load-balancer"].attributes["load_balancing.cross_zone.enabled"] == "true"
    assert steps["load-balancer"].groups == ("security-group-load-balancer",)
    assert steps["target-group-api"].protocol == "TCP"
    assert "internet-gateway" not in steps


def test_internal_api_admits_the_clients_and_its_tasks_admit_the_load_balancer() -> None:
    balancer, tasks = "security-group-load-balancer", "security-group-service-api"
    assert rules(blueprint("internal-api")) == {
        ("load-balancer", "ingress", 443, "10.64.0.0/16"),
        ("load-balancer", "egress", 80, tasks),
        ("service-api", "ingress", 80, balancer),
        ("service-api", "egress", 443, "0.0.0.0/0"),
        ("endpoints", "ingress", 443, "10.20.0.0/16"),
    }


def test_internal_api_has_ecrs_endpoints_and_the_service_waits_for_them() -> None:
    steps = blueprint("internal-api")
    endpoints = {step.service: step for step in steps.values() if step.kind == "vpc_endpoint"}
    assert {name.removeprefix("com.amazonaws.us-east-1.") for name in endpoints} == {
        "s3",
        "ecr.api",
        "ecr.dkr",
        "logs",
    }
    assert endpoints["com.amazonaws.us-east-1.s3"].type == "Gateway"
    assert len(endpoints["com.amazonaws.us-east-1.s3"].route_tables) == 2
    assert {"endpoint-s3", "endpoint-ecr.dkr", "endpoint-logs"} <= needed(steps["service-api"])
    task = steps["task-definition-api"]
    assert (task.cpu, task.memory, steps["service-api"].count) == (512, 1024, 2)


def test_the_certificate_waits_for_the_delegation_and_the_delegation_goes_alone() -> None:
    steps = blueprint("internal-api")
    needs = {need.step: need.holds for need in steps["certificate-issued"].needs}
    assert needs["delegation"] is False
    assert steps["delegation"].parent_zone_id == "ZPARENT"
    role = "arn:aws:iam::222222222222:role/dns"
    assert blueprint("internal-api", f"dns.parent.role_arn={role}")["delegation"].way == f"role:{role}"


def test_a_given_vpc_is_used_and_never_made(tmp_path: Path) -> None:
    private = tuple(
        FoundSubnet(f"subnet-{zone}", zone, f"10.9.{place}.0/24", "rtb-1", False, True)
        for place, zone in enumerate(ZONES)
    )
    found = FoundNetwork("vpc-1", ("10.9.0.0/16", "100.64.0.0/16"), True, True, private, ())
    given = ("network.vpc_id=vpc-0a1b2c3d", 'network.private_subnet_tags={tier="app"}')
    text = (ROOT / "examples" / "internal-api.toml").read_text().replace('cidr = "10.20.0.0/16"', "")
    file = tmp_path / "given.toml"
    file.write_text(text.replace("availability_zones = 2", ""))
    steps: dict[str, Any] = {step.name: step for step in steps_of(load(file, given), site(found), {})}
    kinds = {step.kind for step in steps.values()}
    assert not kinds & {"vpc", "subnet", "route_table", "internet_gateway", "nat_gateway"}
    assert steps["vpc"].given == "vpc-1"
    assert steps["load-balancer"].subnets == ("subnet-private-us-east-1a", "subnet-private-us-east-1b")
    assert [name for name in steps if name.startswith("route-table-")] == ["route-table-private-us-east-1a"]
    admitted = {peer for part, _, _, peer in rules(steps) if part == "endpoints"}
    assert admitted == {"10.9.0.0/16", "100.64.0.0/16"}


def test_the_database_is_open_to_its_function_only() -> None:
    steps = blueprint("lambda-database")
    assert rules(steps) == {
        ("function-graphql", "egress", 27017, "security-group-database"),
        ("database", "ingress", 27017, "security-group-function-graphql"),
        ("function-graphql", "egress", 443, "0.0.0.0/0"),
        ("database", "egress", 443, "0.0.0.0/0"),
    }
    assert steps["database"].subnet == "subnet-private-us-east-1a"
    assert {"nat-gateway-us-east-1a", "inline-policy-database-password"} <= needed(steps["database"])
    assert steps["database-zone"].vpc == "vpc"
    assert (steps["function-graphql"].memory, steps["function-graphql"].timeout) == (256, 10)


def test_the_api_hands_post_graphql_to_the_function_with_cors() -> None:
    steps = blueprint("lambda-database")
    assert steps["route-post-graphql"].route_key == "POST /graphql"
    assert steps["http-api"].cors == {
        "AllowOrigins": ["*"],
        "AllowMethods": ["POST"],
        "AllowHeaders": ["content-type"],
    }
    assert steps["integration-graphql"].timeout_ms == 10_000
    permission = steps["permission-graphql-post-graphql"]
    assert permission.principal == "apigateway.amazonaws.com"
    assert permission.source_arn == (("http-api", "execution_arn"), "/*/POST/graphql")
    assert steps["stage"].access_log == "log-group-api"


def test_postgres_is_rds_in_a_subnet_group_and_has_no_way_out() -> None:
    steps = blueprint("lambda-database", "database.engine=postgres")
    assert steps["database"].kind == "db_instance"
    assert steps["db-subnet-group"].subnets == ("subnet-private-us-east-1a", "subnet-private-us-east-1b")
    assert ("database", "ingress", 5432, "security-group-function-graphql") in rules(steps)
    assert not [rule for rule in rules(steps) if rule[:2] == ("database", "egress")]
    assert "secret-database" not in steps
    assert steps["function-graphql"].environment["DATABASE_HOST"] == (("database", "host"),)


@pytest.mark.parametrize(("egress", "tier", "public"), [("public-ip", "public", True), ("nat", "private", False)])
def test_where_the_tasks_are(egress: str, tier: str, public: bool) -> None:
    steps = blueprint("multi-service", f"network.egress={egress}")
    for name in ("webapp", "backend"):
        assert steps[f"service-{name}"].public_ip is public
        assert steps[f"service-{name}"].subnets == (f"subnet-{tier}-us-east-1a", f"subnet-{tier}-us-east-1b")
    assert ("nat-gateway-us-east-1a" in steps) is not public


def test_public_tasks_admit_the_load_balancer_and_their_callers_only() -> None:
    inward = {rule for rule in rules(blueprint("multi-service")) if rule[1] == "ingress" and "service" in rule[0]}
    assert inward == {
        ("service-webapp", "ingress", 3000, "security-group-load-balancer"),
        ("service-backend", "ingress", 5000, "security-group-load-balancer"),
        ("service-backend", "ingress", 5000, "security-group-service-webapp"),
    }


def test_paths_go_to_the_backend_and_all_the_rest_to_the_webapp() -> None:
    steps = blueprint("multi-service")
    rule = steps["listener-rule-backend"]
    assert (rule.priority, rule.paths) == (10, ("/api/profile", "/api/profile/*"))
    assert (rule.target_group, steps["listener-80"].target_group) == (
        "target-group-backend",
        "target-group-webapp",
    )
    assert "listener-rule-backend" in needed(steps["service-backend"])


def test_who_calls_starts_after_who_is_called() -> None:
    steps = blueprint("multi-service")
    assert "service-backend" in needed(steps["service-webapp"])
    assert steps["service-webapp"].connect.discovery_name == "webapp"
    environment = steps["task-definition-webapp"].environment
    assert environment["BACKEND_URL"] == ("http://backend:5000",)


def test_s3_without_nat_beside_nat() -> None:
    steps = blueprint("multi-service", "network.egress=nat", 'network.endpoints=["s3"]')
    assert steps["endpoint-s3"].type == "Gateway"
    assert "security-group-endpoints" not in steps
    assert "nat-gateway-us-east-1a" in steps
