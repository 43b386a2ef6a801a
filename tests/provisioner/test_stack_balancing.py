"""The load balancer of a stack file: who is behind it, its rules, its name and its certificate."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.provisioner.stack_files import BALANCER, FUNCTION, REGION, SERVICE, WORKER, loaded, problems

_S = BALANCER + SERVICE
_NETWORK = BALANCER + "type = 'network'\nclients = ['10.0.0.0/8']\n"
_OTHER = "[services.other]\nimage = 'nginx'\nport = 81\n"
_API = _OTHER + "paths = ['/api', '/api/*']\n"
_TLS = "[load_balancer.tls]\n"
_ARN = "certificate_arn = 'arn:aws:acm:us-east-1:123456789012:certificate/a'\n"
_DNS = "[dns]\nzone = 'api.example.com'\n"
_PARENT = "[dns.parent]\nzone = 'example.com'\n"
_GIVEN = "[network]\nvpc_id = 'vpc-0a1b2c3d'\n"
_CALLER = FUNCTION + "calls = ['web']\n"

REFUSED = [
    (SERVICE, "load_balancer", "add a table [load_balancer], or set load_balanced = false"),
    (BALANCER, "load_balancer", "add a service, or leave [load_balancer] out"),
    (BALANCER + WORKER, "load_balancer", "set load_balanced = true for one"),
    (_S + "[network]\nsubnet_prefix = 28", "network.subnet_prefix", "/27 or larger"),
    (_S + "[network]\navailability_zones = 1", "network.availability_zones", "needs two zones"),
    (
        _S + _GIVEN + "private_subnet_ids = ['subnet-0000000a']",
        "network.private_subnet_ids",
        'use two, or type = "network"',
    ),
    (_NETWORK + SERVICE + _OTHER, "load_balancer.type", "set load_balanced = false for all but one"),
    (_NETWORK + SERVICE + "paths = ['/api']", "services.web.paths", 'or use type = "application"'),
    (_NETWORK + SERVICE + "hosts = ['a.example.com']", "services.web.hosts", "sees connections"),
    (_NETWORK + "idle_timeout = 60\n" + SERVICE, "load_balancer.idle_timeout", "only application load balancers"),
    (_NETWORK + _TLS + _ARN + "redirect = false\n" + SERVICE, "load_balancer.tls.redirect", "remove it"),
    (BALANCER + "cross_zone = true\n" + SERVICE, "load_balancer.cross_zone", "only network load balancers"),
    (BALANCER + "type = 'network'" + SERVICE, "load_balancer.clients", "nobody may reach the internal"),
    (
        BALANCER + "type = 'network'" + SERVICE + FUNCTION + "vpc = true\n",
        "load_balancer.clients",
        "let a function name a service in its calls",
    ),
    (
        BALANCER + "type = 'network'\nscheme = 'internet-facing'\nclients = []" + SERVICE,
        "load_balancer.clients",
        "nobody may reach the internet-facing",
    ),
    (_S + _OTHER, "services", 'give paths, such as ["/api", "/api/*"], or hosts to all but one'),
    (
        _S + "paths = ['/']\npriority = 10\n" + _API + "priority = 10",
        "services.other.priority",
        'service "web" has',
    ),
    (_S + "priority = 10", "services.web.priority", "there is no rule that could have a priority"),
    (_S + "paths = ['/api']\n" + _API, "services.other.paths", 'service "web" has it too'),
    (
        _S + "hosts = ['A.example.com']\n" + _OTHER + "hosts = ['a.example.com', 'b.example.com']",
        "services.other.hosts",
        "a.example.com",
    ),
    (
        _S + "paths = ['/1', '/2', '/3', '/4']\nhosts = ['a.example.com', 'b.example.com']",
        "services.web.paths",
        "6 paths and hosts are too many: a listener's rule takes 5 in all",
    ),
    *(
        (_S + WORKER + f"{key} = {value}", f"services.worker.{key}", f"remove {key}, or load_balanced = false")
        for key, value in {
            "paths": "['/']",
            "hosts": "['a.example.com']",
            "priority": "1",
            "health_check": "{ path = '/up' }",
            "grace_period": "60",
            "deregistration_delay": "60",
        }.items()
    ),
    (_S + "health_check = { protocol = 'tcp' }", "services.web.health_check.protocol", 'use "http"'),
    (
        _NETWORK + SERVICE + "health_check = { path = '/up' }",
        "services.web.health_check.path",
        'protocol = "http"',
    ),
    (
        _NETWORK + SERVICE + "health_check = { protocol = 'tcp', matcher = '200' }",
        "services.web.health_check.matcher",
        "or remove matcher",
    ),
    (_S + _TLS, "load_balancer.tls", "add a table [dns] with a zone, or certificate_arn"),
    (_S + _TLS + f"[dns]\nzone = '{'a' * 57}.example'", "dns.zone", "up to 64 characters"),
    (_S + _TLS + _DNS + f"record = '{'a' * 49}.api.example.com'", "dns.record", "use a shorter name"),
    (
        REGION.replace("us-east-1", "eu-west-1") + _S + _TLS + _ARN,
        "load_balancer.tls.certificate_arn",
        "certificates of eu-west-1 only",
    ),
    (BALANCER + "port = 80\n" + SERVICE + _TLS + _ARN, "load_balancer.port", "leave port out, which makes it 443"),
    (_DNS, "dns", "add a table [load_balancer]"),
    (_S + _DNS + "record = 'api.example.org'", "dns.record", 'use a name such as "api.api.example.com"'),
    (_S + _DNS + "record = 'myapi.example.com'", "dns.record", "is not in the zone"),
    (_S + _DNS + "[dns.parent]\nzone = 'api.example.com'", "dns.zone", "cannot delegate to itself"),
    (_S + _DNS + "[dns.parent]\nzone = 'example.org'", "dns.parent.zone", "is not below it"),
    (_S + _DNS + "[dns.parent]\nzone = 'le.com'", "dns.parent.zone", "is not below it"),
    (_S + _DNS + "zone_id = 'Z0'\n" + _PARENT, "dns.parent", "has its delegation"),
    (_S + _DNS + "[dns.parent]", "dns.parent", 'add zone = "example.com" or zone_id'),
    (
        _S + _DNS + _PARENT + "profile = 'dns'\nrole_arn = 'arn:aws:iam::222222222222:role/dns'",
        "dns.parent.profile",
        "remove profile or role_arn",
    ),
]
TAKEN = [
    WORKER,
    _S + WORKER,
    _S + "[network]\nsubnet_prefix = 27",
    _S + _GIVEN + "private_subnet_tags = { tier = 'app' }",
    _NETWORK + SERVICE + "[network]\navailability_zones = 1\nsubnet_prefix = 28",
    _NETWORK + SERVICE + WORKER,
    _NETWORK + "cross_zone = false\n" + SERVICE + "health_check = { protocol = 'http', path = '/up' }",
    _NETWORK + SERVICE + "health_check = { interval = 30 }",
    BALANCER + "type = 'network'" + SERVICE + _CALLER,
    BALANCER + "type = 'network'\nscheme = 'internet-facing'" + SERVICE,
    BALANCER + "idle_timeout = 30\n" + SERVICE,
    _S + _API,
    _S + "paths = ['/']\npriority = 10\n" + _API + "priority = 20",
    _S + "paths = ['/api']\nhosts = ['a.example.com']\n" + _API + "hosts = ['b.example.com']",
    _S + "paths = ['/1', '/2', '/3']\nhosts = ['a.example.com', 'b.example.com']",
    _S + "health_check = { protocol = 'http', path = '/up' }",
    REGION + _S + _TLS + _ARN,
    _S + _TLS + _ARN + "redirect = false",
    _S + _TLS + f"[dns]\nzone = '{'a' * 56}.example'",
    _S + _TLS + _ARN + f"[dns]\nzone = '{'a' * 57}.example'",
    BALANCER + "port = 8443\n" + SERVICE + _TLS + _ARN,
    _S + _DNS + "record = 'www.api.example.com'",
    _S + _DNS + _PARENT + "profile = 'dns'",
    _S + _DNS + "[dns.parent]\nzone_id = 'Z0'",
    _S + _DNS + "zone_id = 'Z0'",
]


@pytest.mark.parametrize(("text", "key", "words"), REFUSED)
def test_what_is_refused(tmp_path: Path, text: str, key: str, words: str) -> None:
    found = problems(tmp_path, text)
    assert list(found) == [key]
    assert words in str(found[key])


@pytest.mark.parametrize("text", TAKEN)
def test_what_is_taken(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text)


def test_a_load_balancer_that_cannot_be_read_is_no_missing_one(tmp_path: Path) -> None:
    assert set(problems(tmp_path, "load_balancer = 3\n" + SERVICE + _DNS)) == {"load_balancer"}


def test_two_defaults_are_named(tmp_path: Path) -> None:
    assert '"web", "other"' in problems(tmp_path, _S + _OTHER)["services"].what


def test_a_priority_that_is_free_is_proposed(tmp_path: Path) -> None:
    text = _S + "paths = ['/']\npriority = 10\n" + _API + "priority = 10"
    assert problems(tmp_path, text)["services.other.priority"].fix == "use another, such as 20"
