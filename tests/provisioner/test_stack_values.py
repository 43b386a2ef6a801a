"""Every single value's rule: what is refused, where, and with which advice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.provisioner.stack_files import BALANCER, FUNCTION, SERVICE, loaded, problems

_S = BALANCER + SERVICE
_F = FUNCTION


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("colour = 1", "colour", "unknown key"),
        ("[netwrok]", "netwrok", 'did you mean "network"?'),
        ("[network]\ncird = '10.0.0.0/16'", "network.cird", 'did you mean "network.cidr"?'),
        ("region = 'us-east1'", "region", "us-east-1"),
        ("[network]\ncidr = '10.0.0.0'", "network.cidr", "prefix length is missing"),
        ("[network]\ncidr = '10.0.0/16'", "network.cidr", "not an IPv4 network"),
        ("[network]\ncidr = 'fd00::/16'", "network.cidr", "not an IPv4 network"),
        ("[network]\ncidr = '10.0.3.0/16'", "network.cidr", 'write "10.0.0.0/16"'),
        ("[network]\ncidr = '10.0.0.0/8'", "network.cidr", "from /16 to /28"),
        ("[network]\ncidr = '10.0.0.0/29'", "network.cidr", '"/28"'),
        ("[network]\nsubnet_prefix = 29", "network.subnet_prefix", "from 16 to 28"),
        ("[network]\navailability_zones = 0", "network.availability_zones", "from 1 to 6"),
        ("[network]\navailability_zones = true", "network.availability_zones", "list of zone names"),
        ("[network]\navailability_zones = []", "network.availability_zones", "list of zone names"),
        ("[network]\navailability_zones = ['a']", "network.availability_zones", "us-east-1a"),
        (
            "[network]\navailability_zones = ['eu-west-1a', 'eu-west-1a']",
            "network.availability_zones",
            "named twice",
        ),
        ("[network]\negress = 'nta'", "network.egress", 'did you mean "nat"?'),
        ("[network]\nnat_gateways = 'per-zone'", "network.nat_gateways", '"per-az"'),
        ("[load_balancer]\nport = 0", "load_balancer.port", "from 1 to 65535"),
        ("[load_balancer]\nport = '80'", "load_balancer.port", "whole number"),
        ("[load_balancer]\nidle_timeout = 4001", "load_balancer.idle_timeout", "from 1 to 4000"),
        ("[cluster]\ncontainer_insights = 'yes'", "cluster.container_insights", "true or false"),
        ("[tags]\n'aws:x' = 'y'", "tags.aws:x", 'AWS reserves tags that begin with "aws:"'),
        ("[tags]\n'Provisioner:x' = 'y'", "tags.Provisioner:x", "this tool reserves tags"),
        ("[tags]\n'a#' = 'y'", "tags.a#", "characters"),
        ("[tags]\n'' = 'y'", "tags.", "1 to 128"),
        (f"[tags]\n{'k' * 129} = 'y'", f"tags.{'k' * 129}", "1 to 128"),
        (f"[tags]\na = '{'v' * 257}'", "tags.a", "at most 256 characters, this has 257"),
        ("[tags]\na = 'b\\n'", "tags.a", "characters"),
        ("[tags]\na = ' b'", "tags.a", "characters"),
        ("[tags]\na = 1", "tags.a", "text in quotes"),
        ("[tags]\nowner = 5", "tags.owner", 'write owner = "5"'),
        ("[tags]\n'a b' = true", "tags.a b", 'write "a b" = "true"'),
        ("[tags]\nday = 2026-01-31", "tags.day", 'write day = "2026-01-31"'),
        ("network = 3", "network", "write a table: [network]"),
        ("services = 3", "services", "write a table: [services.NAME]"),
        (_S + "health_check = 3", "services.web.health_check", "write a table: [services.web.health_check]"),
        (_F + "egress = [3]", "functions.caller.egress[0]", "write a table: { cidr = ..., port = ... }"),
        ("[load_balancer]\nscheme = 'x'", "load_balancer.scheme", '"internal", "internet-facing"'),
        ("[network]\nvpc_id = 'vpc-1'", "network.vpc_id", "vpc-0a1b2c3d"),
        ("[network]\nendpoints = ['com.amazonaws.us-east-1.ecr.api']", "network.endpoints[0]", '"ecr.api"'),
        ("[network.transit_gateway]", "network.transit_gateway.id", "is missing"),
        ("[network.transit_gateway]\nid = 'tgw'", "network.transit_gateway.id", "tgw-0a1b2c3d"),
        ("[dns]", "dns.zone", "is missing"),
        ("[dns]\nzone = 'com'", "dns.zone", "api.example.com"),
        ("[database]", "database.engine", "is missing"),
        ("[database]\nengine = 'mysql'", "database.engine", '"mongodb", "postgres"'),
        ("[database]\nengine = 'postgres'\nversion = 'latest'", "database.version", "8.0"),
        ("[api]", "api.routes", "is missing"),
        ("[api]\nroutes = {}", "api.routes", "has no entries"),
        (_F + "[api]\nroutes = { 'GET x' = 'caller' }", "api.routes.GET x", "METHOD /path"),
        (_F + "[api]\nroutes = { 'GET /{a+}/b' = 'caller' }", "api.routes.GET /{a+}/b", "all the rest"),
        (_F + "[api]\nroutes = { 'GET /x-{a}' = 'caller' }", "api.routes.GET /x-{a}", "is not a parameter"),
        ("[api]\ntimeout = 0\nroutes = { '$default' = 'caller' }", "api.timeout", "at least 1"),
        ("[outputs]\n'a b' = 'c'", "outputs.a b", "a letter first"),
        ("[outputs]\na = 1", "outputs.a", "text in quotes"),
        (_S + "paths = ['api']", "services.web.paths[0]", 'begin it with "/"'),
        (_S + "paths = ['/1', '/2', '/3', '/4', '/5', '/6']", "services.web.paths", "keep to 5"),
        (_S + "hosts = ['localhost']", "services.web.hosts[0]", "api.example.com"),
        (_S + "secrets = { KEY = 'hunter2' }", "services.web.secrets.KEY", "does not belong into this file"),
        (
            _S + "[[services.web.policy]]\nactions = []\nresources = ['*']",
            "services.web.policy[0].actions",
            "add one",
        ),
        (_S + "policy = [{ actions = ['s3'], resources = ['*'] }]", "services.web.policy[0].actions[0]", "s3:Get"),
        (_S + "policy = [{ actions = ['s3:*'] }]", "services.web.policy[0].resources", "is missing"),
        (
            _S + "managed_policies = ['ReadOnlyAccess']",
            "services.web.managed_policies[0]",
            "not the ARN of a policy",
        ),
        (_S + "[services.web.scaling]\nmaximum = 4", "services.web.scaling.minimum", "is missing"),
        (_S + "container_health_check = {}", "services.web.container_health_check.command", "is missing"),
        (_F + "layers = ['arn']", "functions.caller.layers[0]", "layer's version"),
        (_F + "reserved_concurrency = -1", "functions.caller.reserved_concurrency", "at least 0"),
        (_F + "url = { auth = 'all' }", "functions.caller.url.auth", '"iam", "none"'),
        ("[services.Web]\nimage = 'a'\nport = 1", "services.Web", "lower-case"),
        ("[services.web]\nport = 80", "services.web.image", "is missing"),
        ("[services.web]\nimage = 'a'", "services.web.port", "is missing"),
        ("[services.web]\nimage = 'a b'\nport = 80", "services.web.image", "not an image's name"),
        (_S + "count = -1", "services.web.count", "from 0 to 5000"),
        (_S + "count = true", "services.web.count", "whole number"),
        (_S + "count = 2.0", "services.web.count", "whole number"),
        (_S + "architecture = 'arm'", "services.web.architecture", '"arm64"'),
        (_S + "deregistration_delay = 3601", "services.web.deregistration_delay", "from 0 to 3600"),
        (_S + "log_retention_days = 8", "services.web.log_retention_days", "use 7;"),
        (_S + "health_check = { interval = 4 }", "services.web.health_check.interval", "from 5 to 300"),
        (_S + "health_check = { path = 'up' }", "services.web.health_check.path", 'begin it with "/"'),
        (_S + "health_check = { matcher = '2xx' }", "services.web.health_check.matcher", "200-399"),
        (_S + "environment = { 'A-B' = 'x' }", "services.web.environment.A-B", "variable's name"),
        (_S + "environment = { AB = 1 }", "services.web.environment.AB", "text in quotes"),
        (_F + "environment = { A = 'x' }", "functions.caller.environment.A", "that Lambda takes"),
        ("[functions.a--b]\nsource = 'code'", "functions.a--b", "single hyphens"),
        ("[functions.caller]", "functions.caller.source", "is missing"),
        ('[functions.caller]\nsource = "a\\u0000b"', "functions.caller.source", "is not a path"),
        ("[functions.caller]\nsource = 3", "functions.caller.source", "text in quotes"),
        (_F + "handler = 'handler'", "functions.caller.handler", "FILE.FUNCTION"),
        (_F + "runtime = 'python3.31'", "functions.caller.runtime", 'did you mean "python3.'),
        (_F + "timeout = 0", "functions.caller.timeout", "from 1 to 900"),
        (_F + "timeout = 901", "functions.caller.timeout", "from 1 to 900"),
        (_F + "memory = 127", "functions.caller.memory", "from 128 to 10240"),
        (_F + "memory = 10241", "functions.caller.memory", "from 128 to 10240"),
        (_F + "vpc = 1", "functions.caller.vpc", "true or false"),
        (_F + "calls = 'web'", "functions.caller.calls", "a list"),
        (_F + "log_retention_days = 2", "functions.caller.log_retention_days", "retention"),
        (_F + "environment = { AWS_REGION = 'x' }", "functions.caller.environment.AWS_REGION", "by Lambda itself"),
        (
            _F + "egress = [{ cidr = '10.0.0.1/24', port = 80 }]",
            "functions.caller.egress[0].cidr",
            "10.0.0.0/24",
        ),
        (_F + "egress = [{ cidr = '0.0.0.0/0' }]", "functions.caller.egress[0].port", "is missing"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, key: str, words: str) -> None:
    found = problems(tmp_path, text)
    assert key in found
    assert words in str(found[key])


def test_very_long_names_are_shown_without_their_middle(tmp_path: Path) -> None:
    name = "a" * 299 + "b"
    text = f'[functions.{name}]\nsource = "code"\ncalls = ["{name}"]'
    for problem in problems(tmp_path, text, name=f'name = "{name}"').values():
        assert "aaa…aaa" in str(problem)
        assert "a" * 61 not in str(problem)


@pytest.mark.parametrize("name", ["Shop", "1shop", "shop-", "a--b", "shop_a", "sandbox", "", "läden"])
def test_stack_names_that_are_refused(tmp_path: Path, name: str) -> None:
    assert list(problems(tmp_path, "", name=f'name = "{name}"')) == ["name"]


@pytest.mark.parametrize(
    ("text", "override"),
    [
        (_S, "services.web.image=123.dkr.ecr.eu-west-1.amazonaws.com/a/b@sha256:0123abcd"),
        (_S, "services.web.image=public.ecr.aws/docker/library/nginx:latest"),
        (_S, "services.web.health_check.matcher=200,202,300-399"),
        (_F, "region=us-gov-west-1"),
        (_F, 'tags."Cost Centre/x"=a b+c=d_e:f@g.h-i'),
        (_F, 'functions.caller.egress=[{ cidr = "10.0.0.5/32", port = 443 }]'),
        (_F, "network.cidr=10.0.0.0/16"),
    ],
)
def test_what_is_taken(tmp_path: Path, text: str, override: str) -> None:
    assert loaded(tmp_path, text, override)
